//! The last transactions, masked, for the local page. In memory, bounded.

use std::{
    collections::VecDeque,
    sync::{Mutex, PoisonError},
};

use bongsu_edge_history::Masked;
use bongsu_sdk_model::Timestamp;
use serde::Serialize;

const KEPT: usize = 500;

/// A masked transaction as the site's page shows it.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Row {
    /// When it ended, milliseconds since the epoch.
    pub(crate) ended: Timestamp,
    pub(crate) app: String,
    pub(crate) method: String,
    /// The masked request target.
    pub(crate) target: String,
    pub(crate) status: u16,
    /// Milliseconds.
    pub(crate) duration_ms: u64,
    /// Token of the user, if one was named.
    pub(crate) user: Option<String>,
}

impl Row {
    pub(crate) fn of(transaction: &Masked, user: Option<String>) -> Self {
        Self {
            ended: transaction.ended,
            app: transaction.app.to_string(),
            method: transaction.method.clone(),
            target: transaction.target.clone(),
            status: transaction.status,
            duration_ms: transaction.duration_us / 1_000,
            user,
        }
    }
}

/// A ring of the last 500 rows.
#[derive(Debug, Default)]
pub(crate) struct Recent(Mutex<VecDeque<Row>>);

impl Recent {
    pub(crate) fn push(&self, rows: impl IntoIterator<Item = Row>) {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        held.extend(rows);
        let surplus = held.len().saturating_sub(KEPT);
        held.drain(..surplus);
    }

    /// The newest rows, newest first.
    pub(crate) fn newest(&self, limit: usize) -> Vec<Row> {
        let held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        held.iter().rev().take(limit).cloned().collect()
    }
}
