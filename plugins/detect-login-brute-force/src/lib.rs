//! Finds guessing at logins: many failures from one client, many failures for one user, and one client trying
//! many users (password spraying).
//!
//! It sees login attempts only, by the tokens of client and user. It never sees a raw address or user id, and it
//! never decides anything: a finding is a statement.
//!
//! | setting | default | meaning |
//! |---|---|---|
//! | `window_seconds` | 300 | failures older than this do not count |
//! | `client_failures` | 10 | failures from one client that make a finding |
//! | `user_failures` | 10 | failures for one user, from whichever clients, that make a finding |
//! | `client_users` | 5 | different users failing from one client that make a finding |
//! | `max_tracked` | 20000 | clients, and users, remembered at most |
//!
//! Ten failures in five minutes is more than a person who forgot a password makes before asking for a new one, and
//! far less than guessing needs to be worth while. **False alarms:** a whole office behind one address (raise
//! `client_failures` and `client_users`), and a device that keeps retrying an old password (true, but harmless).
//!
//! ## Decisions
//!
//! - **The last N failures of each subject are kept, N being the threshold**, so the window slides exactly and a subject
//!   costs bounded memory. Rejected: counting in fixed intervals, which misses a burst across their border.
//! - **One finding per burst.** A subject that raised one is silent until fewer than half the threshold remain in
//!   its window.
//! - **When too many subjects are tracked, those with the fewest and oldest failures are forgotten first**, so a flood
//!   of new addresses cannot push out the one that is guessing.

mod burst;
mod tracker;

use bongsu_sdk_guest::{
    Level, Settings,
    detector::{Batch, Detector, Finding, Login, Transaction},
    export_detector, log,
};

use burst::{Kind, finding};
use tracker::{Failure, Tracker};

/// Most findings of one batch.
const MOST: usize = 50;

/// The plugin.
pub struct LoginBruteForce {
    window_ms: i64,
    by_client: Tracker,
    by_user: Tracker,
}

impl Detector for LoginBruteForce {
    fn init(settings: &Settings) -> Result<Self, String> {
        let window_ms = settings.integer::<i64>("window_seconds")? * 1_000;
        let client_failures = settings.integer("client_failures")?;
        let user_failures = settings.integer("user_failures")?;
        let client_users = settings.integer("client_users")?;
        let max_tracked = settings.integer("max_tracked")?;
        settings.finish()?;
        Ok(Self {
            window_ms,
            by_client: Tracker::new(client_failures, Some(client_users), max_tracked),
            by_user: Tracker::new(user_failures, None, max_tracked),
        })
    }

    fn check(&mut self, batch: &Batch) -> Vec<Finding> {
        let now_ms = batch.now_ms();
        let oldest = now_ms.saturating_sub(self.window_ms);
        let mut failed: Vec<&Transaction> = batch
            .transactions()
            .iter()
            .filter(|t| {
                t.login == Some(Login::Failed) && t.ended_ms > oldest && t.ended_ms <= now_ms
            })
            .collect();
        failed.sort_by_key(|t| t.ended_ms);
        let findings = failed.into_iter().flat_map(|t| self.failure(batch, t));
        worst(findings.collect())
    }
}

impl LoginBruteForce {
    fn failure(&mut self, batch: &Batch, login: &Transaction) -> Vec<Finding> {
        let from_ms = login.ended_ms.saturating_sub(self.window_ms);
        let (client, user) = (batch.text_of(login.client), batch.text_of(login.user));
        let app = batch.text(login.app);
        let mut findings = Vec::new();
        if let Some(client) = client {
            let failure = Failure::new(login.ended_ms, user);
            let burst = self.by_client.record(client, failure, from_ms);
            findings.extend(burst.users.map(|b| finding(Kind::Spraying, app, client, b)));
            findings.extend(
                burst
                    .failures
                    .map(|b| finding(Kind::Client, app, client, b)),
            );
        }
        if let Some(user) = user {
            let failure = Failure::new(login.ended_ms, client);
            let burst = self.by_user.record(user, failure, from_ms);
            findings.extend(burst.failures.map(|b| finding(Kind::User, app, user, b)));
        }
        findings
    }
}

/// At most [`MOST`] findings: an attack from everywhere is one fact, and a host refuses a flood as a whole.
fn worst(mut findings: Vec<Finding>) -> Vec<Finding> {
    if findings.len() > MOST {
        log(
            Level::Warn,
            &format!(
                "{} findings in one batch, the worst {MOST} are reported",
                findings.len()
            ),
        );
        findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity as u8));
        findings.truncate(MOST);
    }
    findings
}

export_detector!(LoginBruteForce);

#[cfg(test)]
mod tests {
    use bongsu_sdk_guest::{detector::Events, settings::Value};

    use super::*;

    fn plugin(changed: &[(&str, i64)]) -> LoginBruteForce {
        let defaults = [
            ("window_seconds", 300),
            ("client_failures", 10),
            ("user_failures", 10),
            ("client_users", 5),
            ("max_tracked", 20_000),
        ];
        let entries = defaults.map(|(key, default)| {
            let changed = changed.iter().find(|(k, _)| *k == key);
            let value = changed.map_or(default, |(_, value)| *value);
            (key.to_owned(), Value::Integer(value))
        });
        LoginBruteForce::init(&Settings::new(entries.into())).unwrap()
    }

    fn login(batch: &mut Batch, at_s: i64, client: &str, user: &str, outcome: Login) {
        let (app, instance) = (batch.place("minwon"), batch.place("was-1"));
        let (url, method) = (batch.place("/login"), batch.place("POST"));
        let client = (!client.is_empty()).then(|| batch.place(client));
        let user = (!user.is_empty()).then(|| batch.place(user));
        let transaction = Transaction {
            ended_ms: at_s * 1_000,
            duration_us: 80_000,
            sql_us: 0,
            external_us: 0,
            app,
            instance,
            release: None,
            url,
            target: None,
            method,
            status: 401,
            failed: false,
            client,
            session: None,
            user,
            login: Some(outcome),
        };
        if let Events::Transactions(all) = &mut batch.events {
            all.push(transaction);
        }
    }

    fn batch(now_s: i64, attempts: &[(i64, &str, &str)]) -> Batch {
        let mut batch = Batch::new(0, now_s * 1_000);
        for (at, client, user) in attempts {
            login(&mut batch, *at, client, user, Login::Failed);
        }
        batch
    }

    fn failures(
        plugin: &mut LoginBruteForce,
        attempts: &[(i64, &str, &str)],
    ) -> Vec<(String, String)> {
        let now = attempts.iter().map(|a| a.0).max().unwrap_or(0);
        plugin
            .check(&batch(now, attempts))
            .into_iter()
            .map(|f| (f.kind, f.subject))
            .collect()
    }

    #[test]
    fn a_client_that_keeps_failing_is_found_once_per_burst() {
        let mut p = plugin(&[("client_failures", 5)]);
        let burst = |from: i64| (0..20).map(|i| (from + i, "c1", "")).collect::<Vec<_>>();
        assert_eq!(
            failures(&mut p, &burst(1_000)),
            [("login-brute-force".to_owned(), "client:c1".to_owned())]
        );
        assert_eq!(
            failures(&mut p, &burst(1_020)),
            [],
            "the same burst goes on"
        );
        assert_eq!(
            failures(&mut p, &burst(2_000)).len(),
            1,
            "armed again after a quiet window"
        );
    }

    #[test]
    fn one_failure_less_than_the_threshold_or_a_slower_pace_is_silent() {
        let mut p = plugin(&[("client_failures", 5), ("window_seconds", 60)]);
        assert_eq!(
            failures(
                &mut p,
                &[(1, "c", ""), (2, "c", ""), (3, "c", ""), (4, "c", "")]
            ),
            []
        );
        let slow: Vec<_> = (0..50).map(|i| (1_000 + i * 15, "slow", "")).collect();
        for attempt in slow {
            assert_eq!(failures(&mut p, &[attempt]), []);
        }
    }

    #[test]
    fn a_user_attacked_from_many_clients_is_found() {
        let mut p = plugin(&[("user_failures", 6)]);
        let clients: Vec<String> = (0..6).map(|i| format!("c{i}")).collect();
        let attempts: Vec<_> = clients
            .iter()
            .enumerate()
            .map(|(i, c)| (100 + i as i64, c.as_str(), "u1"))
            .collect();
        assert_eq!(
            failures(&mut p, &attempts),
            [("login-brute-force".to_owned(), "user:u1".to_owned())]
        );
    }

    #[test]
    fn one_client_trying_many_users_is_password_spraying() {
        let mut p = plugin(&[("client_users", 4)]);
        let tries = |users: &[&'static str]| -> Vec<(i64, &'static str, &'static str)> {
            users
                .iter()
                .enumerate()
                .map(|(i, u)| (50 + i as i64, "c", *u))
                .collect()
        };
        assert_eq!(
            failures(&mut p, &tries(&["a", "b", "b", "a", "b", "c"])),
            []
        );
        let found = p.check(&batch(60, &[(60, "c", "d")]));
        assert_eq!(found.len(), 1);
        assert_eq!(
            (found[0].kind.as_str(), found[0].subject.as_str()),
            ("password-spraying", "client:c")
        );
        assert_eq!(found[0].when.from_ms, 50_000);
        assert!(
            found[0]
                .evidence
                .iter()
                .any(|f| f.name == "users" && f.value == 4.0)
        );
    }

    #[test]
    fn successes_and_late_or_future_attempts_do_not_count() {
        let mut p = plugin(&[("client_failures", 2), ("window_seconds", 60)]);
        let mut batch = batch(
            1_000,
            &[(100, "c", "u"), (9_000, "c", "u"), (1_000, "c", "u")],
        );
        login(&mut batch, 1_000, "c", "u", Login::Succeeded);
        login(&mut batch, 1_000, "c", "u", Login::Succeeded);
        assert_eq!(p.check(&batch).len(), 0);
    }

    #[test]
    fn a_flood_of_new_clients_does_not_hide_the_one_that_guesses() {
        let mut p = plugin(&[("max_tracked", 100), ("client_failures", 10)]);
        let mut found = Vec::new();
        for round in 0..10 {
            let noise: Vec<String> = (0..1_000).map(|i| format!("n{round}-{i}")).collect();
            let mut attempts: Vec<_> = noise
                .iter()
                .map(|c| (100 + round, c.as_str(), ""))
                .collect();
            attempts.extend([(100 + round, "guesser", ""); 2]);
            found.extend(failures(&mut p, &attempts));
            assert!(p.by_client.tracked() <= 100);
        }
        assert_eq!(
            found,
            [("login-brute-force".to_owned(), "client:guesser".to_owned())]
        );
    }

    #[test]
    fn an_attack_from_everywhere_is_reported_in_part_worst_first() {
        let mut p = plugin(&[("client_failures", 2), ("client_users", 3)]);
        let clients: Vec<String> = (0..200).map(|i| format!("c{i}")).collect();
        let mut attempts: Vec<_> = clients
            .iter()
            .flat_map(|c| [(100, c.as_str(), ""); 2])
            .collect();
        attempts.extend([(101, "c9", "a"), (101, "c9", "b"), (101, "c9", "d")]);
        let found = failures(&mut p, &attempts);
        assert_eq!(found.len(), MOST);
        assert_eq!(found[0].0, "password-spraying");
    }
}
