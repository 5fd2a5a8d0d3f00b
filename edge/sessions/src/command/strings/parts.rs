//! Parts of strings.

use bytes::Bytes;

use super::rewrite;
use crate::{
    command::{
        Outcome, Refusal,
        args::{exactly, integer},
    },
    engine::Db,
    protocol::Reply,
};

pub(super) fn strlen(db: &mut Db<'_>, args: &[Bytes]) -> Outcome {
    let [key] = exactly(args)?;
    Ok(Reply::count(db.string(key)?.map_or(0, |value| value.len())))
}

pub(super) fn append(db: &mut Db<'_>, args: &[Bytes]) -> Outcome {
    let [key, tail] = exactly(args)?;
    let before = db.string(key)?.unwrap_or_default();
    let length = before.len() + tail.len();
    if length > db.max_bulk {
        return Err(Refusal::TooLong);
    }
    rewrite(db, key, &[&before[..], tail].concat(), "append");
    Ok(Reply::count(length))
}

pub(super) fn getrange(db: &mut Db<'_>, args: &[Bytes]) -> Outcome {
    let [key, start, end] = exactly(args)?;
    let (start, end) = (integer(start)?, integer(end)?);
    let value = db.string(key)?.unwrap_or_default();
    let part = positions(start, end, value.len());
    Ok(Reply::Bulk(part.map_or_else(Bytes::new, |(from, to)| {
        value.slice(from..to)
    })))
}

/// The positions from `start` to `end`, the latter exclusive in the result; negative ones count from the end.
fn positions(start: i64, end: i64, length: usize) -> Option<(usize, usize)> {
    if start < 0 && end < 0 && start > end {
        return None;
    }
    let length = i64::try_from(length).ok()?;
    let absolute = |position: i64| match position {
        0.. => position,
        _ => position.saturating_add(length).max(0),
    };
    let (start, end) = (absolute(start), absolute(end).min(length - 1));
    let (from, to) = (usize::try_from(start).ok()?, usize::try_from(end + 1).ok()?);
    (from < to).then_some((from, to))
}

pub(super) fn setrange(db: &mut Db<'_>, args: &[Bytes]) -> Outcome {
    let [key, offset, part] = exactly(args)?;
    let offset = usize::try_from(integer(offset)?)
        .map_err(|_| Refusal::Fixed("ERR offset is out of range"))?;
    let before = db.string(key)?.unwrap_or_default();
    if part.is_empty() {
        return Ok(Reply::count(before.len()));
    }
    let end = offset.saturating_add(part.len());
    if end > db.max_bulk {
        return Err(Refusal::TooLong);
    }
    let mut after = before.to_vec();
    after.resize(before.len().max(end), 0);
    if let Some(place) = after.get_mut(offset..end) {
        place.copy_from_slice(part);
    }
    rewrite(db, key, &after, "setrange");
    Ok(Reply::count(after.len()))
}
