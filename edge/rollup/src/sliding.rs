//! Union of everything in a sliding window, at one union per step.

use std::{collections::VecDeque, time::Duration};

use bongsu_sdk_model::Timestamp;
use bongsu_sdk_sketch::DistinctSketch;

/// A two-stack queue of sketches (the "two stacks" sliding-window aggregation of Tangwongsan, Hirzel and
/// Schneider): `front` holds unions of suffixes of the older half, `back` the newer half and its union.
#[derive(Debug)]
pub(crate) struct Sliding {
    width: Duration,
    front: Vec<(Timestamp, DistinctSketch)>,
    back: VecDeque<(Timestamp, DistinctSketch)>,
    back_union: DistinctSketch,
}

impl Sliding {
    pub(crate) fn new(width: Duration) -> Self {
        Self {
            width,
            front: Vec::new(),
            back: VecDeque::new(),
            back_union: DistinctSketch::default(),
        }
    }

    /// Adds the sketch of the interval that starts at `start` and ends at `end`, later than all before, and
    /// returns how many identities were seen in `(end − width, end]`.
    pub(crate) fn push(&mut self, start: Timestamp, end: Timestamp, users: &DistinctSketch) -> f64 {
        self.back_union.union(users);
        self.back.push_back((start, users.clone()));
        self.evict(end.minus(self.width));
        let Some((_, older)) = self.front.last() else {
            return self.back_union.estimate().value;
        };
        let mut all = older.clone();
        all.union(&self.back_union);
        all.estimate().value
    }

    /// Drops intervals that start before `from`.
    fn evict(&mut self, from: Timestamp) {
        loop {
            while self.front.pop_if(|(start, _)| *start < from).is_some() {}
            let oldest_is_gone = self.back.front().is_some_and(|(start, _)| *start < from);
            if !self.front.is_empty() || !oldest_is_gone {
                return;
            }
            self.turn_over();
        }
    }

    /// Moves `back` into the empty `front` as unions of suffixes, oldest on top.
    fn turn_over(&mut self) {
        let mut suffix = DistinctSketch::default();
        while let Some((start, users)) = self.back.pop_back() {
            suffix.union(&users);
            self.front.push((start, suffix.clone()));
        }
        self.back_union = DistinctSketch::default();
    }
}

#[cfg(test)]
mod tests {
    use bongsu_sdk_sketch::IdentityHash;

    use super::*;

    #[test]
    fn agrees_with_a_recount_at_every_step() {
        let mut sliding = Sliding::new(Duration::from_secs(10));
        let mut seen: Vec<(i64, u64)> = Vec::new();
        for step in 0..200_i64 {
            let start = step * 2_000 + if step > 90 { 30_000 } else { 0 };
            let mut users = DistinctSketch::default();
            for k in 0..u64::try_from(step % 7).unwrap() {
                let id = (step.unsigned_abs() * 3 + k * k) % 50;
                users.insert(IdentityHash::from_uniform(
                    id.wrapping_mul(0x9e37_79b9_7f4a_7c15),
                ));
                seen.push((start, id));
            }
            let end = start + 2_000;
            let got = sliding.push(Timestamp::from_ms(start), Timestamp::from_ms(end), &users);
            let mut inside: Vec<u64> = seen
                .iter()
                .filter(|(at, _)| *at >= end - 10_000)
                .map(|(_, id)| *id)
                .collect();
            inside.sort_unstable();
            inside.dedup();
            assert_eq!(got.round() as usize, inside.len(), "step {step}");
        }
    }
}
