//! Reading, verifying and exporting the record.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Query, State as Extract, rejection::QueryRejection},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use bongsu_center_control::{Audit, Error, Format, Permit};
use serde::Deserialize;
use serde_json::{Value, json};

use super::refusals::Refusals;
use crate::{
    access::{Caller, blocking, by, record},
    problem::Problem,
    state::State,
};

/// Most entries of a page and of an export.
const PAGE: u64 = 500;
const EXPORTED: usize = 64 << 20;

/// Which entries.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
pub(super) struct Asked {
    /// Before this number; default: the latest.
    before: Option<u64>,
    /// How many; at most 500, default 100.
    limit: Option<u64>,
}

/// Entries, latest first.
#[utoipa::path(
    get, path = "/api/audit", tag = "audit", params(Asked),
    responses((status = 200, description = "Entries, and the record's head", body = Value), Refusals),
)]
pub(super) async fn list(
    Extract(state): Extract<Arc<State>>,
    caller: Caller,
    asked: Result<Query<Asked>, QueryRejection>,
) -> Result<Json<Value>, Problem> {
    caller.need(Permit::Audit)?;
    let Query(asked) = asked.map_err(|error| bad(&error.body_text()))?;
    let control = Arc::clone(&state.control);
    let limit = asked.limit.unwrap_or(100).clamp(1, PAGE);
    let entries = blocking(move || control.audit.latest(asked.before, limit)).await?;
    Ok(Json(
        json!({ "entries": entries, "head": state.control.audit.head() }),
    ))
}

/// A hash that was kept elsewhere.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
pub(super) struct Kept {
    /// It must be in the record.
    head: Option<String>,
}

/// Verifies the whole record.
#[utoipa::path(
    get, path = "/api/audit/verify", tag = "audit", params(Kept),
    responses((status = 200, description = "`whole` with its head, or where the first flaw is", body = Value), Refusals),
)]
pub(super) async fn verify(
    Extract(state): Extract<Arc<State>>,
    caller: Caller,
    kept: Result<Query<Kept>, QueryRejection>,
) -> Result<Json<Value>, Problem> {
    caller.need(Permit::Audit)?;
    let Query(kept) = kept.map_err(|error| bad(&error.body_text()))?;
    let control = Arc::clone(&state.control);
    let verified =
        blocking(move || Ok(Audit::verify(control.audit.path(), kept.head.as_deref()))).await?;
    let told = match &verified {
        Ok(verified) => {
            json!({ "whole": true, "entries": verified.entries, "head": verified.head })
        }
        Err(flaw) => json!({ "whole": false, "flaw": flaw }),
    };
    let mut entry = by(
        &caller,
        "audit.verify",
        if verified.is_ok() { "ok" } else { "flawed" },
    );
    entry.result = verified
        .err()
        .map(|flaw| flaw.to_string())
        .unwrap_or_default();
    record(&state, entry).await?;
    Ok(Json(told))
}

/// How and from where.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
pub(super) struct Wanted {
    /// `jsonl` (default) or `cef`.
    format: Option<String>,
    /// From this number on; default 1.
    from: Option<u64>,
}

/// The record as text, up to 64 MiB.
#[utoipa::path(
    get, path = "/api/audit/export", tag = "audit", params(Wanted),
    responses((status = 200, description = "Lines", body = String, content_type = "text/plain"), Refusals),
)]
pub(super) async fn export(
    Extract(state): Extract<Arc<State>>,
    caller: Caller,
    wanted: Result<Query<Wanted>, QueryRejection>,
) -> Result<Response, Problem> {
    caller.need(Permit::Audit)?;
    let Query(wanted) = wanted.map_err(|error| bad(&error.body_text()))?;
    let format: Format = wanted
        .format
        .as_deref()
        .unwrap_or("jsonl")
        .parse()
        .map_err(|error: String| bad(&error))?;
    record(&state, by(&caller, "audit.export", "ok")).await?;
    let control = Arc::clone(&state.control);
    let text = blocking(move || {
        let mut text = Bounded(Vec::new());
        match Audit::export(
            control.audit.path(),
            format,
            wanted.from.unwrap_or(1),
            &mut text,
        ) {
            Err(_) if text.0.len() >= EXPORTED => Err(Error::Refused(format!(
                "the export is over {EXPORTED} bytes, hint: say `from`, or use the command"
            ))),
            other => other.map(|()| text.0),
        }
    });
    let kind = [(header::CONTENT_TYPE, "text/plain; charset=utf-8")];
    Ok((kind, text.await?).into_response())
}

/// Text that may not grow without end.
struct Bounded(Vec<u8>);

impl std::io::Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        if self.0.len() >= EXPORTED {
            return Err(std::io::ErrorKind::FileTooLarge.into());
        }
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn bad(detail: &str) -> Problem {
    Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "bad_request", detail)
}
