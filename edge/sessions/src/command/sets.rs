//! Sets.

use bytes::Bytes;

use super::{
    Access::{Add, Read, Write},
    KeyspaceFn, ONE_KEY, Outcome, Spec,
    args::{exactly, leading},
    on_keys,
};
use crate::{
    engine::{Db, Fields},
    protocol::Reply,
};

const fn spec(
    access: super::Access,
    (name, arity): (&'static str, i64),
    run: KeyspaceFn,
    summary: &'static str,
) -> Spec {
    on_keys("set", access, (name, arity, ONE_KEY), run, summary)
}

/// The family.
pub(super) const COMMANDS: &[Spec] = &[
    spec(Add, ("sadd", -3), sadd, "Adds members to a set"),
    spec(Write, ("srem", -3), srem, "Removes members from a set"),
    spec(
        Read,
        ("smembers", 2),
        smembers,
        "Returns the members of a set",
    ),
    spec(
        Read,
        ("sismember", 3),
        sismember,
        "Tells whether a set has a member",
    ),
    spec(
        Read,
        ("scard", 2),
        scard,
        "Returns the number of members of a set",
    ),
];

fn sadd(db: &mut Db<'_>, args: &[Bytes]) -> Outcome {
    let ([key], names) = leading(args)?;
    let added = db.edit(key, |set| {
        names
            .iter()
            .filter(|name| set.get(name).is_none() && set.insert(name, ()))
            .count()
    });
    Ok(Reply::count(added?))
}

fn srem(db: &mut Db<'_>, args: &[Bytes]) -> Outcome {
    let ([key], names) = leading(args)?;
    let removed = db.edit::<(), _>(key, |set| {
        names.iter().filter(|name| set.remove(name)).count()
    });
    Ok(Reply::count(removed?))
}

fn smembers(db: &mut Db<'_>, args: &[Bytes]) -> Outcome {
    let [key] = exactly(args)?;
    let members = db.fields::<()>(key)?.into_iter().flat_map(Fields::iter);
    Ok(Reply::Set(
        members
            .map(|(name, ())| Reply::Bulk(Bytes::copy_from_slice(name)))
            .collect(),
    ))
}

fn sismember(db: &mut Db<'_>, args: &[Bytes]) -> Outcome {
    let [key, name] = exactly(args)?;
    Ok(Reply::flag(
        db.fields::<()>(key)?
            .is_some_and(|set| set.get(name).is_some()),
    ))
}

fn scard(db: &mut Db<'_>, args: &[Bytes]) -> Outcome {
    let [key] = exactly(args)?;
    Ok(Reply::count(db.fields::<()>(key)?.map_or(0, Fields::len)))
}
