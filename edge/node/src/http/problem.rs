//! Errors as RFC 9457 problem documents: a stable code and what to do, never an internal cause.

use axum::{
    Json,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use serde_json::json;

/// An error a client sees.
#[derive(Debug)]
pub(super) struct Problem {
    pub(super) status: StatusCode,
    /// Stable, for programs.
    pub(super) code: &'static str,
    /// For people: what is wrong and what to do.
    pub(super) detail: String,
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let body = json!({
            "type": "about:blank",
            "title": self.status.canonical_reason().unwrap_or("Error"),
            "status": self.status.as_u16(),
            "code": self.code,
            "detail": self.detail,
        });
        let kind = [(header::CONTENT_TYPE, "application/problem+json")];
        (self.status, kind, Json(body)).into_response()
    }
}

/// Any path that is not ours.
pub(super) async fn not_found() -> Problem {
    Problem {
        status: StatusCode::NOT_FOUND,
        code: "not_found",
        detail: "no such path, hint: `/` is the page, `/api/ask` takes questions, `/api/tmap` shows transactions".into(),
    }
}

/// A path that is ours, asked for in another way.
pub(super) async fn not_allowed() -> Problem {
    Problem {
        status: StatusCode::METHOD_NOT_ALLOWED,
        code: "method_not_allowed",
        detail: "this path does not take this method, hint: see the Allow header".into(),
    }
}
