//! Keys of whatever type.

use bytes::Bytes;

use super::{
    ALL_KEYS,
    Access::{Add, Read, Write},
    NO_KEY, ONE_KEY, Outcome, Refusal, Spec, TWO_KEYS,
    args::{exactly, integer, keyword, leading},
    glob, on_keys,
};
use crate::{engine::Db, protocol::Reply};

/// Keys `SCAN` looks at unless `COUNT` is given.
const SCAN_COUNT: i64 = 10;

/// The family.
pub(super) const COMMANDS: &[Spec] = &[
    on_keys("generic", Write, ("del", -2, ALL_KEYS), del, "Deletes keys"),
    on_keys(
        "generic",
        Write,
        ("unlink", -2, ALL_KEYS),
        del,
        "Deletes keys",
    ),
    on_keys(
        "generic",
        Read,
        ("exists", -2, ALL_KEYS),
        exists,
        "Counts the keys that exist",
    ),
    on_keys(
        "generic",
        Read,
        ("touch", -2, ALL_KEYS),
        exists,
        "Counts the keys that exist",
    ),
    on_keys(
        "generic",
        Read,
        ("type", 2, ONE_KEY),
        kind,
        "Returns the type of a key",
    ),
    on_keys(
        "generic",
        Add,
        ("rename", 3, TWO_KEYS),
        rename,
        "Renames a key over another",
    ),
    on_keys(
        "generic",
        Read,
        ("keys", 2, NO_KEY),
        keys,
        "Returns the keys that match a pattern",
    ),
    on_keys(
        "generic",
        Read,
        ("scan", -2, NO_KEY),
        scan,
        "Iterates over the keys",
    ),
];

fn del(db: &mut Db<'_>, args: &[Bytes]) -> Outcome {
    Ok(Reply::count(
        args.iter().filter(|key| db.remove(key).is_some()).count(),
    ))
}

fn exists(db: &mut Db<'_>, args: &[Bytes]) -> Outcome {
    Ok(Reply::count(args.iter().filter(|key| db.has(key)).count()))
}

fn kind(db: &mut Db<'_>, args: &[Bytes]) -> Outcome {
    let [key] = exactly(args)?;
    Ok(Reply::Status(
        db.entry(key)
            .map_or("none", |entry| entry.value.kind().name()),
    ))
}

fn rename(db: &mut Db<'_>, args: &[Bytes]) -> Outcome {
    let [from, to] = exactly(args)?;
    if !db.has(from) {
        return Err(Refusal::NoSuchKey);
    }
    if from != to
        && let Some(entry) = db.remove(from)
    {
        db.put(to, entry.value, entry.expires);
    }
    Ok(Reply::OK)
}

fn keys(db: &mut Db<'_>, args: &[Bytes]) -> Outcome {
    let [pattern] = exactly(args)?;
    let matching = db.iter().filter(|(key, _)| glob::matches(pattern, key));
    Ok(Reply::Array(
        matching
            .map(|(key, _)| Reply::Bulk(Bytes::copy_from_slice(key)))
            .collect(),
    ))
}

fn scan(db: &mut Db<'_>, args: &[Bytes]) -> Outcome {
    let ([cursor], options) = leading(args)?;
    let cursor = read_cursor(cursor).ok_or(Refusal::Cursor)?;
    let options = ScanOptions::read(options)?;
    let (next, page) = db.page(cursor, options.count);
    let wanted = page.into_iter().filter(|(key, entry)| {
        options
            .pattern
            .is_none_or(|pattern| glob::matches(pattern, key))
            && options
                .kind
                .is_none_or(|kind| kind.eq_ignore_ascii_case(entry.value.kind().name().as_bytes()))
    });
    let found = wanted
        .map(|(key, _)| Reply::Bulk(Bytes::copy_from_slice(key)))
        .collect();
    Ok(Reply::Array(vec![
        Reply::Bulk(next.to_string().into()),
        Reply::Array(found),
    ]))
}

/// As C's `strtoul` reads it, for that is what Redis uses: nothing is zero, a negative number wraps around.
fn read_cursor(text: &[u8]) -> Option<u64> {
    let text = std::str::from_utf8(text).ok()?;
    let cursor = match text.strip_prefix('-') {
        Some(digits) if !digits.starts_with('+') => digits.parse::<u64>().ok()?.wrapping_neg(),
        _ if text.is_empty() => 0,
        _ => text.parse().ok()?,
    };
    Some(cursor)
}

#[derive(Debug)]
struct ScanOptions<'a> {
    pattern: Option<&'a [u8]>,
    kind: Option<&'a [u8]>,
    count: usize,
}

impl<'a> ScanOptions<'a> {
    fn read(options: &'a [Bytes]) -> Result<Self, Refusal> {
        let (mut pattern, mut kind, mut count) = (None, None, SCAN_COUNT);
        let (pairs, rest) = options.as_chunks::<2>();
        for [option, value] in pairs {
            match keyword(option).as_slice() {
                b"MATCH" => pattern = Some(&**value),
                b"TYPE" => kind = Some(&**value),
                b"COUNT" => count = integer(value)?,
                _ => return Err(Refusal::Syntax),
            }
            if count < 1 {
                return Err(Refusal::Syntax);
            }
        }
        if !rest.is_empty() {
            return Err(Refusal::Syntax);
        }
        Ok(Self {
            pattern,
            kind,
            count: usize::try_from(count).unwrap_or(usize::MAX),
        })
    }
}
