//! What one instance carries: load against throughput, a line up to the knee.
//!
//! Theil–Sen: the slope is the median of slopes between pairs of observations, so that a batch job at night
//! or a stuck instance do not move it. Pairs are drawn evenly, not at random: the same observations give the
//! same line. Beyond the knee load rises faster than the line; nothing is promised there.

use crate::robust::{MAD_TO_SIGMA, median, quantile, sorted};

/// Fewest observations.
const LEAST: usize = 30;
/// Most observations pairs are drawn from.
const MOST: usize = 400;
/// The least the busy throughput has to be, as a multiple of the idle one, and load in points.
const LEAST_RATIO: f64 = 1.3;
const LEAST_POINTS: f64 = 8.0;
/// The least correlation of ranks.
const LEAST_RELATION: f64 = 0.5;
/// Parts the throughput is cut into to look for a knee.
const PARTS: usize = 10;
/// How far above the line a part has to lie: in spreads around it and in points.
const KNEE_SIGMAS: f64 = 3.0;
const KNEE_POINTS: f64 = 4.0;

/// One instance in one interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Observation {
    /// Transactions a second it carried.
    pub tps: f64,
    /// Its load, per cent.
    pub load: f64,
}

/// Where load begins to rise faster than throughput.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Knee {
    /// Transactions a second of one instance.
    pub tps: f64,
    /// Load there, per cent.
    pub load: f64,
}

/// What one instance carries.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Capacity {
    /// Load of an idle instance, per cent.
    pub idle_load: f64,
    /// Points of load per transaction a second.
    pub load_per_tps: f64,
    /// The middle half of the slopes it is the median of.
    pub load_per_tps_between: (f64, f64),
    /// Where the line ends, if it was seen to end.
    pub knee: Option<Knee>,
    /// The busiest throughput observed (95 % quantile): beyond it the line is a guess.
    pub seen_tps: f64,
    /// Observations it was learnt from.
    pub observations: usize,
}

/// Why there is no advice.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// Too few observations.
    #[error("{have} observations are too few, {LEAST} are needed")]
    TooFew {
        /// How many there are.
        have: usize,
    },
    /// The observations do not span enough load to tell what more of it would do.
    #[error(
        "throughput was only seen from {from:.1} to {to:.1} a second and load over {points:.1} points"
    )]
    TooNarrow {
        /// The 5 % quantile of throughput.
        from: f64,
        /// The 95 % quantile of throughput.
        to: f64,
        /// From the 5 to the 95 % quantile of load.
        points: f64,
    },
    /// Load does not follow throughput: something else makes it.
    #[error("load does not follow throughput (rank correlation {correlation:.2})")]
    Unrelated {
        /// Spearman's rank correlation.
        correlation: f64,
    },
    /// An idle instance is busier than the target.
    #[error(
        "an instance that carries nothing has a load of {idle:.1} %, the target is {target:.1} %"
    )]
    Target {
        /// Idle load.
        idle: f64,
        /// Target load.
        target: f64,
    },
    /// Nothing to carry is named.
    #[error("no demand is known")]
    NoDemand,
    /// There is no instance.
    #[error("there is no instance to compare with")]
    NoInstance,
}

/// Learns the line from observations of single instances in any order; those that are not finite, or below
/// zero, are left out.
///
/// # Errors
/// [`Refusal`] when the observations cannot carry it.
pub fn learn(observations: &[Observation]) -> Result<Capacity, Refusal> {
    let mut seen: Vec<Observation> = observations
        .iter()
        .filter(|one| one.tps.is_finite() && one.load.is_finite())
        .filter(|one| one.tps >= 0.0 && one.load >= 0.0)
        .copied()
        .collect();
    if seen.len() < LEAST {
        return Err(Refusal::TooFew { have: seen.len() });
    }
    seen.sort_by(|a, b| a.tps.total_cmp(&b.tps).then(a.load.total_cmp(&b.load)));
    let (from, to) = ends(seen.iter().map(|one| one.tps));
    let (low, high) = ends(seen.iter().map(|one| one.load));
    if to < from * LEAST_RATIO || to <= 0.0 || high - low < LEAST_POINTS {
        return Err(Refusal::TooNarrow {
            from,
            to,
            points: high - low,
        });
    }
    let correlation = rank_correlation(&seen);
    if correlation < LEAST_RELATION {
        return Err(Refusal::Unrelated { correlation });
    }
    let unrelated = || Refusal::Unrelated { correlation };
    let mut line = Line::through(&seen).ok_or_else(unrelated)?;
    let mut knee = None;
    // Twice at most: a line that was bent by what lies beyond its knee finds it too late.
    for _ in 0..2 {
        let Some(found) = line.knee(&seen) else { break };
        let below: Vec<_> = seen
            .iter()
            .filter(|one| one.tps <= found.tps)
            .copied()
            .collect();
        let Some(straight) = Line::through(&below).filter(|_| below.len() >= LEAST / 2) else {
            break;
        };
        (line, knee) = (straight, Some(found));
    }
    Ok(Capacity {
        idle_load: line.idle.max(0.0),
        load_per_tps: line.slope,
        load_per_tps_between: line.between,
        knee,
        seen_tps: to,
        observations: seen.len(),
    })
}

impl Capacity {
    /// Throughput of one instance at `target` load or at its knee, whichever comes first, and the load there.
    ///
    /// # Errors
    /// [`Refusal::Target`] when an idle instance is above the target already.
    pub fn at(&self, target: f64) -> Result<(f64, f64), Refusal> {
        let load = self.knee.map_or(target, |knee| target.min(knee.load));
        let tps = (load - self.idle_load) / self.load_per_tps;
        if tps > 0.0 && tps.is_finite() {
            Ok((tps, load))
        } else {
            Err(Refusal::Target {
                idle: self.idle_load,
                target,
            })
        }
    }
}

struct Line {
    idle: f64,
    slope: f64,
    between: (f64, f64),
}

impl Line {
    /// Theil and Sen's line through observations sorted by throughput; `None` when it does not rise.
    fn through(seen: &[Observation]) -> Option<Self> {
        let every = seen.len().div_ceil(MOST).max(1);
        let few: Vec<_> = seen.iter().step_by(every).copied().collect();
        let least_apart = (few.last()?.tps - few.first()?.tps) * 0.05;
        let mut slopes = Vec::new();
        for (n, a) in few.iter().enumerate() {
            let apart = few
                .iter()
                .skip(n + 1)
                .filter(|b| b.tps - a.tps > least_apart);
            slopes.extend(apart.map(|b| (b.load - a.load) / (b.tps - a.tps)));
        }
        let slopes = sorted(slopes);
        let slope = quantile(&slopes, 0.5).filter(|slope| *slope > 0.0)?;
        Some(Self {
            idle: median(few.iter().map(|one| one.load - slope * one.tps))?,
            slope,
            between: (quantile(&slopes, 0.25)?, quantile(&slopes, 0.75)?),
        })
    }

    /// The throughput from which all parts lie clearly above the line.
    fn knee(&self, seen: &[Observation]) -> Option<Knee> {
        let above = |one: &Observation| one.load - (self.idle + self.slope * one.tps);
        let lower = seen.iter().take(seen.len() / 2).map(|one| above(one).abs());
        let sigma = median(lower)? * MAD_TO_SIGMA;
        let limit = (KNEE_SIGMAS * sigma).max(KNEE_POINTS);
        let mut knee = None;
        for part in seen.chunks(seen.len().div_ceil(PARTS)).rev() {
            if median(part.iter().map(above))? <= limit {
                break;
            }
            let tps = part.first()?.tps;
            knee = Some(Knee {
                tps,
                load: self.idle + self.slope * tps,
            });
        }
        knee
    }
}

/// The 5 and the 95 % quantile.
fn ends(values: impl Iterator<Item = f64>) -> (f64, f64) {
    let sorted = sorted(values);
    let at = |q| quantile(&sorted, q).unwrap_or(0.0);
    (at(0.05), at(0.95))
}

/// Spearman's correlation; equal values share their mean rank.
fn rank_correlation(seen: &[Observation]) -> f64 {
    let tps = ranks(seen.iter().map(|one| one.tps));
    let load = ranks(seen.iter().map(|one| one.load));
    let mean = (seen.len() as f64 - 1.0) / 2.0;
    let (mut both, mut a2, mut b2) = (0.0, 0.0, 0.0);
    for (a, b) in tps.iter().zip(&load) {
        both += (a - mean) * (b - mean);
        a2 += (a - mean).powi(2);
        b2 += (b - mean).powi(2);
    }
    if a2 > 0.0 && b2 > 0.0 {
        both / (a2 * b2).sqrt()
    } else {
        0.0
    }
}

fn ranks(values: impl Iterator<Item = f64>) -> Vec<f64> {
    let mut order: Vec<(f64, usize)> = values.enumerate().map(|(n, value)| (value, n)).collect();
    order.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut ranks = vec![0.0; order.len()];
    let mut before = 0;
    for equal in order.chunk_by(|a, b| a.0 == b.0) {
        let rank = before as f64 + (equal.len() as f64 - 1.0) / 2.0;
        for (_, n) in equal {
            if let Some(slot) = ranks.get_mut(*n) {
                *slot = rank;
            }
        }
        before += equal.len();
    }
    ranks
}

#[cfg(test)]
mod tests {
    use super::*;

    fn observed(n: u32, load: impl Fn(f64) -> f64) -> Vec<Observation> {
        (0..n)
            .map(|n| {
                let tps = 5.0 + f64::from(n * 7919 % 1_000) / 5.0;
                Observation {
                    tps,
                    load: load(tps),
                }
            })
            .collect()
    }

    #[test]
    fn the_line_is_found_among_wild_instances() {
        let mut seen = observed(300, |tps| 8.0 + 0.3 * tps);
        for one in seen.iter_mut().step_by(8) {
            one.load = 99.0;
        }
        let capacity = learn(&seen).unwrap();
        assert!((capacity.load_per_tps - 0.3).abs() < 0.03, "{capacity:?}");
        assert!((capacity.idle_load - 8.0).abs() < 2.0, "{capacity:?}");
    }

    #[test]
    fn nothing_is_promised_beyond_the_knee() {
        let bent = |tps: f64| 5.0 + 0.25 * tps + (tps - 140.0).max(0.0) * 1.2;
        let capacity = learn(&observed(600, bent)).unwrap();
        let knee = capacity.knee.unwrap();
        assert!((120.0..175.0).contains(&knee.tps), "{capacity:?}");
        assert!((capacity.load_per_tps - 0.25).abs() < 0.06, "{capacity:?}");
        let (tps, load) = capacity.at(90.0).unwrap();
        assert!(tps <= knee.tps + 1.0 && load <= knee.load, "{tps} {load}");
    }

    #[test]
    fn a_straight_line_has_no_knee() {
        assert_eq!(
            learn(&observed(300, |tps| 5.0 + 0.4 * tps)).unwrap().knee,
            None
        );
    }

    #[test]
    fn a_night_does_not_tell_what_a_day_carries() {
        let night: Vec<_> = (0..100_u32)
            .map(|n| Observation {
                tps: 20.0 + f64::from(n % 5) * 0.5,
                load: 30.0,
            })
            .collect();
        assert!(matches!(learn(&night), Err(Refusal::TooNarrow { .. })));
        assert!(matches!(
            learn(&night[..10]),
            Err(Refusal::TooFew { have: 10 })
        ));
    }

    #[test]
    fn load_that_something_else_makes_is_refused() {
        let seen = observed(300, |tps| (tps * 7_919.0) % 90.0);
        assert!(
            matches!(learn(&seen), Err(Refusal::Unrelated { .. })),
            "{:?}",
            learn(&seen)
        );
        let falling = observed(300, |tps| 95.0 - 0.3 * tps);
        assert!(matches!(learn(&falling), Err(Refusal::Unrelated { .. })));
    }

    #[test]
    fn what_is_no_number_is_left_out() {
        let mut seen = observed(300, |tps| 8.0 + 0.3 * tps);
        seen.push(Observation {
            tps: f64::NAN,
            load: f64::INFINITY,
        });
        assert_eq!(learn(&seen).unwrap().observations, 300);
    }
}
