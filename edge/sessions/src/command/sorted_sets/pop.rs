//! Members taken from an end: `ZPOPMIN`, `ZPOPMAX`, `ZMPOP`.

use bytes::Bytes;

use super::remove::take;
use crate::{
    command::{
        Outcome, Refusal,
        args::{at_least, counted_keys, keyword, leading, positive},
    },
    engine::{Db, Score},
    protocol::Reply,
};

/// Takes up to `count` members from an end, the outermost first, with their scores.
fn pop(
    db: &mut Db<'_>,
    key: &[u8],
    highest: bool,
    count: usize,
) -> Result<Vec<(Reply, Reply)>, Refusal> {
    let Some(set) = db.fields::<Score>(key)? else {
        return Ok(Vec::new());
    };
    let length = set.len();
    let order = set.order();
    let copied = |(score, name): (f64, &[u8])| (score, Bytes::copy_from_slice(name));
    let (gone, event): (Vec<_>, _) = match highest {
        true => {
            let from = length.saturating_sub(count);
            (
                order.range(from, length).rev().map(copied).collect(),
                "zpopmax",
            )
        }
        false => (order.range(0, count).map(copied).collect(), "zpopmin"),
    };
    let names: Vec<_> = gone.iter().map(|(_, name)| name.clone()).collect();
    take(db, key, &names, event)?;
    let shown = |(score, name)| (Reply::Bulk(name), Reply::Double(score));
    Ok(gone.into_iter().map(shown).collect())
}

pub(super) fn zpopmin(db: &mut Db<'_>, args: &[Bytes]) -> Outcome {
    from_one(db, args, false)
}

pub(super) fn zpopmax(db: &mut Db<'_>, args: &[Bytes]) -> Outcome {
    from_one(db, args, true)
}

/// Without a count the pair is flat in either protocol.
fn from_one(db: &mut Db<'_>, args: &[Bytes], highest: bool) -> Outcome {
    let ([key], options) = leading(args)?;
    match options {
        [] => {
            let popped = pop(db, key, highest, 1)?;
            let flat = popped.into_iter().flat_map(|(name, score)| [name, score]);
            Ok(Reply::Array(flat.collect()))
        }
        [count] => {
            let count = positive(count)?;
            pop(db, key, highest, count).map(Reply::Pairs)
        }
        _ => Err(Refusal::Syntax),
    }
}

pub(super) fn zmpop(db: &mut Db<'_>, args: &[Bytes]) -> Outcome {
    let few = "ERR numkeys should be greater than 0";
    let (keys, options) = counted_keys(args, few, Refusal::Syntax)?;
    let (end, options) = options.split_first().ok_or(Refusal::Syntax)?;
    let highest = match keyword(end).as_slice() {
        b"MIN" => false,
        b"MAX" => true,
        _ => return Err(Refusal::Syntax),
    };
    let count = match options {
        [] => 1,
        [option, count, rest @ ..] if keyword(option) == b"COUNT" => {
            let count = at_least(count, 1, "ERR count should be greater than 0")?;
            if !rest.is_empty() {
                return Err(Refusal::Syntax);
            }
            count
        }
        _ => return Err(Refusal::Syntax),
    };
    for key in keys {
        let popped = pop(db, key, highest, count)?;
        if !popped.is_empty() {
            let pair = |(name, score)| Reply::Array(vec![name, score]);
            let popped = popped.into_iter().map(pair).collect();
            return Ok(Reply::Array(vec![Reply::copied(key), Reply::Array(popped)]));
        }
    }
    Ok(Reply::NullArray)
}
