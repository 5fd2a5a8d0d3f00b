//! From a plan's window and baseline to concrete intervals.

use std::time::Duration;

use bongsu_sdk_model::{Metric, Timestamp, Window};
use jiff::{Span as CivilSpan, ToSpan, Zoned, tz::TimeZone};

use crate::{Baseline, BaselineKind, Moment, Op, Plan, PlanWindow, Target, moment::instant};

/// What "now" spans: the sliding window of `users.concurrent`.
pub(super) const NOW_WIDTH: Duration = Duration::from_secs(300);
const HOUR: Duration = Duration::from_secs(3_600);
const DAY: Duration = Duration::from_secs(86_400);

/// Days of `weekday_vs_weekend` when nobody said when.
const FOUR_WEEKS: i64 = 28;

/// The interval a plan's window means at `now`; without one, the operation's default.
pub(super) fn resolve(plan: &Plan, now: Timestamp, zone: &TimeZone) -> Window {
    let by_day = plan
        .baseline
        .is_some_and(|baseline| baseline.kind == BaselineKind::WeekdayVsWeekend);
    match plan.window {
        Some(PlanWindow::Range { from, to }) => Window::new(from.at(), to.at()),
        _ if by_day => whole_days(now, FOUR_WEEKS, zone),
        Some(PlanWindow::Now) | None if plan.op == Op::Anomalies => Window::ending_at(now, DAY),
        Some(PlanWindow::Now) | None if plan.op == Op::Report => Window::ending_at(now, DAY * 7),
        Some(PlanWindow::Now) | None
            if matches!(plan.op, Op::Explain | Op::Sizing | Op::Correlate) =>
        {
            Window::ending_at(now, HOUR)
        }
        None if plan.op == Op::List && !live(plan) => Window::ending_at(now, HOUR),
        None if matches!(plan.op, Op::Compare | Op::Top | Op::Series | Op::Peak) => {
            Window::ending_at(now, HOUR)
        }
        Some(PlanWindow::Now) | None => Window::ending_at(now, NOW_WIDTH),
    }
}

/// Whether a list is of what is there now.
fn live(plan: &Plan) -> bool {
    matches!(plan.target, Some(Target::Sessions | Target::Users))
}

/// The `count` calendar days before today.
fn whole_days(now: Timestamp, count: i64, zone: &TimeZone) -> Window {
    let today = instant(now).to_zoned(zone.clone()).start_of_day();
    let of = |day: &Zoned| Timestamp::from_ms(day.timestamp().as_millisecond());
    today
        .and_then(|today| {
            Ok(Window::new(
                of(&today.checked_sub(count.days())?),
                of(&today),
            ))
        })
        .unwrap_or(Window::new(now, now))
}

/// The interval a baseline means for a window. `None` for baselines that are not one interval.
/// Days, months and years are steps of the calendar in `zone`, so that equal clock times are compared.
pub(super) fn baseline(baseline: Baseline, window: Window, zone: &TimeZone) -> Option<Window> {
    let step = match baseline.kind {
        BaselineKind::PreviousDay => 1.day(),
        BaselineKind::SameWeekdayLastWeek | BaselineKind::PreviousWeek => 1.week(),
        BaselineKind::PreviousMonth => 1.month(),
        BaselineKind::SamePeriodLastYear => 1.year(),
        BaselineKind::Range => {
            return Some(Window::new(baseline.from?.at(), baseline.to?.at()));
        }
        BaselineKind::WeekdayVsWeekend | BaselineKind::Usual => return None,
    };
    Some(Window::new(
        earlier(window.from, step, zone)?,
        earlier(window.to, step, zone)?,
    ))
}

fn earlier(at: Timestamp, step: CivilSpan, zone: &TimeZone) -> Option<Timestamp> {
    let there = instant(at).to_zoned(zone.clone()).checked_sub(step).ok()?;
    Some(Timestamp::from_ms(there.timestamp().as_millisecond()))
}

/// Width of a point when nobody said one: at most about 300 points, and of concurrency never less than the
/// 5 minutes it is defined over.
pub(super) fn step(window: Window, metric: Metric) -> Duration {
    const MINUTE: u64 = 60;
    let steps = [MINUTE, 5 * MINUTE, 60 * MINUTE, 24 * 60 * MINUTE];
    let least = if metric == Metric::UsersConcurrent {
        NOW_WIDTH.as_secs()
    } else {
        MINUTE
    };
    let seconds = window.width().as_secs();
    let fits = |step: &u64| *step >= least && seconds / step <= 300;
    Duration::from_secs(steps.into_iter().find(fits).unwrap_or(7 * 24 * 60 * MINUTE))
}

/// The calendar days of `zone` that overlap the window, cut to it.
pub(super) fn days(window: Window, zone: &TimeZone) -> Vec<Window> {
    const MOST: usize = 400;
    let mut days = Vec::new();
    let mut from = window.from;
    while from < window.to && days.len() < MOST {
        let next = instant(from)
            .to_zoned(zone.clone())
            .tomorrow()
            .and_then(|day| day.start_of_day());
        let Ok(next) = next else { break };
        let to = Timestamp::from_ms(next.timestamp().as_millisecond()).min(window.to);
        days.push(Window::new(from, to));
        from = to;
    }
    days
}

/// The interval as a plan writes it.
pub(super) fn shown(window: Window, zone: &TimeZone) -> PlanWindow {
    PlanWindow::Range {
        from: Moment::new(window.from, zone),
        to: Moment::new(window.to, zone),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(kind: BaselineKind, window: (&str, &str), expected: (&str, &str)) {
        let zone = TimeZone::get("Asia/Seoul").unwrap();
        let of = |(from, to): (&str, &str)| {
            Window::new(
                Moment::parse(from).unwrap().at(),
                Moment::parse(to).unwrap().at(),
            )
        };
        assert_eq!(
            baseline(Baseline::of(kind), of(window), &zone),
            Some(of(expected)),
            "{kind:?} {window:?}"
        );
    }

    #[test]
    fn baselines_are_equal_clock_windows() {
        let hour = ("2026-11-20T13:30:00+09:00", "2026-11-20T14:30:00+09:00");
        check(
            BaselineKind::PreviousDay,
            hour,
            ("2026-11-19T13:30:00+09:00", "2026-11-19T14:30:00+09:00"),
        );
        check(
            BaselineKind::SameWeekdayLastWeek,
            hour,
            ("2026-11-13T13:30:00+09:00", "2026-11-13T14:30:00+09:00"),
        );
        check(
            BaselineKind::PreviousMonth,
            ("2026-03-01T00:00:00+09:00", "2026-03-31T12:00:00+09:00"),
            ("2026-02-01T00:00:00+09:00", "2026-02-28T12:00:00+09:00"),
        );
        check(
            BaselineKind::SamePeriodLastYear,
            ("2028-02-29T00:00:00+09:00", "2028-03-01T00:00:00+09:00"),
            ("2027-02-28T00:00:00+09:00", "2027-03-01T00:00:00+09:00"),
        );
    }

    #[test]
    fn days_tile_the_window_at_local_midnight() {
        let zone = TimeZone::get("Asia/Seoul").unwrap();
        let at = |text| Moment::parse(text).unwrap().at();
        let window = Window::new(
            at("2026-10-31T23:00:00+09:00"),
            at("2026-11-02T00:00:00+09:00"),
        );
        let midnight = at("2026-11-01T00:00:00+09:00");
        assert_eq!(
            days(window, &zone),
            [
                Window::new(window.from, midnight),
                Window::new(midnight, window.to)
            ]
        );
    }
}
