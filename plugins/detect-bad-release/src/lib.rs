//! Finds a release that fails more or is slower than the one before it. What it sees, its thresholds and its false alarms
//! are in the README; the judgement is in `rule`, which knows nothing of the host.

mod rule;

use bongsu_sdk_guest::{
    Settings,
    detector::{Batch, Detector, Finding},
    export_detector,
};
use bongsu_sdk_rules::{Language, say_all};

use rule::{Limits, Releases, Request};

/// The plugin.
pub struct BadRelease {
    rule: Releases,
    language: Language,
}

impl Detector for BadRelease {
    fn init(settings: &Settings) -> Result<Self, String> {
        let limits = Limits {
            requests: settings.integer("min_requests")?,
            error_points: settings.number("error_points")?,
            slower: settings.number("slower")?,
            trial_ms: settings.integer::<i64>("trial_minutes")? * 60_000,
            most_apps: settings.integer("max_tracked")?,
        };
        let language = Language::parse(settings.text("language")?)?;
        settings.finish()?;
        Ok(Self {
            rule: Releases::new(limits),
            language,
        })
    }

    fn check(&mut self, batch: &Batch) -> Vec<Finding> {
        let mut found = Vec::new();
        for t in batch.transactions() {
            let Some(release) = batch.text_of(t.release) else {
                continue;
            };
            found.extend(self.rule.request(&Request {
                app: batch.text(t.app),
                release,
                url: batch.text(t.url),
                ended_ms: t.ended_ms,
                duration_us: t.duration_us,
                error: t.failed || t.status >= 500,
            }));
        }
        say_all(found, self.language)
    }
}

export_detector!(BadRelease);
