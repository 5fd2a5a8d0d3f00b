//! Finds errors beyond an application's or URL's own share of them. What it sees, its thresholds and its false alarms are
//! in the README; the judgement is in `rule`, which knows nothing of the host.

mod rule;

use bongsu_sdk_guest::{
    Settings,
    detector::{Batch, Detector, Finding},
    export_detector,
};
use bongsu_sdk_rules::{Language, say_all};

use rule::{Bursts, Limits, Minute};

/// The plugin.
pub struct ErrorBurst {
    rule: Bursts,
    language: Language,
}

impl Detector for ErrorBurst {
    fn init(settings: &Settings) -> Result<Self, String> {
        let limits = Limits {
            errors: f64::from(settings.integer::<u32>("min_errors")?),
            share: settings.number("min_share_percent")? / 100.0,
            minutes: settings.integer("minutes")?,
            most_urls: settings.integer("max_tracked")?,
        };
        let language = Language::parse(settings.text("language")?)?;
        settings.finish()?;
        Ok(Self {
            rule: Bursts::new(limits),
            language,
        })
    }

    fn check(&mut self, batch: &Batch) -> Vec<Finding> {
        let rows = batch
            .roll_ups()
            .iter()
            .filter(|r| r.instance.is_none())
            .filter_map(|r| Some((r, r.app?)));
        let minutes: Vec<Minute<'_>> = rows
            .map(|(roll_up, app)| Minute {
                app: batch.text(app),
                url: batch.text_of(roll_up.url),
                from_ms: roll_up.window.from_ms,
                to_ms: roll_up.window.to_ms,
                requests: batch.measure(roll_up, "requests").unwrap_or(0.0),
                errors: batch.measure(roll_up, "errors.count").unwrap_or(0.0),
            })
            .collect();
        say_all(self.rule.minutes(&minutes), self.language)
    }
}

export_detector!(ErrorBurst);
