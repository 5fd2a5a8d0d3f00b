//! Sorted sets. Blocking forms are not offered.

mod add;
mod algebra;
mod bounds;
mod pop;
mod range;
mod remove;

use bytes::Bytes;

use super::{
    Access::{Add, Read, Write},
    Keys, KeyspaceFn, MOVABLE, ONE_KEY, Outcome, Spec, TWO_KEYS,
    args::{exactly, leading},
    chance, on_keys, scan,
};
use crate::{
    engine::{Db, Fields, Score},
    protocol::{Reply, double},
};

/// The members of one sorted set.
type Members = Fields<Score>;

const fn spec(
    access: super::Access,
    shape: (&'static str, i64, Keys),
    run: KeyspaceFn,
    summary: &'static str,
) -> Spec {
    on_keys("sorted-set", access, shape, run, summary)
}

/// The family.
#[rustfmt::skip]
pub(super) const COMMANDS: &[Spec] = &[
    spec(Add, ("zadd", -4, ONE_KEY), add::zadd, "Adds members to a sorted set or changes their scores"),
    spec(Add, ("zincrby", 4, ONE_KEY), add::zincrby, "Adds to the score of a member"),
    spec(Write, ("zrem", -3, ONE_KEY), remove::zrem, "Removes members from a sorted set"),
    spec(Write, ("zremrangebyrank", 4, ONE_KEY), remove::by_rank, "Removes members within a range of ranks"),
    spec(Write, ("zremrangebyscore", 4, ONE_KEY), remove::by_score, "Removes members within a range of scores"),
    spec(Write, ("zremrangebylex", 4, ONE_KEY), remove::by_lex, "Removes members within a range of names"),
    spec(Read, ("zscore", 3, ONE_KEY), zscore, "Returns the score of a member"),
    spec(Read, ("zmscore", -3, ONE_KEY), zmscore, "Returns the scores of members"),
    spec(Read, ("zcard", 2, ONE_KEY), zcard, "Returns the number of members of a sorted set"),
    spec(Read, ("zcount", 4, ONE_KEY), range::zcount, "Counts the members within a range of scores"),
    spec(Read, ("zlexcount", 4, ONE_KEY), range::zlexcount, "Counts the members within a range of names"),
    spec(Read, ("zrank", 3, ONE_KEY), zrank, "Returns the rank of a member, lowest score first"),
    spec(Read, ("zrevrank", 3, ONE_KEY), zrevrank, "Returns the rank of a member, highest score first"),
    spec(Read, ("zrange", -4, ONE_KEY), range::zrange, "Returns members within a range"),
    spec(Read, ("zrangebyscore", -4, ONE_KEY), range::zrangebyscore, "Returns members within a range of scores"),
    spec(Read, ("zrevrangebyscore", -4, ONE_KEY), range::zrevrangebyscore, "The same, highest score first"),
    spec(Read, ("zrangebylex", -4, ONE_KEY), range::zrangebylex, "Returns members within a range of names"),
    spec(Read, ("zrevrangebylex", -4, ONE_KEY), range::zrevrangebylex, "The same, last name first"),
    spec(Read, ("zrevrange", -4, ONE_KEY), range::zrevrange, "Returns members within a range of ranks from the end"),
    spec(Add, ("zrangestore", -5, TWO_KEYS), range::zrangestore, "Stores members within a range"),
    spec(Write, ("zpopmin", -2, ONE_KEY), pop::zpopmin, "Removes the members with the lowest scores"),
    spec(Write, ("zpopmax", -2, ONE_KEY), pop::zpopmax, "Removes the members with the highest scores"),
    spec(Write, ("zmpop", -4, MOVABLE), pop::zmpop, "Removes members from the first sorted set that has any"),
    spec(Read, ("zrandmember", -2, ONE_KEY), zrandmember, "Returns members of a sorted set by chance"),
    spec(Read, ("zscan", -3, ONE_KEY), zscan, "Iterates over the members of a sorted set"),
    spec(Read, ("zunion", -3, MOVABLE), algebra::zunion, "Returns the members of any of several sorted sets"),
    spec(Add, ("zunionstore", -4, MOVABLE), algebra::zunionstore, "Stores the members of any of several sorted sets"),
    spec(Read, ("zinter", -3, MOVABLE), algebra::zinter, "Returns what several sorted sets share"),
    spec(Add, ("zinterstore", -4, MOVABLE), algebra::zinterstore, "Stores what several sorted sets share"),
    spec(Read, ("zintercard", -3, MOVABLE), algebra::zintercard, "Counts what several sorted sets share"),
    spec(Read, ("zdiff", -3, MOVABLE), algebra::zdiff, "Returns what only the first of several sorted sets has"),
    spec(Add, ("zdiffstore", -4, MOVABLE), algebra::zdiffstore, "Stores what only the first of several sorted sets has"),
];

fn score_or_null(score: Option<&Score>) -> Reply {
    score.map_or(Reply::Null, |score| Reply::Double(score.get()))
}

fn zscore(db: &mut Db<'_>, args: &[Bytes]) -> Outcome {
    let [key, name] = exactly(args)?;
    let set = db.fields::<Score>(key)?;
    Ok(score_or_null(set.and_then(|set| set.get(name))))
}

fn zmscore(db: &mut Db<'_>, args: &[Bytes]) -> Outcome {
    let ([key], names) = leading(args)?;
    let set = db.fields::<Score>(key)?;
    let score = |name: &Bytes| score_or_null(set.and_then(|set| set.get(name)));
    Ok(Reply::Array(names.iter().map(score).collect()))
}

fn zcard(db: &mut Db<'_>, args: &[Bytes]) -> Outcome {
    let [key] = exactly(args)?;
    Ok(Reply::count(
        db.fields::<Score>(key)?.map_or(0, Fields::len),
    ))
}

fn zrank(db: &mut Db<'_>, args: &[Bytes]) -> Outcome {
    rank(db, args, |rank, _| rank)
}

fn zrevrank(db: &mut Db<'_>, args: &[Bytes]) -> Outcome {
    rank(db, args, |rank, count| count - 1 - rank)
}

fn rank(db: &mut Db<'_>, args: &[Bytes], seen: fn(usize, usize) -> usize) -> Outcome {
    let [key, name] = exactly(args)?;
    let rank = db.fields::<Score>(key)?.and_then(|set| {
        let score = set.get(name)?.get();
        Some(seen(set.order().rank_of(score, name), set.len()))
    });
    Ok(rank.map_or(Reply::Null, Reply::count))
}

fn zrandmember(db: &mut Db<'_>, args: &[Bytes]) -> Outcome {
    chance::members::<Score>(db, args, b"WITHSCORES", |score| Reply::Double(score.get()))
}

/// Scores are texts here whatever the protocol, as in Redis.
fn zscan(db: &mut Db<'_>, args: &[Bytes]) -> Outcome {
    scan::members::<Score>(db, args, |score| {
        Some(Reply::Bulk(double(score.get()).into()))
    })
}

/// Members with or without their scores.
fn listed<'a>(members: impl Iterator<Item = (f64, &'a [u8])>, with_scores: bool) -> Reply {
    let shown = members.map(|(score, name)| (Reply::copied(name), Reply::Double(score)));
    match with_scores {
        true => Reply::Pairs(shown.collect()),
        false => Reply::Array(shown.map(|(name, _)| name).collect()),
    }
}
