//! How rare a number is among the earlier ones of its kind: −ln of its tail probability.
//!
//! Up to the 98 % quantile the probability is counted; beyond it the excess is taken to be exponential with
//! the mean excess seen so far (peaks over threshold). Numbers are kept as counts in bins 5 % wide, which
//! fade with a half-life, so memory is bounded and a tail follows a series that changes.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Width of a bin, as the natural logarithm of the ratio of its edges.
const BIN: f64 = 0.05;
/// Beyond this quantile the tail is extrapolated.
const QUANTILE: f64 = 0.98;
/// The least share ever given to "beyond the quantile": a value never seen before is not, for that alone,
/// rarer than this. Matters for counts, where every new maximum is a new number.
const LEAST_SHARE: f64 = 0.005;
/// The mean excess is never below this share of the quantile.
const LEAST_EXCESS: f64 = 0.05;
/// Rows after which an old row counts half.
const HALF_LIFE: f64 = 16_000.0;
/// Rows between two fadings.
const FADE_EVERY: u16 = 256;
/// Earlier rows needed for an opinion.
const LEAST_ROWS: f64 = 20.0;
/// No surprise is greater.
pub(super) const MOST: f64 = 1_000.0;

/// The distribution of numbers ≥ 0.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Tail {
    bins: BTreeMap<i16, f64>,
    rows: f64,
    since_fade: u16,
}

impl Tail {
    /// −ln P(a number is at least `number`), from the numbers added so far; 0 while there are too few.
    pub(super) fn surprise(&self, number: f64) -> f64 {
        if self.rows < LEAST_ROWS || !number.is_finite() || number <= 0.0 {
            return 0.0;
        }
        let (threshold, beyond, excess) = self.cut();
        if number <= threshold {
            let at_least: f64 = self.bins.range(bin(number)..).map(|(_, n)| n).sum();
            return -((at_least + 1.0) / (self.rows + 1.0)).min(1.0).ln();
        }
        let share = ((beyond + 1.0) / (self.rows + 1.0)).clamp(LEAST_SHARE, 1.0);
        let scale = excess.max(threshold * LEAST_EXCESS).max(f64::MIN_POSITIVE);
        (((number - threshold) / scale) - share.ln()).min(MOST)
    }

    /// The number only 2 % of rows exceed; `None` while there are too few rows to say.
    pub(super) fn quantile(&self) -> Option<f64> {
        (self.rows >= LEAST_ROWS).then(|| self.cut().0)
    }

    pub(super) fn add(&mut self, number: f64) {
        self.since_fade += 1;
        if self.since_fade >= FADE_EVERY {
            self.fade();
        }
        self.rows += 1.0;
        if number.is_finite() && number > 0.0 {
            *self.bins.entry(bin(number)).or_default() += 1.0;
        }
    }

    /// The quantile, how many rows lie beyond it and their mean excess.
    fn cut(&self) -> (f64, f64, f64) {
        let allowed = self.rows * (1.0 - QUANTILE);
        let (mut beyond, mut sum) = (0.0, 0.0);
        let mut threshold = 0.0;
        for (at, n) in self.bins.iter().rev() {
            if beyond + n > allowed {
                threshold = center(*at);
                break;
            }
            beyond += n;
            sum += n * center(*at);
        }
        let excess = if beyond > 0.0 {
            sum / beyond - threshold
        } else {
            0.0
        };
        (threshold, beyond, excess)
    }

    fn fade(&mut self) {
        let keep = 0.5_f64.powf(f64::from(FADE_EVERY) / HALF_LIFE);
        self.since_fade = 0;
        self.rows *= keep;
        self.bins.retain(|_, n| {
            *n *= keep;
            *n > 1e-3
        });
    }
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "clamped to the range of i16"
)]
fn bin(number: f64) -> i16 {
    (number.ln() / BIN).round().clamp(-32_000.0, 32_000.0) as i16
}

fn center(bin: i16) -> f64 {
    (f64::from(bin) * BIN).exp()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rarer_is_more_surprising_and_nothing_is_surprising_at_first() {
        let mut tail = Tail::default();
        assert_eq!(tail.surprise(5.0), 0.0);
        for i in 1..=1_000 {
            tail.add(f64::from(i % 100) + 1.0);
        }
        let rising: Vec<f64> = [1.0, 50.0, 99.0, 120.0, 200.0]
            .map(|n| tail.surprise(n))
            .to_vec();
        assert!(rising.is_sorted(), "{rising:?}");
        assert!((tail.surprise(50.0) - 2.0_f64.ln()).abs() < 0.1);
    }

    #[test]
    fn after_a_flat_series_any_number_is_surprising_but_finite() {
        let mut tail = Tail::default();
        for _ in 0..100 {
            tail.add(0.0);
        }
        assert_eq!(tail.surprise(0.0), 0.0);
        assert_eq!(tail.surprise(1.0), MOST);
    }

    #[test]
    fn bins_stay_bounded_over_many_rows() {
        let mut tail = Tail::default();
        for i in 0..100_000_u32 {
            tail.add(f64::from(i % 997));
        }
        assert!(tail.bins.len() < 200, "{}", tail.bins.len());
        assert!(tail.rows < 25_000.0);
    }
}
