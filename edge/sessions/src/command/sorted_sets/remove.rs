//! Members that go: `ZREM` and ranges of them.

use bytes::Bytes;

use super::bounds::{Bounds, By};
use crate::{
    command::{
        Outcome, Refusal,
        args::{exactly, leading},
        told,
    },
    engine::{Class, Db, Score},
    protocol::Reply,
};

/// Removes members and tells by what name it was done; how many were there.
pub(super) fn take(
    db: &mut Db<'_>,
    key: &[u8],
    names: &[Bytes],
    event: &'static str,
) -> Result<usize, Refusal> {
    let removed = db.edit::<Score, _>(key, |set| {
        names.iter().filter(|name| set.remove(name)).count()
    })?;
    if removed > 0 {
        told::reduced(db, Class::SortedSet, event, key);
    }
    Ok(removed)
}

pub(super) fn zrem(db: &mut Db<'_>, args: &[Bytes]) -> Outcome {
    let ([key], names) = leading(args)?;
    take(db, key, names, "zrem").map(Reply::count)
}

pub(super) fn by_rank(db: &mut Db<'_>, args: &[Bytes]) -> Outcome {
    range(db, args, By::Rank, "zremrangebyrank")
}

pub(super) fn by_score(db: &mut Db<'_>, args: &[Bytes]) -> Outcome {
    range(db, args, By::Score, "zremrangebyscore")
}

pub(super) fn by_lex(db: &mut Db<'_>, args: &[Bytes]) -> Outcome {
    range(db, args, By::Lex, "zremrangebylex")
}

fn range(db: &mut Db<'_>, args: &[Bytes], by: By, event: &'static str) -> Outcome {
    let [key, min, max] = exactly(args)?;
    let bounds = Bounds::read(by, min, max)?;
    let Some(set) = db.fields::<Score>(key)? else {
        return Ok(Reply::Integer(0));
    };
    let ranks = bounds.ranks(set, false);
    let names: Vec<_> = set
        .order()
        .range(ranks.start, ranks.end)
        .map(|(_, name)| Bytes::copy_from_slice(name))
        .collect();
    take(db, key, &names, event).map(Reply::count)
}
