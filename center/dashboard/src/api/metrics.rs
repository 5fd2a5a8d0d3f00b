//! `GET /metrics`: the center's own figures as OpenMetrics text; no personal data.

use std::sync::Arc;

use axum::{
    extract::State as Extract,
    http::header,
    response::{IntoResponse, Response},
};
use prometheus_client::{encoding::text::encode, registry::Registry};
use tokio::task::spawn_blocking;

use crate::{problem::Problem, state::State};

const KIND: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// The center's own figures.
#[utoipa::path(
    get, path = "/metrics", tag = "operation",
    responses((status = 200, description = "OpenMetrics text", body = String, content_type = "application/openmetrics-text")),
)]
pub(super) async fn metrics(Extract(state): Extract<Arc<State>>) -> Result<Response, Problem> {
    let text = spawn_blocking(move || {
        let mut registry = Registry::with_prefix("bongsu");
        registry.register(
            "http_responses",
            "Responses of the dashboard by route",
            state.responses.clone(),
        );
        state.backend.register(&mut registry);
        let mut text = String::new();
        encode(&mut text, &registry).map(|()| text)
    });
    match text.await {
        Ok(Ok(text)) => Ok(([(header::CONTENT_TYPE, KIND)], text).into_response()),
        _ => Err(Problem::internal()),
    }
}
