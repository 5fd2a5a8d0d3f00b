//! `/guard`: what a web server asks for every request.
//!
//! | path | for | a refusal is |
//! |---|---|---|
//! | `/guard?app=…` | Traefik, Caddy, HAProxy | the status itself, with `Location`, `Retry-After` and a text |
//! | `/guard/nginx?app=…` | nginx `auth_request`, which knows 401 and 403 only | 403; the rest in `X-Bongsu-…` |
//! | `/guard/envoy/{app}/…` | Envoy `ext_authz`, which puts the client's path behind ours | the status itself |
//!
//! Whoever reaches this port can ask what the rules are by trying: it is for the site's web servers only, as is all
//! of the local HTTP. `deploy/guard` shows each web server's part.

pub(super) mod rules;

use std::sync::Arc;

use axum::{
    body::Body,
    extract::{Query, State as Extract},
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header},
    response::Response,
};
use bongsu_edge_guard::{Headers, Request, Verdict};
use serde::Deserialize;

use super::State;

const STATUS: HeaderName = HeaderName::from_static("x-bongsu-status");
const LOCATION: HeaderName = HeaderName::from_static("x-bongsu-location");
const RETRY_AFTER: HeaderName = HeaderName::from_static("x-bongsu-retry-after");

/// Of which application the request is.
#[derive(Debug, Deserialize)]
pub(super) struct Of {
    app: Option<String>,
}

struct Told<'h>(&'h HeaderMap);

impl Headers for Told<'_> {
    fn header(&self, name: &str) -> Option<&str> {
        // Of a header that comes twice the last was added by the nearest web server.
        let value = self.0.get_all(name).into_iter().next_back()?;
        value.to_str().ok()
    }
}

pub(super) async fn direct(
    Extract(state): Extract<Arc<State>>,
    Query(of): Query<Of>,
    headers: HeaderMap,
) -> Response {
    let told = Told(&headers);
    let request = Request::read(state.guard.config(), &told, of.app.as_deref(), None);
    plainly(&state, &request)
}

pub(super) async fn envoy(
    Extract(state): Extract<Arc<State>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    let target = uri.path_and_query().map_or("", |target| target.as_str());
    let rest = target.strip_prefix("/guard/envoy/").unwrap_or_default();
    let (app, path) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
    let own = (method.as_str(), path);
    let told = Told(&headers);
    let request = Request::read(state.guard.config(), &told, Some(app), Some(own));
    plainly(&state, &request)
}

pub(super) async fn nginx(
    Extract(state): Extract<Arc<State>>,
    Query(of): Query<Of>,
    headers: HeaderMap,
) -> Response {
    let told = Told(&headers);
    let request = Request::read(state.guard.config(), &told, of.app.as_deref(), None);
    let mut response = Response::new(Body::empty());
    let fields = match judge(&state, &request) {
        Verdict::Allow => {
            identify(&state, &request, &mut response);
            return response;
        }
        Verdict::Block { status, .. } => vec![(STATUS, status.to_string())],
        Verdict::Redirect { to } => vec![(STATUS, "302".to_owned()), (LOCATION, to)],
        Verdict::Limited { retry_after_s } => {
            let wait = retry_after_s.to_string();
            vec![(STATUS, "429".to_owned()), (RETRY_AFTER, wait)]
        }
    };
    *response.status_mut() = StatusCode::FORBIDDEN;
    put(&mut response, fields);
    response
}

/// An answer that the web server passes on as it is.
fn plainly(state: &State, request: &Request<'_>) -> Response {
    let mut response = Response::new(Body::empty());
    match judge(state, request) {
        Verdict::Allow => identify(state, request, &mut response),
        Verdict::Block { status, text } => {
            *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::FORBIDDEN);
            put(&mut response, text_fields());
            *response.body_mut() = Body::from(text);
        }
        Verdict::Redirect { to } => {
            *response.status_mut() = StatusCode::FOUND;
            put(&mut response, vec![(header::LOCATION, to)]);
        }
        Verdict::Limited { retry_after_s } => {
            *response.status_mut() = StatusCode::TOO_MANY_REQUESTS;
            let wait = (header::RETRY_AFTER, retry_after_s.to_string());
            put(&mut response, vec![wait]);
        }
    }
    response
}

fn text_fields() -> Vec<(HeaderName, String)> {
    let kind = "text/plain; charset=utf-8".to_owned();
    vec![
        (header::CONTENT_TYPE, kind),
        (header::CACHE_CONTROL, "no-store".to_owned()),
    ]
}

fn judge(state: &State, request: &Request<'_>) -> Verdict {
    let user = |session: &str| state.sessions.control().user_of(session);
    state.guard.decide(request, state.clock.now(), user)
}

fn identify(state: &State, request: &Request<'_>, response: &mut Response) {
    if let Some(cookie) = state.guard.identify(request) {
        put(response, vec![(header::SET_COOKIE, cookie)]);
    }
}

/// Adds what can be said in a header; rules hold nothing else.
fn put(response: &mut Response, fields: Vec<(HeaderName, String)>) {
    for (name, value) in fields {
        if let Ok(value) = HeaderValue::from_str(&value) {
            response.headers_mut().insert(name, value);
        }
    }
}
