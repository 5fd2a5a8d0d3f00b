//! Transactions and samples in, roll-ups of 2 seconds and 1 minute out.
//!
//! The [`Aggregator`] is a plain state machine: it owns no thread, no store and no clock. The edge's pipeline
//! hands it transactions as they come and calls [`Aggregator::close`] with the present instant; what has
//! ended comes back as [`Block`](bongsu_sdk_sketch::Block)s to be stored and shipped.
//!
//! - A transaction belongs to the interval in which it **ended**. One that comes late goes into its own
//!   interval as a new delta block, up to the lateness limit; beyond, it is counted as `late_dropped`.
//! - Identities are hashed here, once, with the organisation's key; nothing downstream sees a raw one.
//! - Names are bounded: beyond a cap, URLs, instances and applications fall into a visible `{other}`.
//!
//! ## Decisions
//!
//! - **A closed minute is a delta, not a state.** Late data makes a second block of the same minute and the
//!   stores add it up; so a minute can be shipped at once and never has to be taken back. Rejected: keeping
//!   minutes open for the whole lateness limit, which would delay every figure by ten minutes.
//! - **The live ring (2 s, 30 min) is state, not delta**: it is replaced as a whole by whoever reads it, so a
//!   lost pulse costs nothing.
//! - **The sliding window of concurrent users is a two-stack queue of sketches**: one union per interval
//!   instead of 150. Its figure is exact at interval ends, hence "peak to 2 s".

#![forbid(unsafe_code)]

mod aggregator;
mod live;
mod names;
mod sliding;

pub use aggregator::{Aggregator, Lateness, identities};
pub use names::Caps;
