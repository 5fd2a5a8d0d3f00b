//! Keeps a user out for a time, whatever session they come with.
//!
//! ## Decisions
//!
//! - **It always ends by itself.** A proposal without an end, or with one beyond the longest time, is carried out for the
//!   longest time: whoever forgot an account must not have locked it for ever.

use bongsu_sdk_guest::{
    Settings,
    controller::{Action, Controller, Effect, Proposal},
    export_controller, host,
};

/// The plugin.
pub struct DenyUser {
    most_ms: i64,
}

impl Controller for DenyUser {
    fn init(settings: &Settings) -> Result<Self, String> {
        let most_ms = settings.integer::<i64>("most_minutes")? * 60_000;
        settings.finish()?;
        Ok(Self { most_ms })
    }

    fn apply(&mut self, proposal: &Proposal) -> Result<Vec<Effect>, String> {
        if !matches!(proposal.action, Action::DenyUser(_)) {
            return Err("this controller only denies users".to_owned());
        }
        Ok(vec![at_most(proposal, host::now_ms(), self.most_ms)])
    }
}

/// The whole proposal, for at most so long.
fn at_most(proposal: &Proposal, now_ms: i64, most_ms: i64) -> Effect {
    let latest = now_ms.saturating_add(most_ms);
    Effect {
        action: proposal.action.clone(),
        until_ms: Some(proposal.until_ms.map_or(latest, |until| until.min(latest))),
    }
}

export_controller!(DenyUser);

#[cfg(test)]
mod tests {
    use bongsu_sdk_guest::controller::Deny;

    use super::*;

    fn until(asked: Option<i64>) -> Option<i64> {
        let proposal = Proposal {
            id: "1".into(),
            action: Action::DenyUser(Deny {
                user: "u".into(),
                url: None,
            }),
            until_ms: asked,
            reason: "guessing".into(),
            copies: None,
        };
        at_most(&proposal, 1_000, 60_000).until_ms
    }

    #[test]
    fn a_deny_always_ends() {
        assert_eq!(until(None), Some(61_000));
        assert_eq!(until(Some(5_000)), Some(5_000));
        assert_eq!(until(Some(i64::MAX)), Some(61_000));
    }

    #[test]
    fn another_action_is_refused() {
        let mut plugin = DenyUser { most_ms: 1 };
        let proposal = Proposal {
            id: "1".into(),
            action: Action::RollBack("minwon".into()),
            until_ms: None,
            reason: String::new(),
            copies: None,
        };
        assert!(plugin.apply(&proposal).is_err());
    }
}
