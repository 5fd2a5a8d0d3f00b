//! A plugin under watch: replaced between calls, left alone for a while when it keeps failing, put back to the version
//! before when a new one is worse, and set aside for good when nothing helps.
//!
//! Knows no clock and no world: it counts what calls came to. What it decided is handed out as [`WatchEvent`]s for the audit.
//!
//! ## Decisions
//!
//! - **Failures of the last calls decide, not failures in a row**: a plugin that traps on every third batch is as bad as one
//!   that traps on three and then rests.
//! - **The version before stays loaded** until the next swap, so that going back costs a move. It costs its memory;
//!   a Rust plugin's is about a megabyte.

use std::{collections::VecDeque, mem, time::Duration};

use bongsu_sdk_model::Timestamp;

use crate::{Controller, Detector, Loaded, Masker, PluginError};

/// Calls whose outcome is remembered.
const REMEMBERED: usize = 20;
/// Failures among them at which a plugin is left alone or put back.
const TOO_MANY: usize = 5;
/// How long it is left alone first; doubled each time.
const FIRST_REST: Duration = Duration::from_secs(10);
/// How often it is left alone before it is set aside for good.
const MOST_RESTS: u32 = 6;

/// A loaded plugin of any world.
pub trait Plugin {
    /// What every loaded plugin can be asked.
    fn loaded(&self) -> Loaded<'_>;
}

macro_rules! plugin {
    ($($world:ty),*) => {$(
        impl Plugin for $world {
            fn loaded(&self) -> Loaded<'_> {
                Self::loaded(self)
            }
        }
    )*};
}

plugin!(Detector, Masker, Controller);

/// How a plugin stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It is called.
    Serving,
    /// It failed too often and is left alone until this instant.
    Resting(Timestamp),
    /// It failed too often too many times: not called until somebody replaces or releases it.
    Quarantined,
}

/// What a call came to.
#[derive(Debug)]
pub enum Called<R> {
    /// It answered.
    Answered(R),
    /// It failed.
    Failed(PluginError),
    /// It was not asked: it rests or is quarantined.
    Skipped,
}

/// Something that was decided about a plugin; for the audit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WatchEvent {
    /// It failed too often and rests.
    Rests {
        /// Until when.
        until: Timestamp,
        /// The last failure.
        because: String,
    },
    /// A new version failed too often and the one before serves again.
    RolledBack {
        /// The version that failed.
        from: String,
        /// The version that serves.
        to: String,
        /// The last failure.
        because: String,
    },
    /// It is set aside.
    Quarantined {
        /// The last failure.
        because: String,
    },
}

/// A plugin under watch.
pub struct Watched<P> {
    current: P,
    before: Option<P>,
    /// Outcome of the last calls; true is a failure.
    outcomes: VecDeque<bool>,
    /// Whether the current version ever answered.
    proven: bool,
    rests: u32,
    standing: Standing,
    events: Vec<WatchEvent>,
}

impl<P: Plugin> Watched<P> {
    /// Begins to watch.
    pub const fn new(plugin: P) -> Self {
        Self {
            current: plugin,
            before: None,
            outcomes: VecDeque::new(),
            proven: false,
            rests: 0,
            standing: Standing::Serving,
            events: Vec::new(),
        }
    }

    /// Calls the plugin, unless it is left alone.
    pub fn call<R>(
        &mut self,
        now: Timestamp,
        call: impl FnOnce(&mut P) -> Result<R, PluginError>,
    ) -> Called<R> {
        match self.standing {
            Standing::Serving => {}
            Standing::Resting(until) if now >= until => self.standing = Standing::Serving,
            Standing::Resting(_) | Standing::Quarantined => return Called::Skipped,
        }
        let result = call(&mut self.current);
        if self.outcomes.len() == REMEMBERED {
            self.outcomes.pop_front();
        }
        self.outcomes.push_back(result.is_err());
        match result {
            Ok(answer) => {
                self.proven = true;
                if !self.outcomes.contains(&true) {
                    self.rests = 0;
                }
                Called::Answered(answer)
            }
            Err(error) => {
                if self.outcomes.iter().filter(|failed| **failed).count() >= TOO_MANY {
                    self.give_up(now, &error);
                }
                Called::Failed(error)
            }
        }
    }

    /// Calls the version before, if there is one: the policy `last-good`.
    pub fn call_before<R>(
        &mut self,
        call: impl FnOnce(&mut P) -> Result<R, PluginError>,
    ) -> Option<R> {
        self.before.as_mut().and_then(|before| call(before).ok())
    }

    /// Puts a new version in place. The one before is kept if it ever answered.
    pub fn replace(&mut self, plugin: P) {
        let old = mem::replace(&mut self.current, plugin);
        if self.proven {
            self.before = Some(old);
        }
        self.begin();
        self.proven = false;
    }

    /// Puts the version before back; false if there is none.
    pub fn roll_back(&mut self) -> bool {
        let Some(before) = self.before.take() else {
            return false;
        };
        self.current = before;
        self.begin();
        self.proven = true;
        true
    }

    /// Gives a resting or quarantined plugin another chance.
    pub fn release(&mut self) {
        self.begin();
    }

    /// The version that serves.
    pub const fn current(&self) -> &P {
        &self.current
    }

    /// The version before.
    pub const fn before(&self) -> Option<&P> {
        self.before.as_ref()
    }

    /// How it stands.
    pub const fn standing(&self) -> Standing {
        self.standing
    }

    /// What was decided since this was asked last.
    pub fn take_events(&mut self) -> Vec<WatchEvent> {
        mem::take(&mut self.events)
    }

    fn begin(&mut self) {
        self.outcomes.clear();
        self.rests = 0;
        self.standing = Standing::Serving;
    }

    fn give_up(&mut self, now: Timestamp, error: &PluginError) {
        let because = error.to_string();
        let from = self.current.loaded().manifest.signature();
        if self.roll_back() {
            let to = self.current.loaded().manifest.signature();
            self.events
                .push(WatchEvent::RolledBack { from, to, because });
            return;
        }
        self.outcomes.clear();
        self.rests += 1;
        if self.rests > MOST_RESTS {
            self.standing = Standing::Quarantined;
            self.events.push(WatchEvent::Quarantined { because });
            return;
        }
        let until = now.plus(FIRST_REST.saturating_mul(1 << (self.rests - 1)));
        self.standing = Standing::Resting(until);
        self.events.push(WatchEvent::Rests { until, because });
    }
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use super::*;
    use crate::{Counters, Limits, Manifest, PluginState, instance::Figures};

    /// A plugin that is only its version.
    struct Version(Manifest);

    static LIMITS: LazyLock<Limits> = LazyLock::new(Limits::default);
    static FIGURES: LazyLock<Figures> = LazyLock::new(Figures::default);
    static STATE: LazyLock<PluginState> = LazyLock::new(PluginState::default);

    impl Plugin for Version {
        fn loaded(&self) -> Loaded<'_> {
            Loaded {
                name: "p",
                manifest: &self.0,
                limits: &LIMITS,
                counters: Counters::default(),
                memory_bytes: 0,
                state: &STATE,
                figures: &FIGURES,
            }
        }
    }

    fn version(version: &str) -> Version {
        let json = format!(
            r#"{{"contract":"bongsu:plugin@1.0.0","name":"p","version":"{version}","world":"masker","summary":""}}"#
        );
        Version(Manifest::parse(json.as_bytes()).unwrap())
    }

    const AT: fn(i64) -> Timestamp = |s| Timestamp::from_ms(s * 1_000);

    fn fail(watched: &mut Watched<Version>, at: i64) -> bool {
        let called = watched.call(AT(at), |_| {
            Err::<(), _>(PluginError::Trap {
                plugin: "p".to_owned(),
                reason: "x".to_owned(),
            })
        });
        matches!(called, Called::Failed(_))
    }

    fn succeed(watched: &mut Watched<Version>, at: i64) -> bool {
        matches!(watched.call(AT(at), |_| Ok(())), Called::Answered(()))
    }

    fn serving(watched: &Watched<Version>) -> String {
        watched.current().0.version.clone()
    }

    #[test]
    fn a_worse_version_is_put_back_on_its_own() {
        let mut watched = Watched::new(version("1"));
        assert!(succeed(&mut watched, 0));
        watched.replace(version("2"));
        // Every other call fails.
        let mut calls = 0;
        while serving(&watched) == "2" {
            assert!(fail(&mut watched, 1));
            succeed(&mut watched, 1);
            calls += 1;
        }
        assert_eq!(calls, TOO_MANY);
        assert_eq!(serving(&watched), "1");
        assert_eq!(watched.standing(), Standing::Serving);
        let events = watched.take_events();
        assert!(
            matches!(&events[..], [WatchEvent::RolledBack { from, to, .. }] if from == "p@2" && to == "p@1"),
            "{events:?}"
        );
    }

    #[test]
    fn one_that_keeps_failing_rests_longer_each_time_and_is_set_aside_in_the_end() {
        let mut watched = Watched::new(version("1"));
        let mut now = 0;
        let mut rests = Vec::new();
        loop {
            while fail(&mut watched, now) {}
            match watched.standing() {
                Standing::Resting(until) => {
                    rests.push(until.as_ms() / 1_000 - now);
                    assert!(!succeed(&mut watched, now), "left alone");
                    now = until.as_ms() / 1_000;
                }
                Standing::Quarantined => break,
                Standing::Serving => unreachable!("it fails"),
            }
        }
        assert_eq!(rests, [10, 20, 40, 80, 160, 320]);
        assert!(!succeed(&mut watched, now + 100_000));
        watched.release();
        assert!(succeed(&mut watched, now));
    }

    #[test]
    fn rare_failures_change_nothing() {
        let mut watched = Watched::new(version("1"));
        for round in 0..50 {
            assert!(fail(&mut watched, round));
            for _ in 0..5 {
                assert!(succeed(&mut watched, round));
            }
        }
        assert_eq!(watched.standing(), Standing::Serving);
        assert_eq!(watched.take_events(), []);
    }

    #[test]
    fn a_version_that_never_answered_is_not_gone_back_to() {
        let mut watched = Watched::new(version("1"));
        watched.replace(version("2"));
        assert!(!watched.roll_back());
        assert!(succeed(&mut watched, 0));
        watched.replace(version("3"));
        assert!(watched.roll_back());
        assert_eq!(serving(&watched), "2");
        assert!(!watched.roll_back());
    }
}
