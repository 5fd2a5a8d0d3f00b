//! The strength of an alarm and how often a normal series is as strong.
//!
//! Measured, not derived: the table holds, per strength, the rows per alarm of the worst of the generated
//! families of `cargo xtask eval anomaly` (40 series of each), less about 5 % for what other series may bring.

/// Strength and rows per false alarm, rising.
const TABLE: [(f64, f64); 9] = [
    (2.0, 190.0),
    (3.0, 520.0),
    (4.0, 1_000.0),
    (5.0, 1_550.0),
    (7.0, 2_600.0),
    (10.0, 4_000.0),
    (15.0, 6_600.0),
    (20.0, 9_500.0),
    (30.0, 16_500.0),
];

/// The strength from which alarms of a normal series are at least `rows` apart on average; within the table.
pub(super) fn strength(rows: f64) -> f64 {
    let rows = if rows.is_nan() { 0.0 } else { rows };
    along(
        TABLE.map(|(strength, rows)| (rows.ln(), strength)),
        rows.max(1.0).ln(),
    )
}

/// Rows of a normal series per alarm of at least this strength; within the table.
pub(super) fn rows(strength: f64) -> f64 {
    along(
        TABLE.map(|(strength, rows)| (strength, rows.ln())),
        strength,
    )
    .exp()
}

/// Linear between neighbours, flat outside.
fn along<const N: usize>(points: [(f64, f64); N], x: f64) -> f64 {
    let mut before: Option<(f64, f64)> = None;
    for (at, value) in points {
        if x <= at {
            return before.map_or(value, |(from, low)| {
                low + (value - low) * (x - from) / (at - from)
            });
        }
        before = Some((at, value));
    }
    before.map_or(0.0, |(_, value)| value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_asked_for_and_the_rate_stated_agree() {
        for asked in [200.0, 1_000.0, 2_000.0, 10_000.0] {
            assert!(
                (rows(strength(asked)) / asked - 1.0).abs() < 1e-6,
                "{asked}"
            );
        }
    }

    #[test]
    fn nonsense_is_answered_from_the_ends_of_the_table() {
        assert_eq!(strength(f64::NAN), 2.0);
        assert_eq!(strength(-1.0), 2.0);
        assert_eq!(strength(f64::INFINITY), 30.0);
    }
}
