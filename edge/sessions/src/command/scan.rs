//! Iterating over keys and over members: `SCAN`, `KEYS`, `HSCAN`, `SSCAN`, `ZSCAN`.
//!
//! The cursor over members, like that over keys, is the number of positions not yet looked at, counted from
//! the top. Removing a member moves the last one into its place, hence only ever downwards, where the cursor
//! still has to pass: what stays is met at least once, as Redis promises.

use bytes::Bytes;

use super::{
    Outcome, Refusal,
    args::{exactly, integer, keyword, leading},
    glob,
};
use crate::{
    engine::{Db, Member},
    protocol::Reply,
};

/// Positions looked at unless `COUNT` is given.
const COUNT: i64 = 10;
/// Up to so many members are answered at once, whatever `COUNT` says, as Redis answers its small encodings.
const AT_ONCE: usize = 128;

pub(super) fn keys(db: &mut Db<'_>, args: &[Bytes]) -> Outcome {
    let [pattern] = exactly(args)?;
    let matching = db.iter().filter(|(key, _)| glob::matches(pattern, key));
    Ok(Reply::Array(
        matching.map(|(key, _)| Reply::copied(key)).collect(),
    ))
}

pub(super) fn scan(db: &mut Db<'_>, args: &[Bytes]) -> Outcome {
    let ([cursor], options) = leading(args)?;
    let cursor = read_cursor(cursor).ok_or(Refusal::Cursor)?;
    let options = Options::read(options, true)?;
    let (next, met) = db.page(cursor, options.count);
    let wanted = met.into_iter().filter(|(key, entry)| {
        options.matches(key)
            && options
                .kind
                .is_none_or(|kind| kind.eq_ignore_ascii_case(entry.value.kind().name().as_bytes()))
    });
    let found = wanted.map(|(key, _)| Reply::copied(key)).collect();
    Ok(page(next, found))
}

/// What an iteration answers: where to go on, and what was met.
fn page(cursor: u64, found: Vec<Reply>) -> Reply {
    Reply::Array(vec![
        Reply::Bulk(cursor.to_string().into()),
        Reply::Array(found),
    ])
}

/// `KEY CURSOR [options]`: the members of a key, each with what `show` gives for it, if anything.
pub(super) fn members<M: Member>(
    db: &mut Db<'_>,
    args: &[Bytes],
    show: impl Fn(&M) -> Option<Reply>,
) -> Outcome {
    let ([key, cursor], options) = leading(args)?;
    let cursor = read_cursor(cursor).ok_or(Refusal::Cursor)?;
    let Some(fields) = db.fields::<M>(key)? else {
        return Ok(page(0, Vec::new()));
    };
    let options = Options::read(options, false)?;
    let from = match usize::try_from(cursor).unwrap_or(usize::MAX) {
        0 => fields.len(),
        cursor => cursor.min(fields.len()),
    };
    let to = match fields.len() {
        ..=AT_ONCE => 0,
        _ => from.saturating_sub(options.count),
    };
    let found = fields
        .slice(from, to)
        .filter(|(name, _)| options.matches(name))
        .flat_map(|(name, member)| std::iter::once(Reply::copied(name)).chain(show(member)));
    Ok(page(to as u64, found.collect()))
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
struct Options<'a> {
    pattern: Option<&'a [u8]>,
    kind: Option<&'a [u8]>,
    count: usize,
}

impl<'a> Options<'a> {
    /// `keys`: of an iteration over keys, which can choose a type.
    fn read(options: &'a [Bytes], keys: bool) -> Result<Self, Refusal> {
        let (mut pattern, mut kind, mut count) = (None, None, COUNT);
        let (pairs, rest) = options.as_chunks::<2>();
        for [option, value] in pairs {
            match keyword(option).as_slice() {
                b"MATCH" => pattern = Some(&**value),
                b"TYPE" if keys => kind = Some(&**value),
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

    fn matches(&self, name: &[u8]) -> bool {
        self.pattern
            .is_none_or(|pattern| glob::matches(pattern, name))
    }
}
