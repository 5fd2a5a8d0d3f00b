//! Receives what edges ship: QUIC with mutual TLS in, an [`Inbox`] out.
//!
//! [`bind`] opens the port and serves every edge that shows a certificate of our authority for the site it
//! speaks for. Batches are collected while the previous transaction is being made durable and then applied
//! together, so that a quiet site pays one small transaction per minute and a returning one drains its
//! backlog in large ones. An acknowledgement leaves only after [`Inbox::apply`] has returned.
//! [`ca`] makes the certificates.
//!
//! [`Sites`] is the way down: questions to one site and orders for it, over the connection that the site's edge
//! keeps open.
//!
//! What a peer can do is bounded: connections, streams, frame size, time to Hello, bytes held per connection.
//! A peer that breaks the protocol loses its connection and, if it does it again, has to wait; no other
//! peer notices. Nothing here reads a payload's inside or keeps it.
//!
//! ## Decisions
//!
//! - **One connection per site, the newest wins**, because an edge that comes back after a power cut must not
//!   wait for its own ghost. The new one reads the ledger only after the old one's last transaction has
//!   ended: a lock per site that the transaction itself holds. Rejected: the oldest wins until it times out.
//! - **Group commit by waiting for nothing.** Whatever has arrived while the last transaction ran is the next
//!   one. Rejected: a timer, which delays a quiet site and cuts a busy one at the wrong moment.
//! - **A payload that cannot be read is recorded as lost, not refused.** It would be sent again for ever, with
//!   everything after it waiting behind it.
//! - **The site is a DNS name in the certificate** (`busan.edge.bongsu`) and checked by the TLS library.
//!   Rejected: parsing the subject, which needs an ASN.1 parser of its own.
//! - **Orders have a database of their own** (sled, beside the history's), written whole and synced for each
//!   change: a person waits for it, and the history's bulk must not delay it. Their bodies are files, because
//!   a plugin of 30 MB belongs in no key-value store. Rejected: a file per order, which needs a second file to
//!   say what became of it and a scan to find out.
//! - **A stream per question and per order.** QUIC then does what a multiplexer of ours would do badly:
//!   priorities, flow control, and cancelling without a frame for it.

#![forbid(unsafe_code)]

pub mod ca;
mod config;
mod endpoint;
mod inbox;
mod registry;
mod seats;
mod server;
mod sites;
mod stats;
mod tls;

use std::{net::SocketAddr, path::PathBuf};

use rustls::pki_types::pem;

pub use config::Config;
pub use inbox::{Inbox, InboxError, Link, Loss};
pub use registry::{JoinError, Registry, RegistryError, TOKEN_LIFE_MAX, TokenInfo};
pub use server::{Handle, bind};
pub use sites::{AskError, LONGEST_WAIT, MAX_OPEN, Question, SiteLink, Sites, SitesError};
pub use stats::Stats;

/// Why receiving could not be started.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A certificate or key file cannot be read.
    #[error(
        "failed to read `{path}`: {cause:?}, hint: `bongsu-center ca init` and `ca issue` make certificates"
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
    /// The port cannot be opened.
    #[error("failed to listen on {address}/udp: {cause}, hint: is another center running?")]
    Bind {
        /// The address wanted.
        address: SocketAddr,
        /// What was wrong.
        cause: std::io::Error,
    },
}
