//! Questions become plans without a model, in Korean and English.
//!
//! The way of a question: plain text → tokens by a lexicon with spans → slots (one file each: window, metric,
//! place, condition, group, action …) → the operation by a table of rules → a plan with what was assumed.
//! No sentence is matched as a whole. What is not understood becomes a question back or a refusal, never a
//! guess.

mod action;
mod alias;
mod assemble;
mod calendar;
mod clause;
mod concept;
mod condition;
mod follow;
mod group;
mod guard;
mod josa;
mod lexicon;
mod list;
mod literal;
mod metric;
mod op;
mod period;
mod place;
mod quantity;
mod reading;
mod scan;
mod text;
mod token;
mod typo;
mod when;
mod window;

use bongsu_sdk_model::{Metric, Timestamp};
use jiff::tz::TimeZone;

pub use self::follow::Conversation;
use self::{
    action::Wish,
    concept::{Concept, Cue, Noun, Verb},
    lexicon::Lexicon,
    op::{Decision, Found},
    reading::Reading,
    text::Text,
    token::Kind,
};
use crate::{Action, Condition, Op, Plan, PlanScope, Reason, Slot, Span, Target, Vocabulary};

/// Understands questions about one installation.
#[derive(Debug, Clone)]
pub struct Planner {
    vocabulary: Vocabulary,
    zone: TimeZone,
    lexicon: Lexicon,
    scopes: Vec<(String, PlanScope)>,
}

/// An understood question.
#[derive(Debug, Clone, PartialEq)]
pub struct Understanding {
    /// What it asks first.
    pub plan: Plan,
    /// What else it asks, each with facts of its own.
    pub more: Vec<Plan>,
}

impl Planner {
    /// A planner for these sites, applications and aliases, with days and hours in `zone`.
    #[must_use]
    pub fn new(vocabulary: Vocabulary, zone: TimeZone) -> Self {
        let scopes = lexicon::usual_scopes(&vocabulary);
        let lexicon =
            Lexicon::new(&vocabulary).with_aliases(scopes.iter().map(|(name, _)| name.as_str()));
        Self {
            vocabulary,
            zone,
            lexicon,
            scopes,
        }
    }

    /// Understands a question asked at `now` by itself.
    #[must_use]
    pub fn plan(&self, question: &str, now: Timestamp) -> Understanding {
        self.plan_in(question, &Conversation::default(), now)
    }

    /// Understands a question asked at `now` within a conversation.
    #[must_use]
    pub fn plan_in(
        &self,
        question: &str,
        conversation: &Conversation,
        now: Timestamp,
    ) -> Understanding {
        let Some(text) = Text::new(question) else {
            return Understanding {
                plan: assemble::clarify(Slot::Question),
                more: Vec::new(),
            };
        };
        let clauses = clause::split(&text.raw);
        let mut plans = self
            .clauses(&clauses, conversation, now)
            .unwrap_or_default();
        if plans.is_empty() {
            plans.push(self.one(&text, conversation, now));
        }
        let plan = plans.remove(0);
        Understanding { plan, more: plans }
    }

    /// The plans of a compound question whose parts each stand for themselves; `None` when it is one.
    fn clauses(
        &self,
        clauses: &[&str],
        conversation: &Conversation,
        now: Timestamp,
    ) -> Option<Vec<Plan>> {
        if clauses.len() < 2 {
            return None;
        }
        let mut conversation = conversation.clone();
        let mut plans = Vec::new();
        for clause in clauses {
            let text = Text::new(clause)?;
            let mut plan = self.one(&text, &conversation, now);
            if !matches!(
                plan.op,
                Op::Value | Op::Series | Op::Compare | Op::Top | Op::List
            ) {
                return None;
            }
            // What the first part says about when and where holds for the next as well.
            if let Some(first) = plans.first() {
                let first: &Plan = first;
                let said = when::plain(&self.read(&text, &[], now).0, &[])
                    .window
                    .is_some();
                if !said {
                    plan.window = first.window;
                    plan.assumed.clear();
                }
                if plan.scope.is_empty() {
                    plan.scope = first.scope.clone();
                }
            }
            conversation.note(&plan);
            plans.push(plan);
        }
        Some(plans)
    }

    fn read<'a>(
        &'a self,
        text: &'a Text,
        scopes: &'a [(String, PlanScope)],
        now: Timestamp,
    ) -> (Reading<'a>, Vec<bool>) {
        let tokens = if scopes.is_empty() || scopes.len() == self.scopes.len() {
            scan::scan(text, &self.lexicon)
        } else {
            let lexicon = Lexicon::new(&self.vocabulary)
                .with_aliases(scopes.iter().map(|(name, _)| name.as_str()));
            scan::scan(text, &lexicon)
        };
        let claimed = vec![false; tokens.len()];
        (
            Reading::new(text, tokens, now, &self.zone, &self.vocabulary, scopes),
            claimed,
        )
    }

    fn one(&self, text: &Text, conversation: &Conversation, now: Timestamp) -> Plan {
        let mut scopes = self.scopes.clone();
        scopes.extend(
            conversation
                .aliases()
                .iter()
                .map(|alias| (alias.name.clone(), alias.scope.clone())),
        );
        let (reading, mut claimed) = self.read(text, &scopes, now);
        let limits = condition::limits(&reading, &mut claimed);
        let mut conditions = condition::words(&reading, &mut claimed);
        let step = when::step(&reading, &mut claimed);
        let mut places = place::read(&reading);
        conditions.append(&mut places.conditions);
        if let Some(last) = conversation.last() {
            follow::resolve(last, &mut places.missing, &mut places.scope);
        }
        let mut metrics = metric::named(&reading);
        if let Some(plan) = before_asking(&reading, &metrics) {
            return plan;
        }
        if let Some(wish) = action::read(&reading, &places, &limits, &conditions, &claimed) {
            return act(wish, &places.scope);
        }
        if let Some(plan) = about_models(&reading, &claimed) {
            return plan;
        }
        if !places.missing.is_empty() {
            return Plan {
                missing: places.missing,
                ..Plan::new(Op::Clarify)
            };
        }
        beside_things(&reading, &mut metrics);
        let bound: Vec<_> = limits.iter().filter_map(|limit| limit.metric).collect();
        let found = Found {
            reading: &reading,
            free_metrics: metrics
                .iter()
                .copied()
                .filter(|metric| !bound.contains(metric))
                .collect(),
            metrics,
            split: group::split(&reading),
            ranked: group::ranked(&reading),
            stepped: step.is_some(),
            filtered: !conditions.is_empty(),
            plain: when::plain(&reading, &claimed),
            sides: when::comparing(&reading, &claimed),
            places: &places,
            limits: &limits,
        };
        ask(&found, &conditions, &claimed, step, conversation.last())
    }
}

/// "correlate cpu with users", "predict users": beside another metric, and ahead of now, things that can be
/// counted are their number.
fn beside_things(reading: &Reading<'_>, metrics: &mut Vec<Metric>) {
    let beside = reading.any(&[Cue::Correlate, Cue::SideBySide]) && metrics.len() == 1;
    let ahead = reading.has(Cue::Forecast) && metrics.is_empty();
    if !(beside || ahead) {
        return;
    }
    let counted = [
        (Noun::User, Metric::UsersConcurrent),
        (Noun::Session, Metric::SessionsActive),
        (Noun::Transaction, Metric::Requests),
    ];
    let of = counted
        .iter()
        .find(|(noun, metric)| reading.noun(*noun) && !metrics.contains(metric));
    metrics.extend(of.map(|(_, metric)| *metric));
}

/// What is settled before a question is taken as one: answers to proposals, names to remember, refusals,
/// and figures that nobody here measures.
fn before_asking(reading: &Reading<'_>, metrics: &[Metric]) -> Option<Plan> {
    let load_only = metrics.iter().all(|metric| *metric == Metric::Load);
    let unmeasured = reading.has(Cue::Unmeasured) && load_only;
    proposal(reading)
        .or_else(|| alias::read(reading))
        .or_else(|| guard::refuse(reading, !metrics.is_empty()).map(refuse))
        .or_else(|| unmeasured.then(|| assemble::clarify(Slot::Metric)))
}

/// The plan of a question that asks, by itself or within a conversation.
fn ask(
    found: &Found<'_, '_>,
    conditions: &[Condition],
    claimed: &[bool],
    step: Option<Span>,
    last: Option<&Plan>,
) -> Plan {
    if let Some(last) = last.filter(|_| fragment(found)) {
        return follow::continued(last, found);
    }
    if found.decide() == Decision::NotUnderstood {
        return not_understood(found);
    }
    let mut plan = assemble::query(found, conditions, claimed, step);
    if let Some(last) = last {
        follow::inherit(&mut plan, last, found);
    }
    plan
}

/// Whether a question only changes a part of the one before.
fn fragment(found: &Found<'_, '_>) -> bool {
    let opener = found
        .reading
        .tokens
        .first()
        .is_some_and(|token| token.cue() == Some(Cue::Follow));
    match found.decide() {
        Decision::NotUnderstood => !found.reading.any(&[Cue::Outside, Cue::Develop]),
        Decision::Do(Op::Value) => opener,
        _ => false,
    }
}

fn refuse(reason: Reason) -> Plan {
    Plan {
        reason: Some(reason),
        ..Plan::new(Op::Refuse)
    }
}

fn act(wish: Wish, scope: &PlanScope) -> Plan {
    match wish {
        Wish::Propose(action) => {
            // The target stands in the action's arguments, the place in the scope.
            let mut place = PlanScope {
                sites: scope.sites.clone(),
                ..PlanScope::default()
            };
            if !matches!(action, Action::Scale { .. } | Action::Rollback { .. }) {
                place.apps = scope.apps.clone();
            }
            Plan {
                action: Some(action),
                scope: place,
                ..Plan::new(Op::Act)
            }
        }
        Wish::Missing(missing) => Plan {
            missing,
            ..Plan::new(Op::Clarify)
        },
        Wish::TooBroad => refuse(Reason::TooBroad),
        Wish::NotAllowed => refuse(Reason::NotAllowed),
        Wish::Mixed => refuse(Reason::MixedQueryAndControl),
    }
}

/// Answers to a pending proposal, and undoing.
fn proposal(reading: &Reading<'_>) -> Option<Plan> {
    let content = reading
        .tokens
        .iter()
        .filter(|token| !matches!(token.kind, Kind::Word(Concept::Filler) | Kind::Stop))
        .count();
    let told = reading.has(Cue::Proposal);
    let asks = reading.any(&[
        Cue::Show,
        Cue::List,
        Cue::Count,
        Cue::HowMuch,
        Cue::Which,
        Cue::Why,
    ]);
    if asks || (!told && content > 3) {
        return None;
    }
    let undo = reading.has(Cue::Undo) || reading.verb(Verb::Rollback);
    if undo
        && (told || reading.noun(Noun::Action))
        && !reading.text.low.contains("제안")
        && !reading.text.low.contains("propos")
    {
        return Some(Plan {
            action: Some(Action::Undo {
                action: "last".to_owned(),
            }),
            ..Plan::new(Op::Act)
        });
    }
    if reading.has(Cue::Deny) || (told && reading.has(Cue::Undo)) {
        return Some(Plan::new(Op::Deny));
    }
    let alone = content <= 2
        && !reading.tokens.iter().any(|token| {
            matches!(
                token.kind,
                Kind::Word(Concept::Metric(_) | Concept::Verb(_))
            )
        });
    if alone && reading.has(Cue::Undo) && reading.text.low.starts_with("아니") {
        return Some(Plan::new(Op::Deny));
    }
    (reading.has(Cue::Approve) && (told || alone)).then(|| Plan::new(Op::Approve))
}

/// Questions about the models themselves: their calls when a period or a cost is named, else which answer
/// is meant must be known.
fn about_models(reading: &Reading<'_>, claimed: &[bool]) -> Option<Plan> {
    if !reading.has(Cue::Model) && !reading.noun(Noun::ModelCall) {
        return None;
    }
    let window = when::plain(reading, claimed).window;
    let calls = reading.noun(Noun::ModelCall)
        || window.is_some()
        || [
            "비용", "토큰", "cost", "token", "답했", "답한", "대답", "answer",
        ]
        .iter()
        .any(|word| reading.text.low.contains(word));
    Some(if calls {
        Plan {
            target: Some(Target::ModelCalls),
            window,
            ..Plan::new(Op::List)
        }
    } else {
        assemble::clarify(Slot::Question)
    })
}

/// A question back when it touches what is observed or says too little; a refusal when it is about
/// something else.
fn not_understood(found: &Found<'_, '_>) -> Plan {
    // Letters of no word, as "ㅇㅇ" or "??", say nothing that could be refused.
    let is_word = |c: char| c.is_ascii_alphabetic() || ('가'..='힣').contains(&c);
    if !found.reading.text.low.contains(is_word) {
        return assemble::clarify(Slot::Question);
    }
    if found.about_us() || found.reading.unknown_words() == 0 {
        let place = !found.places.scope.is_empty() || found.plain.window.is_some();
        return assemble::clarify(if place && !found.about_us() {
            Slot::Metric
        } else {
            Slot::Question
        });
    }
    refuse(Reason::OutOfDomain)
}
