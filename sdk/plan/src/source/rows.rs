//! Rows a source lists: live sessions, transactions. What it holds depends on where it stands: an edge has its
//! own sessions, a center has none.

use bongsu_sdk_model::Window;

use crate::{Condition, PlanScope, Target};

/// Which rows are wanted.
#[derive(Debug, Clone, PartialEq)]
pub struct Wanted {
    /// Of what.
    pub target: Target,
    /// Where, and of whom.
    pub scope: PlanScope,
    /// When; for live rows the present.
    pub window: Window,
    /// Conditions that all hold.
    pub conditions: Vec<Condition>,
    /// At most this many.
    pub limit: usize,
}

/// Rows, newest or longest first.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Listing {
    /// How many fulfil the conditions, of which `rows` may be a part.
    pub total: u64,
    /// The rows.
    pub rows: Vec<Listed>,
    /// Conditions or places that were not applied, because rows do not hold them.
    pub not_applied: Vec<String>,
    /// The rows of a named person or session are not for everybody who may ask.
    pub is_restricted: bool,
    /// The rows are only the latest of many, kept in memory.
    pub is_recent_only: bool,
}

/// One row; what is not known of it is `None`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Listed {
    /// The session's tag, or nothing.
    pub session: Option<String>,
    /// The user's token.
    pub user: Option<String>,
    /// Application.
    pub app: Option<String>,
    /// URL template or masked target.
    pub url: Option<String>,
    /// Running copy.
    pub instance: Option<String>,
    /// Client address.
    pub client: Option<String>,
    /// When it began or ended, milliseconds since the epoch.
    pub at_ms: Option<i64>,
    /// How old, seconds.
    pub age_s: Option<u64>,
    /// How long since it was used, seconds.
    pub idle_s: Option<u64>,
    /// How long it took, milliseconds.
    pub duration_ms: Option<u64>,
    /// HTTP status.
    pub status: Option<u16>,
}
