//! Members within a range: `ZRANGE` and its elder relatives.

use std::ops::Range;

use bytes::Bytes;

use super::{
    Members,
    bounds::{Bounds, By},
    listed,
};
use crate::{
    command::{
        Outcome, Refusal,
        args::{exactly, integer, keyword, leading},
        told,
    },
    engine::{Class, Db, Score},
    protocol::Reply,
};

/// How a range is asked for; what the command's name leaves open, its options may say.
#[derive(Debug, Clone, Copy, Default)]
struct Query {
    by: Option<By>,
    reverse: Option<bool>,
    with_scores: bool,
    /// How many to pass over and how many to take; negative: none at all, and all.
    limit: Option<(i64, i64)>,
    /// Whether the members are to be stored.
    store: bool,
}

impl Query {
    const fn fixed(by: By, reverse: bool) -> Self {
        Self {
            by: Some(by),
            reverse: Some(reverse),
            with_scores: false,
            limit: None,
            store: false,
        }
    }

    fn read(mut self, mut options: &[Bytes]) -> Result<Self, Refusal> {
        let (open_by, open_direction) = (self.by.is_none(), self.reverse.is_none());
        while let [option, rest @ ..] = options {
            options = rest;
            match (keyword(option).as_slice(), rest) {
                (b"WITHSCORES", _) if !self.store => self.with_scores = true,
                (b"LIMIT", [offset, count, rest @ ..]) => {
                    self.limit = Some((integer(offset)?, integer(count)?));
                    options = rest;
                }
                (b"REV", _) if open_direction && self.reverse.is_none() => {
                    self.reverse = Some(true);
                }
                (b"BYSCORE", _) if open_by && self.by.is_none() => self.by = Some(By::Score),
                (b"BYLEX", _) if open_by && self.by.is_none() => self.by = Some(By::Lex),
                _ => return Err(Refusal::Syntax),
            }
        }
        let limited = self.limit.is_some_and(|(_, count)| count != -1);
        if limited && self.by.is_none_or(|by| by == By::Rank) {
            return Err(Refusal::Fixed(
                "ERR syntax error, LIMIT is only supported in combination with either BYSCORE or BYLEX",
            ));
        }
        if self.with_scores && self.by == Some(By::Lex) {
            return Err(Refusal::Fixed(
                "ERR syntax error, WITHSCORES not supported in combination with BYLEX",
            ));
        }
        Ok(self)
    }

    /// The bounds, in ascending order.
    fn bounds<'a>(&self, start: &'a Bytes, end: &'a Bytes) -> Result<Bounds<'a>, Refusal> {
        let by = self.by.unwrap_or(By::Rank);
        match self.reverse() && by != By::Rank {
            true => Bounds::read(by, end, start),
            false => Bounds::read(by, start, end),
        }
    }

    fn reverse(&self) -> bool {
        self.reverse.unwrap_or(false)
    }

    /// The ranks to answer with.
    fn ranks(&self, set: &Members, bounds: &Bounds<'_>) -> Range<usize> {
        let all = bounds.ranks(set, self.reverse());
        let Some((offset, count)) = self.limit.filter(|_| !matches!(bounds, Bounds::Rank(..)))
        else {
            return all;
        };
        let skipped = usize::try_from(offset).map_or(all.len(), |offset| offset.min(all.len()));
        let taken = usize::try_from(count).unwrap_or(usize::MAX);
        let taken = taken.min(all.len() - skipped);
        match self.reverse() {
            true => all.end - skipped - taken..all.end - skipped,
            false => all.start + skipped..all.start + skipped + taken,
        }
    }
}

fn answer(db: &mut Db<'_>, args: &[Bytes], query: Query) -> Outcome {
    let ([key, start, end], options) = leading(args)?;
    let query = query.read(options)?;
    let bounds = query.bounds(start, end)?;
    let Some(set) = db.fields::<Score>(key)? else {
        return Ok(Reply::Array(Vec::new()));
    };
    let ranks = query.ranks(set, &bounds);
    let members = set.order().range(ranks.start, ranks.end);
    Ok(match query.reverse() {
        true => listed(members.rev(), query.with_scores),
        false => listed(members, query.with_scores),
    })
}

pub(super) fn zrange(db: &mut Db<'_>, args: &[Bytes]) -> Outcome {
    answer(db, args, Query::default())
}

pub(super) fn zrevrange(db: &mut Db<'_>, args: &[Bytes]) -> Outcome {
    answer(db, args, Query::fixed(By::Rank, true))
}

pub(super) fn zrangebyscore(db: &mut Db<'_>, args: &[Bytes]) -> Outcome {
    answer(db, args, Query::fixed(By::Score, false))
}

pub(super) fn zrevrangebyscore(db: &mut Db<'_>, args: &[Bytes]) -> Outcome {
    answer(db, args, Query::fixed(By::Score, true))
}

pub(super) fn zrangebylex(db: &mut Db<'_>, args: &[Bytes]) -> Outcome {
    answer(db, args, Query::fixed(By::Lex, false))
}

pub(super) fn zrevrangebylex(db: &mut Db<'_>, args: &[Bytes]) -> Outcome {
    answer(db, args, Query::fixed(By::Lex, true))
}

pub(super) fn zrangestore(db: &mut Db<'_>, args: &[Bytes]) -> Outcome {
    let ([to, key, start, end], options) = leading(args)?;
    let query = Query {
        store: true,
        ..Query::default()
    };
    let query = query.read(options)?;
    let bounds = query.bounds(start, end)?;
    let mut found = Members::default();
    if let Some(set) = db.fields::<Score>(key)? {
        let ranks = query.ranks(set, &bounds);
        for (score, name) in set.order().range(ranks.start, ranks.end) {
            found.insert(name, Score::new(score));
        }
    }
    Ok(told::stored(db, Class::SortedSet, "zrangestore", to, found))
}

pub(super) fn zcount(db: &mut Db<'_>, args: &[Bytes]) -> Outcome {
    count(db, args, By::Score)
}

pub(super) fn zlexcount(db: &mut Db<'_>, args: &[Bytes]) -> Outcome {
    count(db, args, By::Lex)
}

fn count(db: &mut Db<'_>, args: &[Bytes], by: By) -> Outcome {
    let [key, min, max] = exactly(args)?;
    let bounds = Bounds::read(by, min, max)?;
    let set = db.fields::<Score>(key)?;
    Ok(Reply::count(
        set.map_or(0, |set| bounds.ranks(set, false).len()),
    ))
}
