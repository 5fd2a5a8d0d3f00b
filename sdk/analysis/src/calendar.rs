//! Which day is a holiday, and which hour of the season an instant belongs to.
//!
//! Korean public holidays with lunar ones and substitute holidays are known for 2020 to 2035
//! ([`Calendar::covers`]); in other years only weekends and the days an operator added are. Never reads a
//! clock or a file: an operator's days are passed in.

mod korea;

use std::collections::BTreeSet;

use bongsu_sdk_model::{Timestamp, Window};
use jiff::{ToSpan as _, Zoned, civil::Date, tz::TimeZone};

use self::korea::{HOLIDAYS, YEARS};

/// Most days a question about holidays looks at.
const MOST_DAYS: usize = 3_700;

/// Holidays in a time zone.
#[derive(Debug, Clone)]
pub struct Calendar {
    zone: TimeZone,
    korea: bool,
    holidays: BTreeSet<Date>,
    workdays: BTreeSet<Date>,
}

/// What kind of day it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum DayKind {
    /// Monday to Friday, no holiday.
    Working,
    /// Saturday or Sunday, no holiday.
    Weekend,
    /// A public holiday or a day of the site's own calendar.
    Holiday,
}

/// An hour of the week, or of a holiday.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SeasonHour {
    /// Monday is 0, Sunday 6, a holiday 7.
    pub day: u8,
    /// Hour of the local clock.
    pub hour: u8,
}

impl SeasonHour {
    /// How many there are.
    pub const COUNT: usize = 8 * 24;

    /// A number below [`Self::COUNT`].
    #[must_use]
    pub fn index(self) -> usize {
        usize::from(self.day.min(7)) * 24 + usize::from(self.hour.min(23))
    }

    /// The hour of another day.
    #[must_use]
    pub const fn on(self, day: u8) -> Self {
        Self { day, ..self }
    }
}

impl Calendar {
    /// Weekends only.
    #[must_use]
    pub const fn plain(zone: TimeZone) -> Self {
        Self {
            zone,
            korea: false,
            holidays: BTreeSet::new(),
            workdays: BTreeSet::new(),
        }
    }

    /// Weekends and the public holidays of Korea.
    #[must_use]
    pub fn korea(zone: TimeZone) -> Self {
        Self {
            korea: true,
            ..Self::plain(zone)
        }
    }

    /// With holidays of one's own.
    #[must_use]
    pub fn with_holidays(mut self, days: impl IntoIterator<Item = Date>) -> Self {
        self.holidays.extend(days);
        self
    }

    /// With days that are worked although the table calls them holidays.
    #[must_use]
    pub fn with_workdays(mut self, days: impl IntoIterator<Item = Date>) -> Self {
        self.workdays.extend(days);
        self
    }

    /// The zone whose days these are.
    #[must_use]
    pub const fn zone(&self) -> &TimeZone {
        &self.zone
    }

    /// Whether public holidays of that year are known.
    #[must_use]
    pub const fn covers(&self, year: i16) -> bool {
        self.korea && year >= YEARS.0 && year <= YEARS.1
    }

    /// Whether `day` is a holiday.
    #[must_use]
    pub fn is_holiday(&self, day: Date) -> bool {
        if self.workdays.contains(&day) {
            return false;
        }
        self.holidays.contains(&day) || (self.korea && public_in_korea(day))
    }

    /// The kind of a day.
    #[must_use]
    pub fn kind(&self, day: Date) -> DayKind {
        if self.is_holiday(day) {
            DayKind::Holiday
        } else if day.weekday().to_monday_zero_offset() >= 5 && !self.workdays.contains(&day) {
            DayKind::Weekend
        } else {
            DayKind::Working
        }
    }

    /// The local date of an instant.
    #[must_use]
    pub fn date(&self, at: Timestamp) -> Date {
        self.local(at).date()
    }

    /// The hour of the season an instant belongs to.
    #[must_use]
    pub fn season_hour(&self, at: Timestamp) -> SeasonHour {
        let local = self.local(at);
        let day = if self.is_holiday(local.date()) {
            7
        } else {
            local.weekday().to_monday_zero_offset().unsigned_abs()
        };
        SeasonHour {
            day,
            hour: local.hour().unsigned_abs(),
        }
    }

    /// The holidays a window touches, at most ten years of them.
    #[must_use]
    pub fn holidays_in(&self, window: Window) -> Vec<Date> {
        let mut days = Vec::new();
        let mut day = self.date(window.from);
        let last = self.date(Timestamp::from_ms(
            window.to.as_ms().saturating_sub(1).max(window.from.as_ms()),
        ));
        for _ in 0..MOST_DAYS {
            if self.is_holiday(day) {
                days.push(day);
            }
            match day.tomorrow() {
                Ok(next) if day < last => day = next,
                _ => break,
            }
        }
        days
    }

    /// What local clocks are ahead of UTC at an instant, ms.
    pub(crate) fn offset_ms(&self, at: Timestamp) -> i32 {
        self.local(at).offset().seconds().saturating_mul(1_000)
    }

    /// Milliseconds the local clock shows since midnight.
    pub(crate) fn ms_of_day(&self, at: Timestamp) -> i64 {
        let time = self.local(at).time();
        let seconds = (i64::from(time.hour()) * 60 + i64::from(time.minute())) * 60
            + i64::from(time.second());
        seconds * 1_000 + i64::from(time.millisecond())
    }

    /// The instant one calendar step earlier on the local clock.
    pub(crate) fn earlier(&self, at: Timestamp, step: CalendarStep) -> Option<Timestamp> {
        let span = match step {
            CalendarStep::Days(n) => i64::from(n).days(),
            CalendarStep::Months(n) => i64::from(n).months(),
            CalendarStep::Years(n) => i64::from(n).years(),
        };
        let there = self.local(at).checked_sub(span).ok()?;
        Some(Timestamp::from_ms(there.timestamp().as_millisecond()))
    }

    fn local(&self, at: Timestamp) -> Zoned {
        let limit = if at.as_ms() < 0 {
            jiff::Timestamp::MIN
        } else {
            jiff::Timestamp::MAX
        };
        jiff::Timestamp::from_millisecond(at.as_ms())
            .unwrap_or(limit)
            .to_zoned(self.zone.clone())
    }
}

/// A step of the calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CalendarStep {
    Days(u16),
    Months(u16),
    Years(u16),
}

fn public_in_korea(day: Date) -> bool {
    let key = day.month().unsigned_abs() as u16 * 100 + u16::from(day.day().unsigned_abs());
    HOLIDAYS
        .iter()
        .find(|(year, _)| *year == day.year())
        .is_some_and(|(_, days)| days.binary_search(&key).is_ok())
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    fn seoul() -> Calendar {
        Calendar::korea(TimeZone::get("Asia/Seoul").unwrap())
    }

    #[test]
    fn lunar_and_substitute_holidays_are_known() {
        let calendar = seoul();
        for day in [
            date(2026, 2, 17), // lunar new year
            date(2026, 3, 2),  // substitute for 1 March, a Sunday
            date(2026, 5, 24), // Buddha's birthday
            date(2026, 9, 25), // Chuseok
            date(2025, 10, 8), // substitute for Chuseok
        ] {
            assert_eq!(calendar.kind(day), DayKind::Holiday, "{day}");
        }
        assert_eq!(calendar.kind(date(2026, 11, 20)), DayKind::Working);
        assert_eq!(calendar.kind(date(2026, 11, 21)), DayKind::Weekend);
    }

    #[test]
    fn outside_the_table_only_weekends_and_ones_own_days_are_known() {
        let calendar = seoul().with_holidays([date(2040, 6, 7)]);
        assert!(calendar.covers(2020) && calendar.covers(2035) && !calendar.covers(2036));
        assert_eq!(calendar.kind(date(2040, 3, 1)), DayKind::Working);
        assert_eq!(calendar.kind(date(2040, 6, 7)), DayKind::Holiday);
    }

    #[test]
    fn a_site_may_work_on_a_holiday() {
        let calendar = seoul().with_workdays([date(2026, 12, 25)]);
        assert_eq!(calendar.kind(date(2026, 12, 25)), DayKind::Working);
    }

    #[test]
    fn every_year_of_the_table_is_sorted_and_real() {
        for (n, (year, days)) in HOLIDAYS.iter().enumerate() {
            assert_eq!(*year, YEARS.0 + i16::try_from(n).unwrap());
            assert!(days.is_sorted());
            for day in *days {
                let (month, day) = (i8::try_from(day / 100), i8::try_from(day % 100));
                assert!(Date::new(*year, month.unwrap(), day.unwrap()).is_ok());
            }
        }
        assert_eq!(HOLIDAYS.last().unwrap().0, YEARS.1);
    }

    #[test]
    fn the_hour_of_the_season_is_local_and_a_holiday_has_its_own() {
        let calendar = seoul();
        let at = |text: &str| {
            let instant: jiff::Timestamp = text.parse().unwrap();
            calendar.season_hour(Timestamp::from_ms(instant.as_millisecond()))
        };
        assert_eq!(at("2026-11-20T00:30:00Z"), SeasonHour { day: 4, hour: 9 });
        assert_eq!(at("2026-12-24T15:00:00Z"), SeasonHour { day: 7, hour: 0 });
        assert!(at("2026-12-25T14:00:00Z").index() < SeasonHour::COUNT);
    }

    #[test]
    fn holidays_of_a_window_are_those_it_touches() {
        let calendar = seoul();
        let ms = |text: &str| {
            Timestamp::from_ms(text.parse::<jiff::Timestamp>().unwrap().as_millisecond())
        };
        let window = Window::new(ms("2026-09-23T15:00:00Z"), ms("2026-09-25T15:00:00Z"));
        assert_eq!(
            calendar.holidays_in(window),
            [date(2026, 9, 24), date(2026, 9, 25)]
        );
        let forever = Window::new(Timestamp::from_ms(i64::MIN), Timestamp::from_ms(i64::MAX));
        assert!(calendar.holidays_in(forever).len() < MOST_DAYS);
    }
}
