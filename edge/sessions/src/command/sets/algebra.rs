//! What several sets have together.

use bytes::Bytes;

use crate::{
    command::{
        Outcome, Refusal,
        args::{at_least, counted_keys, keyword, leading},
        told,
    },
    engine::{Class, Db, Fields},
    protocol::Reply,
};

type Members = Fields<()>;

/// Finds the members that sets have together.
type Operation = fn(&mut Db<'_>, keys: &[Bytes]) -> Result<Members, Refusal>;

/// Every one of the keys must be a set, or not be there.
fn check(db: &mut Db<'_>, keys: &[Bytes]) -> Result<(), Refusal> {
    for key in keys {
        db.fields::<()>(key)?;
    }
    Ok(())
}

fn intersection(db: &mut Db<'_>, keys: &[Bytes]) -> Result<Members, Refusal> {
    check(db, keys)?;
    let mut sizes = Vec::with_capacity(keys.len());
    for key in keys {
        sizes.push((db.fields::<()>(key)?.map_or(0, Fields::len), key));
    }
    // The smallest has the fewest members to look for in the others.
    sizes.sort_by_key(|(size, _)| *size);
    let mut shared: Option<Members> = None;
    for (_, key) in sizes {
        let mut next = Members::default();
        if let Some(set) = db.fields::<()>(key)? {
            match &shared {
                None => next.clone_from(set),
                Some(shared) => copy(shared, &mut next, |name| set.get(name).is_some()),
            }
        }
        shared = Some(next);
    }
    Ok(shared.unwrap_or_default())
}

fn union(db: &mut Db<'_>, keys: &[Bytes]) -> Result<Members, Refusal> {
    check(db, keys)?;
    let mut all = Members::default();
    for key in keys {
        if let Some(set) = db.fields::<()>(key)? {
            copy(set, &mut all, |_| true);
        }
    }
    Ok(all)
}

fn difference(db: &mut Db<'_>, keys: &[Bytes]) -> Result<Members, Refusal> {
    check(db, keys)?;
    let ([first], others) = leading(keys)?;
    let mut left = db.fields::<()>(first)?.cloned().unwrap_or_default();
    for key in others {
        let Some(set) = db.fields::<()>(key)? else {
            continue;
        };
        let mut next = Members::default();
        copy(&left, &mut next, |name| set.get(name).is_none());
        left = next;
    }
    Ok(left)
}

fn copy(from: &Members, to: &mut Members, wanted: impl Fn(&[u8]) -> bool) {
    for (name, ()) in from.iter().filter(|(name, ())| wanted(name)) {
        to.insert(name, ());
    }
}

fn answer(db: &mut Db<'_>, keys: &[Bytes], operation: Operation) -> Outcome {
    let members = operation(db, keys)?;
    Ok(Reply::Set(
        members
            .iter()
            .map(|(name, ())| Reply::copied(name))
            .collect(),
    ))
}

fn store(db: &mut Db<'_>, args: &[Bytes], operation: Operation, event: &'static str) -> Outcome {
    let ([key], keys) = leading(args)?;
    let members = operation(db, keys)?;
    Ok(told::stored(db, Class::Set, event, key, members))
}

pub(super) fn sinter(db: &mut Db<'_>, args: &[Bytes]) -> Outcome {
    answer(db, args, intersection)
}

pub(super) fn sinterstore(db: &mut Db<'_>, args: &[Bytes]) -> Outcome {
    store(db, args, intersection, "sinterstore")
}

pub(super) fn sunion(db: &mut Db<'_>, args: &[Bytes]) -> Outcome {
    answer(db, args, union)
}

pub(super) fn sunionstore(db: &mut Db<'_>, args: &[Bytes]) -> Outcome {
    store(db, args, union, "sunionstore")
}

pub(super) fn sdiff(db: &mut Db<'_>, args: &[Bytes]) -> Outcome {
    answer(db, args, difference)
}

pub(super) fn sdiffstore(db: &mut Db<'_>, args: &[Bytes]) -> Outcome {
    store(db, args, difference, "sdiffstore")
}

pub(super) fn sintercard(db: &mut Db<'_>, args: &[Bytes]) -> Outcome {
    let (keys, options) = counted_keys(
        args,
        "ERR numkeys should be greater than 0",
        Refusal::Fixed("ERR Number of keys can't be greater than number of args"),
    )?;
    let mut limit = 0;
    let (pairs, rest) = options.as_chunks::<2>();
    for [option, value] in pairs {
        match keyword(option).as_slice() {
            b"LIMIT" => limit = at_least(value, 0, "ERR LIMIT can't be negative")?,
            _ => return Err(Refusal::Syntax),
        }
    }
    if !rest.is_empty() {
        return Err(Refusal::Syntax);
    }
    let count = intersection(db, keys)?.len();
    Ok(Reply::count(if limit == 0 {
        count
    } else {
        count.min(limit)
    }))
}
