//! What a sorted set adds to a set: a score beside each name, and the names in order of score.
//!
//! The order is a list of sorted blocks. Finding a place costs two binary searches; its rank adds the lengths
//! of the blocks before it, one addition per few hundred members (a microsecond for half a million). Adding
//! and removing shift one block, never the whole. Rejected: a `BTreeSet`, which knows no ranks; a counted
//! tree from a crate, because the present ones take a whole key to look for and a range of scores has none.

use std::{cmp::Ordering, sync::Arc};

use super::{Fields, Member, Value};

/// Places a block is split at.
const BLOCK: usize = 512;

/// A score, as the log keeps it: the bytes of an `f64`, big endian. Never NaN.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Score([u8; 8]);

impl Score {
    /// A score; −0 becomes 0.
    pub(crate) fn new(score: f64) -> Self {
        Self((score + 0.0).to_be_bytes())
    }

    /// What [`Member::encoded`] gave.
    pub(crate) fn decode(bytes: &[u8]) -> Option<Self> {
        let score = Self(bytes.try_into().ok()?);
        (!score.get().is_nan()).then_some(score)
    }

    /// The number.
    pub(crate) const fn get(self) -> f64 {
        f64::from_be_bytes(self.0)
    }
}

impl Member for Score {
    type Name = Arc<[u8]>;
    type Order = ByScore;
    const OVERHEAD: usize = 128;

    fn encoded(&self) -> &[u8] {
        &self.0
    }
    fn fields(value: &Value) -> Option<&Fields<Self>> {
        if let Value::SortedSet(fields) = value {
            Some(fields)
        } else {
            None
        }
    }
    fn fields_mut(value: &mut Value) -> Option<&mut Fields<Self>> {
        if let Value::SortedSet(fields) = value {
            Some(fields)
        } else {
            None
        }
    }
    fn value(fields: Fields<Self>) -> Value {
        Value::SortedSet(Box::new(fields))
    }
    fn reorder(order: &mut ByScore, name: &Arc<[u8]>, before: Option<&Self>, after: Option<&Self>) {
        if let Some(before) = before {
            order.remove(before.get(), name);
        }
        if let Some(after) = after {
            order.insert(after.get(), Arc::clone(name));
        }
    }
}

type Place = (f64, Arc<[u8]>);

/// Names in order of score, and of their bytes where scores are equal.
#[derive(Debug, Clone, Default)]
pub(crate) struct ByScore {
    /// None is empty.
    blocks: Vec<Vec<Place>>,
}

impl ByScore {
    /// How many places from the start satisfy `earlier`, which must hold for the first so many and no other.
    pub(crate) fn rank(&self, earlier: impl Fn(f64, &[u8]) -> bool) -> usize {
        let holds = |(score, name): &Place| earlier(*score, name);
        let at = self
            .blocks
            .partition_point(|block| block.last().is_some_and(holds));
        let (passed, rest) = self.blocks.split_at_checked(at).unwrap_or_default();
        let inside = rest.first().map_or(0, |block| block.partition_point(holds));
        passed.iter().map(Vec::len).sum::<usize>() + inside
    }

    /// How many come before a member that is there.
    pub(crate) fn rank_of(&self, score: f64, name: &[u8]) -> usize {
        self.rank(|other, other_name| compare((other, other_name), (score, name)).is_lt())
    }

    /// The places from one rank up to another.
    pub(crate) fn range(
        &self,
        from: usize,
        to: usize,
    ) -> impl DoubleEndedIterator<Item = (f64, &[u8])> {
        let (mut start, mut slices) = (0, Vec::new());
        for block in &self.blocks {
            let end = start + block.len();
            if start >= to {
                break;
            }
            if end > from {
                let inside = from.saturating_sub(start)..block.len().min(to - start);
                slices.extend(block.get(inside));
            }
            start = end;
        }
        slices
            .into_iter()
            .flatten()
            .map(|(score, name)| (*score, &**name))
    }

    fn insert(&mut self, score: f64, name: Arc<[u8]>) {
        let at = self.block_of(score, &name);
        let at = at.min(self.blocks.len().saturating_sub(1));
        let Some(block) = self.blocks.get_mut(at) else {
            self.blocks.push(vec![(score, name)]);
            return;
        };
        let place = block.partition_point(|(other, other_name)| {
            compare((*other, other_name), (score, &name)).is_lt()
        });
        block.insert(place, (score, name));
        if block.len() >= BLOCK {
            let tail = block.split_off(BLOCK / 2);
            self.blocks.insert(at + 1, tail);
        }
    }

    fn remove(&mut self, score: f64, name: &[u8]) {
        let at = self.block_of(score, name);
        let Some(block) = self.blocks.get_mut(at) else {
            return;
        };
        let found = block
            .binary_search_by(|(other, other_name)| compare((*other, other_name), (score, name)));
        if let Ok(place) = found {
            block.remove(place);
        }
        let small = block.len();
        let next = self.blocks.get(at + 1).map_or(BLOCK, Vec::len);
        if small == 0 {
            self.blocks.remove(at);
        } else if small + next < BLOCK / 2 {
            let next = self.blocks.remove(at + 1);
            if let Some(block) = self.blocks.get_mut(at) {
                block.extend(next);
            }
        }
    }

    /// The block a place is in or belongs in; one past the last if it comes after all.
    fn block_of(&self, score: f64, name: &[u8]) -> usize {
        self.blocks.partition_point(|block| {
            block
                .last()
                .is_some_and(|(other, last)| compare((*other, last), (score, name)).is_lt())
        })
    }
}

fn compare(a: (f64, &[u8]), b: (f64, &[u8])) -> Ordering {
    let by_score = a.0.partial_cmp(&b.0).unwrap_or(Ordering::Equal);
    by_score.then_with(|| a.1.cmp(b.1))
}

impl Fields<Score> {
    /// The members in order.
    pub(crate) const fn order(&self) -> &ByScore {
        &self.order
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_order_is_that_of_a_plain_sorted_list(
            steps in proptest::collection::vec((0_u16..2000, 0_u8..8, any::<bool>()), 0..4000)
        ) {
            let (mut set, mut plain) = (Fields::<Score>::default(), BTreeMap::new());
            for (name, score, keep) in steps {
                let name = name.to_string().into_bytes();
                if keep || score > 4 {
                    set.insert(&name, Score::new(f64::from(score)));
                    plain.insert(name, score);
                } else {
                    prop_assert_eq!(set.remove(&name), plain.remove(&name).is_some());
                }
            }
            let mut expected: Vec<_> = plain.iter().map(|(name, score)| (*score, name)).collect();
            expected.sort();
            let found: Vec<_> = set.order().range(0, usize::MAX).collect();
            let shown: Vec<_> = expected.iter().map(|(score, name)| (f64::from(*score), name.as_slice())).collect();
            prop_assert_eq!(&found, &shown);
            for (rank, (score, name)) in shown.iter().enumerate() {
                prop_assert_eq!(set.order().rank_of(*score, name), rank);
            }
            let middle: Vec<_> = set.order().range(shown.len() / 3, shown.len() / 2).rev().collect();
            let mut part = shown[shown.len() / 3..shown.len() / 2].to_vec();
            part.reverse();
            prop_assert_eq!(middle, part);
        }
    }
}
