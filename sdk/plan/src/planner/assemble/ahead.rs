//! What needs the analysis: forecasts, sizing and what stood out.

use jiff::ToSpan;

use super::{
    super::{metric, token::Unit},
    Maker, clarify,
};
use crate::{Plan, Slot, Span};

impl Maker<'_, '_, '_> {
    pub(super) fn forecast(&self, mut plan: Plan) -> Plan {
        let found = self.found;
        plan.metrics = self.found.metrics.clone();
        if plan.metrics.is_empty() {
            plan.metrics = metric::implied(found.reading).into_iter().collect();
        }
        plan.metrics.truncate(1);
        let Some(metric) = plan.metrics.first().copied() else {
            return clarify(Slot::Metric);
        };
        plan.horizon = found.plain.horizon.or_else(|| self.ahead());
        if plan.horizon.is_none() {
            plan.horizon = Some(Span::seconds(3_600));
            self.assume(&mut plan, "예측 거리: 1시간", "horizon: one hour");
        }
        let limit = found.limits.first().map(|limit| limit.quantity);
        let bare = || {
            let quantities = found
                .reading
                .tokens
                .iter()
                .filter_map(super::super::token::Token::quantity);
            quantities
                .into_iter()
                .find(|quantity| matches!(quantity.unit, Unit::Percent | Unit::People))
        };
        plan.threshold = limit
            .or_else(bare)
            .and_then(|quantity| super::super::condition::level(metric, quantity));
        plan
    }

    /// A length of time without "later": "in 2 hours", "1시간 안에".
    fn ahead(&self) -> Option<Span> {
        let free = |k: &usize| !self.claimed.get(*k).copied().unwrap_or(false);
        let lengths = self
            .found
            .reading
            .tokens
            .iter()
            .enumerate()
            .filter(|(k, _)| free(k))
            .filter_map(|(_, t)| t.quantity());
        lengths
            .into_iter()
            .find(|quantity| quantity.is_time())
            .and_then(super::super::token::Quantity::whole_seconds)
            .map(Span::seconds)
    }

    pub(super) fn sizing(&self, plan: Plan) -> Plan {
        Plan {
            servers: self.servers(),
            ..self.within_hour(plan)
        }
    }

    /// What stood out: of the metrics named, by the places asked for, in a day unless another time was said.
    pub(super) fn anomalies(&self, mut plan: Plan) -> Plan {
        plan.metrics = self.found.free_metrics.clone();
        plan.group_by = self.found.split.clone();
        plan.window = self.found.plain.window;
        if plan.window.is_none() {
            plan.window = Some(self.back(24.hours()));
            self.assume(&mut plan, "기간: 최근 24시간", "window: last 24 hours");
        }
        plan
    }

    fn servers(&self) -> Option<u32> {
        let counted = |units: &[Unit]| {
            let free = |k: usize| !self.claimed.get(k).copied().unwrap_or(false);
            let tokens = self.found.reading.tokens.iter().enumerate();
            tokens.filter(|(k, _)| free(*k)).find_map(|(_, token)| {
                token
                    .quantity()
                    .filter(|q| units.contains(&q.unit))?
                    .count()
            })
        };
        counted(&[Unit::Machine]).or_else(|| counted(&[Unit::None, Unit::Piece]))
    }
}
