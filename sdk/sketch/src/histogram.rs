//! Durations to 1 % relative error in a few bytes each, merging by addition.
//!
//! Bucket `i` holds values in `(γ^(i−1), γ^i]` microseconds with γ = 1.01/0.99, the layout of DDSketch
//! (Masson, Rim, Lee 2019). A quantile is answered with the bucket's point `2γ^i/(γ+1)`, at most 1 % from any
//! value in it. Nothing is ever collapsed: 1 µs to 10 years are 1 660 buckets.

use serde::{Deserialize, Serialize};

const GAMMA: f64 = 1.01 / 0.99;
/// The bucket of `u64::MAX` microseconds.
const MAX_BUCKET: u16 = 2_218;

/// A mergeable histogram of durations in microseconds.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(try_from = "Raw")]
pub struct Histogram {
    /// Bucket and its count, ascending.
    buckets: Vec<(u16, u64)>,
    /// The longest duration, exact.
    max_us: u64,
}

#[derive(Deserialize)]
struct Raw {
    buckets: Vec<(u16, u64)>,
    max_us: u64,
}

impl TryFrom<Raw> for Histogram {
    type Error = &'static str;

    fn try_from(raw: Raw) -> Result<Self, Self::Error> {
        let ascending = raw.buckets.is_sorted_by(|a, b| a.0 < b.0);
        if !ascending || raw.buckets.iter().any(|(bucket, _)| *bucket > MAX_BUCKET) {
            return Err("not a histogram");
        }
        Ok(Self {
            buckets: raw.buckets,
            max_us: raw.max_us,
        })
    }
}

impl Histogram {
    /// Adds one duration.
    pub fn add(&mut self, duration_us: u64) {
        self.add_count(bucket_of(duration_us), 1);
        self.max_us = self.max_us.max(duration_us);
    }

    /// Adds all of another's durations.
    pub fn merge(&mut self, other: &Self) {
        for (bucket, count) in &other.buckets {
            self.add_count(*bucket, *count);
        }
        self.max_us = self.max_us.max(other.max_us);
    }

    /// Number of durations.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.buckets
            .iter()
            .fold(0, |sum: u64, (_, count)| sum.saturating_add(*count))
    }

    /// The longest duration in microseconds, exact; zero if there is none.
    #[must_use]
    pub const fn max_us(&self) -> u64 {
        self.max_us
    }

    /// The duration in microseconds that the share `q` (0–1) of all durations does not exceed, to 1 %;
    /// `None` if there is none.
    #[must_use]
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a rank: rounding within 2^53 is far below the stated 1 %"
    )]
    pub fn quantile_us(&self, q: f64) -> Option<f64> {
        let rank = ((self.count() as f64 * q.clamp(0.0, 1.0)).ceil() as u64).max(1);
        let mut seen: u64 = 0;
        for (bucket, count) in &self.buckets {
            seen = seen.saturating_add(*count);
            if seen >= rank {
                return Some(point_of(*bucket).min(self.max_us as f64));
            }
        }
        None
    }

    fn add_count(&mut self, bucket: u16, count: u64) {
        match self.buckets.binary_search_by_key(&bucket, |held| held.0) {
            Ok(at) => {
                if let Some(held) = self.buckets.get_mut(at) {
                    held.1 = held.1.saturating_add(count);
                }
            }
            Err(at) => self.buckets.insert(at, (bucket, count)),
        }
    }
}

#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "ln(2^64)/ln(γ) is 2 218"
)]
fn bucket_of(duration_us: u64) -> u16 {
    if duration_us <= 1 {
        return 0;
    }
    ((duration_us as f64).ln() / GAMMA.ln()).ceil() as u16
}

fn point_of(bucket: u16) -> f64 {
    if bucket == 0 {
        1.0
    } else {
        2.0 * GAMMA.powi(i32::from(bucket)) / (GAMMA + 1.0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(values: &[u64]) -> Histogram {
        let mut histogram = Histogram::default();
        values.iter().for_each(|v| histogram.add(*v));
        histogram
    }

    #[test]
    fn the_longest_possible_duration_has_a_bucket() {
        assert_eq!(bucket_of(u64::MAX), MAX_BUCKET);
    }

    proptest! {
        #[test]
        fn a_quantile_of_a_union_is_within_one_percent(
            mut a in proptest::collection::vec(1_u64..100_000_000_000, 1..200),
            b in proptest::collection::vec(1_u64..100_000_000_000, 0..200),
            q in 0.0_f64..=1.0,
        ) {
            let mut union = of(&a);
            union.merge(&of(&b));
            a.extend(&b);
            a.sort_unstable();
            let rank = ((a.len() as f64 * q).ceil() as usize).clamp(1, a.len());
            let exact = a[rank - 1] as f64;
            let got = union.quantile_us(q).unwrap();
            prop_assert!((got / exact - 1.0).abs() <= 0.010_001, "{got} for {exact}");
            prop_assert_eq!(union.max_us(), *a.last().unwrap());
            prop_assert_eq!(union, of(&a));
        }
    }
}
