//! The pieces of a log line: words, quoted fields, numbers, time stamps. Bytes in, nothing kept.

use std::borrow::Cow;

use bongsu_sdk_model::Timestamp;
use jiff::{civil::DateTime, tz::Offset};

/// Up to the next space, and what follows it.
pub(super) fn token(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let space = line.iter().position(|b| *b == b' ')?;
    let (token, rest) = line.split_at_checked(space)?;
    (!token.is_empty()).then_some((token, rest.get(1..)?))
}

/// The user, who may hold spaces and brackets, and the first `[time stamp] ` after it that is one.
pub(super) fn user_and_time(line: &[u8]) -> Option<(&[u8], Timestamp, &[u8])> {
    line.windows(2)
        .enumerate()
        .filter(|(_, pair)| pair == b" [")
        .find_map(|(at, _)| {
            let (user, rest) = line.split_at_checked(at)?;
            let (stamp, rest) = rest.get(2..)?.split_at_checked(STAMP.len())?;
            Some((user, time(stamp)?, rest.strip_prefix(b"] ")?))
        })
}

/// Up to the next quote that no backslash precedes, and what follows it. The opening quote is gone.
pub(super) fn quoted(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut escaped = false;
    let end = line.iter().position(|b| {
        let closes = *b == b'"' && !escaped;
        escaped = *b == b'\\' && !escaped;
        closes
    })?;
    Some((line.get(..end)?, line.get(end + 1..)?))
}

/// A quoted field after optional spaces; everything that is left if its end was cut off.
pub(super) fn quoted_or_rest(tail: &[u8]) -> (&[u8], &[u8]) {
    let tail = tail.trim_ascii_start();
    let Some(inside) = tail.strip_prefix(b"\"") else {
        return (b"", skip_word(tail));
    };
    let (field, rest) = quoted(inside).unwrap_or((inside, b""));
    (field, rest.trim_ascii_start())
}

/// What follows a word that was not quoted.
pub(super) fn skip_word(tail: &[u8]) -> &[u8] {
    token(tail).map_or(b"", |(_, rest)| rest)
}

/// Undoes `\"`, `\\`, `\n`, `\t` … and `\xHH`, as Apache and nginx write them. What is not UTF-8 becomes
/// U+FFFD.
pub(super) fn text(field: &[u8]) -> Cow<'_, str> {
    if !field.contains(&b'\\') {
        return String::from_utf8_lossy(field);
    }
    let mut plain = Vec::with_capacity(field.len());
    let mut rest = field;
    while let Some((byte, after)) = rest.split_first() {
        rest = after;
        if *byte != b'\\' {
            plain.push(*byte);
            continue;
        }
        let Some((kind, after)) = rest.split_first() else {
            plain.push(b'\\');
            break;
        };
        rest = after;
        match (kind, hex(rest)) {
            (b'x', Some(value)) => {
                plain.push(value);
                rest = rest.get(2..).unwrap_or_default();
            }
            (b'n', _) => plain.push(b'\n'),
            (b'r', _) => plain.push(b'\r'),
            (b't', _) => plain.push(b'\t'),
            (other, _) => plain.push(*other),
        }
    }
    Cow::Owned(String::from_utf8_lossy(&plain).into_owned())
}

pub(super) fn hex(digits: &[u8]) -> Option<u8> {
    let digits = std::str::from_utf8(digits.get(..2)?).ok()?;
    u8::from_str_radix(digits, 16).ok()
}

/// Digits only, no sign, and nothing beyond 64 bits.
pub(super) fn number(digits: &[u8]) -> Option<u64> {
    if digits.is_empty() {
        return None;
    }
    digits.iter().try_fold(0_u64, |value, digit| {
        let digit = digit.is_ascii_digit().then(|| u64::from(digit - b'0'))?;
        value.checked_mul(10)?.checked_add(digit)
    })
}

/// Decimal seconds such as `0.003`, exactly.
pub(super) fn microseconds(seconds: &[u8]) -> Option<u64> {
    let dot = seconds
        .iter()
        .position(|b| *b == b'.')
        .unwrap_or(seconds.len());
    let (whole, fraction) = seconds.split_at_checked(dot)?;
    let mut micros = number(whole)?.checked_mul(1_000_000)?;
    for (digit, unit) in fraction
        .iter()
        .skip(1)
        .zip([100_000, 10_000, 1_000, 100, 10, 1])
    {
        micros = micros.checked_add(number(&[*digit])? * unit)?;
    }
    Some(micros)
}

/// The shape of a time stamp.
const STAMP: &[u8; 26] = b"17/May/2015:10:05:03 +0000";

/// A time stamp of the shape of [`STAMP`], with its zone, as an instant. A leap second is the one before.
pub(super) fn time(stamp: &[u8]) -> Option<Timestamp> {
    const MONTHS: [&[u8]; 12] = [
        b"Jan", b"Feb", b"Mar", b"Apr", b"May", b"Jun", b"Jul", b"Aug", b"Sep", b"Oct", b"Nov",
        b"Dec",
    ];
    let mut separators = [
        (2, b'/'),
        (6, b'/'),
        (11, b':'),
        (14, b':'),
        (17, b':'),
        (20, b' '),
    ]
    .iter();
    if !separators.all(|(at, separator)| stamp.get(*at) == Some(separator)) {
        return None;
    }
    let part =
        |from: usize, to: usize| number(stamp.get(from..to)?).and_then(|n| i16::try_from(n).ok());
    let small = |from: usize, to: usize| part(from, to).and_then(|n| i8::try_from(n).ok());
    let month = MONTHS
        .iter()
        .zip(1..)
        .find(|(name, _)| stamp.get(3..6) == Some(**name))?
        .1;
    let (hour, minute, second) = (small(12, 14)?, small(15, 17)?, small(18, 20)?.min(59));
    let civil = DateTime::new(part(7, 11)?, month, small(0, 2)?, hour, minute, second, 0).ok()?;
    let sign = match stamp.get(21)? {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let east = i32::from(part(22, 24)?) * 3_600 + i32::from(part(24, 26)?) * 60;
    let offset = Offset::from_seconds(sign * east).ok()?;
    Some(Timestamp::from_ms(
        offset.to_timestamp(civil).ok()?.as_millisecond(),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_of_both_servers_are_undone() {
        let plain = |field: &[u8]| text(field).into_owned();
        assert_eq!(plain(br#"a\"b\\c\x22d\t"#), "a\"b\\c\"d\t");
        assert_eq!(plain(br"\xEA\xB0\x80"), "가");
        assert_eq!(plain(br"\xff\xZZ\"), "\u{fffd}xZZ\\");
    }

    #[test]
    fn zones_are_taken_off() {
        let at = |stamp: &str| time(stamp.as_bytes()).map(Timestamp::as_ms);
        assert_eq!(at("01/Jan/1970:00:00:00 +0000"), Some(0));
        assert_eq!(at("31/Dec/1969:18:30:00 -0530"), Some(0));
        assert_eq!(
            at("29/Feb/2024:23:59:60 +0000"),
            at("29/Feb/2024:23:59:59 +0000")
        );
    }

    #[test]
    fn seconds_are_read_to_the_microsecond() {
        let read = |text: &str| microseconds(text.as_bytes());
        assert_eq!(read("0.000"), Some(0));
        assert_eq!(read("12.345678"), Some(12_345_678));
        assert_eq!(read("7"), Some(7_000_000));
        assert_eq!(read("-"), None);
        assert_eq!(read("1.x"), None);
    }
}
