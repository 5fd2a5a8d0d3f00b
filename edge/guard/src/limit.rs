//! Rates: a request may pass when those before it left time for it (GCRA: one instant per counted party).
//!
//! How many parties are told apart is bounded; beyond, they share one rate, so that a flood of addresses cannot
//! take memory and gains nothing.

use std::{
    collections::HashMap,
    hash::{BuildHasher as _, RandomState},
    sync::{Mutex, PoisonError},
};

use bongsu_sdk_model::{LimitPer, Timestamp};

use crate::rule::Seen;

/// Parties told apart at once, per rule.
const PARTIES: usize = 16_384;
/// Whoever is not told apart.
const REST: u64 = 0;

/// One rate with its parties.
#[derive(Debug)]
pub(crate) struct Limiter {
    /// Time between requests, microseconds.
    every_us: i64,
    /// How far ahead of its rate a party may be, microseconds.
    ahead_us: i64,
    per: LimitPer,
    hasher: RandomState,
    /// Until when each party has used up its rate, microseconds.
    used: Mutex<HashMap<u64, i64>>,
}

impl Limiter {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "checked to be within 1 to 10^12"
    )]
    pub(crate) fn new(per_second: f64, burst: Option<u32>, per: LimitPer) -> Self {
        let every_us = (1e6 / per_second).clamp(1.0, 1e12) as i64;
        let burst = burst.map_or_else(|| per_second.max(1.0) as i64, i64::from);
        Self {
            every_us,
            ahead_us: every_us.saturating_mul(burst - 1),
            per,
            hasher: RandomState::new(),
            used: Mutex::new(HashMap::new()),
        }
    }

    /// Lets a request pass, or says for how many seconds it is too early.
    pub(crate) fn pass(&self, seen: &Seen<'_>, now: Timestamp) -> Result<(), u64> {
        let now = now.as_ms().saturating_mul(1_000);
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        let mut party = self.party(seen);
        if used.len() >= PARTIES && !used.contains_key(&party) {
            used.retain(|_, until| *until > now);
            if used.len() >= PARTIES {
                party = REST;
            }
        }
        let until = used.entry(party).or_insert(now);
        // A clock set back must not keep a party out for the time it was set back.
        let longest = now
            .saturating_add(self.ahead_us)
            .saturating_add(self.every_us);
        let start = (*until).clamp(now, longest);
        *until = start;
        if start - now > self.ahead_us {
            let early = start - now - self.ahead_us;
            return Err(u64::try_from(early).unwrap_or(0).div_ceil(1_000_000));
        }
        *until = start.saturating_add(self.every_us);
        Ok(())
    }

    fn party(&self, seen: &Seen<'_>) -> u64 {
        let address = || {
            seen.client
                .map_or(REST, |client| self.hasher.hash_one(client))
        };
        match self.per {
            LimitPer::All => REST,
            LimitPer::Address => address(),
            LimitPer::Session => seen
                .session
                .map_or_else(address, |session| self.hasher.hash_one(session)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from(client: u32) -> Seen<'static> {
        Seen {
            app: None,
            method: "GET",
            path: "/",
            agent: "",
            client: Some(std::net::Ipv4Addr::from(client).into()),
            user: None,
            session: None,
        }
    }

    #[test]
    fn a_rate_lets_its_burst_pass_and_then_its_rate() {
        let limiter = Limiter::new(2.0, Some(3), LimitPer::All);
        let at = Timestamp::from_ms;
        let passed = |ms| limiter.pass(&from(1), at(ms)).is_ok();
        assert_eq!(
            [passed(0), passed(0), passed(0), passed(0)],
            [true, true, true, false]
        );
        assert_eq!(
            [passed(499), passed(500), passed(500)],
            [false, true, false]
        );
        assert_eq!(limiter.pass(&from(1), at(500)), Err(1));
    }

    #[test]
    fn addresses_have_rates_of_their_own_and_a_flood_of_them_shares_one() {
        let limiter = Limiter::new(1.0, None, LimitPer::Address);
        let now = Timestamp::from_ms(0);
        let refused = (0..40_000)
            .filter(|client| limiter.pass(&from(*client), now).is_err())
            .count();
        assert!(refused >= 40_000 - PARTIES - 1, "{refused}");
        assert!(limiter.used.lock().unwrap().len() <= PARTIES + 1);
    }

    #[test]
    fn a_clock_set_back_keeps_nobody_out_for_long() {
        let limiter = Limiter::new(1.0, Some(1), LimitPer::All);
        assert!(
            limiter
                .pass(&from(1), Timestamp::from_ms(86_400_000))
                .is_ok()
        );
        let refused = (0..10)
            .filter(|s| {
                limiter
                    .pass(&from(1), Timestamp::from_ms(s * 1_000))
                    .is_err()
            })
            .count();
        assert!(refused <= 1, "{refused}");
    }
}
