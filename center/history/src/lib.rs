//! What the center keeps: every site's roll-ups and findings, the ledger of what was applied, and the live
//! figures of the last half hour. The only crate of the center that names sled.
//!
//! | tree | key | value |
//! |---|---|---|
//! | `minute` | site, 0, interval start | encoded [`Block`](bongsu_sdk_sketch::Block) of 1 minute, merged from deltas |
//! | `five`, `hour` | site, 0, interval start | the same of 5 minutes and 1 hour, **derived** from the minutes, absent while they change |
//! | `stale_hour` | site, 0, interval start | empty: this hour and its five minutes are to be derived again |
//! | `finding` | window end, a number | site and finding as JSON |
//! | `ledger` | site, 0, epoch | highest sequence applied |
//! | `loss` | site, 0, epoch, first sequence | what was skipped and why, as JSON |
//! | `heard` | site | instant of the last batch |
//!
//! [`History::apply`] merges deltas and moves the ledger in **one** transaction, and returns only after it is
//! on disk: whatever a connection repeats, nothing is counted twice.
//!
//! ## Decisions
//!
//! - **Hours are derived, never added to.** A late minute throws its hour away and it is made again from the
//!   60 minutes, so coarse roll-ups can't drift from fine ones and need no ledger. Rejected: merging each
//!   delta into minute, hour and day at once, which rewrites a day's dense sketches every minute (measured
//!   on paper: 18 GB for the demo's back-fill).
//! - **Live figures are memory only.** A pulse replaces what it repeats; a restart of the center costs two
//!   seconds of them. Rejected: storing them, which buys nothing that minutes don't hold a minute later.

#![forbid(unsafe_code)]

mod error;
mod findings;
mod history;
mod keys;
mod ledger;
mod live;
mod read;

pub use error::HistoryError;
pub use findings::SiteFinding;
pub use history::History;
pub use ledger::{Entry, Skipped};
pub use live::Heartbeat;
