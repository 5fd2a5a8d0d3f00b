//! `/api/guard/rules`: the rules that hold, and rules by the administrator's token.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use axum::{
    Json,
    extract::{Path, State as Extract, rejection::JsonRejection},
    http::{HeaderMap, StatusCode},
};
use bongsu_edge_guard::{Error, Impact, Rule};
use bongsu_sdk_model::GuardRule;
use serde::{Deserialize, Serialize};

use crate::http::{State, problem::Problem, sessions::unread};

/// A rule to be tried or added.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct Wanted {
    /// Default: one of ours. A rule that there is already is replaced.
    id: Option<String>,
    rule: GuardRule,
    /// For how long from now; instead of `until`.
    seconds: Option<u64>,
}

/// The id of the rule that holds now.
#[derive(Debug, Serialize)]
pub(in crate::http) struct Added {
    id: String,
}

/// Whether there was such a rule.
#[derive(Debug, Serialize)]
pub(in crate::http) struct Removed {
    removed: bool,
}

pub(in crate::http) async fn list(
    Extract(state): Extract<Arc<State>>,
    headers: HeaderMap,
) -> Result<Json<Vec<Rule>>, Problem> {
    state.admin.check(&headers)?;
    Ok(Json(state.guard.rules()))
}

pub(in crate::http) async fn add(
    Extract(state): Extract<Arc<State>>,
    headers: HeaderMap,
    wanted: Result<Json<Wanted>, JsonRejection>,
) -> Result<Json<Added>, Problem> {
    static GIVEN: AtomicU64 = AtomicU64::new(0);
    state.admin.check(&headers)?;
    let Json(wanted) = wanted.map_err(|error| unread(&error))?;
    let now = state.clock.now();
    let id = wanted.id.unwrap_or_else(|| {
        let number = GIVEN.fetch_add(1, Ordering::Relaxed);
        format!("admin-{}-{number}", now.as_ms())
    });
    let mut rule = wanted.rule;
    if let Some(seconds) = wanted.seconds {
        rule.until = Some(now.plus(Duration::from_secs(seconds)));
    }
    let (guard, rules) = (Arc::clone(&state.guard), vec![(id.clone(), rule)]);
    blocking(move || guard.change(&rules, &[], None, now)).await?;
    tracing::info!(rule = id, "a guard rule was added by order");
    Ok(Json(Added { id }))
}

pub(in crate::http) async fn preview(
    Extract(state): Extract<Arc<State>>,
    headers: HeaderMap,
    wanted: Result<Json<Wanted>, JsonRejection>,
) -> Result<Json<Impact>, Problem> {
    state.admin.check(&headers)?;
    let Json(wanted) = wanted.map_err(|error| unread(&error))?;
    let (guard, now) = (Arc::clone(&state.guard), state.clock.now());
    blocking(move || guard.preview(&wanted.rule, now))
        .await
        .map(Json)
}

pub(in crate::http) async fn remove(
    Extract(state): Extract<Arc<State>>,
    headers: HeaderMap,
    Path(id): Path<String>,
) -> Result<Json<Removed>, Problem> {
    state.admin.check(&headers)?;
    let guard = Arc::clone(&state.guard);
    let removed = blocking({
        let id = id.clone();
        move || guard.remove(&id)
    });
    let removed = removed.await?;
    tracing::info!(rule = id, removed, "a guard rule was lifted by order");
    Ok(Json(Removed { removed }))
}

/// Runs what waits for the disk where that is fine.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> Result<T, Problem> {
    let done = tokio::task::spawn_blocking(work).await;
    let done = done.map_err(|_| Problem {
        status: StatusCode::INTERNAL_SERVER_ERROR,
        code: "internal",
        detail: "the rules could not be changed, hint: see the edge's log".into(),
    })?;
    done.map_err(|error| {
        let (status, code) = match &error {
            Error::TooBroad(_) => (StatusCode::UNPROCESSABLE_ENTITY, "too_broad"),
            Error::Rule(_) => (StatusCode::UNPROCESSABLE_ENTITY, "bad_rule"),
            Error::Full(_) => (StatusCode::CONFLICT, "full"),
            _ => (StatusCode::SERVICE_UNAVAILABLE, "store"),
        };
        Problem {
            status,
            code,
            detail: error.to_string(),
        }
    })
}
