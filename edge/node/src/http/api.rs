//! `POST /api/ask`: a question or a plan in, an answer about this site out.

use std::sync::Arc;

use axum::{
    Json,
    extract::{State as Extract, rejection::JsonRejection},
    http::StatusCode,
};
use bongsu_sdk_plan::{Answer, Lang, Plan};
use serde::Deserialize;

use super::{State, problem::Problem};

/// Longest question, in characters.
const MAX_QUESTION: usize = 2_000;

/// A question in words, or a plan; exactly one.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Question {
    question: Option<String>,
    plan: Option<Plan>,
    /// `ko` or `en`; default: the question's own.
    lang: Option<Lang>,
}

pub(super) async fn ask(
    Extract(state): Extract<Arc<State>>,
    body: Result<Json<Question>, JsonRejection>,
) -> Result<Json<Answer>, Problem> {
    let Json(asked) = body.map_err(|error| Problem {
        status: error.status(),
        code: "bad_request",
        detail: format!(
            "{}, hint: send {{\"question\": \"…\"}} as application/json",
            error.body_text()
        ),
    })?;
    let too_long = asked
        .question
        .as_ref()
        .is_some_and(|q| q.chars().count() > MAX_QUESTION);
    if too_long || asked.question.is_some() == asked.plan.is_some() {
        return Err(Problem {
            status: StatusCode::UNPROCESSABLE_ENTITY,
            code: "bad_question",
            detail: format!("give either `question` (at most {MAX_QUESTION} characters) or `plan`"),
        });
    }
    answer(state, asked).await.map(Json)
}

async fn answer(state: Arc<State>, asked: Question) -> Result<Answer, Problem> {
    let busy = |_| Problem {
        status: StatusCode::SERVICE_UNAVAILABLE,
        code: "busy",
        detail: "other questions are being answered, hint: ask again in a second".into(),
    };
    let permit = Arc::clone(&state.asking);
    let permit = permit.try_acquire_owned().map_err(busy)?;
    let now = state.clock.now();
    let desk = state.ask.clone();
    let work = move || {
        // The work goes on when whoever asked has gone, and the permit with it.
        let _permit = permit;
        match (asked.question, asked.plan) {
            (Some(question), _) => Some(desk.question(&question, asked.lang, now)),
            (None, Some(plan)) => Some(desk.plan(&plan, asked.lang.unwrap_or(Lang::Ko), now)),
            (None, None) => None,
        }
    };
    let answer = tokio::task::spawn_blocking(work).await.ok().flatten();
    answer.ok_or_else(|| Problem {
        status: StatusCode::INTERNAL_SERVER_ERROR,
        code: "internal",
        detail: "the question could not be answered, hint: see the edge's log".into(),
    })
}
