//! What is usual at an hour of the week: a middle, and a band in which 95 of 100 normal values lie.
//!
//! Learnt from points of the past by hour of the week, holidays apart. Median and median absolute deviation,
//! so an incident moves neither as long as it fills less than half of an hour's days. A band from few weeks
//! is wider, as Student's t is wider than the Gaussian.
//!
//! ## Decisions
//!
//! - **Days are the samples, not points.** The twelve 5-minute points of one hour are nearly one observation;
//!   counting them as twelve would make three weeks look like thirty-six.
//! - **The spread within hours and between days is one spread.** Rejected: separate terms, which need more
//!   weeks than the usual retention holds.
//! - **No trend.** A service that doubles in a month is compared with its past and said to be above usual;
//!   [`crate::forecast`] is what follows growth.

use std::collections::BTreeMap;

use bongsu_sdk_model::{Timestamp, Window};
use jiff::civil::Date;

use crate::{
    calendar::{Calendar, SeasonHour},
    robust::{MAD_TO_SIGMA, centre_and_sigma, median},
};

/// Points kept per hour and day; more are not needed for a median of days.
const POINTS: usize = 64;
/// Days of one hour that are kept: two years of weeks, or the holidays of six.
const DAYS: usize = 104;
/// Days from which an hour of the week speaks for itself.
const LEAST_DAYS: u32 = 2;
/// The Gaussian's 97.5 % quantile.
const Z: f64 = 1.96;
/// Most instants a window's expectation is the mean of.
const MOST_STEPS: u32 = 400;

/// What is usual, by hour of the season.
#[derive(Debug, Clone)]
pub struct Usual {
    calendar: Calendar,
    hours: Vec<Option<Hour>>,
    /// Spread of the points around their hour's median, as a share of it, over all hours.
    spread: f64,
    from: Option<Window>,
}

/// One hour of the season.
#[derive(Debug, Clone, Copy)]
struct Hour {
    middle: f64,
    sigma: f64,
    days: u32,
}

/// Which days an expectation was learnt from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LearntFrom {
    /// The same hour of the same weekday, or of holidays for a holiday.
    SameHour,
    /// Sundays, for a holiday of which none or one was seen.
    Sundays,
    /// The same hour of all days of the kind (working days or weekends): too few of the weekday itself.
    AlikeDays,
}

/// What is usual at an instant or over a window.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Expectation {
    /// The middle.
    pub value: f64,
    /// Lower edge of the 95 % band.
    pub low: f64,
    /// Upper edge of the 95 % band.
    pub high: f64,
    /// Days it was learnt from: for an hour of the week, weeks.
    pub days: u32,
    /// Which days those were.
    pub from: LearntFrom,
}

impl Usual {
    /// Learns from points in any order. Values that are not finite are left out; of points at the same
    /// instant each counts.
    #[must_use]
    pub fn learn(points: impl IntoIterator<Item = (Timestamp, f64)>, calendar: Calendar) -> Self {
        let mut seen: BTreeMap<(usize, Date), Vec<f64>> = BTreeMap::new();
        let mut from: Option<Window> = None;
        for (at, value) in points {
            if !value.is_finite() {
                continue;
            }
            let points = seen
                .entry((calendar.season_hour(at).index(), calendar.date(at)))
                .or_default();
            if points.len() < POINTS {
                points.push(value);
            }
            let known = from.get_or_insert(Window::new(at, at));
            *known = Window::new(known.from.min(at), known.to.max(at));
        }
        let mut by_hour: Vec<Vec<Vec<f64>>> = vec![Vec::new(); SeasonHour::COUNT];
        // Latest days first, so that the oldest are the ones left out.
        for ((hour, _), points) in seen.into_iter().rev() {
            if let Some(days) = by_hour.get_mut(hour).filter(|days| days.len() < DAYS) {
                days.push(points);
            }
        }
        let hours: Vec<_> = by_hour.iter().map(|days| hour(days)).collect();
        let shares = hours.iter().flatten().filter(|hour| hour.days > 2);
        let spread =
            median(shares.map(|hour| hour.sigma / hour.middle.abs().max(f64::MIN_POSITIVE)));
        Self {
            calendar,
            hours,
            spread: spread.filter(|share| share.is_finite()).unwrap_or(0.1),
            from,
        }
    }

    /// The interval of the points it was learnt from.
    #[must_use]
    pub const fn learnt_from(&self) -> Option<Window> {
        self.from
    }

    /// What is usual at `at`; `None` if no like hour was ever seen.
    #[must_use]
    pub fn at(&self, at: Timestamp) -> Option<Expectation> {
        let here = self.calendar.season_hour(at);
        let own = self.hour(here).filter(|hour| hour.days >= LEAST_DAYS);
        if let Some(hour) = own {
            return Some(self.banded(hour, LearntFrom::SameHour));
        }
        let sunday = self.hour(here.on(6)).filter(|_| here.day == 7);
        if let Some(sunday) = sunday {
            return Some(self.banded(sunday, LearntFrom::Sundays));
        }
        let alike = if here.day >= 5 { 5..=6 } else { 0..=4 };
        let alike: Vec<Hour> = alike.filter_map(|day| self.hour(here.on(day))).collect();
        let middle = median(alike.iter().map(|hour| hour.middle));
        let Some((middle, days)) = middle.zip(alike.iter().map(|hour| hour.days).max()) else {
            return Some(self.banded(self.hour(here)?, LearntFrom::SameHour));
        };
        let between = centre_and_sigma(alike.iter().map(|hour| hour.middle))?.1;
        let within = alike.iter().map(|hour| hour.sigma).fold(0.0, f64::max);
        let sigma = between.hypot(within);
        let hour = Hour {
            middle,
            sigma,
            days,
        };
        Some(self.banded(hour, LearntFrom::AlikeDays))
    }

    /// What is usual as the mean over a window: the mean of what is usual at instants in it. The band is the
    /// mean band too, because hours that follow one another err together.
    #[must_use]
    pub fn over(&self, window: Window) -> Option<Expectation> {
        let width = i64::try_from(window.width().as_millis()).unwrap_or(i64::MAX);
        let quarter = 15 * 60_000;
        let steps = u32::try_from(width / quarter)
            .unwrap_or(MOST_STEPS)
            .clamp(1, MOST_STEPS);
        let mut sum: Option<Expectation> = None;
        let mut count = 0.0;
        for n in 0..steps {
            let at = window
                .from
                .as_ms()
                .saturating_add(width / i64::from(steps) * i64::from(n));
            let Some(one) = self.at(Timestamp::from_ms(at)) else {
                continue;
            };
            count += 1.0;
            sum = Some(sum.map_or(one, |sum| Expectation {
                value: sum.value + one.value,
                low: sum.low + one.low,
                high: sum.high + one.high,
                days: sum.days.min(one.days),
                from: if sum.from == one.from {
                    sum.from
                } else {
                    LearntFrom::AlikeDays
                },
            }));
        }
        sum.map(|sum| Expectation {
            value: sum.value / count,
            low: sum.low / count,
            high: sum.high / count,
            ..sum
        })
    }

    fn hour(&self, hour: SeasonHour) -> Option<Hour> {
        self.hours.get(hour.index()).copied().flatten()
    }

    fn banded(&self, hour: Hour, from: LearntFrom) -> Expectation {
        // The spread of few days is itself uncertain: lean on that of all hours, and on Student's t.
        let weight = f64::from(hour.days) / f64::from(hour.days + 4);
        let typical = self.spread * hour.middle.abs();
        let sigma = (weight * hour.sigma.powi(2) + (1.0 - weight) * typical.powi(2)).sqrt();
        let days = f64::from(hour.days.max(1));
        let half = student(days) * sigma * (1.0 + 1.0 / days).sqrt();
        Expectation {
            value: hour.middle,
            low: hour.middle - half,
            high: hour.middle + half,
            days: hour.days,
            from,
        }
    }
}

fn hour(days: &[Vec<f64>]) -> Option<Hour> {
    let middle = median(days.iter().filter_map(|day| median(day.iter().copied())))?;
    let apart = days.iter().flatten().map(|value| (value - middle).abs());
    Some(Hour {
        middle,
        sigma: median(apart)? * MAD_TO_SIGMA,
        days: u32::try_from(days.len()).unwrap_or(u32::MAX),
    })
}

/// About the 97.5 % quantile of Student's t with `days` degrees of freedom (the first terms of its expansion
/// around the Gaussian's; within 3 % from 3 on, and 12.7 / 4.3 by definition for 1 and 2).
fn student(days: f64) -> f64 {
    if days < 1.5 {
        12.71
    } else if days < 2.5 {
        4.30
    } else {
        let z3 = (Z.powi(3) + Z) / 4.0;
        let z5 = (5.0 * Z.powi(5) + 16.0 * Z.powi(3) + 3.0 * Z) / 96.0;
        Z + z3 / days + z5 / days.powi(2)
    }
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;

    use super::*;

    const HOUR: i64 = 3_600_000;
    /// Monday 2026-06-29, 00:00 in Korea. Weeks without a holiday follow, but for 17 July.
    const MONDAY: i64 = 1_782_658_800_000;

    fn at(hours: i64) -> Timestamp {
        Timestamp::from_ms(MONDAY + hours * HOUR)
    }

    fn load(hour: i64) -> f64 {
        let weekend = hour.rem_euclid(168) >= 120;
        let day = if (9..18).contains(&hour.rem_euclid(24)) {
            100.0
        } else {
            20.0
        };
        if weekend { day / 4.0 } else { day }
    }

    /// Weeks of 5-minute points with a small deterministic ripple.
    fn weeks(n: i64) -> Vec<(Timestamp, f64)> {
        (0..n * 168 * 12)
            .map(|step| {
                let ripple =
                    1.0 + 0.05 * f64::from(i32::try_from(step * 7919 % 201 - 100).unwrap()) / 100.0;
                (
                    Timestamp::from_ms(MONDAY + step * 300_000),
                    load(step / 12) * ripple,
                )
            })
            .collect()
    }

    fn seoul() -> Calendar {
        Calendar::korea(TimeZone::get("Asia/Seoul").unwrap())
    }

    #[test]
    fn the_hour_of_the_week_decides_and_says_from_how_many_weeks() {
        let usual = Usual::learn(weeks(2), seoul());
        let monday = usual.at(at(2 * 168 + 10)).unwrap();
        assert!((monday.value - 100.0).abs() < 3.0, "{monday:?}");
        assert_eq!((monday.days, monday.from), (2, LearntFrom::SameHour));
        let sunday = usual.at(at(2 * 168 + 6 * 24 + 10)).unwrap();
        assert!((sunday.value - 25.0).abs() < 1.0, "{sunday:?}");
    }

    #[test]
    fn an_incident_of_one_week_moves_nothing() {
        let mut points = weeks(4);
        for (when, value) in &mut points {
            if (at(168 + 9)..at(168 + 18)).contains(when) {
                *value *= 50.0;
            }
        }
        let calm = Usual::learn(weeks(4), seoul())
            .at(at(4 * 168 + 10))
            .unwrap();
        let hurt = Usual::learn(points, seoul()).at(at(4 * 168 + 10)).unwrap();
        assert!((hurt.value / calm.value - 1.0).abs() < 0.05, "{hurt:?}");
        assert!(hurt.high < 2.0 * calm.value, "{hurt:?}");
    }

    #[test]
    fn fewer_weeks_make_a_wider_band() {
        let width = |weeks_known: i64| {
            let usual = Usual::learn(weeks(weeks_known), seoul());
            let e = usual.at(at(8 * 168 + 10)).unwrap();
            e.high - e.low
        };
        assert!(width(1) > width(2) && width(2) > width(4) && width(4) > width(8));
    }

    #[test]
    fn a_holiday_never_seen_is_taken_for_a_sunday() {
        // Without Constitution Day, 17 July, which is within the third week.
        let usual = Usual::learn(weeks(2), seoul());
        let holiday = usual.at(at(2 * 168 + 4 * 24 + 10)).unwrap();
        assert_eq!(holiday.from, LearntFrom::Sundays);
        assert!((holiday.value - 25.0).abs() < 1.0, "{holiday:?}");
    }

    #[test]
    fn a_window_is_the_mean_of_its_hours() {
        let usual = Usual::learn(weeks(3), seoul());
        let window = Window::new(at(168 * 4), at(168 * 4 + 24));
        let day = usual.over(window).unwrap();
        let mean = (9.0 * 100.0 + 15.0 * 20.0) / 24.0;
        assert!((day.value - mean).abs() < 2.0, "{day:?} {mean}");
    }

    #[test]
    fn nothing_usual_is_known_of_nothing() {
        let usual = Usual::learn([(at(0), f64::NAN)], seoul());
        assert_eq!(usual.at(at(5)), None);
        assert_eq!(usual.learnt_from(), None);
        assert_eq!(usual.over(Window::new(at(1), at(1))), None);
    }
}
