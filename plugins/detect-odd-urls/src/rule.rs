//! When a client asks for what ordinary use does not ask for: many addresses that do not exist, or targets with the
//! shape of an attack.

use bongsu_sdk_rules::{Alarm, Bounded, Found, Weight, Words};

use crate::shape::{self, Shape};

/// One finished request.
pub(crate) struct Request<'a> {
    pub(crate) app: &'a str,
    pub(crate) client: &'a str,
    /// The target as sent, masked; the template of the URL where it is not known.
    pub(crate) target: &'a str,
    /// A hash of the target.
    pub(crate) hash: u64,
    pub(crate) at_ms: i64,
    pub(crate) status: u16,
}

/// Thresholds; the defaults and their reasons are in the README.
#[derive(Debug, Clone)]
pub(crate) struct Limits {
    pub(crate) window_ms: i64,
    pub(crate) missing: usize,
    pub(crate) attacks: u32,
    pub(crate) most_clients: usize,
}

#[derive(Default)]
struct Client {
    from_ms: i64,
    requests: u32,
    /// Different targets that were refused or not there.
    missing: Vec<u64>,
    attacks: u32,
    answered: u32,
    shape: Option<Shape>,
    scan: Alarm,
    attack: Alarm,
}

impl Client {
    /// Begins a new window where the last is over.
    fn at(&mut self, at_ms: i64, window_ms: i64) {
        if at_ms.saturating_sub(self.from_ms) > window_ms {
            let (scan, attack) = (self.scan, self.attack);
            *self = Self {
                from_ms: at_ms,
                scan,
                attack,
                ..Self::default()
            };
            self.scan.rings(false, true, at_ms);
            self.attack.rings(false, true, at_ms);
        }
    }
}

pub(crate) struct OddUrls {
    limits: Limits,
    clients: Bounded<Client>,
    scratch: Vec<u8>,
}

impl OddUrls {
    pub(crate) fn new(limits: Limits) -> Self {
        Self {
            clients: Bounded::new(limits.most_clients),
            scratch: Vec::new(),
            limits,
        }
    }

    pub(crate) fn request(&mut self, request: &Request<'_>) -> Vec<Found> {
        let shape = shape::of(request.target, &mut self.scratch);
        let missing = matches!(request.status, 400 | 403 | 404 | 405 | 414);
        // Only who does something odd is remembered: everybody else costs nothing.
        if shape.is_none() && !missing && self.clients.peek(request.client).is_none() {
            return Vec::new();
        }
        let client = self.clients.entry(request.client);
        client.at(request.at_ms, self.limits.window_ms);
        client.requests += 1;
        if missing
            && client.missing.len() < self.limits.missing
            && !client.missing.contains(&request.hash)
        {
            client.missing.push(request.hash);
        }
        if let Some(shape) = shape {
            client.attacks += 1;
            client.answered += u32::from((200..300).contains(&request.status));
            client.shape = Some(shape);
        }
        let mut found = Vec::new();
        let scans = client.missing.len() >= self.limits.missing;
        if client.scan.rings(scans, false, request.at_ms) {
            found.push(scan(request, client));
        }
        let attacks = client.attacks >= self.limits.attacks;
        if client.attack.rings(attacks, false, request.at_ms) {
            found.push(attack(request, client));
        }
        found
    }
}

fn seconds(client: &Client, request: &Request<'_>) -> i64 {
    (request.at_ms.saturating_sub(client.from_ms) / 1_000).max(1)
}

fn scan(request: &Request<'_>, client: &Client) -> Found {
    let (missing, requests) = (client.missing.len(), client.requests);
    let seconds = seconds(client, request);
    Found {
        kind: "url-scan",
        weight: Weight::Warning,
        app: Some(request.app.to_owned()),
        from_ms: client.from_ms,
        to_ms: request.at_ms.max(client.from_ms).saturating_add(1),
        subject: format!("client:{}", request.client),
        words: Words {
            en: format!(
                "one client asked for {missing} different addresses that are not there or refused, within {seconds} s"
            ),
            ko: format!(
                "한 접속지가 {seconds}초 안에 없거나 거부된 주소 {missing}개를 요청했습니다"
            ),
        },
        evidence: vec![
            ("addresses", missing as f64),
            ("requests", f64::from(requests)),
            ("seconds", seconds as f64),
        ],
    }
}

fn attack(request: &Request<'_>, client: &Client) -> Found {
    let (attacks, answered) = (client.attacks, client.answered);
    let shape = client.shape.unwrap_or(Shape::Traversal);
    let (en, ko) = (shape.name(), shape.korean());
    Found {
        kind: "url-attack",
        weight: if answered > 0 {
            Weight::Critical
        } else {
            Weight::Warning
        },
        app: Some(request.app.to_owned()),
        from_ms: client.from_ms,
        to_ms: request.at_ms.max(client.from_ms).saturating_add(1),
        subject: format!("client:{}", request.client),
        words: Words {
            en: format!(
                "one client sent {attacks} requests with the shape of an attack (lastly {en}), {answered} of them were answered"
            ),
            ko: format!(
                "한 접속지가 공격 형태의 요청 {attacks}건을 보냈습니다(최근: {ko}), 그중 {answered}건이 정상 응답되었습니다"
            ),
        },
        evidence: vec![
            ("attacks", f64::from(attacks)),
            ("answered", f64::from(answered)),
            ("requests", f64::from(client.requests)),
        ],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule() -> OddUrls {
        OddUrls::new(Limits {
            window_ms: 300_000,
            missing: 20,
            attacks: 3,
            most_clients: 100,
        })
    }

    fn at(
        rule: &mut OddUrls,
        client: &str,
        target: &str,
        hash: u64,
        at_s: i64,
        status: u16,
    ) -> Vec<Found> {
        rule.request(&Request {
            app: "minwon",
            client,
            target,
            hash,
            at_ms: at_s * 1_000,
            status,
        })
    }

    #[test]
    fn many_different_missing_addresses_are_a_scan_and_one_dead_link_is_not() {
        let mut rule = rule();
        for i in 0..200 {
            assert_eq!(at(&mut rule, "visitor", "/old-link", 1, i, 404), []);
        }
        let found: Vec<_> = (0..60_i64)
            .flat_map(|i| {
                at(
                    &mut rule,
                    "scanner",
                    &format!("/x{i}"),
                    i.unsigned_abs(),
                    i,
                    404,
                )
            })
            .collect();
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!(
            (found[0].kind, found[0].subject.as_str()),
            ("url-scan", "client:scanner")
        );
        assert_eq!(found[0].evidence[0], ("addresses", 20.0));
    }

    #[test]
    fn attacks_are_found_after_the_third_and_grave_where_one_was_answered() {
        let mut rule = rule();
        let target = "/view?file=../../etc/passwd";
        assert_eq!(at(&mut rule, "c", target, 1, 0, 404), []);
        assert_eq!(at(&mut rule, "c", target, 1, 1, 200), []);
        let found = at(&mut rule, "c", target, 1, 2, 404);
        assert_eq!(
            (found[0].kind, found[0].weight),
            ("url-attack", Weight::Critical)
        );
        assert!(found[0].words.en.contains("1 of them were answered"));
        assert_eq!(at(&mut rule, "c", target, 1, 3, 404), []);
        for i in 0..3 {
            let later = at(&mut rule, "c", target, 1, 1_000 + i, 404);
            assert_eq!(
                later.len(),
                usize::from(i == 2),
                "another window, another episode"
            );
        }
    }

    #[test]
    fn ordinary_clients_are_not_even_remembered() {
        let mut rule = rule();
        for i in 0..1_000 {
            at(&mut rule, &format!("c{i}"), "/list?page=2", 5, i, 200);
        }
        assert!(rule.clients.is_empty());
        for i in 0..1_000 {
            at(&mut rule, &format!("c{i}"), "/nothing", 5, i, 404);
        }
        assert!(rule.clients.len() <= 100);
    }
}
