//! What a figure usually is: mean and spread of what was learnt, the past counting ever less.

/// Mean and variance that forget. Learn in the scale in which the figure scatters evenly: logarithms for durations
/// and counts.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct History {
    mean: f64,
    variance: f64,
    seen: f64,
}

impl History {
    /// Bytes of [`History::to_bytes`].
    pub const BYTES: usize = 24;

    /// Takes in one value. `memory` is how many values it takes to forget most of the past; until so many have been seen,
    /// all count the same. Values that are not finite are ignored.
    pub fn learn(&mut self, value: f64, memory: f64) {
        if !value.is_finite() {
            return;
        }
        self.seen += 1.0;
        let share = 1.0 / self.seen.min(memory.max(1.0));
        let from_mean = value - self.mean;
        self.mean += share * from_mean;
        self.variance = (1.0 - share) * (self.variance + share * from_mean * from_mean);
    }

    /// How many values were learnt.
    #[must_use]
    pub const fn seen(&self) -> f64 {
        self.seen
    }

    /// The mean.
    #[must_use]
    pub const fn mean(&self) -> f64 {
        self.mean
    }

    /// How many standard deviations `value` is above the mean; the deviation is taken to be at least `floor`, because a
    /// figure that never moved would make anything odd. 0 if nothing was learnt.
    #[must_use]
    pub fn deviations(&self, value: f64, floor: f64) -> f64 {
        if self.seen == 0.0 {
            return 0.0;
        }
        (value - self.mean) / self.variance.sqrt().max(floor)
    }

    /// For the plugin's state.
    #[must_use]
    pub fn to_bytes(&self) -> [u8; Self::BYTES] {
        let mut bytes = [0; Self::BYTES];
        for (place, value) in bytes
            .chunks_exact_mut(8)
            .zip([self.mean, self.variance, self.seen])
        {
            place.copy_from_slice(&value.to_le_bytes());
        }
        bytes
    }

    /// Reads what [`History::to_bytes`] made; none if it is something else.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let mut values = bytes
            .chunks_exact(8)
            .filter_map(|eight| Some(f64::from_le_bytes(eight.try_into().ok()?)));
        let (mean, variance, seen) = (values.next()?, values.next()?, values.next()?);
        let sound = bytes.len() == Self::BYTES
            && mean.is_finite()
            && variance >= 0.0
            && variance.is_finite()
            && seen >= 0.0
            && seen.is_finite();
        sound.then_some(Self {
            mean,
            variance,
            seen,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_learns_mean_and_spread_and_follows_a_change() {
        let mut history = History::default();
        for i in 0..1_000 {
            history.learn(10.0 + f64::from(i % 5), 200.0);
        }
        assert!((history.mean() - 12.0).abs() < 0.1, "{history:?}");
        assert!((history.variance - 2.0).abs() < 0.1, "{history:?}");
        assert!(history.deviations(20.0, 0.1) > 5.0);
        for _ in 0..1_000 {
            history.learn(30.0, 200.0);
        }
        assert!((history.mean() - 30.0).abs() < 0.3, "{history:?}");
    }

    #[test]
    fn a_figure_that_never_moved_needs_a_floor() {
        let mut history = History::default();
        for _ in 0..50 {
            history.learn(5.0, 100.0);
        }
        assert_eq!(history.deviations(5.5, 0.5), 1.0);
        assert_eq!(History::default().deviations(1e9, 0.5), 0.0);
        history.learn(f64::NAN, 100.0);
        assert_eq!(history.seen(), 50.0);
    }

    #[test]
    fn bytes_come_back_and_nonsense_is_refused() {
        let mut history = History::default();
        history.learn(3.0, 10.0);
        history.learn(4.0, 10.0);
        assert_eq!(History::from_bytes(&history.to_bytes()), Some(history));
        assert_eq!(History::from_bytes(&[0; 23]), None);
        assert_eq!(History::from_bytes(&[0xff; 24]), None);
    }
}
