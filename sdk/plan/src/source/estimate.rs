//! What a source can say beyond measurements: what is usual, and what is to come.
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
