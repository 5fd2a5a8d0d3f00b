//! What happens when a user logs in who already is.

/// The rule of one application.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Login {
    /// Most sessions of one user at once; none: any number.
    pub limit: Option<usize>,
    /// What happens to one more.
    pub beyond: Beyond,
}

/// What happens to a login over the limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Beyond {
    /// It is refused.
    #[default]
    DenyNew,
    /// The user's oldest session ends for it.
    EndOldest,
}

/// What becomes of a login.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Decision {
    /// It may be.
    Allow,
    /// It may not.
    Deny,
    /// It may be when so many of the user's oldest sessions have ended.
    EndOldest(usize),
}

impl Login {
    /// Decides on the login of a user who has `live` other sessions.
    pub(crate) fn decide(self, live: usize) -> Decision {
        match (self.limit, self.beyond) {
            (Some(limit), Beyond::DenyNew) if live >= limit => Decision::Deny,
            (Some(limit), Beyond::EndOldest) if live >= limit => {
                Decision::EndOldest(live + 1 - limit.max(1))
            }
            _ => Decision::Allow,
        }
    }
}

/// The error text of a login that is denied for the sake of other sessions.
pub(crate) fn denied(application: &str, live: usize) -> String {
    let sessions = if live == 1 { "session" } else { "sessions" };
    format!(
        "DUPLICATELOGIN user already has {live} {sessions} in application `{application}`, \
         hint: log out there first"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_keeps_its_limit() {
        let rule = |limit, beyond| Login { limit, beyond };
        for live in 0..9 {
            assert_eq!(Login::default().decide(live), Decision::Allow);
        }
        let deny = rule(Some(2), Beyond::DenyNew);
        assert_eq!(
            [0, 1, 2, 5].map(|live| deny.decide(live)),
            [
                Decision::Allow,
                Decision::Allow,
                Decision::Deny,
                Decision::Deny
            ]
        );
        let end = rule(Some(2), Beyond::EndOldest);
        // Five: the rule was stricter than the one they logged in under.
        assert_eq!(
            [1, 2, 5].map(|live| end.decide(live)),
            [
                Decision::Allow,
                Decision::EndOldest(1),
                Decision::EndOldest(4)
            ]
        );
    }
}
