//! Members by chance, for `SRANDMEMBER`, `HRANDFIELD`, `ZRANDMEMBER` and `SPOP`.
//!
//! The one place of this crate that makes random choices. They decide nothing that has to be repeatable, so
//! no source of them is passed in.

use std::collections::{BTreeSet, VecDeque};

use bytes::Bytes;

use super::{
    Outcome, Refusal,
    args::{integer_within, keyword, leading},
};
use crate::{
    engine::{Db, Member},
    protocol::Reply,
};

/// Most members drawn with repetition: a peer must not make us build a reply of any length.
const MOST_REPEATED: i64 = 1 << 20;

/// A position among `count`; none if there is none.
pub(super) fn position(count: usize) -> Option<usize> {
    (count > 0).then(|| fastrand::usize(..count))
}

/// `wanted` different positions among `count`, or all of them.
pub(super) fn positions(count: usize, wanted: usize) -> BTreeSet<usize> {
    if wanted >= count {
        return (0..count).collect();
    }
    // Whatever is the smaller part is drawn until it is complete.
    let few = wanted.min(count - wanted);
    let mut drawn = BTreeSet::new();
    while drawn.len() < few {
        drawn.insert(fastrand::usize(..count));
    }
    match few == wanted {
        true => drawn,
        false => (0..count).filter(|place| !drawn.contains(place)).collect(),
    }
}

/// How many were asked for: that many different ones, or, if negative, that many drawn one by one.
pub(super) fn count(text: &[u8]) -> Result<i64, Refusal> {
    integer_within(text, -i64::MAX, i64::MAX)
}

/// The positions `wanted` asks for, in the order they are answered.
pub(super) fn draw(count: usize, wanted: i64) -> VecDeque<usize> {
    let number = usize::try_from(wanted.unsigned_abs()).unwrap_or(usize::MAX);
    match wanted {
        0.. => positions(count, number).into_iter().collect(),
        _ => (0..number).filter_map(|_| position(count)).collect(),
    }
}

/// `KEY [COUNT [WITH…]]`: members by chance; `with` names the option that adds what stands beside them.
pub(super) fn members<M: Member>(
    db: &mut Db<'_>,
    args: &[Bytes],
    with: &[u8],
    show: impl Fn(&M) -> Reply,
) -> Outcome {
    let ([key], options) = leading(args)?;
    let Some((wanted, options)) = options.split_first() else {
        let fields = db.fields::<M>(key)?;
        let drawn = fields.and_then(|fields| fields.at(position(fields.len())?));
        return Ok(drawn.map_or(Reply::Null, |(name, _)| Reply::copied(name)));
    };
    let wanted = count(wanted)?;
    let paired = match options {
        [] => false,
        [option] if keyword(option) == with => true,
        _ => return Err(Refusal::Syntax),
    };
    if wanted < -MOST_REPEATED || (paired && wanted > i64::MAX / 2) {
        return Err(Refusal::Fixed("ERR value is out of range"));
    }
    let drawn: Vec<_> = db
        .fields::<M>(key)?
        .into_iter()
        .flat_map(|fields| {
            draw(fields.len(), wanted)
                .into_iter()
                .filter_map(|place| fields.at(place))
        })
        .map(|(name, member)| (Reply::copied(name), member))
        .collect();
    Ok(match paired {
        true => Reply::Pairs(
            drawn
                .into_iter()
                .map(|(name, member)| (name, show(member)))
                .collect(),
        ),
        false => Reply::Array(drawn.into_iter().map(|(name, _)| name).collect()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn different_positions_are_as_many_as_asked_for() {
        for count in 0..20 {
            for wanted in 0..25 {
                let drawn = positions(count, wanted);
                assert_eq!(drawn.len(), wanted.min(count));
                assert!(drawn.iter().all(|place| *place < count));
            }
        }
        assert_eq!((draw(5, -40).len(), draw(0, -40).len()), (40, 0));
    }
}
