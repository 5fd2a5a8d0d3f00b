//! Where a page ends and the next begins: the place of its last row in the order.

use std::{fmt, str::FromStr, sync::Arc};

use super::{Candidate, Sort};

/// A place in the order of one [`Sort`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor(pub(super) Place);

/// A row's place: what it is sorted by, then its tag, so that no two are alike.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    value: Value,
    tag: u64,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Value {
    Number(i64),
    Text(Arc<str>),
    Nothing,
}

impl Place {
    /// The place of a session.
    pub(super) fn of(session: &Candidate<'_>, sort: Sort) -> Self {
        let value = match sort {
            Sort::Age => Value::Number(session.created.as_ms()),
            Sort::Idle => Value::Number(session.accessed.as_ms()),
            Sort::Bytes => Value::Number(-i64::try_from(session.bytes).unwrap_or(i64::MAX)),
            Sort::User => session
                .user
                .map_or(Value::Nothing, |user| Value::Text(Arc::clone(user))),
            Sort::Application => Value::Text(Arc::clone(session.application)),
        };
        Self {
            value,
            tag: session.tag,
        }
    }
}

/// Text to be handed back as it is.
impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0.value {
            Value::Number(number) => write!(f, "{:x}-n{number}", self.0.tag),
            Value::Nothing => write!(f, "{:x}-", self.0.tag),
            Value::Text(text) => {
                write!(f, "{:x}-t", self.0.tag)?;
                text.bytes().try_for_each(|byte| write!(f, "{byte:02x}"))
            }
        }
    }
}

impl FromStr for Cursor {
    type Err = CursorError;

    fn from_str(text: &str) -> Result<Self, CursorError> {
        read_cursor(text).map(Self).ok_or(CursorError)
    }
}

/// The text is no cursor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no such place in the list, hint: begin with the first page again")]
pub struct CursorError;

fn read_cursor(text: &str) -> Option<Place> {
    let (tag, value) = text.split_once('-')?;
    let tag = u64::from_str_radix(tag, 16).ok()?;
    let value = if value.is_empty() {
        Value::Nothing
    } else if let Some(number) = value.strip_prefix('n') {
        Value::Number(number.parse().ok()?)
    } else {
        let (pairs, []) = value.strip_prefix('t')?.as_bytes().as_chunks::<2>() else {
            return None;
        };
        let byte = |pair: &[u8; 2]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
        let bytes = pairs.iter().map(byte).collect::<Option<Vec<_>>>()?;
        Value::Text(String::from_utf8(bytes).ok()?.into())
    };
    Some(Place { value, tag })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_is_taken_for_a_cursor_that_is_none() {
        for text in ["", "-", "zz-n1", "1-n", "1-tz", "1-tff", "1-x", "1"] {
            assert_eq!(text.parse::<Cursor>(), Err(CursorError), "{text}");
        }
    }
}
