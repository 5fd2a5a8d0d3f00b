//! Ends sessions: those an approved proposal names, or all of one user.
//!
//! ## Decisions
//!
//! - **A user's sessions are counted before they are ended**: a shared or technical account with thousands of sessions
//!   is an outage, not a clean-up, and is refused with the number.

use bongsu_sdk_guest::{
    Settings,
    controller::{Action, Controller, Effect, Owner, Proposal},
    export_controller, host,
};

/// The plugin.
pub struct EndSessions {
    most: u32,
}

impl Controller for EndSessions {
    fn init(settings: &Settings) -> Result<Self, String> {
        let most = settings.integer("most")?;
        settings.finish()?;
        Ok(Self { most })
    }

    fn apply(&mut self, proposal: &Proposal) -> Result<Vec<Effect>, String> {
        let Action::EndSessions(owner) = &proposal.action else {
            return Err("this controller only ends sessions".to_owned());
        };
        let count = match owner {
            Owner::Sessions(sessions) => sessions.len(),
            Owner::User(user) => host::sessions_of(user, self.most.saturating_add(1)).len(),
        };
        match u32::try_from(count) {
            Ok(count) if count <= self.most => Ok(vec![proposal.whole()]),
            _ => Err(format!(
                "more than {} sessions would end; hint: name them, or raise `most`",
                self.most
            )),
        }
    }
}

export_controller!(EndSessions);

#[cfg(test)]
mod tests {
    use super::*;

    fn end(sessions: usize, most: u32) -> Result<Vec<Effect>, String> {
        EndSessions { most }.apply(&Proposal {
            id: "1".into(),
            action: Action::EndSessions(Owner::Sessions(vec!["s".into(); sessions])),
            until_ms: None,
            reason: "long session".into(),
            copies: None,
        })
    }

    #[test]
    fn so_many_sessions_end_and_no_more() {
        assert_eq!(end(3, 3).map(|effects| effects.len()), Ok(1));
        assert!(end(4, 3).is_err_and(|said| said.contains("more than 3")));
    }
}
