//! From a diagnosis to what a plan's source tells: scopes and metrics instead of components and indicators.

use std::time::Duration;

use bongsu_sdk_model::Metric;
use bongsu_sdk_plan as plan;
use bongsu_sdk_plan::{Deviation, Explanation, Query, Suspect, SuspectPart, Verdict, Weakness};

use super::{case::Part, case::narrowed, runs::Run};
use crate::cause::{
    self, Caveat, Check, Diagnosis, Dimension, Evidence, Indicator, Measure, Objection, Pattern,
    SeriesFact,
};

/// Candidates told.
const MOST: usize = 5;
/// A candidate below this score is not told at all.
const LEAST: f64 = 0.02;
/// From this score on the first candidate accounts for the symptom.
const ACCOUNTS: f64 = 0.1;

/// The diagnosis of a symptom.
pub(super) fn tell(
    query: &Query,
    symptom: &Query,
    worst: &Run,
    parts: &[Part],
    diagnosis: &Diagnosis,
    step: Duration,
) -> Explanation {
    let of = |cause: &cause::Cause| {
        let part = parts.get(cause.component)?;
        Some(suspect(query, symptom, part, cause, parts, step))
    };
    let suspects: Vec<Suspect> = diagnosis
        .causes
        .iter()
        .filter(|cause| cause.blame.score >= LEAST)
        .filter_map(of)
        .take(MOST)
        .collect();
    let accounts = suspects
        .first()
        .is_some_and(|first| first.score >= ACCOUNTS);
    let weaknesses = diagnosis.caveats.iter().filter_map(|caveat| match caveat {
        Caveat::NoNormalPeriod => Some(Weakness::NoPast),
        Caveat::MovedLevel => Some(Weakness::MovedLevel),
        Caveat::FewRows => Some(Weakness::FewRows),
        Caveat::NoCalls | Caveat::Unmeasured(_) => None,
    });
    Explanation {
        verdict: if accounts {
            Verdict::Explained
        } else {
            Verdict::Unexplained
        },
        symptom: Some(Deviation {
            query: symptom.clone(),
            usual: worst.usual,
            strength: worst.strength,
        }),
        also: Vec::new(),
        suspects,
        days: 0,
        step,
        weaknesses: weaknesses.collect(),
    }
}

/// The other runs, strongest first.
pub(super) fn also(query: &Query, found: &[Run], symptom: &Query, most: usize) -> Vec<Deviation> {
    let mut told: Vec<Query> = vec![symptom.clone()];
    let mut also = Vec::new();
    for run in found {
        let site = [run.site.clone()];
        let one = narrowed(query, run, &site);
        let known = told.iter().any(|known| {
            known.metric == one.metric
                && known.apps == one.apps
                && known.instances == one.instances
                && known.sites.contains(&run.site)
                && known.window == one.window
        });
        if known || also.len() == most {
            continue;
        }
        told.push(one.clone());
        also.push(Deviation {
            query: one,
            usual: run.usual,
            strength: run.strength,
        });
    }
    also
}

fn suspect(
    query: &Query,
    symptom: &Query,
    part: &Part,
    cause: &cause::Cause,
    parts: &[Part],
    step: Duration,
) -> Suspect {
    let scope = |part: &Part| Query {
        sites: symptom.sites.clone(),
        apps: part.app.iter().cloned().collect(),
        urls: query.urls.clone(),
        instances: Vec::new(),
        ..symptom.clone()
    };
    let own = scope(part);
    let mut evidence = Vec::new();
    let mut contributions: Vec<plan::Contribution> = Vec::new();
    for fact in &cause.evidence {
        match fact {
            Evidence::Series(fact) => {
                let of = parts.get(fact.component).unwrap_or(part);
                evidence.extend(deviation(&scope(of), of.part, fact, step));
            }
            Evidence::Contribution(fact) => {
                let dimension = match fact.dimension {
                    Dimension::Url => plan::Dimension::Url,
                    Dimension::Instance => plan::Dimension::Instance,
                    Dimension::User => plan::Dimension::User,
                    Dimension::Sql => plan::Dimension::Sql,
                    Dimension::Version => plan::Dimension::Version,
                    Dimension::Client => plan::Dimension::Ip,
                };
                if contributions
                    .iter()
                    .all(|known| known.dimension != dimension)
                {
                    contributions.push(plan::Contribution {
                        dimension,
                        member: fact.value.clone(),
                        metric: match fact.measure {
                            Measure::Requests => Metric::Requests,
                            Measure::Time => Metric::LatencyAvg,
                            Measure::Errors => Metric::ErrorsCount,
                        },
                        share_pct: 100.0 * fact.share,
                    });
                }
            }
            Evidence::Release { .. } => {}
        }
    }
    Suspect {
        query: own,
        part: part.part,
        score: cause.blame.score,
        patterns: cause.patterns.iter().copied().map(pattern).collect(),
        evidence,
        contributions,
        doubts: cause.against.iter().map(doubt).collect(),
        check: check(cause.check),
    }
}

/// A series as a figure that can be measured; `None` where no metric measures it.
fn deviation(
    scope: &Query,
    part: SuspectPart,
    fact: &SeriesFact,
    step: Duration,
) -> Option<Deviation> {
    let (metric, usual) = match (fact.indicator, part) {
        (Indicator::Latency(_), SuspectPart::Database) => (Metric::DbLatency, fact.baseline),
        (Indicator::Latency(_), SuspectPart::External) => return None,
        (Indicator::Latency(_), _) => (Metric::LatencyAvg, fact.baseline),
        (Indicator::Requests, _) => (Metric::Tps, fact.baseline / step.as_secs_f64()),
        (Indicator::Availability, _) => (Metric::ErrorsRate, 100.0 - fact.baseline),
        (Indicator::Cpu, _) => (Metric::Cpu, fact.baseline),
        (Indicator::Memory, _) => (Metric::Memory, fact.baseline),
        (Indicator::HeapAfterGc, _) => (Metric::JvmHeap, fact.baseline),
        (Indicator::ThreadsBusy, _) => (Metric::ThreadsBusy, fact.baseline),
        (Indicator::ConnectionsInUse, _) => (Metric::DbConnections, fact.baseline),
        (Indicator::Sessions, _) => (Metric::SessionsActive, fact.baseline),
        _ => return None,
    };
    Some(Deviation {
        query: Query {
            metric,
            ..scope.clone()
        },
        usual: usual.max(0.0),
        strength: fact.strength,
    })
}

const fn pattern(pattern: Pattern) -> plan::Pattern {
    match pattern {
        Pattern::HeapExhaustion => plan::Pattern::HeapExhaustion,
        Pattern::GarbageCollection => plan::Pattern::GarbageCollection,
        Pattern::ThreadStarvation => plan::Pattern::ThreadStarvation,
        Pattern::ConnectionStarvation => plan::Pattern::ConnectionStarvation,
        Pattern::SlowSql => plan::Pattern::SlowSql,
        Pattern::NPlusOne => plan::Pattern::NPlusOne,
        Pattern::TrafficSurge => plan::Pattern::TrafficSurge,
        Pattern::Attack => plan::Pattern::Attack,
        Pattern::HotUser => plan::Pattern::HotUser,
        Pattern::BadRelease => plan::Pattern::BadRelease,
        Pattern::NetworkDelay => plan::Pattern::NetworkDelay,
        Pattern::DependencyFailure => plan::Pattern::DependencyFailure,
        Pattern::HostSaturation => plan::Pattern::HostSaturation,
        Pattern::SessionExplosion => plan::Pattern::SessionExplosion,
    }
}

const fn doubt(objection: &Objection) -> plan::Doubt {
    match objection {
        Objection::WithinNoise { .. } => plan::Doubt::WithinNoise,
        Objection::ExplainedBy { .. } => plan::Doubt::ExplainedByCallee,
        Objection::SmallShare { .. } => plan::Doubt::SmallShare,
        Objection::BeganLater => plan::Doubt::BeganLater,
        Objection::LoadPassedDown => plan::Doubt::LoadPassedDown,
        Objection::OutOfReach => plan::Doubt::OutOfReach,
        Objection::OtherKind => plan::Doubt::OtherKind,
    }
}

const fn check(check: Check) -> plan::Check {
    match check {
        Check::HeapHistogram => plan::Check::HeapHistogram,
        Check::GcLog => plan::Check::GcLog,
        Check::ThreadDumps => plan::Check::ThreadDumps,
        Check::ConnectionHolders => plan::Check::ConnectionHolders,
        Check::SqlPlan => plan::Check::SqlPlan,
        Check::SqlOfOneTrace => plan::Check::SqlOfOneTrace,
        Check::RequestsByClient => plan::Check::RequestsByClient,
        Check::UserActivity => plan::Check::UserActivity,
        Check::CompareVersions => plan::Check::CompareVersions,
        Check::RoundTrip => plan::Check::RoundTrip,
        Check::DependencyStatus => plan::Check::DependencyStatus,
        Check::Processes => plan::Check::Processes,
        Check::SessionCreators => plan::Check::SessionCreators,
        Check::ErrorLog => plan::Check::ErrorLog,
        Check::SlowTraces => plan::Check::SlowTraces,
    }
}
