//! Managing people and their tokens. Every change is recorded before it is told.

use std::{sync::Arc, time::Duration};

use axum::{
    Json,
    extract::{Path, State as Extract, rejection::JsonRejection},
};
use bongsu_center_control::{Grant, Permit, Person, Token};
use bongsu_sdk_model::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::{ask::unreadable, refusals::Refusals};
use crate::{
    access::{Caller, blocking, by, record},
    problem::Problem,
    state::State,
};

/// Longest life of a token.
const LONGEST_DAYS: u64 = 400;

/// An account as it is shown.
#[derive(Serialize)]
struct Shown {
    name: String,
    grants: Vec<Grant>,
    must_change: bool,
    disabled: bool,
    created: Timestamp,
    locked_until: Option<Timestamp>,
}

impl From<Person> for Shown {
    fn from(person: Person) -> Self {
        Self {
            name: person.name,
            grants: person.grants,
            must_change: person.must_change,
            disabled: person.disabled,
            created: person.created,
            locked_until: person.locked_until,
        }
    }
}

/// Every account.
#[utoipa::path(
    get, path = "/api/people", tag = "people",
    responses((status = 200, description = "Accounts by name", body = Value), Refusals),
)]
pub(super) async fn list(
    Extract(state): Extract<Arc<State>>,
    caller: Caller,
) -> Result<Json<Value>, Problem> {
    caller.need(Permit::Manage)?;
    let control = Arc::clone(&state.control);
    let people = blocking(move || control.people.all()).await?;
    let people: Vec<Shown> = people.into_iter().map(Shown::from).collect();
    Ok(Json(json!({ "people": people })))
}

/// A new account.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct New {
    name: String,
    #[schema(value_type = Vec<Object>)]
    grants: Vec<Grant>,
}

/// Adds an account; its one-time password is shown once.
#[utoipa::path(
    post, path = "/api/people", tag = "people", request_body = New,
    responses((status = 200, description = "The one-time password", body = Value), Refusals),
)]
pub(super) async fn add(
    Extract(state): Extract<Arc<State>>,
    caller: Caller,
    body: Result<Json<New>, JsonRejection>,
) -> Result<Json<Value>, Problem> {
    caller.need(Permit::Manage)?;
    let Json(new) = body.map_err(unreadable)?;
    note(&state, &caller, "person.add", &new.name, &new.grants).await?;
    let (control, now) = (Arc::clone(&state.control), state.clock.now());
    let password = blocking(move || control.people.add(&new.name, new.grants, now)).await?;
    Ok(Json(json!({ "one_time_password": password })))
}

/// A change of an account; what is left out stays.
#[derive(Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Change {
    #[schema(value_type = Option<Vec<Object>>)]
    grants: Option<Vec<Grant>>,
    disabled: Option<bool>,
}

/// Changes what an account may do.
#[utoipa::path(
    put, path = "/api/people/{name}", tag = "people", params(("name" = String, Path)), request_body = Change,
    responses((status = 200, description = "The account", body = Value), Refusals),
)]
pub(super) async fn change(
    Extract(state): Extract<Arc<State>>,
    caller: Caller,
    Path(name): Path<String>,
    body: Result<Json<Change>, JsonRejection>,
) -> Result<Json<Value>, Problem> {
    caller.need(Permit::Manage)?;
    let Json(change) = body.map_err(unreadable)?;
    note(&state, &caller, "person.change", &name, &change).await?;
    let control = Arc::clone(&state.control);
    let person =
        blocking(move || control.people.set(&name, change.grants, change.disabled)).await?;
    Ok(Json(json!({ "person": Shown::from(person) })))
}

/// Gives an account a new one-time password and ends its sessions.
#[utoipa::path(
    post, path = "/api/people/{name}/reset", tag = "people", params(("name" = String, Path)),
    responses((status = 200, description = "The one-time password", body = Value), Refusals),
)]
pub(super) async fn reset(
    Extract(state): Extract<Arc<State>>,
    caller: Caller,
    Path(name): Path<String>,
) -> Result<Json<Value>, Problem> {
    caller.need(Permit::Manage)?;
    note(&state, &caller, "person.reset", &name, &()).await?;
    let control = Arc::clone(&state.control);
    let password = blocking(move || control.people.reset(&name)).await?;
    Ok(Json(json!({ "one_time_password": password })))
}

/// One's own tokens; an administrator's list is of everybody's.
#[utoipa::path(
    get, path = "/api/tokens", tag = "people",
    responses((status = 200, description = "Tokens without their secrets", body = Value), Refusals),
)]
pub(super) async fn tokens(
    Extract(state): Extract<Arc<State>>,
    caller: Caller,
) -> Result<Json<Value>, Problem> {
    let control = Arc::clone(&state.control);
    let tokens = blocking(move || control.people.tokens()).await?;
    let mine = |token: &Token| caller.who.may(Permit::Manage) || token.owner == caller.who.name;
    let tokens: Vec<Token> = tokens.into_iter().filter(mine).collect();
    Ok(Json(json!({ "tokens": tokens })))
}

/// A new token of one's own.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewToken {
    label: String,
    /// `view`, `propose`, `approve`, `audit`, `manage`.
    #[schema(value_type = Vec<String>)]
    scopes: Vec<Permit>,
    /// 1 to 400.
    days: u64,
}

/// Makes a token; its secret is shown once.
#[utoipa::path(
    post, path = "/api/tokens", tag = "people", request_body = NewToken,
    responses((status = 200, description = "The token and its secret", body = Value), Refusals),
)]
pub(super) async fn add_token(
    Extract(state): Extract<Arc<State>>,
    caller: Caller,
    body: Result<Json<NewToken>, JsonRejection>,
) -> Result<Json<Value>, Problem> {
    let Json(new) = body.map_err(unreadable)?;
    // A token that makes tokens would outlive every other measure.
    if caller.secret.is_none() {
        let detail = "tokens are made in a session, not by token";
        return Err(Problem::new(
            axum::http::StatusCode::FORBIDDEN,
            "forbidden",
            detail,
        ));
    }
    note(&state, &caller, "token.add", &new.label, &new.scopes).await?;
    let days = new.days.clamp(1, LONGEST_DAYS);
    let expires = state.clock.now().plus(Duration::from_secs(days * 86_400));
    let (control, owner) = (Arc::clone(&state.control), caller.who.name.clone());
    let made = blocking(move || {
        control
            .people
            .add_token(&owner, &new.label, new.scopes, expires)
    });
    let (token, secret) = made.await?;
    Ok(Json(json!({ "token": token, "secret": secret })))
}

/// Ends a token of one's own; an administrator ends anybody's.
#[utoipa::path(
    delete, path = "/api/tokens/{id}", tag = "people", params(("id" = String, Path)),
    responses((status = 200, description = "Ended", body = Value), Refusals),
)]
pub(super) async fn remove_token(
    Extract(state): Extract<Arc<State>>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<Value>, Problem> {
    let control = Arc::clone(&state.control);
    let tokens = blocking(move || control.people.tokens()).await?;
    let is_own = tokens
        .iter()
        .any(|token| token.id == id && token.owner == caller.who.name);
    if !is_own {
        caller.need(Permit::Manage)?;
    }
    note(&state, &caller, "token.remove", &id, &()).await?;
    let control = Arc::clone(&state.control);
    let token = blocking(move || control.people.remove_token(&id)).await?;
    Ok(Json(json!({ "token": token })))
}

async fn note(
    state: &Arc<State>,
    caller: &Caller,
    event: &str,
    target: &str,
    command: &impl Serialize,
) -> Result<(), Problem> {
    let mut entry = by(caller, event, "ordered");
    target.clone_into(&mut entry.target);
    entry.command = serde_json::to_value(command).unwrap_or_default();
    record(state, entry).await
}
