//! Service-level objectives: what was promised, what was kept, how much error budget is left and when it ends.
//!
//! Computed from counts of good and all requests per interval, of an application or one URL. Availability
//! and latency are the same arithmetic with another idea of "good". An interval without requests is neither
//! good nor bad.
//!
//! Burn rate 1 spends the budget exactly by the end of the objective's window. Alarms follow the method of
//! two windows: a long one says that it matters, a short one that it still goes on (14.4 over 1 h and 5 min,
//! 6 over 6 h and 30 min, 1 over 3 d and 6 h, for a window of 30 days; after "The Site Reliability Workbook",
//! chapter 5).

use std::time::Duration;

use bongsu_sdk_model::{AppId, Timestamp, UrlTemplate, Window};
use serde::{Deserialize, Serialize};

const HOUR: Duration = Duration::from_secs(3_600);
const MINUTE: u64 = 60;

/// What makes a request good.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Good {
    /// It did not fail.
    Available,
    /// It took at most this long.
    Within {
        /// Milliseconds.
        ms: u32,
    },
}

/// A promise.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Objective {
    /// Of which application.
    pub app: AppId,
    /// Of which URL; `None` is all of them.
    pub url: Option<UrlTemplate>,
    /// What a good request is.
    pub good: Good,
    /// The share of requests that have to be good, between 0 and 1, both excluded.
    pub target: f64,
    /// Over how long, ending now.
    pub window: Duration,
}

/// Requests of one interval.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Count {
    /// Those that were good; more than `total` counts as `total`.
    pub good: u64,
    /// All.
    pub total: u64,
}

/// Two windows of one burn alarm.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Burn {
    /// The long window.
    pub long: Duration,
    /// The short window.
    pub short: Duration,
    /// Burn rate over the long window; `None` without requests.
    pub long_rate: Option<f64>,
    /// Burn rate over the short window; `None` without requests.
    pub short_rate: Option<f64>,
    /// The rate from which it is an alarm.
    pub limit: f64,
}

impl Burn {
    /// Whether both windows burn at the limit or faster.
    #[must_use]
    pub fn is_alarm(&self) -> bool {
        let over = |rate: Option<f64>| rate.is_some_and(|rate| rate >= self.limit);
        over(self.long_rate) && over(self.short_rate)
    }
}

/// How a promise stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Standing {
    /// The objective's window, ending now.
    pub window: Window,
    /// Requests in it.
    pub count: Count,
    /// The share that was good; `None` without requests.
    pub kept: Option<f64>,
    /// Bad requests the objective allows for so many requests.
    pub allowed: f64,
    /// Bad requests there were.
    pub bad: u64,
    /// Share of the budget that is left; below 0 when the promise is broken. `None` without requests.
    pub left: Option<f64>,
    /// The burn alarms, fastest first.
    pub burns: [Burn; 3],
    /// When the budget ends if it goes on as in the last hour (six hours when the last had no requests):
    /// `None` when it is not being spent faster than it lasts, or nothing was heard. What leaves the window
    /// meanwhile is not given back. The instant is `now` when nothing is left.
    pub ends: Option<Timestamp>,
}

/// Why there is no standing.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ObjectiveError {
    /// A target of 1 has no budget, one of 0 no promise.
    #[error("a target of {0} is not between 0 and 1")]
    Target(f64),
    /// The window is empty.
    #[error("an objective needs a window")]
    NoWindow,
}

/// How `objective` stands at `now`, from the counts of intervals by their start, in any order. Intervals
/// outside its window are left out; those of the same start add up.
///
/// # Errors
/// [`ObjectiveError`] when the objective promises nothing that can be broken.
pub fn standing(
    objective: &Objective,
    counts: &[(Timestamp, Count)],
    now: Timestamp,
) -> Result<Standing, ObjectiveError> {
    let promised = objective.target > 0.0 && objective.target < 1.0;
    if !promised {
        return Err(ObjectiveError::Target(objective.target));
    }
    if objective.window.is_zero() {
        return Err(ObjectiveError::NoWindow);
    }
    let window = Window::ending_at(now, objective.window);
    let over = |width: Duration| sum(counts, Window::ending_at(now, width.min(objective.window)));
    let count = over(objective.window);
    let bad = count.total - count.good;
    let budget = 1.0 - objective.target;
    let allowed = float(count.total) * budget;
    let left = (count.total > 0).then(|| 1.0 - float(bad) / allowed);
    let rate = |width: Duration| burn(over(width), budget);
    // The limits are for 30 days; a shorter window has less budget to burn in the same hours.
    let scale = objective.window.as_secs_f64() / (30.0 * 24.0 * 3_600.0);
    let burns = [
        (HOUR, 5 * MINUTE, 14.4),
        (6 * HOUR, 30 * MINUTE, 6.0),
        (72 * HOUR, 360 * MINUTE, 1.0),
    ]
    .map(|(long, short, limit)| {
        let short = Duration::from_secs(short);
        Burn {
            long,
            short,
            long_rate: rate(long),
            short_rate: rate(short),
            limit: (limit * scale).max(1.0),
        }
    });
    let ends = left.and_then(|left| {
        if left <= 0.0 {
            return Some(now);
        }
        let rate = rate(HOUR).or_else(|| rate(6 * HOUR))?;
        // Slower than 1, it lasts: as much leaves the window as is spent.
        (rate > 1.0).then(|| now.plus(objective.window.mul_f64(left / rate)))
    });
    Ok(Standing {
        window,
        count,
        kept: (count.total > 0).then(|| float(count.good) / float(count.total)),
        allowed,
        bad,
        left,
        burns,
        ends,
    })
}

fn sum(counts: &[(Timestamp, Count)], window: Window) -> Count {
    let within = counts.iter().filter(|(at, _)| window.contains(*at));
    within.fold(Count::default(), |sum, (_, count)| Count {
        good: sum.good.saturating_add(count.good.min(count.total)),
        total: sum.total.saturating_add(count.total),
    })
}

fn burn(count: Count, budget: f64) -> Option<f64> {
    let bad = float(count.total - count.good.min(count.total));
    (count.total > 0).then(|| bad / float(count.total) / budget)
}

#[expect(clippy::cast_precision_loss, reason = "counts are far below 2^53")]
const fn float(count: u64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_ms(1_800_000_000_000);
    const DAY: Duration = Duration::from_secs(24 * 3_600);

    fn promise(target: f64) -> Objective {
        Objective {
            app: AppId::new("order").unwrap(),
            url: None,
            good: Good::Available,
            target,
            window: 30 * DAY,
        }
    }

    /// One interval of 1 000 requests every 5 minutes of the last 30 days; `bad` of each in the last `hours`.
    fn counts(bad: u64, hours: i64) -> Vec<(Timestamp, Count)> {
        (1..=30 * 288)
            .map(|n: i64| {
                let at = Timestamp::from_ms(NOW.as_ms() - n * 300_000);
                let bad = if n <= hours * 12 { bad } else { 0 };
                let count = Count {
                    good: 1_000 - bad,
                    total: 1_000,
                };
                (at, count)
            })
            .collect()
    }

    #[test]
    fn a_budget_is_spent_request_by_request() {
        let stands = standing(&promise(0.999), &counts(10, 72), NOW).unwrap();
        assert_eq!(stands.count.total, 8_640_000);
        assert_eq!(stands.bad, 8_640);
        assert!((stands.allowed - 8_640.0).abs() < 1e-6);
        assert!(stands.left.unwrap().abs() < 1e-9, "{stands:?}");
    }

    #[test]
    fn a_fast_burn_alarms_and_says_when_the_budget_ends() {
        let stands = standing(&promise(0.999), &counts(20, 2), NOW).unwrap();
        let [fast, middle, slow] = stands.burns;
        assert!((fast.long_rate.unwrap() - 20.0).abs() < 1e-9 && fast.is_alarm());
        assert!((middle.long_rate.unwrap() - 20.0 / 3.0).abs() < 1e-9 && middle.is_alarm());
        assert!(!slow.is_alarm());
        // 480 of 8 640 are spent; the rest lasts 30 d × (1 − 480/8640) / 20.
        let lasts = stands.ends.unwrap().since(NOW).as_secs_f64() / 3_600.0;
        assert!((lasts - 34.0).abs() < 0.01, "{lasts} h");
    }

    #[test]
    fn a_burn_that_is_over_does_not_alarm() {
        let mut counts = counts(0, 0);
        for (at, count) in &mut counts {
            let age = NOW.since(*at);
            if age > Duration::from_secs(20 * 60) && age < HOUR {
                count.good = 900;
            }
        }
        let stands = standing(&promise(0.999), &counts, NOW).unwrap();
        assert!(stands.burns[0].long_rate.unwrap() > 14.4);
        assert!(!stands.burns[0].is_alarm());
    }

    #[test]
    fn a_broken_promise_ends_now_and_silence_says_nothing() {
        let broken = standing(&promise(0.999), &counts(100, 72), NOW).unwrap();
        assert!(broken.left.unwrap() < 0.0);
        assert_eq!(broken.ends, Some(NOW));
        let silent = standing(&promise(0.999), &[], NOW).unwrap();
        assert_eq!((silent.kept, silent.left, silent.ends), (None, None, None));
        assert!(silent.burns.iter().all(|burn| !burn.is_alarm()));
    }

    #[test]
    fn counts_that_cannot_be_and_promises_that_are_none_are_harmless() {
        let odd = [(
            NOW.minus(HOUR),
            Count {
                good: u64::MAX,
                total: 3,
            },
        )];
        assert_eq!(standing(&promise(0.9), &odd, NOW).unwrap().kept, Some(1.0));
        for target in [0.0, 1.0, -1.0, f64::NAN] {
            assert!(standing(&promise(target), &[], NOW).is_err(), "{target}");
        }
        let momentary = Objective {
            window: Duration::ZERO,
            ..promise(0.9)
        };
        assert_eq!(
            standing(&momentary, &[], NOW),
            Err(ObjectiveError::NoWindow)
        );
    }
}
