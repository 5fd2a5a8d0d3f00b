//! `GET /metrics` in OpenMetrics text: counts of this process, no personal data.

use std::sync::Arc;

use axum::{
    extract::State as Extract,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use bongsu_edge_sessions::BackendStatus;
use prometheus_client::{
    encoding::text::encode,
    metrics::{counter::ConstCounter, gauge::ConstGauge},
    registry::{Registry, Unit},
};

use super::State;

pub(super) async fn metrics(Extract(state): Extract<Arc<State>>) -> Response {
    let mut registry = Registry::with_prefix("bongsu");
    sessions(&state, &mut registry);
    collect(&state, &mut registry);
    shipping(&state, &mut registry);
    super::plugins::register(&state, &mut registry);
    guard(&state, &mut registry);
    let mut text = String::new();
    match encode(&mut text, &registry) {
        Ok(()) => {
            let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
            ([(header::CONTENT_TYPE, kind)], text).into_response()
        }
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

fn sessions(state: &State, registry: &mut Registry) {
    let counts = state.sessions.counts();
    registry.register(
        "sessions_active",
        "Sessions that have not expired",
        gauge(counts.active),
    );
    let (bound, users) = state.sessions.control().bound();
    let count = |count: usize| gauge(u64::try_from(count).unwrap_or(u64::MAX));
    registry.register("sessions_bound", "Sessions of a known user", count(bound));
    registry.register(
        "sessions_users",
        "Users with a session, counted per application",
        count(users),
    );
    let bytes = gauge(counts.bytes);
    registry.register_with_unit("sessions_size", "Keys and values held", Unit::Bytes, bytes);
    registry.register(
        "sessions_refusing_writes",
        "1 while the session journal cannot be written, most often for want of room on the disk",
        gauge(state.sessions.refuses_writes().into()),
    );
    registry.register(
        "sessions_event_loops",
        "Event loops that serve session clients",
        count(state.sessions.event_loops()),
    );
    registry.register_with_unit(
        "sessions_journal",
        "Session journal not yet folded into the image",
        Unit::Bytes,
        gauge(state.sessions.journal_bytes()),
    );
    for (name, help, value) in [
        ("sessions_created", "Sessions created", counts.created),
        (
            "sessions_destroyed",
            "Sessions deleted by clients",
            counts.destroyed,
        ),
        ("sessions_expired", "Sessions that ran out", counts.expired),
        (
            "sessions_rejected",
            "Sessions refused by policy",
            counts.rejected,
        ),
    ] {
        registry.register(name, help, ConstCounter::new(value));
    }
    if let Some(status) = state.sessions.backend() {
        backend(&status, registry);
    }
}

fn backend(status: &BackendStatus, registry: &mut Registry) {
    let up = u64::from(status.ready && status.trouble.is_none());
    for (name, help, value) in [
        (
            "sessions_backend_up",
            "1 while the session backend answers",
            up,
        ),
        (
            "sessions_backend_primaries",
            "Primaries of the session backend that are known",
            u64::try_from(status.primaries).unwrap_or(u64::MAX),
        ),
    ] {
        registry.register(name, help, gauge(value));
    }
    for (name, help, value) in [
        (
            "sessions_backend_retried",
            "Commands sent to the session backend more than once",
            status.retried,
        ),
        (
            "sessions_backend_failed",
            "Commands without a reply from the session backend",
            status.failed,
        ),
        (
            "sessions_backend_unreplicated",
            "Writes too few replicas of the session backend had in time",
            status.unreplicated,
        ),
    ] {
        registry.register(name, help, ConstCounter::new(value));
    }
}

fn collect(state: &State, registry: &mut Registry) {
    let stats = *state.collect.borrow();
    for (name, value) in stats.named() {
        let help = "Counted by collection, see the documentation of edge/collect";
        registry.register(format!("collect_{name}"), help, ConstCounter::new(value));
    }
    let failures = *state.masking_failures.borrow();
    registry.register(
        "masking_failures",
        "Batches hidden because a masker failed",
        ConstCounter::new(failures),
    );
}

fn guard(state: &State, registry: &mut Registry) {
    let counts = state.guard.counts();
    registry.register("guard_rules", "Guard rules that hold", gauge(counts.rules));
    for (name, help, value) in [
        (
            "guard_allowed",
            "Requests that passed the guard",
            counts.allowed,
        ),
        (
            "guard_blocked",
            "Requests refused by a rule",
            counts.blocked,
        ),
        (
            "guard_redirected",
            "Requests sent elsewhere by a rule",
            counts.redirected,
        ),
        (
            "guard_limited",
            "Requests over a rule's rate",
            counts.limited,
        ),
        ("guard_cookies", "Identity cookies given", counts.cookies),
    ] {
        registry.register(name, help, ConstCounter::new(value));
    }
}

fn shipping(state: &State, registry: &mut Registry) {
    if let Ok(spool) = state.history.spool() {
        registry.register(
            "spool_batches",
            "Batches waiting for the center",
            gauge(spool.waiting()),
        );
        registry.register(
            "ship_acked_sequence",
            "Highest sequence durable at the center",
            gauge(spool.acked),
        );
    }
    if let Some(status) = &state.ship {
        let connected = u64::from(status.borrow().connected);
        registry.register(
            "ship_connected",
            "1 while the center is reached",
            gauge(connected),
        );
        if let Some(offset) = status.borrow().clock_offset_ms {
            registry.register(
                "ship_clock_offset_milliseconds",
                "The center's clock minus the edge's, as measured when the last connection began",
                ConstGauge::new(offset),
            );
        }
    }
}

fn gauge(value: u64) -> ConstGauge<i64> {
    ConstGauge::new(i64::try_from(value).unwrap_or(i64::MAX))
}
