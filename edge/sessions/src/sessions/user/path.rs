//! A path into a JSON or MessagePack value, followed without building the value.
//!
//! Everything beside the path is skipped as it is read. Both formats share the walk, since both are read
//! through serde; of a name that stands twice the last one counts, as in JavaScript and Python.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::Found;

/// Deepest nesting of a MessagePack value (`serde_json` has its own limit).
const DEEPEST: usize = 64;
/// Most steps of a path.
const MOST_STEPS: usize = 16;

/// Names (or positions, in lists), outermost first.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Path(Box<[Box<str>]>);

impl Path {
    /// Reads `a.b.0`; `None` if a step is empty or there are too many.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let steps: Box<[Box<str>]> = text.split('.').map(Box::from).collect();
        (steps.len() <= MOST_STEPS && steps.iter().all(|step| !step.is_empty()))
            .then_some(Self(steps))
    }

    /// The steps.
    pub(super) fn steps(&self) -> &[Box<str>] {
        &self.0
    }

    /// Follows the path through a JSON text.
    pub(super) fn find_json(&self, value: &[u8]) -> Found {
        let mut reader = serde_json::Deserializer::from_slice(value);
        let found = Walk(&self.0).deserialize(&mut reader);
        match (found, reader.end()) {
            (Ok(found), Ok(())) => found,
            _ => Found::Unreadable,
        }
    }

    /// Follows the path through a MessagePack value.
    pub(super) fn find_msgpack(&self, value: &[u8]) -> Found {
        let mut rest = value;
        let mut reader = rmp_serde::Deserializer::new(&mut rest);
        reader.set_max_depth(DEEPEST);
        let found = Walk(&self.0).deserialize(&mut reader);
        drop(reader);
        match found {
            Ok(found) if rest.is_empty() => found,
            _ => Found::Unreadable,
        }
    }
}

/// What is left of the path.
struct Walk<'p>(&'p [Box<str>]);

impl<'de> DeserializeSeed<'de> for Walk<'_> {
    type Value = Found;

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<Found, D::Error> {
        reader.deserialize_any(self)
    }
}

impl Walk<'_> {
    /// A user id if the path ends here; otherwise the path leads nowhere.
    fn end(&self, found: impl FnOnce() -> Found) -> Found {
        if self.0.is_empty() {
            found()
        } else {
            Found::Nobody
        }
    }
}

impl<'de> Visitor<'de> for Walk<'_> {
    type Value = Found;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Found, E> {
        Ok(self.end(|| Found::user(text)))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Found, E> {
        Ok(self.end(|| Found::user(&number.to_string())))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Found, E> {
        Ok(self.end(|| Found::user(&number.to_string())))
    }

    fn visit_bytes<E: Error>(self, bytes: &[u8]) -> Result<Found, E> {
        Ok(self.end(|| std::str::from_utf8(bytes).map_or(Found::Unreadable, Found::user)))
    }

    fn visit_unit<E: Error>(self) -> Result<Found, E> {
        Ok(Found::Nobody)
    }

    fn visit_none<E: Error>(self) -> Result<Found, E> {
        Ok(Found::Nobody)
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<Found, E> {
        Ok(Found::Nobody)
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<Found, E> {
        Ok(Found::Nobody)
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, reader: D) -> Result<Found, D::Error> {
        // A MessagePack extension: a time, or something of the application's own.
        IgnoredAny.visit_newtype_struct(reader)?;
        Ok(Found::Nobody)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Found, A::Error> {
        let Some((step, rest)) = self.0.split_first() else {
            while items.next_element::<IgnoredAny>()?.is_some() {}
            return Ok(Found::Nobody);
        };
        let mut found = Found::Nobody;
        for position in 0_usize.. {
            if step.parse() == Ok(position) {
                match items.next_element_seed(Walk(rest))? {
                    None => break,
                    Some(here) => found = here,
                }
            } else if items.next_element::<IgnoredAny>()?.is_none() {
                break;
            }
        }
        Ok(found)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Found, A::Error> {
        let Some((step, rest)) = self.0.split_first() else {
            while entries.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
            return Ok(Found::Nobody);
        };
        let mut found = Found::Nobody;
        while let Some(is_step) = entries.next_key_seed(Is(step))? {
            if is_step {
                found = entries.next_value_seed(Walk(rest))?;
            } else {
                entries.next_value::<IgnoredAny>()?;
            }
        }
        Ok(found)
    }
}

/// Whether a name is the one looked for.
struct Is<'p>(&'p str);

impl<'de> DeserializeSeed<'de> for Is<'_> {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<bool, D::Error> {
        reader.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Is<'_> {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<bool, E> {
        Ok(name == self.0)
    }

    fn visit_bytes<E: Error>(self, name: &[u8]) -> Result<bool, E> {
        Ok(name == self.0.as_bytes())
    }

    fn visit_u64<E: Error>(self, name: u64) -> Result<bool, E> {
        Ok(self.0.parse() == Ok(name))
    }

    fn visit_i64<E: Error>(self, name: i64) -> Result<bool, E> {
        Ok(self.0.parse() == Ok(name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(path: &str, json: &str, expected: Option<&str>) {
        let expected = expected.map_or(Found::Nobody, |text| Found::User(text.into()));
        assert_eq!(
            Path::parse(path).unwrap().find_json(json.as_bytes()),
            expected
        );
    }

    #[test]
    fn a_path_leads_through_objects_and_lists() {
        check(
            "user",
            r#"{"cookie":{"user":"x"},"user":"kim"}"#,
            Some("kim"),
        );
        check("passport.user", r#"{"passport":{"user":42}}"#, Some("42"));
        check(
            "a.1.b",
            r#"{"a":[{"b":"x"},{"b":"kim"},{"b":"y"}]}"#,
            Some("kim"),
        );
        check("user", r#"{"user":"a","user":"b"}"#, Some("b"));
        check("user", r#"{"user":null}"#, None);
        check("user", r#"{"user":{"id":1}}"#, None);
        check("user", r#"{"user":[1]}"#, None);
        check("user", r#"{"user":true}"#, None);
        check("user.id", r#"{"user":"kim"}"#, None);
        check("a.7", r#"{"a":[1,2]}"#, None);
        check("user", "7", None);
        check("user", r#"{"us\u0065r":"k\u0069m"}"#, Some("kim"));
    }

    #[test]
    fn half_a_value_or_two_are_unreadable() {
        let path = Path::parse("user").unwrap();
        let deep = format!("{}{}", "[".repeat(5000), "]".repeat(5000));
        let deep = format!(r#"{{"user":"kim","x":{deep}}}"#);
        for json in [
            r#"{"user":"kim"}{}"#,
            r#"{"user":"kim""#,
            "",
            r#"{"user":"kim",}"#,
        ] {
            assert_eq!(path.find_json(json.as_bytes()), Found::Unreadable, "{json}");
        }
        // Skipped without recursion or refused: both are bounded.
        let _ = path.find_json(deep.as_bytes());
        let nested = [&b"\x81\xa4user"[..], &[0x91; 5000], b"\x01"].concat();
        assert_eq!(path.find_msgpack(&nested), Found::Unreadable);
    }

    #[test]
    fn messagepack_is_followed_alike() {
        let user = |text: &str| Found::User(text.into());
        let flask = b"\x82\xaa_permanent\xc3\xa8_user_id\xa217";
        assert_eq!(
            Path::parse("_user_id").unwrap().find_msgpack(flask),
            user("17")
        );
        let number = b"\x82\xa1t\xc7\x04\x05\x00\x00\x00\x07\xa1u\xcd\x01\x00";
        assert_eq!(Path::parse("u").unwrap().find_msgpack(number), user("256"));
        assert_eq!(
            Path::parse("u")
                .unwrap()
                .find_msgpack(b"\x81\xa1u\xd6\xff\0\0\0\0"),
            Found::Nobody
        );
        assert_eq!(
            Path::parse("u").unwrap().find_msgpack(b"\x80\x05\x95kim"),
            Found::Unreadable
        );
    }
}
