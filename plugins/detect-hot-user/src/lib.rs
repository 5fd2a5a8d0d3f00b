//! Finds a user who takes up an application's time. What it sees, its thresholds and its false alarms are in the README;
//! the judgement is in `rule`, which knows nothing of the host.

mod rule;

use bongsu_sdk_guest::{
    Settings,
    detector::{Batch, Detector, Finding, Transaction},
    export_detector,
};
use bongsu_sdk_rules::{Language, say_all};

use rule::{HotUsers, Limits, Request, Who};

/// The plugin.
pub struct HotUser {
    rule: HotUsers,
    language: Language,
}

impl Detector for HotUser {
    fn init(settings: &Settings) -> Result<Self, String> {
        let limits = Limits {
            window_ms: settings.integer::<i64>("window_seconds")? * 1_000,
            share: settings.number("share_percent")? / 100.0,
            requests: settings.integer("min_requests")?,
            seconds: settings.number("min_seconds")?,
            others: settings.integer("min_users")?,
            most_users: settings.integer("max_tracked")?,
        };
        let language = Language::parse(settings.text("language")?)?;
        settings.finish()?;
        Ok(Self {
            rule: HotUsers::new(limits),
            language,
        })
    }

    fn check(&mut self, batch: &Batch) -> Vec<Finding> {
        // First what is over, so that this batch counts into the next window.
        let found = self.rule.close(batch.now_ms());
        for t in batch.transactions() {
            if let Some(who) = who(batch, t) {
                self.rule.request(&Request {
                    app: batch.text(t.app),
                    who,
                    url: batch.text(t.url),
                    ended_ms: t.ended_ms,
                    duration_us: t.duration_us,
                });
            }
        }
        say_all(found, self.language)
    }
}

/// The best that is known of a request's origin.
fn who<'a>(batch: &'a Batch, t: &Transaction) -> Option<Who<'a>> {
    let known = [
        ("user", t.user),
        ("session", t.session),
        ("client", t.client),
    ];
    known.into_iter().find_map(|(kind, token)| {
        Some(Who {
            kind,
            token: batch.text(token?),
        })
    })
}

export_detector!(HotUser);
