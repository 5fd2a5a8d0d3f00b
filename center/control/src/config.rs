//! The `[control]` section of `center.toml`.

use std::time::Duration;

use bongsu_sdk_config::Section;

/// How people are let in and actions decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// Whoever wrote a proposal may not approve it.
    pub two_persons: bool,
    /// How long a proposal waits for a decision.
    pub decide_within: Duration,
    /// How long an approved order waits for a site that is away.
    pub deliver_within: Duration,
    /// A session that is not used ends.
    pub session_idle: Duration,
    /// A session ends.
    pub session_max: Duration,
    /// Wrong passwords in a row until an account is locked.
    pub lock_after: u32,
    /// For how long.
    pub lock_for: Duration,
}

impl Default for Config {
    fn default() -> Self {
        let minutes = |minutes: u64| Duration::from_secs(60 * minutes);
        Self {
            two_persons: true,
            decide_within: minutes(60),
            deliver_within: minutes(24 * 60),
            session_idle: minutes(60),
            session_max: minutes(12 * 60),
            lock_after: 5,
            lock_for: minutes(15),
        }
    }
}

impl Config {
    /// Reads the section; faults are collected in it.
    #[must_use]
    pub fn read(section: Section) -> Self {
        let default = Self::default();
        let span = |key, default: Duration| {
            let span = section.duration(key, default);
            if span.is_zero() {
                section.fault(key, "must be over zero");
            }
            span
        };
        let config = Self {
            two_persons: section.flag("two_persons", default.two_persons),
            decide_within: span("decide_within", default.decide_within),
            deliver_within: span("deliver_within", default.deliver_within),
            session_idle: span("session_idle", default.session_idle),
            session_max: span("session_max", default.session_max),
            lock_after: u32::try_from(section.integer("lock_after", 5, 1..=100)).unwrap_or(5),
            lock_for: span("lock_for", default.lock_for),
        };
        section.finish();
        config
    }
}
