//! Routes and what every response passes through: limits, counting, problem documents, headers, compression.

use std::sync::Arc;

use axum::{
    Router,
    extract::{DefaultBodyLimit, MatchedPath, Request, State as Extract},
    http::{HeaderName, HeaderValue, StatusCode, header},
    middleware::{Next, from_fn_with_state, map_response},
    response::Response,
};
use tower_http::{
    compression::CompressionLayer, set_header::SetResponseHeaderLayer, timeout::TimeoutLayer,
};

use crate::{
    Backend, Config,
    access::admit,
    api, login,
    problem::dress,
    state::{Route, State},
    web,
};
use bongsu_center_control::Control;
use bongsu_sdk_model::Clock;
use tokio::sync::Notify;

/// No inline code or style, no other origin, no frame. uPlot and Svelte set styles through the object model,
/// which this allows.
const POLICY: &str = "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; \
                      frame-ancestors 'none'";

/// The whole service without its socket; for tests and for serving beside something else.
/// `decided` is told when a proposal was decided.
pub fn router(
    config: Config,
    backend: Arc<dyn Backend>,
    control: Arc<Control>,
    decided: Arc<Notify>,
    clock: Arc<dyn Clock>,
) -> Router {
    let (api, document) = api::routes();
    let limit = DefaultBodyLimit::max(config.body_bytes);
    let timeout =
        TimeoutLayer::with_status_code(StatusCode::SERVICE_UNAVAILABLE, config.request_timeout);
    let state = Arc::new(State::new(
        config,
        backend,
        (control, decided),
        clock,
        document,
    ));
    let header = |name: HeaderName, value: &'static str| {
        SetResponseHeaderLayer::if_not_present(name, HeaderValue::from_static(value))
    };
    api.merge(web::routes())
        .merge(login::routes())
        .fallback(async || StatusCode::NOT_FOUND)
        .layer(from_fn_with_state(state.clone(), admit))
        .layer(limit)
        .layer(timeout)
        .layer(map_response(dress))
        .layer(from_fn_with_state(state.clone(), count))
        .layer(header(header::CONTENT_SECURITY_POLICY, POLICY))
        .layer(header(header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .layer(header(header::REFERRER_POLICY, "no-referrer"))
        .layer(header(
            HeaderName::from_static("cross-origin-resource-policy"),
            "same-origin",
        ))
        .layer(header(header::CACHE_CONTROL, "no-store"))
        .layer(CompressionLayer::new().gzip(true))
        .with_state(state)
}

/// Counts responses by route, not by path: what a client types must not make new series.
async fn count(
    Extract(state): Extract<Arc<State>>,
    path: Option<MatchedPath>,
    request: Request,
    next: Next,
) -> Response {
    let response = next.run(request).await;
    let path = path.map_or_else(|| "other".to_owned(), |path| path.as_str().to_owned());
    state
        .responses
        .get_or_create(&Route {
            path,
            status: response.status().as_u16(),
        })
        .inc();
    response
}
