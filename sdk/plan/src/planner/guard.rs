//! What is refused before anything else is understood: commands nobody may give, subjects that are not
//! observed here, and attempts to talk the planner out of its rules.
//!
//! The planner has no instructions that text could override; an attempt is refused so that the person knows
//! it was seen.

use super::{
    concept::{Cue, Noun},
    reading::Reading,
};
use crate::Reason;

/// The reason to refuse, if there is one. `measured` says that a metric is named.
pub(super) fn refuse(reading: &Reading<'_>, measured: bool) -> Option<Reason> {
    if reading.has(Cue::Injection) {
        return Some(Reason::NotAllowed);
    }
    let asks = reading.any(&[
        Cue::List,
        Cue::Count,
        Cue::HowMuch,
        Cue::When,
        Cue::Why,
        Cue::Trend,
        Cue::Which,
    ]) || measured;
    if reading.has(Cue::Develop) && !asks {
        return Some(Reason::OutOfDomain);
    }
    if reading.has(Cue::Outside) && !measured {
        return Some(Reason::OutOfDomain);
    }
    let method = reading.noun(Noun::Transaction)
        && reading
            .tokens
            .iter()
            .any(|token| reading.text.raw.get(token.at..token.end) == Some("DELETE"));
    if reading.has(Cue::Forbidden) && !asks && !method {
        return Some(Reason::NotAllowed);
    }
    None
}
