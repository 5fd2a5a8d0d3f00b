//! From what is said about time to the window, the baseline and the horizon of a plan.

use jiff::ToSpan;

use super::{
    concept::{Cue, Time},
    period::{Period, PeriodKind},
    reading::Reading,
    token::Token,
    window::{self, Said},
};
use crate::{Baseline, BaselineKind, PlanWindow, Span};

/// When a question looks.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct When {
    pub(super) window: Option<PlanWindow>,
    pub(super) baseline: Option<Baseline>,
    pub(super) horizon: Option<Span>,
    /// An hour was taken as afternoon without having been said so.
    pub(super) afternoon: bool,
    /// The baseline was not said and is the usual level.
    pub(super) baseline_assumed: bool,
}

/// Windows of a question that does not compare.
pub(super) fn plain(reading: &Reading<'_>, claimed: &[bool]) -> When {
    let said = window::whole(reading, claimed);
    let zone = reading.now.time_zone();
    let now = reading.now.datetime();
    let mut when = When {
        afternoon: said.afternoon,
        ..When::default()
    };
    when.horizon = said.horizon.map(Span::seconds);
    let shifted = shifted(&said, now);
    let first = said.periods.first().copied();
    when.window = shifted.or(first).map(|period| period.window(zone));
    if when.window.is_none() && said.now && said.horizon.is_none() {
        when.window = Some(PlanWindow::Now);
    }
    when
}

/// "지난주 같은 시간대" without a comparison: the last hour, that much earlier.
fn shifted(said: &Said, now: jiff::civil::DateTime) -> Option<Period> {
    if !(said.has(Time::SameTime) || said.has(Time::SameWeekday)) {
        return None;
    }
    let back = if said.has(Time::Week(-1))
        || said.has(Time::SameWeekday)
        || said.has(Time::PreviousWeek)
    {
        7.days()
    } else if said.has(Time::Day(-1)) || said.has(Time::PreviousDay) {
        1.day()
    } else if said.has(Time::Month(-1)) || said.has(Time::PreviousMonth) {
        1.month()
    } else if said.has(Time::Year(-1)) || said.has(Time::PreviousYear) {
        1.year()
    } else {
        return None;
    };
    let to = now.checked_sub(back).ok()?;
    Some(Period::new(
        to.checked_sub(1.hour()).ok()?,
        to,
        PeriodKind::Clock,
    ))
}

/// Window and baseline of a comparison.
pub(super) fn comparing(reading: &Reading<'_>, claimed: &[bool]) -> When {
    let sides = window::sides(reading, claimed);
    let zone = reading.now.time_zone();
    let mut when = When {
        afternoon: sides.iter().any(|said| said.afternoon),
        ..When::default()
    };
    let named = sides.iter().position(|said| kind_of(said).is_some());
    if let Some(side) = named {
        when.baseline = sides.get(side).and_then(kind_of).map(Baseline::of);
        // The window is said on another side, or on the same one before the words of sameness.
        let others = sides
            .iter()
            .enumerate()
            .filter(|(i, _)| *i != side)
            .map(|(_, said)| said);
        when.window = window_of(others, zone)
            .or_else(|| own_window(sides.get(side)?, when.baseline?.kind, zone));
        return when;
    }
    let any = |time| sides.iter().any(|said| said.has(time));
    if any(Time::Workdays) && any(Time::Weekend) {
        when.baseline = Some(Baseline::of(BaselineKind::WeekdayVsWeekend));
        when.window = window_of(sides.iter(), zone).filter(|window| *window != PlanWindow::Now);
        return when;
    }
    let mut periods: Vec<(usize, Period)> = sides
        .iter()
        .flat_map(|said| said.periods.iter().map(|period| (said.end, *period)))
        .collect();
    periods.sort_by_key(|(_, period)| period.from);
    let now = sides.iter().any(|said| said.now);
    match periods.as_slice() {
        [(_, base), .., (_, later)] if !now => {
            when.window = Some(later.window(zone));
            when.baseline = Some(later.against(*base, zone));
        }
        [(end, only), ..] => {
            if now || is_baseline(reading, *end, *only) {
                when.window = now.then_some(PlanWindow::Now);
                when.baseline = Some(alone(reading, *only));
            } else {
                when.window = Some(only.window(zone));
            }
        }
        [] => when.window = now.then_some(PlanWindow::Now),
    }
    if when.baseline.is_none() && sides.iter().any(|said| said.has(Time::Past)) {
        when.baseline = Some(Baseline::of(BaselineKind::Usual));
        when.baseline_assumed = true;
    }
    when
}

/// The baseline a side names by its words.
fn kind_of(said: &Said) -> Option<BaselineKind> {
    let same = said.has(Time::SameTime) || said.has(Time::SameWeekday);
    Some(match () {
        () if said.has(Time::Usual) => BaselineKind::Usual,
        () if said.has(Time::Workdays) && said.has(Time::Weekend) => BaselineKind::WeekdayVsWeekend,
        () if said.has(Time::PreviousYear)
            || (said.has(Time::SamePeriod)
                && (said.has(Time::Year(-1))
                    || said.has(Time::Recent)
                    || said.has(Time::Past))) =>
        {
            BaselineKind::SamePeriodLastYear
        }
        () if said.has(Time::Year(-1)) && same => BaselineKind::SamePeriodLastYear,
        () if said.has(Time::PreviousMonth)
            || (said.has(Time::Month(-1)) && (same || said.has(Time::SamePeriod))) =>
        {
            BaselineKind::PreviousMonth
        }
        () if said.has(Time::SameWeekday) => BaselineKind::SameWeekdayLastWeek,
        () if said.has(Time::Week(-1)) && said.has(Time::SameTime) => {
            BaselineKind::SameWeekdayLastWeek
        }
        () if said.has(Time::PreviousWeek) && said.has(Time::SameTime) => {
            BaselineKind::SameWeekdayLastWeek
        }
        () if said.has(Time::PreviousWeek)
            || (said.has(Time::Week(-1)) && said.has(Time::SamePeriod)) =>
        {
            BaselineKind::PreviousWeek
        }
        () if said.has(Time::PreviousDay)
            || (said.has(Time::Day(-1)) && (same || said.has(Time::SamePeriod))) =>
        {
            BaselineKind::PreviousDay
        }
        () => return None,
    })
}

fn window_of<'a>(
    mut sides: impl Iterator<Item = &'a Said>,
    zone: &jiff::tz::TimeZone,
) -> Option<PlanWindow> {
    sides.find_map(|said| match said.periods.first() {
        Some(period) => Some(period.window(zone)),
        None => said.now.then_some(PlanWindow::Now),
    })
}

/// "최근 한 달 평일과 주말", "최근 1시간 … 평소와": the side that names the baseline also names the window.
fn own_window(said: &Said, kind: BaselineKind, zone: &jiff::tz::TimeZone) -> Option<PlanWindow> {
    let free = matches!(kind, BaselineKind::WeekdayVsWeekend | BaselineKind::Usual)
        || said
            .periods
            .first()
            .is_some_and(|period| period.kind == PeriodKind::Rolling);
    match said.periods.first() {
        Some(period) if free => Some(period.window(zone)),
        _ => said.now.then_some(PlanWindow::Now),
    }
}

/// Whether a lone past period is what is compared with: marked by a particle or preposition, or because
/// nothing else is.
fn is_baseline(reading: &Reading<'_>, end: usize, period: Period) -> bool {
    let now = reading.now.datetime();
    let past = period.to < now || period.kind == PeriodKind::Clock;
    let marked = reading
        .get(end + 1)
        .is_some_and(|token| matches!(token.cue(), Some(Cue::Compare | Cue::Versus)));
    past || marked
}

/// The baseline that a lone period is for a window that was not said: told from the present unit.
fn alone(reading: &Reading<'_>, period: Period) -> Baseline {
    let today = reading.now.date();
    let unit = match period.kind {
        PeriodKind::Week => Time::Week(0),
        PeriodKind::Month => Time::Month(0),
        PeriodKind::Year => Time::Year(0),
        _ => return Period::day(today).against(period, reading.now.time_zone()),
    };
    Period::unit(unit, today)
        .unwrap_or(period)
        .against(period, reading.now.time_zone())
}

/// The width of a point, and the tokens it is said with: "5분 단위", "in 10-minute steps", "hourly".
pub(super) fn step(reading: &Reading<'_>, claimed: &mut [bool]) -> Option<Span> {
    for (k, token) in reading.tokens.iter().enumerate() {
        let Some(quantity) = token.quantity().filter(|quantity| quantity.is_time()) else {
            continue;
        };
        let behind = reading
            .content_after(k)
            .filter(|next| reading.adjacent(k, *next))
            .and_then(|next| reading.get(next))
            .and_then(Token::cue);
        let before = reading
            .content_before(k)
            .and_then(|k| reading.get(k))
            .and_then(Token::cue);
        let stepped =
            matches!(behind, Some(Cue::Step | Cue::Per)) || matches!(before, Some(Cue::PerBefore));
        if stepped {
            if let Some(claim) = claimed.get_mut(k) {
                *claim = true;
            }
            return quantity.whole_seconds().map(Span::seconds);
        }
    }
    named_step(&reading.text.low)
}

/// Steps that are one word.
const STEPS: &[(&str, u64)] = &[
    ("hour by hour", 3_600),
    ("hourly", 3_600),
    ("minute by minute", 60),
    ("per minute", 60),
    ("by the minute", 60),
    ("day by day", 86_400),
    ("daily", 86_400),
    ("week by week", 604_800),
    ("일 단위", 86_400),
    ("일단위", 86_400),
    ("시간 단위", 3_600),
    ("시간단위", 3_600),
    ("분 단위", 60),
    ("분단위", 60),
    ("주 단위", 604_800),
    ("주단위", 604_800),
];

fn named_step(low: &str) -> Option<Span> {
    let found = STEPS.iter().find(|(name, _)| {
        low.find(name).is_some_and(|at| {
            let before = low.get(..at).unwrap_or_default().chars().next_back();
            before.is_none_or(|c| !c.is_alphanumeric())
        })
    });
    found.map(|(_, seconds)| Span::seconds(*seconds))
}
