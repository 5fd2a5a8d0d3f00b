//! A stretch of calendar time in the reader's zone, before it becomes a window.

use jiff::{
    ToSpan,
    civil::{Date, DateTime},
    tz::TimeZone,
};

use super::concept::Time;
use crate::{Baseline, BaselineKind, Moment, PlanWindow};

/// `[from, to)` in civil time with the kind of stretch it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Period {
    pub(super) from: DateTime,
    pub(super) to: DateTime,
    pub(super) kind: PeriodKind,
}

/// Kinds of stretches, for telling what a comparison compares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PeriodKind {
    Rolling,
    Clock,
    Day,
    Week,
    Month,
    Quarter,
    Year,
    Span,
}

impl Period {
    pub(super) const fn new(from: DateTime, to: DateTime, kind: PeriodKind) -> Self {
        Self { from, to, kind }
    }

    /// A whole day.
    pub(super) fn day(date: Date) -> Self {
        Self::new(start(date), start(later(date, 1)), PeriodKind::Day)
    }

    /// The calendar unit `offset` units from the one that holds `today`.
    pub(super) fn unit(time: Time, today: Date) -> Option<Self> {
        let (first, next, kind) = match time {
            Time::Week(n) => {
                let monday = later(
                    today,
                    -i64::from(today.weekday().to_monday_zero_offset()) + 7 * i64::from(n),
                );
                (monday, later(monday, 7), PeriodKind::Week)
            }
            Time::Month(n) => {
                let first = months(today.first_of_month(), i32::from(n));
                (first, months(first, 1), PeriodKind::Month)
            }
            Time::Quarter(n) => {
                let back = (i32::from(today.month()) - 1) % 3;
                let first = months(today.first_of_month(), 3 * i32::from(n) - back);
                (first, months(first, 3), PeriodKind::Quarter)
            }
            Time::Year(n) => {
                let first = months(today.first_of_year(), 12 * i32::from(n));
                (first, months(first, 12), PeriodKind::Year)
            }
            _ => return None,
        };
        Some(Self::new(start(first), start(next), kind))
    }

    /// A year by number.
    pub(super) fn year(year: i16) -> Option<Self> {
        let first = Date::new(year, 1, 1).ok()?;
        Some(Self::new(
            start(first),
            start(months(first, 12)),
            PeriodKind::Year,
        ))
    }

    /// The latest month of that number that has begun.
    pub(super) fn month(year: Option<i16>, month: i8, today: Date) -> Option<Self> {
        let year = year.unwrap_or(if month > today.month() {
            today.year() - 1
        } else {
            today.year()
        });
        let first = Date::new(year, month, 1).ok()?;
        Some(Self::new(
            start(first),
            start(months(first, 1)),
            PeriodKind::Month,
        ))
    }

    /// Cut at `now` when it has begun and not ended.
    pub(super) fn until(mut self, now: DateTime) -> Self {
        if self.from < now && self.to > now {
            self.to = now;
        }
        self
    }

    /// As a plan writes it.
    pub(super) fn window(self, zone: &TimeZone) -> PlanWindow {
        PlanWindow::Range {
            from: Moment::civil(self.from, zone),
            to: Moment::civil(self.to, zone),
        }
    }

    /// The baseline that `earlier` is for this period: a named step of the calendar where it is one.
    pub(super) fn against(self, earlier: Self, zone: &TimeZone) -> Baseline {
        let days = (self.from.date() - earlier.from.date()).get_days();
        let at = |months: i32| self.from.checked_sub(months.months()).ok() == Some(earlier.from);
        let kind = match (self.kind, earlier.kind) {
            (PeriodKind::Week, PeriodKind::Week) if days == 7 => BaselineKind::PreviousWeek,
            (PeriodKind::Month, PeriodKind::Month) if at(1) => BaselineKind::PreviousMonth,
            (PeriodKind::Year, PeriodKind::Year)
            | (PeriodKind::Month, PeriodKind::Month)
            | (PeriodKind::Quarter, PeriodKind::Quarter)
                if at(12) =>
            {
                BaselineKind::SamePeriodLastYear
            }
            (PeriodKind::Day, PeriodKind::Day)
            | (PeriodKind::Clock, PeriodKind::Clock | PeriodKind::Day)
                if days == 1 =>
            {
                BaselineKind::PreviousDay
            }
            (PeriodKind::Day, PeriodKind::Day)
            | (PeriodKind::Clock, PeriodKind::Clock | PeriodKind::Day)
                if days == 7 =>
            {
                BaselineKind::SameWeekdayLastWeek
            }
            _ => {
                return Baseline::range(
                    Moment::civil(earlier.from, zone),
                    Moment::civil(earlier.to, zone),
                );
            }
        };
        Baseline::of(kind)
    }
}

/// Midnight at the start of a date.
pub(super) fn start(date: Date) -> DateTime {
    date.to_datetime(jiff::civil::Time::midnight())
}

/// A date some days on; itself at the end of the calendar.
pub(super) fn later(date: Date, days: i64) -> Date {
    date.checked_add(days.days()).unwrap_or(date)
}

fn months(date: Date, months: i32) -> Date {
    date.checked_add(months.months()).unwrap_or(date)
}
