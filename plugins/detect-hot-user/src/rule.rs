//! When one user takes up an application's time.

use bongsu_sdk_rules::{Alarm, Bounded, Found, Weight, Words, many};

/// One finished request.
pub(crate) struct Request<'a> {
    pub(crate) app: &'a str,
    /// `user:…`, or where no user is known `session:…` or `client:…`.
    pub(crate) who: Who<'a>,
    pub(crate) url: &'a str,
    pub(crate) ended_ms: i64,
    pub(crate) duration_us: u64,
}

/// By what a request's origin is told apart; the better known, the better.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Who<'a> {
    pub(crate) kind: &'static str,
    pub(crate) token: &'a str,
}

/// Thresholds; the defaults and their reasons are in the README.
#[derive(Debug, Clone)]
pub(crate) struct Limits {
    pub(crate) window_ms: i64,
    pub(crate) share: f64,
    pub(crate) requests: u64,
    pub(crate) seconds: f64,
    pub(crate) others: usize,
    pub(crate) most_users: usize,
}

/// What one user did in the window.
#[derive(Default)]
struct User {
    kind: &'static str,
    app: String,
    requests: u64,
    time_us: u64,
    /// The URL that a majority vote leaves: exact when one URL has more than half.
    url: String,
    votes: u64,
}

impl User {
    fn add(&mut self, request: &Request<'_>) {
        if self.requests == 0 {
            self.kind = request.who.kind;
            request.app.clone_into(&mut self.app);
        }
        self.requests += 1;
        self.time_us = self.time_us.saturating_add(request.duration_us);
        if self.votes == 0 {
            request.url.clone_into(&mut self.url);
        }
        if self.url == request.url {
            self.votes += 1;
        } else {
            self.votes -= 1;
        }
    }
}

pub(crate) struct HotUsers {
    limits: Limits,
    from_ms: Option<i64>,
    users: Bounded<User>,
    requests: u64,
    time_us: u64,
    hot: Bounded<Alarm>,
    key: String,
}

impl HotUsers {
    pub(crate) fn new(limits: Limits) -> Self {
        Self {
            from_ms: None,
            users: Bounded::new(limits.most_users),
            requests: 0,
            time_us: 0,
            hot: Bounded::new(1_000),
            key: String::new(),
            limits,
        }
    }

    pub(crate) fn request(&mut self, request: &Request<'_>) {
        let from_ms = *self.from_ms.get_or_insert(request.ended_ms);
        if request.ended_ms < from_ms.saturating_sub(self.limits.window_ms) {
            return;
        }
        self.requests += 1;
        self.time_us = self.time_us.saturating_add(request.duration_us);
        self.key.clear();
        self.key.extend([request.app, " ", request.who.token]);
        self.users.entry(&self.key).add(request);
    }

    /// Judges the window if it is over.
    pub(crate) fn close(&mut self, now_ms: i64) -> Vec<Found> {
        let Some(from_ms) = self.from_ms else {
            return Vec::new();
        };
        if now_ms.saturating_sub(from_ms) < self.limits.window_ms {
            return Vec::new();
        }
        let users = std::mem::replace(&mut self.users, Bounded::new(self.limits.most_users));
        let (requests, time_us) = (self.requests, self.time_us);
        (self.from_ms, self.requests, self.time_us) = (None, 0, 0);
        let mut found = Vec::new();
        // With few users one of them always takes up much.
        let enough_others = users.len() > self.limits.others;
        for (key, user) in users.iter() {
            let share = user.time_us as f64 / time_us.max(1) as f64;
            let hot = enough_others
                && share >= self.limits.share
                && user.requests >= self.limits.requests
                && user.time_us as f64 / 1e6 >= self.limits.seconds;
            if !hot && self.hot.peek(key).is_none() {
                continue;
            }
            if self.hot.entry(key).rings(hot, !hot, now_ms) {
                let token = key.split_once(' ').map_or(key, |(_, token)| token);
                let of = Window {
                    from_ms,
                    to_ms: now_ms,
                    requests,
                    users: users.len(),
                };
                found.push(told(token, user, share, &of));
            }
        }
        self.hot
            .retain(|key, alarm| alarm.is_ringing() && users.peek(key).is_some());
        found
    }
}

struct Window {
    from_ms: i64,
    to_ms: i64,
    requests: u64,
    users: usize,
}

fn told(token: &str, user: &User, share: f64, of: &Window) -> Found {
    let percent = many(share * 100.0);
    let minutes = many((of.to_ms - of.from_ms) as f64 / 60_000.0);
    let seconds = user.time_us as f64 / 1e6;
    let (took, requests) = (many(seconds), user.requests);
    Found {
        kind: "hot-user",
        weight: if share >= 0.5 {
            Weight::Critical
        } else {
            Weight::Warning
        },
        app: Some(user.app.clone()),
        from_ms: of.from_ms,
        to_ms: of.to_ms,
        subject: format!("{}:{token}", user.kind),
        words: Words {
            en: format!(
                "one {} took up {percent} % of all request time within {minutes} minutes: {requests} requests, {took} s, mostly {}",
                user.kind, user.url
            ),
            ko: format!(
                "한 사용자가 {minutes}분간 전체 처리 시간의 {percent}%를 사용했습니다: 요청 {requests}건, {took}초, 주로 {}",
                user.url
            ),
        },
        evidence: vec![
            ("share_percent", share * 100.0),
            ("requests", requests as f64),
            ("seconds", seconds),
            ("all_requests", of.requests as f64),
            ("users", of.users as f64),
        ],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule() -> HotUsers {
        HotUsers::new(Limits {
            window_ms: 300_000,
            share: 0.25,
            requests: 100,
            seconds: 30.0,
            others: 10,
            most_users: 1_000,
        })
    }

    fn window(rule: &mut HotUsers, at_s: i64, users: usize, hot: u64, hot_us: u64) -> Vec<Found> {
        let mut add = |token: &str, duration_us| {
            rule.request(&Request {
                app: "minwon",
                who: Who {
                    kind: "user",
                    token,
                },
                url: "/report",
                ended_ms: at_s * 1_000,
                duration_us,
            });
        };
        for i in 0..users {
            for _ in 0..10 {
                add(&format!("u{i}"), 100_000);
            }
        }
        for _ in 0..hot {
            add("hot", hot_us);
        }
        rule.close(at_s * 1_000 + 300_000)
    }

    #[test]
    fn one_user_with_most_of_the_time_is_found_once() {
        let mut rule = rule();
        let found = window(&mut rule, 1_000, 50, 200, 500_000);
        assert_eq!(found.len(), 1);
        assert_eq!(
            (found[0].subject.as_str(), found[0].weight),
            ("user:hot", Weight::Critical)
        );
        assert!(found[0].words.en.contains("mostly /report"));
        assert_eq!(window(&mut rule, 1_300, 50, 200, 500_000), []);
        assert_eq!(window(&mut rule, 1_600, 50, 0, 0), []);
        assert_eq!(window(&mut rule, 1_900, 50, 200, 500_000).len(), 1);
    }

    #[test]
    fn few_users_few_requests_and_little_time_are_silent() {
        assert_eq!(window(&mut rule(), 0, 5, 500, 900_000), []);
        assert_eq!(window(&mut rule(), 0, 50, 20, 9_000_000), []);
        assert_eq!(window(&mut rule(), 0, 50, 2_000, 1_000), []);
    }

    #[test]
    fn a_window_that_is_not_over_is_not_judged_and_memory_is_bounded() {
        let mut rule = rule();
        for i in 0..10_000 {
            rule.request(&Request {
                app: "a",
                who: Who {
                    kind: "client",
                    token: &format!("c{i}"),
                },
                url: "/",
                ended_ms: 1_000,
                duration_us: 1,
            });
        }
        assert_eq!(rule.close(2_000), []);
        assert!(rule.users.len() <= 1_000);
        assert_eq!(rule.close(i64::MAX), []);
        assert!(rule.users.is_empty());
    }
}
