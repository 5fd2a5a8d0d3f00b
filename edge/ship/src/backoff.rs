//! How long to wait between attempts: doubling up to a limit, half of it by chance, so that a thousand edges
//! do not return in the same moment after a center's restart.

use std::{
    hash::{BuildHasher, RandomState},
    time::Duration,
};

/// Waits between attempts.
#[derive(Debug)]
pub(crate) struct Backoff {
    min: Duration,
    max: Duration,
    next: Duration,
    chance: RandomState,
    drawn: u64,
}

impl Backoff {
    /// Begins at `min`. `chance` is the source of randomness.
    pub(crate) const fn new(min: Duration, max: Duration, chance: RandomState) -> Self {
        Self {
            min,
            max,
            next: min,
            chance,
            drawn: 0,
        }
    }

    /// The next wait: between half of the present step and the whole of it.
    pub(crate) fn wait(&mut self) -> Duration {
        let step = self.next;
        self.next = step.saturating_mul(2).min(self.max);
        self.drawn = self.drawn.wrapping_add(1);
        let share = self.chance.hash_one(self.drawn) % 1_000;
        step / 2 + (step / 2).mul_f64(f64::from(u32::try_from(share).unwrap_or(0)) / 1_000.0)
    }

    /// The link was good: begin again.
    pub(crate) const fn reset(&mut self) {
        self.next = self.min;
    }

    /// Trying soon would not help: the next wait is the longest.
    pub(crate) const fn give_time(&mut self) {
        self.next = self.max;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_stay_within_their_step_and_begin_again() {
        let (min, max) = (Duration::from_millis(100), Duration::from_millis(500));
        let mut backoff = Backoff::new(min, max, RandomState::new());
        for step in [100, 200, 400, 500, 500] {
            let wait = backoff.wait();
            assert!(
                (step / 2..=step).contains(&u64::try_from(wait.as_millis()).unwrap()),
                "{wait:?} {step}"
            );
        }
        backoff.reset();
        assert!(backoff.wait() <= min);
        backoff.give_time();
        assert!(backoff.wait() >= max / 2);
    }
}
