//! Anomalies of one metric of one scope: one value at a time, bounded memory, a state that can be stored.
//!
//! Five questions are asked of each value; each answer is a distance, and each distance becomes a surprise,
//! −ln of its tail probability among the series' own earlier distances:
//!
//! | [`Evidence`] | distance | finds |
//! |---|---|---|
//! | `Value` | to the nearest value the series has ever had | spikes, new levels, gaps of the range |
//! | `Hour` | to the nearest value at this time on other days | the right value at the wrong time |
//! | `Level` | to the median level of the last days at this time | departures seen before, slow shifts |
//! | `Course` | of the last 32 rows to the nearest earlier course | a flat line, a missing wave |
//! | `Jump` | of the step from the row before to the nearest earlier step | jumps inside the range |
//!
//! The strength of a row is the greatest weighted surprise. It counts only when it is greater than all
//! strengths of the last 100 rows (one event, one alarm), and less the more often this series was as strong
//! before (a series that often cries needs more evidence).
//!
//! The **stated false-alarm rate** ([`Settings::false_alarm_every`]) is that of the worst of six families of
//! generated normal series (Gaussian, autocorrelated, heavy-tailed, seasonal, counts, rare counts), after the
//! first 1 000 rows; `cargo xtask eval anomaly` measures it anew and prints each family's own.
//!
//! ## Decisions
//!
//! - **Nearest value ever had, not a z-score.** It needs no model of the distribution, is right for counts,
//!   flat lines and two levels alike, and becomes calmer as a series is known longer. Rejected after
//!   measuring: deviation from a moving median, ratio of short to long spread, level difference of two
//!   windows (each far weaker on the public series), adding surprises instead of taking the greatest.
//! - **About 25 KB per series.** 2 000 rows of course are most of it. 500 series are 12 MB.
//! - **An incident is learnt, a dropout is not.** Values had count as had, so a second incident like the first
//!   is found with less strength or, if its values lie within the range by then, not at all. Only rows near
//!   zero that should not be are withheld, until they have lasted 288 rows. Rejected after measuring:
//!   withholding every anomaly's rows (72.6 became 40.8 on the public series: each odd value alarms for ever).

mod daily;
mod detector;
mod event;
mod memory;
mod rate;
mod shape;
mod tail;

use std::time::Duration;

use bongsu_sdk_model::{Timestamp, Window};
use serde::{Deserialize, Serialize};

pub use detector::Detector;

/// What a detector is told about its series.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Settings {
    /// Time between two values; 1 ms at least.
    pub step: Duration,
    /// What local clocks are ahead of UTC, ms: the season is the local day's.
    pub utc_offset_ms: i32,
    /// Rows of a normal series per false alarm in the worst case: 190 … 16 500.
    pub false_alarm_every: f64,
}

impl Settings {
    /// Values every `step`, Korean time, at most one false alarm in 2 000 rows (a week of 5-minute rows).
    #[must_use]
    pub const fn every(step: Duration) -> Self {
        Self {
            step,
            utc_offset_ms: 9 * 3_600_000,
            false_alarm_every: 2_000.0,
        }
    }

    /// Rows of a normal series per alarm of at least this strength, as stated.
    #[must_use]
    pub fn false_alarm_every_at(strength: f64) -> f64 {
        rate::rows(strength)
    }
}

/// What an anomaly looks like so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Out of the band for a short time.
    Spike,
    /// Out of the band, and staying there.
    LevelShift,
    /// Missing, or near zero where it should not be.
    Dropout,
    /// Within the band, but at the wrong time or in an unusual course.
    Pattern,
}

/// Which question found it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Evidence {
    /// A value the series never had.
    Value,
    /// A value it never had at this time of day.
    Hour,
    /// Far from its level of the last days at this time.
    Level,
    /// The last rows together, as never before.
    Course,
    /// A step from one row to the next as never before.
    Jump,
    /// No value came.
    Silence,
}

/// What was to be expected of a value.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Expected {
    /// The middle.
    pub value: f64,
    /// Lower edge of the band.
    pub low: f64,
    /// Upper edge of the band.
    pub high: f64,
    /// From the last days at this time of day; otherwise from the last rows.
    pub seasonal: bool,
}

impl Expected {
    /// Whether `value` is within the band.
    #[must_use]
    pub fn holds(&self, value: f64) -> bool {
        (self.low..=self.high).contains(&value)
    }
}

/// One anomaly, in the unit of its series.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Anomaly {
    /// What it looks like so far.
    pub kind: Kind,
    /// First row of it.
    pub from: Timestamp,
    /// First row after it; `None` while it goes on.
    pub to: Option<Timestamp>,
    /// What was expected when it began.
    pub expected: Expected,
    /// The value farthest from that; `None` when none came.
    pub observed: Option<f64>,
    /// What found it.
    pub evidence: Evidence,
    /// How strong the evidence is: natural logarithms of rarity.
    pub strength: f64,
    /// Rows of a normal series per alarm of this strength.
    pub false_alarm_every: f64,
}

impl Anomaly {
    /// The interval of it, up to `now` while it goes on.
    #[must_use]
    pub fn window(&self, now: Timestamp) -> Window {
        Window::new(self.from, self.to.unwrap_or(now))
    }
}

/// What happened to the series' anomaly with a row.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// One began.
    Began(Anomaly),
    /// It is of another kind than it seemed.
    Became(Anomaly),
    /// It is over.
    Ended(Anomaly),
}

/// What a row was.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Reading {
    /// Strength as an alarm, ≥ 0; 0 for most rows.
    pub strength: f64,
    /// What found it.
    pub evidence: Evidence,
    /// What was expected; `None` while too little is known.
    pub expected: Option<Expected>,
    /// What it changed.
    pub change: Option<Change>,
}

impl Reading {
    const NOTHING: Self = Self {
        strength: 0.0,
        evidence: Evidence::Value,
        expected: None,
        change: None,
    };

    /// The strength within `[0, 1)`.
    #[must_use]
    pub fn score(&self) -> f64 {
        Self::score_of(self.strength)
    }

    /// What a strength is within `[0, 1)`.
    #[must_use]
    pub fn score_of(strength: f64) -> f64 {
        strength / (strength + 10.0)
    }
}
