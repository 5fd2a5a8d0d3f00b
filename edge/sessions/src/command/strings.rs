//! Strings.

mod numbers;
mod parts;

use bytes::Bytes;

use super::{
    ALL_KEYS,
    Access::{Add, Read, Write},
    KEY_VALUE_PAIRS, Keys, KeyspaceFn, ONE_KEY, Outcome, Spec,
    args::{exactly, leading, pairs},
    lifetime::{Lifetime, Options, Unit},
    on_keys, told,
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
    on_keys("string", access, shape, run, summary)
}

/// The family.
#[rustfmt::skip]
pub(super) const COMMANDS: &[Spec] = &[
    spec(Add, ("set", -3, ONE_KEY), set, "Sets the string value of a key"),
    spec(Read, ("get", 2, ONE_KEY), get, "Returns the string value of a key"),
    spec(Write, ("getex", -2, ONE_KEY), getex, "Returns a value and changes its expiry"),
    spec(Write, ("getdel", 2, ONE_KEY), getdel, "Returns a value and deletes the key"),
    spec(Add, ("getset", 3, ONE_KEY), getset, "Returns a value and sets another"),
    spec(Add, ("setex", 4, ONE_KEY), setex, "Sets a value and its lifetime in seconds"),
    spec(Add, ("psetex", 4, ONE_KEY), psetex, "Sets a value and its lifetime in milliseconds"),
    spec(Add, ("setnx", 3, ONE_KEY), setnx, "Sets a value if the key does not exist"),
    spec(Read, ("mget", -2, ALL_KEYS), mget, "Returns the values of several keys"),
    spec(Add, ("mset", -3, KEY_VALUE_PAIRS), mset, "Sets the values of several keys"),
    spec(Add, ("msetnx", -3, KEY_VALUE_PAIRS), msetnx, "Sets several values if no key exists"),
    spec(Read, ("strlen", 2, ONE_KEY), parts::strlen, "Returns the length of a value"),
    spec(Add, ("append", 3, ONE_KEY), parts::append, "Appends to a value"),
    spec(Read, ("getrange", 4, ONE_KEY), parts::getrange, "Returns a part of a value"),
    spec(Read, ("substr", 4, ONE_KEY), parts::getrange, "Returns a part of a value"),
    spec(Add, ("setrange", 4, ONE_KEY), parts::setrange, "Writes over a part of a value"),
    spec(Add, ("incr", 2, ONE_KEY), numbers::incr, "Adds one to a number"),
    spec(Add, ("decr", 2, ONE_KEY), numbers::decr, "Takes one from a number"),
    spec(Add, ("incrby", 3, ONE_KEY), numbers::incrby, "Adds to a number"),
    spec(Add, ("decrby", 3, ONE_KEY), numbers::decrby, "Takes from a number"),
    spec(Add, ("incrbyfloat", 3, ONE_KEY), numbers::incrbyfloat, "Adds to a number a fraction"),
];

fn set(db: &mut Db<'_>, args: &[Bytes]) -> Outcome {
    let ([key, value], options) = leading(args)?;
    let options = Options::read(options, true)?;
    let end = options
        .lifetime
        .map(|lifetime| lifetime.end(db.now, "set"))
        .transpose()?;
    let before = if options.get {
        Reply::bulk_or_null(db.string(key)?)
    } else {
        Reply::Null
    };
    let present = db.entry(key);
    if options
        .exists
        .is_some_and(|wanted| wanted != present.is_some())
    {
        return Ok(before);
    }
    let kept = present
        .and_then(|entry| entry.expires)
        .filter(|_| options.keep);
    db.put_string(key, value, end.or(kept));
    db.notify(Class::String, "set", key);
    if end.is_some() {
        db.notify(Class::Generic, "expire", key);
    }
    Ok(if options.get { before } else { Reply::OK })
}

fn get(db: &mut Db<'_>, args: &[Bytes]) -> Outcome {
    let [key] = exactly(args)?;
    Ok(Reply::bulk_or_null(db.string(key)?))
}

fn getex(db: &mut Db<'_>, args: &[Bytes]) -> Outcome {
    let ([key], options) = leading(args)?;
    let options = Options::read(options, false)?;
    let Some(value) = db.string(key)? else {
        return Ok(Reply::Null);
    };
    if let Some(lifetime) = options.lifetime {
        let end = lifetime.end(db.now, "getex")?;
        db.set_expiry(key, Some(end));
        let event = if end <= db.now { "del" } else { "expire" };
        db.notify(Class::Generic, event, key);
    } else if options.persist && db.entry(key).is_some_and(|entry| entry.expires.is_some()) {
        db.set_expiry(key, None);
        db.notify(Class::Generic, "persist", key);
    }
    Ok(Reply::Bulk(value))
}

fn getdel(db: &mut Db<'_>, args: &[Bytes]) -> Outcome {
    let [key] = exactly(args)?;
    let value = db.string(key)?;
    told::deleted(db, key);
    Ok(Reply::bulk_or_null(value))
}

/// Sets a value that never ends.
fn store(db: &mut Db<'_>, key: &[u8], value: &[u8]) {
    db.put_string(key, value, None);
    db.notify(Class::String, "set", key);
}

fn getset(db: &mut Db<'_>, args: &[Bytes]) -> Outcome {
    let [key, value] = exactly(args)?;
    let before = db.string(key)?;
    store(db, key, value);
    Ok(Reply::bulk_or_null(before))
}

fn setex(db: &mut Db<'_>, args: &[Bytes]) -> Outcome {
    set_for(db, args, Unit::EX, "setex")
}

fn psetex(db: &mut Db<'_>, args: &[Bytes]) -> Outcome {
    set_for(db, args, Unit::PX, "psetex")
}

fn set_for(db: &mut Db<'_>, args: &[Bytes], unit: Unit, command: &'static str) -> Outcome {
    let [key, amount, value] = exactly(args)?;
    let end = Lifetime::new(unit, amount).end(db.now, command)?;
    db.put_string(key, value, Some(end));
    db.notify(Class::String, "set", key);
    db.notify(Class::Generic, "expire", key);
    Ok(Reply::OK)
}

fn setnx(db: &mut Db<'_>, args: &[Bytes]) -> Outcome {
    let [key, value] = exactly(args)?;
    let absent = !db.has(key);
    if absent {
        store(db, key, value);
    }
    Ok(Reply::flag(absent))
}

fn mget(db: &mut Db<'_>, args: &[Bytes]) -> Outcome {
    let value = |key| Reply::bulk_or_null(db.string(key).ok().flatten());
    Ok(Reply::Array(
        args.iter().map(Bytes::as_ref).map(value).collect(),
    ))
}

fn mset(db: &mut Db<'_>, args: &[Bytes]) -> Outcome {
    for [key, value] in pairs(args, "mset")? {
        store(db, key, value);
    }
    Ok(Reply::OK)
}

fn msetnx(db: &mut Db<'_>, args: &[Bytes]) -> Outcome {
    let pairs = pairs(args, "msetnx")?;
    let free = !pairs.iter().any(|[key, _]| db.has(key));
    for [key, value] in pairs.iter().filter(|_| free) {
        store(db, key, value);
    }
    Ok(Reply::flag(free))
}

/// Changes the value of a key and leaves its expiry.
fn rewrite(db: &mut Db<'_>, key: &[u8], value: &[u8], event: &'static str) {
    let expires = db.entry(key).and_then(|entry| entry.expires);
    db.put_string(key, value, expires);
    db.notify(Class::String, event, key);
}
