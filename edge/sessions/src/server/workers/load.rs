//! How many event loops a load needs. Pure: told how busy each was, it answers; slow to give one up, so that
//! connections do not wander to and fro.

/// A loop busier than this has no time left.
const FULL: f64 = 0.95;
/// So many times in a row before one more is used.
const RISE: u32 = 5;
/// One fewer is enough while all work fits into this share of those that would remain.
const ROOM: f64 = 0.6;
/// So many times in a row before one is given up.
const FALL: u32 = 50;

/// What was seen so far.
#[derive(Debug)]
pub(super) struct Load {
    most: usize,
    used: usize,
    full: u32,
    idle: u32,
}

impl Load {
    /// At most so many loops, one of them used.
    pub(super) const fn new(most: usize) -> Self {
        Self {
            most,
            used: 1,
            full: 0,
            idle: 0,
        }
    }

    /// How many loops to use after each was busy for such a share of the time, 0 to 1.
    pub(super) fn judge(&mut self, shares: &[f64]) -> usize {
        let all_full = shares.iter().take(self.used).all(|share| *share > FULL);
        let fewer = u32::try_from(self.used.saturating_sub(1)).unwrap_or(u32::MAX);
        let fits = shares.iter().sum::<f64>() < ROOM * f64::from(fewer);
        self.full = if all_full { self.full + 1 } else { 0 };
        self.idle = if fits { self.idle + 1 } else { 0 };
        if self.full >= RISE && self.used < self.most {
            (self.used, self.full) = (self.used + 1, 0);
        } else if self.idle >= FALL {
            (self.used, self.idle) = (self.used - 1, 0);
        }
        self.used
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_loop_is_added_when_those_in_use_have_no_time_left() {
        let mut load = Load::new(2);
        for _ in 0..1000 {
            assert_eq!(load.judge(&[0.9, 0.0]), 1);
        }
        let used: Vec<_> = (0..6).map(|_| load.judge(&[0.99, 0.0])).collect();
        assert_eq!(used, [1, 1, 1, 1, 2, 2]);
        // There is no third.
        assert!((0..10).all(|_| load.judge(&[0.99, 0.99]) == 2));
    }

    #[test]
    fn a_moment_of_rest_starts_the_count_again() {
        let mut load = Load::new(2);
        for round in 0..100 {
            let share = if round % 5 == 4 { 0.5 } else { 1.0 };
            assert_eq!(load.judge(&[share, 0.0]), 1);
        }
    }

    #[test]
    fn a_loop_is_given_up_once_the_rest_have_had_room_for_long() {
        let mut load = Load::new(4);
        while load.judge(&[1.0; 4]) < 3 {}
        assert!((0..500).all(|_| load.judge(&[0.5, 0.5, 0.5, 0.0]) == 3));
        let calm: Vec<_> = (0..51).map(|_| load.judge(&[0.3, 0.3, 0.3, 0.0])).collect();
        assert_eq!(calm.iter().filter(|used| **used == 3).count(), 49);
        assert_eq!(calm.last(), Some(&2));
        while load.judge(&[0.0; 4]) > 1 {}
        assert!((0..500).all(|_| load.judge(&[0.0; 4]) == 1));
    }
}
