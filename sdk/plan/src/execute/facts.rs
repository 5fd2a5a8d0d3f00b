//! Facts under construction: each gets the next id, and derived ones name their inputs.

use bongsu_sdk_model::{Metric, Unit};

use crate::{
    Derived, DerivedOp, Estimate, EstimateKind, Fact, FactScope, Measured, PlanWindow, Query,
};

/// The facts of one answer.
#[derive(Debug, Default)]
pub(super) struct Facts(Vec<Fact>);

impl Facts {
    /// Takes a measurement.
    pub(super) fn measured(
        &mut self,
        query: &Query,
        scope: FactScope,
        window: PlanWindow,
        measured: Measured,
    ) -> Fact {
        self.estimated(query, scope, window, measured, None)
    }

    /// Takes a figure with what it was estimated from.
    pub(super) fn estimated(
        &mut self,
        query: &Query,
        scope: FactScope,
        window: PlanWindow,
        measured: Measured,
        estimate: Option<Estimate>,
    ) -> Fact {
        let is_share = estimate.as_ref().is_some_and(|estimate| {
            matches!(
                estimate.kind,
                EstimateKind::Probability | EstimateKind::Contribution
            )
        });
        let unit = if is_share {
            Unit::Percent
        } else {
            query.metric.unit()
        };
        self.push(Fact {
            id: String::new(),
            metric: query.metric,
            agg: query.agg,
            scope,
            window,
            mode: measured.mode,
            value: measured.value,
            unit,
            error_pct_95: measured.error_pct_95.filter(|error| *error > 0.0),
            source: measured.source,
            derived: None,
            estimate,
            query_id: String::new(),
        })
    }

    /// `left − right`, with the error that follows from theirs.
    pub(super) fn difference(&mut self, left: &Fact, right: &Fact) -> Fact {
        let value = left.value - right.value;
        let band = band(left).hypot(band(right));
        self.derive(
            left,
            DerivedOp::Difference,
            &[left, right],
            value,
            left.unit,
            band,
        )
    }

    /// `(left − right) / right` in per cent; none when `right` is zero.
    pub(super) fn change(&mut self, left: &Fact, right: &Fact) -> Option<Fact> {
        if right.value == 0.0 {
            return None;
        }
        let ratio = left.value / right.value;
        let relative = relative(left).hypot(relative(right));
        let band = 100.0 * ratio.abs() * relative;
        Some(self.derive(
            left,
            DerivedOp::Change,
            &[left, right],
            100.0 * (ratio - 1.0),
            Unit::Percent,
            band,
        ))
    }

    /// The unweighted mean of several over `scope` and `window`; none of nothing.
    pub(super) fn mean(
        &mut self,
        inputs: &[&Fact],
        scope: FactScope,
        window: PlanWindow,
    ) -> Option<Fact> {
        let first = *inputs.first()?;
        let count = f64::from(u32::try_from(inputs.len()).ok()?);
        let value = inputs.iter().map(|fact| fact.value).sum::<f64>() / count;
        let band = inputs
            .iter()
            .map(|fact| band(fact).powi(2))
            .sum::<f64>()
            .sqrt()
            / count;
        let like = Fact {
            scope,
            window,
            ..first.clone()
        };
        Some(self.derive(&like, DerivedOp::Mean, inputs, value, first.unit, band))
    }

    /// How closely the courses of two figures follow each other, −1 to 1.
    pub(super) fn correlation(
        &mut self,
        left: &Fact,
        right: &Fact,
        value: f64,
        window: PlanWindow,
    ) -> Fact {
        let like = Fact {
            window,
            agg: None,
            ..left.clone()
        };
        let op = DerivedOp::Correlation;
        self.derive(&like, op, &[left, right], value, Unit::Score, 0.0)
    }

    /// A figure of sizing: what one server carries, what is to be carried, how many servers. Its band holds the
    /// load and the head-room in per cent it rests on, its samples the spare servers.
    pub(super) fn capacity(
        &mut self,
        metric: Metric,
        scope: FactScope,
        window: PlanWindow,
        (value, unit): (f64, Unit),
        advice: &crate::PoolAdvice,
    ) -> Fact {
        self.push(Fact {
            id: String::new(),
            metric,
            agg: None,
            scope,
            window,
            mode: None,
            value,
            unit,
            error_pct_95: None,
            source: "sizing".to_owned(),
            derived: None,
            estimate: Some(Estimate {
                kind: EstimateKind::Capacity,
                band: Some([advice.load_at_most, advice.headroom * 100.0]),
                share_pct: None,
                samples: Some(advice.spare),
                threshold: None,
            }),
            query_id: String::new(),
        })
    }

    /// What is left of the error budget of an objective of `target` per cent, in per cent; below 0 when broken.
    pub(super) fn budget_left(&mut self, kept: &Fact, target: f64) -> Fact {
        let left = 100.0 * (1.0 - (100.0 - kept.value) / (100.0 - target));
        let fact = self.derive(kept, DerivedOp::Budget, &[kept], left, Unit::Percent, 0.0);
        let estimate = Estimate {
            kind: EstimateKind::Objective,
            band: None,
            share_pct: None,
            samples: None,
            threshold: Some(target),
        };
        if let Some(held) = self.0.last_mut() {
            held.estimate = Some(estimate.clone());
        }
        Fact {
            estimate: Some(estimate),
            ..fact
        }
    }

    fn derive(
        &mut self,
        like: &Fact,
        op: DerivedOp,
        inputs: &[&Fact],
        value: f64,
        unit: Unit,
        band: f64,
    ) -> Fact {
        let error = (band > 0.0 && value != 0.0).then(|| 100.0 * band / value.abs());
        self.push(Fact {
            value,
            unit,
            error_pct_95: error,
            source: "derived".to_owned(),
            derived: Some(Derived {
                op,
                inputs: inputs.iter().map(|fact| fact.id.clone()).collect(),
            }),
            estimate: None,
            ..like.clone()
        })
    }

    fn push(&mut self, mut fact: Fact) -> Fact {
        fact.id = format!("f{}", self.0.len() + 1);
        fact.query_id = format!("q{}", self.0.len() + 1);
        self.0.push(fact.clone());
        fact
    }

    /// All of them, in order.
    pub(super) fn finish(self) -> Vec<Fact> {
        self.0
    }
}

/// Half width of the 95 % band in the fact's unit.
fn band(fact: &Fact) -> f64 {
    fact.value.abs() * relative(fact)
}

fn relative(fact: &Fact) -> f64 {
    fact.error_pct_95.unwrap_or(0.0) / 100.0
}

/// Whether two figures may be equal within their 95 % bands.
pub(super) fn indistinct(left: &Fact, right: &Fact) -> bool {
    let both = band(left).hypot(band(right));
    both > 0.0 && (left.value - right.value).abs() <= both
}

/// The metric's figure over an interval when nobody said which: the highest 5 minutes of concurrency,
/// else the metric's own.
pub(super) const fn natural(metric: Metric, longer_than_now: bool) -> Option<crate::Agg> {
    match metric {
        Metric::UsersConcurrent if longer_than_now => Some(crate::Agg::Max),
        _ => None,
    }
}
