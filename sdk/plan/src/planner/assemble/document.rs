//! Reports: of what kind, over which window.

use bongsu_sdk_model::Metric;

use super::{
    super::concept::{Cue, Time},
    Maker,
};
use crate::{Plan, Report};

impl Maker<'_, '_, '_> {
    pub(super) fn report(&self, mut plan: Plan) -> Plan {
        let found = self.found;
        let comparing =
            found.sides.baseline.is_some() && found.reading.any(&[Cue::Compare, Cue::Versus]);
        plan.metrics = found.free_metrics.clone();
        plan.baseline = found.sides.baseline.filter(|_| comparing);
        plan.window = if comparing {
            found.sides.window
        } else {
            found.plain.window
        };
        let named = |cue, unit| found.reading.has(cue).then(|| self.unit(unit)).flatten();
        plan.window = plan
            .window
            .or_else(|| named(Cue::Weekly, Time::Week(0)))
            .or_else(|| named(Cue::Monthly, Time::Month(0)));
        if plan.window.is_none() {
            plan.window = self.unit(Time::Week(0));
            self.assume(&mut plan, "기간: 이번 주", "window: this week");
        }
        plan.group_by = found.split.clone();
        plan.report = Some(self.report_kind(comparing));
        plan
    }

    fn report_kind(&self, comparing: bool) -> Report {
        let reading = self.found.reading;
        let week = [
            Time::Week(0),
            Time::Week(-1),
            Time::Week(-2),
            Time::RollingWeek,
        ]
        .iter()
        .any(|t| reading.time(*t));
        let month = [
            Time::Month(0),
            Time::Month(-1),
            Time::Month(-2),
            Time::RollingMonth,
        ]
        .iter()
        .any(|t| reading.time(*t))
            || reading
                .tokens
                .iter()
                .any(|token| matches!(token.kind, super::super::token::Kind::Month { .. }));
        match () {
            () if self.found.metrics.contains(&Metric::Sla) => Report::Sla,
            () if reading.has(Cue::Trouble) => Report::Incident,
            () if reading.has(Cue::Weekly) => Report::Weekly,
            () if reading.has(Cue::Monthly) => Report::Monthly,
            () if week => Report::Weekly,
            () if month && !comparing => Report::Monthly,
            () => Report::Custom,
        }
    }
}
