//! The vocabulary of Bongsu: ids, time, transactions, sessions, roll-up arithmetic, findings.
//!
//! Every other crate speaks in these types, so a word means one thing from the socket of an edge to the
//! text of an answer. Nothing here does I/O, reads a clock, hashes an identity or knows of tokio: an
//! instant is always a parameter.
//!
//! ## Decisions
//!
//! - **Instants are [`Timestamp`]s (UTC milliseconds), never civil time.** Civil time exists only where a
//!   person reads or writes it (`sdk/plan`, access logs). Rejected: a date-time library type here, which
//!   would have put a time-zone database below every crate.
//! - **Ids are checked once, at construction** ([`SiteId::new`] and friends refuse empty, long or
//!   control-character names), so that no later code has to bound them again. Rejected: plain strings with
//!   checks at each use.
//! - **Counters are a struct of named fields, not a map.** A misspelt counter then does not compile, and a
//!   roll-up encodes as sixteen varints. The price: a new counter is a new wire version.

#![forbid(unsafe_code)]

mod clock;
mod counters;
mod finding;
mod gauge;
mod id;
mod metric;
mod order;
mod scope;
mod session;
mod time;
mod transaction;

pub use clock::{Clock, ManualClock};
pub use counters::Counters;
pub use finding::{Finding, Severity};
pub use gauge::{Gauge, GaugeKind, Gauges};
pub use id::{AppId, IdError, InstanceId, SiteId, UrlTemplate};
pub use metric::{Metric, Unit, UnknownMetric};
pub use order::{Effect, GuardRule, GuardVerdict, LimitPer, Order, Outcome, OutcomeState};
pub use scope::Scope;
pub use session::{SessionCounts, SessionEvent, SessionEventKind};
pub use time::{Tier, Timestamp, Window};
pub use transaction::{IdentityMode, LoginOutcome, Transaction};
