//! One finding per episode, not one per minute of it.

/// Rings when something begins, stays silent while it lasts, and is armed again once it is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Alarm {
    rang_ms: Option<i64>,
}

impl Alarm {
    /// Longest silence about something that goes on: after so long it rings again.
    const REMINDER_MS: i64 = 6 * 3_600_000;

    /// Whether to speak now. `odd` is the threshold that was crossed; `calm` is a lower one, so that a figure at the
    /// threshold does not ring at each crossing.
    pub const fn rings(&mut self, odd: bool, calm: bool, now_ms: i64) -> bool {
        if let Some(rang_ms) = self.rang_ms {
            let again = odd && now_ms.saturating_sub(rang_ms) >= Self::REMINDER_MS;
            if again {
                self.rang_ms = Some(now_ms);
            } else if calm && !odd {
                self.rang_ms = None;
            }
            return again;
        }
        if odd {
            self.rang_ms = Some(now_ms);
        }
        odd
    }

    /// Whether it rang and has not been armed again.
    #[must_use]
    pub const fn is_ringing(&self) -> bool {
        self.rang_ms.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_rings_once_per_episode_and_reminds_after_hours() {
        let mut alarm = Alarm::default();
        let mut at = |minute: i64, odd, calm| alarm.rings(odd, calm, minute * 60_000);
        assert!(!at(0, false, true));
        assert!(at(1, true, false));
        assert!(!at(2, true, false));
        assert!(!at(3, false, false), "between the thresholds it stays rung");
        assert!(!at(4, true, false));
        assert!(!at(5, false, true));
        assert!(at(6, true, false));
        assert!(!at(300, true, false));
        assert!(at(366, true, false), "six hours later");
        assert!(!at(367, true, false));
    }
}
