//! Plugins over HTTP: `GET /api/plugins` lists them, `POST /api/plugins` installs the component in its body,
//! `POST /api/plugins/{name}/rollback` puts the version before back, `POST /api/plugins/{name}/release` gives a quarantined one
//! another chance; `GET /api/plugins/record?seconds=60` streams what detectors are given. Orders and recordings need the administrator's token.

use std::{convert::Infallible, sync::Arc, time::Duration};

use axum::{
    Json, Router,
    body::{Body, Bytes},
    extract::{DefaultBodyLimit, Path, Query, State as Extract},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use bongsu_sdk_host::Signature;
use prometheus_client::{
    metrics::{counter::Counter, family::Family, gauge::Gauge},
    registry::Registry,
};

use super::{State, problem::Problem};
use crate::{
    plugins::{
        keeper::{Installed, MOST_BYTES},
        slots::Status,
    },
    record::MOST_SECONDS,
};

/// A signature that came beside the file, in hexadecimal.
const SIGNATURE: &str = "x-bongsu-signature";

pub(super) fn router() -> Router<Arc<State>> {
    let install = post(install).layer(DefaultBodyLimit::max(MOST_BYTES));
    Router::new()
        .route("/api/plugins", get(list).merge(install))
        .route("/api/plugins/record", get(record))
        .route("/api/plugins/{name}/rollback", post(roll_back))
        .route("/api/plugins/{name}/release", post(release))
}

async fn list(Extract(state): Extract<Arc<State>>) -> Json<Vec<Status>> {
    Json(state.plugins.status().to_vec())
}

async fn install(
    Extract(state): Extract<Arc<State>>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<(StatusCode, Json<Installed>), Problem> {
    state.admin.check(&headers)?;
    let signature = headers
        .get(SIGNATURE)
        .map(|value| value.to_str().unwrap_or_default().parse::<Signature>())
        .transpose()
        .map_err(|error| refused(&anyhow::anyhow!("{SIGNATURE}: {error}")))?;
    let installed = state
        .plugins
        .install(body.into(), signature, "the API")
        .await;
    let installed = installed.map_err(|error| refused(&error))?;
    Ok((StatusCode::CREATED, Json(installed)))
}

async fn roll_back(
    Extract(state): Extract<Arc<State>>,
    headers: HeaderMap,
    Path(name): Path<String>,
) -> Result<Json<Installed>, Problem> {
    state.admin.check(&headers)?;
    let installed = state.plugins.roll_back(&name, "the API").await;
    installed.map(Json).map_err(|error| refused(&error))
}

async fn release(
    Extract(state): Extract<Arc<State>>,
    headers: HeaderMap,
    Path(name): Path<String>,
) -> Result<Json<Installed>, Problem> {
    state.admin.check(&headers)?;
    let released = state.plugins.release(&name, "the API").await;
    released.map(Json).map_err(|error| refused(&error))
}

/// How long to record.
#[derive(serde::Deserialize)]
struct Record {
    seconds: u64,
}

async fn record(
    Extract(state): Extract<Arc<State>>,
    headers: HeaderMap,
    Query(asked): Query<Record>,
) -> Result<Response, Problem> {
    state.admin.check(&headers)?;
    let length = Duration::from_secs(asked.seconds.clamp(1, MOST_SECONDS));
    let recording = state.tap.record(length);
    let lines = futures_util::stream::unfold(recording, |mut recording| async {
        let line = recording.next().await?;
        Some((Ok::<_, Infallible>(line), recording))
    });
    let kind = [(header::CONTENT_TYPE, "application/jsonl")];
    Ok((kind, Body::from_stream(lines)).into_response())
}

/// Why a plugin is refused is for whoever sent it: it is about their file.
fn refused(error: &anyhow::Error) -> Problem {
    Problem {
        status: StatusCode::UNPROCESSABLE_ENTITY,
        code: "plugin_refused",
        detail: format!("{error:#}"),
    }
}

type Labels = Vec<(String, String)>;

/// Figures of every plugin, and those it reports of itself.
pub(super) fn register(state: &State, registry: &mut Registry) {
    let all = state.plugins.status();
    let counts: [(&str, &str, fn(&Status) -> u64); 12] = [
        ("plugin_calls", "Batches given to a plugin", |s| s.calls),
        ("plugin_failures", "Calls of a plugin that failed", |s| {
            s.failures
        }),
        ("plugin_deadlines", "Calls stopped at their deadline", |s| {
            s.deadlines
        }),
        (
            "plugin_out_of_memory",
            "Calls that hit the memory limit",
            |s| s.out_of_memory,
        ),
        ("plugin_traps", "Calls that trapped", |s| s.traps),
        ("plugin_nonsense", "Answers that were refused", |s| {
            s.nonsense
        }),
        (
            "plugin_stopped",
            "Calls stopped for host calls beyond limit or grant",
            |s| s.stopped,
        ),
        ("plugin_restarts", "Instances made after the first", |s| {
            s.restarts
        }),
        (
            "plugin_log_lines_dropped",
            "Log lines beyond the limit",
            |s| s.log_lines_dropped,
        ),
        (
            "plugin_state_refused",
            "Writes to state beyond the limit",
            |s| s.state_refused,
        ),
        (
            "plugin_metrics_dropped",
            "Figures of its own beyond the limit",
            |s| s.metrics_dropped,
        ),
        ("plugin_host_calls", "Calls of a plugin to the host", |s| {
            s.host_calls
        }),
    ];
    let label = |status: &Status| vec![("plugin".to_owned(), status.name.clone())];
    for (name, help, value) in counts {
        let family = Family::<Labels, Counter>::default();
        for status in all.iter() {
            family.get_or_create(&label(status)).inc_by(value(status));
        }
        registry.register(name, help, family);
    }
    let gauges: [(&str, &str, fn(&Status) -> f64); 3] = [
        ("plugin_serving", "1 while a plugin is called", |s| {
            f64::from(u8::from(s.standing == "serving"))
        }),
        (
            "plugin_memory_bytes",
            "Memory of a plugin's instance",
            |s| s.memory_bytes as f64,
        ),
        ("plugin_busy_seconds", "Time spent in a plugin", |s| {
            s.busy_ms as f64 / 1_000.0
        }),
    ];
    for (name, help, value) in gauges {
        let family = Family::<Labels, Gauge<f64, std::sync::atomic::AtomicU64>>::default();
        for status in all.iter() {
            family.get_or_create(&label(status)).set(value(status));
        }
        registry.register(name, help, family);
    }
    let own = Family::<Labels, Gauge<f64, std::sync::atomic::AtomicU64>>::default();
    for status in all.iter() {
        for (figure, value) in &status.figures {
            let mut labels = label(status);
            labels.push(("figure".to_owned(), figure.clone()));
            own.get_or_create(&labels).set(*value);
        }
    }
    registry.register("plugin_figure", "What plugins report of themselves", own);
}
