//! How many of a group are there, by hour of the day and day of the week in Korea (UTC+9, no summer time).

use bongsu_sdk_model::Timestamp;

const HOUR_MS: i64 = 3_600_000;

/// Presence at the full hours of a day, from 0 (nobody) to 1 (the group's busiest).
pub(crate) type Day = [f64; 24];

/// Office hours, with a dip at lunch.
pub(crate) const OFFICE: Day = [
    0.01, 0.01, 0.0, 0.0, 0.0, 0.01, 0.03, 0.1, 0.45, 0.9, 1.0, 0.95, 0.6, 0.8, 0.95, 0.9, 0.8,
    0.6, 0.3, 0.15, 0.1, 0.07, 0.04, 0.02,
];

/// After work and after dinner.
pub(crate) const EVENING: Day = [
    0.12, 0.06, 0.03, 0.02, 0.02, 0.03, 0.08, 0.15, 0.25, 0.35, 0.45, 0.5, 0.55, 0.5, 0.45, 0.45,
    0.5, 0.6, 0.75, 0.9, 1.0, 0.95, 0.6, 0.3,
];

/// While others sleep.
pub(crate) const NIGHT: Day = [
    1.0, 0.95, 0.8, 0.6, 0.5, 0.4, 0.3, 0.25, 0.2, 0.2, 0.25, 0.3, 0.3, 0.3, 0.25, 0.25, 0.25, 0.3,
    0.35, 0.4, 0.5, 0.6, 0.8, 0.95,
];

/// Presence of a day's pattern at `at`, straight lines between the full hours.
pub(crate) fn presence(day: &Day, at: Timestamp) -> f64 {
    let hour = usize::try_from(local_hour(at)).unwrap_or(0);
    let value = |hour: usize| day.get(hour % 24).copied().unwrap_or(0.0);
    value(hour) + (value(hour + 1) - value(hour)) * fraction(at)
}

/// Whether it is Saturday or Sunday in Korea.
pub(crate) const fn weekend(at: Timestamp) -> bool {
    // 1970-01-01 was a Thursday: day 0 of Monday = 0 is 3.
    (local_ms(at).div_euclid(24 * HOUR_MS) + 3).rem_euclid(7) >= 5
}

const fn local_ms(at: Timestamp) -> i64 {
    at.as_ms() + 9 * HOUR_MS
}

const fn local_hour(at: Timestamp) -> i64 {
    local_ms(at).div_euclid(HOUR_MS).rem_euclid(24)
}

/// Share of the present hour that is over.
#[expect(clippy::cast_precision_loss, reason = "milliseconds of an hour")]
fn fraction(at: Timestamp) -> f64 {
    local_ms(at).rem_euclid(HOUR_MS) as f64 / HOUR_MS as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weekends_are_those_of_korea() {
        let friday_2330 = Timestamp::from_ms(1_794_754_800_000 + 5 * 24 * HOUR_MS - HOUR_MS / 2);
        assert!(!weekend(friday_2330));
        assert!(weekend(Timestamp::from_ms(friday_2330.as_ms() + HOUR_MS)));
        assert!(weekend(Timestamp::from_ms(
            friday_2330.as_ms() + 48 * HOUR_MS
        )));
        assert!(!weekend(Timestamp::from_ms(
            friday_2330.as_ms() + 49 * HOUR_MS
        )));
    }

    #[test]
    fn presence_changes_without_jumps() {
        let monday = 1_794_754_800_000;
        let at = |minute: i64| presence(&OFFICE, Timestamp::from_ms(monday + minute * 60_000));
        assert!((at(10 * 60) - 1.0).abs() < 1e-9);
        for minute in 0..24 * 60 {
            assert!(
                (at(minute + 1) - at(minute)).abs() < 0.02,
                "at minute {minute}"
            );
        }
    }
}
