//! The pieces a question is read as.

use super::concept::{Concept, Cue, Noun, Time, Verb};

/// One piece with its place.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Token {
    /// First byte.
    pub(super) at: usize,
    /// Byte after the last.
    pub(super) end: usize,
    pub(super) kind: Kind,
}

/// What a piece is.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Kind {
    /// A known word.
    Word(Concept),
    /// A number with its unit.
    Quantity(Quantity),
    /// A time of day.
    Clock(Clock),
    /// A date; without year the latest such date is meant.
    Date {
        year: Option<i16>,
        month: i8,
        day: i8,
    },
    /// A month by number; without year the latest such month.
    Month { year: Option<i16>, month: i8 },
    /// A year by number.
    Year(i16),
    /// A quarter by number.
    Quarter(i8),
    /// A URL path.
    Path(String),
    /// An address or CIDR range.
    Ip(String),
    /// Something that stands where an address should and is none.
    BadIp,
    /// A word with digits or dashes that names something.
    Ident(String),
    /// Text in quotes.
    Quoted(String),
    /// `~` or `-` between two ends.
    Tilde,
    /// The end of a sentence or a clause mark.
    Stop,
    /// Nothing known.
    Unknown(String),
}

/// A number with its unit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Quantity {
    pub(super) value: f64,
    pub(super) unit: Unit,
}

/// Units of quantities.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unit {
    None,
    Ms,
    Second,
    Minute,
    Hour,
    Day,
    Week,
    Month,
    Year,
    Percent,
    People,
    Piece,
    Machine,
    Times,
    /// Of a rate: "100 requests per second".
    PerSecond,
}

impl Quantity {
    /// As a length in seconds, for units of time up to a week.
    pub(super) fn seconds(self) -> Option<f64> {
        let unit = match self.unit {
            Unit::Ms => 0.001,
            Unit::Second => 1.0,
            Unit::Minute => 60.0,
            Unit::Hour => 3_600.0,
            Unit::Day => 86_400.0,
            Unit::Week => 604_800.0,
            _ => return None,
        };
        Some(self.value * unit)
    }

    /// As a number of seconds, rounded; months count 30 days.
    pub(super) fn whole_seconds(self) -> Option<u64> {
        let seconds = match self.unit {
            Unit::Month => Some(self.value * 30.0 * 86_400.0),
            Unit::Year => Some(self.value * 365.0 * 86_400.0),
            _ => self.seconds(),
        }?;
        whole(seconds)
    }

    pub(super) const fn is_time(self) -> bool {
        matches!(
            self.unit,
            Unit::Ms
                | Unit::Second
                | Unit::Minute
                | Unit::Hour
                | Unit::Day
                | Unit::Week
                | Unit::Month
                | Unit::Year
        )
    }

    /// As a count that fits a plan.
    pub(super) fn count(self) -> Option<u32> {
        whole(self.value).and_then(|count| u32::try_from(count).ok())
    }
}

/// A non-negative number rounded to a whole one; `None` when it is out of any sensible range.
pub(super) fn whole(value: f64) -> Option<u64> {
    const MOST: f64 = 1e15;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "range checked here"
    )]
    (0.0..MOST).contains(&value).then(|| value.round() as u64)
}

/// A time of day as said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Clock {
    pub(super) hour: i8,
    pub(super) minute: i8,
    /// Written as on a 24-hour clock, `15:00`.
    pub(super) exact: bool,
    /// "am" or "pm" stood with it.
    pub(super) half: Option<Half>,
}

/// Half of a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Half {
    Am,
    Pm,
}

impl Token {
    pub(super) const fn concept(&self) -> Option<Concept> {
        match self.kind {
            Kind::Word(concept) => Some(concept),
            _ => None,
        }
    }

    pub(super) const fn cue(&self) -> Option<Cue> {
        match self.kind {
            Kind::Word(Concept::Cue(cue)) => Some(cue),
            _ => None,
        }
    }

    pub(super) const fn noun(&self) -> Option<Noun> {
        match self.kind {
            Kind::Word(Concept::Noun(noun)) => Some(noun),
            _ => None,
        }
    }

    pub(super) const fn time(&self) -> Option<Time> {
        match self.kind {
            Kind::Word(Concept::Time(time)) => Some(time),
            _ => None,
        }
    }

    pub(super) const fn verb(&self) -> Option<Verb> {
        match self.kind {
            Kind::Word(Concept::Verb(verb)) => Some(verb),
            _ => None,
        }
    }

    pub(super) const fn quantity(&self) -> Option<Quantity> {
        match self.kind {
            Kind::Quantity(quantity) => Some(quantity),
            _ => None,
        }
    }
}
