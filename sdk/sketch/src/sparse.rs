//! The sketch of a small set: a sorted list of 31-bit codes, one per distinct 25-bit index.
//!
//! A code is `index << 6 | rank`, where `index` is the hash's top 25 bits and `rank` the position of the
//! first one among the other 39 (1–40). Both survive the step to registers without loss, which is the
//! sparse encoding of "HyperLogLog in Practice" (Heule, Nunkesser, Hall 2013, section 5.3) without its
//! variable-length shortcut.

use std::cmp::Ordering;

use crate::IdentityHash;

pub(crate) const INDEX_BITS: u32 = 25;
const RANK_BITS: u32 = 6;
const RANK_MASK: u32 = (1 << RANK_BITS) - 1;
pub(crate) const MAX_RANK: u32 = 64 - INDEX_BITS + 1;

/// One element of a sparse sketch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Code(u32);

impl Code {
    pub(crate) fn of(hash: IdentityHash) -> Self {
        let index = (hash.0 >> (64 - INDEX_BITS)) as u32;
        let rank = ((hash.0 << INDEX_BITS).leading_zeros() + 1).min(MAX_RANK);
        Self(index << RANK_BITS | rank)
    }

    pub(crate) const fn index(self) -> u32 {
        self.0 >> RANK_BITS
    }

    pub(crate) const fn rank(self) -> u32 {
        self.0 & RANK_MASK
    }

    pub(crate) const fn bits(self) -> u32 {
        self.0
    }

    /// A code from its index and rank, read from outside, if it can be one.
    pub(crate) fn of_parts(index: u32, rank: u32) -> Option<Self> {
        let fits = index < 1 << INDEX_BITS && rank <= RANK_MASK;
        fits.then(|| Self::checked(index << RANK_BITS | rank))
            .flatten()
    }

    /// A code read from outside, if it can be one.
    pub(crate) fn checked(bits: u32) -> Option<Self> {
        let code = Self(bits);
        let valid = code.index() < 1 << INDEX_BITS && (1..=MAX_RANK).contains(&code.rank());
        valid.then_some(code)
    }
}

/// Inserts into a list sorted by index; of two codes with one index the higher rank stays.
pub(crate) fn insert(codes: &mut Vec<Code>, code: Code) {
    match codes.binary_search_by_key(&code.index(), |c| c.index()) {
        Ok(at) => {
            if let Some(held) = codes.get_mut(at) {
                *held = (*held).max(code);
            }
        }
        Err(at) => codes.insert(at, code),
    }
}

/// The union of two sorted lists.
pub(crate) fn union(a: &[Code], b: &[Code]) -> Vec<Code> {
    let mut out = Vec::with_capacity(a.len() + b.len());
    let (mut a, mut b) = (a.iter().copied().peekable(), b.iter().copied().peekable());
    while let (Some(x), Some(y)) = (a.peek().copied(), b.peek().copied()) {
        match x.index().cmp(&y.index()) {
            Ordering::Less => out.extend(a.next()),
            Ordering::Greater => out.extend(b.next()),
            Ordering::Equal => {
                out.push(x.max(y));
                a.next();
                b.next();
            }
        }
    }
    out.extend(a);
    out.extend(b);
    out
}

/// Linear counting over the 2²⁵ possible indices: `m · ln(m / (m − n))`.
pub(crate) fn estimate(count: usize) -> f64 {
    let m = f64::from(1 << INDEX_BITS);
    #[expect(
        clippy::cast_precision_loss,
        reason = "a sparse sketch holds a few thousand codes"
    )]
    let n = count as f64;
    m * (m / (m - n)).ln()
}
