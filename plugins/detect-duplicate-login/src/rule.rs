//! When one account is logged in from many places at once, and when many accounts are.

use std::collections::VecDeque;

use bongsu_sdk_rules::{Alarm, Bounded, Found, Weight, Words};

/// Thresholds; the defaults and their reasons are in the README.
#[derive(Debug, Clone)]
pub(crate) struct Limits {
    pub(crate) window_ms: i64,
    pub(crate) clients: usize,
    pub(crate) rejected: usize,
    pub(crate) users: usize,
    pub(crate) most_users: usize,
}

/// Logins remembered of one user.
const LOGINS: usize = 64;

/// Users remembered of a burst.
const BURST: usize = 1_000;

#[derive(Default)]
struct User {
    logins: VecDeque<(i64, u64)>,
    rejected: VecDeque<i64>,
    shared: Alarm,
    refused: Alarm,
}

pub(crate) struct Duplicates {
    limits: Limits,
    users: Bounded<User>,
    /// When which user was found, for the burst.
    recent: VecDeque<i64>,
    burst: Alarm,
}

impl Duplicates {
    pub(crate) fn new(limits: Limits) -> Self {
        Self {
            users: Bounded::new(limits.most_users),
            recent: VecDeque::new(),
            burst: Alarm::default(),
            limits,
        }
    }

    /// A login that succeeded. `client` is a hash of where it came from.
    pub(crate) fn login(&mut self, app: &str, user: &str, client: u64, at_ms: i64) -> Vec<Found> {
        let oldest = at_ms.saturating_sub(self.limits.window_ms);
        let seen = self.users.entry(user);
        seen.logins.retain(|(at, _)| *at > oldest);
        if seen.logins.len() >= LOGINS {
            seen.logins.pop_front();
        }
        seen.logins.push_back((at_ms, client));
        let clients = different(&seen.logins);
        let odd = clients >= self.limits.clients;
        if !seen
            .shared
            .rings(odd, clients * 2 <= self.limits.clients, at_ms)
        {
            return Vec::new();
        }
        let from_ms = seen.logins.iter().map(|(at, _)| *at).min().unwrap_or(at_ms);
        let one = shared(app, user, clients, seen.logins.len(), (from_ms, at_ms));
        let mut found = vec![one];
        found.extend(self.one_more(app, at_ms));
        found
    }

    /// A session that the login rule refused.
    pub(crate) fn rejected(&mut self, app: Option<&str>, user: &str, at_ms: i64) -> Option<Found> {
        let oldest = at_ms.saturating_sub(self.limits.window_ms);
        let seen = self.users.entry(user);
        seen.rejected.retain(|at| *at > oldest);
        if seen.rejected.len() >= LOGINS {
            seen.rejected.pop_front();
        }
        seen.rejected.push_back(at_ms);
        let count = seen.rejected.len();
        let odd = count >= self.limits.rejected;
        let from_ms = seen.rejected.front().copied().unwrap_or(at_ms);
        seen.refused
            .rings(odd, count * 2 <= self.limits.rejected, at_ms)
            .then(|| refused(app, user, count, (from_ms, at_ms)))
    }

    /// One more user was found: too many of them are one fact of its own.
    fn one_more(&mut self, app: &str, at_ms: i64) -> Option<Found> {
        let oldest = at_ms.saturating_sub(self.limits.window_ms);
        self.recent.retain(|at| *at > oldest);
        if self.recent.len() >= BURST {
            self.recent.pop_front();
        }
        self.recent.push_back(at_ms);
        let users = self.recent.len();
        let from_ms = self.recent.iter().copied().min().unwrap_or(at_ms);
        self.burst
            .rings(
                users >= self.limits.users,
                users * 2 <= self.limits.users,
                at_ms,
            )
            .then(|| burst(app, users, (from_ms, at_ms)))
    }
}

fn different(logins: &VecDeque<(i64, u64)>) -> usize {
    let mut clients: Vec<u64> = logins.iter().map(|(_, client)| *client).collect();
    clients.sort_unstable();
    clients.dedup();
    clients.len()
}

fn minutes((from_ms, to_ms): (i64, i64)) -> i64 {
    (to_ms.saturating_sub(from_ms) / 60_000).max(1)
}

fn shared(app: &str, user: &str, clients: usize, logins: usize, window: (i64, i64)) -> Found {
    let minutes = minutes(window);
    Found {
        kind: "duplicate-login",
        weight: Weight::Warning,
        app: Some(app.to_owned()),
        from_ms: window.0,
        to_ms: window.1.saturating_add(1),
        subject: format!("user:{user}"),
        words: Words {
            en: format!("one user logged in from {clients} clients within {minutes} minutes"),
            ko: format!("한 계정이 {minutes}분 안에 {clients}곳에서 로그인했습니다"),
        },
        evidence: vec![("clients", clients as f64), ("logins", logins as f64)],
    }
}

fn refused(app: Option<&str>, user: &str, count: usize, window: (i64, i64)) -> Found {
    let minutes = minutes(window);
    Found {
        kind: "duplicate-login-refused",
        weight: Weight::Info,
        app: app.map(str::to_owned),
        from_ms: window.0,
        to_ms: window.1.saturating_add(1),
        subject: format!("user:{user}"),
        words: Words {
            en: format!("the login rule refused one user {count} times within {minutes} minutes"),
            ko: format!("중복 로그인 정책이 {minutes}분 안에 한 계정을 {count}번 거부했습니다"),
        },
        evidence: vec![("refused", count as f64)],
    }
}

fn burst(app: &str, users: usize, window: (i64, i64)) -> Found {
    let minutes = minutes(window);
    Found {
        kind: "duplicate-login-burst",
        weight: Weight::Critical,
        app: Some(app.to_owned()),
        from_ms: window.0,
        to_ms: window.1.saturating_add(1),
        subject: format!("app:{app}"),
        words: Words {
            en: format!(
                "{users} users were logged in from several clients within {minutes} minutes: stolen accounts?"
            ),
            ko: format!(
                "{minutes}분 안에 계정 {users}개가 여러 곳에서 로그인했습니다: 계정 도용이 의심됩니다"
            ),
        },
        evidence: vec![("users", users as f64)],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule() -> Duplicates {
        Duplicates::new(Limits {
            window_ms: 600_000,
            clients: 3,
            rejected: 5,
            users: 10,
            most_users: 1_000,
        })
    }

    #[test]
    fn a_user_at_three_clients_is_found_once_and_the_same_client_again_is_not() {
        let mut rule = rule();
        for at in 0..10 {
            assert_eq!(rule.login("minwon", "u", at % 2, at as i64 * 1_000), []);
        }
        let found = rule.login("minwon", "u", 7, 11_000);
        assert_eq!(found.len(), 1);
        assert_eq!(
            (found[0].kind, found[0].subject.as_str()),
            ("duplicate-login", "user:u")
        );
        assert_eq!((found[0].from_ms, found[0].to_ms), (0, 11_001));
        assert_eq!(rule.login("minwon", "u", 8, 12_000), []);
        assert_eq!(rule.login("minwon", "u", 8, 5_000_000), [], "armed again");
        rule.login("minwon", "u", 9, 5_001_000);
        assert_eq!(rule.login("minwon", "u", 10, 5_002_000).len(), 1);
    }

    #[test]
    fn a_change_of_place_within_hours_is_silent() {
        let mut rule = rule();
        for hour in 0..24 {
            assert_eq!(rule.login("minwon", "u", hour, hour as i64 * 3_600_000), []);
        }
    }

    #[test]
    fn many_such_users_are_a_burst() {
        let mut rule = rule();
        let mut found = Vec::new();
        for user in 0..12 {
            for client in 0..3 {
                found.extend(rule.login("minwon", &format!("u{user}"), client, 1_000 * user));
            }
        }
        let bursts: Vec<_> = found
            .iter()
            .filter(|f| f.kind == "duplicate-login-burst")
            .collect();
        assert_eq!(bursts.len(), 1);
        assert_eq!(bursts[0].weight, Weight::Critical);
        assert_eq!(found.len(), 13);
    }

    #[test]
    fn refusals_are_counted_per_user() {
        let mut rule = rule();
        let found: Vec<_> = (0..8)
            .filter_map(|i| rule.rejected(Some("minwon"), "u", i * 1_000))
            .collect();
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].evidence, [("refused", 5.0)]);
    }

    #[test]
    fn memory_is_bounded() {
        let mut rule = rule();
        for i in 0..5_000 {
            rule.login("a", &format!("u{i}"), i, 0);
            rule.login("a", "one", i, 0);
        }
        assert!(rule.users.len() <= 1_000);
        assert!(
            rule.users
                .peek("one")
                .is_some_and(|u| u.logins.len() <= LOGINS)
        );
    }
}
