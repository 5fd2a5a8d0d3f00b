//! What a window is compared with.

use serde::{Deserialize, Serialize};

use crate::Moment;

/// A baseline; `from` and `to` belong to [`BaselineKind::Range`] only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Baseline {
    /// Which one.
    pub kind: BaselineKind,
    /// First instant inside a range.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Moment>,
    /// First instant after a range.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<Moment>,
}

impl Baseline {
    /// A baseline without edges of its own.
    #[must_use]
    pub const fn of(kind: BaselineKind) -> Self {
        Self {
            kind,
            from: None,
            to: None,
        }
    }

    /// The interval `[from, to)`.
    #[must_use]
    pub const fn range(from: Moment, to: Moment) -> Self {
        Self {
            kind: BaselineKind::Range,
            from: Some(from),
            to: Some(to),
        }
    }
}

/// The baselines there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BaselineKind {
    /// The same clock window one day earlier.
    PreviousDay,
    /// The same clock window seven days earlier.
    SameWeekdayLastWeek,
    /// The week before.
    PreviousWeek,
    /// The month before.
    PreviousMonth,
    /// The same dates one year earlier.
    SamePeriodLastYear,
    /// Working days against Saturdays and Sundays of the window.
    WeekdayVsWeekend,
    /// An interval of its own.
    Range,
    /// What the season makes one expect.
    Usual,
}
