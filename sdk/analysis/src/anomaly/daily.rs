//! What a series does at this time of day: values seen then, and the level of the last days.
//!
//! The day has 48 slots. Values join a slot's memory only after half a day, so that a row is compared with
//! other days and not with the minutes before it. Levels are one mean per slot and day.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use super::memory::Memory;
use crate::robust::median;

const SLOTS: usize = 48;
const SLOT_MS: i64 = 30 * 60_000;
const DAY_MS: i64 = 24 * 3_600_000;
/// Values remembered per slot.
const VALUES: u16 = 16;
/// Days whose level is remembered per slot.
const DAYS: usize = 14;
/// Days needed before their level says what to expect.
const LEAST_DAYS: usize = 3;

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Daily {
    slots: Vec<Slot>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Slot {
    known: Memory,
    fresh: Memory,
    written: i64,
    levels: VecDeque<Level>,
}

/// The mean of one slot of one day.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Level {
    day: i32,
    sum: f64,
    rows: u32,
}

impl Daily {
    pub(super) fn new() -> Self {
        let slot = Slot {
            known: Memory::new(VALUES),
            fresh: Memory::new(VALUES),
            written: i64::MIN,
            levels: VecDeque::new(),
        };
        Self {
            slots: vec![slot; SLOTS],
        }
    }

    /// Distance to the nearest value of other days within half an hour of this time of day.
    pub(super) fn distance(&mut self, local_ms: i64, value: f32) -> Option<f64> {
        let here = slot(local_ms);
        [here + SLOTS - 1, here, here + 1]
            .into_iter()
            .filter_map(|at| {
                let slot = self.slots.get_mut(at % SLOTS)?;
                slot.settle(local_ms);
                slot.known.distance(value)
            })
            .min_by(f64::total_cmp)
    }

    /// The median level of the last days at this time of day: of days of the same kind (working day or
    /// weekend) when there are enough, of all otherwise.
    pub(super) fn level(&self, local_ms: i64) -> Option<f64> {
        let today = day(local_ms);
        let levels = &self.slots.get(slot(local_ms))?.levels;
        let means = |alike: bool| -> Vec<f64> {
            levels
                .iter()
                .filter(|level| level.day != today)
                .filter(|level| !alike || weekend(level.day) == weekend(today))
                .map(|level| level.sum / f64::from(level.rows.max(1)))
                .collect()
        };
        let alike = means(true);
        let of = if alike.len() >= LEAST_DAYS {
            alike
        } else {
            means(false)
        };
        (of.len() >= LEAST_DAYS).then(|| median(of)).flatten()
    }

    pub(super) fn add(&mut self, local_ms: i64, value: f32) {
        let Some(slot) = self.slots.get_mut(slot(local_ms)) else {
            return;
        };
        slot.settle(local_ms);
        slot.fresh.add(value);
        slot.written = local_ms;
        let today = day(local_ms);
        match slot.levels.back_mut().filter(|level| level.day == today) {
            Some(level) => {
                level.sum += f64::from(value);
                level.rows = level.rows.saturating_add(1);
            }
            None => slot.levels.push_back(Level {
                day: today,
                sum: f64::from(value),
                rows: 1,
            }),
        }
        if slot.levels.len() > DAYS {
            slot.levels.pop_front();
        }
    }
}

impl Slot {
    fn settle(&mut self, local_ms: i64) {
        if local_ms.saturating_sub(self.written) >= DAY_MS / 2 {
            self.known.take(&mut self.fresh);
        }
    }
}

fn slot(local_ms: i64) -> usize {
    usize::try_from(local_ms.rem_euclid(DAY_MS) / SLOT_MS).unwrap_or(0)
}

fn day(local_ms: i64) -> i32 {
    i32::try_from(local_ms.div_euclid(DAY_MS)).unwrap_or(i32::MAX)
}

/// Day 0, the first of 1970, was a Thursday.
fn weekend(day: i32) -> bool {
    (day.wrapping_add(3)).rem_euclid(7) >= 5
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: i64 = 3_600_000;

    #[test]
    fn a_value_is_compared_with_other_days_only() {
        let mut daily = Daily::new();
        daily.add(9 * HOUR, 100.0);
        assert_eq!(daily.distance(9 * HOUR + 60_000, 100.0), None);
        assert_eq!(daily.distance(9 * HOUR + DAY_MS, 103.0), Some(3.0));
        assert_eq!(daily.distance(15 * HOUR + DAY_MS, 103.0), None);
    }

    #[test]
    fn the_level_is_of_the_same_kind_of_day() {
        let mut daily = Daily::new();
        for day in 0..14 {
            let value = if weekend(day) { 10.0 } else { 100.0 };
            daily.add(i64::from(day) * DAY_MS + 9 * HOUR, value);
        }
        let at = |day: i64| daily.level(day * DAY_MS + 9 * HOUR);
        assert_eq!(at(14), Some(100.0), "a Thursday");
        assert_eq!(at(16), Some(10.0), "a Saturday, of four weekend days");
    }

    #[test]
    fn the_fourth_of_january_1970_was_a_sunday() {
        assert!(!weekend(0) && !weekend(1) && weekend(2) && weekend(3) && !weekend(4));
    }
}
