//! The session store through its socket: one file per behaviour.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests may fail the test"
)]

mod client;
mod clients;
mod conversations;
mod differential;
mod events;
mod group_commit;
mod hostile;
mod pubsub;
mod replies;
mod restart;
mod tls;
mod transactions;
