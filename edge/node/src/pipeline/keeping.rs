//! Nothing is counted before it is in the journal, nothing leaves the journal before it is in the database.
//!
//! A group of batches is one record. If it cannot be written, senders that wait hear so and come again; what
//! nobody waits for (log lines, samples of the host) is held here, and the sources are not listened to until it
//! is written.

use std::collections::{BTreeMap, HashSet};

use bongsu_edge_history::{History, HistoryError, Journal, Record, Sample, Token, Vault};
use bongsu_edge_rollup::Aggregator;
use bongsu_sdk_model::{SessionEvent, Timestamp, Transaction};

use super::{Pipeline, Prepared};

/// Events of sessions that wait for the next record.
const STAGED: usize = 4_096;
/// Tokens remembered as in the vault.
const REMEMBERED: usize = 100_000;

/// The journal of a pipeline, and what is between the two.
pub(super) struct Keeping {
    journal: Option<Journal>,
    vault: Option<Vault>,
    /// What goes into the next record.
    staged: Record,
    /// What could not be written, and nobody waits for.
    stuck: Option<Prepared>,
    /// First record of each open minute.
    opened: BTreeMap<Timestamp, u64>,
    /// Tokens that are in the vault.
    sealed: HashSet<Token>,
}

impl Keeping {
    pub(super) fn new(vault: Option<Vault>) -> Self {
        Self {
            journal: None,
            vault,
            staged: Record::default(),
            stuck: None,
            opened: BTreeMap::new(),
            sealed: HashSet::new(),
        }
    }

    pub(super) fn begin(&mut self, journal: Journal) {
        self.journal = Some(journal);
    }

    /// Number of the last record; 0 without a journal.
    pub(super) fn last(&self) -> u64 {
        self.journal.as_ref().map_or(0, Journal::last)
    }

    pub(super) fn take_staged(&mut self) -> Record {
        std::mem::take(&mut self.staged)
    }

    /// Whether enough is waiting to be kept now.
    pub(super) fn stage_event(&mut self, event: &SessionEvent) -> bool {
        self.staged.events.push((event.kind, event.at));
        self.staged.events.len() >= STAGED
    }

    pub(super) fn stage_sample(&mut self, sample: Sample) {
        self.staged.samples.push(sample);
    }

    pub(super) fn take_stuck(&mut self) -> Option<Prepared> {
        self.stuck.take()
    }

    /// The open minutes that `number` was the first to touch.
    pub(super) fn note_opened(&mut self, aggregator: &Aggregator, number: u64) {
        for start in aggregator.open_minutes() {
            self.opened.entry(start).or_insert(number);
        }
    }

    pub(super) fn note_closed(&mut self, start: Timestamp) {
        self.opened.remove(&start);
    }

    /// The user is not in the vault any more.
    pub(super) fn forget_user(&mut self, user: Token) {
        self.sealed.remove(&user);
    }

    /// Sealed entries of the users who are not in the vault.
    pub(super) fn secrets(
        &mut self,
        transactions: &[Transaction],
        record: &Record,
        history: &History,
    ) -> Vec<(u64, Vec<u8>)> {
        let Some(vault) = &self.vault else {
            return Vec::new();
        };
        let mut secrets = Vec::new();
        for (raw, masked) in transactions.iter().zip(&record.transactions) {
            let (Some(id), Some(token)) = (&raw.user, masked.who.user) else {
                continue;
            };
            if self.sealed.len() >= REMEMBERED {
                self.sealed.clear();
            }
            // An entry that can't be read is written again.
            if self.sealed.insert(token) && !matches!(history.secret(token), Ok(Some(_))) {
                secrets.extend(vault.seal(token, id).map(|sealed| (token.0, sealed)));
            }
        }
        secrets
    }

    /// Drops the records that are in the database and flushed.
    pub(super) fn cut(&mut self, history: &History) -> Result<(), HistoryError> {
        let Some(journal) = &mut self.journal else {
            return Ok(());
        };
        let open = self
            .opened
            .values()
            .min()
            .map(|first| first.saturating_sub(1));
        let stored = history.transactions().stored_through()?;
        let through = stored.min(history.through()?);
        let through = open.map_or(through, |open| open.min(through));
        journal.rotate();
        journal.forget(through)?;
        history.forget_counted(through)
    }
}

impl Pipeline {
    /// Keeps and counts a group. With `waited_for` it is as safe as configured, or refused: then nothing of it
    /// is counted. Else it may be held.
    pub(super) fn keep(&mut self, prepared: Prepared, waited_for: bool) -> bool {
        if prepared.record.is_empty() {
            return true;
        }
        let last = self.keeping.last();
        let Some(journal) = &mut self.keeping.journal else {
            self.count(prepared, last);
            return true;
        };
        let bytes = prepared.record.encode();
        match bytes.and_then(|bytes| journal.append(&bytes, waited_for)) {
            Ok(number) => {
                self.count(prepared, number);
                true
            }
            Err(error) => {
                tracing::error!("what was collected can't be kept: {error}");
                if !waited_for {
                    self.keeping.stuck = Some(prepared);
                }
                false
            }
        }
    }

    /// Whether something is held that has to be written before anything else is taken in.
    pub(crate) const fn is_stuck(&self) -> bool {
        self.keeping.stuck.is_some()
    }

    /// Tries again what is held, and keeps what is staged.
    pub(super) fn keep_what_waits(&mut self, now: Timestamp) {
        if let Some(prepared) = self.keeping.take_stuck() {
            self.keep(prepared, false);
        }
        if !self.is_stuck() && !self.keeping.staged.is_empty() {
            self.ingest(Vec::new(), now);
        }
    }
}
