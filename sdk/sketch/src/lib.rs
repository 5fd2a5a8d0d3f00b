//! Summaries that merge: distinct users, durations, and the roll-up that carries them.
//!
//! - [`IdentityKey`] turns a raw identity into a keyed 64-bit hash, once, at the edge.
//! - [`DistinctSketch`] counts distinct hashes; union is associative, commutative and idempotent.
//! - [`Histogram`] keeps durations to 1 % relative error; merging adds.
//! - [`RollUp`] is everything known of one scope and interval; [`Block`] is all scopes of one interval, and
//!   the unit that is stored and shipped.
//!
//! Nothing here reads a clock, does I/O, or can turn a hash back into an identity. Bytes from outside are
//! validated before anything is built from them.
//!
//! ## Decisions
//!
//! - **Our own sparse form and registers; `hyperloglogplus` is the estimator.** Union, encoding and
//!   validation are where correctness and bytes are decided, and the library's own sparse decoder indexes
//!   past the end on hostile input. Its bias-corrected estimate is the part worth borrowing: a dense sketch
//!   is handed to it through its documented serde form, pinned by version and by a test. Rejected: keeping
//!   the library's struct as the live form (a `HashSet` per sketch, and no safe way to decode it).
//! - **A sparse sketch holds 31-bit codes (25 bits of index, 6 of rank), so small sets are near exact** and
//!   cost 4 bytes a user; beyond 3 072 users it becomes 16 384 six-bit registers (p = 14).
//! - **A block is all scopes of one interval, compressed together, in columns** (see `columns`): one key per
//!   record would store the application's name and near-identical sketches once per URL. Several blocks of a
//!   site can be packed into one, which is how a center keeps hours.

#![forbid(unsafe_code)]

mod block;
mod columns;
mod dense;
mod distinct;
mod histogram;
mod identity;
mod rollup;
mod sparse;

pub use block::{Block, BlockError};
pub use distinct::{DistinctSketch, Estimate};
pub use histogram::Histogram;
pub use identity::{IdentityHash, IdentityKey, KeyError};
pub use rollup::{Peak, RollUp};
