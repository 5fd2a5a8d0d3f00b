//! Roles, and where they hold.

use bongsu_sdk_model::{AppId, SiteId, Timestamp};
use serde::{Deserialize, Serialize};

/// What a person is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Sees figures and asks.
    Viewer,
    /// Also proposes actions.
    Operator,
    /// Also decides them.
    Approver,
    /// Sees figures and the audit.
    Security,
    /// Sees figures and the audit, manages people and tokens.
    Admin,
}

/// What one may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Permit {
    /// See figures, ask questions.
    View,
    /// Propose actions.
    Propose,
    /// Decide proposals.
    Approve,
    /// Read and verify the audit.
    Audit,
    /// Manage people.
    Manage,
}

impl Role {
    /// What the role may do.
    #[must_use]
    pub const fn permits(self) -> &'static [Permit] {
        match self {
            Self::Viewer => &[Permit::View],
            Self::Operator => &[Permit::View, Permit::Propose],
            Self::Approver => &[Permit::View, Permit::Propose, Permit::Approve],
            Self::Security => &[Permit::View, Permit::Audit],
            Self::Admin => &[Permit::View, Permit::Audit, Permit::Manage],
        }
    }
}

/// A role, and where it holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Grant {
    /// Which.
    pub role: Role,
    /// At these sites; empty: everywhere.
    #[serde(default)]
    pub sites: Vec<SiteId>,
    /// For these applications; empty: for all.
    #[serde(default)]
    pub apps: Vec<AppId>,
}

impl Grant {
    /// A role everywhere.
    #[must_use]
    pub const fn everywhere(role: Role) -> Self {
        Self {
            role,
            sites: Vec::new(),
            apps: Vec::new(),
        }
    }
}

/// An account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// Signs in with it.
    pub name: String,
    /// May do this.
    pub grants: Vec<Grant>,
    /// Must choose a password before anything else.
    pub must_change: bool,
    /// May not sign in.
    pub disabled: bool,
    /// Since when.
    pub created: Timestamp,
    /// Wrong passwords in a row.
    #[serde(default)]
    pub(crate) failures: u32,
    /// May not sign in before.
    #[serde(default)]
    pub locked_until: Option<Timestamp>,
    #[serde(default)]
    pub(crate) hash: String,
}

/// Somebody who was let in, and what he may do now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Who {
    /// The account.
    pub name: String,
    /// Its grants.
    pub grants: Vec<Grant>,
    /// What a token is restricted to; none: no token.
    pub scopes: Option<Vec<Permit>>,
    /// Must choose a password before anything else.
    pub must_change: bool,
}

impl Who {
    /// Whether he may do it somewhere.
    #[must_use]
    pub fn may(&self, permit: Permit) -> bool {
        self.holding(permit).next().is_some()
    }

    /// Whether he may do it at every one of these sites (none: everywhere), for this application (none: for all).
    #[must_use]
    pub fn may_at(&self, permit: Permit, sites: &[SiteId], app: Option<&AppId>) -> bool {
        let for_app = |grant: &Grant| {
            grant.apps.is_empty() || app.is_some_and(|app| grant.apps.contains(app))
        };
        let everywhere = self
            .holding(permit)
            .any(|grant| grant.sites.is_empty() && for_app(grant));
        let at = |site: &SiteId| {
            self.holding(permit)
                .any(|grant| grant.sites.contains(site) && for_app(grant))
        };
        everywhere || (!sites.is_empty() && sites.iter().all(at))
    }

    fn holding(&self, permit: Permit) -> impl Iterator<Item = &Grant> {
        let scoped = self
            .scopes
            .as_ref()
            .is_none_or(|scopes| scopes.contains(&permit));
        let grants = self
            .grants
            .iter()
            .filter(move |_| scoped && !self.must_change);
        grants.filter(move |grant| grant.role.permits().contains(&permit))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_grant_holds_at_its_sites_and_for_its_applications_only() {
        let site = |id: &str| SiteId::new(id).unwrap();
        let who = Who {
            name: "kim".into(),
            grants: vec![Grant {
                role: Role::Approver,
                sites: vec![site("busan")],
                apps: vec![AppId::new("minwon").unwrap()],
            }],
            scopes: None,
            must_change: false,
        };
        let minwon = AppId::new("minwon").unwrap();
        assert!(who.may_at(Permit::Approve, &[site("busan")], Some(&minwon)));
        assert!(
            !who.may_at(Permit::Approve, &[site("busan")], None),
            "all applications are more than one"
        );
        assert!(!who.may_at(
            Permit::Approve,
            &[site("busan"), site("seoul")],
            Some(&minwon)
        ));
        assert!(
            !who.may_at(Permit::Approve, &[], Some(&minwon)),
            "everywhere is more than one site"
        );
        assert!(!who.may(Permit::Manage));
        let token = Who {
            scopes: Some(vec![Permit::View]),
            ..who.clone()
        };
        assert!(token.may(Permit::View) && !token.may(Permit::Approve));
        assert!(
            !Who {
                must_change: true,
                ..who
            }
            .may(Permit::View)
        );
    }
}
