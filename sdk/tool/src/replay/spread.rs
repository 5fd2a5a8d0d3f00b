//! The short forms of hand-written batches made into the long one.

use anyhow::{Result, bail};
use serde_json::{Map, Value};

/// Keys that hold instants.
const INSTANTS: [&str; 4] = ["ended", "at", "from", "to"];

/// Most events one line may become.
const MOST: u64 = 1_000_000;

/// Makes every event that says `times` as many events.
pub(super) fn events(batch: &mut Value) -> Result<()> {
    for kind in ["transactions", "session-events", "roll-ups"] {
        let Some(events) = batch.get_mut(kind).and_then(Value::as_array_mut) else {
            continue;
        };
        let mut all = Vec::with_capacity(events.len());
        for event in events.drain(..) {
            spread(event, &mut all)?;
        }
        *events = all;
    }
    Ok(())
}

fn spread(mut event: Value, into: &mut Vec<Value>) -> Result<()> {
    let mut take = |key: &str| event.as_object_mut().and_then(|event| event.remove(key));
    let (times, every) = (take("times"), take("every_ms"));
    let Some(times) = times.and_then(|times| times.as_u64()) else {
        into.push(event);
        return Ok(());
    };
    if times > MOST {
        bail!("`times` is {times}; hint: at most {MOST}");
    }
    let every = every.and_then(|every| every.as_i64()).unwrap_or(0);
    for i in 0..i64::try_from(times)? {
        let mut copy = event.clone();
        later(&mut copy, i * every);
        number(&mut copy, i);
        into.push(copy);
    }
    Ok(())
}

/// Moves every instant later.
pub(super) fn later(value: &mut Value, by_ms: i64) {
    match value {
        Value::Array(all) => all.iter_mut().for_each(|one| later(one, by_ms)),
        Value::Object(object) => later_in(object, by_ms),
        _ => {}
    }
}

fn later_in(object: &mut Map<String, Value>, by_ms: i64) {
    for (key, value) in object {
        match value.as_i64() {
            Some(at) if INSTANTS.contains(&key.as_str()) => {
                *value = Value::from(at.saturating_add(by_ms));
            }
            _ => later(value, by_ms),
        }
    }
}

/// Puts the number in place of `{n}` in every text, except in events that are still to be spread.
pub(super) fn number(value: &mut Value, n: i64) {
    match value {
        Value::String(text) if text.contains("{n}") => *text = text.replace("{n}", &n.to_string()),
        Value::Array(all) => all.iter_mut().for_each(|one| number(one, n)),
        Value::Object(object) if !object.contains_key("times") => {
            object.values_mut().for_each(|one| number(one, n));
        }
        _ => {}
    }
}
