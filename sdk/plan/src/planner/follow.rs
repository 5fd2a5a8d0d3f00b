//! Questions that continue a conversation: "그럼 대구는?", "And yesterday?", "표로 줘".

use super::{
    concept::{Concept, Cue},
    op::Found,
    token::Kind,
};
use crate::{Alias, Op, Plan, PlanWindow, Slot};

/// What was said before: the last plan that asked or acted, and the names to remember.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Conversation {
    last: Option<Plan>,
    aliases: Vec<Alias>,
}

impl Conversation {
    /// Takes note of an understood question.
    pub fn note(&mut self, plan: &Plan) {
        match plan.op {
            Op::Alias => {
                if let Some(name) = plan.name.clone() {
                    self.aliases.retain(|alias| alias.name != name);
                    self.aliases.push(Alias {
                        name,
                        scope: plan.scope.clone(),
                    });
                }
            }
            Op::Refuse | Op::Clarify | Op::Approve | Op::Deny => {}
            _ => self.last = Some(plan.clone()),
        }
    }

    /// The plan the next question may continue.
    #[must_use]
    pub const fn last(&self) -> Option<&Plan> {
        self.last.as_ref()
    }

    /// Names given in this conversation.
    #[must_use]
    pub fn aliases(&self) -> &[Alias] {
        &self.aliases
    }
}

/// The last plan with what the fragment changes.
pub(super) fn continued(last: &Plan, found: &Found<'_, '_>) -> Plan {
    let mut plan = Plan {
        assumed: Vec::new(),
        ..last.clone()
    };
    let scope = &found.places.scope;
    if !scope.sites.is_empty() {
        plan.scope.sites = scope.sites.clone();
    }
    if !scope.apps.is_empty() {
        plan.scope.apps = scope.apps.clone();
    }
    if !scope.urls.is_empty() {
        plan.scope.urls = scope.urls.clone();
    }
    if !scope.users.is_empty() {
        plan.scope.users = scope.users.clone();
    }
    if !scope.sessions.is_empty() {
        plan.scope.sessions = scope.sessions.clone();
    }
    if !scope.instances.is_empty() {
        plan.scope.instances = scope.instances.clone();
    }
    if let Some(window) = found.plain.window {
        plan.window = Some(window);
    }
    if !found.free_metrics.is_empty() {
        plan.metrics = found.free_metrics.clone();
        plan.order = None;
    }
    if !found.split.is_empty() {
        plan.group_by = found.split.clone();
    }
    let superlative = found
        .reading
        .any(&[Cue::Most, Cue::High, Cue::Low, Cue::Top]);
    if let (true, Some(dimension), false) = (superlative, found.ranked, plan.metrics.is_empty()) {
        plan.op = Op::Top;
        plan.group_by = vec![dimension];
    }
    plan.present.extend(super::assemble::present(found));
    plan.present.dedup();
    plan
}

/// Fills a plan that names no place, time or figure of its own from the last one.
pub(super) fn inherit(plan: &mut Plan, last: &Plan, found: &Found<'_, '_>) {
    let pointing = found.reading.any(&[Cue::Deictic, Cue::Follow]) || is_bare_metric(found);
    let comparing =
        matches!(plan.op, Op::Compare | Op::Series | Op::Peak) && found.metrics.is_empty();
    if !(pointing || comparing) || matches!(plan.op, Op::Refuse | Op::Clarify) {
        return;
    }
    if found.places.scope.is_empty() {
        plan.scope = last.scope.clone();
    }
    let unsaid = if plan.op == Op::Compare {
        found.sides.window.is_none()
    } else {
        found.plain.window.is_none()
    };
    let ranged = matches!(last.window, Some(PlanWindow::Range { .. }));
    if unsaid && (ranged || plan.op == Op::Compare) && last.window.is_some() {
        plan.window = last.window;
        plan.assumed.clear();
    }
    if found.metrics.is_empty() && !last.metrics.is_empty() {
        plan.metrics = last.metrics.clone();
        if plan.op == Op::Peak {
            plan.metrics.truncate(1);
        }
    }
}

/// "에러율은?": a figure and a topic particle, of what was talked about.
fn is_bare_metric(found: &Found<'_, '_>) -> bool {
    let metrics = found.reading.tokens.iter().all(|token| {
        let quiet = matches!(token.kind, Kind::Word(Concept::Filler) | Kind::Stop);
        quiet || matches!(token.concept(), Some(Concept::Metric(_)))
    });
    let low = found.reading.text.low.trim_end_matches(['?', ' ']);
    metrics && (low.ends_with('은') || low.ends_with('는'))
}

/// What "that user", "그 IP" points at in the last plan; slots that it fills are no longer missing.
pub(super) fn resolve(last: &Plan, missing: &mut Vec<Slot>, scope: &mut crate::PlanScope) {
    missing.retain(|slot| {
        let from = &last.scope;
        match slot {
            Slot::User if !from.users.is_empty() => scope.users = from.users.clone(),
            Slot::Session if !from.sessions.is_empty() => scope.sessions = from.sessions.clone(),
            Slot::Session if !from.users.is_empty() => scope.users = from.users.clone(),
            Slot::Url if !from.urls.is_empty() => scope.urls = from.urls.clone(),
            Slot::Cidr if !from.ips.is_empty() => scope.ips = from.ips.clone(),
            Slot::App if !from.apps.is_empty() => scope.apps = from.apps.clone(),
            Slot::Site if !from.sites.is_empty() => scope.sites = from.sites.clone(),
            Slot::Trace if !from.traces.is_empty() => scope.traces = from.traces.clone(),
            _ => return true,
        }
        false
    });
}
