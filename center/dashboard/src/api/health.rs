//! `GET /healthz`: 200 while the process serves. It says nothing about sites; `/api/overview` does.

use axum::Json;
use serde::Serialize;
use utoipa::ToSchema;

/// That the process serves.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Health {
    /// Always `ok`.
    #[schema(example = "ok")]
    status: &'static str,
    /// Version of the center.
    #[schema(example = "0.1.0")]
    version: &'static str,
}

/// Whether the process serves.
#[utoipa::path(
    get, path = "/healthz", tag = "operation",
    responses((status = 200, description = "It does", body = Health)),
)]
pub(super) async fn health() -> Json<Health> {
    Json(Health {
        status: "ok",
        version: env!("CARGO_PKG_VERSION"),
    })
}
