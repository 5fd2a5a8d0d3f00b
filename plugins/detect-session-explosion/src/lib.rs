//! Finds far more new sessions than usual. What it sees, its thresholds and its false alarms are in the README; the
//! judgement is in `rule`, which knows nothing of the host.

mod rule;

use bongsu_sdk_guest::{
    Settings,
    detector::{Batch, Detector, Finding, SessionChange},
    export_detector,
};
use bongsu_sdk_rules::{Language, say_all};

use rule::{Change, Explosions, Limits};

/// The plugin.
pub struct SessionExplosion {
    rule: Explosions,
    language: Language,
}

impl Detector for SessionExplosion {
    fn init(settings: &Settings) -> Result<Self, String> {
        let limits = Limits {
            per_minute: f64::from(settings.integer::<u32>("per_minute")?),
            factor: settings.number("factor")?,
            minutes: settings.integer("minutes")?,
        };
        let language = Language::parse(settings.text("language")?)?;
        settings.finish()?;
        Ok(Self {
            rule: Explosions::new(limits),
            language,
        })
    }

    fn check(&mut self, batch: &Batch) -> Vec<Finding> {
        // First what is over, so that this batch counts into the next minute.
        let found = self.rule.close(batch.now_ms());
        for event in batch.session_events() {
            let change = match event.change {
                SessionChange::Created => Change::Created,
                SessionChange::Destroyed | SessionChange::Expired => Change::Ended,
                SessionChange::Rejected => Change::Rejected,
            };
            let app = batch.text_of(event.app).unwrap_or_default();
            self.rule.event(app, change, event.user.is_some());
        }
        say_all(found, self.language)
    }
}

export_detector!(SessionExplosion);
