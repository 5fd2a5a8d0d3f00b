//! What an edge keeps on disk: a [`Journal`] of what was accepted and is not in the database yet; single
//! transactions, masked, and their traces; its own roll-ups and findings; the sealed ids of users; and the spool of
//! what the center has not acknowledged. The only crate that names sled for them.
//!
//! | tree | key | value |
//! |---|---|---|
//! | `minute` | interval start, 8 bytes big-endian | encoded [`Block`] of 1 minute |
//! | `five-minutes`, `hour` | interval start | the same, made of minutes |
//! | `stale-hour` | its start | empty: its minutes have changed since it was made |
//! | `live` | interval start, 8 bytes big-endian | encoded [`Block`] of 2 seconds, the last 30 minutes |
//! | `finding` | window end, 8 bytes big-endian, then a number | a finding as JSON |
//! | `spool` | sequence, 8 bytes big-endian | an encoded batch payload |
//! | `transaction-point`, `-detail`, `-span`, `-extent` | number of a block, 8 bytes | columns of its rows, zstd; its spans; the span of its ends and its bytes |
//! | `session-user`, `user-session` | token; token of the user, token of the session | whose a session was, last seen |
//! | `statement`, `error`, `deployment` | hour or instant, hash | what applications reported |
//! | `vault` | token of a user | sealed id |
//! | `counted` | start of a minute | number of the journal's record up to which it is counted |
//! | `position` | path of a log | how far it is counted |
//! | `meta` | `epoch`, `next`, `acked`, `given`, `through`, `stored` | 8 bytes big-endian |
//!
//! [`History::commit`] writes minutes, findings and the batches that will carry them to the center in **one**
//! transaction, so that what is kept and what is shipped can never differ. It is called by one thread.
//!
//! What is counted is written to the journal first, as one record with everything that came together. The database
//! says of every minute, of the transactions and of the rest up to which record they are in it, each in the
//! transaction that put it there; a start reads the journal and takes what is missing, and only that.
//!
//! Nothing here knows the network or a clock, or an identity but under the vault's key.
//!
//! ## Decisions
//!
//! - **The spool lives in the same database as the roll-ups.** That is what makes the transaction possible.
//!   Rejected: a spool of its own in `edge/ship`, which would need a second commit protocol between the two.
//! - **A spool that is full loses resolution before it loses data**, and keeps its numbering while it does.
//!   It reads and writes payloads for that, which is why this crate names `sdk/wire`. Rejected: handing in a
//!   function that merges payloads, which hides the same dependency behind a type.
//! - **The journal holds what is counted, not what was sent**: masked and hashed, so no masker need run again at
//!   a start, and no raw identity is on the disk. Rejected: the exports themselves.
//! - **The journal is a file, not a tree of the database**: every record would be written to sled's log and
//!   removed from it a minute later. Rejected: flushing the database per export.
//! - **A failed flush poisons the store**: after a failed fsync the page cache can't be trusted, so later
//!   commits are refused until a restart re-reads the disk.

#![forbid(unsafe_code)]

mod columns;
mod error;
mod facts;
mod history;
mod journal;
mod keys;
mod masked;
mod record;
mod settings;
mod spool;
mod tiers;
mod transactions;
mod vault;

#[doc(no_inline)]
pub use bongsu_sdk_sketch::Block;
pub use error::HistoryError;
pub use facts::{Deployed, ErrorGroup, Facts, Statement};
pub use history::{Commit, History};
pub use journal::{Durability, Journal};
pub use masked::{Masked, Token, Who};
pub use record::{Record, Sample};
pub use settings::Settings;
pub use spool::{Shrunk, SpoolState};
pub use transactions::{
    Cell, Density, FULL, Filter, Found, Page, Rectangle, Role, Span, SpanId, TMap, TransactionId,
    Transactions,
};
pub use vault::{Vault, VaultKey};
