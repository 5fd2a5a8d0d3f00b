//! Intervals in words: date, clock and zone, as short as they stay unambiguous.

use crate::{Moment, PlanWindow};

/// `2026-11-20 13:30–14:30 (+09:00)`; both dates where they differ. Empty for `now`.
pub(crate) fn interval(window: &PlanWindow) -> String {
    let PlanWindow::Range { from, to } = window else {
        return String::new();
    };
    let (date, clock, offset) = parts(*from);
    let (last_date, last_clock, _) = parts(*to);
    if date == last_date {
        format!("{date} {clock}–{last_clock} ({offset})")
    } else {
        format!("{date} {clock} – {last_date} {last_clock} ({offset})")
    }
}

/// The date of an interval's start.
pub(crate) fn day(window: &PlanWindow) -> String {
    match window {
        PlanWindow::Range { from, .. } => parts(*from).0,
        PlanWindow::Now => String::new(),
    }
}

/// Every word an interval may be told with: dates, clocks and offset of both ends.
pub(crate) fn moments(window: &PlanWindow) -> Vec<String> {
    let PlanWindow::Range { from, to } = window else {
        return Vec::new();
    };
    [*from, *to]
        .into_iter()
        .map(parts)
        .flat_map(|(date, clock, offset)| [date, clock, offset])
        .collect()
}

fn parts(at: Moment) -> (String, String, String) {
    let wall = at.wall();
    let clock = if wall.second() == 0 {
        wall.strftime("%H:%M")
    } else {
        wall.strftime("%H:%M:%S")
    };
    let text = at.to_string();
    let offset = text
        .get(text.len().saturating_sub(6)..)
        .unwrap_or_default()
        .to_owned();
    (
        wall.strftime("%Y-%m-%d").to_string(),
        clock.to_string(),
        offset,
    )
}
