//! One site's edge: its configuration, its wiring, its local page and API.
//!
//! ```text
//! edge/sessions ──events──┐
//! edge/collect ──batches──┴─► Pipeline: masker (Wasm) → detectors (Wasm) → edge/rollup ──► edge/history
//!                                                                   │ 2 s pulses          │ spool
//!                              local page, /api/ask ◄── history      └────────► edge/ship ◄┘
//! ```
//!
//! The [`Pipeline`] is one thread and plain state: it takes what was collected, masks it before anything
//! else sees it, lets the detectors judge it, adds it up, and commits closed minutes with the batches that
//! carry them to the center in one transaction. [`Backfill`] drives the same pipeline under a clock of its
//! own. Everything else here starts, stops and shows.
//!
//! The center being away changes nothing here but a line in `/healthz`.
//!
//! ## Decisions
//!
//! - **One pipeline thread.** Order is then a fact, not a protocol, and a minute's commit needs no lock. It
//!   is fed by bounded channels whose sources wait, refuse or re-read when it is behind. Rejected: a task per
//!   stage, which buys parallelism a site's traffic does not need and makes every count eventual.
//! - **Without a masker, targets are dropped**: what nobody masked is not kept. Rejected: keeping them with
//!   a warning.
//! - **The local page is plain HTML made by the server**: it must work in whatever browser stands in a
//!   machine room, and needs no build.

#![forbid(unsafe_code)]

mod ask;
mod backfill;
mod config;
mod downlink;
mod feed;
mod figures;
mod http;
mod local;
mod masking;
mod orders;
mod outbox;
mod pipeline;
mod plugins;
mod question;
mod recent;
mod record;
mod run;
mod visits;
mod who;

pub use backfill::Backfill;
pub use config::Config;
pub use pipeline::Pipeline;
pub use plugins::PluginConfig;
pub use question::ask;
pub use record::{RecordOptions, record};
pub use run::{Running, start};
