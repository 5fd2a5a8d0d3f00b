//! The spans of traces, masked, beside the transactions that came with them.

use bongsu_sdk_model::{AppId, InstanceId, Timestamp, Window};
use serde::{Deserialize, Serialize};

use super::{Found, Transactions};
use crate::{HistoryError, columns, keys};

/// What a span is in its trace.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Serves a request.
    Server,
    /// Takes a message.
    Consumer,
    /// Calls a database.
    Sql,
    /// Calls another service, or sends a message.
    External,
    /// Anything inside the process.
    Internal,
}

/// The 8 bytes that name a span; 16 hexadecimal digits for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
pub struct SpanId(pub [u8; 8]);

impl Serialize for SpanId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            return serializer.collect_str(&format_args!("{:016x}", u64::from_be_bytes(self.0)));
        }
        serializer.serialize_newtype_struct("SpanId", &self.0)
    }
}

/// One span.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Span {
    /// The trace it is part of.
    #[serde(with = "crate::facts::trace")]
    pub trace_id: Option<[u8; 16]>,
    /// Which span.
    pub id: SpanId,
    /// The span above; none at the root.
    pub parent: Option<SpanId>,
    /// Application.
    pub app: AppId,
    /// Copy of it.
    pub instance: InstanceId,
    /// What it is.
    pub role: Role,
    /// Masked name.
    pub name: String,
    /// Masked statement, or the host that was called; else empty.
    pub detail: String,
    /// When it began.
    pub started: Timestamp,
    /// How long it took, microseconds.
    pub duration_us: u64,
    /// Span status ERROR.
    pub failed: bool,
}

impl Span {
    pub(super) fn ended(&self) -> Timestamp {
        self.started
            .plus(std::time::Duration::from_micros(self.duration_us))
    }
}

impl Transactions {
    /// What is kept of a trace in the blocks of `window`: its transactions, and its spans as they began; at most
    /// `limit` of each.
    ///
    /// # Errors
    /// [`HistoryError`] if the store can't be read.
    pub fn of_trace(
        &self,
        trace: [u8; 16],
        window: Window,
        limit: usize,
    ) -> Result<(Vec<Found>, Vec<Span>), HistoryError> {
        let found = self.transactions_of(trace, window, limit)?;
        let (blocks, open) = self.snapshot(window);
        let of_trace = |span: &Span| span.trace_id == Some(trace);
        let mut spans: Vec<Span> = open.spans.into_iter().filter(of_trace).collect();
        for block in blocks {
            if let Some(bytes) = self.spans.get(keys::of_number(block))? {
                let held: Vec<Span> = columns::unpack(&bytes)?;
                spans.extend(held.into_iter().filter(of_trace));
            }
        }
        spans.sort_by_key(|span| (span.started, span.duration_us));
        spans.truncate(limit);
        Ok((found, spans))
    }
}
