//! Strings.

use bytes::Bytes;

use super::{
    ALL_KEYS,
    Access::{Add, Read, Write},
    KEY_VALUE_PAIRS, Keys, KeyspaceFn, ONE_KEY, Outcome, Refusal, Spec,
    args::{exactly, integer, leading, number, pairs},
    lifetime::{Lifetime, Options, Unit},
    on_keys,
};
use crate::{
    engine::{Db, Entry},
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
pub(super) const COMMANDS: &[Spec] = &[
    spec(
        Add,
        ("set", -3, ONE_KEY),
        set,
        "Sets the string value of a key",
    ),
    spec(
        Read,
        ("get", 2, ONE_KEY),
        get,
        "Returns the string value of a key",
    ),
    spec(
        Write,
        ("getex", -2, ONE_KEY),
        getex,
        "Returns the value of a key and changes its expiry",
    ),
    spec(
        Write,
        ("getdel", 2, ONE_KEY),
        getdel,
        "Returns the value of a key and deletes it",
    ),
    spec(
        Add,
        ("getset", 3, ONE_KEY),
        getset,
        "Returns the value of a key and sets another",
    ),
    spec(
        Add,
        ("setex", 4, ONE_KEY),
        setex,
        "Sets a value and its lifetime in seconds",
    ),
    spec(
        Add,
        ("psetex", 4, ONE_KEY),
        psetex,
        "Sets a value and its lifetime in milliseconds",
    ),
    spec(
        Add,
        ("setnx", 3, ONE_KEY),
        setnx,
        "Sets a value if the key does not exist",
    ),
    spec(
        Read,
        ("mget", -2, ALL_KEYS),
        mget,
        "Returns the values of several keys",
    ),
    spec(
        Add,
        ("mset", -3, KEY_VALUE_PAIRS),
        mset,
        "Sets the values of several keys",
    ),
    spec(
        Read,
        ("strlen", 2, ONE_KEY),
        strlen,
        "Returns the length of a value",
    ),
    spec(Add, ("append", 3, ONE_KEY), append, "Appends to a value"),
    spec(Add, ("incr", 2, ONE_KEY), incr, "Adds one to a number"),
    spec(Add, ("decr", 2, ONE_KEY), decr, "Takes one from a number"),
    spec(Add, ("incrby", 3, ONE_KEY), incrby, "Adds to a number"),
    spec(Add, ("decrby", 3, ONE_KEY), decrby, "Takes from a number"),
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
    } else if options.persist {
        db.set_expiry(key, None);
    }
    Ok(Reply::Bulk(value))
}

fn getdel(db: &mut Db<'_>, args: &[Bytes]) -> Outcome {
    let [key] = exactly(args)?;
    let value = db.string(key)?;
    if value.is_some() {
        db.remove(key);
    }
    Ok(Reply::bulk_or_null(value))
}

fn getset(db: &mut Db<'_>, args: &[Bytes]) -> Outcome {
    let [key, value] = exactly(args)?;
    let before = db.string(key)?;
    db.put_string(key, value, None);
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
    Ok(Reply::OK)
}

fn setnx(db: &mut Db<'_>, args: &[Bytes]) -> Outcome {
    let [key, value] = exactly(args)?;
    let absent = !db.has(key);
    if absent {
        db.put_string(key, value, None);
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
        db.put_string(key, value, None);
    }
    Ok(Reply::OK)
}

fn strlen(db: &mut Db<'_>, args: &[Bytes]) -> Outcome {
    let [key] = exactly(args)?;
    Ok(Reply::count(db.string(key)?.map_or(0, |value| value.len())))
}

fn append(db: &mut Db<'_>, args: &[Bytes]) -> Outcome {
    let [key, tail] = exactly(args)?;
    let before = db.string(key)?.unwrap_or_default();
    let length = before.len() + tail.len();
    if length > db.max_bulk {
        return Err(Refusal::TooLong);
    }
    rewrite(db, key, &[&before[..], tail].concat());
    Ok(Reply::count(length))
}

fn incr(db: &mut Db<'_>, args: &[Bytes]) -> Outcome {
    let [key] = exactly(args)?;
    add(db, key, 1)
}

fn decr(db: &mut Db<'_>, args: &[Bytes]) -> Outcome {
    let [key] = exactly(args)?;
    add(db, key, -1)
}

fn incrby(db: &mut Db<'_>, args: &[Bytes]) -> Outcome {
    let [key, by] = exactly(args)?;
    add(db, key, integer(by)?)
}

fn decrby(db: &mut Db<'_>, args: &[Bytes]) -> Outcome {
    let [key, by] = exactly(args)?;
    add(
        db,
        key,
        integer(by)?
            .checked_neg()
            .ok_or(Refusal::DecrementOverflow)?,
    )
}

fn add(db: &mut Db<'_>, key: &[u8], by: i64) -> Outcome {
    let before = db
        .string(key)?
        .map_or(Some(0), |value| number(&value))
        .ok_or(Refusal::NotInteger)?;
    let after = before.checked_add(by).ok_or(Refusal::Overflow)?;
    rewrite(db, key, after.to_string().as_bytes());
    Ok(Reply::Integer(after))
}

/// Changes the value of a key and leaves its expiry.
fn rewrite(db: &mut Db<'_>, key: &[u8], value: &[u8]) {
    let expires = db.entry(key).and_then(|entry: &Entry| entry.expires);
    db.put_string(key, value, expires);
}
