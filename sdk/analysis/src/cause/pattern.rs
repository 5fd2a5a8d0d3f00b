//! Faults known by their marks, read from one component's resources, load and contributions.
//!
//! A pattern names a cause, it does not rank it: a pool is also empty when the database is slow, and the
//! database then explains it away.

use bongsu_sdk_model::Timestamp;

use super::{
    case::{Case, Component, Dimension, Indicator, Kind},
    contribution,
    deviation::Deviation,
    diagnosis::{Check, ContributionFact, Evidence, Measure, Pattern},
    profile::Profile,
    scale,
};

/// Spreads from which a resource's change is spoken of.
const CLEAR: f64 = 4.0;
/// Part of an increase that makes one value responsible.
const MOST: f64 = 0.5;
/// A release this long before the incident's first row may still be its cause, ms.
const RELEASE_MS: i64 = 30 * 60 * 1000;

/// One component under inspection.
pub(super) struct Marks<'a> {
    pub(super) case: &'a Case,
    pub(super) component: &'a Component,
    pub(super) profile: &'a Profile,
    /// Its own load, not its callers', grew.
    pub(super) own_load: bool,
    /// When it began to deviate.
    pub(super) onset: Option<Timestamp>,
}

/// A pattern and what shows it, beyond the series that are evidence anyway.
pub(super) type Found = (Pattern, Option<Evidence>);

impl Marks<'_> {
    /// Every pattern found, most telling first.
    pub(super) fn patterns(&self) -> Vec<Found> {
        let plain = |(pattern, shown): (Pattern, bool)| shown.then_some((pattern, None));
        let mut found: Vec<Found> = [
            (Pattern::HeapExhaustion, self.heap_exhausted()),
            (
                Pattern::SessionExplosion,
                self.grew(Indicator::Sessions, 1.5),
            ),
            (Pattern::HostSaturation, self.saturated()),
            (
                Pattern::GarbageCollection,
                self.grew(Indicator::GcPause, 1.5),
            ),
        ]
        .into_iter()
        .filter_map(plain)
        .collect();
        found.extend(self.statements());
        found.extend(self.release());
        found.extend(self.hot_user());
        found.extend(self.surge());
        let later = [
            (
                Pattern::NetworkDelay,
                self.grew(Indicator::NetworkDelay, 1.2),
            ),
            (Pattern::ConnectionStarvation, self.connections_gone()),
            (
                Pattern::ThreadStarvation,
                self.full(Indicator::ThreadsBusy, 90.0),
            ),
        ];
        found.extend(later.into_iter().filter_map(plain));
        if found.is_empty() && self.dependency_failed() {
            found.push((Pattern::DependencyFailure, None));
        }
        found
    }

    fn resource(&self, indicator: Indicator) -> Option<&Deviation> {
        self.profile
            .resources
            .iter()
            .find(|d| d.indicator == indicator)
    }

    fn grew(&self, indicator: Indicator, times: f64) -> bool {
        self.resource(indicator)
            .is_some_and(|d| d.strength >= CLEAR && d.level >= times * d.baseline)
    }

    /// At its limit now, and not always.
    fn full(&self, indicator: Indicator, percent: f64) -> bool {
        let peak = self
            .component
            .series
            .iter()
            .filter(|s| s.indicator == indicator)
            .flat_map(|s| scale::within(s, self.case.incident))
            .map(|p| p.value)
            .fold(f64::NEG_INFINITY, f64::max);
        let changed = self.resource(indicator).is_none_or(|d| d.strength >= 2.0);
        peak >= percent && changed
    }

    fn heap_exhausted(&self) -> bool {
        self.full(Indicator::HeapAfterGc, 85.0) || self.grew(Indicator::OutOfMemory, 1.0)
    }

    fn saturated(&self) -> bool {
        self.full(Indicator::Cpu, 90.0)
            || self.component.kind == Kind::Host && self.full(Indicator::Memory, 95.0)
    }

    fn connections_gone(&self) -> bool {
        self.full(Indicator::ConnectionsInUse, 95.0)
            || self.grew(Indicator::ConnectionsWaiting, 1.5)
    }

    fn leader(&self, dimension: Dimension, measure: Measure) -> Option<ContributionFact> {
        contribution::leader(self.component, dimension, measure).filter(|fact| fact.share >= MOST)
    }

    /// One statement slower, or as fast as ever and executed far more often than there are requests for.
    fn statements(&self) -> Option<Found> {
        if self.grew(Indicator::SqlPerRequest, 2.0) {
            let most = self.leader(Dimension::Sql, Measure::Requests);
            return Some((Pattern::NPlusOne, most.map(Evidence::Contribution)));
        }
        let fact = self.leader(Dimension::Sql, Measure::Time)?;
        let before = fact.normal?;
        let slower = contribution::time_each(fact.incident)? / contribution::time_each(before)?;
        let oftener = fact.incident.requests / before.requests;
        let asked = self.profile.load.filter(|d| d.baseline > 0.0);
        let asked = asked.map_or(1.0, |d| d.level / d.baseline).max(1.0);
        if slower >= 1.5 {
            Some((Pattern::SlowSql, Some(Evidence::Contribution(fact))))
        } else if oftener >= 3.0 * asked {
            Some((Pattern::NPlusOne, Some(Evidence::Contribution(fact))))
        } else {
            None
        }
    }

    fn release(&self) -> Option<Found> {
        let until = self.onset.unwrap_or(self.case.symptom.at);
        let from = self.case.incident.from.as_ms().saturating_sub(RELEASE_MS);
        let recent = |at: &&Timestamp| at.as_ms() >= from && **at <= until;
        if let Some(at) = self.component.releases.iter().rfind(recent) {
            return Some((Pattern::BadRelease, Some(Evidence::Release { at: *at })));
        }
        let fact = self
            .leader(Dimension::Version, Measure::Errors)
            .or_else(|| self.leader(Dimension::Version, Measure::Time))?;
        let others = contribution::of(self.component, Dimension::Version)
            .filter(|c| c.value != fact.value)
            .map(|c| c.incident);
        let each = |work| match fact.measure {
            Measure::Errors => contribution::errors_each(work),
            _ => contribution::time_each(work),
        };
        let best = others.filter_map(each).min_by(f64::total_cmp)?;
        let is_new = fact.normal.is_none_or(|w| w.requests == 0.0);
        (is_new && each(fact.incident)? >= 1.5 * best)
            .then_some((Pattern::BadRelease, Some(Evidence::Contribution(fact))))
    }

    fn hot_user(&self) -> Option<Found> {
        let fact = self
            .leader(Dimension::User, Measure::Requests)
            .or_else(|| self.leader(Dimension::User, Measure::Time))?;
        Some((Pattern::HotUser, Some(Evidence::Contribution(fact))))
    }

    fn surge(&self) -> Option<Found> {
        let load = self.profile.load?;
        if !self.own_load || load.strength < CLEAR || load.level < 1.5 * load.baseline {
            return None;
        }
        Some(match self.leader(Dimension::Client, Measure::Requests) {
            Some(fact) => (Pattern::Attack, Some(Evidence::Contribution(fact))),
            None => (Pattern::TrafficSurge, None),
        })
    }

    fn dependency_failed(&self) -> bool {
        let worse = [self.profile.latency, self.profile.errors]
            .into_iter()
            .flatten()
            .any(|channel| channel.deviation.strength >= CLEAR);
        worse && matches!(self.component.kind, Kind::Database | Kind::External)
    }
}

/// What settles a pattern; without one, what settles a kind of change.
pub(super) fn check(pattern: Option<Pattern>, by_errors: bool, kind: Kind) -> Check {
    let Some(pattern) = pattern else {
        return match kind {
            Kind::Database | Kind::External => Check::DependencyStatus,
            Kind::Host => Check::Processes,
            _ if by_errors => Check::ErrorLog,
            _ => Check::SlowTraces,
        };
    };
    match pattern {
        Pattern::HeapExhaustion => Check::HeapHistogram,
        Pattern::GarbageCollection => Check::GcLog,
        Pattern::ThreadStarvation => Check::ThreadDumps,
        Pattern::ConnectionStarvation => Check::ConnectionHolders,
        Pattern::SlowSql => Check::SqlPlan,
        Pattern::NPlusOne => Check::SqlOfOneTrace,
        Pattern::TrafficSurge | Pattern::Attack => Check::RequestsByClient,
        Pattern::HotUser => Check::UserActivity,
        Pattern::BadRelease => Check::CompareVersions,
        Pattern::NetworkDelay => Check::RoundTrip,
        Pattern::DependencyFailure => Check::DependencyStatus,
        Pattern::HostSaturation => Check::Processes,
        Pattern::SessionExplosion => Check::SessionCreators,
    }
}
