//! Ships the spool of an edge to the center over QUIC with mutual TLS.
//!
//! [`start`] keeps one connection to the center open for as long as the process lives: it says Hello, goes on
//! where the center stands, streams batches out of the [`Outbox`] with a wide window, and tells the outbox
//! what is durable at the center. When the link is down it waits and tries again; the rest of the edge never
//! waits for it. The protocol itself is `sdk/wire`; this crate adds sockets, timers and files.
//!
//! Live [`Pulse`]s go beside the backlog, each on a stream of its own with higher priority. The next one is the
//! newest there is when the last has arrived, so that on a slow link, or within `max_kbps`, they become rarer by
//! themselves.
//!
//! The other way round, the center asks questions and gives orders: [`Downlink`] says what this edge answers and
//! carries out.
//!
//! The center being away is normal and is logged once when it begins and once when it ends.
//!
//! ## Decisions
//!
//! - **One ordered stream for the ledger, one stream per pulse.** Order is what makes the ledger a single
//!   number, and a stream gives it for nothing. Rejected: a stream per batch, which would let a late packet
//!   of one batch not delay another, but needs the center to hold what came early.
//! - **Certificates are read again at every attempt.** Renewal is then a file replaced. Rejected: a watcher.
//! - **A new socket for every attempt**, so that a change of address or a lost interface heals by itself.
//! - **The ledger of orders is a database of its own** (sled), so that a full spool never keeps an approved action
//!   from being recorded. Rejected: a tree in the history's database, whose owner would then know of orders.
//! - **Answering and carrying out are blocking calls.** What they do is read stores and write files; a thread each,
//!   few at a time, is the simplest thing that cannot stall the link. Rejected: async traits, which need boxed
//!   futures and hide a blocking call well.
//! - **The budget is kept where bytes are written, not in QUIC**: quinn has no knob for a rate, and only here is
//!   known what is urgent. Rejected: a smaller congestion window, which is a rate only if the delay never changes.
//! - **The clock is passed in, waiting is not.** Frames carry the clock's time (which the demo simulates);
//!   pauses and limits are real time, by tokio's timer.

#![forbid(unsafe_code)]

mod backoff;
mod budget;
mod config;
mod downlink;
mod driver;
mod ended;
mod identity;
pub mod join;
mod link;
mod outbox;
mod pulse;
mod tls;

use std::path::PathBuf;

use rustls::pki_types::pem;

pub use bongsu_sdk_wire::{Order, Pulse};
pub use config::Config;
pub use downlink::{
    Answers, Asked, Attempt, CarriesOut, Downlink, DownlinkError, Stopped, Unanswered,
};
pub use driver::{Handle, Status, start};
pub use outbox::{Outbox, OutboxError};

/// Why shipping could not be started. Later trouble is in [`Status`], never an error.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A certificate or key file cannot be read.
    #[error(
        "failed to read `{path}`: {cause:?}, hint: `bongsu-center ca issue` makes certificates"
    )]
    File {
        /// The file.
        path: PathBuf,
        /// What was wrong.
        cause: pem::Error,
    },
    /// A certificate or key cannot be used.
    #[error("`{path}` cannot be used: {cause}, hint: does the key belong to the certificate?")]
    Certificate {
        /// The file.
        path: PathBuf,
        /// What was wrong.
        cause: String,
    },
    /// TLS itself cannot be set up.
    #[error("failed to set up TLS: {0}")]
    Tls(#[source] rustls::Error),
    /// A setting that QUIC cannot keep.
    #[error("`{key}` cannot be used, hint: choose a smaller value")]
    Setting {
        /// The key in the configuration.
        key: &'static str,
    },
}
