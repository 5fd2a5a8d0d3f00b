//! Reading arguments.

use bytes::Bytes;

use super::{Refusal, decimal};

/// Longest name a connection may give itself, bytes.
const LONGEST_NAME: usize = 1024;

/// All arguments of a command with a fixed number of them. The table has checked the number already.
pub(super) fn exactly<const N: usize>(args: &[Bytes]) -> Result<&[Bytes; N], Refusal> {
    args.try_into().map_err(|_| Refusal::Syntax)
}

/// The first `N` arguments, and the rest.
pub(super) fn leading<const N: usize>(args: &[Bytes]) -> Result<(&[Bytes; N], &[Bytes]), Refusal> {
    args.split_first_chunk().ok_or(Refusal::Syntax)
}

/// Arguments that come in pairs; `command` is named if one is left over.
pub(super) fn pairs<'a>(
    args: &'a [Bytes],
    command: &'static str,
) -> Result<&'a [[Bytes; 2]], Refusal> {
    match args.as_chunks::<2>() {
        (pairs, []) if !pairs.is_empty() => Ok(pairs),
        _ => Err(Refusal::Arity(command.into())),
    }
}

/// A number as Redis writes it: no plus sign, no leading zeros, no spaces.
pub(super) fn number(text: &[u8]) -> Option<i64> {
    let digits = text.strip_prefix(b"-").unwrap_or(text);
    let canonical = text == b"0" || matches!(digits, [b'1'..=b'9', ..]);
    let decimal = digits.iter().all(u8::is_ascii_digit);
    if !(canonical && decimal) {
        return None;
    }
    std::str::from_utf8(text).ok()?.parse().ok()
}

/// A number, or Redis's usual refusal.
pub(crate) fn integer(text: &[u8]) -> Result<i64, Refusal> {
    number(text).ok_or(Refusal::NotInteger)
}

/// A number within bounds, or Redis's refusal with them in it.
pub(super) fn integer_within(text: &[u8], least: i64, most: i64) -> Result<i64, Refusal> {
    let number = integer(text)?;
    if (least..=most).contains(&number) {
        return Ok(number);
    }
    Err(Refusal::Text(format!(
        "ERR value is out of range, value must between {least} and {most}"
    )))
}

/// A number of at least `least`, or a refusal in the command's own words.
pub(super) fn at_least(text: &[u8], least: i64, refusal: &'static str) -> Result<usize, Refusal> {
    number(text)
        .filter(|number| *number >= least)
        .and_then(|number| usize::try_from(number).ok())
        .ok_or(Refusal::Fixed(refusal))
}

/// How many, or Redis's refusal of a negative number.
pub(super) fn positive(text: &[u8]) -> Result<usize, Refusal> {
    at_least(text, 0, "ERR value is out of range, must be positive")
}

/// A number with a fraction, or Redis's usual refusal.
pub(super) fn float(text: &[u8]) -> Result<f64, Refusal> {
    decimal::float(text).ok_or(Refusal::NotFloat)
}

/// Keys after their number: how many `refusal`s want at least one, and what follows them.
pub(super) fn counted_keys<'a>(
    args: &'a [Bytes],
    few: &'static str,
    many: impl Into<Refusal>,
) -> Result<(&'a [Bytes], &'a [Bytes]), Refusal> {
    let (count, rest) = args.split_first().ok_or(Refusal::Syntax)?;
    let count = at_least(count, 1, few)?;
    rest.split_at_checked(count).ok_or_else(|| many.into())
}

/// An option or subcommand in upper case, to be matched.
pub(crate) fn keyword(arg: &[u8]) -> Vec<u8> {
    arg.to_ascii_uppercase()
}

/// What Redis answers to a subcommand it does not know.
pub(crate) fn unknown_subcommand(command: &str, subcommand: &[u8]) -> Refusal {
    let shown = String::from_utf8_lossy(
        subcommand
            .get(..subcommand.len().min(128))
            .unwrap_or_default(),
    );
    Refusal::Text(format!(
        "ERR unknown subcommand '{shown}'. Try {command} HELP."
    ))
}

/// What Redis answers to a subcommand with too few or too many arguments.
pub(crate) fn subcommand_arity(command: &str, subcommand: &str) -> Refusal {
    Refusal::Arity(format!("{command}|{subcommand}").into())
}

/// A refusal with a text of its own.
pub(super) fn refuse(text: impl Into<String>) -> Refusal {
    Refusal::Text(text.into())
}

/// A copy of a name without spaces or control characters; `CLIENT LIST` could not be read otherwise. Not a long
/// one: it is held for as long as its connection lives.
pub(super) fn printable(name: &[u8], what: &str) -> Result<Bytes, Refusal> {
    if name.len() > LONGEST_NAME {
        return Err(refuse(format!(
            "ERR {what} cannot be longer than {LONGEST_NAME} bytes"
        )));
    }
    if name.iter().all(u8::is_ascii_graphic) {
        return Ok(Bytes::copy_from_slice(name));
    }
    Err(refuse(format!(
        "ERR {what} cannot contain spaces, newlines or special characters."
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_canonical_decimals() {
        for (text, value) in [
            ("0", Some(0)),
            ("-1", Some(-1)),
            ("9223372036854775807", Some(i64::MAX)),
            ("-9223372036854775808", Some(i64::MIN)),
            ("9223372036854775808", None),
            ("-0", None),
            ("01", None),
            ("+1", None),
            (" 1", None),
            ("", None),
            ("-", None),
            ("1.0", None),
        ] {
            assert_eq!(number(text.as_bytes()), value, "{text:?}");
        }
    }
}
