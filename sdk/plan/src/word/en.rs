//! English sentences.

use bongsu_sdk_model::{Metric, Unit};

use super::{
    Sentence, baseline_label, figure, interval, metric_label, number, op_label, slot_label,
    split_title,
};
use crate::{Agg, Fact, Lang, Reason};

const LANG: Lang = Lang::En;

pub(super) fn say(sentence: &Sentence) -> String {
    match sentence {
        Sentence::Figure { place, fact } => {
            format!(
                "{place}, {}: {} {} [{}].",
                interval(&fact.window),
                named(fact),
                figure(fact, LANG),
                fact.id
            )
        }
        Sentence::NoData { place, metric } => {
            format!(
                "{place}: there are no data for {} in this window.",
                metric_label(*metric, LANG)
            )
        }
        Sentence::NothingHeard => "No data arrived in this window.".to_owned(),
        Sentence::NoneFulfils => "Nothing fulfils the condition.".to_owned(),
        Sentence::RestInTable => "The rest is in the table.".to_owned(),
        Sentence::Compared { .. } | Sentence::NoBaseline { .. } => compared(sentence),
        Sentence::ModesDiffer { place, metric } => format!(
            "{place}: {} is not compared, because users were told apart differently in the two windows.",
            metric_label(*metric, LANG)
        ),
        Sentence::Best {
            place,
            fact,
            dimension,
            desc,
        } => format!(
            "{}: the {} with the {} {} is {place} with {} [{}].",
            interval(&fact.window),
            split_title(*dimension, LANG),
            if *desc { "highest" } else { "lowest" },
            named(fact),
            figure(fact, LANG),
            fact.id
        ),
        Sentence::Next(next) => {
            let names: Vec<String> = next
                .iter()
                .map(|(place, fact)| format!("{place} {} [{}]", figure(fact, LANG), fact.id))
                .collect();
            format!("Next: {}.", names.join(", "))
        }
        Sentence::Mean { fact, .. } => {
            format!(
                "The mean over those that reported is {} [{}].",
                figure(fact, LANG),
                fact.id
            )
        }
        Sentence::Extreme {
            place,
            fact,
            highest,
        } => format!(
            "{place}: {} was {} in {}, with {} [{}].",
            metric_label(fact.metric, LANG),
            if *highest { "highest" } else { "lowest" },
            interval(&fact.window),
            figure(fact, LANG),
            fact.id
        ),
        Sentence::Clarify(slots) => slots
            .iter()
            .map(|slot| slot_label(*slot, LANG))
            .collect::<Vec<_>>()
            .join(" "),
        Sentence::Refuse(reason) => refuse(*reason).to_owned(),
        Sentence::Unsupported { op, part: None } => format!(
            "The question is understood, but {} is not available here yet. The plan shows what was understood.",
            op_label(*op, LANG)
        ),
        Sentence::Unsupported {
            op,
            part: Some(part),
        } => format!(
            "The question is understood, but {} is not available here yet with this part: {part}.",
            op_label(*op, LANG)
        ),
        Sentence::NotHeld(what) => format!("There are no data here about {what}."),
        Sentence::Failed => "The data could not be read, so there is no answer.".to_owned(),
    }
}

/// The metric with which figure of the window it is.
fn named(fact: &Fact) -> String {
    let which = match fact.agg {
        Some(Agg::Max) if fact.metric != Metric::LatencyMax => "peak ",
        Some(Agg::Min) => "lowest ",
        Some(Agg::Avg) if fact.metric != Metric::LatencyAvg => "mean ",
        _ => "",
    };
    format!("{which}{}", metric_label(fact.metric, LANG))
}

fn compared(sentence: &Sentence) -> String {
    match sentence {
        Sentence::Compared {
            place,
            now,
            base,
            difference,
            change,
            kind,
            within_error,
        } => {
            let now_part = format!(
                "{place}, {}: {} {} [{}].",
                interval(&now.window),
                named(now),
                figure(now, LANG),
                now.id
            );
            let base_part = format!(
                "{} ({}), {} [{}]",
                baseline_label(*kind, LANG),
                interval(&base.window),
                figure(base, LANG),
                base.id
            );
            if difference.value == 0.0 {
                return format!("{now_part} That equals {base_part}.");
            }
            let points = if difference.unit == Unit::Percent {
                " points"
            } else {
                ""
            };
            let share = change
                .as_ref()
                .map(|change| format!(" ({} [{}])", number::size(change, LANG), change.id))
                .unwrap_or_default();
            let way = if difference.value > 0.0 {
                "more"
            } else {
                "less"
            };
            let note = if *within_error {
                "; the difference is within the error"
            } else {
                ""
            };
            format!(
                "{now_part} That is {}{points} [{}]{share} {way} than {base_part}{note}.",
                number::size(difference, LANG),
                difference.id
            )
        }
        Sentence::NoBaseline { place, now, kind } => format!(
            "{place}, {}: {} {} [{}]. There are no data for {} to compare with.",
            interval(&now.window),
            named(now),
            figure(now, LANG),
            now.id,
            baseline_label(*kind, LANG)
        ),
        _ => String::new(),
    }
}

const fn refuse(reason: Reason) -> &'static str {
    match reason {
        Reason::NotAllowed => {
            "That cannot be done here. Ending sessions, blocking, limiting, scaling, rolling back and alert rules can be proposed."
        }
        Reason::MixedQueryAndControl => {
            "Asking and acting are not done in one sentence. Please ask first, then request the action for a named target."
        }
        Reason::TooBroad => {
            "The target is too broad. Please narrow the URL, user or address range."
        }
        Reason::OutOfDomain => "This is not something observed here, so there is no answer.",
    }
}
