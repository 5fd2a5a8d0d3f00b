//! Erasing one user: every row of the user, or of a session that was the user's, loses what could lead back; the
//! spans of their traces are removed.

use std::collections::BTreeSet;

use sled::transaction::{ConflictableTransactionError, Transactional as _};

use super::{Span, Transactions, stored};
use crate::{HistoryError, Masked, Token, columns, keys, masked::Who};

impl Transactions {
    /// Erases `user`; gives how many transactions were blanked. On disk after the next flush.
    ///
    /// # Errors
    /// [`HistoryError`] if the store fails; erasing again goes on.
    pub fn erase(&self, user: Token) -> Result<u64, HistoryError> {
        let sessions = self.bindings.sessions_of(user)?;
        let mut traces = BTreeSet::new();
        let mut erased = {
            let mut state = self.write();
            blank(&mut state.open, user, &sessions, &mut traces)
        };
        let blocks: Vec<u64> = self.read().sealed.keys().copied().collect();
        for block in blocks {
            let Some(mut rows) = self.rows(block)? else {
                continue;
            };
            let count = blank(&mut rows, user, &sessions, &mut traces);
            if count > 0 {
                self.replace(block, &rows)?;
                erased += count;
            }
        }
        self.remove_spans(&traces)?;
        // Last: as long as it is there, erasing again finds the same sessions.
        self.bindings.erase(user)?;
        Ok(erased)
    }

    fn remove_spans(&self, traces: &BTreeSet<[u8; 16]>) -> Result<(), HistoryError> {
        if traces.is_empty() {
            return Ok(());
        }
        let stays = |span: &Span| span.trace_id.is_none_or(|trace| !traces.contains(&trace));
        self.write().open_spans.retain(stays);
        for item in &self.spans {
            let (key, bytes) = item?;
            let mut spans: Vec<Span> = columns::unpack(&bytes)?;
            let before = spans.len();
            spans.retain(stays);
            if spans.len() < before {
                self.spans.insert(key, columns::pack(&spans)?)?;
            }
        }
        Ok(())
    }

    fn replace(&self, block: u64, rows: &[Masked]) -> Result<(), HistoryError> {
        let (points, details) = columns::of(rows);
        let (points, details) = (columns::pack(&points)?, columns::pack(&details)?);
        let key = keys::of_number(block);
        (&self.points, &self.details)
            .transaction(|(of_points, of_details)| {
                of_points.insert(&key, points.as_slice())?;
                of_details.insert(&key, details.as_slice())?;
                Ok::<_, ConflictableTransactionError>(())
            })
            .map_err(stored)
    }
}

fn blank(
    rows: &mut [Masked],
    user: Token,
    sessions: &BTreeSet<Token>,
    traces: &mut BTreeSet<[u8; 16]>,
) -> u64 {
    let mut blanked = 0;
    for row in rows {
        let of_session = |session: Token| sessions.contains(&session);
        if row.who.user == Some(user) || row.who.session.is_some_and(of_session) {
            row.who = Who::default();
            row.target = row.url.to_string();
            traces.extend(row.trace_id.take());
            blanked += 1;
        }
    }
    blanked
}
