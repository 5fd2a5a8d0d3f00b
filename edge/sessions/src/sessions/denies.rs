//! Users who may not log in for a while, whatever sessions they had or begin.
//!
//! A deny names one user exactly, in one application or in all, and ends at an instant. It outlives the
//! user's sessions and the process: that is what it is for.

use std::{collections::HashMap, sync::Arc};

use bongsu_sdk_model::Timestamp;
use serde::{Deserialize, Serialize};

/// That a user may not log in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deny {
    /// Who.
    pub user: Arc<str>,
    /// Where; none: everywhere.
    pub application: Option<Arc<str>>,
    /// Until when.
    pub until: Timestamp,
    /// Why, for the administrator; the user's application is not told.
    pub reason: String,
    /// Who said so.
    pub by: String,
}

/// What stands on disk beside name and end.
#[derive(Debug, Serialize, Deserialize)]
struct Stored {
    user: String,
    application: Option<String>,
    reason: String,
    by: String,
}

impl Deny {
    /// Its key on disk: one deny per user and application.
    pub(crate) fn key(&self) -> Vec<u8> {
        key(&self.user, self.application.as_deref())
    }

    /// Its value on disk; the end is the expiry there.
    pub(crate) fn encode(&self) -> Vec<u8> {
        let stored = Stored {
            user: self.user.to_string(),
            application: self.application.as_deref().map(str::to_owned),
            reason: self.reason.clone(),
            by: self.by.clone(),
        };
        // Texts only: it cannot fail, and what cannot be read is left out at the next start.
        serde_json::to_vec(&stored).unwrap_or_default()
    }

    /// Reads [`Deny::encode`].
    pub(crate) fn decode(bytes: &[u8], until: Timestamp) -> Option<Self> {
        let stored: Stored = serde_json::from_slice(bytes).ok()?;
        Some(Self {
            user: stored.user.into(),
            application: stored.application.map(Arc::from),
            until,
            reason: stored.reason,
            by: stored.by,
        })
    }
}

/// The key on disk of what denies `user` in `application`.
pub(crate) fn key(user: &str, application: Option<&str>) -> Vec<u8> {
    [application.unwrap_or_default(), user]
        .join("\0")
        .into_bytes()
}

/// The error text of a login that is denied. It does not tell for how long: that would be told to the user.
pub(crate) fn denied(application: &str) -> String {
    format!(
        "USERDENIED this user may not log in to application `{application}`, hint: ask an administrator"
    )
}

/// Everyone who is denied.
#[derive(Debug, Default)]
pub(crate) struct Denies(HashMap<Arc<str>, Vec<Deny>>);

impl Denies {
    /// Adds a deny, in place of one of the same user and application.
    pub(crate) fn add(&mut self, deny: Deny) {
        self.remove(&deny.user, deny.application.as_deref());
        self.0.entry(Arc::clone(&deny.user)).or_default().push(deny);
    }

    /// Removes a deny; whether it was there.
    pub(crate) fn remove(&mut self, user: &str, application: Option<&str>) -> bool {
        let Some(denies) = self.0.get_mut(user) else {
            return false;
        };
        let before = denies.len();
        denies.retain(|deny| deny.application.as_deref() != application);
        let removed = denies.len() < before;
        if denies.is_empty() {
            self.0.remove(user);
        }
        removed
    }

    /// Whether a user may not log in at `now`.
    pub(crate) fn covers(&self, user: &str, application: &str, now: Timestamp) -> bool {
        let here = |deny: &Deny| {
            deny.application
                .as_deref()
                .is_none_or(|only| only == application)
        };
        let denies = self.0.get(user).into_iter().flatten();
        denies
            .into_iter()
            .any(|deny| deny.until > now && here(deny))
    }

    /// Every deny of a user, ended or not.
    pub(crate) fn of(&self, user: &str) -> &[Deny] {
        self.0.get(user).map_or(&[], Vec::as_slice)
    }

    /// Every deny that has not ended at `now`.
    pub(crate) fn all(&self, now: Timestamp) -> Vec<Deny> {
        let denies = self.0.values().flatten();
        denies.filter(|deny| deny.until > now).cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn deny(application: Option<&str>, until: i64) -> Deny {
        Deny {
            user: "kim".into(),
            application: application.map(Arc::from),
            until: Timestamp::from_ms(until),
            reason: "이상 접근".to_owned(),
            by: "admin".to_owned(),
        }
    }

    #[test]
    fn a_deny_covers_its_user_where_and_as_long_as_it_says() {
        let mut denies = Denies::default();
        denies.add(deny(Some("shop"), 10));
        let covers =
            |denies: &Denies, user, app, at| denies.covers(user, app, Timestamp::from_ms(at));
        assert!(covers(&denies, "kim", "shop", 9) && !covers(&denies, "kim", "shop", 10));
        assert!(!covers(&denies, "kim", "mail", 9) && !covers(&denies, "lee", "shop", 9));
        denies.add(deny(None, 20));
        assert!(covers(&denies, "kim", "mail", 9));
        assert_eq!(denies.all(Timestamp::from_ms(15)), [deny(None, 20)]);
        denies.add(deny(None, 30));
        assert_eq!(denies.of("kim").len(), 2);
        assert!(denies.remove("kim", None) && !denies.remove("kim", None));
        assert!(!covers(&denies, "kim", "mail", 9));
    }

    #[test]
    fn a_deny_is_read_back() {
        for one in [deny(None, 5), deny(Some("shop"), 5)] {
            assert_eq!(Deny::decode(&one.encode(), one.until), Some(one));
        }
        assert_eq!(Deny::decode(b"{}", Timestamp::from_ms(5)), None);
    }
}
