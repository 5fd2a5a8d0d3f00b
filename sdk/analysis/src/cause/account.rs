//! A candidate's facts, objections and check, from its profile and its blame.

use super::{
    blame::Blame,
    case::Dimension,
    case::{Case, Component, Indicator},
    contribution,
    deviation::Deviation,
    diagnosis::{Cause, Evidence, Measure, Objection, SeriesFact},
    pattern::{self, Marks},
    profile::Profile,
};

/// Spreads from which a series is worth showing.
const SHOWN: f64 = 3.0;
/// Most facts shown of one candidate.
const MOST_FACTS: usize = 8;
/// Part of an increase from which a value is worth showing.
const SHOWN_SHARE: f64 = 0.4;

/// Everything there is to say about `index`.
pub(super) fn cause(
    case: &Case,
    index: usize,
    component: &Component,
    profile: &Profile,
    blame: Blame,
) -> Cause {
    let channels = [profile.latency, profile.errors];
    let onset = channels
        .into_iter()
        .flatten()
        .max_by(|a, b| a.deviation.strength.total_cmp(&b.deviation.strength))
        .and_then(|c| c.deviation.onset);
    let marks = Marks {
        case,
        component,
        profile,
        own_load: blame.load > 0.6,
        onset,
    };
    let found = marks.patterns();
    let by_errors = confidence_of(profile.errors) > confidence_of(profile.latency);
    let check = pattern::check(found.first().map(|f| f.0), by_errors, component.kind);
    let mut evidence = series_facts(case, index, component, profile);
    evidence.extend(found.iter().filter_map(|(_, fact)| fact.clone()));
    for fact in leaders(component) {
        let fact = Evidence::Contribution(fact);
        if !evidence.contains(&fact) {
            evidence.push(fact);
        }
    }
    Cause {
        component: index,
        name: component.name.clone(),
        kind: component.kind,
        blame,
        patterns: found.into_iter().map(|f| f.0).collect(),
        evidence,
        against: objections(profile, &blame),
        check,
    }
}

fn confidence_of(channel: Option<super::profile::Channel>) -> f64 {
    channel.map_or(0.0, |c| c.confidence())
}

fn series_facts(
    case: &Case,
    index: usize,
    component: &Component,
    profile: &Profile,
) -> Vec<Evidence> {
    let channels = [profile.latency, profile.errors]
        .into_iter()
        .flatten()
        .map(|c| c.deviation);
    let mut shown: Vec<Deviation> = channels
        .chain(profile.load)
        .chain(profile.resources.iter().copied())
        .filter(|d| d.strength.abs() >= SHOWN)
        .filter(|d| d.strength > 0.0 || d.indicator == Indicator::Requests)
        .collect();
    shown.sort_by(|a, b| b.strength.abs().total_cmp(&a.strength.abs()));
    shown.truncate(MOST_FACTS);
    let fact = |d: Deviation| {
        let series = component.series.iter().find(|s| s.indicator == d.indicator);
        Evidence::Series(SeriesFact {
            component: index,
            indicator: d.indicator,
            window: case.incident,
            value: d.level,
            baseline: d.baseline,
            baseline_inside: d.inside,
            strength: d.strength,
            onset: d.onset,
            source: series.map(|s| s.source.clone()).unwrap_or_default(),
        })
    };
    shown.into_iter().map(fact).collect()
}

/// Whoever makes up much of what was added, in every dimension there is.
fn leaders(component: &Component) -> Vec<super::diagnosis::ContributionFact> {
    let dimensions = [
        Dimension::Url,
        Dimension::User,
        Dimension::Sql,
        Dimension::Instance,
        Dimension::Version,
        Dimension::Client,
    ];
    let largest = |dimension| {
        [Measure::Time, Measure::Errors, Measure::Requests]
            .into_iter()
            .filter_map(|measure| contribution::leader(component, dimension, measure))
            .find(|fact| fact.share >= SHOWN_SHARE)
    };
    dimensions.into_iter().filter_map(largest).collect()
}

fn objections(profile: &Profile, blame: &Blame) -> Vec<Objection> {
    let strongest = [profile.latency, profile.errors]
        .into_iter()
        .flatten()
        .map(|c| c.deviation.strength)
        .chain(profile.resources.iter().map(|d| d.strength))
        .fold(0.0, f64::max);
    let explained = blame.explained_by.filter(|_| blame.own < 0.5);
    [
        explained.map(|component| Objection::ExplainedBy {
            component,
            own: blame.own,
        }),
        (blame.reach < 1.0).then_some(Objection::OutOfReach),
        (blame.load < 0.8).then_some(Objection::LoadPassedDown),
        (blame.share < 0.25).then_some(Objection::SmallShare { share: blame.share }),
        (blame.onset < 1.0).then_some(Objection::BeganLater),
        (blame.fits < 1.0).then_some(Objection::OtherKind),
        (blame.confidence < 0.5).then_some(Objection::WithinNoise {
            strength: strongest,
        }),
    ]
    .into_iter()
    .flatten()
    .collect()
}
