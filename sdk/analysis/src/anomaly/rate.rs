//! The strength of an alarm and how often a normal series is as strong.
//!
//! Measured, not derived: the table holds, per strength, the rows per alarm of the worst of the generated
//! families of `cargo xtask eval anomaly`, rounded down.

/// Strength and rows per false alarm, rising.
const TABLE: [(f64, f64); 2] = [(3.0, 500.0), (6.0, 20_000.0)];

/// The strength from which alarms of a normal series are at least `rows` apart on average; within the table.
pub(super) fn strength(rows: f64) -> f64 {
    let rows = if rows.is_nan() { 0.0 } else { rows };
    along(TABLE.map(|(strength, rows)| (rows.ln(), strength)), rows.max(1.0).ln())
}

/// Rows of a normal series per alarm of at least this strength; within the table.
pub(super) fn rows(strength: f64) -> f64 {
    along(TABLE.map(|(strength, rows)| (strength, rows.ln())), strength).exp()
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
