//! Tells when an instance's heap will be full, if it goes on like this. What it sees, its thresholds and its false alarms
//! are in the README; the judgement is in `rule`, which knows nothing of the host.

mod rule;

use bongsu_sdk_guest::{
    Settings,
    detector::{Batch, Detector, Finding},
    export_detector,
};
use bongsu_sdk_rules::{Language, say_all};

use rule::{Heaps, Limits, Minute};

/// The plugin.
pub struct HeapExhaustion {
    rule: Heaps,
    language: Language,
}

impl Detector for HeapExhaustion {
    fn init(settings: &Settings) -> Result<Self, String> {
        let limits = Limits {
            horizon_minutes: f64::from(settings.integer::<u32>("horizon_minutes")?),
            full: settings.number("full_percent")?,
            least: settings.number("least_percent")?,
            most_instances: settings.integer("max_tracked")?,
        };
        let language = Language::parse(settings.text("language")?)?;
        settings.finish()?;
        Ok(Self {
            rule: Heaps::new(limits),
            language,
        })
    }

    fn check(&mut self, batch: &Batch) -> Vec<Finding> {
        let instances = batch
            .roll_ups()
            .iter()
            .filter_map(|r| Some((r, r.app?, r.instance?, batch.measure(r, "jvm.heap")?)));
        let mut found = Vec::new();
        for (roll_up, app, instance, heap) in instances {
            found.extend(self.rule.minute(&Minute {
                app: batch.text(app),
                instance: batch.text(instance),
                to_ms: roll_up.window.to_ms,
                heap,
            }));
        }
        say_all(found, self.language)
    }
}

export_detector!(HeapExhaustion);
