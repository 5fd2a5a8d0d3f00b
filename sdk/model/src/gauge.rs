//! Levels sampled now and then: min, mean, max and last of an interval.

use serde::{Deserialize, Serialize};

use crate::Timestamp;

/// Which level a sample is of. Percentages are 0–100.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum GaugeKind {
    /// CPU in use, % of what the instance may use.
    Cpu,
    /// Memory in use, %.
    Memory,
    /// JVM heap after garbage collection, % of its maximum.
    Heap,
    /// Busy worker threads, % of their maximum.
    Threads,
    /// Database connections in use, % of the pool's maximum.
    DbConnections,
    /// Sessions in the session store that have not expired, a count.
    SessionsActive,
}

impl GaugeKind {
    /// Every kind.
    pub const ALL: [Self; 6] = [
        Self::Cpu,
        Self::Memory,
        Self::Heap,
        Self::Threads,
        Self::DbConnections,
        Self::SessionsActive,
    ];

    /// The kinds that are terms of `load`: the highest of them is an instance's load.
    pub const LOAD: [Self; 5] = [
        Self::Cpu,
        Self::Memory,
        Self::Heap,
        Self::Threads,
        Self::DbConnections,
    ];

    /// Position in [`Gauges`].
    const fn index(self) -> usize {
        match self {
            Self::Cpu => 0,
            Self::Memory => 1,
            Self::Heap => 2,
            Self::Threads => 3,
            Self::DbConnections => 4,
            Self::SessionsActive => 5,
        }
    }
}

/// Samples of one level in one interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Gauge {
    /// Lowest sample.
    pub min: f64,
    /// Highest sample.
    pub max: f64,
    /// Sum of samples; divided by `count` it is the mean.
    pub sum: f64,
    /// Number of samples.
    pub count: u64,
    /// The latest sample.
    pub last: f64,
    /// When that was.
    pub last_at: Timestamp,
}

impl Gauge {
    /// A single sample.
    #[must_use]
    pub const fn sample(value: f64, at: Timestamp) -> Self {
        Self {
            min: value,
            max: value,
            sum: value,
            count: 1,
            last: value,
            last_at: at,
        }
    }

    /// Mean of the samples.
    #[must_use]
    #[expect(
        clippy::cast_precision_loss,
        reason = "a sample count is far below 2^53"
    )]
    pub fn mean(&self) -> f64 {
        self.sum / self.count.max(1) as f64
    }

    /// Takes in the samples of another interval of the same level.
    pub fn merge(&mut self, other: &Self) {
        self.min = self.min.min(other.min);
        self.max = self.max.max(other.max);
        self.sum += other.sum;
        self.count += other.count;
        if other.last_at >= self.last_at {
            self.last = other.last;
            self.last_at = other.last_at;
        }
    }
}

/// One optional [`Gauge`] per [`GaugeKind`].
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Gauges([Option<Gauge>; 6]);

impl Gauges {
    /// The samples of `kind`, if any came.
    #[must_use]
    pub fn of(&self, kind: GaugeKind) -> Option<&Gauge> {
        self.0.get(kind.index()).and_then(Option::as_ref)
    }

    /// Adds one sample; values that are not finite are ignored.
    pub fn add_sample(&mut self, kind: GaugeKind, value: f64, at: Timestamp) {
        if value.is_finite() {
            self.merge_one(kind, &Gauge::sample(value, at));
        }
    }

    /// Takes in all samples of another interval.
    pub fn merge(&mut self, other: &Self) {
        for kind in GaugeKind::ALL {
            if let Some(gauge) = other.of(kind) {
                self.merge_one(kind, gauge);
            }
        }
    }

    /// Highest mean among the terms of load, and which it is.
    #[must_use]
    pub fn load(&self) -> Option<(GaugeKind, f64)> {
        GaugeKind::LOAD
            .into_iter()
            .filter_map(|kind| self.of(kind).map(|gauge| (kind, gauge.mean())))
            .max_by(|a, b| a.1.total_cmp(&b.1))
    }

    /// Whether no sample came.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.iter().all(Option::is_none)
    }

    fn merge_one(&mut self, kind: GaugeKind, gauge: &Gauge) {
        if let Some(slot) = self.0.get_mut(kind.index()) {
            match slot {
                Some(mine) => mine.merge(gauge),
                None => *slot = Some(*gauge),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn load_is_the_highest_term_and_sessions_are_not_a_term() {
        let mut gauges = Gauges::default();
        for (kind, value) in [
            (GaugeKind::Cpu, 40.0),
            (GaugeKind::Heap, 71.0),
            (GaugeKind::SessionsActive, 9_000.0),
        ] {
            gauges.add_sample(kind, value, Timestamp::from_ms(1));
        }
        gauges.add_sample(GaugeKind::Cpu, f64::NAN, Timestamp::from_ms(2));
        assert_eq!(gauges.load(), Some((GaugeKind::Heap, 71.0)));
    }

    #[test]
    fn merging_keeps_the_latest_whatever_the_order() {
        let early = Gauge::sample(1.0, Timestamp::from_ms(1));
        let late = Gauge::sample(5.0, Timestamp::from_ms(9));
        let (mut a, mut b) = (early, late);
        a.merge(&late);
        b.merge(&early);
        assert_eq!(a, b);
        assert_eq!((a.last, a.mean(), a.min, a.max), (5.0, 3.0, 1.0, 5.0));
    }
}
