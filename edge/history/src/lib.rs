//! What an edge keeps on disk: its own roll-ups and findings, and the spool of what the center has not
//! acknowledged. The only crate that names sled for them.
//!
//! | tree | key | value |
//! |---|---|---|
//! | `minute` | interval start, 8 bytes big-endian | encoded [`Block`] of 1 minute |
//! | `live` | interval start, 8 bytes big-endian | encoded [`Block`] of 2 seconds, the last 30 minutes |
//! | `finding` | window end, 8 bytes big-endian, then a number | a finding as JSON |
//! | `spool` | sequence, 8 bytes big-endian | a batch payload, opaque here |
//! | `meta` | `epoch`, `next`, `acked` | 8 bytes big-endian |
//!
//! [`History::commit`] writes minutes, findings and the batches that will carry them to the center in **one**
//! transaction, so that what is kept and what is shipped can never differ. It is called by one thread.
//!
//! Nothing here knows the network, a clock or an identity.
//!
//! ## Decisions
//!
//! - **The spool lives in the same database as the roll-ups.** That is what makes the transaction possible.
//!   Rejected: a spool of its own in `edge/ship`, which would need a second commit protocol between the two.
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
pub use spool::SpoolState;
pub use transactions::{
    Cell, Density, FULL, Filter, Found, Page, Rectangle, Role, Span, SpanId, TMap, TransactionId,
    Transactions,
};
pub use vault::{Vault, VaultKey};
