//! Sets.

mod algebra;
mod moves;

use bytes::Bytes;

use super::{
    ALL_KEYS,
    Access::{Add, Read, Write},
    Keys, KeyspaceFn, MOVABLE, ONE_KEY, Outcome, Refusal, Spec, TWO_KEYS,
    args::{exactly, leading},
    chance, on_keys, scan, told,
};
use crate::{
    engine::{Class, Db, Fields},
    protocol::Reply,
};

const fn spec(
    access: super::Access,
    shape: (&'static str, i64, Keys),
    run: KeyspaceFn,
    summary: &'static str,
) -> Spec {
    on_keys("set", access, shape, run, summary)
}

/// The family.
#[rustfmt::skip]
pub(super) const COMMANDS: &[Spec] = &[
    spec(Add, ("sadd", -3, ONE_KEY), sadd, "Adds members to a set"),
    spec(Write, ("srem", -3, ONE_KEY), srem, "Removes members from a set"),
    spec(Read, ("smembers", 2, ONE_KEY), smembers, "Returns the members of a set"),
    spec(Read, ("sismember", 3, ONE_KEY), sismember, "Tells whether a set has a member"),
    spec(Read, ("smismember", -3, ONE_KEY), smismember, "Tells which members a set has"),
    spec(Read, ("scard", 2, ONE_KEY), scard, "Returns the number of members of a set"),
    spec(Read, ("srandmember", -2, ONE_KEY), srandmember, "Returns members of a set by chance"),
    spec(Read, ("sscan", -3, ONE_KEY), sscan, "Iterates over the members of a set"),
    spec(Write, ("spop", -2, ONE_KEY), moves::spop, "Removes members of a set by chance"),
    spec(Write, ("smove", 4, TWO_KEYS), moves::smove, "Moves a member to another set"),
    spec(Read, ("sinter", -2, ALL_KEYS), algebra::sinter, "Returns what several sets share"),
    spec(Read, ("sintercard", -3, MOVABLE), algebra::sintercard, "Counts what several sets share"),
    spec(Add, ("sinterstore", -3, ALL_KEYS), algebra::sinterstore, "Stores what several sets share"),
    spec(Read, ("sunion", -2, ALL_KEYS), algebra::sunion, "Returns the members of any of several sets"),
    spec(Add, ("sunionstore", -3, ALL_KEYS), algebra::sunionstore, "Stores the members of any of several sets"),
    spec(Read, ("sdiff", -2, ALL_KEYS), algebra::sdiff, "Returns what only the first of several sets has"),
    spec(Add, ("sdiffstore", -3, ALL_KEYS), algebra::sdiffstore, "Stores what only the first of several sets has"),
];

fn sadd(db: &mut Db<'_>, args: &[Bytes]) -> Outcome {
    let ([key], names) = leading(args)?;
    let added = db.edit(key, |set| {
        names
            .iter()
            .filter(|name| set.get(name).is_none() && set.insert(name, ()))
            .count()
    })?;
    if added > 0 {
        db.notify(Class::Set, "sadd", key);
    }
    Ok(Reply::count(added))
}

/// Removes members and tells by what name it was done; how many were there.
fn take(
    db: &mut Db<'_>,
    key: &[u8],
    names: &[impl AsRef<[u8]>],
    event: &'static str,
) -> Result<usize, Refusal> {
    let removed = db.edit::<(), _>(key, |set| {
        names
            .iter()
            .filter(|name| set.remove(name.as_ref()))
            .count()
    })?;
    if removed > 0 {
        told::reduced(db, Class::Set, event, key);
    }
    Ok(removed)
}

fn srem(db: &mut Db<'_>, args: &[Bytes]) -> Outcome {
    let ([key], names) = leading(args)?;
    take(db, key, names, "srem").map(Reply::count)
}

fn smembers(db: &mut Db<'_>, args: &[Bytes]) -> Outcome {
    let [key] = exactly(args)?;
    let members = db.fields::<()>(key)?.into_iter().flat_map(Fields::iter);
    Ok(Reply::Set(
        members.map(|(name, ())| Reply::copied(name)).collect(),
    ))
}

fn sismember(db: &mut Db<'_>, args: &[Bytes]) -> Outcome {
    let [key, name] = exactly(args)?;
    let set = db.fields::<()>(key)?;
    Ok(Reply::flag(set.is_some_and(|set| set.get(name).is_some())))
}

fn smismember(db: &mut Db<'_>, args: &[Bytes]) -> Outcome {
    let ([key], names) = leading(args)?;
    let set = db.fields::<()>(key)?;
    let has = |name: &Bytes| Reply::flag(set.is_some_and(|set| set.get(name).is_some()));
    Ok(Reply::Array(names.iter().map(has).collect()))
}

fn scard(db: &mut Db<'_>, args: &[Bytes]) -> Outcome {
    let [key] = exactly(args)?;
    Ok(Reply::count(db.fields::<()>(key)?.map_or(0, Fields::len)))
}

fn srandmember(db: &mut Db<'_>, args: &[Bytes]) -> Outcome {
    if args.len() > 2 {
        return Err(Refusal::Syntax);
    }
    chance::members::<()>(db, args, b"", |()| Reply::Null)
}

fn sscan(db: &mut Db<'_>, args: &[Bytes]) -> Outcome {
    scan::members::<()>(db, args, |()| None)
}
