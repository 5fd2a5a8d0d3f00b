//! Runs plugins (`bongsu:plugin@1.x` components, see `wit/`) in a sandbox: the plugin host of edge and center.
//!
//! ```no_run
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use bongsu_sdk_host::{Engine, Field, FieldKind, Masker, Setup};
//! use bongsu_sdk_model::Timestamp;
//!
//! let engine = Engine::new()?;
//! let bytes = std::fs::read("target/plugins/mask-korean-pii.wasm")?;
//! let mut masker = Masker::load(&engine, &bytes, &Setup::new("pii"))?;
//! let fields = [Field { kind: FieldKind::Url, text: "/find?tel=010-1234-5678" }];
//! let outcome = masker.mask_or_hide(&fields, Timestamp::from_ms(0));
//! if let Some(failure) = &outcome.failure {
//!     eprintln!("{failure}");
//! }
//! # Ok(()) }
//! ```
//!
//! A plugin can reach nothing but the interfaces of `wit/host.wit`, and of those only what its manifest needs and the
//! operator grants. Each call runs under [`Limits`], and what comes back is checked before anyone sees it. A failing plugin
//! is data: the call returns a [`PluginError`], the [`Counters`] go up, what it wrote to its state is undone, and a fresh
//! instance serves the next call.
//!
//! Calls block for up to [`Limits::deadline`]; make them on a thread that may block, never on one that drives
//! tasks. Nothing here starts a task, and nothing but the engine's cache of compiled code touches a file.
//!
//! ## Decisions
//!
//! - **One long-lived instance per loaded plugin, replaced after a trap.** Measured about fifteen times faster than
//!   one instance per call, and a detector needs its memory. What must survive goes to `state`.
//! - **Epochs, not fuel, stop a guest**: the same cost while it runs, and a deadline is in the operator's unit. The
//!   price is a resolution of [`Engine::TICK`] and a thread per engine.
//! - **What a guest hands over is bounded twice**: by bytes while it is lifted (many list elements may point at one
//!   long string, so the guest's own memory limit does not bound it), and by value afterwards.
//! - **A text crosses once per batch** ([`Batch`]). Handing over strings in every transaction cost eight allocations in
//!   the guest each, times every detector. The price is `batch.text(t.url)` in the author's code.
//! - **All interfaces are linked, and a call that is not granted traps.** Script toolchains import a whole world whether
//!   they use it or not, so refusing the import would refuse every script. What a manifest *needs* and is not granted is
//!   refused at load.
//! - **The manifest is a custom section, not an export**: signed with the rest, and read without running anything.
//! - **Loading tries a start with a copy of the state**, so that a plugin that refuses its settings is refused by whoever
//!   loads it, while the version before goes on writing the state undisturbed.
//! - **A masker that fails hides everything** ([`Masker::mask_or_hide`]). Rejected: passing the text through; it leaks.

mod batch;
mod bindings;
mod cache;
mod contract;
mod controller;
mod counters;
mod detector;
mod engine;
mod error;
mod instance;
mod limits;
mod loaded;
mod manifest;
mod masker;
mod sandbox;
mod settings;
mod setup;
mod signing;
mod state;
mod watch;

pub use batch::{
    Batch, Events, MaskedSessionEvent, MaskedTransaction, RecordedBatch, ScopeFigures,
};
pub use controller::{
    Action, Controller, Deny, Detour, Effect, Notice, Owner, Proposal, Rate, Request, Scaling,
};
pub use counters::Counters;
pub use detector::Detector;
pub use engine::Engine;
pub use error::PluginError;
pub use limits::Limits;
pub use loaded::Loaded;
pub use manifest::{
    CONTRACT, EventKind, MANIFEST_SECTION, Manifest, Need, Wishes, WorldKind, attach_manifest,
};
pub use masker::{Field, FieldKind, Found, HIDDEN, MaskedText, Masker, Outcome, hidden};
pub use settings::{SettingSpec, SettingType, SettingValue};
pub use setup::{FigureScope, NoSite, SessionFact, Setup, Site, UsualFigure};
pub use signing::{
    ContentHash, NotHex, NotKey, Provenance, PublicKey, SIGNATURE_SECTION, Signature, SigningKey,
    Trust,
};
pub use state::{PluginState, StateError};
pub use watch::{Called, Plugin, Standing, WatchEvent, Watched};
