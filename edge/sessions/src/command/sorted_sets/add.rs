//! Members and their scores: `ZADD`, `ZINCRBY`.

use bytes::Bytes;

use crate::{
    command::{
        Outcome, Refusal,
        args::{float, keyword, leading},
    },
    engine::{Class, Db, Editor, Score},
    protocol::Reply,
};

/// What `ZADD` was asked for.
#[derive(Debug, Default)]
struct Options {
    nx: bool,
    xx: bool,
    gt: bool,
    lt: bool,
    changed: bool,
    increment: bool,
}

impl Options {
    /// Takes the options in front; what follows are scores and members.
    fn read(mut args: &[Bytes], increment: bool) -> (Self, &[Bytes]) {
        let mut options = Self {
            increment,
            ..Self::default()
        };
        while let [option, rest @ ..] = args {
            match keyword(option).as_slice() {
                b"NX" => options.nx = true,
                b"XX" => options.xx = true,
                b"GT" => options.gt = true,
                b"LT" => options.lt = true,
                b"CH" => options.changed = true,
                b"INCR" => options.increment = true,
                _ => break,
            }
            args = rest;
        }
        (options, args)
    }

    fn check(&self, members: usize) -> Result<(), Refusal> {
        let text = if self.nx && self.xx {
            "ERR XX and NX options at the same time are not compatible"
        } else if self.nx && (self.gt || self.lt) || self.gt && self.lt {
            "ERR GT, LT, and/or NX options at the same time are not compatible"
        } else if self.increment && members > 1 {
            "ERR INCR option supports a single increment-element pair"
        } else {
            return Ok(());
        };
        Err(Refusal::Fixed(text))
    }

    /// The score a member gets, if it gets one.
    fn decide(&self, before: Option<f64>, given: f64) -> Result<Option<f64>, Refusal> {
        let Some(before) = before else {
            return Ok((!self.xx).then_some(given));
        };
        if self.nx {
            return Ok(None);
        }
        let after = if self.increment {
            before + given
        } else {
            given
        };
        if after.is_nan() {
            return Err(Refusal::Fixed("ERR resulting score is not a number (NaN)"));
        }
        let held_back = self.lt && after >= before || self.gt && after <= before;
        Ok((!held_back).then_some(after))
    }
}

/// What came of it.
#[derive(Debug, Default)]
struct Done {
    added: usize,
    updated: usize,
    /// The last score given or confirmed.
    score: Option<f64>,
}

pub(super) fn zadd(db: &mut Db<'_>, args: &[Bytes]) -> Outcome {
    add(db, args, false)
}

pub(super) fn zincrby(db: &mut Db<'_>, args: &[Bytes]) -> Outcome {
    add(db, args, true)
}

fn add(db: &mut Db<'_>, args: &[Bytes], increment: bool) -> Outcome {
    let ([key], rest) = leading(args)?;
    let (options, rest) = Options::read(rest, increment);
    let (pairs, []) = rest.as_chunks::<2>() else {
        return Err(Refusal::Syntax);
    };
    if pairs.is_empty() {
        return Err(Refusal::Syntax);
    }
    options.check(pairs.len())?;
    let mut members = Vec::with_capacity(pairs.len());
    for [score, name] in pairs {
        members.push((float(score)?, name));
    }
    let done = db.edit(key, |set| put(set, &options, &members))??;
    if done.added + done.updated > 0 {
        let event = if options.increment { "zincr" } else { "zadd" };
        db.notify(Class::SortedSet, event, key);
    }
    Ok(if options.increment {
        done.score.map_or(Reply::Null, Reply::Double)
    } else if options.changed {
        Reply::count(done.added + done.updated)
    } else {
        Reply::count(done.added)
    })
}

fn put(
    set: &mut Editor<'_, Score>,
    options: &Options,
    members: &[(f64, &Bytes)],
) -> Result<Done, Refusal> {
    let mut done = Done::default();
    for (given, name) in members {
        let before = set.get(name).map(|score| score.get());
        let Some(after) = options.decide(before, *given)? else {
            continue;
        };
        done.score = Some(after);
        match before {
            Some(before) if before == after => {}
            Some(_) => {
                set.insert(name, Score::new(after));
                done.updated += 1;
            }
            None => {
                set.insert(name, Score::new(after));
                done.added += 1;
            }
        }
    }
    Ok(done)
}
