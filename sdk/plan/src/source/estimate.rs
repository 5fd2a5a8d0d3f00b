//! What a source can say beyond measurements: what is usual, what is to come, what stood out.
//!
//! Plain numbers with what they were learnt from; the executor words them.

use std::time::Duration;

use bongsu_sdk_model::{Timestamp, Window};

/// What a figure usually is over a window like the one asked about.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Expected {
    /// The middle.
    pub value: f64,
    /// Lower edge of the band that holds 95 of 100 normal values.
    pub low: f64,
    /// Upper edge of it.
    pub high: f64,
    /// Windows of the past it was learnt from, at most one a day.
    pub days: u32,
    /// Which days those were.
    pub basis: Basis,
    /// From the first to the last of the windows it was learnt from.
    pub learnt: Window,
}

/// Which days an expectation was learnt from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Basis {
    /// The same time of the same weekday, or of holidays for a holiday.
    SameWeekday,
    /// Sundays, for a holiday of which too few were seen.
    Sundays,
    /// The same time of all days of the kind (working days or weekends).
    AlikeDays,
}

/// A metric ahead of now.
#[derive(Debug, Clone, PartialEq)]
pub struct Outlook {
    /// The steps ahead, in order; the last holds the end of the window asked about.
    pub steps: Vec<StepAhead>,
    /// The width of a step.
    pub step: Duration,
    /// The history it was made from.
    pub history: Window,
    /// Forecasts of the past that were compared with what came.
    pub tests: u32,
    /// By how much those were wrong on average, in the metric's unit.
    pub mean_error: f64,
    /// The probability that a step crosses the threshold asked about, 0 to 1, as often true as it says.
    pub crossing: Option<f64>,
}

/// One step ahead.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct StepAhead {
    /// Its start.
    pub at: Timestamp,
    /// As likely above as below.
    pub value: f64,
    /// Lower edge of the interval that holds 80 of 100.
    pub low: f64,
    /// Upper edge of it.
    pub high: f64,
}

/// A level to be crossed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Threshold {
    /// In the metric's unit.
    pub level: f64,
    /// Crossed by smaller values.
    pub below: bool,
}

/// Something that stood out of a series.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Oddity {
    /// What it looks like.
    pub kind: OddKind,
    /// From its first value; to the end of the window asked about while it goes on.
    pub window: Window,
    /// Whether it has not ended.
    pub goes_on: bool,
    /// What was expected when it began.
    pub expected: f64,
    /// Lower edge of that.
    pub low: f64,
    /// Upper edge of that.
    pub high: f64,
    /// The value farthest from it; none when none came.
    pub observed: Option<f64>,
    /// How strong the evidence is; orders oddities of one answer.
    pub strength: f64,
    /// How long a normal series runs on average before it looks as odd; none for missing values.
    pub false_alarm_every: Option<Duration>,
}

/// What an oddity looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum OddKind {
    /// Out of what was expected for a short time.
    Spike,
    /// Out of it, and staying there.
    LevelShift,
    /// Missing, or near zero where it should not be.
    Dropout,
    /// Within what was expected, but at the wrong time or in an unusual course.
    Pattern,
}

impl OddKind {
    /// Every kind.
    pub const ALL: [Self; 4] = [Self::Spike, Self::LevelShift, Self::Dropout, Self::Pattern];
}
