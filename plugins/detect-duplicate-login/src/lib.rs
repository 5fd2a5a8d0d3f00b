//! Finds accounts that are logged in from several places at once. What it sees, its thresholds and its false alarms are in
//! the README; the judgement is in `rule`, which knows nothing of the host.

mod rule;

use bongsu_sdk_guest::{
    Settings,
    detector::{Batch, Detector, Finding, Login, SessionChange},
    export_detector,
};
use bongsu_sdk_rules::{Found, Language, hash_of, say_all};

use rule::{Duplicates, Limits};

/// The plugin.
pub struct DuplicateLogin {
    rule: Duplicates,
    language: Language,
}

impl Detector for DuplicateLogin {
    fn init(settings: &Settings) -> Result<Self, String> {
        let limits = Limits {
            window_ms: settings.integer::<i64>("window_seconds")? * 1_000,
            clients: settings.integer("clients")?,
            rejected: settings.integer("refused")?,
            users: settings.integer("users")?,
            most_users: settings.integer("max_tracked")?,
        };
        let language = Language::parse(settings.text("language")?)?;
        settings.finish()?;
        Ok(Self {
            rule: Duplicates::new(limits),
            language,
        })
    }

    fn check(&mut self, batch: &Batch) -> Vec<Finding> {
        let mut found = self.logins(batch);
        for event in batch.session_events() {
            if event.change != SessionChange::Rejected {
                continue;
            }
            let app = batch.text_of(event.app);
            let user = batch.text_of(event.user);
            found.extend(user.and_then(|user| self.rule.rejected(app, user, event.at_ms)));
        }
        say_all(found, self.language)
    }
}

impl DuplicateLogin {
    fn logins(&mut self, batch: &Batch) -> Vec<Found> {
        let mut logins: Vec<_> = batch
            .transactions()
            .iter()
            .filter(|t| t.login == Some(Login::Succeeded))
            .filter_map(|t| Some((t, t.user?, t.client?)))
            .collect();
        logins.sort_by_key(|(t, _, _)| t.ended_ms);
        let mut found = Vec::new();
        for (t, user, client) in logins {
            let client = hash_of(batch.text(client));
            let (app, user) = (batch.text(t.app), batch.text(user));
            found.extend(self.rule.login(app, user, client, t.ended_ms));
        }
        found
    }
}

export_detector!(DuplicateLogin);
