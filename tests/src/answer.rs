//! Plans and answers of the API, as JSON.

use anyhow::{Context as _, Result};
use serde_json::{Value, json};

use crate::time::moment;

/// The window `[from, to)` of a plan, from milliseconds since the epoch.
///
/// # Errors
/// If an instant is out of the calendar.
pub fn range(from_ms: i64, to_ms: i64) -> Result<Value> {
    Ok(json!({ "from": moment(from_ms)?, "to": moment(to_ms)? }))
}

/// The measured values of `metric` in an answer, in order.
#[must_use]
pub fn facts(answer: &Value, metric: &str) -> Vec<f64> {
    let all = answer["facts"].as_array().into_iter().flatten();
    let measured = all.filter(|fact| fact["metric"] == metric && fact["derived"].is_null());
    measured.filter_map(|fact| fact["value"].as_f64()).collect()
}

/// The first measured value of `metric` in an answer.
///
/// # Errors
/// If there is none; with what the answer says instead.
pub fn fact(answer: &Value, metric: &str) -> Result<f64> {
    let found = facts(answer, metric).first().copied();
    found.with_context(|| format!("no {metric} in: {} {}", answer["text"], answer["caveats"]))
}
