//! Which server spans came lately, so that an export that was taken and sent again is not counted again.
//!
//! Holds 64-bit keyed hashes in two generations: the last 131 072 spans at least, 262 144 at most, within 5 MiB.
//! One span in 10^13 is taken for another.

use std::{collections::HashSet, mem::replace};

/// Spans of one generation.
const GENERATION: usize = 131_072;

/// The latest server spans.
#[derive(Debug, Default)]
pub(super) struct Seen {
    young: HashSet<u64>,
    old: HashSet<u64>,
}

impl Seen {
    /// Whether the span is new; notes it.
    pub(super) fn note(&mut self, span: u64) -> bool {
        if self.old.contains(&span) || !self.young.insert(span) {
            return false;
        }
        if self.young.len() >= GENERATION {
            self.old = replace(&mut self.young, HashSet::with_capacity(GENERATION));
        }
        true
    }

    /// Forgets them all: what was noted is not kept, and will come again.
    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_is_known_for_a_generation_and_then_forgotten() {
        let mut seen = Seen::default();
        let last = GENERATION as u64;
        assert!((0..last).all(|span| seen.note(span)));
        assert!((0..last).all(|span| !seen.note(span)));
        assert!((last..2 * last).all(|span| seen.note(span)));
        assert!(!seen.note(last) && seen.note(0));
    }
}
