//! An instant as a plan writes it: with the offset of the zone it was said in.
//!
//! The rest of Bongsu knows only UTC; a plan is read by people, so "yesterday 15:00" must come back as 15:00.
//! The offset is for showing only: two moments are the same window edge when their instants are.

use std::fmt;

use bongsu_sdk_model::Timestamp;
use jiff::{
    civil::DateTime,
    fmt::temporal::Pieces,
    tz::{Offset, TimeZone},
};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

/// An instant with the offset it is written in; RFC 3339 in JSON.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Moment {
    at: Timestamp,
    offset: Offset,
}

/// A time that cannot be used in a plan.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a time; hint: write it with its offset, as 2026-11-20T14:30:00+09:00")]
pub struct MomentError(String);

impl Moment {
    /// The instant `at`, written as a clock in `zone` shows it.
    #[must_use]
    pub fn new(at: Timestamp, zone: &TimeZone) -> Self {
        Self {
            at,
            offset: zone.to_offset(instant(at)),
        }
    }

    /// The instant at which clocks in `zone` show `civil`. In a gap or fold of daylight saving the
    /// "compatible" rule of RFC 5545 decides; an instant outside the supported years is clamped.
    #[must_use]
    pub fn civil(civil: DateTime, zone: &TimeZone) -> Self {
        let at = zone
            .to_ambiguous_timestamp(civil)
            .compatible()
            .map_or(Timestamp::from_ms(0), |at| {
                Timestamp::from_ms(at.as_millisecond())
            });
        Self::new(at, zone)
    }

    /// Reads RFC 3339 with an offset (or `Z`).
    ///
    /// # Errors
    /// [`MomentError`] if it is not a date and time with an offset.
    pub fn parse(text: &str) -> Result<Self, MomentError> {
        let bad = || MomentError(text.chars().take(64).collect());
        let pieces = Pieces::parse(text).map_err(|_| bad())?;
        let time = pieces.time().ok_or_else(bad)?;
        let offset = pieces.to_numeric_offset().ok_or_else(bad)?;
        let at = offset
            .to_timestamp(DateTime::from_parts(pieces.date(), time))
            .map_err(|_| bad())?;
        Ok(Self {
            at: Timestamp::from_ms(at.as_millisecond()),
            offset,
        })
    }

    /// The instant.
    #[must_use]
    pub const fn at(self) -> Timestamp {
        self.at
    }

    /// What a clock at this offset shows.
    #[must_use]
    pub fn wall(self) -> DateTime {
        self.offset.to_datetime(instant(self.at))
    }
}

/// The same instant for the date-time library; clamped to its range.
pub(crate) fn instant(at: Timestamp) -> jiff::Timestamp {
    jiff::Timestamp::from_millisecond(at.as_ms()).unwrap_or(if at.as_ms() < 0 {
        jiff::Timestamp::MIN
    } else {
        jiff::Timestamp::MAX
    })
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let pattern = if self.at.as_ms().rem_euclid(1000) == 0 {
            "%Y-%m-%dT%H:%M:%S"
        } else {
            "%Y-%m-%dT%H:%M:%S%.3f"
        };
        let seconds = self.offset.seconds();
        let sign = if seconds < 0 { '-' } else { '+' };
        let minutes = seconds.abs() / 60;
        write!(
            f,
            "{}{sign}{:02}:{:02}",
            self.wall().strftime(pattern),
            minutes / 60,
            minutes % 60
        )
    }
}

impl fmt::Debug for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Moment {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Moment {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_the_offset_it_was_written_in() {
        for text in [
            "2026-11-20T14:30:00+09:00",
            "2026-11-20T05:30:00+00:00",
            "2026-11-20T14:30:00.250+09:00",
        ] {
            assert_eq!(Moment::parse(text).unwrap().to_string(), text);
        }
        assert_eq!(
            Moment::parse("2026-11-20T05:30:00Z").unwrap().at().as_ms(),
            1_795_152_600_000
        );
    }

    #[test]
    fn a_time_without_an_offset_is_refused_with_a_hint() {
        for text in ["2026-11-20T14:30:00", "2026-11-20", "yesterday", ""] {
            let error = Moment::parse(text).unwrap_err().to_string();
            assert!(error.contains("hint: "), "{error}");
        }
    }
}
