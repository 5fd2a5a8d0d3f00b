//! HyperLogLog: counting what is different in a string of bounded size.
//!
//! Answers are Redis's to the last digit: the same hash, registers and estimator (standard error 0.81 %), see
//! `registers`. Sketches of the dense form are also byte for byte Redis's and may be exchanged; small ones
//! are kept in a form of our own, in which adding costs a binary search, and are not.

mod registers;

use bytes::Bytes;

use self::registers::Sketch;
use super::{
    ALL_KEYS,
    Access::{Add, Read},
    ONE_KEY, Outcome, Refusal, Spec,
    args::leading,
    on_keys,
};
use crate::{
    engine::{Class, Db, Value},
    protocol::Reply,
};

/// The family.
#[rustfmt::skip]
pub(super) const COMMANDS: &[Spec] = &[
    on_keys("hyperloglog", Add, ("pfadd", -2, ONE_KEY), pfadd, "Adds elements to a HyperLogLog"),
    on_keys("hyperloglog", Read, ("pfcount", -2, ALL_KEYS), pfcount, "Estimates how many different elements were added"),
    on_keys("hyperloglog", Add, ("pfmerge", -2, ALL_KEYS), pfmerge, "Merges several HyperLogLogs into one"),
];

fn sketch(db: &mut Db<'_>, key: &[u8]) -> Result<Option<Sketch>, Refusal> {
    let foreign = Refusal::Fixed("WRONGTYPE Key is not a valid HyperLogLog string value.");
    let value = db.string(key)?;
    value
        .map(|value| Sketch::read(value).ok_or(foreign))
        .transpose()
}

fn put(db: &mut Db<'_>, key: &[u8], sketch: Sketch) {
    let expires = db.entry(key).and_then(|entry| entry.expires);
    db.put(key, Value::String(sketch.into_bytes()), expires);
    db.notify(Class::String, "pfadd", key);
}

fn pfadd(db: &mut Db<'_>, args: &[Bytes]) -> Outcome {
    let ([key], elements) = leading(args)?;
    let present = sketch(db, key)?;
    let new = present.is_none();
    let mut sketch = present.unwrap_or_default();
    let mut changed = new;
    for element in elements {
        changed |= sketch.add(element);
    }
    if changed {
        put(db, key, sketch);
    }
    Ok(Reply::flag(changed))
}

fn merged(db: &mut Db<'_>, keys: &[Bytes]) -> Result<Sketch, Refusal> {
    let mut all = Sketch::default();
    for key in keys {
        if let Some(sketch) = sketch(db, key)? {
            all.merge(&sketch);
        }
    }
    Ok(all)
}

fn pfcount(db: &mut Db<'_>, args: &[Bytes]) -> Outcome {
    let sketch = match args {
        [key] => sketch(db, key)?.unwrap_or_default(),
        keys => merged(db, keys)?,
    };
    Ok(Reply::Integer(sketch.estimate()))
}

/// The destination is one of the sources.
fn pfmerge(db: &mut Db<'_>, args: &[Bytes]) -> Outcome {
    let ([key], _) = leading(args)?;
    let sketch = merged(db, args)?;
    put(db, key, sketch);
    Ok(Reply::OK)
}
