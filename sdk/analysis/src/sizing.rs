//! More or fewer instances: how many, by when, with the arithmetic.
//!
//! What one instance carries is learnt from what it carried: load against throughput per instance, a line up
//! to the knee ([`learn`]). What is to be carried is a demand, usually a forecast with its upper edge:
//!
//! ```text
//! needed = ceil(peak demand × (1 + head-room) / throughput of one instance at the target load) + spare
//! ```
//!
//! Adding goes by the upper edge of demand, because being late costs an outage; removing needs the upper
//! edge to fit as well, because a removed instance is missed at the peak.

mod capacity;

use bongsu_sdk_model::Timestamp;

pub use self::capacity::{Capacity, Knee, Observation, Refusal, learn};

/// What is to be carried at an instant, by all instances together.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Demand {
    /// When.
    pub at: Timestamp,
    /// Transactions a second, the middle.
    pub tps: f64,
    /// Transactions a second, the upper edge.
    pub high_tps: f64,
}

impl Demand {
    /// A demand said in concurrent users, at so many transactions a second and user.
    #[must_use]
    pub fn of_users(at: Timestamp, users: f64, high_users: f64, tps_per_user: f64) -> Self {
        Self {
            at,
            tps: users * tps_per_user,
            high_tps: high_users * tps_per_user,
        }
    }
}

/// How much is kept free.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Policy {
    /// The load an instance should not exceed, per cent.
    pub target_load: f64,
    /// Share of the demand kept free on top.
    pub headroom: f64,
    /// Instances that may fail without the others exceeding the target.
    pub spare: u32,
}

impl Default for Policy {
    /// 70 % load, 10 % head-room, one spare (N+1).
    fn default() -> Self {
        Self {
            target_load: 70.0,
            headroom: 0.1,
            spare: 1,
        }
    }
}

/// What to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Advice {
    /// Add so many, before the instant at which the present ones no longer do.
    Add {
        /// How many.
        instances: u32,
        /// By when.
        by: Timestamp,
    },
    /// As many as there are.
    Keep,
    /// So many are not needed at any instant of the demand.
    Remove {
        /// How many.
        instances: u32,
    },
}

/// Advice and how it was computed.
#[derive(Debug, Clone, PartialEq)]
pub struct Sizing {
    /// What to do.
    pub advice: Advice,
    /// What one instance carries, and from what that was learnt.
    pub capacity: Capacity,
    /// Throughput of one instance at the target load, a second.
    pub tps_per_instance: f64,
    /// The load that throughput was taken at: the target, or less because the knee comes first. Per cent.
    pub load_at_most: f64,
    /// The demand that decides.
    pub peak: Demand,
    /// What was kept free.
    pub policy: Policy,
    /// Instances the peak needs, without spares.
    pub carrying: u32,
    /// Instances the peak needs, with spares.
    pub needed: u32,
    /// Instances there are.
    pub have: u32,
}

/// How many instances carry `demand`, of which `have` exist.
///
/// # Errors
/// [`Refusal`] when there is no demand, no instance, or the target is one no instance can meet.
pub fn size(
    capacity: Capacity,
    demand: &[Demand],
    have: u32,
    policy: Policy,
) -> Result<Sizing, Refusal> {
    let (tps_per_instance, load_at_most) = capacity.at(policy.target_load)?;
    let usable = |demand: &&Demand| demand.tps.is_finite() && demand.high_tps.is_finite();
    let high = |demand: &Demand| demand.high_tps.max(demand.tps).max(0.0);
    let peak = demand
        .iter()
        .filter(usable)
        .max_by(|a, b| high(a).total_cmp(&high(b)))
        .copied()
        .ok_or(Refusal::NoDemand)?;
    if have == 0 {
        return Err(Refusal::NoInstance);
    }
    let headroom = policy.headroom.max(0.0);
    let carrying = |demand: &Demand| whole(high(demand) * (1.0 + headroom) / tps_per_instance);
    let needed = |demand: &Demand| carrying(demand).saturating_add(policy.spare);
    let most = needed(&peak);
    let advice = if most > have {
        let too_much = demand.iter().filter(usable).filter(|at| needed(at) > have);
        let by = too_much.map(|demand| demand.at).min().unwrap_or(peak.at);
        Advice::Add {
            instances: most - have,
            by,
        }
    } else if most < have {
        Advice::Remove {
            instances: have - most,
        }
    } else {
        Advice::Keep
    };
    Ok(Sizing {
        advice,
        tps_per_instance,
        load_at_most,
        carrying: carrying(&peak),
        needed: most,
        capacity,
        peak,
        policy,
        have,
    })
}

/// At least one: an application that carries nothing still runs.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a positive float saturates at the greatest whole number"
)]
fn whole(instances: f64) -> u32 {
    // A billionth above a whole number is rounding, not demand.
    (instances - 1e-9).ceil().max(1.0) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Load 10 % + 0.5 % per transaction a second: 120 tps at 70 %.
    fn line() -> Capacity {
        let observations: Vec<_> = (0..200_u32)
            .map(|n| {
                let tps = f64::from(n % 100) + 1.0;
                Observation {
                    tps,
                    load: 10.0 + 0.5 * tps,
                }
            })
            .collect();
        learn(&observations).unwrap()
    }

    fn demand(high: f64, hour: i64) -> Demand {
        Demand {
            at: Timestamp::from_ms(hour * 3_600_000),
            tps: high * 0.9,
            high_tps: high,
        }
    }

    #[test]
    fn the_arithmetic_is_shown_and_adds_up() {
        let demands = [
            demand(100.0, 1),
            demand(300.0, 2),
            demand(400.0, 3),
            demand(200.0, 4),
        ];
        let sizing = size(line(), &demands, 3, Policy::default()).unwrap();
        assert!((sizing.tps_per_instance - 120.0).abs() < 0.5, "{sizing:?}");
        // 400 × 1.1 / 120 = 3.67, so 4 carry it, and one is spare.
        assert_eq!((sizing.carrying, sizing.needed, sizing.have), (4, 5, 3));
        assert_eq!(
            sizing.advice,
            Advice::Add {
                instances: 2,
                by: demands[1].at
            }
        );
    }

    #[test]
    fn enough_is_kept_and_too_many_are_removed() {
        let day = [demand(200.0, 1)];
        let advice = |have| size(line(), &day, have, Policy::default()).unwrap().advice;
        assert_eq!(advice(3), Advice::Keep);
        assert_eq!(advice(6), Advice::Remove { instances: 3 });
    }

    #[test]
    fn demand_in_users_is_the_same_demand() {
        let at = Timestamp::from_ms(0);
        let of_users = Demand::of_users(at, 1_000.0, 1_200.0, 0.1);
        assert!((of_users.tps - 100.0).abs() < 1e-9 && (of_users.high_tps - 120.0).abs() < 1e-9);
    }

    #[test]
    fn without_demand_or_instances_there_is_no_advice() {
        let day = [demand(200.0, 1)];
        let nothing = [demand(f64::NAN, 1)];
        let policy = Policy::default();
        assert_eq!(size(line(), &[], 3, policy), Err(Refusal::NoDemand));
        assert_eq!(size(line(), &nothing, 3, policy), Err(Refusal::NoDemand));
        assert_eq!(size(line(), &day, 0, policy), Err(Refusal::NoInstance));
        let idle = Policy {
            target_load: 5.0,
            ..policy
        };
        assert!(matches!(
            size(line(), &day, 3, idle),
            Err(Refusal::Target { .. })
        ));
    }
}
