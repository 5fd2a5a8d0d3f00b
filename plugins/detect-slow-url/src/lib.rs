//! Finds URLs that are slow against their own history. What it sees, its thresholds and its false alarms are in the
//! README; the judgement is in `rule`, which knows nothing of the host.
//!
//! ## Decisions
//!
//! - **Closed minutes, not transactions**: the edge has added them up already, with exact percentiles, and a minute of a
//!   hundred URLs costs a plugin less than a second of their requests.
//! - **The site's own history is asked only where a minute could be slow for any URL**, which is seldom.

mod rule;

use bongsu_sdk_guest::{
    Settings,
    detector::{Batch, Detector, Finding},
    export_detector, host,
};
use bongsu_sdk_rules::{Language, say_all};

use rule::{Limits, Minute, Slow, Usual};

/// Days the site must have been watched before its history is believed.
const DAYS: u32 = 3;

/// The plugin.
pub struct SlowUrl {
    rule: Slow,
    language: Language,
}

impl Detector for SlowUrl {
    fn init(settings: &Settings) -> Result<Self, String> {
        let limits = Limits {
            factor: settings.number("factor")?,
            floor_ms: f64::from(settings.integer::<u32>("floor_ms")?),
            minutes: settings.integer("minutes")?,
            requests: f64::from(settings.integer::<u32>("min_requests")?),
            most_urls: settings.integer("max_tracked")?,
        };
        let language = Language::parse(settings.text("language")?)?;
        settings.finish()?;
        Ok(Self {
            rule: Slow::new(limits),
            language,
        })
    }

    fn check(&mut self, batch: &Batch) -> Vec<Finding> {
        let minutes = batch
            .roll_ups()
            .iter()
            .filter_map(|r| Some((r, r.app?, r.url?)));
        let mut found = Vec::new();
        for (roll_up, app, url) in minutes {
            let minute = Minute {
                app: batch.text(app),
                url: batch.text(url),
                from_ms: roll_up.window.from_ms,
                to_ms: roll_up.window.to_ms,
                requests: batch.measure(roll_up, "requests").unwrap_or(0.0),
                p95_ms: batch.measure(roll_up, "latency.p95").unwrap_or(f64::NAN),
            };
            let usual = if self.rule.is_suspect(&minute) {
                usual(&minute)
            } else {
                None
            };
            found.extend(self.rule.minute(&minute, usual));
        }
        say_all(found, self.language)
    }
}

fn usual(minute: &Minute<'_>) -> Option<Usual> {
    let (app, url) = (Some(minute.app), Some(minute.url));
    host::usually(app, url, "latency.p95", minute.from_ms, minute.to_ms)
        .filter(|usual| usual.days >= DAYS && usual.value > 0.0)
        .map(|usual| Usual {
            value: usual.value,
            high: usual.high,
        })
}

export_detector!(SlowUrl);
