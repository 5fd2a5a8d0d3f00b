//! Stands before both listeners' routes: how many exports are in process at once, and how long one may
//! take to arrive.
//!
//! Beyond the number an export is refused before its body is read, rather than queued: the sender has a
//! queue of its own and knows better what to drop.

use std::sync::Arc;

use axum::{
    Router,
    extract::{Request, State},
    middleware::{Next, from_fn_with_state},
    response::Response,
};
use tokio::sync::Semaphore;

use super::{Collector, Encoding, Protocol, Refusal};
use crate::config::Limits;

/// The door of one listener; `exports` is shared by both.
#[derive(Debug, Clone)]
pub(super) struct Admission {
    pub(super) protocol: Protocol,
    pub(super) collector: Arc<Collector>,
    pub(super) exports: Arc<Semaphore>,
    pub(super) limits: Limits,
}

impl Admission {
    /// Puts the door before `router`.
    pub(super) fn before(self, router: Router) -> Router {
        router.layer(from_fn_with_state(self, admit))
    }
}

async fn admit(State(door): State<Admission>, request: Request, next: Next) -> Response {
    let encoding = Encoding::of(request.headers()).unwrap_or(Encoding::Protobuf);
    let refuse = |refusal| door.collector.refuse(door.protocol, encoding, &refusal);
    let Ok(_permit) = door.exports.try_acquire() else {
        return refuse(Refusal::Busy);
    };
    tokio::time::timeout(door.limits.export_timeout, next.run(request))
        .await
        .unwrap_or_else(|_| refuse(Refusal::TimedOut))
}
