//! Proposing actions, deciding them, and what became of them.
//!
//! A proposal comes from a question or from a plan `act`. What a planner or a model made of a sentence is not
//! trusted: the control service refuses again what is not allowed, too broad, or asks and acts at once.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Path, State as Extract, rejection::JsonRejection},
    http::StatusCode,
};
use bongsu_center_control::{Decision, Draft, Error, Event, Permit, Proposal, Record, Verdict};
use bongsu_sdk_model::SiteId;
use bongsu_sdk_plan::{Op, Plan, Reason};
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::{ask::unreadable, described, refusals::Refusals};
use crate::{
    access::{Caller, blocking, by, record},
    problem::Problem,
    state::State,
};

/// Most proposals shown.
const SHOWN: usize = 500;

/// What is proposed: a question, a plan, or both when a model made the plan of the question.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Proposed {
    /// In words.
    #[schema(example = "/admin/* URL에 모바일 브라우저에서 접근 못 하게 해")]
    question: Option<String>,
    /// A plan `act`.
    #[schema(value_type = Option<described::Plan>)]
    plan: Option<Plan>,
    /// What for; default: the question.
    reason: Option<String>,
}

/// Every proposal that one may see, latest first.
#[utoipa::path(
    get, path = "/api/proposals", tag = "actions",
    responses((status = 200, description = "Proposals", body = Value), Refusals),
)]
pub(super) async fn list(
    Extract(state): Extract<Arc<State>>,
    caller: Caller,
) -> Result<Json<Value>, Problem> {
    let control = Arc::clone(&state.control);
    let all = blocking(move || control.proposals.all()).await?;
    let visible = all
        .into_iter()
        .rev()
        .filter(|proposal| sees(&caller, proposal))
        .take(SHOWN);
    Ok(Json(json!({ "proposals": visible.collect::<Vec<_>>() })))
}

/// One proposal.
#[utoipa::path(
    get, path = "/api/proposals/{id}", tag = "actions", params(("id" = String, Path)),
    responses((status = 200, description = "The proposal", body = Value), Refusals),
)]
pub(super) async fn one(
    Extract(state): Extract<Arc<State>>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<Value>, Problem> {
    find(&state, &caller, id)
        .await
        .map(|proposal| Json(json!({ "proposal": proposal })))
}

/// Proposes an action; its blast radius is measured first.
#[utoipa::path(
    post, path = "/api/proposals", tag = "actions", request_body = Proposed,
    responses((status = 200, description = "The proposal, pending", body = Value), Refusals),
)]
pub(super) async fn propose(
    Extract(state): Extract<Arc<State>>,
    caller: Caller,
    body: Result<Json<Proposed>, JsonRejection>,
) -> Result<Json<Value>, Problem> {
    caller.need(Permit::Propose)?;
    let Json(proposed) = body.map_err(unreadable)?;
    let prompt = proposed.question.clone().unwrap_or_default();
    let taken = take(&state, &caller, proposed).await;
    if let Err(problem) = &taken {
        let mut entry = by(&caller, "proposal.refuse", "refused");
        entry.prompt = prompt;
        entry.result = problem.detail().to_owned();
        record(&state, entry).await?;
    }
    taken.map(|proposal| Json(json!({ "proposal": proposal })))
}

async fn take(
    state: &Arc<State>,
    caller: &Caller,
    proposed: Proposed,
) -> Result<Proposal, Problem> {
    let now = state.clock.now();
    let read = match proposed.question.clone() {
        Some(question) => {
            let asked = state.ask(move |backend| backend.question(&question, None, now));
            Some(asked.await?.plan)
        }
        None => None,
    };
    // What the planner refuses stays refused, whatever plan came along with the question.
    if let Some(read) = read
        .as_ref()
        .filter(|read| matches!(read.op, Op::Refuse | Op::Clarify))
    {
        return Err(refusal(read));
    }
    let plan = proposed.plan.or(read);
    let Some(plan) = plan else {
        return Err(Problem::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "bad_request",
            "give `question` or `plan`",
        ));
    };
    plan.validate().map_err(|faults| {
        Problem::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "bad_plan",
            faults.to_string(),
        )
    })?;
    let queries = !plan.metrics.is_empty() || plan.target.is_some() || !plan.group_by.is_empty();
    let action = match (plan.op, plan.action.clone()) {
        (Op::Act, Some(_)) if queries => {
            let detail = "mixed_query_and_control: the plan asks and acts at once, hint: ask first, then propose";
            return Err(Problem::new(
                StatusCode::CONFLICT,
                "mixed_query_and_control",
                detail,
            ));
        }
        (Op::Act, Some(action)) => action,
        _ => {
            let detail = "not_allowed: this is no action, hint: ask it at /api/ask";
            return Err(Problem::new(StatusCode::CONFLICT, "not_allowed", detail));
        }
    };
    if plan.scope.apps.len() > 1 {
        let detail = "not_allowed: an action is for one application or for all";
        return Err(Problem::new(StatusCode::CONFLICT, "not_allowed", detail));
    }
    let app = plan.scope.apps.first().cloned();
    let known = state.backend.sites();
    let sites: Vec<SiteId> = if plan.scope.sites.is_empty() {
        known.clone()
    } else {
        plan.scope.sites.clone()
    };
    if let Some(stranger) = sites.iter().find(|site| !known.contains(site)) {
        let detail = format!("not_allowed: there is no site `{stranger}`");
        return Err(Problem::new(StatusCode::CONFLICT, "not_allowed", detail));
    }
    caller.need_at(Permit::Propose, &sites, app.as_ref())?;
    let preview = {
        let (action, sites, app) = (action.clone(), sites.clone(), app.clone());
        state
            .ask(move |backend| backend.preview(&action, &sites, app.as_ref(), now))
            .await?
    };
    let reason = proposed
        .reason
        .or(proposed.question.clone())
        .unwrap_or_default();
    let draft = Draft {
        action,
        sites,
        app,
        by: caller.who.name.clone(),
        reason,
        preview,
    };
    let mut entry = by(caller, "proposal.make", "pending");
    entry.prompt = proposed.question.unwrap_or_default();
    let (control, caller) = (Arc::clone(&state.control), caller.clone());
    blocking(move || {
        let noted = |proposal: &Proposal| {
            // An undo is at the sites of what it takes back.
            if !caller
                .who
                .may_at(Permit::Propose, &proposal.sites, proposal.app.as_ref())
            {
                return Err(Error::Refused(
                    "not_allowed: it was done at sites that are not yours".to_owned(),
                ));
            }
            control
                .audit
                .append(about(entry, proposal), now)
                .map(|_| ())
        };
        control
            .proposals
            .propose(draft, &control.config, now, noted)
    })
    .await
}

/// What somebody decides.
#[derive(Deserialize, ToSchema)]
pub(super) struct Decided {
    /// `approve`, `deny`, or `modify` with `action`.
    #[serde(flatten)]
    #[schema(value_type = Object)]
    verdict: Verdict,
    /// The revision one saw.
    revision: u32,
    /// Why.
    #[serde(default)]
    note: String,
}

/// Decides a proposal: approve, deny or modify.
#[utoipa::path(
    post, path = "/api/proposals/{id}/decision", tag = "actions", params(("id" = String, Path)), request_body = Decided,
    responses((status = 200, description = "The proposal as it stands now", body = Value), Refusals),
)]
pub(super) async fn decide(
    Extract(state): Extract<Arc<State>>,
    caller: Caller,
    Path(id): Path<String>,
    body: Result<Json<Decided>, JsonRejection>,
) -> Result<Json<Value>, Problem> {
    caller.need(Permit::Approve)?;
    let Json(decided) = body.map_err(unreadable)?;
    let proposal = find(&state, &caller, id.clone()).await?;
    caller.need_at(Permit::Approve, &proposal.sites, proposal.app.as_ref())?;
    let now = state.clock.now();
    let event = match decided.verdict {
        Verdict::Approve => "proposal.approve",
        Verdict::Deny => "proposal.deny",
        Verdict::Modify { .. } => "proposal.modify",
    };
    let (who, note) = (
        caller.who.name.clone(),
        decided.note.chars().take(1_000).collect(),
    );
    let decision = Decision {
        by: who,
        at: now,
        revision: decided.revision,
        verdict: decided.verdict,
        note,
    };
    let entry = by(&caller, event, "ok");
    let control = Arc::clone(&state.control);
    let moved = blocking(move || {
        let noted = |proposal: &Proposal| {
            control
                .audit
                .append(about(entry, proposal), now)
                .map(|_| ())
        };
        control
            .proposals
            .step(&id, Event::Decide(decision), &control.config, now, noted)
    });
    let moved = moved.await;
    if let Err(problem) = &moved {
        let mut entry = about(by(&caller, event, "refused"), &proposal);
        entry.result = problem.detail().to_owned();
        record(&state, entry).await?;
    }
    state.decided.notify_one();
    moved.map(|proposal| Json(json!({ "proposal": proposal })))
}

async fn find(state: &Arc<State>, caller: &Caller, id: String) -> Result<Proposal, Problem> {
    let control = Arc::clone(&state.control);
    let proposal = blocking(move || control.proposals.one(&id)).await?;
    if sees(caller, &proposal) {
        return Ok(proposal);
    }
    Err(Problem::new(
        StatusCode::NOT_FOUND,
        "not_found",
        "there is no such proposal at your sites",
    ))
}

fn sees(caller: &Caller, proposal: &Proposal) -> bool {
    let app = proposal.app.as_ref();
    proposal.sites.iter().any(|site| {
        caller
            .who
            .may_at(Permit::View, std::slice::from_ref(site), app)
    })
}

/// A record with what a proposal is about.
fn about(entry: Record, proposal: &Proposal) -> Record {
    let prompt = if entry.prompt.is_empty() {
        proposal.reason.clone()
    } else {
        entry.prompt
    };
    Record {
        prompt,
        command: serde_json::to_value(&proposal.action).unwrap_or_default(),
        target: format!("{} r{}", proposal.id, proposal.revision),
        result: format!("{:?}", proposal.state).to_lowercase(),
        ..entry
    }
}

fn refusal(plan: &Plan) -> Problem {
    let (code, detail) = match plan.reason {
        Some(Reason::MixedQueryAndControl) => (
            "mixed_query_and_control",
            "mixed_query_and_control: this asks and acts at once, hint: ask first, then propose",
        ),
        Some(Reason::TooBroad) => (
            "too_broad",
            "too_broad: this would reach nearly everybody, hint: name a narrower target",
        ),
        None => (
            "not_allowed",
            "not_allowed: it is not clear what is to be done, hint: name the target",
        ),
        Some(_) => (
            "not_allowed",
            "not_allowed: this is none of the actions there are",
        ),
    };
    Problem::new(StatusCode::CONFLICT, code, detail)
}
