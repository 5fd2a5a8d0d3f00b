//! The watchtower: the web app that shows the country, and the HTTP API it uses.
//!
//! | path | is |
//! |---|---|
//! | `/`, `/sites/{site}` | the web app, embedded in the binary |
//! | `GET /api/overview` | national figures, every site, the latest findings |
//! | `POST /api/ask` | an answer to a question or a plan |
//! | `/login`, `/api/login`, `/api/me`, `/api/people`, `/api/tokens` | who may do what |
//! | `/api/proposals` | actions: proposed, decided, carried out |
//! | `/api/audit` | who did what |
//! | `GET /api/openapi.json` | the description of all of it |
//! | `GET /healthz`, `GET /metrics` | for whoever operates the center |
//!
//! [`bind`] serves a [`Backend`]; [`router`] is the same without a socket. Nothing here keeps, adds up or
//! words a figure. Every error is an RFC 9457 problem document with a stable code.
//!
//! What a client may take is bounded: connections, head and body, time of a request, questions at once. The
//! overview is made at most once a second, however many pages are open.
//!
//! `cargo run -p bongsu-center-dashboard --example lively` serves the page with a made-up fleet.
//!
//! Every path but the page for signing in and `/healthz` wants a session or a token. `open = true` lets everybody
//! in who reaches the loopback address; it is for demonstrations.
//!
//! ## Decisions
//!
//! - **The page is embedded at compile time** and comes from the same origin as the API, so one binary is the
//!   whole product and the content policy can forbid everything else; closed networks need no exception.
//!   Rejected: serving a directory, which must be shipped, found and kept in step.
//! - **The page polls the overview every two seconds.** The figures change every two seconds, one cached
//!   document serves everybody. Rejected for now: server-sent events, which save nothing at this rate.
//! - **A turn belongs to the work, not to the request.** A question whose client has gone still counts until
//!   it ends, so giving up and asking again can't pile up work. Rejected: a limit on requests in process.
//! - **hyper-util serves, not `axum::serve`**, which can't limit the number of connections or their silence.

#![forbid(unsafe_code)]

mod access;
mod api;
mod backend;
mod config;
mod login;
mod overview;
mod problem;
mod router;
mod server;
mod state;
mod web;

pub use backend::{Backend, BackendError};
pub use config::Config;
pub use overview::{Figure, Figures, FindingRow, Overview, SiteName, SiteOverview, SiteState};
/// The registry that [`Backend::register`] adds to.
pub use prometheus_client::registry::Registry;
pub use router::router;
pub use server::{Error, Handle, bind};
