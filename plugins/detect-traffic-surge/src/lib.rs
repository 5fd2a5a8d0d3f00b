//! Finds far more requests than this hour of the week usually brings. What it sees, its thresholds and its false alarms
//! are in the README; the judgement is in `rule`, which knows nothing of the host.
//!
//! ## Decisions
//!
//! - **The site's own history goes first** (it knows holidays and is older than any plugin); where it knows too little, the
//!   plugin's own season serves, which is kept in its state once an hour.

mod rule;

use bongsu_sdk_guest::{
    Level, Settings,
    detector::{Batch, Detector, Finding},
    export_detector, host,
};
use bongsu_sdk_rules::{Language, say_all};

use rule::{Limits, Minute, Season, Surges, Usual};

/// Days the site must have been watched before its history is believed.
const DAYS: u32 = 7;

/// The plugin.
pub struct TrafficSurge {
    rule: Surges,
    requests: f64,
    language: Language,
}

impl Detector for TrafficSurge {
    fn init(settings: &Settings) -> Result<Self, String> {
        let requests = f64::from(settings.integer::<u32>("min_requests")?);
        let limits = Limits {
            factor: settings.number("factor")?,
            requests,
            minutes: settings.integer("minutes")?,
            offset_hours: settings.integer("utc_offset_hours")?,
            most_apps: settings.integer("max_tracked")?,
        };
        let language = Language::parse(settings.text("language")?)?;
        settings.finish()?;
        Ok(Self {
            rule: Surges::new(limits),
            requests,
            language,
        })
    }

    fn check(&mut self, batch: &Batch) -> Vec<Finding> {
        let apps = batch
            .roll_ups()
            .iter()
            .filter(|r| r.instance.is_none() && r.url.is_none())
            .filter_map(|r| Some((r, r.app?)));
        let mut found = Vec::new();
        for (roll_up, app) in apps {
            let minute = Minute {
                app: batch.text(app),
                from_ms: roll_up.window.from_ms,
                to_ms: roll_up.window.to_ms,
                requests: batch.measure(roll_up, "requests").unwrap_or(0.0),
            };
            self.remember(minute.app);
            let usual = if minute.requests >= self.requests {
                usual(&minute)
            } else {
                None
            };
            found.extend(self.rule.minute(&minute, usual));
            if let Some(season) = self.rule.worth_keeping(&minute) {
                keep(minute.app, &season);
            }
        }
        say_all(found, self.language)
    }
}

impl TrafficSurge {
    /// Takes up what an earlier instance had learnt of an application that is new to this one.
    fn remember(&mut self, app: &str) {
        if !self.rule.knows(app) {
            if let Some(bytes) = host::state_get(&key(app)) {
                self.rule.remember(app, Season::from_bytes(&bytes));
            }
        }
    }
}

fn key(app: &str) -> String {
    format!("season:{app}")
}

fn keep(app: &str, season: &[u8]) {
    if !host::state_set(&key(app), season) {
        host::log(
            Level::Warn,
            "no room in the state: the season of an application is lost with this instance",
        );
    }
}

fn usual(minute: &Minute<'_>) -> Option<Usual> {
    host::usually(
        Some(minute.app),
        None,
        "requests",
        minute.from_ms,
        minute.to_ms,
    )
    .filter(|usual| usual.days >= DAYS && usual.value > 0.0)
    .map(|usual| Usual {
        value: usual.value,
        high: usual.high,
    })
}

export_detector!(TrafficSurge);
