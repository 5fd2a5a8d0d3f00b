//! When an application has far more requests than this hour of the week usually brings.

use bongsu_sdk_rules::{Alarm, Bounded, Found, History, Weight, Words, many};

/// One closed minute of an application.
pub(crate) struct Minute<'a> {
    pub(crate) app: &'a str,
    pub(crate) from_ms: i64,
    pub(crate) to_ms: i64,
    pub(crate) requests: f64,
}

/// What the figure usually is at this hour, as the host's own history has it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Usual {
    pub(crate) value: f64,
    pub(crate) high: f64,
}

/// Thresholds; the defaults and their reasons are in the README.
#[derive(Debug, Clone)]
pub(crate) struct Limits {
    pub(crate) factor: f64,
    pub(crate) requests: f64,
    pub(crate) minutes: u32,
    /// Hours to add to UTC: seasons are local.
    pub(crate) offset_hours: i64,
    pub(crate) most_apps: usize,
}

const HOUR_MS: i64 = 3_600_000;
const HOURS: usize = 168;

/// Minutes it takes to know an hour of the week, of the day, and the application at all.
const LEARNT: f64 = 30.0;

/// Four weeks of one hour of the week; one of the day; the last two hours.
const MEMORY_WEEK: f64 = 240.0;
const MEMORY_DAY: f64 = 420.0;
const MEMORY_LATELY: f64 = 120.0;

/// What was learnt of one application.
pub(crate) struct Season {
    week: Vec<History>,
    day: Vec<History>,
    lately: History,
    odd_minutes: u32,
    odd_from_ms: i64,
    alarm: Alarm,
    hour: i64,
}

impl Default for Season {
    fn default() -> Self {
        Self {
            week: vec![History::default(); HOURS],
            day: vec![History::default(); 24],
            lately: History::default(),
            odd_minutes: 0,
            odd_from_ms: 0,
            alarm: Alarm::default(),
            hour: 0,
        }
    }
}

impl Season {
    /// For the plugin's state.
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        self.week
            .iter()
            .chain(&self.day)
            .flat_map(History::to_bytes)
            .collect()
    }

    /// Reads what [`Season::to_bytes`] made; nothing was learnt where it is something else.
    pub(crate) fn from_bytes(bytes: &[u8]) -> Self {
        let mut season = Self::default();
        if bytes.len() == (HOURS + 24) * History::BYTES {
            let read = bytes.chunks_exact(History::BYTES);
            for (slot, bytes) in season.week.iter_mut().chain(&mut season.day).zip(read) {
                *slot = History::from_bytes(bytes).unwrap_or_default();
            }
        }
        season
    }

    /// What is known best of this hour.
    fn usual(&self, hour: usize) -> Option<&History> {
        [
            self.week.get(hour),
            self.day.get(hour % 24),
            Some(&self.lately),
        ]
        .into_iter()
        .flatten()
        .find(|history| history.seen() >= LEARNT)
    }

    fn learn(&mut self, hour: usize, log: f64) {
        if let Some(slot) = self.week.get_mut(hour) {
            slot.learn(log, MEMORY_WEEK);
        }
        if let Some(slot) = self.day.get_mut(hour % 24) {
            slot.learn(log, MEMORY_DAY);
        }
        self.lately.learn(log, MEMORY_LATELY);
    }
}

pub(crate) struct Surges {
    limits: Limits,
    apps: Bounded<Season>,
}

impl Surges {
    pub(crate) fn new(limits: Limits) -> Self {
        Self {
            apps: Bounded::new(limits.most_apps),
            limits,
        }
    }

    pub(crate) fn knows(&self, app: &str) -> bool {
        self.apps.peek(app).is_some()
    }

    /// Takes up what an earlier instance had learnt.
    pub(crate) fn remember(&mut self, app: &str, season: Season) {
        self.apps.put(app, season);
    }

    /// What was learnt, once an hour: when this minute is the first of its hour.
    pub(crate) fn worth_keeping(&mut self, minute: &Minute<'_>) -> Option<Vec<u8>> {
        let season = self.apps.entry(minute.app);
        let hour = minute.to_ms.div_euclid(HOUR_MS);
        let new = season.hour != 0 && hour != season.hour;
        season.hour = hour;
        new.then(|| season.to_bytes())
    }

    pub(crate) fn minute(&mut self, minute: &Minute<'_>, host: Option<Usual>) -> Option<Found> {
        if !minute.requests.is_finite() || minute.requests < 0.0 {
            return None;
        }
        let season = self.apps.entry(minute.app);
        let hour = hour_of_week(minute.from_ms, self.limits.offset_hours);
        let log = minute.requests.ln_1p();
        let judged = match host {
            Some(usual) => Some((usual.value, minute.requests > usual.high)),
            None => season
                .usual(hour)
                .map(|known| (known.mean().exp_m1(), known.deviations(log, 0.15) > 4.0)),
        };
        let odd = judged.is_some_and(|(usual, out_of_range)| {
            out_of_range
                && minute.requests >= self.limits.requests
                && minute.requests >= usual * self.limits.factor
        });
        if !odd {
            season.learn(hour, log);
            season.odd_minutes = 0;
            season.alarm.rings(false, true, minute.to_ms);
            return None;
        }
        if season.odd_minutes == 0 {
            season.odd_from_ms = minute.from_ms;
        }
        season.odd_minutes += 1;
        // A surge is learnt by the season of the week alone, where a single week weighs little: what comes every week
        // is the season.
        if let Some(slot) = season.week.get_mut(hour) {
            slot.learn(log, MEMORY_WEEK);
        }
        let lasting = season.odd_minutes >= self.limits.minutes;
        let from_ms = season.odd_from_ms;
        let usual = judged.map_or(0.0, |(usual, _)| usual);
        season
            .alarm
            .rings(lasting, false, minute.to_ms)
            .then(|| found(minute, usual, from_ms))
    }
}

/// 0 is Monday, midnight to one.
fn hour_of_week(at_ms: i64, offset_hours: i64) -> usize {
    let hours = at_ms.div_euclid(HOUR_MS) + offset_hours;
    // The epoch was a Thursday.
    usize::try_from((hours + 72).rem_euclid(168)).unwrap_or_default()
}

fn found(minute: &Minute<'_>, usual: f64, from_ms: i64) -> Found {
    let times = minute.requests / usual.max(1.0);
    let (requests, usual_said, times_said) = (many(minute.requests), many(usual), many(times));
    Found {
        kind: "traffic-surge",
        weight: if times >= 5.0 {
            Weight::Critical
        } else {
            Weight::Warning
        },
        app: Some(minute.app.to_owned()),
        from_ms,
        to_ms: minute.to_ms,
        subject: format!("app:{}", minute.app),
        words: Words {
            en: format!(
                "{requests} requests a minute, usually {usual_said} at this hour: {times_said} times as many"
            ),
            ko: format!(
                "분당 요청 {requests}건으로 이 시간대 평소 {usual_said}건의 {times_said}배입니다"
            ),
        },
        evidence: vec![
            ("requests_per_minute", minute.requests),
            ("usual_per_minute", usual),
            ("times", times),
        ],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule() -> Surges {
        Surges::new(Limits {
            factor: 2.5,
            requests: 300.0,
            minutes: 3,
            offset_hours: 9,
            most_apps: 10,
        })
    }

    fn at(rule: &mut Surges, minute: i64, requests: f64) -> Option<Found> {
        let minute = Minute {
            app: "minwon",
            from_ms: minute * 60_000,
            to_ms: (minute + 1) * 60_000,
            requests,
        };
        rule.minute(&minute, None)
    }

    /// 09:00 is ten times 03:00, and that is no surge.
    fn season(minute: i64) -> f64 {
        let hour = hour_of_week(minute * 60_000, 9) % 24;
        let base = if (9..18).contains(&hour) {
            2_000.0
        } else {
            200.0
        };
        base + (minute % 11) as f64 * base / 60.0
    }

    #[test]
    fn the_morning_is_no_surge_once_a_week_was_seen_and_a_real_one_is_found() {
        let mut rule = rule();
        const DAY: i64 = 1_440;
        for minute in 0..8 * DAY {
            at(&mut rule, minute, season(minute));
        }
        let mut found = Vec::new();
        for minute in 8 * DAY..14 * DAY {
            found.extend(at(&mut rule, minute, season(minute)));
        }
        assert_eq!(found, []);
        for minute in 14 * DAY..14 * DAY + 10 {
            found.extend(at(&mut rule, minute, season(minute) * 4.0));
        }
        assert_eq!(found.len(), 1, "{found:?}");
        assert!((found[0].evidence[2].1 - 4.0).abs() < 0.5, "{found:?}");
        assert_eq!(found[0].to_ms - found[0].from_ms, 180_000);
    }

    #[test]
    fn what_was_learnt_survives_as_bytes() {
        let mut first = rule();
        for minute in 0..1_440 {
            at(&mut first, minute, 400.0 + (minute % 5) as f64);
        }
        let minute = |n: i64| Minute {
            app: "minwon",
            from_ms: n * 60_000,
            to_ms: (n + 1) * 60_000,
            requests: 400.0,
        };
        assert_eq!(first.worth_keeping(&minute(1_440)), None);
        let kept = first.worth_keeping(&minute(1_500)).unwrap();
        let mut second = rule();
        assert!(!second.knows("minwon"));
        second.remember("minwon", Season::from_bytes(&kept));
        let found: Vec<_> = (1_510..1_520)
            .filter_map(|n| at(&mut second, n, 2_000.0))
            .collect();
        assert_eq!(found.len(), 1);
        assert_eq!(Season::from_bytes(b"nonsense").to_bytes().len(), kept.len());
    }

    #[test]
    fn the_hosts_history_goes_first_and_small_sites_are_silent() {
        let mut rule = rule();
        let usual = Usual {
            value: 100.0,
            high: 150.0,
        };
        let mut minute = |n: i64, requests: f64| {
            let minute = Minute {
                app: "minwon",
                from_ms: n * 60_000,
                to_ms: (n + 1) * 60_000,
                requests,
            };
            rule.minute(&minute, Some(usual)).is_some()
        };
        assert!((0..10).all(|n| !minute(n, 290.0)), "under 300 a minute");
        let found: Vec<bool> = (10..13).map(|n| minute(n, 310.0)).collect();
        assert_eq!(found, [false, false, true]);
        assert!(!minute(13, f64::NAN));
    }

    #[test]
    fn hours_of_the_week_are_local() {
        // 1970-01-05 was a Monday; 00:30 in Seoul is 15:30 UTC on Sunday.
        let monday = 4 * 24 * HOUR_MS - 9 * HOUR_MS + HOUR_MS / 2;
        assert_eq!(hour_of_week(monday, 9), 0);
        assert_eq!(hour_of_week(monday - HOUR_MS, 9), 167);
    }
}
