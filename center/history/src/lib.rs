//! What the center keeps: every site's roll-ups and findings, the ledger of what was applied, and the live
//! figures of the last half hour. The only crate of the center that names sled.
//!
//! | tree | key | value |
//! |---|---|---|
//! | `minute` | site, 0, interval start | encoded [`Block`](bongsu_sdk_sketch::Block) of 1 minute, merged from deltas |
//! | `wide` | site, 0, interval start, width | blocks of 5 minutes or 1 hour that a full spool had merged its minutes into |
//! | `five`, `hour` | site, 0, interval start | the same of 5 minutes and 1 hour, **derived** from the minutes, absent while they change |
//! | `packed_minute`, `packed_five` | site, 0, hour | a pack of the hour's minutes or five minutes without the users of URLs |
//! | `packed_hour` | site, 0, UTC day | the same of the day's hours |
//! | `gone` | `minute`, `five`, `hour` | what began before this instant is no longer kept in this width |
//! | `stale_hour` | site, 0, interval start | empty: this hour and its five minutes are to be derived again |
//! | `finding` | window end, a number | site and finding as JSON |
//! | `ledger` | site, 0, epoch | highest sequence applied |
//! | `loss` | site, 0, epoch, first sequence | what was skipped and why, as JSON |
//! | `heard` | site | instant of the last batch |
//!
//! [`History::apply`] merges deltas and moves the ledger in **one** transaction, and returns only after it is
//! on disk: whatever a connection repeats, nothing is counted twice.
//!
//! ## An hour's life
//!
//! Deltas of its minutes come and are merged. Once it has ended, its five minutes and itself are derived;
//! anything late undoes that. After [`Retention::minute`]`.urls` (24 h) its minutes are **packed** into one
//! value in columns, without the users of single URLs, and the hour is **sealed**: what is later still is added to
//! the derived blocks instead, in the ledger's transaction, and joins the pack at the next compaction. After 8
//! days the minutes go and the five minutes are packed; after 40 days these go; hours are packed after 400
//! days and go after two years. A reader unites what lies loose and what is packed.
//!
//! ## Decisions
//!
//! - **Reading takes no lock that receiving takes.** Readers share a lock only with the compaction, which holds
//!   it for the moment in which a pack takes the place of its blocks. Rejected: sled's transactions around
//!   reads, which would retry each other under load.
//! - **Sealed hours are added to, young ones are derived.** As long as all minutes are there, deriving can't
//!   drift; afterwards the ledger's transaction is what keeps an addition from happening twice.
//! - **A coarse block from a full spool counts where it starts.** It is part of the window that holds its first
//!   instant, as every block is, and shows as one step of its width.
//! - **Hours are derived, never added to.** A late minute throws its hour away and it is made again from the
//!   60 minutes, so coarse roll-ups can't drift from fine ones and need no ledger. Rejected: merging each
//!   delta into minute, hour and day at once, which rewrites a day's dense sketches every minute (measured
//!   on paper: 18 GB for the demo's back-fill).
//! - **Live figures are memory only.** A pulse replaces what it repeats; a restart of the center costs two
//!   seconds of them. Rejected: storing them, which buys nothing that minutes don't hold a minute later.

#![forbid(unsafe_code)]

mod derive;
mod error;
mod findings;
mod history;
mod keep;
mod keys;
mod ledger;
mod live;
mod read;

pub use error::HistoryError;
pub use findings::SiteFinding;
pub use history::History;
pub use keep::{Compacted, Kept, Retention};
pub use ledger::{Entry, Skipped};
pub use live::Heartbeat;
