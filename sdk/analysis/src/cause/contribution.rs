//! Which value of a dimension makes up most of what was added to a component's work.

use super::{
    case::{Component, Contribution, Dimension, Work},
    diagnosis::{ContributionFact, Measure},
};

impl Measure {
    /// This measure of `work`.
    pub(super) fn of(self, work: Work) -> f64 {
        match self {
            Self::Requests => work.requests,
            Self::Time => work.time_ms,
            Self::Errors => work.errors,
        }
    }
}

/// The value with the largest part of the increase; none with fewer than two values, or without increase.
/// Where no normal period is known for any value, the whole of the incident counts as added.
pub(super) fn leader(
    component: &Component,
    dimension: Dimension,
    measure: Measure,
) -> Option<ContributionFact> {
    let values: Vec<_> = of(component, dimension).collect();
    if values.len() < 2 {
        return None;
    }
    let added = |c: &Contribution| {
        let before = c.normal.map_or(0.0, |work| measure.of(work));
        (measure.of(c.incident) - before).max(0.0)
    };
    let all: f64 = values.iter().map(|c| added(c)).sum();
    let first = values
        .iter()
        .copied()
        .max_by(|a, b| added(a).total_cmp(&added(b)))?;
    (all.is_finite() && all > 0.0).then(|| ContributionFact {
        dimension,
        value: first.value.clone(),
        measure,
        share: added(first) / all,
        normal: first.normal,
        incident: first.incident,
    })
}

/// The contributions of one dimension.
pub(super) fn of(
    component: &Component,
    dimension: Dimension,
) -> impl Iterator<Item = &Contribution> {
    component
        .contributions
        .iter()
        .filter(move |c| c.dimension == dimension)
}

/// Time of one request, ms.
pub(super) fn time_each(work: Work) -> Option<f64> {
    (work.requests > 0.0).then(|| work.time_ms / work.requests)
}

/// Errors of one request.
pub(super) fn errors_each(work: Work) -> Option<f64> {
    (work.requests > 0.0).then(|| work.errors / work.requests)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(value: &str, before: f64, now: f64) -> Contribution {
        let work = |requests| Work {
            requests,
            ..Work::default()
        };
        Contribution {
            dimension: Dimension::Client,
            value: value.to_owned(),
            normal: Some(work(before)),
            incident: work(now),
        }
    }

    #[test]
    fn the_leader_is_of_the_increase_not_of_the_volume() {
        let component = Component {
            contributions: vec![client("large", 100.0, 104.0), client("new", 0.0, 36.0)],
            ..Component::default()
        };
        let leader = leader(&component, Dimension::Client, Measure::Requests).unwrap();
        assert_eq!((leader.value.as_str(), leader.share), ("new", 0.9));
    }

    #[test]
    fn one_value_alone_leads_nobody_and_a_decrease_is_no_increase() {
        let of = |contributions| {
            let component = Component {
                contributions,
                ..Component::default()
            };
            leader(&component, Dimension::Client, Measure::Requests)
        };
        assert_eq!(of(vec![client("only", 1.0, 9.0)]), None);
        assert_eq!(of(vec![client("a", 9.0, 1.0), client("b", 5.0, 5.0)]), None);
    }
}
