//! Ending sessions, and saying whose a session is. Every order is logged, without whom it concerned.

use std::sync::Arc;

use axum::{
    Json,
    extract::{State as Extract, rejection::JsonRejection},
    http::HeaderMap,
};
use serde::{Deserialize, Serialize};

use super::{Wanted, bad, refused, unread};
use crate::http::{State, problem::Problem};

/// How many databases clients can choose; those beyond are the store's own.
const DATABASES: u8 = 16;

/// How many sessions an order ended.
#[derive(Debug, Serialize)]
pub(in crate::http) struct Ended {
    ended: usize,
}

pub(in crate::http) async fn end(
    Extract(state): Extract<Arc<State>>,
    headers: HeaderMap,
    wanted: Result<Json<Wanted>, JsonRejection>,
) -> Result<Json<Ended>, Problem> {
    state.admin.check(&headers)?;
    let Json(wanted) = wanted.map_err(|error| unread(&error))?;
    let filter = wanted.filter()?;
    let ended = state.sessions.control().end_matching(&filter).await;
    let ended = ended.map_err(|error| refused(&error))?;
    tracing::info!(ended, "sessions ended by order");
    Ok(Json(Ended { ended }))
}

/// Whose a session is.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct Bind {
    /// The session's key in the store.
    key: String,
    /// Its database; default 0.
    #[serde(default)]
    database: u8,
    /// None: nobody's.
    user: Option<String>,
    /// Default: the one whose keys are like this.
    application: Option<String>,
}

/// Whether an order changed anything.
#[derive(Debug, Serialize)]
pub(in crate::http) struct Changed {
    changed: bool,
}

pub(in crate::http) async fn bind(
    Extract(state): Extract<Arc<State>>,
    headers: HeaderMap,
    order: Result<Json<Bind>, JsonRejection>,
) -> Result<Json<Changed>, Problem> {
    state.admin.check(&headers)?;
    let Json(order) = order.map_err(|error| unread(&error))?;
    if order.database >= DATABASES {
        return Err(bad("`database` is not within 0 to 15"));
    }
    let control = state.sessions.control();
    let key = order.key.as_bytes();
    let changed = match order.user {
        Some(user) => control
            .bind(order.database, key, &user, order.application.as_deref())
            .await
            .map(|()| true),
        None => control.unbind(order.database, key).await,
    };
    let changed = changed.map_err(|error| refused(&error))?;
    tracing::info!(changed, "a session was bound by order");
    Ok(Json(Changed { changed }))
}
