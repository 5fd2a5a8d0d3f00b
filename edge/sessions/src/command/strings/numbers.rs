//! Strings that are numbers.

use bytes::Bytes;

use super::rewrite;
use crate::{
    command::{
        Outcome, Refusal,
        args::{exactly, integer, number},
        decimal::Extended,
    },
    engine::Db,
    protocol::Reply,
};

pub(super) fn incr(db: &mut Db<'_>, args: &[Bytes]) -> Outcome {
    let [key] = exactly(args)?;
    add(db, key, 1)
}

pub(super) fn decr(db: &mut Db<'_>, args: &[Bytes]) -> Outcome {
    let [key] = exactly(args)?;
    add(db, key, -1)
}

pub(super) fn incrby(db: &mut Db<'_>, args: &[Bytes]) -> Outcome {
    let [key, by] = exactly(args)?;
    add(db, key, integer(by)?)
}

pub(super) fn decrby(db: &mut Db<'_>, args: &[Bytes]) -> Outcome {
    let [key, by] = exactly(args)?;
    let by = integer(by)?.checked_neg();
    add(db, key, by.ok_or(Refusal::DecrementOverflow)?)
}

fn add(db: &mut Db<'_>, key: &[u8], by: i64) -> Outcome {
    let before = db
        .string(key)?
        .map_or(Some(0), |value| number(&value))
        .ok_or(Refusal::NotInteger)?;
    let after = before.checked_add(by).ok_or(Refusal::Overflow)?;
    rewrite(db, key, after.to_string().as_bytes(), "incrby");
    Ok(Reply::Integer(after))
}

pub(super) fn incrbyfloat(db: &mut Db<'_>, args: &[Bytes]) -> Outcome {
    let [key, by] = exactly(args)?;
    let before = db.string(key)?.unwrap_or_else(|| Bytes::from_static(b"0"));
    let before = Extended::read(&before).ok_or(Refusal::NotFloat)?;
    let by = Extended::read(by).ok_or(Refusal::NotFloat)?;
    let after = before.plus(by).ok_or(Refusal::NotFinite)?.text();
    rewrite(db, key, after.as_bytes(), "incrbyfloat");
    Ok(Reply::Bulk(after.into()))
}
