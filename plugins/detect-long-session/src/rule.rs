//! When a session has been in use for too long.

use bongsu_sdk_rules::{Bounded, Found, Weight, Words, many};

/// One request that carried a session.
pub(crate) struct Request<'a> {
    pub(crate) app: &'a str,
    pub(crate) session: &'a str,
    pub(crate) user: Option<&'a str>,
    /// A hash of where it came from.
    pub(crate) client: Option<u64>,
    pub(crate) at_ms: i64,
}

/// Thresholds; the defaults and their reasons are in the README.
#[derive(Debug, Clone)]
pub(crate) struct Limits {
    pub(crate) long_ms: i64,
    pub(crate) grave_ms: i64,
    pub(crate) requests: u64,
    pub(crate) most_sessions: usize,
}

#[derive(Default)]
struct Session {
    first_ms: Option<i64>,
    last_ms: i64,
    requests: u64,
    clients: [u64; 4],
    told: Told,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
enum Told {
    #[default]
    Nothing,
    Long,
    Grave,
}

pub(crate) struct Long {
    limits: Limits,
    sessions: Bounded<Session>,
}

impl Long {
    pub(crate) fn new(limits: Limits) -> Self {
        Self {
            sessions: Bounded::new(limits.most_sessions),
            limits,
        }
    }

    /// `created` asks the session store when a session began; it is asked once per session.
    pub(crate) fn request(
        &mut self,
        request: &Request<'_>,
        created: impl FnOnce() -> Option<i64>,
    ) -> Option<Found> {
        let session = self.sessions.entry(request.session);
        let first_ms = *session
            .first_ms
            .get_or_insert_with(|| created().unwrap_or(request.at_ms).min(request.at_ms));
        session.last_ms = session.last_ms.max(request.at_ms);
        session.requests += 1;
        if let Some(client) = request.client {
            remember(&mut session.clients, client);
        }
        let age = request.at_ms.saturating_sub(first_ms);
        let told = match age {
            age if age >= self.limits.grave_ms => Told::Grave,
            age if age >= self.limits.long_ms => Told::Long,
            _ => Told::Nothing,
        };
        if told <= session.told || session.requests < self.limits.requests {
            return None;
        }
        session.told = told;
        let clients = session.clients.iter().filter(|c| **c != 0).count();
        Some(found(
            request,
            told,
            (first_ms, age),
            session.requests,
            clients,
        ))
    }

    /// The session ended.
    pub(crate) fn ended(&mut self, session: &str) {
        self.sessions.remove(session);
    }
}

/// Up to four different clients; more do not matter.
fn remember(clients: &mut [u64; 4], client: u64) {
    let client = client.max(1);
    if let Some(free) = clients.iter_mut().find(|c| **c == client || **c == 0) {
        *free = client;
    }
}

fn found(
    request: &Request<'_>,
    told: Told,
    (first_ms, age_ms): (i64, i64),
    requests: u64,
    clients: usize,
) -> Found {
    let hours = age_ms as f64 / 3_600_000.0;
    let said = many(hours);
    let (more_en, more_ko) = if clients > 1 {
        (
            format!(", from {clients} clients"),
            format!(", 접속지 {clients}곳"),
        )
    } else {
        (String::new(), String::new())
    };
    Found {
        kind: "long-session",
        weight: match (told, clients) {
            (Told::Grave, 2..) => Weight::Critical,
            (Told::Grave, _) => Weight::Warning,
            _ => Weight::Info,
        },
        app: Some(request.app.to_owned()),
        from_ms: first_ms,
        to_ms: request.at_ms.saturating_add(1),
        subject: match request.user {
            Some(user) => format!("user:{user}"),
            None => format!("session:{}", request.session),
        },
        words: Words {
            en: format!("a session has been in use for {said} hours{more_en}"),
            ko: format!("세션 하나가 {said}시간째 사용 중입니다{more_ko}"),
        },
        evidence: vec![
            ("hours", hours),
            ("requests_seen", requests as f64),
            ("clients", clients as f64),
        ],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: i64 = 3_600_000;

    fn rule() -> Long {
        Long::new(Limits {
            long_ms: 12 * HOUR,
            grave_ms: 24 * HOUR,
            requests: 3,
            most_sessions: 100,
        })
    }

    fn at(rule: &mut Long, session: &str, hour: i64, client: u64) -> Option<Found> {
        let request = Request {
            app: "minwon",
            session,
            user: None,
            client: Some(client),
            at_ms: hour * HOUR,
        };
        rule.request(&request, || None)
    }

    #[test]
    fn a_session_is_found_after_twelve_hours_and_again_after_a_day() {
        let mut rule = rule();
        let found: Vec<_> = (0..40)
            .filter_map(|hour| at(&mut rule, "s", hour, 1))
            .collect();
        let told: Vec<_> = found.iter().map(|f| (f.to_ms / HOUR, f.weight)).collect();
        assert_eq!(told, [(12, Weight::Info), (24, Weight::Warning)]);
        assert_eq!(found[0].subject, "session:s");
    }

    #[test]
    fn two_clients_of_a_session_make_a_day_grave() {
        let mut rule = rule();
        let found: Vec<_> = (0..25)
            .filter_map(|hour| at(&mut rule, "s", hour, 1 + hour.unsigned_abs() % 2))
            .collect();
        assert_eq!(found.last().map(|f| f.weight), Some(Weight::Critical));
        assert!(found[1].words.ko.contains("접속지 2곳"));
    }

    #[test]
    fn the_session_store_knows_when_it_began_and_is_asked_once() {
        let mut rule = rule();
        let mut asked = 0;
        let mut found = Vec::new();
        for i in 0..5 {
            let request = Request {
                app: "minwon",
                session: "s",
                user: Some("u"),
                client: None,
                at_ms: 20 * HOUR + i,
            };
            found.extend(rule.request(&request, || {
                asked += 1;
                Some(5 * HOUR)
            }));
        }
        assert_eq!((asked, found.len()), (1, 1));
        assert_eq!(found[0].subject, "user:u");
        assert!((found[0].evidence[0].1 - 15.0).abs() < 0.01);
    }

    #[test]
    fn a_session_that_ended_is_forgotten_and_memory_is_bounded() {
        let mut rule = rule();
        assert!((0..12).all(|hour| at(&mut rule, "s", hour, 1).is_none()));
        rule.ended("s");
        assert!(
            (12..20).all(|hour| at(&mut rule, "s", hour, 1).is_none()),
            "a new one of that id"
        );
        for i in 0..1_000 {
            at(&mut rule, &format!("s{i}"), 0, 1);
        }
        assert!(rule.sessions.len() <= 100);
    }
}
