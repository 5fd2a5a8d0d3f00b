//! `POST /api/ask`: a question or a plan in, an answer with its facts out.

use std::sync::Arc;

use axum::{
    Json,
    extract::{State as Extract, rejection::JsonRejection},
    http::StatusCode,
};
use bongsu_sdk_plan::{Answer, Lang, Plan};
use serde::Deserialize;
use utoipa::ToSchema;

use super::described;
use crate::{
    access::{Caller, by, record},
    problem::Problem,
    state::State,
};

/// Longest question, in characters.
const MAX_QUESTION: usize = 2_000;

/// A question in words, or a plan; exactly one of them.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "an object with `question` or `plan`")]
pub(super) struct Asked {
    /// In Korean or English, at most 2 000 characters.
    #[schema(example = "전국 시스템 중 가장 부하가 높은 지역은?")]
    question: Option<String>,
    /// A question plan, which is executed as it is.
    #[schema(value_type = Option<described::Plan>)]
    plan: Option<Plan>,
    /// Language of the answer: `ko` or `en`. Default: the question's own, Korean for a plan.
    #[schema(value_type = Option<String>, example = "ko")]
    lang: Option<Lang>,
}

/// Answers a question about the whole fleet, or executes a plan.
#[utoipa::path(
    post, path = "/api/ask", tag = "center",
    request_body = Asked,
    responses(
        (status = 200, description = "An answer; a refusal and a question back are answers too", body = described::Answer),
        (status = 400, description = "`bad_request`: not JSON", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "`too_large`", body = Problem, content_type = "application/problem+json"),
        (status = 415, description = "`bad_request`: not `application/json`", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "`bad_request`, `bad_question` or `bad_plan`: JSON of another shape, or a plan that says something impossible", body = Problem, content_type = "application/problem+json"),
        (status = 500, description = "`internal`", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "`busy` or `timeout`; come again after `retry-after` seconds", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn ask(
    Extract(state): Extract<Arc<State>>,
    caller: Caller,
    body: Result<Json<Asked>, JsonRejection>,
) -> Result<Json<Answer>, Problem> {
    let Json(asked) = body.map_err(unreadable)?;
    let prompt = asked.question.clone().unwrap_or_default();
    let answer = answer(&state, asked).await?;
    let mut entry = by(&caller, "ask", answer.plan.op.name());
    entry.prompt = prompt;
    entry.command = serde_json::to_value(&answer.plan).unwrap_or_default();
    entry.result = answer.text.chars().take(500).collect();
    entry.target.clone_from(&answer.by);
    record(&state, entry).await?;
    Ok(Json(answer))
}

async fn answer(state: &Arc<State>, asked: Asked) -> Result<Answer, Problem> {
    let now = state.clock.now();
    let lang = asked.lang;
    match (asked.question, asked.plan) {
        (Some(question), None) if is_sayable(&question) => {
            state
                .ask(move |backend| backend.question(question.trim(), lang, now))
                .await
        }
        (None, Some(plan)) => {
            plan.validate().map_err(|faults| {
                Problem::new(
                    StatusCode::UNPROCESSABLE_ENTITY,
                    "bad_plan",
                    faults.to_string(),
                )
            })?;
            let lang = lang.unwrap_or_default();
            state
                .ask(move |backend| backend.plan(&plan, lang, now))
                .await
        }
        _ => {
            let detail =
                format!("give either `question` (1 to {MAX_QUESTION} characters) or `plan`");
            Err(Problem::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                "bad_question",
                detail,
            ))
        }
    }
}

fn is_sayable(question: &str) -> bool {
    !question.trim().is_empty() && question.chars().count() <= MAX_QUESTION
}

pub(super) fn unreadable(rejection: JsonRejection) -> Problem {
    let status = rejection.status();
    let code = if status == StatusCode::PAYLOAD_TOO_LARGE {
        "too_large"
    } else {
        "bad_request"
    };
    let detail = format!(
        "{}, hint: send {{\"question\": \"…\"}} as application/json",
        rejection.body_text()
    );
    Problem::new(status, code, detail)
}
