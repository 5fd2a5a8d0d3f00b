//! The API: one file per endpoint, each described for the OpenAPI document where it is written.

mod account;
mod ask;
mod audit;
mod described;
mod health;
mod metrics;
mod overview;
mod people;
mod proposals;
mod refusals;

use std::sync::Arc;

use axum::{Router, body::Bytes, extract::State as Extract, http::header, response::IntoResponse};
use utoipa::OpenApi;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::state::State;

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Bongsu center",
        description = "Figures of every site, and answers to questions about them. Errors are RFC 9457 problem documents with a stable `code`.",
        license(name = "Apache-2.0", identifier = "Apache-2.0"),
    ),
    components(schemas(crate::problem::Problem))
)]
struct Described;

/// The routes, and the document that describes them.
pub(crate) fn routes() -> (Router<Arc<State>>, Bytes) {
    let (router, document) = OpenApiRouter::with_openapi(Described::openapi())
        .routes(routes!(overview::overview))
        .routes(routes!(ask::ask))
        .routes(routes!(account::login))
        .routes(routes!(account::logout))
        .routes(routes!(account::me))
        .routes(routes!(account::password))
        .routes(routes!(people::list, people::add))
        .routes(routes!(people::change))
        .routes(routes!(people::reset))
        .routes(routes!(people::tokens, people::add_token))
        .routes(routes!(people::remove_token))
        .routes(routes!(proposals::list, proposals::propose))
        .routes(routes!(proposals::one))
        .routes(routes!(proposals::decide))
        .routes(routes!(audit::list))
        .routes(routes!(audit::verify))
        .routes(routes!(audit::export))
        .routes(routes!(openapi))
        .routes(routes!(health::health))
        .routes(routes!(metrics::metrics))
        .split_for_parts();
    (router, document.to_json().unwrap_or_default().into())
}

/// This document.
#[utoipa::path(
    get, path = "/api/openapi.json", tag = "center",
    responses((status = 200, description = "The OpenAPI document of this API", content_type = "application/json")),
)]
async fn openapi(Extract(state): Extract<Arc<State>>) -> impl IntoResponse {
    (
        [(header::CONTENT_TYPE, "application/json")],
        state.openapi.clone(),
    )
}
