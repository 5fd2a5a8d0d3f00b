//! `/api/denies`: users who may not log in for a while. A deny ends the user's sessions at once.

use std::{sync::Arc, time::Duration};

use axum::{
    Json,
    extract::{
        Query as Params, State as Extract,
        rejection::{JsonRejection, QueryRejection},
    },
    http::HeaderMap,
};
use bongsu_edge_sessions::Deny;
use bongsu_sdk_model::Timestamp;
use serde::{Deserialize, Serialize};

use super::{bad, refused, unread};
use crate::http::{State, problem::Problem};

/// A deny as it is shown.
#[derive(Debug, Serialize)]
pub(in crate::http) struct Shown {
    user: String,
    application: Option<String>,
    until: Timestamp,
    reason: String,
    by: String,
}

pub(in crate::http) async fn list(
    Extract(state): Extract<Arc<State>>,
    headers: HeaderMap,
) -> Result<Json<Vec<Shown>>, Problem> {
    state.admin.check(&headers)?;
    let denies = state.sessions.control().denies();
    let show = |deny: Deny| Shown {
        user: deny.user.to_string(),
        application: deny.application.as_deref().map(str::to_owned),
        until: deny.until,
        reason: deny.reason,
        by: deny.by,
    };
    Ok(Json(denies.into_iter().map(show).collect()))
}

/// Whom to deny, where, for how long and why.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct Order {
    user: String,
    /// Default: every application.
    application: Option<String>,
    /// From now on.
    seconds: u64,
    reason: String,
    /// Who says so; default `api`.
    by: Option<String>,
}

/// How many sessions or denies ended.
#[derive(Debug, Serialize)]
pub(in crate::http) struct Ended {
    ended: usize,
}

pub(in crate::http) async fn deny(
    Extract(state): Extract<Arc<State>>,
    headers: HeaderMap,
    order: Result<Json<Order>, JsonRejection>,
) -> Result<Json<Ended>, Problem> {
    state.admin.check(&headers)?;
    let Json(order) = order.map_err(|error| unread(&error))?;
    let deny = Deny {
        user: order.user.into(),
        application: order.application.map(Arc::from),
        until: state.clock.now().plus(Duration::from_secs(order.seconds)),
        reason: order.reason,
        by: order.by.unwrap_or_else(|| "api".to_owned()),
    };
    let ended = state.sessions.control().deny(deny).await;
    let ended = ended.map_err(|error| refused(&error))?;
    tracing::info!(ended, seconds = order.seconds, "a user was denied by order");
    Ok(Json(Ended { ended }))
}

/// Whom to allow again.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct Allowed {
    user: String,
    /// Default: wherever there is a deny.
    application: Option<String>,
}

pub(in crate::http) async fn allow(
    Extract(state): Extract<Arc<State>>,
    headers: HeaderMap,
    order: Result<Params<Allowed>, QueryRejection>,
) -> Result<Json<Ended>, Problem> {
    state.admin.check(&headers)?;
    let Params(order) = order.map_err(|error| bad(&error.body_text()))?;
    let control = state.sessions.control();
    let ended = control
        .allow(&order.user, order.application.as_deref())
        .await;
    let ended = ended.map_err(|error| refused(&error))?;
    tracing::info!(ended, "a user was allowed again by order");
    Ok(Json(Ended { ended }))
}
