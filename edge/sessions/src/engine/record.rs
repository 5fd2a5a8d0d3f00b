//! How the state of keys stands on disk: the same pairs in the journal and in the image.
//!
//! One pair per key and one per member of a hash or set, so that touching one field of a large hash writes
//! one small pair. A pair sets state absolutely: applying it twice, or after a newer one was already there
//! and will be applied again, ends in the same state.
//!
//! ```text
//! name   = database (1) · length of the key (4, big endian) · key · 0              the key itself
//!        | database (1) · length of the key (4, big endian) · key · 1 · member     one member of it
//!        | database (1)                                                            the whole database
//! value  = kind, with the highest bit set (1) · expiry, ms since the epoch, big endian, i64::MAX: never (8)
//!        · first put, seconds since the epoch, big endian (4) · the string, if it is one
//!        | the same with that bit clear and without the second time, of an earlier version
//!        | the member's value
//!
//! record = { length of the name (4, little endian) · name · length of the value (4, little endian;
//!            u32::MAX: there is none any more, and no value follows) · value }
//! ```
//!
//! A key's own pair sorts before its members', so that loading an image is one pass.

use bongsu_sdk_model::Timestamp;
use bytes::Bytes;

use super::{
    changes::Changes,
    keyspace::{Entry, Keyspace},
    value::{Kind, Value},
};

/// The bit of a kind that says when the key was first put follows.
const HAS_CREATED: u8 = 0x80;
/// The length that says a name is gone.
const GONE: u32 = u32::MAX;

/// A name and its value; none: it is gone.
pub(super) type Pair<'a> = (&'a [u8], Option<&'a [u8]>);

/// Writes at the end of `out` that a database was emptied; must stand before the state of any key in it.
pub(super) fn encode_cleared(db: u8, out: &mut Vec<u8>) {
    name(out, &[&[db]]);
    out.extend(GONE.to_le_bytes());
}

/// Writes the present state of every key in `changes` at the end of `out`.
pub(super) fn encode(keyspace: &Keyspace, changes: &Changes, out: &mut Vec<u8>) {
    for (db, key, touched) in changes.iter() {
        let entry = keyspace.entry(db, key);
        let length = length(key).to_be_bytes();
        name(out, &[&[db], &length, key, &[0]]);
        match entry {
            Some(entry) => header(out, entry),
            None => out.extend(GONE.to_le_bytes()),
        }
        for member in touched {
            name(out, &[&[db], &length, key, &[1], member]);
            match entry.and_then(|entry| entry.value.member(member)) {
                Some(value) => parts(out, &[value]),
                None => out.extend(GONE.to_le_bytes()),
            }
        }
    }
}

fn name(out: &mut Vec<u8>, pieces: &[&[u8]]) {
    parts(out, pieces);
}

fn parts(out: &mut Vec<u8>, pieces: &[&[u8]]) {
    let total: usize = pieces.iter().map(|piece| piece.len()).sum();
    out.extend(u32::try_from(total).unwrap_or(GONE - 1).to_le_bytes());
    for piece in pieces {
        out.extend_from_slice(piece);
    }
}

fn header(out: &mut Vec<u8>, entry: &Entry) {
    let expires = entry
        .expires
        .map_or(i64::MAX, Timestamp::as_ms)
        .to_be_bytes();
    let string = if let Value::String(value) = &entry.value {
        &value[..]
    } else {
        &[]
    };
    let kind = entry.value.kind() as u8 | HAS_CREATED;
    let created = entry.created.to_be_bytes();
    parts(out, &[&[kind], &expires, &created, string]);
}

fn length(key: &[u8]) -> u32 {
    u32::try_from(key.len()).unwrap_or(u32::MAX)
}

/// The pairs of a record in order; none for what cannot have been written.
pub(super) fn decode(mut record: &[u8]) -> impl Iterator<Item = Option<Pair<'_>>> {
    std::iter::from_fn(move || {
        if record.is_empty() {
            return None;
        }
        let pair = take_pair(&mut record);
        if pair.is_none() {
            record = &[];
        }
        Some(pair)
    })
}

fn take_pair<'a>(record: &mut &'a [u8]) -> Option<Pair<'a>> {
    let length = take_length(record)?;
    let name = take(record, length)?;
    let length = take_length(record)?;
    if length == GONE {
        return Some((name, None));
    }
    Some((name, Some(take(record, length)?)))
}

fn take_length(record: &mut &[u8]) -> Option<u32> {
    let (length, rest) = record.split_first_chunk::<4>()?;
    *record = rest;
    Some(u32::from_le_bytes(*length))
}

fn take<'a>(record: &mut &'a [u8], length: u32) -> Option<&'a [u8]> {
    let (taken, rest) = record.split_at_checked(usize::try_from(length).ok()?)?;
    *record = rest;
    Some(taken)
}

/// What a name names.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Name<'a> {
    /// A database.
    Database(u8),
    /// A key of a database.
    Key(u8, &'a [u8]),
    /// A member of a key.
    Member(u8, &'a [u8], &'a [u8]),
}

/// Reads a name; none: no such name can have been written.
pub(super) fn read_name(name: &[u8]) -> Option<Name<'_>> {
    let (db, rest) = name.split_first()?;
    if rest.is_empty() {
        return Some(Name::Database(*db));
    }
    let (length, rest) = rest.split_first_chunk::<4>()?;
    let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
    let (key, rest) = rest.split_at_checked(length)?;
    match rest {
        [0] => Some(Name::Key(*db, key)),
        [1, member @ ..] => Some(Name::Member(*db, key, member)),
        _ => None,
    }
}

/// What a key's own pair says of it.
#[derive(Debug)]
pub(super) struct Header {
    /// Its value; a hash or set is without its members.
    pub(super) value: Value,
    /// When it ends; none: never.
    pub(super) expires: Option<Timestamp>,
    /// When it was first put, seconds since the epoch; none: it is not known.
    pub(super) created: Option<u32>,
}

/// Reads the value of a key's own pair.
pub(super) fn read_header(value: &[u8]) -> Option<Header> {
    let (kind, rest) = value.split_first()?;
    let (expires, rest) = rest.split_first_chunk::<8>()?;
    let (created, string) = if kind & HAS_CREATED == 0 {
        (None, rest)
    } else {
        let (created, string) = rest.split_first_chunk::<4>()?;
        (Some(u32::from_be_bytes(*created)), string)
    };
    let kind = kind & !HAS_CREATED;
    let expires = Some(i64::from_be_bytes(*expires))
        .filter(|ms| *ms != i64::MAX)
        .map(Timestamp::from_ms);
    let value = match Kind::ALL.into_iter().find(|known| *known as u8 == kind)? {
        Kind::String => Value::String(Bytes::copy_from_slice(string)),
        Kind::Hash => Value::Hash(Box::default()),
        Kind::Set => Value::Set(Box::default()),
        Kind::SortedSet => Value::SortedSet(Box::default()),
    };
    Some(Header {
        value,
        expires,
        created,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused_and_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let pairs: Vec<_> = decode(&bytes).collect();
            prop_assert!(pairs.iter().rev().skip(1).all(Option::is_some));
            let _ = read_name(&bytes);
            let _ = read_header(&bytes);
        }
    }

    #[test]
    fn headers_of_this_and_the_earlier_version_are_read() {
        let header = |bytes: &[u8]| {
            let header = read_header(bytes)?;
            let Value::String(string) = header.value else {
                return None;
            };
            Some((string, header.expires.map(Timestamp::as_ms), header.created))
        };
        let text = Bytes::from_static(b"text");
        let earlier = [&[0][..], &7_i64.to_be_bytes(), b"text"].concat();
        assert_eq!(header(&earlier), Some((text.clone(), Some(7), None)));
        let present = [
            &[0x80][..],
            &i64::MAX.to_be_bytes(),
            &9_u32.to_be_bytes(),
            b"text",
        ]
        .concat();
        assert_eq!(header(&present), Some((text, None, Some(9))));
        assert_eq!(header(&present[..12]), None);
    }

    #[test]
    fn names_are_read_back() {
        let key = [&[3][..], &2_u32.to_be_bytes(), b"ab", &[0]].concat();
        let member = [&[3][..], &2_u32.to_be_bytes(), b"ab", &[1], b"m"].concat();
        assert_eq!(read_name(&key), Some(Name::Key(3, b"ab")));
        assert_eq!(read_name(&member), Some(Name::Member(3, b"ab", b"m")));
        assert_eq!(read_name(&[7]), Some(Name::Database(7)));
        assert_eq!(read_name(&[7, 0, 0]), None);
    }
}
