//! What a detector found.

use serde::{Deserialize, Serialize};

use crate::{AppId, Window};

/// How much a finding matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing.
    Info,
    /// Look at it today.
    Warning,
    /// Look at it now.
    Critical,
}

/// A detector's statement about something that happened in a window. It has been masked: safe to store,
/// ship and show.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// Which plugin said so: `name@version`.
    pub detector: String,
    /// What kind of thing, a stable word such as `login-brute-force`.
    pub kind: String,
    /// How much it matters.
    pub severity: Severity,
    /// Application it happened in, if in one.
    pub app: Option<AppId>,
    /// When.
    pub window: Window,
    /// Whom or what it is about, as a token: `client:…`, `session:…`, `url:…`.
    pub subject: String,
    /// One sentence with its figures.
    pub summary: String,
    /// The figures behind the sentence: name and value.
    pub evidence: Vec<(String, f64)>,
}
