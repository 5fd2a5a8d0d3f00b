//! Finds clients that try doors: addresses that are not there, and targets with the shape of an attack. What it sees, its
//! thresholds and its false alarms are in the README; the judgement is in `rule` and `shape`, which know nothing of the
//! host.

mod rule;
mod shape;

use bongsu_sdk_guest::{
    Settings,
    detector::{Batch, Detector, Finding},
    export_detector,
};
use bongsu_sdk_rules::{Language, hash_of, say_all};

use rule::{Limits, OddUrls, Request};

/// The plugin.
pub struct OddUrl {
    rule: OddUrls,
    language: Language,
}

impl Detector for OddUrl {
    fn init(settings: &Settings) -> Result<Self, String> {
        let limits = Limits {
            window_ms: settings.integer::<i64>("window_seconds")? * 1_000,
            missing: settings.integer("addresses")?,
            attacks: settings.integer("attacks")?,
            most_clients: settings.integer("max_tracked")?,
        };
        let language = Language::parse(settings.text("language")?)?;
        settings.finish()?;
        Ok(Self {
            rule: OddUrls::new(limits),
            language,
        })
    }

    fn check(&mut self, batch: &Batch) -> Vec<Finding> {
        let mut found = Vec::new();
        for t in batch.transactions() {
            let Some(client) = batch.text_of(t.client) else {
                continue;
            };
            let target = batch.text_of(t.target).unwrap_or_else(|| batch.text(t.url));
            found.extend(self.rule.request(&Request {
                app: batch.text(t.app),
                client,
                target,
                hash: if t.status >= 400 { hash_of(target) } else { 0 },
                at_ms: t.ended_ms,
                status: t.status,
            }));
        }
        say_all(found, self.language)
    }
}

export_detector!(OddUrl);
