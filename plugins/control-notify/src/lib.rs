//! Tells people over a route the operator configured (mail, chat, telephone: the host knows what the name stands for).
//!
//! ## Decisions
//!
//! - **The same text over the same route is sent once within some minutes**, and that is kept in the plugin's state, so that
//!   a restart does not wake people twice.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use bongsu_sdk_guest::{
    Level, Settings,
    controller::{Action, Controller, Effect, Notice, Proposal},
    export_controller, host,
};

/// Most notices that are remembered.
const REMEMBERED: u32 = 500;

/// The plugin.
pub struct Notify {
    silence_ms: i64,
}

impl Controller for Notify {
    fn init(settings: &Settings) -> Result<Self, String> {
        let silence_ms = settings.integer::<i64>("silence_minutes")? * 60_000;
        settings.finish()?;
        Ok(Self { silence_ms })
    }

    fn apply(&mut self, proposal: &Proposal) -> Result<Vec<Effect>, String> {
        let Action::Notify(notice) = &proposal.action else {
            return Err("this controller only notifies".to_owned());
        };
        self.tell(proposal, notice, host::now_ms())
    }
}

impl Notify {
    fn tell(
        &self,
        proposal: &Proposal,
        notice: &Notice,
        now_ms: i64,
    ) -> Result<Vec<Effect>, String> {
        self.forget(now_ms);
        let key = key(notice);
        if told_ms(&key).is_some_and(|told| now_ms.saturating_sub(told) < self.silence_ms) {
            return Err(format!(
                "the same was sent over `{}` just now",
                notice.route
            ));
        }
        if !host::state_set(&key, &now_ms.to_le_bytes()) {
            host::log(
                Level::Warn,
                "no room in the state: a notice may be repeated",
            );
        }
        Ok(vec![proposal.whole()])
    }

    /// Drops what is old enough to be said again.
    fn forget(&self, now_ms: i64) {
        for key in host::state_keys("told:", REMEMBERED) {
            let old =
                told_ms(&key).is_none_or(|told| now_ms.saturating_sub(told) >= self.silence_ms);
            if old {
                host::state_remove(&key);
            }
        }
    }
}

fn key(notice: &Notice) -> String {
    let mut hasher = DefaultHasher::new();
    (&notice.route, &notice.text).hash(&mut hasher);
    format!("told:{:016x}", hasher.finish())
}

fn told_ms(key: &str) -> Option<i64> {
    let bytes = host::state_get(key)?;
    Some(i64::from_le_bytes(bytes.try_into().ok()?))
}

export_controller!(Notify);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_is_told_once_within_the_silence() {
        let plugin = Notify {
            silence_ms: 600_000,
        };
        let tell = |text: &str, now_ms: i64| {
            let notice = Notice {
                route: "duty".into(),
                text: text.into(),
            };
            let proposal = Proposal {
                id: "1".into(),
                action: Action::Notify(notice.clone()),
                until_ms: None,
                reason: String::new(),
                copies: None,
            };
            plugin.tell(&proposal, &notice, now_ms).is_ok()
        };
        assert!(tell("heap", 0));
        assert!(!tell("heap", 599_999));
        assert!(tell("disk", 1));
        assert!(tell("heap", 600_000));
        assert_eq!(host::state_keys("told:", 9).len(), 2);
        assert!(tell("disk", 2_000_000));
        assert_eq!(
            host::state_keys("told:", 9).len(),
            1,
            "the rest was forgotten"
        );
    }
}
