//! Who is calling, and whether he may: in front of every path, closed unless it is listed as open.
//!
//! A browser shows its session by cookie, a program a token as `Authorization: Bearer bongsu_…`. A request that
//! changes something by cookie must come from a page of ours: browsers say so in `Sec-Fetch-Site`, older ones in
//! `Origin`, and a page of another site can forge neither. Rejected: a token in every form, which every page must
//! carry along and which protects no better.

use std::{net::IpAddr, sync::Arc};

use axum::{
    extract::{FromRequestParts, Request, State as Extract},
    http::{HeaderMap, Method, StatusCode, header, request::Parts},
    middleware::Next,
    response::{IntoResponse, Redirect, Response},
};
use bongsu_center_control::{Error, Grant, Permit, Record, Role, Who};
use bongsu_sdk_model::{AppId, SiteId};
use tokio::task::spawn_blocking;

use crate::{problem::Problem, state::State};

/// The cookie of a session.
pub(crate) const COOKIE: &str = "bongsu_session";
/// Open to everybody; nothing of the sites is told there.
const OPEN: &[&str] = &[
    "/healthz",
    "/login",
    "/login.js",
    "/login.css",
    "/api/login",
];
/// Open to whoever is signed in, whatever he may.
const OWN: &[&str] = &["/api/me", "/api/logout", "/api/password"];

/// The address at the other end of the connection.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Peer(pub(crate) IpAddr);

/// Whoever calls.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    pub(crate) who: Who,
    /// From where, for the audit.
    pub(crate) address: String,
    /// The session's secret, if he came by cookie.
    pub(crate) secret: Option<String>,
}

impl Caller {
    /// Refuses what he may nowhere do.
    pub(crate) fn need(&self, permit: Permit) -> Result<(), Problem> {
        if self.who.may(permit) {
            return Ok(());
        }
        Err(forbidden(permit))
    }

    /// Refuses what he may not do at all of these sites for this application.
    pub(crate) fn need_at(
        &self,
        permit: Permit,
        sites: &[SiteId],
        app: Option<&AppId>,
    ) -> Result<(), Problem> {
        if self.who.may_at(permit, sites, app) {
            return Ok(());
        }
        Err(forbidden(permit))
    }
}

fn forbidden(permit: Permit) -> Problem {
    let what = format!("{permit:?}").to_lowercase();
    let detail = format!("this needs the right to {what} there, hint: ask an administrator");
    Problem::new(StatusCode::FORBIDDEN, "forbidden", detail)
}

impl<S: Send + Sync> FromRequestParts<S> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let caller = parts.extensions.get::<Self>().cloned();
        caller.ok_or_else(unknown)
    }
}

/// Lets a request through with its [`Caller`], or answers it.
pub(crate) async fn admit(
    Extract(state): Extract<Arc<State>>,
    mut request: Request,
    next: Next,
) -> Response {
    let path = request.uri().path().to_owned();
    if OPEN.contains(&path.as_str()) || path.starts_with("/assets/") {
        return next.run(request).await;
    }
    let peer = request.extensions().get::<Peer>().copied();
    let headers = request.headers().clone();
    let caller = match caller(&state, &headers, peer).await {
        Ok(Some(caller)) => caller,
        Ok(None) if is_page(&path) => return Redirect::to("/login").into_response(),
        Ok(None) => return unknown().into_response(),
        Err(problem) => return problem.into_response(),
    };
    if caller.secret.is_some() && !is_ours(&request) {
        let detail = "the request does not come from a page of this center";
        return Problem::new(StatusCode::FORBIDDEN, "cross_site", detail).into_response();
    }
    if caller.who.must_change && !OWN.contains(&path.as_str()) {
        if is_page(&path) {
            return Redirect::to("/login").into_response();
        }
        let detail = "choose a password first, hint: POST /api/password";
        return Problem::new(StatusCode::FORBIDDEN, "password_due", detail).into_response();
    }
    if !OWN.contains(&path.as_str())
        && let Err(problem) = caller.need(Permit::View)
    {
        return problem.into_response();
    }
    request.extensions_mut().insert(caller);
    next.run(request).await
}

fn is_page(path: &str) -> bool {
    path == "/" || path.starts_with("/sites/")
}

fn unknown() -> Problem {
    let detail = "sign in at /login, or send a token as Authorization: Bearer …";
    Problem::new(StatusCode::UNAUTHORIZED, "unauthorized", detail)
}

async fn caller(
    state: &Arc<State>,
    headers: &HeaderMap,
    peer: Option<Peer>,
) -> Result<Option<Caller>, Problem> {
    let address = address(state, headers, peer.as_ref());
    if state.config.open {
        let who = everybody();
        return Ok(Some(Caller {
            who,
            address,
            secret: None,
        }));
    }
    let bearer = field(headers, header::AUTHORIZATION);
    let bearer = bearer
        .and_then(|value| value.strip_prefix("Bearer "))
        .map(str::to_owned);
    let secret = session(headers);
    let Some(shown) = bearer.clone().or_else(|| secret.clone()) else {
        return Ok(None);
    };
    let (control, now) = (Arc::clone(&state.control), state.clock.now());
    let who = blocking(move || control.people.who(&shown, now)).await?;
    let secret = secret.filter(|_| bearer.is_none());
    Ok(who.map(|who| Caller {
        who,
        address,
        secret,
    }))
}

/// Where the configuration says that nobody has to sign in.
fn everybody() -> Who {
    let roles = [Role::Approver, Role::Security, Role::Admin];
    Who {
        name: "open".to_owned(),
        grants: roles.map(Grant::everywhere).to_vec(),
        scopes: None,
        must_change: false,
    }
}

/// The client, as the connection shows him, or the web server in front if one is configured.
pub(crate) fn address(state: &State, headers: &HeaderMap, peer: Option<&Peer>) -> String {
    let named = state.config.address_header.as_deref();
    let told = named.and_then(|name| headers.get_all(name).iter().next_back()?.to_str().ok());
    let told = told.and_then(|told| told.rsplit(',').next()?.trim().parse::<IpAddr>().ok());
    let peer = peer.map(|Peer(address)| *address);
    told.or(peer)
        .map(|address| address.to_canonical().to_string())
        .unwrap_or_default()
}

/// The session's secret in the cookies.
pub(crate) fn session(headers: &HeaderMap) -> Option<String> {
    let cookies = field(headers, header::COOKIE)?;
    let mut pairs = cookies
        .split(';')
        .filter_map(|pair| pair.trim().split_once('='));
    let found = pairs.find(|(name, _)| *name == COOKIE);
    found.map(|(_, value)| value.to_owned())
}

fn field(headers: &HeaderMap, name: header::HeaderName) -> Option<&str> {
    headers.get(name)?.to_str().ok()
}

/// Whether a request changes nothing, or comes from a page of ours.
pub(crate) fn is_ours(request: &Request) -> bool {
    if matches!(*request.method(), Method::GET | Method::HEAD) {
        return true;
    }
    let headers = request.headers();
    if let Some(site) = headers.get("sec-fetch-site") {
        return site == "same-origin";
    }
    let host = field(headers, header::HOST);
    let origin = field(headers, header::ORIGIN);
    let origin = origin
        .and_then(|origin| origin.split_once("://"))
        .map(|(_, host)| host);
    origin.is_some() && origin == host
}

/// Runs what waits for the disk or for argon2 where that is fine.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> Result<T, Problem> {
    match spawn_blocking(work).await {
        Ok(done) => done.map_err(|error| problem(&error)),
        Err(error) => {
            tracing::error!(%error, "work of the control service ended early");
            Err(Problem::internal())
        }
    }
}

fn problem(error: &Error) -> Problem {
    match error {
        Error::Refused(why) => {
            // Texts that begin with a stable word have it as their code.
            let codes = [
                "not_allowed",
                "too_broad",
                "too_many",
                "mixed_query_and_control",
            ];
            let code = codes.into_iter().find(|code| why.starts_with(code));
            Problem::new(StatusCode::CONFLICT, code.unwrap_or("refused"), why)
        }
        Error::Missing(_) => Problem::new(StatusCode::NOT_FOUND, "not_found", error.to_string()),
        _ => {
            tracing::error!(%error, "the control service failed");
            Problem::internal()
        }
    }
}

/// Records what somebody did; what can't be recorded must not happen.
pub(crate) async fn record(state: &Arc<State>, record: Record) -> Result<(), Problem> {
    let (control, now) = (Arc::clone(&state.control), state.clock.now());
    blocking(move || control.audit.append(record, now).map(|_| ())).await
}

/// The beginning of a record of what a caller did.
pub(crate) fn by(caller: &Caller, event: &str, status: &str) -> Record {
    Record {
        who: caller.who.name.clone(),
        address: caller.address.clone(),
        event: event.to_owned(),
        status: status.to_owned(),
        ..Record::default()
    }
}
