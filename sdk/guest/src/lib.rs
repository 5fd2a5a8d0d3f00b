//! What the author of a plugin in Rust uses: one trait and one macro per world of `bongsu:plugin@1.0.0`.
//!
//! ```
//! use bongsu_sdk_guest::{About, Config, masker::{Edit, Field, Masker}};
//!
//! struct HideDigits;
//!
//! impl Masker for HideDigits {
//!     const ABOUT: About =
//!         About { name: "hide-digits", version: "0.1.0", summary: "Replaces every digit." };
//!
//!     fn init(config: &Config) -> Result<Self, String> {
//!         config.finish()?;
//!         Ok(Self)
//!     }
//!
//!     fn mask(&mut self, fields: &[Field]) -> Vec<Edit> {
//!         let digit = |(_, c): &(usize, char)| c.is_ascii_digit();
//!         let found = |i: usize, at: usize| Edit::new(i, at..at + 1, "digit", "#");
//!         fields
//!             .iter()
//!             .enumerate()
//!             .flat_map(|(i, field)| field.text.char_indices().filter(digit).map(move |(at, _)| found(i, at)))
//!             .collect()
//!     }
//! }
//!
//! bongsu_sdk_guest::export_masker!(HideDigits);
//! # fn main() {}
//! ```
//!
//! A plugin crate is a `cdylib` (for Wasm) and an `rlib` (so that `cargo test` runs its unit tests on the
//! host). Nothing here reads a clock, a file or the environment, and a plugin has no way to.
//!
//! ## Decisions
//!
//! - **A panic is reported through the host's log before it traps**, because a trap alone has no text. In
//!   a masker only the place and a literal message are reported: a formatted one may quote the text that was being
//!   masked (slicing a `str` off a boundary does).
//! - **One crate for every world; the macro carries the world.** Which world a component has is decided by
//!   the `export_…!` it calls. Rejected: a feature per world, which Cargo would unify across the plugins
//!   of one workspace.
//! - **Traits over the generated ones**, with `&mut self`: the generated bindings know only free functions, and
//!   every author would write the same cell around their state.

pub mod config;
pub mod detector;
pub mod masker;
#[doc(hidden)]
pub mod runtime;

pub use config::Config;

/// Who a plugin is; the world is added by the macro that exports it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct About {
    /// Lower-case letters, digits and dashes, at most 64 bytes.
    pub name: &'static str,
    /// The plugin's own version; `env!("CARGO_PKG_VERSION")` is the usual one.
    pub version: &'static str,
    /// What it does, in one sentence.
    pub summary: &'static str,
}

/// How much a log line matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// For the plugin's author.
    Debug,
    /// Worth knowing.
    Info,
    /// Something is not as it should be.
    Warn,
    /// Something failed.
    Error,
}

/// Writes a line to the edge's log; on a host (in unit tests) it does nothing. Never log text that came in a
/// batch.
pub fn log(level: Level, message: &str) {
    runtime::log(level, message);
}
