//! When far more sessions begin than usual.

use bongsu_sdk_rules::{Alarm, Bounded, Found, History, Weight, Words, many};

/// What happened to a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Change {
    Created,
    Ended,
    Rejected,
}

/// Thresholds; the defaults and their reasons are in the README.
#[derive(Debug, Clone)]
pub(crate) struct Limits {
    pub(crate) per_minute: f64,
    pub(crate) factor: f64,
    pub(crate) minutes: u32,
}

/// Minutes it takes to know an application, and after which most of the past is forgotten.
const LEARNT: f64 = 30.0;
const MEMORY: f64 = 720.0;

/// Applications remembered.
const APPS: usize = 200;

const MINUTE_MS: i64 = 60_000;

#[derive(Default, Clone, Copy)]
struct Tally {
    created: u64,
    known_users: u64,
    ended: u64,
    rejected: u64,
}

#[derive(Default)]
struct App {
    minute: Tally,
    usual: History,
    odd_minutes: u32,
    odd_from_ms: i64,
    alarm: Alarm,
}

pub(crate) struct Explosions {
    limits: Limits,
    apps: Bounded<App>,
    minute_ms: Option<i64>,
}

impl Explosions {
    pub(crate) fn new(limits: Limits) -> Self {
        Self {
            limits,
            apps: Bounded::new(APPS),
            minute_ms: None,
        }
    }

    pub(crate) fn event(&mut self, app: &str, change: Change, has_user: bool) {
        let tally = &mut self.apps.entry(app).minute;
        match change {
            Change::Created => {
                tally.created += 1;
                tally.known_users += u64::from(has_user);
            }
            Change::Ended => tally.ended += 1,
            Change::Rejected => tally.rejected += 1,
        }
    }

    /// Judges the minute if it is over. Events count into the minute in which they were handed over.
    pub(crate) fn close(&mut self, now_ms: i64) -> Vec<Found> {
        let minute_ms = now_ms - now_ms.rem_euclid(MINUTE_MS);
        let begun = *self.minute_ms.get_or_insert(minute_ms);
        if minute_ms <= begun {
            return Vec::new();
        }
        self.minute_ms = Some(minute_ms);
        let mut found = Vec::new();
        let limits = &self.limits;
        self.apps.retain(|name, app| {
            found.extend(app.judge(name, begun, limits));
            true
        });
        found
    }
}

impl App {
    fn judge(&mut self, name: &str, from_ms: i64, limits: &Limits) -> Option<Found> {
        let tally = std::mem::take(&mut self.minute);
        let to_ms = from_ms.saturating_add(MINUTE_MS);
        let created = tally.created as f64;
        let log = created.ln_1p();
        let usual = self.usual.mean().exp_m1();
        let odd = self.usual.seen() >= LEARNT
            && created >= limits.per_minute
            && created >= usual * limits.factor
            && self.usual.deviations(log, 0.25) > 3.0;
        if !odd {
            self.usual.learn(log, MEMORY);
            self.odd_minutes = 0;
            self.alarm.rings(false, true, to_ms);
            return None;
        }
        if self.odd_minutes == 0 {
            self.odd_from_ms = from_ms;
        }
        self.odd_minutes += 1;
        let lasting = self.odd_minutes >= limits.minutes;
        let window = (self.odd_from_ms, to_ms);
        self.alarm
            .rings(lasting, false, to_ms)
            .then(|| found(name, window, tally, usual))
    }
}

fn found(app: &str, (from_ms, to_ms): (i64, i64), tally: Tally, usual: f64) -> Found {
    let created = tally.created as f64;
    let times = created / usual.max(1.0);
    let anonymous = 100.0 - tally.known_users as f64 / created.max(1.0) * 100.0;
    let (count, usual_said, times_said) = (tally.created, many(usual), many(times));
    let anonymous_said = many(anonymous);
    Found {
        kind: "session-explosion",
        weight: if times >= 10.0 {
            Weight::Critical
        } else {
            Weight::Warning
        },
        app: (!app.is_empty()).then(|| app.to_owned()),
        from_ms,
        to_ms,
        subject: if app.is_empty() {
            "site:all".to_owned()
        } else {
            format!("app:{app}")
        },
        words: Words {
            en: format!(
                "{count} sessions began within a minute, usually {usual_said}: {times_said} times as many; {anonymous_said} % of nobody"
            ),
            ko: format!(
                "1분간 세션 {count}개 생성, 평소 {usual_said}개의 {times_said}배; 비로그인 {anonymous_said}%"
            ),
        },
        evidence: vec![
            ("created_per_minute", created),
            ("usual_per_minute", usual),
            ("times", times),
            ("anonymous_percent", anonymous),
            ("ended_per_minute", tally.ended as f64),
            ("rejected_per_minute", tally.rejected as f64),
        ],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule() -> Explosions {
        Explosions::new(Limits {
            per_minute: 100.0,
            factor: 4.0,
            minutes: 2,
        })
    }

    fn minute(rule: &mut Explosions, at: i64, created: u64) -> Vec<Found> {
        let found = rule.close(at * MINUTE_MS);
        for i in 0..created {
            rule.event("minwon", Change::Created, i % 10 == 0);
        }
        rule.event("minwon", Change::Ended, true);
        found
    }

    #[test]
    fn many_times_the_usual_for_two_minutes_is_found_once() {
        let mut rule = rule();
        let mut found = Vec::new();
        for at in 0..60 {
            found.extend(minute(&mut rule, at, 40 + at.unsigned_abs() % 9));
        }
        assert_eq!(found, []);
        for at in 60..66 {
            found.extend(minute(&mut rule, at, 600));
        }
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!(found[0].weight, Weight::Critical);
        assert_eq!(found[0].from_ms, 60 * MINUTE_MS);
        assert!((found[0].evidence[3].1 - 90.0).abs() < 0.1, "{found:?}");
    }

    #[test]
    fn few_sessions_and_a_single_minute_are_silent() {
        let mut rule = rule();
        let mut found = Vec::new();
        for at in 0..120 {
            found.extend(minute(&mut rule, at, if at % 7 == 0 { 90 } else { 5 }));
        }
        for at in 120..150 {
            found.extend(minute(&mut rule, at, if at % 3 == 0 { 400 } else { 5 }));
        }
        assert_eq!(found, []);
    }

    #[test]
    fn hostile_names_are_bounded() {
        let mut rule = rule();
        for i in 0..10_000 {
            rule.event(&format!("app-{i}"), Change::Rejected, false);
        }
        assert!(rule.apps.len() <= APPS);
    }
}
