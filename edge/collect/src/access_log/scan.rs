//! The pieces of a log line: words, quoted fields, numbers. Bytes in, nothing kept.

use std::borrow::Cow;

use memchr::{memchr, memchr2_iter};

/// Up to the next space, and what follows it.
pub(super) fn token(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let space = memchr(b' ', line)?;
    let (token, rest) = line.split_at_checked(space)?;
    (!token.is_empty()).then_some((token, rest.get(1..)?))
}

/// Up to the next quote that no backslash precedes, and what follows it. The opening quote is gone.
pub(super) fn quoted(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut escaped = None;
    for at in memchr2_iter(b'"', b'\\', line) {
        if escaped == Some(at) {
            continue;
        }
        if line.get(at) == Some(&b'"') {
            return Some((line.get(..at)?, line.get(at + 1..)?));
        }
        escaped = Some(at + 1);
    }
    None
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
    if memchr(b'\\', field).is_none() {
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
    fn seconds_are_read_to_the_microsecond() {
        let read = |text: &str| microseconds(text.as_bytes());
        assert_eq!(read("0.000"), Some(0));
        assert_eq!(read("12.345678"), Some(12_345_678));
        assert_eq!(read("7"), Some(7_000_000));
        assert_eq!(read("-"), None);
        assert_eq!(read("1.x"), None);
    }
}
