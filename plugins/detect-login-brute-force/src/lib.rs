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
    About, Config, Level,
    detector::{Detector, Finding, Login, Transaction},
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
    const ABOUT: About = About {
        name: "login-brute-force",
        version: env!("CARGO_PKG_VERSION"),
        summary: "Finds guessing at logins by client and by user, and one client trying many users.",
    };

    fn init(config: &Config) -> Result<Self, String> {
        let window_ms = config.number("window_seconds", 300, 1..=86_400)? * 1_000;
        let client_failures = config.number("client_failures", 10, 2..=1_000)?;
        let user_failures = config.number("user_failures", 10, 2..=1_000)?;
        let client_users = config.number("client_users", 5, 2..=1_000)?;
        let max_tracked = config.number("max_tracked", 20_000, 100..=200_000)?;
        config.finish()?;
        Ok(Self {
            window_ms,
            by_client: Tracker::new(client_failures, Some(client_users), max_tracked),
            by_user: Tracker::new(user_failures, None, max_tracked),
        })
    }

    fn check(&mut self, transactions: &[Transaction], now_ms: i64) -> Vec<Finding> {
        let oldest = now_ms.saturating_sub(self.window_ms);
        let mut failed: Vec<&Transaction> = transactions
            .iter()
            .filter(|t| {
                t.login == Some(Login::Failed) && t.ended_ms > oldest && t.ended_ms <= now_ms
            })
            .collect();
        failed.sort_by_key(|t| t.ended_ms);
        let findings: Vec<Finding> = failed.into_iter().flat_map(|t| self.failure(t)).collect();
        worst(findings)
    }
}

impl LoginBruteForce {
    fn failure(&mut self, login: &Transaction) -> Vec<Finding> {
        let from_ms = login.ended_ms.saturating_sub(self.window_ms);
        let mut findings = Vec::new();
        if let Some(client) = &login.client {
            let failure = Failure::new(login.ended_ms, login.user.as_deref());
            let burst = self.by_client.record(client, failure, from_ms);
            findings.extend(
                burst
                    .users
                    .map(|b| finding(Kind::Spraying, login, client, b)),
            );
            findings.extend(
                burst
                    .failures
                    .map(|b| finding(Kind::Client, login, client, b)),
            );
        }
        if let Some(user) = &login.user {
            let failure = Failure::new(login.ended_ms, login.client.as_deref());
            let burst = self.by_user.record(user, failure, from_ms);
            findings.extend(burst.failures.map(|b| finding(Kind::User, login, user, b)));
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
    use super::*;

    fn plugin(settings: &[(&str, &str)]) -> LoginBruteForce {
        let entries = settings
            .iter()
            .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
            .collect();
        LoginBruteForce::init(&Config::new(entries)).unwrap()
    }

    fn login(at_s: i64, client: &str, user: &str, outcome: Login) -> Transaction {
        Transaction {
            ended_ms: at_s * 1_000,
            duration_us: 80_000,
            app: "minwon".into(),
            instance: "was-1".into(),
            url: "/login".into(),
            method: "POST".into(),
            status: 401,
            failed: false,
            client: (!client.is_empty()).then(|| client.into()),
            session: None,
            user: (!user.is_empty()).then(|| user.into()),
            login: Some(outcome),
        }
    }

    fn failures(
        plugin: &mut LoginBruteForce,
        attempts: &[(i64, &str, &str)],
    ) -> Vec<(String, String)> {
        let batch: Vec<_> = attempts
            .iter()
            .map(|(at, c, u)| login(*at, c, u, Login::Failed))
            .collect();
        let now = attempts.iter().map(|a| a.0).max().unwrap_or(0) * 1_000;
        plugin
            .check(&batch, now)
            .into_iter()
            .map(|f| (f.kind, f.subject))
            .collect()
    }

    #[test]
    fn a_client_that_keeps_failing_is_found_once_per_burst() {
        let mut p = plugin(&[("client_failures", "5")]);
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
        let mut p = plugin(&[("client_failures", "5"), ("window_seconds", "60")]);
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
        let mut p = plugin(&[("user_failures", "6")]);
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
        let mut p = plugin(&[("client_users", "4")]);
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
        let found = p.check(&[login(60, "c", "d", Login::Failed)], 60_000);
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
        let mut p = plugin(&[("client_failures", "2"), ("window_seconds", "60")]);
        let batch = [
            login(1_000, "c", "u", Login::Succeeded),
            login(1_000, "c", "u", Login::Succeeded),
            login(100, "c", "u", Login::Failed),
            login(9_000, "c", "u", Login::Failed),
            login(1_000, "c", "u", Login::Failed),
        ];
        assert_eq!(p.check(&batch, 1_000_000).len(), 0);
    }

    #[test]
    fn a_flood_of_new_clients_does_not_hide_the_one_that_guesses() {
        let mut p = plugin(&[("max_tracked", "100"), ("client_failures", "10")]);
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
        let mut p = plugin(&[("client_failures", "2"), ("client_users", "3")]);
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

    #[test]
    fn settings_out_of_range_or_unknown_are_refused() {
        let refuse = |k: &str, v: &str| {
            LoginBruteForce::init(&Config::new(vec![(k.into(), v.into())]))
                .err()
                .unwrap_or_default()
        };
        assert!(refuse("client_failures", "1").contains("client_failures"));
        assert!(refuse("window", "60").contains("`window` is unknown"));
    }
}
