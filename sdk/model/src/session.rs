//! What the session store tells the rest of the edge.

use serde::{Deserialize, Serialize};

use crate::Timestamp;

/// What happened to a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum SessionEventKind {
    /// Its key was written for the first time.
    Created,
    /// A client deleted it.
    Destroyed,
    /// Its time ran out.
    Expired,
    /// A policy refused it.
    Rejected,
}

/// One event of the session store; the id is raw and stays in the process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionEvent {
    /// What happened.
    pub kind: SessionEventKind,
    /// When.
    pub at: Timestamp,
    /// The session's id: its key without the configured prefix.
    pub session: String,
}

/// Exact counts of the session store at an instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct SessionCounts {
    /// Sessions that exist and have not expired, idle ones included.
    pub active: u64,
    /// Created since the process started.
    pub created: u64,
    /// Deleted by clients since the process started.
    pub destroyed: u64,
    /// Expired since the process started.
    pub expired: u64,
    /// Refused since the process started.
    pub rejected: u64,
    /// Bytes of keys and values held.
    pub bytes: u64,
}
