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
mod duplicate_login;
mod events;
mod full_disk;
mod fuzz;
mod group_commit;
mod heavy;
mod hostile;
mod killed;
mod limits;
mod logins;
mod process;
mod pubsub;
mod redis;
mod reopened;
mod replies;
mod restart;
mod scripts;
mod scripts_beside_redis;
mod tls;
mod transactions;
