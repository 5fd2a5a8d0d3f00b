//! `GET /api/overview`: the country as it is now.

use std::sync::Arc;

use axum::{
    extract::State as Extract,
    http::header,
    response::{IntoResponse, Response},
};

use crate::{Overview, problem::Problem, state::State};

/// The country as it is now: national figures, every site, the latest findings.
#[utoipa::path(
    get, path = "/api/overview", tag = "center",
    responses(
        (status = 200, description = "The country at an instant, at most `overview_every` old", body = Overview),
        (status = 500, description = "`internal`", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "`timeout`", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn overview(Extract(state): Extract<Arc<State>>) -> Result<Response, Problem> {
    let json = state.overview().await?;
    Ok(([(header::CONTENT_TYPE, "application/json")], json).into_response())
}
