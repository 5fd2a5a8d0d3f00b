//! A start after a crash: what the journal holds and the database does not is counted again, and only that.
//!
//! Every minute says up to which record it is counted, the store of transactions up to which its rows are
//! stored, the rest up to which it is committed. So a record may be needed in part, and no part twice.

use std::{cell::RefCell, collections::BTreeMap};

use anyhow::Context as _;
use bongsu_edge_collect::Positions;
use bongsu_edge_history::{Durability, Journal, Record};
use bongsu_sdk_model::{Tier, Timestamp, Window};

use super::{Pipeline, hashes};

impl Pipeline {
    /// Opens the journal beside the history, takes in what it holds, and keeps everything in it from now on.
    /// Gives how far logs were read.
    ///
    /// # Errors
    /// If the journal is damaged, or it or the store can't be read.
    pub(crate) fn recover(
        &mut self,
        directory: &std::path::Path,
        durability: Durability,
    ) -> anyhow::Result<Positions> {
        let history = std::sync::Arc::clone(&self.history);
        let mut positions = history.positions()?;
        let transactions = history.transactions();
        let (through, stored) = (history.through()?, transactions.stored_through()?);
        self.restore_live()?;
        let journal = Journal::open(directory, durability, through.max(stored) + 1)
            .context("failed to open the journal")?;
        let mut records = 0_u64;
        journal.read(&mut |number, bytes| {
            let mut record = Record::decode(bytes)?;
            self.recount(&record, number);
            positions.extend(record.positions.clone());
            if number > through {
                self.pending.findings.append(&mut record.findings);
                self.pending.positions.append(&mut record.positions);
                self.pending.secrets.append(&mut record.secrets);
                self.pending.facts.merge(record.facts);
            }
            if number > stored {
                transactions.keep(record.transactions, record.spans);
            }
            records += 1;
            Ok(())
        })?;
        if records > 0 {
            tracing::info!(records, "taken in what was not in the database");
        }
        let live: Vec<_> = self.aggregator.live().cloned().collect();
        self.history.put_live(&live)?;
        self.keeping.begin(journal);
        Ok(positions)
    }

    /// The last half hour's live blocks, of minutes that are in the database.
    fn restore_live(&mut self) -> anyhow::Result<()> {
        self.history.forget_unfinished_live()?;
        let always = Window::new(Timestamp::from_ms(i64::MIN), Timestamp::from_ms(i64::MAX));
        let mut live = Vec::new();
        self.history
            .visit(Tier::TwoSeconds, always, &mut |block| live.push(block))?;
        for block in live {
            self.aggregator.restore_live(block);
        }
        Ok(())
    }

    /// Counts a record into the minutes that do not have it.
    fn recount(&mut self, record: &Record, number: u64) {
        let history = std::sync::Arc::clone(&self.history);
        let known = RefCell::new(BTreeMap::new());
        let wanted = |start: Timestamp| {
            let read = || history.counted(start).unwrap_or(0);
            number > *known.borrow_mut().entry(start).or_insert_with(read)
        };
        for masked in &record.transactions {
            if wanted(self.aggregator.minute_of(masked.ended, record.now)) {
                let users = hashes(&masked.who);
                self.aggregator
                    .add_hashed(&masked.transaction(), &users, record.now);
            }
        }
        self.count_the_rest(record, |at| wanted(Tier::Minute.floor(at)));
        self.keeping.note_opened(&self.aggregator, number);
    }
}
