//! Members that leave a set: by chance, or for another set.

use bytes::Bytes;

use super::take;
use crate::{
    command::{
        Outcome, Refusal,
        args::{exactly, leading, positive},
        chance,
    },
    engine::{Class, Db},
    protocol::Reply,
};

pub(super) fn spop(db: &mut Db<'_>, args: &[Bytes]) -> Outcome {
    let ([key], options) = leading(args)?;
    let wanted = match options {
        [] => None,
        [count] => Some(positive(count)?),
        _ => return Err(Refusal::Syntax),
    };
    let set = db.fields::<()>(key)?;
    let drawn: Vec<Bytes> = set
        .into_iter()
        .flat_map(|set| {
            chance::positions(set.len(), wanted.unwrap_or(1))
                .into_iter()
                .filter_map(|place| set.at(place))
        })
        .map(|(name, ())| Bytes::copy_from_slice(name))
        .collect();
    take(db, key, &drawn, "spop")?;
    let mut drawn = drawn.into_iter();
    Ok(match wanted {
        None => Reply::bulk_or_null(drawn.next()),
        Some(_) => Reply::Set(drawn.map(Reply::Bulk).collect()),
    })
}

pub(super) fn smove(db: &mut Db<'_>, args: &[Bytes]) -> Outcome {
    let [from, to, name] = exactly(args)?;
    let Some(set) = db.fields::<()>(from)? else {
        return Ok(Reply::flag(false));
    };
    let there = set.get(name).is_some();
    db.fields::<()>(to)?;
    if there && from != to {
        take(db, from, &[name], "srem")?;
        let new = db.edit(to, |set| set.get(name).is_none() && set.insert(name, ()))?;
        if new {
            db.notify(Class::Set, "sadd", to);
        }
    }
    Ok(Reply::flag(there))
}
