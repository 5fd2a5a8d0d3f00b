//! Which user a session's value names.
//!
//! Bounded work on any bytes: values over [`LONGEST_VALUE`] are not read, nesting has a limit, nothing
//! is built that is not asked for, and nothing panics. Three answers, because they differ in what follows:
//! a user, no user (the session becomes anonymous), or unreadable (nothing changes).

mod path;
mod php;

use std::{fmt, str::FromStr};

use self::path::Path;

/// Values over this are not parsed, bytes: about a millisecond of work.
const LONGEST_VALUE: usize = 256 << 10;
/// Longest user id, bytes.
const LONGEST_USER: usize = 256;

/// What a value says about whose session it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Found {
    /// This user's.
    User(Box<str>),
    /// Nobody's.
    Nobody,
    /// It cannot be told.
    Unreadable,
}

impl Found {
    /// Takes `text` if it can be a user id: not blank, not too long, no control characters.
    pub(crate) fn user(text: &str) -> Self {
        let text = text.trim();
        if text.is_empty() {
            return Self::Nobody;
        }
        if text.len() > LONGEST_USER || text.chars().any(char::is_control) {
            return Self::Unreadable;
        }
        Self::User(text.into())
    }
}

/// Whether `user` can be a user id.
pub(crate) fn is_user(user: &str) -> bool {
    matches!(Found::user(user), Found::User(found) if *found == *user)
}

/// How a value is written.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Format {
    /// It is the user id itself, or that as a JSON string.
    Plain,
    Json(Path),
    MsgPack(Path),
    Php(Path),
}

impl Format {
    fn read(&self, value: &[u8]) -> Found {
        if value.len() > LONGEST_VALUE {
            return Found::Unreadable;
        }
        match self {
            Self::Plain => plain(value),
            Self::Json(path) => path.find_json(value),
            Self::MsgPack(path) => path.find_msgpack(value),
            Self::Php(path) => php::find(value, path),
        }
    }
}

fn plain(value: &[u8]) -> Found {
    if value.first() == Some(&b'"') {
        return Path::default().find_json(value);
    }
    match std::str::from_utf8(value) {
        // What a JSON serialiser writes for an attribute that is not set.
        Ok("null") => Found::Nobody,
        Ok(text) => Found::user(text),
        Err(_) => Found::Unreadable,
    }
}

/// Where the user id of a session is read from.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct UserSource(Source);

#[derive(Debug, Clone, PartialEq, Eq, Default)]
enum Source {
    #[default]
    None,
    Index,
    Value(Format),
    Field(Box<[u8]>, Format),
}

impl UserSource {
    /// The index of users that the application keeps itself: a set per user with the ids of his sessions.
    pub(crate) fn index() -> Self {
        Self(Source::Index)
    }

    /// Whether it is the application's own index.
    pub(crate) fn is_index(&self) -> bool {
        self.0 == Source::Index
    }

    /// Whether it is in the value of the session.
    pub(crate) fn is_in_value(&self) -> bool {
        matches!(self.0, Source::Value(_) | Source::Field(..))
    }

    /// What a string value says; `None` if the user is not looked for in string values.
    pub(crate) fn in_string(&self, value: &[u8]) -> Option<Found> {
        match &self.0 {
            Source::Value(format) => Some(format.read(value)),
            _ => None,
        }
    }

    /// The field of a hash that names the user, if it is one that does.
    pub(crate) fn field(&self) -> Option<&[u8]> {
        match &self.0 {
            Source::Field(name, _) => Some(name),
            _ => None,
        }
    }

    /// What the value of [`UserSource::field`] says.
    pub(crate) fn in_field(&self, value: &[u8]) -> Found {
        match &self.0 {
            Source::Field(_, format) => format.read(value),
            _ => Found::Unreadable,
        }
    }
}

/// Why a text names no place for a user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UserSourceError;

impl fmt::Display for UserSourceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "is none of \"none\", \"index\", \"value\", \"field:<name>\", \"json:<path>\", \"msgpack:<path>\", \
             \"php:<variable>\" or \"field:<name>:json:<path>\"",
        )
    }
}

impl FromStr for UserSource {
    type Err = UserSourceError;

    fn from_str(text: &str) -> Result<Self, UserSourceError> {
        let source = match text {
            "none" => Source::None,
            "index" => Source::Index,
            "value" => Source::Value(Format::Plain),
            _ => match text.strip_prefix("field:") {
                Some(rest) => field(rest)?,
                None => Source::Value(format(text).ok_or(UserSourceError)?),
            },
        };
        Ok(Self(source))
    }
}

/// A name and, after the last of `:json:` and its like, a path. Names of fields contain colons themselves.
fn field(text: &str) -> Result<Source, UserSourceError> {
    let split = [":json:", ":msgpack:", ":php:"]
        .iter()
        .filter_map(|mark| text.rfind(mark))
        .max();
    let (name, format) = match split {
        None => (text, Some(Format::Plain)),
        Some(at) => {
            let (name, rest) = text.split_at(at);
            (name, format(rest.trim_start_matches(':')))
        }
    };
    match format {
        Some(format) if !name.is_empty() => Ok(Source::Field(name.as_bytes().into(), format)),
        _ => Err(UserSourceError),
    }
}

fn format(text: &str) -> Option<Format> {
    let (name, path) = text.split_once(':')?;
    let path = Path::parse(path)?;
    match name {
        "json" => Some(Format::Json(path)),
        "msgpack" => Some(Format::MsgPack(path)),
        "php" => Some(Format::Php(path)),
        _ => None,
    }
}

/// The session id inside a member of an application's index. Spring writes it with its value serialiser,
/// which by default is Java's: for a string that is seven fixed bytes and the text, read here as such.
pub(crate) fn indexed_id(member: &[u8]) -> Option<&[u8]> {
    if let Some(text) = member.strip_prefix(JAVA_STRING) {
        let (length, id) = text.split_at_checked(2)?;
        let told = length
            .iter()
            .fold(0, |sum, byte| sum << 8 | usize::from(*byte));
        return (told == id.len()).then_some(id);
    }
    match member.strip_prefix(b"\"") {
        Some(text) => text.strip_suffix(b"\""),
        None => Some(member),
    }
}

/// Every form in which the index may hold `id`.
pub(crate) fn indexed_forms(id: &[u8]) -> [Vec<u8>; 3] {
    let length = u16::try_from(id.len()).unwrap_or(0).to_be_bytes();
    [
        id.to_vec(),
        [JAVA_STRING, &length, id].concat(),
        [b"\"", id, b"\""].concat(),
    ]
}

const JAVA_STRING: &[u8] = &[0xac, 0xed, 0x00, 0x05, 0x74];

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn source(text: &str) -> UserSource {
        text.parse().unwrap()
    }

    fn user(text: &str) -> Found {
        Found::User(text.into())
    }

    #[test]
    fn places_are_read_as_written() {
        for bad in [
            "",
            "json",
            "json:",
            "field:",
            "field::json:a",
            "json:a..b",
            "pickle:a",
            "yaml:a",
        ] {
            assert!(bad.parse::<UserSource>().is_err(), "{bad}");
        }
        assert_eq!(
            source("field:sessionAttr:user").field(),
            Some(&b"sessionAttr:user"[..])
        );
        let nested = source("field:sessionAttr:login:json:user.id");
        assert_eq!(nested.field(), Some(&b"sessionAttr:login"[..]));
        assert_eq!(nested.in_field(br#"{"user":{"id":"kim"}}"#), user("kim"));
        assert_eq!(source("none").in_string(b"kim"), None);
        assert!(source("index").is_index());
    }

    #[test]
    fn a_field_is_plain_text_or_a_json_string() {
        let field = source("field:user");
        assert_eq!(field.in_field("김철수".as_bytes()), user("김철수"));
        assert_eq!(field.in_field(br#""kim""#), user("kim"));
        for empty in [&b""[..], b"  ", b"null", b"\"\""] {
            assert_eq!(field.in_field(empty), Found::Nobody, "{empty:?}");
        }
        let java = b"\xac\xed\x00\x05t\x00\x03kim";
        let pickle = b"\x80\x05\x95\x07\x00kim";
        for foreign in [&java[..], pickle, b"a\nb", b"\"open", &[b'x'; 257]] {
            assert_eq!(field.in_field(foreign), Found::Unreadable, "{foreign:?}");
        }
    }

    #[test]
    fn what_is_too_long_is_not_read() {
        let value = format!(
            "{{\"pad\":\"{}\",\"user\":\"kim\"}}",
            "x".repeat(LONGEST_VALUE)
        );
        assert_eq!(
            source("json:user").in_string(value.as_bytes()),
            Some(Found::Unreadable)
        );
    }

    #[test]
    fn the_index_holds_an_id_in_three_forms() {
        for form in indexed_forms(b"33fdd1b6-b496") {
            assert_eq!(indexed_id(&form), Some(&b"33fdd1b6-b496"[..]));
        }
        for broken in [
            &b"\xac\xed\x00\x05t\x00\x09kim"[..],
            b"\xac\xed\x00\x05t\x00",
            b"\"kim",
        ] {
            assert_eq!(indexed_id(broken), None);
        }
    }

    proptest! {
        #[test]
        fn no_bytes_panic_and_what_is_found_is_a_user_id(
            value in proptest::collection::vec(any::<u8>(), 0..400),
        ) {
            for place in ["value", "json:a.b", "json:0", "msgpack:a", "msgpack:a.0", "php:a", "php:a.b"] {
                if let Some(Found::User(found)) = source(place).in_string(&value) {
                    prop_assert!(is_user(&found));
                }
            }
            let _ = indexed_id(&value);
        }

        #[test]
        fn damaged_values_do_not_panic(at in 0_usize..60, byte in any::<u8>(), cut in 0_usize..60) {
            let php = br#"lang|s:2:"ko";user|a:1:{s:2:"id";i:7;}x|O:3:"Foo":1:{s:1:"a";b:1;}"#.to_vec();
            let json = br#"{"cookie":{"path":"/"},"user":{"id":7,"roles":["a","b"]}}"#.to_vec();
            let msgpack = b"\x82\xa4user\x81\xa2id\x07\xa1x\x93\x01\x02\x03".to_vec();
            for (place, mut value) in [("php:user.id", php), ("json:user.id", json), ("msgpack:user.id", msgpack)] {
                prop_assert_eq!(source(place).in_string(&value), Some(user("7")));
                let len = value.len();
                value[at % len] = byte;
                value.truncate(len - cut % len);
                let _ = source(place).in_string(&value);
            }
        }
    }
}
