//! When keys end: `EXPIRE` and `TTL` in all their units.

use bongsu_sdk_model::Timestamp;
use bytes::Bytes;

use super::{
    Access::{Read, Write},
    KeyspaceFn, ONE_KEY, Outcome, Refusal, Spec,
    args::{exactly, integer, keyword, leading},
    lifetime::Unit,
    on_keys,
};
use crate::{
    engine::{Class, Db},
    protocol::Reply,
};

const fn spec(
    access: super::Access,
    (name, arity): (&'static str, i64),
    run: KeyspaceFn,
    summary: &'static str,
) -> Spec {
    on_keys("generic", access, (name, arity, ONE_KEY), run, summary)
}

/// The family.
#[rustfmt::skip]
pub(super) const COMMANDS: &[Spec] = &[
    spec(Write, ("expire", -3), expire, "Sets the lifetime of a key in seconds"),
    spec(Write, ("pexpire", -3), pexpire, "Sets the lifetime of a key in milliseconds"),
    spec(Write, ("expireat", -3), expireat, "Sets the end of a key in seconds since the epoch"),
    spec(Write, ("pexpireat", -3), pexpireat, "Sets the end of a key in milliseconds since the epoch"),
    spec(Read, ("ttl", 2), ttl, "Returns the lifetime left in seconds"),
    spec(Read, ("pttl", 2), pttl, "Returns the lifetime left in milliseconds"),
    spec(Read, ("expiretime", 2), expiretime, "Returns the end of a key in seconds since the epoch"),
    spec(Read, ("pexpiretime", 2), pexpiretime, "Returns the end of a key in milliseconds since the epoch"),
    spec(Write, ("persist", 2), persist, "Removes the expiry of a key"),
];

fn expire(db: &mut Db<'_>, args: &[Bytes]) -> Outcome {
    set_end(db, args, Unit::EX, "expire")
}

fn pexpire(db: &mut Db<'_>, args: &[Bytes]) -> Outcome {
    set_end(db, args, Unit::PX, "pexpire")
}

fn expireat(db: &mut Db<'_>, args: &[Bytes]) -> Outcome {
    set_end(db, args, Unit::EXAT, "expireat")
}

fn pexpireat(db: &mut Db<'_>, args: &[Bytes]) -> Outcome {
    set_end(db, args, Unit::PXAT, "pexpireat")
}

fn set_end(db: &mut Db<'_>, args: &[Bytes], unit: Unit, command: &'static str) -> Outcome {
    let ([key, amount], conditions) = leading(args)?;
    let condition = Condition::read(conditions)?;
    let end = unit
        .instant(integer(amount)?, db.now)
        .ok_or(Refusal::ExpireTime(command))?;
    let Some(before) = db.entry(key).map(|entry| entry.expires) else {
        return Ok(Reply::flag(false));
    };
    let holds = condition.holds(before, end);
    if holds {
        db.set_expiry(key, Some(end));
        let event = if end <= db.now { "del" } else { "expire" };
        db.notify(Class::Generic, event, key);
    }
    Ok(Reply::flag(holds))
}

/// `NX XX GT LT`.
#[derive(Debug, Default)]
struct Condition {
    nx: bool,
    xx: bool,
    gt: bool,
    lt: bool,
}

impl Condition {
    fn read(options: &[Bytes]) -> Result<Self, Refusal> {
        let mut condition = Self::default();
        for option in options {
            match keyword(option).as_slice() {
                b"NX" => condition.nx = true,
                b"XX" => condition.xx = true,
                b"GT" => condition.gt = true,
                b"LT" => condition.lt = true,
                _ => {
                    let option = String::from_utf8_lossy(option);
                    return Err(Refusal::Text(format!("ERR Unsupported option {option}")));
                }
            }
        }
        let refuse = |text: &str| Err(Refusal::Text(text.to_owned()));
        if condition.nx && (condition.xx || condition.gt || condition.lt) {
            return refuse("ERR NX and XX, GT or LT options at the same time are not compatible");
        }
        if condition.gt && condition.lt {
            return refuse("ERR GT and LT options at the same time are not compatible");
        }
        Ok(condition)
    }

    /// A key that never expires counts as one that expires last.
    fn holds(&self, before: Option<Timestamp>, end: Timestamp) -> bool {
        !(self.nx && before.is_some()
            || self.xx && before.is_none()
            || self.gt && before.is_none_or(|before| end <= before)
            || self.lt && before.is_some_and(|before| end >= before))
    }
}

fn ttl(db: &mut Db<'_>, args: &[Bytes]) -> Outcome {
    let now = db.now.as_ms();
    answer_end(db, args, |end| to_seconds(end.saturating_sub(now)))
}

fn pttl(db: &mut Db<'_>, args: &[Bytes]) -> Outcome {
    let now = db.now.as_ms();
    answer_end(db, args, |end| end.saturating_sub(now))
}

fn expiretime(db: &mut Db<'_>, args: &[Bytes]) -> Outcome {
    answer_end(db, args, to_seconds)
}

fn pexpiretime(db: &mut Db<'_>, args: &[Bytes]) -> Outcome {
    answer_end(db, args, |end| end)
}

/// To the nearest second.
const fn to_seconds(ms: i64) -> i64 {
    ms.saturating_add(500) / 1000
}

/// −2: no such key; −1: it never ends.
fn answer_end(db: &mut Db<'_>, args: &[Bytes], show: impl FnOnce(i64) -> i64) -> Outcome {
    let [key] = exactly(args)?;
    Ok(Reply::Integer(
        match db.entry(key).map(|entry| entry.expires) {
            None => -2,
            Some(None) => -1,
            Some(Some(end)) => show(end.as_ms()),
        },
    ))
}

fn persist(db: &mut Db<'_>, args: &[Bytes]) -> Outcome {
    let [key] = exactly(args)?;
    let ends = db.entry(key).is_some_and(|entry| entry.expires.is_some());
    if ends {
        db.set_expiry(key, None);
        db.notify(Class::Generic, "persist", key);
    }
    Ok(Reply::flag(ends))
}
