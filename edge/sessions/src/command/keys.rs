//! Keys of whatever type.

use bytes::Bytes;

use super::{
    ALL_KEYS,
    Access::{Add, Read, Write},
    DATABASES, Keys, KeyspaceFn, NO_KEY, ONE_KEY, Outcome, Refusal, Spec, TWO_KEYS,
    args::{exactly, integer, integer_within, keyword, leading},
    chance, on_keys, scan, told,
};
use crate::{
    engine::{Class, Db},
    protocol::Reply,
};

const fn spec(
    access: super::Access,
    shape: (&'static str, i64, Keys),
    run: KeyspaceFn,
    summary: &'static str,
) -> Spec {
    on_keys("generic", access, shape, run, summary)
}

/// The family.
#[rustfmt::skip]
pub(super) const COMMANDS: &[Spec] = &[
    spec(Write, ("del", -2, ALL_KEYS), del, "Deletes keys"),
    spec(Write, ("unlink", -2, ALL_KEYS), del, "Deletes keys"),
    spec(Read, ("exists", -2, ALL_KEYS), exists, "Counts the keys that exist"),
    spec(Read, ("touch", -2, ALL_KEYS), exists, "Counts the keys that exist and marks them as used"),
    spec(Read, ("type", 2, ONE_KEY), kind, "Returns the type of a key"),
    spec(Write, ("rename", 3, TWO_KEYS), rename, "Renames a key over another"),
    spec(Write, ("renamenx", 3, TWO_KEYS), renamenx, "Renames a key if the new name is free"),
    spec(Add, ("copy", -3, TWO_KEYS), copy, "Copies a key"),
    spec(Read, ("randomkey", 1, NO_KEY), randomkey, "Returns a key by chance"),
    spec(Read, ("keys", 2, NO_KEY), scan::keys, "Returns the keys that match a pattern"),
    spec(Read, ("scan", -2, NO_KEY), scan::scan, "Iterates over the keys"),
];

fn del(db: &mut Db<'_>, args: &[Bytes]) -> Outcome {
    let gone = args.iter().filter(|key| told::deleted(db, key));
    Ok(Reply::count(gone.count()))
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
    if from != to {
        move_over(db, from, to);
    }
    Ok(Reply::OK)
}

fn renamenx(db: &mut Db<'_>, args: &[Bytes]) -> Outcome {
    let [from, to] = exactly(args)?;
    if !db.has(from) {
        return Err(Refusal::NoSuchKey);
    }
    let free = !db.has(to);
    if free {
        move_over(db, from, to);
    }
    Ok(Reply::flag(free))
}

fn move_over(db: &mut Db<'_>, from: &[u8], to: &[u8]) {
    if let Some(entry) = db.remove(from) {
        db.put(to, entry.value, entry.expires);
        db.notify(Class::Generic, "rename_from", from);
        db.notify(Class::Generic, "rename_to", to);
    }
}

fn copy(db: &mut Db<'_>, args: &[Bytes]) -> Outcome {
    let ([from, to], options) = leading(args)?;
    let (number, replace) = read_copy_options(db.number, options)?;
    if number == db.number && from == to {
        return Err(Refusal::Fixed(
            "ERR source and destination objects are the same",
        ));
    }
    let Some((value, expires)) = db
        .entry(from)
        .map(|entry| (entry.value.clone(), entry.expires))
    else {
        return Ok(Reply::flag(false));
    };
    let source = std::mem::replace(&mut db.number, number);
    let free = replace || !db.has(to);
    if free {
        db.put(to, value, expires);
    }
    db.number = source;
    if free {
        db.notify(Class::Generic, "copy_to", to);
    }
    Ok(Reply::flag(free))
}

/// The database of the copy, and whether it may take the place of a key.
fn read_copy_options(own: u8, mut options: &[Bytes]) -> Result<(u8, bool), Refusal> {
    let (mut number, mut replace) = (own, false);
    while let [option, rest @ ..] = options {
        options = match (keyword(option).as_slice(), rest) {
            (b"REPLACE", _) => {
                replace = true;
                rest
            }
            (b"DB", [db, rest @ ..]) => {
                integer(db)?;
                let db = integer_within(db, i32::MIN.into(), i32::MAX.into())?;
                number = u8::try_from(db)
                    .ok()
                    .filter(|number| *number < DATABASES)
                    .ok_or(Refusal::Fixed("ERR DB index is out of range"))?;
                rest
            }
            _ => return Err(Refusal::Syntax),
        };
    }
    Ok((number, replace))
}

fn randomkey(db: &mut Db<'_>, _: &[Bytes]) -> Outcome {
    let drawn = chance::position(db.len()).and_then(|place| db.at(place));
    // Everything from there on may have run out without having been removed yet.
    let drawn = drawn.or_else(|| db.at(0));
    Ok(drawn.map_or(Reply::Null, |key| Reply::copied(key)))
}
