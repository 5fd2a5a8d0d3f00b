//! Refuses, redirects and slows down requests before the application sees them.
//!
//! A web server asks for every request (forward-auth: nginx `auth_request`, Traefik and Caddy ForwardAuth, HAProxy,
//! Envoy `ext_authz`), [`Guard::decide`] answers from memory. Rules come from approved actions or the administrator,
//! stand on disk, end by themselves and survive a restart; the center need not be reached.
//!
//! ```text
//! headers ─► Request ─► Index (session, user, network, path) ─► candidates ─► block > redirect > limit ─► Verdict
//!                                     ▲
//!  Guard::add, lift ─► check ─► Store (sled) ─► compiled anew
//! ```
//!
//! - A rule is found by its narrowest condition: session, then user, then network, then the literal beginning of its
//!   path. So ten thousand rules cost what the few that could fit cost.
//! - A path is made plain before it is compared: decoded once, without parameters, dots and doubled slashes, so
//!   that `//admin`, `/x/../admin` and `/%61dmin` are `/admin`.
//! - A rule that would lock everybody out is refused, by its form or by what was seen lately, with the count.
//! - With [`Cookie`] configured, a client without one is given a random first-party cookie: the identity of the
//!   counting mode `cookie`.
//!
//! Nothing here opens a socket or reads a clock. Ids of sessions are kept as digests. What was seen lately stays in
//! memory, is never shown but as counts, and ends with the process.
//!
//! ## Decisions
//!
//! - **`*` is any run of characters, slashes too.** One rule that a person can say aloud, and the wider reading is
//!   the safe one for a block. Rejected: globs that stop at a slash, where `/admin/*` leaves `/admin/a/b` open.
//! - **A change compiles the whole index anew** and swaps it in; decisions never wait for it. Ten thousand rules
//!   take some milliseconds, and people approve them. Rejected: an index changed in place under a lock.
//! - **How many rules one request may have to be compared with is bounded** when a rule is added, not when a
//!   request comes. Rejected: a time limit per decision, which an attacker would choose.
//! - **An order's outcome and its rules are one transaction**, so that after any crash an order either has been
//!   carried out and says so, or has not. Rejected: rules in a file, orders in another.
//! - **The clock of the edge decides when a rule ends**, and a rule that has ended is deleted: a clock that goes
//!   back does not bring it back. Rejected: spans counted by a monotonic clock, which a restart loses.

#![forbid(unsafe_code)]

mod agent;
mod config;
mod cookie;
mod digest;
mod guard;
mod impact;
mod index;
mod limit;
mod path;
mod request;
mod rule;
mod session;
mod store;

pub use self::{
    config::Config,
    cookie::Cookie,
    guard::{Counts, Guard, Rule, Verdict},
    impact::Impact,
    request::{Headers, Request},
};

/// Why a rule or an order was not taken.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The rule says something impossible.
    #[error("{0}")]
    Rule(String),
    /// The rule would lock out everybody, or most.
    #[error("{0}, hint: name a narrower path, network or user")]
    TooBroad(String),
    /// There is no room for it.
    #[error("{0}, hint: lift rules that are not needed")]
    Full(String),
    /// The store does not work.
    #[error("failed to use the guard's store: {0}, hint: see the disk")]
    Store(String),
}
