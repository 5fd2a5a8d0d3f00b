//! One line of output per figure.

use serde_json::{Value, json};

/// What a figure must be.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Bar {
    AtLeast(f64),
    AtMost(f64),
    None,
}

impl Bar {
    fn text(self) -> Value {
        match self {
            Self::AtLeast(bar) => format!(">= {bar:?}").into(),
            Self::AtMost(bar) => format!("<= {bar:?}").into(),
            Self::None => Value::Null,
        }
    }

    fn judge(self, value: f64) -> Value {
        match self {
            Self::AtLeast(bar) => (value >= bar).into(),
            Self::AtMost(bar) => (value <= bar).into(),
            Self::None => Value::Null,
        }
    }
}

/// Prints the median of `values`.
pub(crate) fn print(figure: &str, unit: &str, peer: &str, bar: Bar, mut values: Vec<f64>) {
    values.sort_by(f64::total_cmp);
    let round = |value: f64| (value * 100.0).round() / 100.0;
    let median = round(values[values.len() / 2]);
    println!(
        "{}",
        json!({
            "bench": env!("CARGO_CRATE_NAME"), "figure": figure, "value": median, "unit": unit, "peer": peer,
            "bar": bar.text(), "ok": bar.judge(median), "runs": values.len(),
            "min": round(values[0]), "max": round(values[values.len() - 1]),
        })
    );
}
