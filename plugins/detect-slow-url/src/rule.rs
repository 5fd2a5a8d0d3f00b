//! When a URL is slow against its own history. Knows minutes and figures, nothing of the host.

use bongsu_sdk_rules::{Alarm, Bounded, Found, History, Weight, Words, many};

/// One closed minute of one URL.
pub(crate) struct Minute<'a> {
    pub(crate) app: &'a str,
    pub(crate) url: &'a str,
    pub(crate) from_ms: i64,
    pub(crate) to_ms: i64,
    pub(crate) requests: f64,
    pub(crate) p95_ms: f64,
}

/// What a figure usually is at this hour, as the host's own history has it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Usual {
    pub(crate) value: f64,
    pub(crate) high: f64,
}

/// Thresholds; the defaults and their reasons are in the README.
#[derive(Debug, Clone)]
pub(crate) struct Limits {
    pub(crate) factor: f64,
    pub(crate) floor_ms: f64,
    pub(crate) minutes: u32,
    pub(crate) requests: f64,
    pub(crate) most_urls: usize,
}

/// Minutes it takes to know a URL.
const LEARNT: f64 = 30.0;

/// Minutes after which most of the past is forgotten: a day.
const MEMORY: f64 = 1_440.0;

/// What has been slow for so long is how it is now.
const NEW_NORMAL_MS: i64 = 24 * 3_600_000;

#[derive(Default)]
struct Url {
    usual: History,
    slow_minutes: u32,
    slow_from_ms: i64,
    alarm: Alarm,
}

pub(crate) struct Slow {
    limits: Limits,
    urls: Bounded<Url>,
    key: String,
}

impl Slow {
    pub(crate) fn new(limits: Limits) -> Self {
        Self {
            urls: Bounded::new(limits.most_urls),
            limits,
            key: String::new(),
        }
    }

    /// Whether a minute is worth asking the host what is usual: it would be slow for any URL.
    pub(crate) fn is_suspect(&self, minute: &Minute<'_>) -> bool {
        minute.requests >= self.limits.requests && minute.p95_ms >= self.limits.floor_ms
    }

    pub(crate) fn minute(&mut self, minute: &Minute<'_>, host: Option<Usual>) -> Option<Found> {
        if minute.requests < self.limits.requests || minute.p95_ms.is_nan() {
            return None;
        }
        self.key.clear();
        self.key.extend([minute.app, " ", minute.url]);
        let url = self.urls.entry(&self.key);
        let log = minute.p95_ms.max(0.1).ln();
        let usual_ms = match host {
            Some(usual) => usual.value,
            None if url.usual.seen() >= LEARNT => url.usual.mean().exp(),
            None => {
                url.usual.learn(log, MEMORY);
                return None;
            }
        };
        let out_of_range = match host {
            Some(usual) => minute.p95_ms > usual.high,
            None => url.usual.deviations(log, 0.2) > 3.0,
        };
        let slow = out_of_range
            && minute.p95_ms >= self.limits.floor_ms
            && minute.p95_ms >= usual_ms * self.limits.factor;
        if !slow {
            url.slow_minutes = 0;
            url.usual.learn(log, MEMORY);
            url.alarm.rings(false, true, minute.to_ms);
            return None;
        }
        if url.slow_minutes == 0 {
            url.slow_from_ms = minute.from_ms;
        }
        url.slow_minutes += 1;
        if minute.to_ms.saturating_sub(url.slow_from_ms) > NEW_NORMAL_MS {
            *url = Url::default();
            return None;
        }
        let lasting = url.slow_minutes >= self.limits.minutes;
        url.alarm
            .rings(lasting, false, minute.to_ms)
            .then(|| found(minute, usual_ms, url.slow_from_ms))
    }
}

fn found(minute: &Minute<'_>, usual_ms: f64, from_ms: i64) -> Found {
    let times = minute.p95_ms / usual_ms.max(0.1);
    let grave = times >= 10.0 || minute.p95_ms >= 10_000.0;
    let (p95, usual, times_said) = (many(minute.p95_ms), many(usual_ms), many(times));
    Found {
        kind: "slow-url",
        weight: if grave {
            Weight::Critical
        } else {
            Weight::Warning
        },
        app: Some(minute.app.to_owned()),
        from_ms,
        to_ms: minute.to_ms,
        subject: format!("url:{}", minute.url),
        words: Words {
            en: format!(
                "95 of 100 requests took up to {p95} ms, usually {usual} ms: {times_said} times as long"
            ),
            ko: format!("응답시간(95%)이 {p95} ms로 평소 {usual} ms의 {times_said}배입니다"),
        },
        evidence: vec![
            ("p95_ms", minute.p95_ms),
            ("usual_ms", usual_ms),
            ("times", times),
            ("requests", minute.requests),
        ],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule() -> Slow {
        Slow::new(Limits {
            factor: 3.0,
            floor_ms: 500.0,
            minutes: 3,
            requests: 10.0,
            most_urls: 100,
        })
    }

    fn at(rule: &mut Slow, minute: i64, p95_ms: f64, requests: f64) -> Option<Found> {
        let (from_ms, to_ms) = (minute * 60_000, (minute + 1) * 60_000);
        let minute = Minute {
            app: "minwon",
            url: "/list",
            from_ms,
            to_ms,
            requests,
            p95_ms,
        };
        rule.minute(&minute, None)
    }

    fn learnt() -> Slow {
        let mut rule = rule();
        for minute in 0..60 {
            assert_eq!(
                at(&mut rule, minute, 180.0 + (minute % 9) as f64 * 8.0, 50.0),
                None
            );
        }
        rule
    }

    #[test]
    fn three_slow_minutes_in_a_row_are_found_once() {
        let mut rule = learnt();
        assert_eq!(at(&mut rule, 60, 2_000.0, 40.0), None);
        assert_eq!(at(&mut rule, 61, 2_100.0, 40.0), None);
        let found = at(&mut rule, 62, 2_200.0, 40.0).unwrap();
        assert_eq!((found.kind, found.weight), ("slow-url", Weight::Critical));
        assert_eq!((found.from_ms, found.to_ms), (3_600_000, 3_780_000));
        assert!(found.words.ko.contains("2200 ms"), "{}", found.words.ko);
        assert_eq!(at(&mut rule, 63, 2_200.0, 40.0), None, "the same episode");
        assert_eq!(at(&mut rule, 64, 190.0, 40.0), None);
        for minute in 65..67 {
            assert_eq!(at(&mut rule, minute, 2_000.0, 40.0), None);
        }
        assert!(at(&mut rule, 67, 2_000.0, 40.0).is_some(), "another one");
    }

    #[test]
    fn one_slow_minute_few_requests_and_a_fast_url_are_silent() {
        let mut rule = learnt();
        for minute in 60..120 {
            let slow = if minute % 3 == 0 { 3_000.0 } else { 190.0 };
            assert_eq!(at(&mut rule, minute, slow, 50.0), None);
            assert_eq!(at(&mut rule, minute, 9_000.0, 5.0), None);
        }
        let mut fast = self::rule();
        for minute in 0..60 {
            assert_eq!(at(&mut fast, minute, 10.0, 50.0), None);
        }
        for minute in 60..70 {
            assert_eq!(
                at(&mut fast, minute, 90.0, 50.0),
                None,
                "nobody feels 90 ms"
            );
        }
    }

    #[test]
    fn what_was_always_slow_is_not_slow_against_its_history() {
        let mut rule = rule();
        for minute in 0..200 {
            assert_eq!(
                at(
                    &mut rule,
                    minute,
                    5_000.0 + (minute % 7) as f64 * 300.0,
                    50.0
                ),
                None
            );
        }
    }

    #[test]
    fn the_hosts_history_needs_no_learning_and_a_day_of_slowness_is_the_new_normal() {
        let mut rule = rule();
        let mut found = 0;
        for minute in 0..1_500 {
            let (from_ms, to_ms) = (minute * 60_000, (minute + 1) * 60_000);
            let minute = Minute {
                app: "minwon",
                url: "/list",
                from_ms,
                to_ms,
                requests: 50.0,
                p95_ms: 2_000.0,
            };
            let usual = (to_ms < 60_000_000).then_some(Usual {
                value: 200.0,
                high: 400.0,
            });
            assert!(rule.is_suspect(&minute));
            found += usize::from(rule.minute(&minute, usual).is_some());
        }
        assert_eq!(
            found, 3,
            "at once, and a reminder after six and twelve hours"
        );
    }

    #[test]
    fn hostile_urls_do_not_make_it_grow() {
        let mut rule = rule();
        for i in 0..5_000 {
            let url = format!("/{i}");
            let minute = Minute {
                app: "a",
                url: &url,
                from_ms: 0,
                to_ms: 60_000,
                requests: 20.0,
                p95_ms: f64::INFINITY,
            };
            rule.minute(&minute, None);
        }
        assert!(rule.urls.len() <= 100);
    }
}
