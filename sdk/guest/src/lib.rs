//! What the author of a plugin in Rust uses: one trait and one macro per world of `bongsu:plugin@1.0.0`, and [`host`].
//!
//! ```
//! use bongsu_sdk_guest::{Settings, masker::{Edit, Field, Masker}};
//!
//! struct HideDigits;
//!
//! impl Masker for HideDigits {
//!     fn init(settings: &Settings) -> Result<Self, String> {
//!         settings.finish()?;
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
//! Who the plugin is, what it needs and its settings stand in `plugin.json` beside `Cargo.toml` (see `wit/README.md`); the
//! macro puts it into the component, where hosts read it without running anything.
//!
//! A plugin crate is a `cdylib` (for Wasm) and an `rlib` (so that `cargo test` runs its unit tests on the
//! host). Nothing here reads a clock, a file or the environment, and a plugin has no way to.
//!
//! ## Decisions
//!
//! - **The manifest is a file, not constants.** Tools, other languages and the operator's page read the same JSON, and a
//!   setting's default is written once. Rejected: a function that returns it, which has to be run to be read.
//! - **A panic is reported to the host before it traps**, because a trap alone has no text. In a masker only the place and
//!   a literal message are reported: a formatted one may quote the text that was being masked (slicing a `str` off a
//!   boundary does).
//! - **One crate for every world; the macro carries the world.** Which world a component has is decided by
//!   the `export_…!` it calls. Rejected: a feature per world, which Cargo would unify across the plugins
//!   of one workspace.
//! - **Traits over the generated ones**, with `&mut self`: the generated bindings know only free functions, and
//!   every author would write the same cell around their state.

pub mod controller;
pub mod detector;
mod export;
pub mod host;
pub mod masker;
#[doc(hidden)]
pub mod runtime;
pub mod settings;

pub use host::{Level, log};
pub use settings::Settings;
