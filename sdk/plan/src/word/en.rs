//! English sentences.

use bongsu_sdk_model::{Metric, Unit};

use super::{
    Compared, Sentence, ahead, baseline_label, figure, interval, metric_label, number, odd,
    op_label, slot_label, split_title, usual,
};
use crate::{Agg, Dimension, Fact, Lang, Op, Reason};

const LANG: Lang = Lang::En;

pub(super) fn say(sentence: &Sentence) -> String {
    match sentence {
        Sentence::Figure { place, fact } => figure_of(place, fact),
        Sentence::NoData { place, metric } => {
            format!(
                "{place}: there are no data for {} in this window.",
                metric_label(*metric, LANG)
            )
        }
        Sentence::NothingHeard => "No data arrived in this window.".to_owned(),
        Sentence::NoneFulfils => "Nothing fulfils the condition.".to_owned(),
        Sentence::RestInTable => "The rest is in the table.".to_owned(),
        Sentence::Compared(compared) => compare(compared),
        Sentence::NoBaseline { place, now, kind } => format!(
            "{} There are no data for {} to compare with.",
            figure_of(place, now),
            baseline_label(*kind, LANG)
        ),
        Sentence::Usual(against) => usual::against_en(against),
        Sentence::Week(week) => usual::week_en(week),
        Sentence::NoWholeDays => {
            "The window has no whole weekday or no whole day of a weekend, so they are not compared.".to_owned()
        }
        Sentence::Forecast(forecast) => ahead::forecast_en(forecast),
        Sentence::TooLittleHistory { place, metric } => ahead::too_little_en(place, *metric),
        Sentence::Odd(odd) => odd::odd_en(odd),
        Sentence::NothingOdd { place, metrics } => odd::nothing_en(place, metrics),
        Sentence::TooLittleToCompare => {
            "The history is too short to say yet what is odd.".to_owned()
        }
        Sentence::ModesDiffer { place, metric } => format!(
            "{place}: {} is not compared, because users were told apart differently in the two windows.",
            metric_label(*metric, LANG)
        ),
        Sentence::Best {
            place,
            fact,
            dimension,
            desc,
        } => best(place, fact, *dimension, *desc),
        Sentence::Next(next) => followers(next),
        Sentence::Mean(fact) => format!("The mean over those that reported is {}.", marked(fact)),
        Sentence::Extreme {
            place,
            fact,
            highest,
        } => extreme(place, fact, *highest),
        Sentence::Clarify(slots) => slots
            .iter()
            .map(|slot| slot_label(*slot, LANG))
            .collect::<Vec<_>>()
            .join(" "),
        Sentence::Refuse(reason) => refuse(*reason).to_owned(),
        Sentence::Unsupported { op, part } => unsupported(*op, part.as_deref()),
        Sentence::NotHeld(what) => format!("There are no data here about {what}."),
        Sentence::Words(words) => words.clone(),
        Sentence::Failed => "The data could not be read, so there is no answer.".to_owned(),
    }
}

/// The figure with its mark.
pub(super) fn marked(fact: &Fact) -> String {
    format!("{} [{}]", figure(fact, LANG), fact.id)
}

/// The metric with which figure of the window it is.
pub(super) fn named(fact: &Fact) -> String {
    let which = match fact.agg {
        Some(Agg::Max) if fact.metric != Metric::LatencyMax => "peak ",
        Some(Agg::Min) => "lowest ",
        Some(Agg::Avg) if fact.metric != Metric::LatencyAvg => "mean ",
        _ => "",
    };
    format!("{which}{}", metric_label(fact.metric, LANG))
}

/// The figure; a unit that is the metric's own name is not said twice.
pub(super) fn figure_of(place: &str, fact: &Fact) -> String {
    format!(
        "{place}, {}: {} {}.",
        interval(&fact.window),
        named(fact),
        marked(fact)
    )
}

fn compare(compared: &Compared) -> String {
    let Compared {
        place,
        now,
        base,
        difference,
        change,
        kind,
        within_error,
    } = compared;
    let now = figure_of(place, now);
    let base = format!(
        "{} ({}), {}",
        baseline_label(*kind, LANG),
        interval(&base.window),
        marked(base)
    );
    if difference.value == 0.0 {
        return format!("{now} That equals {base}.");
    }
    let points = if difference.unit == Unit::Percent {
        " points"
    } else {
        ""
    };
    let amount = format!("{}{points} [{}]", number::bare(difference), difference.id);
    let share = change
        .as_ref()
        .map(|change| format!(" ({} [{}])", number::size(change, LANG), change.id));
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
        "{now} That is {amount}{} {way} than {base}{note}.",
        share.unwrap_or_default()
    )
}

fn followers(next: &[(String, Fact)]) -> String {
    let names: Vec<String> = next
        .iter()
        .map(|(place, fact)| format!("{place} {}", marked(fact)))
        .collect();
    format!("Next: {}.", names.join(", "))
}

fn extreme(place: &str, fact: &Fact, highest: bool) -> String {
    format!(
        "{place}: {} was {} in {}, with {}.",
        metric_label(fact.metric, LANG),
        if highest { "highest" } else { "lowest" },
        interval(&fact.window),
        marked(fact)
    )
}

fn best(place: &str, fact: &Fact, dimension: Option<Dimension>, desc: bool) -> String {
    let what = split_title(dimension, LANG);
    let how = if desc { "highest" } else { "lowest" };
    format!(
        "{}: the {what} with the {how} {} is {place} with {}.",
        interval(&fact.window),
        named(fact),
        marked(fact)
    )
}

fn unsupported(op: Op, part: Option<&str>) -> String {
    let op = op_label(op, LANG);
    match part {
        None => format!(
            "The question is understood, but {op} is not available here yet. The plan shows what was understood."
        ),
        Some(part) => {
            format!(
                "The question is understood, but {op} is not available here yet with this part: {part}."
            )
        }
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
