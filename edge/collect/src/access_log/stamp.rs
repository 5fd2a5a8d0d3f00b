//! Time stamps of logs: Apache's, HAProxy's, RFC 3339, and numbers since 1970. Exact to the millisecond.

use bongsu_sdk_model::Timestamp;
use jiff::{
    civil::DateTime,
    tz::{Offset, TimeZone},
};

use super::scan::{microseconds, number};

/// The shape of an Apache time stamp, which nginx, Tomcat and most others write, too.
const APACHE: &[u8; 26] = b"17/May/2015:10:05:03 +0000";
/// The shape of HAProxy's, which is in its own zone.
const HAPROXY: &[u8; 24] = b"06/Feb/2009:12:14:14.655";

/// How a stamp is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Form {
    /// `17/May/2015:10:05:03 +0000`
    Apache,
    /// `06/Feb/2009:12:14:14.655` in a zone.
    Haproxy(TimeZone),
    /// `2015-05-17T10:05:03+00:00`, with or without a fraction.
    Iso,
    /// Decimal seconds since 1970.
    Seconds,
    /// Milliseconds since 1970.
    Millis,
    /// Microseconds since 1970.
    Micros,
}

impl Form {
    /// How many bytes a stamp has, if that is fixed.
    pub(super) const fn width(&self) -> Option<usize> {
        match self {
            Self::Apache => Some(APACHE.len()),
            Self::Haproxy(_) => Some(HAPROXY.len()),
            Self::Iso | Self::Seconds | Self::Millis | Self::Micros => None,
        }
    }

    /// The instant of a stamp.
    pub(super) fn read(&self, stamp: &[u8]) -> Option<Timestamp> {
        let ms = |ms: u64| Some(Timestamp::from_ms(i64::try_from(ms).ok()?));
        match self {
            Self::Apache => apache(stamp),
            Self::Haproxy(zone) => haproxy(stamp, zone),
            Self::Iso => iso(std::str::from_utf8(stamp).ok()?),
            Self::Seconds => ms(microseconds(stamp)? / 1_000),
            Self::Millis => ms(number(stamp)?),
            Self::Micros => ms(number(stamp)? / 1_000),
        }
    }
}

/// Whether `text` begins like a stamp of Apache's or HAProxy's; says nothing of its numbers.
pub(super) fn begins_like_one(text: &[u8]) -> bool {
    let separators = [(2, b'/'), (6, b'/'), (11, b':'), (14, b':'), (17, b':')];
    separators
        .iter()
        .all(|(at, separator)| text.get(*at) == Some(separator))
}

/// A stamp of the shape of [`APACHE`], with its zone, as an instant. A leap second is the one before.
pub(super) fn apache(stamp: &[u8]) -> Option<Timestamp> {
    if stamp.len() != APACHE.len() || stamp.get(20) != Some(&b' ') {
        return None;
    }
    let sign = match stamp.get(21)? {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let east = small(stamp, 22, 24)? * 3_600 + small(stamp, 24, 26)? * 60;
    let offset = Offset::from_seconds(sign * east).ok()?;
    let instant = offset.to_timestamp(civil(stamp, 0)?).ok()?;
    Some(Timestamp::from_ms(instant.as_millisecond()))
}

/// An hour that a zone has twice is the earlier one; one that it leaves out is as if it did not.
fn haproxy(stamp: &[u8], zone: &TimeZone) -> Option<Timestamp> {
    if stamp.len() != HAPROXY.len() || stamp.get(20) != Some(&b'.') {
        return None;
    }
    let nanos = small(stamp, 21, 24)? * 1_000_000;
    let instant = zone.to_timestamp(civil(stamp, nanos)?).ok()?;
    Some(Timestamp::from_ms(instant.as_millisecond()))
}

/// RFC 3339; a comma may stand for the point.
pub(super) fn iso(stamp: &str) -> Option<Timestamp> {
    let instant = match stamp.parse::<jiff::Timestamp>() {
        Ok(instant) => instant,
        Err(_) => stamp.replacen(',', ".", 1).parse().ok()?,
    };
    Some(Timestamp::from_ms(instant.as_millisecond()))
}

/// `17/May/2015:10:05:03` at the start of `stamp`.
fn civil(stamp: &[u8], nanos: i32) -> Option<DateTime> {
    if !begins_like_one(stamp) {
        return None;
    }
    let month = month(stamp.get(3..6)?)?;
    let part = |from, to| i8::try_from(small(stamp, from, to)?).ok();
    let year = i16::try_from(small(stamp, 7, 11)?).ok()?;
    let second = part(18, 20)?.min(59);
    DateTime::new(
        year,
        month,
        part(0, 2)?,
        part(12, 14)?,
        part(15, 17)?,
        second,
        nanos,
    )
    .ok()
}

fn month(name: &[u8]) -> Option<i8> {
    Some(match name {
        b"Jan" => 1,
        b"Feb" => 2,
        b"Mar" => 3,
        b"Apr" => 4,
        b"May" => 5,
        b"Jun" => 6,
        b"Jul" => 7,
        b"Aug" => 8,
        b"Sep" => 9,
        b"Oct" => 10,
        b"Nov" => 11,
        b"Dec" => 12,
        _ => return None,
    })
}

/// At most four digits as a number.
fn small(text: &[u8], from: usize, to: usize) -> Option<i32> {
    i32::try_from(number(text.get(from..to)?)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zones_are_taken_off() {
        let at = |stamp: &str| apache(stamp.as_bytes()).map(Timestamp::as_ms);
        assert_eq!(at("01/Jan/1970:00:00:00 +0000"), Some(0));
        assert_eq!(at("31/Dec/1969:18:30:00 -0530"), Some(0));
        assert_eq!(
            at("29/Feb/2024:23:59:60 +0000"),
            at("29/Feb/2024:23:59:59 +0000")
        );
    }

    #[test]
    fn every_form_says_the_same_instant() {
        let seoul = TimeZone::fixed(Offset::constant(9));
        for (form, stamp) in [
            (Form::Apache, "17/May/2015:19:05:03 +0900"),
            (Form::Haproxy(seoul), "17/May/2015:19:05:03.000"),
            (Form::Iso, "2015-05-17T19:05:03+09:00"),
            (Form::Iso, "2015-05-17T19:05:03+0900"),
            (Form::Iso, "2015-05-17T10:05:03,000Z"),
            (Form::Seconds, "1431857103.000"),
            (Form::Millis, "1431857103000"),
            (Form::Micros, "1431857103000000"),
        ] {
            let read = form.read(stamp.as_bytes()).map(Timestamp::as_ms);
            assert_eq!(read, Some(1_431_857_103_000), "{stamp}");
        }
        assert_eq!(Form::Iso.read(b"yesterday"), None);
        assert_eq!(Form::Seconds.read(b"-1"), None);
    }
}
