//! What detectors are built from: memory with a bound, a history that forgets, a line through noisy points, and an
//! alarm that rings once per episode. Pure: no clock and no host, so that a rule is tested as plain Rust; of the plugin
//! contract it knows only how a finding is worded.
//!
//! ```
//! use bongsu_sdk_rules::{Alarm, Bounded, History};
//!
//! #[derive(Default)]
//! struct Url {
//!     usual: History,
//!     alarm: Alarm,
//! }
//!
//! let mut urls: Bounded<Url> = Bounded::new(1_000);
//! let mut minute = |p95_ms: f64, now_ms: i64| {
//!     let url = urls.entry("/minwon/{}");
//!     let odd = url.usual.deviations(p95_ms.ln(), 0.2) > 4.0;
//!     if !odd {
//!         url.usual.learn(p95_ms.ln(), 1_440.0);
//!     }
//!     url.alarm.rings(odd, !odd, now_ms)
//! };
//! for i in 0..100 {
//!     assert!(!minute(100.0 + f64::from(i % 7), 60_000 * i64::from(i)));
//! }
//! assert!(minute(900.0, 6_000_000));
//! ```
//!
//! ## Decisions
//!
//! - **Memory is bounded in entries, by two generations of a map** ([`Bounded`]), which costs two look-ups at most.
//!   Rejected: an exact list of the least recently used, whose bookkeeping cost more than the rules themselves.
//! - **A history does not learn what it called odd**: the rule decides, because only it knows. Learning everything makes a
//!   slow URL "usual" while people still suffer from it.
//! - **Slopes are medians of slopes** ([`Trend`]): one garbage collection must not turn a line.

#![forbid(unsafe_code)]

mod alarm;
mod bounded;
mod found;
mod history;
mod language;
mod trend;

pub use alarm::Alarm;
pub use bounded::Bounded;
pub use found::{Found, Weight, gravest, hash_of, say_all};
pub use history::History;
pub use language::{Language, Words, many};
pub use trend::{Line, Trend};
