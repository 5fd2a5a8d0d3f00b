//! What a window is compared with: an earlier one of the calendar, or what is usual.
//!
//! Earlier windows are steps of the local calendar, so equal clock times are compared; each says which
//! holidays it or the window it stands for touches, because such a comparison is of unlike days.
//! [`usual::Usual`] is the season's expectation with a band.

pub mod usual;

use bongsu_sdk_model::Window;
use jiff::civil::Date;

use crate::calendar::{Calendar, CalendarStep};

/// An earlier window of the calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reference {
    /// The same clock window one day earlier.
    PreviousDay,
    /// The same clock window seven days earlier.
    SameWeekday,
    /// The window of the same length right before.
    PreviousUnit,
    /// The same window one month earlier; the last day of a shorter month stands for the missing ones.
    PreviousMonth,
    /// The same dates one year earlier.
    SamePeriodLastYear,
}

/// A window to compare with.
#[derive(Debug, Clone, PartialEq)]
pub struct Compared {
    /// The window to compare with.
    pub window: Window,
    /// Holidays in the window itself.
    pub holidays_now: Vec<Date>,
    /// Holidays in the one it is compared with.
    pub holidays_then: Vec<Date>,
}

impl Compared {
    /// Whether only one of the two has holidays, or they have a different number of them.
    #[must_use]
    pub fn is_uneven(&self) -> bool {
        self.holidays_now.len() != self.holidays_then.len()
    }
}

/// The window `reference` means for `window`; `None` where the calendar ends.
#[must_use]
pub fn earlier(reference: Reference, window: Window, calendar: &Calendar) -> Option<Compared> {
    let step = match reference {
        Reference::PreviousDay => CalendarStep::Days(1),
        Reference::SameWeekday => CalendarStep::Days(7),
        Reference::PreviousMonth => CalendarStep::Months(1),
        Reference::SamePeriodLastYear => CalendarStep::Years(1),
        Reference::PreviousUnit => {
            return Some(compared(window, window.earlier(window.width()), calendar));
        }
    };
    let then = Window::new(
        calendar.earlier(window.from, step)?,
        calendar.earlier(window.to, step)?,
    );
    Some(compared(window, then, calendar))
}

fn compared(now: Window, then: Window, calendar: &Calendar) -> Compared {
    Compared {
        window: then,
        holidays_now: calendar.holidays_in(now),
        holidays_then: calendar.holidays_in(then),
    }
}

#[cfg(test)]
mod tests {
    use bongsu_sdk_model::Timestamp;
    use jiff::{civil::date, tz::TimeZone};

    use super::*;

    fn window(from: &str, to: &str) -> Window {
        let at = |text: &str| {
            let at: jiff::Timestamp = text.parse().unwrap();
            Timestamp::from_ms(at.as_millisecond())
        };
        Window::new(at(from), at(to))
    }

    #[test]
    fn equal_clock_windows_are_compared() {
        let calendar = Calendar::korea(TimeZone::get("Asia/Seoul").unwrap());
        let hour = window("2026-11-20T13:30:00+09:00", "2026-11-20T14:30:00+09:00");
        for (reference, from, to) in [
            (
                Reference::PreviousDay,
                "2026-11-19T13:30:00+09:00",
                "2026-11-19T14:30:00+09:00",
            ),
            (
                Reference::SameWeekday,
                "2026-11-13T13:30:00+09:00",
                "2026-11-13T14:30:00+09:00",
            ),
            (
                Reference::PreviousUnit,
                "2026-11-20T12:30:00+09:00",
                "2026-11-20T13:30:00+09:00",
            ),
            (
                Reference::PreviousMonth,
                "2026-10-20T13:30:00+09:00",
                "2026-10-20T14:30:00+09:00",
            ),
            (
                Reference::SamePeriodLastYear,
                "2025-11-20T13:30:00+09:00",
                "2025-11-20T14:30:00+09:00",
            ),
        ] {
            let found = earlier(reference, hour, &calendar).unwrap();
            assert_eq!(found.window, window(from, to), "{reference:?}");
            assert!(!found.is_uneven());
        }
    }

    #[test]
    fn a_comparison_with_a_holiday_says_so() {
        let calendar = Calendar::korea(TimeZone::get("Asia/Seoul").unwrap());
        let after = window("2026-09-28T00:00:00+09:00", "2026-09-29T00:00:00+09:00");
        let friday = window("2026-10-02T00:00:00+09:00", "2026-10-03T00:00:00+09:00");
        assert!(
            !earlier(Reference::SameWeekday, after, &calendar)
                .unwrap()
                .is_uneven()
        );
        let compared = earlier(Reference::SameWeekday, friday, &calendar).unwrap();
        assert_eq!(compared.holidays_then, [date(2026, 9, 25)]);
        assert!(compared.is_uneven());
    }

    #[test]
    fn the_end_of_the_calendar_is_no_window() {
        let calendar = Calendar::plain(TimeZone::UTC);
        let dawn = Window::new(Timestamp::from_ms(i64::MIN), Timestamp::from_ms(0));
        assert_eq!(earlier(Reference::PreviousDay, dawn, &calendar), None);
    }
}
