//! From roll-ups to figures: what `users.concurrent`, `load` or `latency.p95` *is*, computed in one place for
//! the center and the edge.
//!
//! [`RollUpSource`] answers the measurements of a question plan (`bongsu_sdk_plan::Source`) over anything
//! that holds blocks ([`Blocks`]: the center's history of all sites, an edge's of its own). Pure functions
//! of blocks and the instant they are asked at; no clock, no I/O of its own.
//!
//! How each figure is made:
//!
//! | figure | made of |
//! |---|---|
//! | `users.concurrent`, window ≤ 5 min | union of the sketches in the window |
//! | `users.concurrent`, longer | that, at the end of each 5-minute tile; mean unless asked (`agg`) |
//! | `users.distinct` | union of the largest roll-ups that tile the window |
//! | counts, rates, means | sums of counters, divided where needed by requests or seconds |
//! | percentiles | quantile of the merged histogram (1 % relative error) |
//! | `load` | per instance the highest mean among CPU, memory, heap, threads, connections; mean over a site's instances; unweighted mean over sites |
//! | `sessions.active` | the stores' exact counts, added over sites |
//!
//! What figures *mean* over time is pure functions and state machines of points, the same at center and edge,
//! each returning numbers with what they were computed from and no wording:
//!
//! | module | answers |
//! |---|---|
//! | [`calendar`] | which day is a holiday, which hour of the season an instant is |
//! | [`baseline`] | the earlier window to compare with; what is usual, with a band |
//! | [`anomaly`] | is this value odd, what kind of odd, at which false-alarm rate |
//! | [`forecast`] | hours to days ahead, and the probability of crossing a threshold |
//! | [`sizing`] | how many instances more or fewer, by when |
//! | [`objective`] | what was promised and kept, what error budget is left |
//! | `source::explain` | rows held against like days, the worst run, and a case for `cause` |
//! | `source::pools` | instances, what each carries, and how many are needed |
//! | [`cause`] | where a symptom comes from, over plain series and a graph of calls |
//!
//! ## Decisions
//!
//! - **Implements the plan's `Source` instead of being called by two adapters.** Edge and center would each
//!   have mapped the same queries to the same figures. The price is one arrow, analysis → plan.
//! - **What is usual is learnt from windows measured like the one asked about**, on each of the 56 days
//!   before, when it is asked. Nothing has to be kept between questions, and every metric, width and `agg`
//!   compares with its like. The price is 56 measurements per figure.
//! - **A gap stays a gap.** No block means "not heard", and gives no figure; it is never read as zero.
//! - **Decoded blocks are kept for the life of one question, up to a thousand.** A ranking of 500 URLs of the
//!   last hour reads each block once; a month is read again per URL, in bounded memory. Rejected: a cache
//!   across questions, which would have to know when late data comes.

#![forbid(unsafe_code)]

mod accumulator;
pub mod anomaly;
pub mod baseline;
mod blocks;
pub mod calendar;
pub mod cause;
mod decoded;
mod desk;
mod figure;
pub mod forecast;
pub mod objective;
mod robust;
mod selection;
pub mod sizing;
mod source;

pub use blocks::{BlockError, Blocks};
pub use desk::Desk;
pub use source::{RollUpSource, STALE_AFTER};
