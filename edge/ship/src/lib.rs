//! Ships the spool of an edge to the center.

mod outbox;

pub use outbox::{Outbox, OutboxError};
