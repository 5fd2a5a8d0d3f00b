//! What part of a symptom a component's change could make up, and what part of it is its callees'.

use super::{Ledger, Way};
use crate::cause::{
    case::{Indicator, Kind},
    profile::{Channel, Profile, confidence},
};

/// What a callee that is worse in another way explains where this way is not measured.
const UNSEEN: f64 = 0.5;
/// Own share that remains when callees explain everything: attribution is an estimate.
const NEVER_NOTHING: f64 = 0.04;

impl Ledger<'_> {
    /// How much of the symptom `channel` could make up: its amount against the symptom's.
    pub(super) fn share(&self, profile: &Profile, channel: &Channel, fits: f64) -> f64 {
        let Some(symptom) = self.profile(self.case.symptom.component) else {
            return 0.0;
        };
        let whole = match self.case.symptom.indicator {
            Indicator::Latency(_) => symptom.latency,
            Indicator::Availability => symptom.errors,
            _ => None,
        };
        let part = if fits < 1.0 {
            // Time and errors do not compare; how often it is asked does.
            let calls = profile.requests.unwrap_or(0.0);
            symptom.requests.filter(|r| *r > 0.0).map(|r| calls / r)
        } else {
            whole.and_then(|whole| match (channel.amount, whole.amount) {
                (Some(part), Some(whole)) if whole > 0.0 => Some(part / whole),
                _ if whole.each > 0.0 => Some(channel.each / whole.each),
                _ => None,
            })
        };
        part.unwrap_or(0.5).clamp(0.0, 1.0)
    }

    /// What no callee explains of `channel`, and who explains most.
    pub(super) fn own(
        &self,
        component: usize,
        way: Way,
        channel: &Channel,
    ) -> (f64, Option<usize>) {
        let mut explained = 0.0;
        let mut most = (0.0, None);
        for callee in self.graph.callees(component).iter().copied() {
            if self.graph.in_circle(component, callee) {
                continue;
            }
            let part = self.explained(component, callee, way, channel);
            explained += part;
            if part > most.0 {
                most = (part, Some(callee));
            }
        }
        ((1.0 - explained).clamp(NEVER_NOTHING, 1.0), most.1)
    }

    fn explained(&self, caller: usize, callee: usize, way: Way, channel: &Channel) -> f64 {
        let Some(profile) = self.profile(callee) else {
            return 0.0;
        };
        let Some(theirs) = way(profile) else {
            return self.saturated(callee).max(UNSEEN * worst(profile));
        };
        let part = match (theirs.amount, channel.amount) {
            (Some(part), Some(whole)) if whole > 0.0 => {
                part * self.asked_by(caller, callee) / whole
            }
            _ if channel.each > 0.0 => theirs.each / channel.each,
            _ => 0.0,
        };
        let as_sure = (theirs.confidence() / channel.confidence().max(1e-6)).min(1.0);
        part.clamp(0.0, 1.0) * as_sure * self.load(callee)
    }

    /// A callee known only by its resources explains half of its caller when it lacks them.
    fn saturated(&self, callee: usize) -> f64 {
        let is_host = self
            .case
            .components
            .get(callee)
            .is_some_and(|c| c.kind == Kind::Host);
        let strongest = self.profile(callee).and_then(|p| p.resources.first());
        match strongest {
            Some(d) if is_host => 0.5 * confidence(d.strength),
            _ => 0.0,
        }
    }

    /// Which part of the requests of `callee` comes from `caller`, by the volumes of its callers.
    fn asked_by(&self, caller: usize, callee: usize) -> f64 {
        let requests = |c: usize| self.profile(c).and_then(|p| p.requests).unwrap_or(0.0);
        let all: f64 = self
            .graph
            .callers(callee)
            .iter()
            .map(|c| requests(*c))
            .sum();
        if all > 0.0 {
            requests(caller) / all
        } else {
            1.0
        }
    }
}

fn worst(profile: &Profile) -> f64 {
    [profile.latency, profile.errors]
        .into_iter()
        .flatten()
        .map(|channel| channel.confidence())
        .fold(0.0, f64::max)
}
