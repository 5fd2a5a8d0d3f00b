//! When an instance's heap will be full, if it goes on like this.

use bongsu_sdk_rules::{Alarm, Bounded, Found, Trend, Weight, Words, many};

/// The heap of one instance in one closed minute.
pub(crate) struct Minute<'a> {
    pub(crate) app: &'a str,
    pub(crate) instance: &'a str,
    pub(crate) to_ms: i64,
    /// After garbage collection, % of its maximum.
    pub(crate) heap: f64,
}

/// Thresholds; the defaults and their reasons are in the README.
#[derive(Debug, Clone)]
pub(crate) struct Limits {
    pub(crate) horizon_minutes: f64,
    pub(crate) full: f64,
    pub(crate) least: f64,
    pub(crate) most_instances: usize,
}

/// Shortest time over which a line is believed.
const SPAN_MINUTES: f64 = 20.0;

/// A leak rises between most pairs of minutes; a sawtooth does so between about half.
const RISING: f64 = 0.75;

/// A fall by so much is a restart or a full collection: what was before it says nothing any more.
const FALL: f64 = 25.0;

/// Two hours of minutes.
const POINTS: usize = 120;

struct Instance {
    heap: Trend,
    alarm: Alarm,
}

impl Default for Instance {
    fn default() -> Self {
        Self {
            heap: Trend::new(POINTS),
            alarm: Alarm::default(),
        }
    }
}

pub(crate) struct Heaps {
    limits: Limits,
    instances: Bounded<Instance>,
    key: String,
}

impl Heaps {
    pub(crate) fn new(limits: Limits) -> Self {
        Self {
            instances: Bounded::new(limits.most_instances),
            limits,
            key: String::new(),
        }
    }

    pub(crate) fn minute(&mut self, minute: &Minute<'_>) -> Option<Found> {
        if !(0.0..=100.0).contains(&minute.heap) {
            return None;
        }
        self.key.clear();
        self.key.extend([minute.app, " ", minute.instance]);
        let instance = self.instances.entry(&self.key);
        if instance
            .heap
            .last()
            .is_some_and(|last| last - minute.heap > FALL)
        {
            instance.heap.clear();
        }
        instance.heap.add(minutes(minute.to_ms), minute.heap);
        let long_enough = instance.heap.span() >= SPAN_MINUTES;
        // The line costs more than the rest together, and an empty heap is not worth it.
        let line = (long_enough && minute.heap >= self.limits.least)
            .then(|| instance.heap.line())
            .flatten();
        let left = line
            .filter(|line| line.rising >= RISING)
            .and_then(|line| Some((line, line.reaches(self.limits.full)?)));
        match left {
            Some((line, left)) if left <= self.limits.horizon_minutes => {
                let rings = instance.alarm.rings(true, false, minute.to_ms);
                rings.then(|| found(minute, line.slope, left, instance.heap.span()))
            }
            _ => {
                let far = left.is_none_or(|(_, left)| left > self.limits.horizon_minutes * 2.0);
                instance.alarm.rings(false, far, minute.to_ms);
                None
            }
        }
    }
}

fn minutes(at_ms: i64) -> f64 {
    at_ms as f64 / 60_000.0
}

fn found(minute: &Minute<'_>, slope: f64, left: f64, span: f64) -> Found {
    let (heap, left_said, hour) = (many(minute.heap), many(left), many(slope * 60.0));
    Found {
        kind: "heap-exhaustion",
        weight: if left <= 15.0 {
            Weight::Critical
        } else {
            Weight::Warning
        },
        app: Some(minute.app.to_owned()),
        from_ms: minute.to_ms.saturating_sub((span * 60_000.0) as i64),
        to_ms: minute.to_ms,
        subject: format!("instance:{}", minute.instance),
        words: Words {
            en: format!(
                "heap is at {heap} % after garbage collection and grows by {hour} points an hour: full in about {left_said} minutes"
            ),
            ko: format!("GC 후 힙 {heap}%, 시간당 {hour}%p 증가: 약 {left_said}분 뒤 가득 찹니다"),
        },
        evidence: vec![
            ("heap_percent", minute.heap),
            ("points_per_hour", slope * 60.0),
            ("minutes_left", left),
            ("minutes_seen", span),
        ],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule() -> Heaps {
        Heaps::new(Limits {
            horizon_minutes: 60.0,
            full: 95.0,
            least: 50.0,
            most_instances: 10,
        })
    }

    fn run(
        rule: &mut Heaps,
        heap: impl Fn(i64) -> f64,
        minutes: std::ops::Range<i64>,
    ) -> Vec<Found> {
        minutes
            .filter_map(|minute| {
                rule.minute(&Minute {
                    app: "minwon",
                    instance: "was-1",
                    to_ms: minute * 60_000,
                    heap: heap(minute),
                })
            })
            .collect()
    }

    #[test]
    fn a_leak_is_found_an_hour_ahead_and_once() {
        let mut rule = rule();
        let leak = |minute: i64| 40.0 + 0.4 * minute as f64 + (minute % 3) as f64;
        let found = run(&mut rule, leak, 0..130);
        assert_eq!(found.len(), 1, "{found:?}");
        let left = found[0].evidence[2].1;
        assert!((50.0..=60.0).contains(&left), "{left}");
        let full_at = (95.0 - 40.0) / 0.4;
        let said_at = found[0].to_ms as f64 / 60_000.0;
        assert!(
            (said_at + left - full_at).abs() < 6.0,
            "{said_at} + {left} against {full_at}"
        );
    }

    #[test]
    fn a_sawtooth_a_high_plateau_and_a_restart_are_silent() {
        let saw = |minute: i64| 45.0 + (minute % 20) as f64 * 2.0;
        assert_eq!(run(&mut rule(), saw, 0..300), []);
        let plateau = |minute: i64| 88.0 + (minute % 4) as f64;
        assert_eq!(run(&mut rule(), plateau, 0..300), []);
        let mut restarted = rule();
        assert_eq!(run(&mut restarted, |m| 60.0 + m as f64 * 0.1, 0..60), []);
        let warming = |m: i64| 20.0 + (m - 60) as f64 * 0.8;
        assert_eq!(run(&mut restarted, warming, 60..95), []);
    }

    #[test]
    fn nonsense_is_ignored_and_instances_are_bounded() {
        let mut rule = rule();
        assert_eq!(run(&mut rule, |_| f64::NAN, 0..10), []);
        assert_eq!(run(&mut rule, |_| 400.0, 0..10), []);
        for i in 0..100 {
            let instance = format!("pod-{i}");
            rule.minute(&Minute {
                app: "a",
                instance: &instance,
                to_ms: 1,
                heap: 50.0,
            });
        }
        assert!(rule.instances.len() <= 10);
    }
}
