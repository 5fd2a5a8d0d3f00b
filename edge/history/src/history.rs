//! The edge's database.

use std::{
    collections::BTreeMap,
    path::Path,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use bongsu_sdk_model::{Finding, Tier, Timestamp, Window};
use bongsu_sdk_sketch::{Block, BlockError};
use sled::transaction::{ConflictableTransactionError, TransactionError, Transactional as _};

use crate::{
    Deployed, ErrorGroup, Facts, HistoryError, Statement, Transactions, facts::FactTrees, keys,
    spool::Book, tiers::Tiers,
};

/// Sled's page cache. Roll-ups are read rarely; the operating system caches the rest.
const CACHE_BYTES: u64 = 32 << 20;

/// Up to which record of the journal everything but minutes is committed.
const THROUGH: &str = "through";

/// What belongs together on disk.
#[derive(Debug, Default)]
pub struct Commit {
    /// Deltas of 1-minute intervals.
    pub minutes: Vec<Block>,
    /// Findings of the site's detectors.
    pub findings: Vec<Finding>,
    /// The batches that carry them to the center, in order.
    pub batches: Vec<Vec<u8>>,
    /// Minutes, and up to which record of the journal each is counted with this.
    pub counted: BTreeMap<Timestamp, u64>,
    /// Up to which record of the journal findings, positions and secrets are in here.
    pub through: u64,
    /// How far logs are read, opaque.
    pub positions: BTreeMap<String, Vec<u8>>,
    /// New entries of the vault, sealed.
    pub secrets: Vec<(u64, Vec<u8>)>,
    /// Statements, errors, deployments.
    pub facts: Facts,
}

/// Roll-ups, findings and spool of one edge.
#[derive(Debug)]
pub struct History {
    db: sled::Db,
    pub(crate) minute: sled::Tree,
    live: sled::Tree,
    finding: sled::Tree,
    pub(crate) spool: sled::Tree,
    pub(crate) meta: sled::Tree,
    counted: sled::Tree,
    position: sled::Tree,
    pub(crate) vault: sled::Tree,
    transactions: Transactions,
    pub(crate) book: Book,
    facts: FactTrees,
    pub(crate) tiers: Tiers,
    /// Held while a delta is merged with what is there.
    writing: Mutex<()>,
    poisoned: AtomicBool,
    /// Sequences below this one are on disk.
    durable: AtomicU64,
}

impl History {
    /// Opens or makes the database in `directory`. `now` becomes a new database's epoch.
    ///
    /// # Errors
    /// [`HistoryError::Open`] if it is locked, unreadable or not ours.
    pub fn open(directory: &Path, now: Timestamp) -> Result<Self, HistoryError> {
        let open = |source| HistoryError::Open {
            path: directory.to_owned(),
            source,
        };
        let db = sled::Config::default()
            .path(directory)
            .cache_capacity(CACHE_BYTES)
            .flush_every_ms(None)
            .open()
            .map_err(open)?;
        let transactions = |meta| Transactions::open(&db, meta);
        let meta = db.open_tree("meta").map_err(open)?;
        let minute = db.open_tree("minute").map_err(open)?;
        let history = Self {
            counted: db.open_tree("counted").map_err(open)?,
            position: db.open_tree("position").map_err(open)?,
            vault: db.open_tree("vault").map_err(open)?,
            transactions: transactions(meta.clone())?,
            facts: FactTrees::open(&db)?,
            tiers: Tiers::open(&db, &minute)?,
            minute,
            live: db.open_tree("live").map_err(open)?,
            finding: db.open_tree("finding").map_err(open)?,
            spool: db.open_tree("spool").map_err(open)?,
            meta,
            book: Book::default(),
            db,
            writing: Mutex::new(()),
            poisoned: AtomicBool::new(false),
            durable: AtomicU64::new(0),
        };
        history.start_epoch(now)?;
        history
            .durable
            .store(history.spool()?.next, Ordering::SeqCst);
        Ok(history)
    }

    /// Writes everything of `commit`, or nothing. Not on disk before [`History::flush`].
    ///
    /// # Errors
    /// [`HistoryError`]; the store is then as before.
    pub fn commit(&self, commit: &Commit) -> Result<(), HistoryError> {
        self.check_sound()?;
        let _writing = self.lock_writing();
        let mut minutes = Vec::with_capacity(commit.minutes.len());
        for delta in &commit.minutes {
            minutes.push((keys::of_instant(delta.start), self.merged(delta)?));
        }
        let mut findings = Vec::with_capacity(commit.findings.len());
        for finding in &commit.findings {
            let number = keys::of_number(self.db.generate_id()?);
            let key = [keys::of_instant(finding.window.to), number].concat();
            let value = serde_json::to_vec(finding).map_err(|error| damaged(&error))?;
            findings.push((key, value));
        }
        let facts = self.facts.with(&commit.facts)?;
        let first = self.spool()?.next;
        let Self {
            minute,
            finding,
            spool,
            meta,
            ..
        } = self;
        let (counted, position, vault) = (&self.counted, &self.position, &self.vault);
        let FactTrees {
            statement,
            error,
            deployment,
            ..
        } = &self.facts;
        let trees = (
            minute,
            finding,
            spool,
            meta,
            counted,
            position,
            vault,
            statement,
            error,
            deployment,
            &self.tiers.stale,
        );
        trees
            .transaction(|trees| {
                let (minute, finding, spool, meta, counted, position, vault, ..) = trees;
                let (.., statement, error, deployment, stale) = trees;
                let facts = [
                    (statement, &facts.statements),
                    (error, &facts.errors),
                    (deployment, &facts.deployments),
                ];
                for (tree, entries) in facts {
                    for (key, value) in entries {
                        tree.insert(key, value.as_slice())?;
                    }
                }
                for minute in &commit.minutes {
                    let hour = Tier::Hour.floor(minute.start);
                    stale.insert(&keys::of_instant(hour), &[])?;
                }
                for (start, through) in &commit.counted {
                    counted.insert(&keys::of_instant(*start), &keys::of_number(*through))?;
                }
                for (log, read) in &commit.positions {
                    position.insert(log.as_bytes(), read.as_slice())?;
                }
                for (token, sealed) in &commit.secrets {
                    vault.insert(&keys::of_number(*token), sealed.as_slice())?;
                }
                if commit.through > 0 {
                    meta.insert(THROUGH, &keys::of_number(commit.through))?;
                }
                for (key, value) in &minutes {
                    minute.insert(key, value.as_slice())?;
                }
                for (key, value) in &findings {
                    finding.insert(key.as_slice(), value.as_slice())?;
                }
                for (sequence, batch) in (first..).zip(&commit.batches) {
                    spool.insert(&keys::of_number(sequence), batch.as_slice())?;
                }
                let next = first + commit.batches.len() as u64;
                meta.insert(Self::next_key(), &keys::of_number(next))?;
                Ok::<_, ConflictableTransactionError>(())
            })
            .map_err(|error: TransactionError| match error {
                TransactionError::Storage(error) | TransactionError::Abort(error) => {
                    HistoryError::Store(error)
                }
            })
    }

    /// The site's transactions.
    #[must_use]
    pub const fn transactions(&self) -> &Transactions {
        &self.transactions
    }

    /// Statements in the hours that `window` touches, those that took most time first.
    ///
    /// # Errors
    /// [`HistoryError`] if the store can't be read.
    pub fn statements(&self, window: Window) -> Result<Vec<Statement>, HistoryError> {
        self.facts.statements(window)
    }

    /// Errors in the hours that `window` touches, the most frequent first.
    ///
    /// # Errors
    /// [`HistoryError`] if the store can't be read.
    pub fn errors(&self, window: Window) -> Result<Vec<ErrorGroup>, HistoryError> {
        self.facts.errors(window)
    }

    /// Deployments in `window`, newest first.
    ///
    /// # Errors
    /// [`HistoryError`] if the store can't be read.
    pub fn deployments(&self, window: Window) -> Result<Vec<Deployed>, HistoryError> {
        self.facts.deployments(window)
    }

    /// Up to which record of the journal the minute that starts at `start` is counted.
    ///
    /// # Errors
    /// [`HistoryError`] if the store can't be read.
    pub fn counted(&self, start: Timestamp) -> Result<u64, HistoryError> {
        let counted = self.counted.get(keys::of_instant(start))?;
        counted.map_or(Ok(0), |through| keys::number_of(&through))
    }

    /// Up to which record of the journal findings, positions and secrets are committed.
    ///
    /// # Errors
    /// [`HistoryError`] if the store can't be read.
    pub fn through(&self) -> Result<u64, HistoryError> {
        let through = self.meta.get(THROUGH)?;
        through.map_or(Ok(0), |through| keys::number_of(&through))
    }

    /// How far logs are read.
    ///
    /// # Errors
    /// [`HistoryError`] if the store can't be read.
    pub fn positions(&self) -> Result<BTreeMap<String, Vec<u8>>, HistoryError> {
        let read = self.position.iter().map(|item| {
            let (log, read) = item?;
            let log = std::str::from_utf8(&log).map_err(|error| damaged(&error))?;
            Ok((log.to_owned(), read.to_vec()))
        });
        read.collect()
    }

    /// Forgets which minutes are counted up to records that the journal no longer holds.
    ///
    /// # Errors
    /// [`HistoryError`] if the store can't be written.
    pub fn forget_counted(&self, through: u64) -> Result<(), HistoryError> {
        let mut gone = sled::Batch::default();
        for item in &self.counted {
            let (start, counted) = item?;
            if keys::number_of(&counted)? <= through {
                gone.remove(start);
            }
        }
        Ok(self.counted.apply_batch(gone)?)
    }

    /// Whether a minute has been written.
    ///
    /// # Errors
    /// [`HistoryError`] if the store can't be read.
    pub fn has_minute(&self, start: Timestamp) -> Result<bool, HistoryError> {
        Ok(self.minute.contains_key(keys::of_instant(start))?)
    }

    /// Removes the live blocks of minutes that have not been written: they are made again from the journal.
    ///
    /// # Errors
    /// [`HistoryError`] if the store fails.
    pub fn forget_unfinished_live(&self) -> Result<(), HistoryError> {
        let mut gone = sled::Batch::default();
        for key in self.live.iter().keys() {
            let key = key?;
            if !self.has_minute(Tier::Minute.floor(keys::instant_of(&key)?))? {
                gone.remove(key);
            }
        }
        Ok(self.live.apply_batch(gone)?)
    }

    /// Replaces live blocks of 2 seconds; they are a convenience across restarts and never flushed alone.
    ///
    /// # Errors
    /// [`HistoryError`] if the store can't be written.
    pub fn put_live(&self, blocks: &[Block]) -> Result<(), HistoryError> {
        let mut batch = sled::Batch::default();
        for block in blocks {
            batch.insert(&keys::of_instant(block.start), encode(block)?);
        }
        Ok(self.live.apply_batch(batch)?)
    }

    /// Hands every stored block of `tier` that starts in `window` to `visit`, in order of time.
    ///
    /// # Errors
    /// [`HistoryError`] if the store can't be read or a block is damaged.
    pub fn visit(
        &self,
        tier: Tier,
        window: Window,
        visit: &mut dyn FnMut(Block),
    ) -> Result<(), HistoryError> {
        let tree = match tier {
            Tier::TwoSeconds => &self.live,
            _ => &self.minute,
        };
        for item in tree.range(keys::of_instant(window.from)..keys::of_instant(window.to)) {
            visit(decode(&item?.1)?);
        }
        Ok(())
    }

    /// The latest findings whose window ended in `window`, newest first, at most `limit`.
    ///
    /// # Errors
    /// [`HistoryError`] if the store can't be read or a finding is damaged.
    pub fn findings(&self, window: Window, limit: usize) -> Result<Vec<Finding>, HistoryError> {
        self.finding
            .range(keys::of_instant(window.from)..keys::of_instant(window.to))
            .rev()
            .take(limit)
            .map(|item| serde_json::from_slice(&item?.1).map_err(|error| damaged(&error)))
            .collect()
    }

    /// Removes live blocks older than 30 minutes, what is older than `kept` of minutes (once an hour holds them),
    /// five minutes, findings and facts, and hours older than `hours_kept`.
    ///
    /// # Errors
    /// [`HistoryError`] if the store can't be written.
    pub fn prune(
        &self,
        now: Timestamp,
        kept: Duration,
        hours_kept: Duration,
    ) -> Result<(), HistoryError> {
        let live_kept = Duration::from_secs(30 * 60);
        // Whole hours, so that no hour is made of a part of its minutes.
        let oldest = Tier::Hour.floor(now.minus(kept));
        for (tree, oldest) in [
            (&self.live, now.minus(live_kept)),
            (&self.minute, oldest),
            (&self.finding, oldest),
        ] {
            let mut removals = sled::Batch::default();
            for key in tree.range(..keys::of_instant(oldest)).keys() {
                let key = key?;
                let of_stale_hour = || {
                    let hour = Tier::Hour.floor(keys::instant_of(&key)?);
                    let stale = self.tiers.stale.contains_key(keys::of_instant(hour));
                    stale.map_err(HistoryError::from)
                };
                if tree.name() != self.minute.name() || !of_stale_hour()? {
                    removals.remove(key);
                }
            }
            tree.apply_batch(removals)?;
        }
        self.tiers.prune(oldest, now.minus(hours_kept))?;
        self.facts.prune(now.minus(kept))
    }

    /// Waits until everything committed is on disk; only then may its batches leave.
    ///
    /// # Errors
    /// [`HistoryError`] if the disk refuses; the store then accepts no more commits.
    pub fn flush(&self) -> Result<(), HistoryError> {
        self.check_sound()?;
        let next = self.spool()?.next;
        self.db.flush().map_err(|error| {
            self.poisoned.store(true, Ordering::SeqCst);
            HistoryError::Store(error)
        })?;
        self.durable.fetch_max(next, Ordering::SeqCst);
        Ok(())
    }

    /// The first sequence that may not have reached the disk.
    pub(crate) fn durable(&self) -> u64 {
        self.durable.load(Ordering::SeqCst)
    }

    pub(crate) fn check_sound(&self) -> Result<(), HistoryError> {
        if self.poisoned.load(Ordering::SeqCst) {
            Err(HistoryError::Poisoned)
        } else {
            Ok(())
        }
    }

    /// Held while what is there is merged with what comes.
    pub(crate) fn lock_writing(&self) -> MutexGuard<'_, ()> {
        self.writing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn merged(&self, delta: &Block) -> Result<Vec<u8>, HistoryError> {
        match self.minute.get(keys::of_instant(delta.start))? {
            None => encode(delta),
            Some(held) => {
                let mut block = decode(&held)?;
                block.merge(delta);
                encode(&block)
            }
        }
    }
}

pub(crate) fn encode(block: &Block) -> Result<Vec<u8>, HistoryError> {
    block.encode().map_err(|error: BlockError| damaged(&error))
}

pub(crate) fn decode(bytes: &[u8]) -> Result<Block, HistoryError> {
    Block::decode(bytes).map_err(|error| damaged(&error))
}

fn damaged(error: &dyn std::error::Error) -> HistoryError {
    HistoryError::Damaged(error.to_string())
}

#[cfg(test)]
mod tests {
    use bongsu_sdk_model::{Scope, Severity};

    use super::*;

    fn minute(start_ms: i64, requests: u64) -> Block {
        let mut block = Block::new(Tier::Minute, Timestamp::from_ms(start_ms));
        block.entry(Scope::Site).counters.requests = requests;
        block
    }

    fn all() -> Window {
        Window::new(Timestamp::from_ms(i64::MIN), Timestamp::from_ms(i64::MAX))
    }

    fn requests(history: &History) -> Vec<(i64, u64)> {
        let mut out = Vec::new();
        history
            .visit(Tier::Minute, all(), &mut |block| {
                out.push((
                    block.start.as_ms(),
                    block.scopes[&Scope::Site].counters.requests,
                ));
            })
            .unwrap();
        out
    }

    fn finding() -> Finding {
        Finding {
            detector: "d@1".into(),
            kind: "login-brute-force".into(),
            severity: Severity::Warning,
            app: None,
            window: Window::new(Timestamp::from_ms(0), Timestamp::from_ms(60_000)),
            subject: "client:1".into(),
            summary: "12 failed logins".into(),
            evidence: vec![("failed".into(), 12.0)],
        }
    }

    #[test]
    fn what_was_flushed_is_there_after_reopening() {
        let dir = tempfile::tempdir().unwrap();
        let epoch = {
            let history = History::open(dir.path(), Timestamp::from_ms(77)).unwrap();
            let commit = Commit {
                minutes: vec![minute(60_000, 3), minute(0, 1)],
                findings: vec![finding()],
                batches: vec![b"one".to_vec(), b"two".to_vec()],
                counted: [(Timestamp::from_ms(0), 4), (Timestamp::from_ms(60_000), 6)].into(),
                through: 6,
                positions: [("a.log".to_owned(), vec![1])].into(),
                secrets: vec![(5, vec![6])],
                facts: Facts::default(),
            };
            history.commit(&commit).unwrap();
            history
                .commit(&Commit {
                    minutes: vec![minute(60_000, 4)],
                    ..Commit::default()
                })
                .unwrap();
            history.flush().unwrap();
            history.spool().unwrap().epoch
        };
        let history = History::open(dir.path(), Timestamp::from_ms(99)).unwrap();
        assert_eq!(requests(&history), [(0, 1), (60_000, 7)]);
        assert_eq!(history.findings(all(), 5).unwrap(), [finding()]);
        assert_eq!(
            history.spool().unwrap(),
            SpoolState {
                epoch,
                next: 3,
                acked: 0,
                given: 0,
                durable: 3
            }
        );
        assert_eq!(epoch, 77);
        let counted = |ms| history.counted(Timestamp::from_ms(ms)).unwrap();
        assert_eq!([0, 60_000, 120_000].map(counted), [4, 6, 0]);
        assert_eq!(history.through().unwrap(), 6);
        assert_eq!(
            history.positions().unwrap(),
            [("a.log".to_owned(), vec![1])].into()
        );
        history.forget_counted(5).unwrap();
        assert_eq!([0, 60_000].map(counted), [0, 6]);
    }

    use crate::SpoolState;

    #[test]
    fn the_spool_gives_batches_in_order_and_forgets_the_acknowledged() {
        let dir = tempfile::tempdir().unwrap();
        let history = History::open(dir.path(), Timestamp::from_ms(1)).unwrap();
        assert_eq!(history.oldest_spooled().unwrap(), 1);
        let batches = (0..5_u8).map(|i| vec![i; 10]).collect();
        history
            .commit(&Commit {
                batches,
                ..Commit::default()
            })
            .unwrap();
        assert_eq!(
            history.read_spool(0, 25).unwrap(),
            [],
            "nothing leaves before it is on disk"
        );
        history.flush().unwrap();
        let sequences = |after, bytes| -> Vec<u64> {
            history
                .read_spool(after, bytes)
                .unwrap()
                .iter()
                .map(|b| b.0)
                .collect()
        };
        assert_eq!(sequences(0, 25), [1, 2]);
        assert_eq!(sequences(2, 1), [3]);
        history.acknowledge(3).unwrap();
        history.acknowledge(2).unwrap();
        assert_eq!(sequences(0, 1_000), [4, 5]);
        assert_eq!(history.oldest_spooled().unwrap(), 4);
        assert_eq!(history.spool().unwrap().waiting(), 2);
    }

    #[test]
    fn a_second_process_is_told_that_the_store_is_in_use() {
        let dir = tempfile::tempdir().unwrap();
        let _first = History::open(dir.path(), Timestamp::from_ms(1)).unwrap();
        let error = History::open(dir.path(), Timestamp::from_ms(1)).unwrap_err();
        assert!(
            error
                .to_string()
                .contains("hint: is another bongsu-edge using it?"),
            "{error}"
        );
    }
}
