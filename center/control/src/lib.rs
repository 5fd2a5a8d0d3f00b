//! Who may do what, what was proposed and decided, and a record of it that cannot be changed unseen.
//!
//! ```text
//! sign in / token ─► Who (roles × sites × applications)
//!                      │
//! plan `act` ─► draft ─► Proposal: pending ─► approved ─► one Order per site ─► results ─► done, ended, undone
//!                 │          │  denied, expired      ▲ effects checked against the proposal
//!                 └──────────┴── every step ──► Audit: each entry carries the digest of the one before
//! ```
//!
//! - [`People`]: accounts (argon2), sign-in with lock-out, sessions, tokens for programs with scopes.
//! - [`Proposal`] is a pure state machine: an event and an instant in, the next state or a refusal out. [`Proposals`]
//!   keeps them.
//! - [`effects`] makes orders of an approved action from the templates; [`within`] holds every effect, whoever made
//!   it, against what was approved. [`allowed`] refuses what no template makes or what is too broad, whatever a
//!   planner or a model thought of it.
//! - [`Audit`] is a file of JSON lines; [`Audit::verify`] finds an edit, a gap or a change of order.
//!
//! Nothing here opens a socket, reads a clock or talks to an edge; the blast radius is measured by the caller.
//!
//! ## Decisions
//!
//! - **The audit is a text file, not a tree of the database**: an auditor reads, copies and verifies it while the
//!   center runs, with no tool of ours if need be. Each entry is on the disk before what it tells of happens.
//!   Rejected: sled, which one process opens at a time.
//! - **A chain alone cannot tell that its end was cut off**, so the last digest is shown by every verification and
//!   logged at every start: kept elsewhere, it is what a later verification is held against.
//! - **Sessions live in memory.** A restart signs everybody out, and no session can be stolen from a disk.
//! - **Who wrote a proposal, or changed it, does not approve it**, unless the configuration says that one person is
//!   enough. An approval names the revision it saw; a change makes earlier approvals void.
//! - **An administrator gives roles but does not approve.** He could give himself the role; the audit shows it.

#![forbid(unsafe_code)]

mod audit;
mod config;
mod people;
mod person;
mod proposal;
mod proposals;
mod secret;
mod template;

use std::{path::Path, sync::Arc};

pub use self::{
    audit::{Audit, Entry, Flaw, Format, Record, Verified},
    config::Config,
    people::{People, Session, SignIn, Token},
    person::{Grant, Permit, Person, Role, Who},
    proposal::{Decision, Event, Preview, Proposal, Refusal, SiteOrder, State, Verdict},
    proposals::{Draft, Proposals},
    template::{allowed, effects, fits_url, undo, within},
};

/// What went wrong.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// What was asked for is not possible; the text is for whoever asked.
    #[error("{0}")]
    Refused(String),
    /// There is no such thing.
    #[error("there is no {0}")]
    Missing(String),
    /// The store or the audit's file does not work; nothing was changed.
    #[error("failed to use `{place}`: {cause}")]
    Store {
        /// Which.
        place: String,
        /// What was wrong.
        cause: String,
    },
}

impl Error {
    fn store(place: &str, cause: impl std::fmt::Display) -> Self {
        Self::Store {
            place: place.to_owned(),
            cause: cause.to_string(),
        }
    }
}

/// All of it, opened together.
#[derive(Debug)]
pub struct Control {
    /// How it is configured.
    pub config: Config,
    /// Accounts, sessions and tokens.
    pub people: People,
    /// Proposals.
    pub proposals: Proposals,
    /// The record; shared with whatever else has something to record.
    pub audit: Arc<Audit>,
}

impl Control {
    /// Opens the stores in `folder`.
    ///
    /// # Errors
    /// [`Error::Store`]; an audit that does not verify is not one of them, see [`Audit::verify`].
    pub fn open(folder: &Path, config: Config) -> Result<Self, Error> {
        let failed = |cause| Error::store("control", cause);
        std::fs::create_dir_all(folder).map_err(|error| Error::store("control", error))?;
        let db = sled::Config::new()
            .path(folder.join("store"))
            .cache_capacity(4 << 20)
            .open()
            .map_err(failed)?;
        Ok(Self {
            people: People::open(&db, &config)?,
            proposals: Proposals::open(&db)?,
            audit: Arc::new(Audit::open(&folder.join("audit.jsonl"))?),
            config,
        })
    }
}
