//! How many different identities, within a stated error, in at most 16 KB.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

use crate::{
    IdentityHash,
    dense::{Dense, PACKED_BYTES},
    sparse::{self, Code},
};

/// Most codes of the sparse form: as many bytes as the packed registers take.
pub(crate) const SPARSE_MAX: usize = PACKED_BYTES / 4;
const DENSE_TAG: u8 = 1;
const SPARSE_TAG: u8 = 0;

/// A set of identities of which only the size can be told.
///
/// Up to 3 072 identities the size is near exact; beyond, the standard error is 1.04/√16384 = 0.81 %.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DistinctSketch(pub(crate) Form);

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Form {
    Sparse(Vec<Code>),
    Dense(Dense),
}

/// A count of distinct identities with its error.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Estimate {
    /// The count.
    pub value: f64,
    /// Half width of the 95 % band, in percent of the value.
    pub error_pct_95: f64,
}

impl Default for DistinctSketch {
    fn default() -> Self {
        Self(Form::Sparse(Vec::new()))
    }
}

impl DistinctSketch {
    /// Adds one identity; adding it again changes nothing.
    pub fn insert(&mut self, hash: IdentityHash) {
        let code = Code::of(hash);
        match &mut self.0 {
            Form::Sparse(codes) => sparse::insert(codes, code),
            Form::Dense(dense) => dense.insert(code),
        }
        self.promote_when_full();
    }

    /// Takes in every identity of `other`.
    pub fn union(&mut self, other: &Self) {
        match (&mut self.0, &other.0) {
            (Form::Sparse(mine), Form::Sparse(theirs)) => *mine = sparse::union(mine, theirs),
            (Form::Dense(mine), Form::Sparse(theirs)) => {
                theirs.iter().for_each(|c| mine.insert(*c))
            }
            (Form::Dense(mine), Form::Dense(theirs)) => mine.union(theirs),
            (Form::Sparse(mine), Form::Dense(theirs)) => {
                let mut dense = theirs.clone();
                mine.iter().for_each(|code| dense.insert(*code));
                self.0 = Form::Dense(dense);
            }
        }
        self.promote_when_full();
    }

    /// The size of the set.
    #[must_use]
    pub fn estimate(&self) -> Estimate {
        match &self.0 {
            // Relative standard deviation of occupancy of 2^25 cells is below 1/√(2·2^25) = 0.012 %.
            Form::Sparse(codes) if codes.is_empty() => Estimate {
                value: 0.0,
                error_pct_95: 0.0,
            },
            Form::Sparse(codes) => Estimate {
                value: sparse::estimate(codes.len()),
                error_pct_95: 0.03,
            },
            Form::Dense(dense) => Estimate {
                value: dense.estimate(),
                error_pct_95: 1.6,
            },
        }
    }

    /// Whether nothing was added.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        matches!(&self.0, Form::Sparse(codes) if codes.is_empty())
    }

    fn promote_when_full(&mut self) {
        if let Form::Sparse(codes) = &self.0
            && codes.len() > SPARSE_MAX
        {
            let mut dense = Dense::new();
            codes.iter().for_each(|code| dense.insert(*code));
            self.0 = Form::Dense(dense);
        }
    }

    /// Byte form: tag 0 and the codes' ascending differences as LEB128, or tag 1 and the packed registers.
    fn to_bytes(&self) -> Vec<u8> {
        match &self.0 {
            Form::Dense(dense) => [&[DENSE_TAG], &*dense.pack()].concat(),
            Form::Sparse(codes) => {
                let mut out = Vec::with_capacity(1 + codes.len() * 4);
                out.push(SPARSE_TAG);
                let mut last = 0;
                for code in codes {
                    push_varint(&mut out, code.bits() - last);
                    last = code.bits();
                }
                out
            }
        }
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (tag, rest) = bytes.split_first()?;
        match *tag {
            DENSE_TAG => Dense::unpack(rest).map(|dense| Self(Form::Dense(dense))),
            SPARSE_TAG => sparse_from_bytes(rest).map(|codes| Self(Form::Sparse(codes))),
            _ => None,
        }
    }
}

fn sparse_from_bytes(mut rest: &[u8]) -> Option<Vec<Code>> {
    let mut codes: Vec<Code> = Vec::with_capacity(rest.len() / 3);
    let mut last = 0_u32;
    while !rest.is_empty() {
        last = last.checked_add(take_varint(&mut rest)?)?;
        let code = Code::checked(last)?;
        let ascending = codes
            .last()
            .is_none_or(|before| before.index() < code.index());
        if !ascending || codes.len() >= SPARSE_MAX {
            return None;
        }
        codes.push(code);
    }
    Some(codes)
}

pub(crate) fn push_varint(out: &mut Vec<u8>, mut value: u32) {
    while value >= 0x80 {
        out.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

pub(crate) fn take_varint(bytes: &mut &[u8]) -> Option<u32> {
    let mut value = 0_u64;
    for shift in (0..35).step_by(7) {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return u32::try_from(value).ok();
        }
    }
    None
}

impl Serialize for DistinctSketch {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(&self.to_bytes())
    }
}

impl<'de> Deserialize<'de> for DistinctSketch {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let bytes = <&[u8]>::deserialize(deserializer)?;
        Self::from_bytes(bytes).ok_or_else(|| D::Error::custom("not a distinct sketch"))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// SplitMix64, a uniform stream for tests.
    fn uniform(seed: u64) -> IdentityHash {
        let mut z = seed
            .wrapping_add(0x9e37_79b9_7f4a_7c15)
            .wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        IdentityHash(z ^ (z >> 31))
    }

    fn of(range: std::ops::Range<u64>) -> DistinctSketch {
        let mut sketch = DistinctSketch::default();
        range.for_each(|i| sketch.insert(uniform(i)));
        sketch
    }

    fn check_error(n: u64) {
        let estimate = of(0..n).estimate();
        let off_pct = (estimate.value / n as f64 - 1.0).abs() * 100.0;
        let allowed = estimate.error_pct_95 * 1.5 + 50.0 / n as f64;
        assert!(
            off_pct <= allowed,
            "{n} counted as {}, {off_pct:.2} % off",
            estimate.value
        );
    }

    #[test]
    fn the_estimate_is_within_its_band_from_one_to_a_million() {
        for n in [
            1, 10, 100, 1_000, 3_072, 3_073, 5_000, 11_500, 20_000, 60_000, 100_000, 1_000_000,
        ] {
            check_error(n);
        }
    }

    #[test]
    fn registers_reach_the_estimator_unchanged() {
        // The library fed with the same hashes must agree with the library fed with our registers.
        let mut theirs: HyperLogLogPlus<u64, PassThrough> =
            HyperLogLogPlus::new(14, PassThrough).unwrap();
        let mut ours = DistinctSketch::default();
        for i in 0..40_000 {
            theirs.insert(&uniform(i).0);
            ours.insert(uniform(i));
        }
        assert_eq!(ours.estimate().value, theirs.count());
    }

    use std::hash::{BuildHasher, Hasher};

    use hyperloglogplus::{HyperLogLog as _, HyperLogLogPlus};

    struct PassThrough;
    struct Last(u64);
    impl BuildHasher for PassThrough {
        type Hasher = Last;
        fn build_hasher(&self) -> Last {
            Last(0)
        }
    }
    impl Hasher for Last {
        fn finish(&self) -> u64 {
            self.0
        }
        fn write(&mut self, _: &[u8]) {
            unreachable!("u64 keys call write_u64")
        }
        fn write_u64(&mut self, value: u64) {
            self.0 = value;
        }
    }

    proptest! {
        #[test]
        fn union_is_insertion_of_both_in_any_order(a in 0_u64..9_000, b in 0_u64..9_000, overlap in 0_u64..2_000) {
            let (left, right) = (of(0..a), of(a.saturating_sub(overlap)..a + b));
            let (mut one, mut two) = (left.clone(), right.clone());
            one.union(&right);
            two.union(&left);
            prop_assert_eq!(&one, &two);
            prop_assert_eq!(&one, &of(0..a + b));
            two.union(&one);
            prop_assert_eq!(one, two);
        }

        #[test]
        fn bytes_come_back(n in 0_u64..6_000) {
            let sketch = of(0..n);
            prop_assert_eq!(DistinctSketch::from_bytes(&sketch.to_bytes()), Some(sketch));
        }

        #[test]
        fn hostile_bytes_are_refused_or_harmless(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            if let Some(sketch) = DistinctSketch::from_bytes(&bytes) {
                prop_assert!(sketch.estimate().value.is_finite());
            }
        }
    }
}
