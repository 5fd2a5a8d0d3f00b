//! `GET /healthz`: 200 while the edge works, whether or not the center can be reached.

use std::sync::Arc;

use axum::{Json, extract::State as Extract};
use serde_json::{Value, json};

use super::State;

pub(super) async fn health(Extract(state): Extract<Arc<State>>) -> Json<Value> {
    let spool = state.history.spool().ok();
    let center = state.ship.as_ref().map(|status| {
        let status = status.borrow();
        json!({
            "connected": status.connected,
            "since_ms": status.since,
            "acked_through": status.acked_through,
            "clock_offset_ms": status.clock_offset_ms,
            "last_error": status.last_error,
        })
    });
    Json(json!({
        "status": "ok",
        "site": state.site,
        "center": center,
        "spool": spool.map(|s| json!({ "waiting": s.waiting(), "acked": s.acked, "next": s.next, "durable": s.durable })),
        "sessions": state.sessions.counts().active,
        "version": env!("CARGO_PKG_VERSION"),
    }))
}
