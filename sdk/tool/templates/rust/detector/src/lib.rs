//! Finds URLs with slow requests.

use std::collections::BTreeMap;

use bongsu_sdk_guest::{
    Settings,
    detector::{Batch, Detector, Figure, Finding, Severity},
    export_detector,
};

struct SlowRequests {
    limit_us: u64,
    least: u32,
}

impl Detector for SlowRequests {
    fn init(settings: &Settings) -> Result<Self, String> {
        let plugin = Self {
            limit_us: settings.integer::<u64>("limit_ms")? * 1_000,
            least: settings.integer("least")?,
        };
        settings.finish()?;
        Ok(plugin)
    }

    fn check(&mut self, batch: &Batch) -> Vec<Finding> {
        let mut slow: BTreeMap<(&str, &str), u32> = BTreeMap::new();
        for t in batch.transactions() {
            if t.duration_us > self.limit_us {
                *slow.entry((batch.text(t.app), batch.text(t.url))).or_default() += 1;
            }
        }
        slow.retain(|_, count| *count >= self.least);
        slow.into_iter()
            .map(|((app, url), count)| Finding {
                kind: "slow-requests".to_owned(),
                severity: Severity::Warning,
                app: Some(app.to_owned()),
                when: batch.window,
                subject: format!("url:{url}"),
                summary: format!(
                    "{count} requests took longer than {} ms",
                    self.limit_us / 1_000
                ),
                evidence: vec![Figure {
                    name: "requests".to_owned(),
                    value: f64::from(count),
                }],
            })
            .collect()
    }
}

export_detector!(SlowRequests);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_batch_has_nothing_slow() {
        let mut plugin = SlowRequests {
            limit_us: 1_000_000,
            least: 3,
        };
        assert!(plugin.check(&Batch::new(0, 10)).is_empty());
    }
}
