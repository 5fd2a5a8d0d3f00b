//! What several sorted sets, or plain sets with the score 1, have together.

use bytes::Bytes;

use super::{Members, listed};
use crate::{
    command::{
        Outcome, Refusal,
        args::{at_least, integer, keyword, leading},
        decimal, told,
    },
    engine::{Class, Db, Score, Value},
    protocol::Reply,
};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operation {
    Union,
    Intersection,
    Difference,
}

#[derive(Debug, Clone, Copy)]
enum Aggregate {
    Sum,
    Min,
    Max,
}

impl Aggregate {
    /// Infinities of both signs make 0, as in Redis.
    fn of(self, a: f64, b: f64) -> f64 {
        match self {
            Self::Sum => number(a + b),
            Self::Min => a.min(b),
            Self::Max => a.max(b),
        }
    }
}

fn number(value: f64) -> f64 {
    if value.is_nan() { 0.0 } else { value }
}

/// Where the answer goes, which decides what may be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Reply,
    Store,
    Count,
}

/// What was asked for.
#[derive(Debug)]
struct Query {
    weights: Vec<f64>,
    aggregate: Aggregate,
    with_scores: bool,
    /// Most to count; 0: all.
    limit: usize,
}

impl Query {
    fn read(
        mut options: &[Bytes],
        keys: usize,
        operation: Operation,
        form: Form,
    ) -> Result<Self, Refusal> {
        let mut query = Self {
            weights: vec![1.0; keys],
            aggregate: Aggregate::Sum,
            with_scores: false,
            limit: 0,
        };
        let scored = operation != Operation::Difference && form != Form::Count;
        while let [option, rest @ ..] = options {
            options = match (keyword(option).as_slice(), rest) {
                (b"WEIGHTS", _) if scored && rest.len() >= keys => {
                    let (weights, rest) = rest.split_at_checked(keys).ok_or(Refusal::Syntax)?;
                    let weights = weights.iter().map(|weight| decimal::float(weight));
                    query.weights = weights
                        .collect::<Option<_>>()
                        .ok_or(Refusal::Fixed("ERR weight value is not a float"))?;
                    rest
                }
                (b"AGGREGATE", [aggregate, rest @ ..]) if scored => {
                    query.aggregate = match keyword(aggregate).as_slice() {
                        b"SUM" => Aggregate::Sum,
                        b"MIN" => Aggregate::Min,
                        b"MAX" => Aggregate::Max,
                        _ => return Err(Refusal::Syntax),
                    };
                    rest
                }
                (b"WITHSCORES", _) if form == Form::Reply => {
                    query.with_scores = true;
                    rest
                }
                (b"LIMIT", [limit, rest @ ..]) if form == Form::Count => {
                    query.limit = at_least(limit, 0, "ERR LIMIT can't be negative")?;
                    rest
                }
                _ => return Err(Refusal::Syntax),
            };
        }
        Ok(query)
    }
}

/// The members of a key with their scores; those of a plain set have the score 1.
fn source(db: &mut Db<'_>, key: &[u8]) -> Result<Members, Refusal> {
    match db.entry(key).map(|entry| &entry.value) {
        None => Ok(Members::default()),
        Some(Value::SortedSet(members)) => Ok((**members).clone()),
        Some(Value::Set(members)) => {
            let mut scored = Members::default();
            for (name, ()) in members.iter() {
                scored.insert(name, Score::new(1.0));
            }
            Ok(scored)
        }
        Some(_) => Err(Refusal::WrongType),
    }
}

/// Reads `NUMKEYS key … options` and computes.
fn compute(
    db: &mut Db<'_>,
    args: &[Bytes],
    operation: Operation,
    form: Form,
    command: &'static str,
) -> Result<(Members, Query), Refusal> {
    let (count, rest) = args.split_first().ok_or(Refusal::Syntax)?;
    let Ok(count @ 1..) = usize::try_from(integer(count)?) else {
        return Err(Refusal::Text(format!(
            "ERR at least 1 input key is needed for '{command}' command"
        )));
    };
    let (keys, options) = rest.split_at_checked(count).ok_or(Refusal::Syntax)?;
    let sources: Result<Vec<_>, _> = keys.iter().map(|key| source(db, key)).collect();
    let sources = sources?;
    let query = Query::read(options, count, operation, form)?;
    let mut weighted: Vec<_> = sources
        .into_iter()
        .zip(query.weights.iter().copied())
        .collect();
    let members = match operation {
        Operation::Difference => difference(&weighted),
        _ => {
            weighted.sort_by_key(|(members, _)| members.len());
            merged(&weighted, operation, query.aggregate)
        }
    };
    Ok((members, query))
}

fn difference(sources: &[(Members, f64)]) -> Members {
    let mut left = Members::default();
    if let Some(((first, _), others)) = sources.split_first() {
        for (name, score) in first.iter() {
            if !others.iter().any(|(other, _)| other.get(name).is_some()) {
                left.insert(name, *score);
            }
        }
    }
    left
}

/// The smallest source comes first: Redis adds in that order, which rounding shows.
fn merged(sources: &[(Members, f64)], operation: Operation, aggregate: Aggregate) -> Members {
    let mut all = Members::default();
    let starting = match operation {
        Operation::Intersection => sources.get(..1).unwrap_or_default(),
        _ => sources,
    };
    for (members, _) in starting {
        for (name, _) in members.iter() {
            let there = sources
                .iter()
                .filter_map(|(members, weight)| Some(number(members.get(name)?.get() * weight)));
            let (scores, count) = there.fold((None, 0), |(sum, count), score| {
                let sum = sum.map_or(score, |sum| aggregate.of(sum, score));
                (Some(sum), count + 1)
            });
            let wanted = operation == Operation::Union || count == sources.len();
            if let Some(score) = scores.filter(|_| wanted) {
                all.insert(name, Score::new(score));
            }
        }
    }
    all
}

fn answer(db: &mut Db<'_>, args: &[Bytes], operation: Operation, command: &'static str) -> Outcome {
    let (members, query) = compute(db, args, operation, Form::Reply, command)?;
    let order = members.order().range(0, members.len());
    Ok(listed(order, query.with_scores))
}

fn store(db: &mut Db<'_>, args: &[Bytes], operation: Operation, command: &'static str) -> Outcome {
    let ([key], args) = leading(args)?;
    let (members, _) = compute(db, args, operation, Form::Store, command)?;
    Ok(told::stored(db, Class::SortedSet, command, key, members))
}

pub(super) fn zunion(db: &mut Db<'_>, args: &[Bytes]) -> Outcome {
    answer(db, args, Operation::Union, "zunion")
}

pub(super) fn zunionstore(db: &mut Db<'_>, args: &[Bytes]) -> Outcome {
    store(db, args, Operation::Union, "zunionstore")
}

pub(super) fn zinter(db: &mut Db<'_>, args: &[Bytes]) -> Outcome {
    answer(db, args, Operation::Intersection, "zinter")
}

pub(super) fn zinterstore(db: &mut Db<'_>, args: &[Bytes]) -> Outcome {
    store(db, args, Operation::Intersection, "zinterstore")
}

pub(super) fn zdiff(db: &mut Db<'_>, args: &[Bytes]) -> Outcome {
    answer(db, args, Operation::Difference, "zdiff")
}

pub(super) fn zdiffstore(db: &mut Db<'_>, args: &[Bytes]) -> Outcome {
    store(db, args, Operation::Difference, "zdiffstore")
}

pub(super) fn zintercard(db: &mut Db<'_>, args: &[Bytes]) -> Outcome {
    let (shared, query) = compute(db, args, Operation::Intersection, Form::Count, "zintercard")?;
    Ok(Reply::count(match query.limit {
        0 => shared.len(),
        limit => shared.len().min(limit),
    }))
}
