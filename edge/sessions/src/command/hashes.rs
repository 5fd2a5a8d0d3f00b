//! Hashes.

use bytes::Bytes;

use super::{
    Access::{Add, Read, Write},
    KeyspaceFn, ONE_KEY, Outcome, Refusal, Spec,
    args::{exactly, integer, leading, number, pairs},
    chance,
    decimal::Extended,
    on_keys, scan, told,
};
use crate::{
    engine::{Class, Db, Fields, WrongType},
    protocol::Reply,
};

const fn spec(
    access: super::Access,
    (name, arity): (&'static str, i64),
    run: KeyspaceFn,
    summary: &'static str,
) -> Spec {
    on_keys("hash", access, (name, arity, ONE_KEY), run, summary)
}

/// The family.
#[rustfmt::skip]
pub(super) const COMMANDS: &[Spec] = &[
    spec(Add, ("hset", -4), hset, "Sets fields of a hash"),
    spec(Add, ("hmset", -4), hmset, "Sets fields of a hash"),
    spec(Add, ("hsetnx", 4), hsetnx, "Sets a field of a hash if it does not exist"),
    spec(Read, ("hget", 3), hget, "Returns a field of a hash"),
    spec(Read, ("hmget", -3), hmget, "Returns several fields of a hash"),
    spec(Read, ("hgetall", 2), hgetall, "Returns all fields of a hash with their values"),
    spec(Write, ("hdel", -3), hdel, "Deletes fields of a hash"),
    spec(Read, ("hexists", 3), hexists, "Tells whether a hash has a field"),
    spec(Read, ("hkeys", 2), hkeys, "Returns all fields of a hash"),
    spec(Read, ("hvals", 2), hvals, "Returns all values of a hash"),
    spec(Read, ("hlen", 2), hlen, "Returns the number of fields of a hash"),
    spec(Add, ("hincrby", 4), hincrby, "Adds to a number in a field of a hash"),
    spec(Add, ("hincrbyfloat", 4), hincrbyfloat, "Adds a fraction to a number in a field"),
    spec(Read, ("hstrlen", 3), hstrlen, "Returns the length of a value of a hash"),
    spec(Read, ("hrandfield", -2), hrandfield, "Returns fields of a hash by chance"),
    spec(Read, ("hscan", -3), hscan, "Iterates over the fields of a hash"),
];

fn set_fields(db: &mut Db<'_>, args: &[Bytes], command: &'static str) -> Result<usize, Refusal> {
    let ([key], rest) = leading(args)?;
    let pairs = pairs(rest, command)?;
    let added = db.edit(key, |hash| {
        pairs
            .iter()
            .filter(|[field, value]| hash.insert(field, Bytes::copy_from_slice(value)))
            .count()
    });
    let added = added?;
    db.notify(Class::Hash, "hset", key);
    Ok(added)
}

fn hset(db: &mut Db<'_>, args: &[Bytes]) -> Outcome {
    set_fields(db, args, "hset").map(Reply::count)
}

fn hmset(db: &mut Db<'_>, args: &[Bytes]) -> Outcome {
    set_fields(db, args, "hmset").map(|_| Reply::OK)
}

fn hsetnx(db: &mut Db<'_>, args: &[Bytes]) -> Outcome {
    let [key, field, value] = exactly(args)?;
    let added = db.edit(key, |hash| {
        hash.get(field).is_none() && hash.insert(field, Bytes::copy_from_slice(value))
    })?;
    if added {
        db.notify(Class::Hash, "hset", key);
    }
    Ok(Reply::flag(added))
}

/// The value of one field.
fn field(db: &mut Db<'_>, args: &[Bytes]) -> Result<Option<Bytes>, Refusal> {
    let [key, field] = exactly(args)?;
    Ok(db
        .fields::<Bytes>(key)?
        .and_then(|hash| hash.get(field))
        .cloned())
}

fn hget(db: &mut Db<'_>, args: &[Bytes]) -> Outcome {
    field(db, args).map(Reply::bulk_or_null)
}

fn hexists(db: &mut Db<'_>, args: &[Bytes]) -> Outcome {
    field(db, args).map(|value| Reply::flag(value.is_some()))
}

fn hstrlen(db: &mut Db<'_>, args: &[Bytes]) -> Outcome {
    field(db, args).map(|value| Reply::count(value.map_or(0, |value| value.len())))
}

fn hmget(db: &mut Db<'_>, args: &[Bytes]) -> Outcome {
    let ([key], names) = leading(args)?;
    let hash = db.fields::<Bytes>(key)?;
    let value = |name: &Bytes| Reply::bulk_or_null(hash.and_then(|hash| hash.get(name)).cloned());
    Ok(Reply::Array(names.iter().map(value).collect()))
}

/// Something of every field, in one order for all commands.
fn each<R>(
    db: &mut Db<'_>,
    args: &[Bytes],
    show: impl Fn(&[u8], &Bytes) -> R,
) -> Result<Vec<R>, WrongType> {
    let [key] = args else { return Ok(Vec::new()) };
    let hash = db.fields::<Bytes>(key)?;
    Ok(hash
        .into_iter()
        .flat_map(Fields::iter)
        .map(|(field, value)| show(field, value))
        .collect())
}

fn name(field: &[u8]) -> Reply {
    Reply::Bulk(Bytes::copy_from_slice(field))
}

fn hgetall(db: &mut Db<'_>, args: &[Bytes]) -> Outcome {
    Ok(Reply::Map(each(db, args, |field, value| {
        (name(field), Reply::Bulk(value.clone()))
    })?))
}

fn hkeys(db: &mut Db<'_>, args: &[Bytes]) -> Outcome {
    Ok(Reply::Array(each(db, args, |field, _| name(field))?))
}

fn hvals(db: &mut Db<'_>, args: &[Bytes]) -> Outcome {
    Ok(Reply::Array(each(db, args, |_, value| {
        Reply::Bulk(value.clone())
    })?))
}

fn hlen(db: &mut Db<'_>, args: &[Bytes]) -> Outcome {
    let [key] = exactly(args)?;
    Ok(Reply::count(
        db.fields::<Bytes>(key)?.map_or(0, Fields::len),
    ))
}

fn hdel(db: &mut Db<'_>, args: &[Bytes]) -> Outcome {
    let ([key], names) = leading(args)?;
    let removed = db.edit::<Bytes, _>(key, |hash| {
        names.iter().filter(|name| hash.remove(name)).count()
    })?;
    if removed > 0 {
        told::reduced(db, Class::Hash, "hdel", key);
    }
    Ok(Reply::count(removed))
}

fn hincrby(db: &mut Db<'_>, args: &[Bytes]) -> Outcome {
    let [key, field, by] = exactly(args)?;
    let by = integer(by)?;
    let sum = db.edit::<Bytes, _>(key, |hash| {
        let before = hash
            .get(field)
            .map_or(Some(0), |value| number(value))
            .ok_or(Refusal::HashNotInteger)?;
        let after = before.checked_add(by).ok_or(Refusal::Overflow)?;
        hash.insert(field, after.to_string().into());
        Ok::<_, Refusal>(after)
    })??;
    db.notify(Class::Hash, "hincrby", key);
    Ok(Reply::Integer(sum))
}

fn hincrbyfloat(db: &mut Db<'_>, args: &[Bytes]) -> Outcome {
    let [key, field, by] = exactly(args)?;
    let by = Extended::read(by).ok_or(Refusal::NotFloat)?;
    if by.is_infinite() {
        return Err(Refusal::Fixed("ERR value is NaN or Infinity"));
    }
    let sum = db.edit::<Bytes, _>(key, |hash| {
        let before = hash.get(field).map_or(&b"0"[..], |value| value);
        let before = Extended::read(before).ok_or(Refusal::Fixed("ERR hash value is not a float"));
        let after = before?.plus(by).ok_or(Refusal::NotFinite)?;
        let after = Bytes::from(after.text());
        hash.insert(field, after.clone());
        Ok::<_, Refusal>(after)
    })??;
    db.notify(Class::Hash, "hincrbyfloat", key);
    Ok(Reply::Bulk(sum))
}

fn hrandfield(db: &mut Db<'_>, args: &[Bytes]) -> Outcome {
    chance::members::<Bytes>(db, args, b"WITHVALUES", |value| Reply::Bulk(value.clone()))
}

fn hscan(db: &mut Db<'_>, args: &[Bytes]) -> Outcome {
    scan::members::<Bytes>(db, args, |value| Some(Reply::Bulk(value.clone())))
}
