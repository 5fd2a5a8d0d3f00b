//! Runs plugins (`bongsu:plugin@1.x` components, see `wit/`) in a sandbox: the plugin host of edge and center.
//!
//! ```no_run
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use bongsu_sdk_host::{Engine, Field, FieldKind, Limits, Masker};
//!
//! let engine = Engine::new()?;
//! let bytes = std::fs::read("target/plugins/mask-korean-pii.wasm")?;
//! let mut masker = Masker::load(&engine, "pii", &bytes, &Limits::default(), &[])?;
//! let outcome = masker.mask_or_hide(&[Field { kind: FieldKind::Url, text: "/find?tel=010-1234-5678" }]);
//! if let Some(failure) = &outcome.failure {
//!     eprintln!("{failure}");
//! }
//! # Ok(()) }
//! ```
//!
//! A plugin can reach nothing but the log. Each call runs under a deadline and a memory limit, and what comes back is
//! checked before anyone sees it. A failing plugin is data: the call returns a [`PluginError`], the [`Counters`]
//! go up, and a fresh instance serves the next call.
//!
//! Calls block for up to [`Limits::deadline`]; make them on a thread that may block, never on one that drives
//! tasks. Nothing here reads files, starts a task or decides how often a failing plugin is tried again.
//!
//! ## Decisions
//!
//! - **One long-lived instance per loaded plugin, replaced after a trap.** Measured about fifteen times faster than
//!   one instance per call, and a detector needs its state. A replaced detector starts from nothing; state that
//!   survives comes with a later contract.
//! - **Epochs, not fuel, stop a guest**: the same cost while it runs, and a deadline is in the operator's unit. The
//!   price is a resolution of [`Engine::TICK`] and a thread per engine.
//! - **What a guest hands over is bounded twice**: by bytes while it is lifted (many list elements may point at one
//!   long string, so the guest's own memory limit does not bound it), and by value afterwards.
//! - **No cache of compiled code.** Loading one is `unsafe` (wasmtime trusts the file), which this workspace forbids,
//!   and a plugin of ours compiles in some ten milliseconds. Script runtimes, which take seconds, will need one: then in
//!   a crate of its own that owns the signature check.
//! - **A masker that fails hides everything** ([`Masker::mask_or_hide`]). Rejected: passing the text through, or
//!   keeping the last good instance's answer; both leak.

mod bindings;
mod contract;
mod counters;
mod detector;
mod engine;
mod error;
mod instance;
mod limits;
mod masker;
mod sandbox;

pub use contract::Manifest;
pub use counters::Counters;
pub use detector::{Detector, MaskedTransaction};
pub use engine::Engine;
pub use error::PluginError;
pub use limits::Limits;
pub use masker::{Field, FieldKind, Found, HIDDEN, MaskedText, Masker, Outcome};
