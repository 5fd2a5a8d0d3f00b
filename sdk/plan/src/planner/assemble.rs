//! From what was found and decided to a plan, with what had to be assumed.

mod ahead;
mod document;

use bongsu_sdk_model::Metric;
use jiff::ToSpan;

use super::{
    concept::{Concept, Cue, Noun, Time},
    group, list, metric,
    op::{Decision, Found},
    period::{Period, PeriodKind},
};
use crate::{
    Agg, BaselineKind, Cmp, Condition, Dimension, Field, Op, Order, Plan, PlanWindow, Present,
    Slot, Span, Target, Then, Value,
};

/// Builds the plan of a question that asks.
pub(super) fn query(
    found: &Found<'_, '_>,
    conditions: &[Condition],
    claimed: &[bool],
    step: Option<Span>,
) -> Plan {
    let maker = Maker {
        found,
        conditions,
        claimed,
        step,
    };
    let mut plan = match found.decide() {
        Decision::Do(op) => maker.op(op),
        Decision::PeakWhy => Plan {
            then: Some(Then::Explain),
            ..maker.op(Op::Peak)
        },
        Decision::ValueBeside => maker.beside(),
        Decision::ValueWhere => maker.fulfilling(),
        Decision::CompareWithWhat => clarify(Slot::Baseline),
        Decision::NotUnderstood => clarify(Slot::Question),
    };
    plan.present = present(found);
    if found.plain.afternoon {
        plan.assumed.push(
            found
                .reading
                .lang
                .pick("시각: 오후", "hour: afternoon")
                .to_owned(),
        );
    }
    plan
}

/// A question back.
pub(super) fn clarify(slot: Slot) -> Plan {
    Plan {
        missing: vec![slot],
        ..Plan::new(Op::Clarify)
    }
}

/// The forms a question names.
pub(super) fn present(found: &Found<'_, '_>) -> Vec<Present> {
    let forms = [
        (Cue::Table, Present::Table),
        (Cue::Chart, Present::Chart),
        (Cue::Pdf, Present::Pdf),
        (Cue::Xlsx, Present::Xlsx),
        (Cue::Markdown, Present::Markdown),
    ];
    forms
        .into_iter()
        .filter(|(cue, _)| found.reading.has(*cue))
        .map(|(_, form)| form)
        .collect()
}

struct Maker<'a, 'b, 'r> {
    found: &'a Found<'b, 'r>,
    conditions: &'a [Condition],
    claimed: &'a [bool],
    step: Option<Span>,
}

impl Maker<'_, '_, '_> {
    fn op(&self, op: Op) -> Plan {
        let plan = Plan {
            scope: self.found.places.scope.clone(),
            ..Plan::new(op)
        };
        match op {
            Op::Compare => self.compare(plan),
            Op::Top => self.top(plan),
            Op::List => self.list(plan),
            Op::Series => self.series(plan),
            Op::Peak => self.peak(plan),
            Op::Report => self.report(plan),
            Op::Forecast => self.forecast(plan),
            Op::Anomalies => self.anomalies(plan),
            Op::Sizing => self.sizing(plan),
            Op::Correlate => {
                let conditions = self.limit_conditions(false);
                Plan {
                    metrics: self.found.metrics.clone(),
                    conditions,
                    ..self.within_hour(plan)
                }
            }
            Op::Explain => Plan {
                metrics: self.found.free_metrics.clone(),
                ..self.within_hour(plan)
            },
            Op::Locate => Plan {
                window: Some(self.found.plain.window.unwrap_or(PlanWindow::Now)),
                ..plan
            },
            Op::Trace => Plan {
                window: self.found.plain.window,
                ..plan
            },
            _ => self.value(plan),
        }
    }

    fn assume(&self, plan: &mut Plan, ko: &str, en: &str) {
        plan.assumed
            .push(self.found.reading.lang.pick(ko, en).to_owned());
    }

    /// The window said, else the last 60 minutes.
    fn within_hour(&self, mut plan: Plan) -> Plan {
        plan.window = self.found.plain.window;
        if plan.window.is_none() {
            plan.window = Some(self.back(1.hour()));
            self.assume(&mut plan, "기간: 최근 60분", "window: last 60 minutes");
        }
        plan
    }

    fn back(&self, span: jiff::Span) -> PlanWindow {
        let now = self.found.reading.now.datetime();
        let from = now.checked_sub(span).unwrap_or(now);
        Period::new(from, now, PeriodKind::Rolling).window(self.found.reading.now.time_zone())
    }

    fn unit(&self, unit: Time) -> Option<PlanWindow> {
        let now = self.found.reading.now.datetime();
        Period::unit(unit, now.date())
            .map(|period| period.until(now).window(self.found.reading.now.time_zone()))
    }

    /// The figures meant: those named, those an adjective or a count stands for.
    fn metrics(&self) -> Vec<Metric> {
        let found = self.found;
        if !found.free_metrics.is_empty() {
            return found.free_metrics.clone();
        }
        if !found.metrics.is_empty() {
            return found.metrics.clone();
        }
        let one = metric::implied(found.reading)
            .or_else(|| metric::counted(found.reading, found.plain.window));
        one.into_iter().collect()
    }

    fn limit_conditions(&self, rows: bool) -> Vec<Condition> {
        self.found
            .limits
            .iter()
            .filter_map(|limit| limit.condition(self.found.reading, rows))
            .collect()
    }

    fn only_people(&self) -> bool {
        let metrics = &self.found.metrics;
        !metrics.is_empty()
            && metrics
                .iter()
                .all(|metric| metric.unit() == bongsu_sdk_model::Unit::Users)
    }

    fn agg(&self) -> Option<Agg> {
        let mut aggs = self
            .found
            .reading
            .tokens
            .iter()
            .filter_map(|token| match token.concept() {
                Some(Concept::Agg(agg)) => Some(agg),
                _ => None,
            });
        match (aggs.next(), aggs.next()) {
            // People are united, never added: "총 몇 명" asks for how many there were.
            (Some(Agg::Sum), None) if self.only_people() => None,
            (Some(agg), None) => Some(agg),
            _ => None,
        }
    }

    fn value(&self, mut plan: Plan) -> Plan {
        let found = self.found;
        plan.metrics = self.metrics();
        let troubles =
            found.reading.has(Cue::Trouble) && found.reading.any(&[Cue::Count, Cue::HowMuch]);
        if plan.metrics.is_empty() && troubles {
            plan.metrics = vec![Metric::Alerts];
        }
        if plan.metrics.is_empty() && !found.split.is_empty() {
            plan.metrics.extend(metric::of_thing(found.reading));
        }
        if plan.metrics.is_empty() {
            plan.metrics = metric::OVERVIEW.to_vec();
            self.assume(&mut plan, "지표: 주요 지표", "metrics: the main ones");
        }
        plan.group_by = found.split.clone();
        plan.window = Some(found.plain.window.unwrap_or(PlanWindow::Now));
        plan.agg = self.agg();
        plan.conditions = self.limit_conditions(false);
        plan.conditions.extend(self.conditions.iter().cloned());
        plan
    }

    /// Members beside each other: two sites, two applications, all servers.
    fn beside(&self) -> Plan {
        let scope = self.found.places.scope.clone();
        let dimension = if scope.sites.len() >= 2 {
            Some(Dimension::Site)
        } else if scope.apps.len() >= 2 {
            Some(Dimension::App)
        } else if scope.instances.len() >= 2 {
            Some(Dimension::Instance)
        } else {
            self.found.ranked
        };
        let mut plan = self.value(Plan {
            scope,
            ..Plan::new(Op::Value)
        });
        plan.group_by = dimension.into_iter().collect();
        plan
    }

    /// The groups whose figures fulfil a condition.
    fn fulfilling(&self) -> Plan {
        let found = self.found;
        let mut plan = self.value(Plan {
            scope: found.places.scope.clone(),
            ..Plan::new(Op::Value)
        });
        plan.metrics = found.metrics.clone();
        if plan.group_by.is_empty() {
            plan.group_by = found.ranked.into_iter().collect();
        }
        plan
    }

    fn compare(&self, mut plan: Plan) -> Plan {
        let found = self.found;
        plan.metrics = self.metrics();
        if plan.metrics.is_empty() && found.reading.has(Cue::Trouble) {
            plan.metrics = vec![Metric::ErrorsCount, Metric::Alerts];
        }
        if plan.metrics.is_empty() {
            plan.metrics.extend(metric::of_thing(found.reading));
        }
        if plan.metrics.is_empty() {
            plan.metrics = vec![Metric::UsersConcurrent];
            self.assume(&mut plan, "지표: 동시접속자", "metric: concurrent users");
        }
        plan.baseline = found.sides.baseline;
        plan.window = found.sides.window;
        plan.group_by = found.split.clone();
        let weeks = plan
            .baseline
            .is_some_and(|baseline| baseline.kind == BaselineKind::WeekdayVsWeekend);
        if plan.window.is_none() && weeks {
            plan.window = Some(self.back(28.days()));
            self.assume(&mut plan, "기간: 최근 4주", "window: last four weeks");
        } else if plan.window.is_none() {
            plan.window = Some(self.back(1.hour()));
            self.assume(&mut plan, "기간: 최근 60분", "window: last 60 minutes");
        }
        if found.sides.baseline_assumed {
            self.assume(&mut plan, "비교 대상: 평소", "baseline: the usual level");
        }
        plan
    }

    fn top(&self, plan: Plan) -> Plan {
        let found = self.found;
        let mut plan = self.within_hour(plan);
        plan.metrics = self.ranking_metric().into_iter().collect();
        plan.group_by = found.ranked.into_iter().collect();
        plan.limit = group::limit(found.reading, self.claimed);
        let low = found
            .reading
            .any(&[Cue::Low, Cue::Bottom, Cue::Fast, Cue::Quiet])
            || (self.agg() == Some(Agg::Min) && !found.reading.has(Cue::High));
        if let (true, Some(by)) = (
            low && !found.reading.has(Cue::High),
            plan.metrics.first().copied(),
        ) {
            plan.order = Some(Order { by, desc: false });
        }
        plan.conditions = self.limit_conditions(false);
        plan.conditions.extend(
            self.conditions
                .iter()
                .filter(|c| c.field != Field::Error)
                .cloned(),
        );
        plan
    }

    /// The metric to rank by: the one nearest the superlative, else what the adjective or the thing means.
    fn ranking_metric(&self) -> Option<Metric> {
        let found = self.found;
        let superlative = found.reading.tokens.iter().position(|token| {
            matches!(
                token.cue(),
                Some(
                    Cue::Most
                        | Cue::High
                        | Cue::Low
                        | Cue::Top
                        | Cue::Bottom
                        | Cue::Slow
                        | Cue::Busy
                        | Cue::Surge
                )
            )
        });
        let nearest = found
            .reading
            .tokens
            .iter()
            .enumerate()
            .filter_map(|(k, token)| match token.concept() {
                Some(Concept::Metric(metric)) if found.metrics.contains(&metric) => {
                    Some((k.abs_diff(superlative.unwrap_or(0)), metric))
                }
                _ => None,
            });
        let thing = || {
            let others = found
                .reading
                .nouns()
                .filter(|(_, noun)| noun.dimension() != found.ranked || found.ranked.is_none());
            others
                .map(|(_, noun)| noun)
                .chain(found.reading.nouns().map(|(_, noun)| noun))
                .find_map(|noun| match noun {
                    Noun::Transaction => Some(Metric::Requests),
                    Noun::Alert => Some(Metric::Alerts),
                    Noun::ErrorKind => Some(Metric::ErrorsCount),
                    Noun::Session => Some(Metric::SessionsActive),
                    Noun::User => Some(Metric::UsersConcurrent),
                    _ => None,
                })
        };
        nearest
            .min_by_key(|(distance, _)| *distance)
            .map(|(_, metric)| metric)
            .or_else(|| found.metrics.first().copied())
            .or_else(|| metric::implied(found.reading))
            .or_else(thing)
    }

    fn list(&self, mut plan: Plan) -> Plan {
        let found = self.found;
        let target = list::target(found).unwrap_or(Target::Transactions);
        plan.target = Some(target);
        plan.conditions = self.conditions.to_vec();
        plan.conditions.extend(self.limit_conditions(true));
        let failed = found.reading.has(Cue::Failed) || found.free_metrics == [Metric::ErrorsCount];
        let told = plan
            .conditions
            .iter()
            .any(|c| matches!(c.field, Field::Error | Field::Status));
        if failed && !told && target == Target::Transactions {
            plan.conditions.push(Condition {
                field: Field::Error,
                cmp: Cmp::Eq,
                value: Value::Bool(true),
            });
        }
        plan.limit = group::limit(found.reading, self.claimed);
        plan.window = found.plain.window;
        if plan.window.is_some() {
            return plan;
        }
        match target {
            Target::Sessions | Target::Users => plan.window = Some(PlanWindow::Now),
            Target::Transactions | Target::Urls => {
                plan.window = Some(self.back(1.hour()));
                self.assume(&mut plan, "기간: 최근 60분", "window: last 60 minutes");
            }
            Target::Alerts | Target::Deployments | Target::Actions | Target::ModelCalls => {
                plan.window = self.unit(Time::Week(0));
                self.assume(&mut plan, "기간: 이번 주", "window: this week");
            }
        }
        plan
    }

    fn series(&self, mut plan: Plan) -> Plan {
        let found = self.found;
        plan.metrics = self.metrics();
        if plan.metrics.is_empty() {
            plan.metrics.extend(metric::of_thing(found.reading));
        }
        if plan.metrics.is_empty() {
            plan.metrics = metric::OVERVIEW.to_vec();
            self.assume(&mut plan, "지표: 주요 지표", "metrics: the main ones");
        }
        plan.step = self.step.or_else(|| {
            found.split.iter().find_map(|dimension| match dimension {
                Dimension::Hour => Some(Span::seconds(3_600)),
                Dimension::Day => Some(Span::seconds(86_400)),
                _ => None,
            })
        });
        plan.group_by = found
            .split
            .iter()
            .copied()
            .filter(|d| !matches!(d, Dimension::Hour | Dimension::Day))
            .collect();
        plan.conditions = self.conditions.to_vec();
        plan.window = found
            .plain
            .window
            .filter(|window| *window != PlanWindow::Now);
        if plan.window.is_none() {
            plan.window = Some(self.back(24.hours()));
            self.assume(&mut plan, "기간: 최근 24시간", "window: last 24 hours");
        }
        plan
    }

    fn peak(&self, mut plan: Plan) -> Plan {
        plan.metrics = self.metrics();
        if plan.metrics.is_empty() {
            plan.metrics = vec![Metric::UsersConcurrent];
            self.assume(&mut plan, "지표: 동시접속자", "metric: concurrent users");
        }
        plan.metrics.truncate(1);
        plan.window = self
            .found
            .plain
            .window
            .filter(|window| *window != PlanWindow::Now);
        if plan.window.is_none() {
            plan.window = self.unit_day();
            self.assume(&mut plan, "기간: 오늘", "window: today");
        }
        plan
    }

    fn unit_day(&self) -> Option<PlanWindow> {
        let now = self.found.reading.now.datetime();
        Some(
            Period::day(now.date())
                .until(now)
                .window(self.found.reading.now.time_zone()),
        )
    }
}
