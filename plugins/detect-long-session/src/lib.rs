//! Finds sessions that have been in use for too long. What it sees, its thresholds and its false alarms are in the README;
//! the judgement is in `rule`, which knows nothing of the host.

mod rule;

use bongsu_sdk_guest::{
    Settings,
    detector::{Batch, Detector, Finding, SessionChange},
    export_detector, host,
};
use bongsu_sdk_rules::{Language, hash_of, say_all};

use rule::{Limits, Long, Request};

const HOUR_MS: f64 = 3_600_000.0;

/// The plugin.
pub struct LongSession {
    rule: Long,
    language: Language,
}

impl Detector for LongSession {
    fn init(settings: &Settings) -> Result<Self, String> {
        let limits = Limits {
            long_ms: (settings.number("hours")? * HOUR_MS) as i64,
            grave_ms: (settings.number("grave_hours")? * HOUR_MS) as i64,
            requests: settings.integer("min_requests")?,
            most_sessions: settings.integer("max_tracked")?,
        };
        if limits.grave_ms < limits.long_ms {
            return Err("`grave_hours` is less than `hours`".to_owned());
        }
        let language = Language::parse(settings.text("language")?)?;
        settings.finish()?;
        Ok(Self {
            rule: Long::new(limits),
            language,
        })
    }

    fn check(&mut self, batch: &Batch) -> Vec<Finding> {
        for event in batch.session_events() {
            if matches!(
                event.change,
                SessionChange::Destroyed | SessionChange::Expired
            ) {
                self.rule.ended(batch.text(event.session));
            }
        }
        let mut found = Vec::new();
        for t in batch.transactions() {
            let Some(session) = batch.text_of(t.session) else {
                continue;
            };
            let request = Request {
                app: batch.text(t.app),
                session,
                user: batch.text_of(t.user),
                client: batch.text_of(t.client).map(hash_of),
                at_ms: t.ended_ms,
            };
            let created = || host::session(session).map(|known| known.created_ms);
            found.extend(self.rule.request(&request, created));
        }
        say_all(found, self.language)
    }
}

export_detector!(LongSession);
