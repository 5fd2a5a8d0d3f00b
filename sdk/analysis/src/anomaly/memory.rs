//! Which values a series has had, in bounded memory, and how far a new one is from the nearest of them.
//!
//! Never forgets the outermost values. When full, the value that adds least (its neighbours are closest
//! together) goes, so the error of a distance is at most the smallest gap kept.

use serde::{Deserialize, Serialize};

/// Distinct values, sorted, at most `most`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Memory {
    sorted: Vec<f32>,
    most: u16,
}

impl Memory {
    pub(super) const fn new(most: u16) -> Self {
        Self {
            sorted: Vec::new(),
            most,
        }
    }

    /// Distance to the nearest value remembered; `None` while empty.
    pub(super) fn distance(&self, value: f32) -> Option<f64> {
        let at = self.sorted.partition_point(|known| *known < value);
        let above = self.sorted.get(at);
        let below = at.checked_sub(1).and_then(|at| self.sorted.get(at));
        [above, below]
            .into_iter()
            .flatten()
            .map(|known| (f64::from(*known) - f64::from(value)).abs())
            .min_by(f64::total_cmp)
    }

    pub(super) fn add(&mut self, value: f32) {
        let at = self.sorted.partition_point(|known| *known < value);
        if self.sorted.get(at) == Some(&value) {
            return;
        }
        self.sorted.insert(at, value);
        if self.sorted.len() > usize::from(self.most) {
            self.thin();
        }
    }

    /// Moves everything `other` holds here.
    pub(super) fn take(&mut self, other: &mut Self) {
        for value in other.sorted.drain(..) {
            self.add(value);
        }
    }

    fn thin(&mut self) {
        let gaps = self.sorted.windows(3).enumerate().filter_map(|(at, w)| {
            let (first, last) = (w.first()?, w.last()?);
            Some((at + 1, f64::from(*last) - f64::from(*first)))
        });
        if let Some((at, _)) = gaps.min_by(|a, b| a.1.total_cmp(&b.1)) {
            self.sorted.remove(at);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_distance_is_to_the_nearest_value_on_either_side() {
        let mut memory = Memory::new(8);
        assert_eq!(memory.distance(1.0), None);
        for value in [1.0, 10.0, 4.0] {
            memory.add(value);
        }
        assert_eq!(memory.distance(4.0), Some(0.0));
        assert_eq!(memory.distance(6.0), Some(2.0));
        assert_eq!(memory.distance(12.0), Some(2.0));
        assert_eq!(memory.distance(-1.0), Some(2.0));
    }

    #[test]
    fn a_full_memory_keeps_its_ends_and_its_bound() {
        let mut memory = Memory::new(4);
        for value in [0.0, 100.0, 50.0, 50.5, 51.0, 25.0] {
            memory.add(value);
        }
        assert_eq!(memory.sorted.len(), 4);
        assert_eq!(memory.distance(0.0), Some(0.0));
        assert_eq!(memory.distance(100.0), Some(0.0));
    }
}
