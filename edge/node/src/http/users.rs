//! One user, by order of the administrator: turning a token back into an id, and erasing everything kept of a
//! user. Both are logged, without the id.
//!
//! | path | body | gives |
//! |---|---|---|
//! | `POST /api/users/reveal` | `{"token": "…"}` | the id in the vault |
//! | `POST /api/users/erase` | `{"user": "…"}` or `{"token": "…"}` | how many transactions were blanked |

use std::sync::Arc;

use axum::{
    Json,
    extract::{State as Extract, rejection::JsonRejection},
    http::{HeaderMap, StatusCode},
};
use bongsu_edge_history::Token;
use serde::{Deserialize, Serialize};
use tokio::sync::oneshot;

use super::{State, problem::Problem};
use crate::{feed::Erase, who};

/// Longest user id.
const MAX_ID: usize = 1_024;

/// Who is meant: exactly one of the two.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Meant {
    user: Option<String>,
    token: Option<String>,
}

/// An id from the vault.
#[derive(Debug, Serialize)]
pub(super) struct Revealed {
    user: String,
}

/// What an erasure did.
#[derive(Debug, Serialize)]
pub(super) struct Erased {
    transactions: u64,
}

pub(super) async fn reveal(
    Extract(state): Extract<Arc<State>>,
    headers: HeaderMap,
    meant: Result<Json<Meant>, JsonRejection>,
) -> Result<Json<Revealed>, Problem> {
    state.admin.check(&headers)?;
    let token = meant_by(&state, meant)?;
    let vault = state.vault.as_ref().ok_or_else(|| Problem {
        status: StatusCode::CONFLICT,
        code: "no_vault",
        detail: "ids are not kept here, hint: set [history] vault_key_file".into(),
    })?;
    let sealed = state.history.secret(token).map_err(|error| {
        tracing::error!("failed to read the vault: {error}");
        internal()
    })?;
    let user = sealed.and_then(|sealed| vault.open(token, &sealed));
    tracing::info!(%token, found = user.is_some(), "a token was turned back by order");
    let unknown = || Problem {
        status: StatusCode::NOT_FOUND,
        code: "unknown_token",
        detail: "the vault has no id for this token, or not under this key".into(),
    };
    user.map(|user| Json(Revealed { user })).ok_or_else(unknown)
}

pub(super) async fn erase(
    Extract(state): Extract<Arc<State>>,
    headers: HeaderMap,
    meant: Result<Json<Meant>, JsonRejection>,
) -> Result<Json<Erased>, Problem> {
    state.admin.check(&headers)?;
    let user = meant_by(&state, meant)?;
    let (done, erased) = oneshot::channel();
    let order = Erase { user, done };
    state.erasures.send(order).await.map_err(|_| internal())?;
    let transactions = erased.await.ok().flatten().ok_or_else(internal)?;
    tracing::info!(%user, transactions, "a user was erased by order");
    Ok(Json(Erased { transactions }))
}

fn meant_by(state: &State, meant: Result<Json<Meant>, JsonRejection>) -> Result<Token, Problem> {
    let bad = |detail: String| Problem {
        status: StatusCode::BAD_REQUEST,
        code: "bad_request",
        detail,
    };
    let Json(meant) = meant.map_err(|error| bad(error.body_text()))?;
    match (meant.user, meant.token) {
        (Some(id), None) if !id.is_empty() && id.len() <= MAX_ID => Ok(who::user(&state.key, &id)),
        (None, Some(token)) => token.parse().map_err(|error: &str| bad(error.to_owned())),
        _ => Err(bad(format!(
            "give either `user` (1 to {MAX_ID} bytes) or `token`"
        ))),
    }
}

fn internal() -> Problem {
    Problem {
        status: StatusCode::INTERNAL_SERVER_ERROR,
        code: "internal",
        detail: "the order could not be carried out whole, hint: see the edge's log, give it again"
            .into(),
    }
}
