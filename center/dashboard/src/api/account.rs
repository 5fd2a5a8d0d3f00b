//! One's own account: signing in and out, who one is, choosing a password.

use std::sync::Arc;

use axum::{
    Extension, Json,
    extract::{State as Extract, rejection::JsonRejection},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use bongsu_center_control::{Permit, Record, SignIn};
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::{ask::unreadable, refusals::Refusals};
use crate::{
    access::{COOKIE, Caller, Peer, address, blocking, by, record},
    problem::Problem,
    state::State,
};

/// Who wants in.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Login {
    name: String,
    password: String,
}

/// Signs in; the session is a cookie.
#[utoipa::path(
    post, path = "/api/login", tag = "people", request_body = Login,
    responses((status = 200, description = "In; `must_change` if a password must be chosen first", body = Value), Refusals),
)]
pub(super) async fn login(
    Extract(state): Extract<Arc<State>>,
    peer: Option<Extension<Peer>>,
    headers: HeaderMap,
    body: Result<Json<Login>, JsonRejection>,
) -> Result<Response, Problem> {
    let Json(login) = body.map_err(unreadable)?;
    let from = address(&state, &headers, peer.as_deref());
    // Argon2 takes memory and a core: so many at once, not more.
    let turn = Arc::clone(&state.signing_in).acquire_owned().await;
    let turn = turn.map_err(|_| Problem::internal())?;
    let (control, now, name) = (
        Arc::clone(&state.control),
        state.clock.now(),
        login.name.clone(),
    );
    let tried = blocking({
        let from = from.clone();
        move || {
            let _turn = turn;
            control.people.sign_in(&name, &login.password, &from, now)
        }
    });
    let tried = tried.await?;
    let status = match &tried {
        SignIn::In { .. } => "ok",
        SignIn::Wrong => "wrong",
        SignIn::Locked(_) => "locked",
        SignIn::TooMany => "too_many",
    };
    let who = login.name.chars().take(64).collect();
    let entry = Record {
        who,
        address: from,
        event: "sign-in".into(),
        status: status.into(),
        ..Record::default()
    };
    // A flood of attempts is recorded by its first ones.
    if tried != SignIn::TooMany {
        record(&state, entry).await?;
    }
    match tried {
        SignIn::In {
            secret,
            must_change,
        } => {
            let age = state.control.config.session_max.as_secs();
            Ok((
                cookie(&state, &secret, age),
                Json(json!({ "must_change": must_change })),
            )
                .into_response())
        }
        SignIn::Wrong => {
            let detail = "there is no such name with this password";
            Err(Problem::new(
                StatusCode::UNAUTHORIZED,
                "wrong_password",
                detail,
            ))
        }
        SignIn::Locked(_) | SignIn::TooMany => {
            let detail = "too many attempts, hint: try again in a quarter of an hour or ask an administrator";
            Err(Problem::new(
                StatusCode::TOO_MANY_REQUESTS,
                "locked",
                detail,
            ))
        }
    }
}

fn cookie(state: &State, secret: &str, age: u64) -> [(header::HeaderName, String); 1] {
    let secure = if state.config.secure_cookie {
        "; Secure"
    } else {
        ""
    };
    let cookie =
        format!("{COOKIE}={secret}; Path=/; Max-Age={age}; HttpOnly; SameSite=Lax{secure}");
    [(header::SET_COOKIE, cookie)]
}

/// Signs out.
#[utoipa::path(
    post, path = "/api/logout", tag = "people",
    responses((status = 200, description = "Out", body = Value), Refusals),
)]
pub(super) async fn logout(
    Extract(state): Extract<Arc<State>>,
    caller: Caller,
) -> Result<Response, Problem> {
    if let Some(secret) = &caller.secret {
        state.control.people.sign_out(secret);
    }
    record(&state, by(&caller, "sign-out", "ok")).await?;
    Ok((cookie(&state, "", 0), Json(json!({}))).into_response())
}

/// Who one is and what one may.
#[utoipa::path(
    get, path = "/api/me", tag = "people",
    responses((status = 200, description = "Name, grants and rights", body = Value), Refusals),
)]
pub(super) async fn me(Extract(state): Extract<Arc<State>>, caller: Caller) -> Json<Value> {
    let all = [
        Permit::View,
        Permit::Propose,
        Permit::Approve,
        Permit::Audit,
        Permit::Manage,
    ];
    let permits: Vec<_> = all
        .into_iter()
        .filter(|permit| caller.who.may(*permit))
        .collect();
    Json(json!({
        "name": caller.who.name,
        "grants": caller.who.grants,
        "permits": permits,
        "must_change": caller.who.must_change,
        "open": state.config.open,
        "two_persons": state.control.config.two_persons,
    }))
}

/// The present and the new password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Choice {
    old: String,
    new: String,
}

/// Chooses a password; every other session of the account ends.
#[utoipa::path(
    post, path = "/api/password", tag = "people", request_body = Choice,
    responses((status = 200, description = "Chosen", body = Value), Refusals),
)]
pub(super) async fn password(
    Extract(state): Extract<Arc<State>>,
    caller: Caller,
    body: Result<Json<Choice>, JsonRejection>,
) -> Result<Json<Value>, Problem> {
    let Json(choice) = body.map_err(unreadable)?;
    let Some(secret) = caller.secret.clone() else {
        let detail = "a password is chosen in a session, not by token";
        return Err(Problem::new(StatusCode::FORBIDDEN, "forbidden", detail));
    };
    let turn = Arc::clone(&state.signing_in).acquire_owned().await;
    let turn = turn.map_err(|_| Problem::internal())?;
    let (control, name) = (Arc::clone(&state.control), caller.who.name.clone());
    let chosen = blocking(move || {
        let _turn = turn;
        control
            .people
            .choose(&name, &choice.old, &choice.new, Some(&secret))
    });
    let chosen = chosen.await;
    let status = if chosen.is_ok() { "ok" } else { "refused" };
    record(&state, by(&caller, "password", status)).await?;
    chosen.map(|()| Json(json!({})))
}
