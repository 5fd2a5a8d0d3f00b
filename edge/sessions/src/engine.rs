//! The engine: every key in memory, divided into shards, with a journal in front of an image on disk.
//!
//! A command runs where its request was read, on any core, holding the lock of the shard its key is in (or of
//! all, see `shards`). While it holds them it appends what it changed to the journal; then it lets go and waits
//! until the journal is as durable as promised before anything is answered. A reader waits for what the shard
//! it looked at had appended last, so nobody is told of a write that could still be lost.
//!
//! ```text
//! command ─► shards (memory) ─► journal (one file, appended) ─► image (sled), in the background
//! start   ◄──────────────────────── journal read again, into ◄── image
//! ```

mod announce;
mod changes;
mod db;
pub(crate) mod expiry;
mod fold;
mod image;
mod journal;
mod keyspace;
mod ledger;
mod notice;
mod record;
mod restore;
mod shards;
mod stats;
mod value;
mod watch;

use std::{
    cell::RefCell,
    collections::BTreeSet,
    fmt,
    sync::{
        Arc, MutexGuard,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
};

use bongsu_sdk_model::{Clock, SessionEventKind, Timestamp};
use bytes::Bytes;

pub(crate) use self::{
    announce::Announced,
    db::{Db, Editor, WrongType},
    journal::{Failure, Position},
    keyspace::Keyspace,
    ledger::{Ledger, Tallies},
    notice::{Class, Notice, Notices},
    stats::Stats,
    value::{Fields, Member, Score, Value},
    watch::Mark,
};
use self::{
    announce::Announcer,
    fold::Fold,
    journal::Journal,
    record::Name,
    shards::{SHARDS, Scope, Shards},
};
use crate::{
    Config, Error,
    command::{Access, KeyspaceFn, ONE_KEY, Refusal, Spec},
    protocol::Reply,
    pubsub::Broker,
    settings::Settings,
};

/// Room a thread keeps for the next record, bytes.
const RECORD_ROOM: usize = 64 << 10;

thread_local! {
    static RECORD: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// A command, ready to run.
#[derive(Debug)]
pub(crate) struct Call {
    /// What it is.
    pub(crate) spec: &'static Spec,
    /// What runs it.
    pub(crate) run: KeyspaceFn,
    /// Its arguments without its name.
    pub(crate) args: Vec<Bytes>,
    /// The database it works on.
    pub(crate) db: u8,
}

/// Owns the keys, their journal and their image.
pub(crate) struct Engine {
    shards: Shards,
    journal: Arc<Journal>,
    fold: Fold,
    clock: Arc<dyn Clock>,
    stats: Arc<Stats>,
    tallies: Arc<Tallies>,
    /// Bytes of all shards.
    weight: AtomicUsize,
    settings: Arc<Settings>,
    announcer: Announcer,
    max_bulk: usize,
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Engine")
            .field("journal", &self.journal)
            .finish_non_exhaustive()
    }
}

impl Engine {
    /// Opens what is on disk and loads it. Blocks.
    pub(crate) fn open(
        config: &Config,
        clock: Arc<dyn Clock>,
        stats: Arc<Stats>,
        tallies: Arc<Tallies>,
        (settings, broker): (Arc<Settings>, Arc<Broker>),
        make: impl FnMut() -> Keyspace,
    ) -> Result<Self, Error> {
        let shards = Shards::new(make);
        let now = clock.now();
        let (journal, fold) = fold::open(config, |name, value| {
            let name = record::read_name(name)?;
            match name {
                Name::Database(_) => shards
                    .lock(Scope::All)
                    .iter_mut()
                    .try_for_each(|shard| shard.restore(&name, value, now)),
                Name::Key(_, key) | Name::Member(_, key, _) => {
                    shards.one(shards.number(key)).restore(&name, value, now)
                }
            }
        })?;
        let mut all = shards.lock(Scope::All);
        all.iter_mut().for_each(Keyspace::restored);
        drop(all);
        let weight = shards.lock(Scope::All).iter().map(Keyspace::weight).sum();
        tallies.note_bytes(weight);
        tracing::info!(sessions = tallies.counts().active, "session store loaded");
        Ok(Self {
            shards,
            journal,
            fold,
            clock,
            stats,
            tallies,
            weight: AtomicUsize::new(weight),
            announcer: Announcer::new(broker, Arc::clone(&settings)),
            settings,
            max_bulk: config.max_bulk,
        })
    }

    /// The time for commands to go by.
    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Runs one call. The reply must not be told before the journal is settled up to the position.
    pub(crate) fn apply(&self, call: &Call, now: Timestamp) -> (Reply, Position) {
        self.on_shards(self.scope(call), call.db, now, |db| self.call(db, call))
    }

    /// Runs something on every shard at once, for a transaction.
    pub(crate) fn on_all<R>(
        &self,
        now: Timestamp,
        run: impl FnOnce(&mut Db<'_>) -> R,
    ) -> (R, Position) {
        self.on_shards(Scope::All, 0, now, run)
    }

    fn on_shards<R>(
        &self,
        scope: Scope,
        number: u8,
        now: Timestamp,
        run: impl FnOnce(&mut Db<'_>) -> R,
    ) -> (R, Position) {
        let shards = self.shards.lock(scope);
        let before: usize = shards.iter().map(Keyspace::weight).sum();
        let mut db = Db {
            shards,
            engine: self,
            stats: &self.stats,
            number,
            now,
            max_bulk: self.max_bulk,
            announced: Vec::new(),
        };
        let result = run(&mut db);
        let announced = std::mem::take(&mut db.announced);
        let position = self.finish(db.shards.guards_mut(), before, announced);
        (result, position)
    }

    /// Notes that so many commands have run.
    pub(crate) fn count(&self, commands: usize) {
        let commands = u64::try_from(commands).unwrap_or(u64::MAX);
        self.stats.commands.fetch_add(commands, Relaxed);
    }

    /// Runs one call on shards that are held already; a transaction or a script makes several.
    pub(crate) fn call(&self, db: &mut Db<'_>, call: &Call) -> Reply {
        if let Some(refusal) = self.refuse(call, db) {
            return refusal.into();
        }
        (call.run)(db, &call.args).unwrap_or_else(Reply::from)
    }

    /// The shards a call needs: the one of its key if it names just one.
    fn scope(&self, call: &Call) -> Scope {
        match call.args.first() {
            _ if call.spec.access == Access::Publish => Scope::None,
            Some(key) if call.spec.keys == ONE_KEY => Scope::One(self.shards.number(key)),
            _ => Scope::All,
        }
    }

    /// Hands what was changed to the journal, as one record, and to the accounts. Everything the shards appended
    /// so far is before the position.
    fn finish(
        &self,
        shards: &mut [MutexGuard<'_, Keyspace>],
        before: usize,
        mut announced: Vec<Announced>,
    ) -> Position {
        RECORD.with_borrow_mut(|record| {
            // Every shard notes a database it emptied; the record says so once, in front of all keys.
            let cleared: BTreeSet<u8> = shards
                .iter()
                .flat_map(|shard| shard.changes.cleared())
                .copied()
                .collect();
            for db in cleared {
                record::encode_cleared(db, record);
            }
            let mut changed = [false; SHARDS];
            for (shard, changed) in shards.iter_mut().zip(&mut changed) {
                *changed = shard.write_changes(record);
            }
            if !record.is_empty() {
                let position = self.journal.append(record);
                for (shard, _) in shards
                    .iter_mut()
                    .zip(changed)
                    .filter(|(_, changed)| *changed)
                {
                    shard.note_appended(position);
                }
                record.clear();
                record.shrink_to(RECORD_ROOM);
            }
        });
        let after: usize = shards.iter().map(|shard| shard.weight()).sum();
        self.weight.fetch_add(after.wrapping_sub(before), Relaxed);
        self.tallies.note_bytes(self.weight.load(Relaxed));
        let appended = shards.iter().map(|shard| shard.appended());
        let position = appended.max().unwrap_or_default();
        for shard in shards {
            shard.notices.take(&mut announced);
        }
        self.announcer.hold(position, announced);
        position
    }

    /// Writes are refused while the journal cannot be written, writes that add also when memory is full.
    pub(crate) fn refusal(&self, access: Access) -> Option<Refusal> {
        if !access.changes() {
            return None;
        }
        if let Some(failure) = self.journal.refusal() {
            return Some(refused(&failure));
        }
        (access == Access::Add && self.is_full()).then_some(Refusal::OutOfMemory)
    }

    /// The same for a call; a session that is kept out by it goes into the account.
    fn refuse(&self, call: &Call, db: &mut Db<'_>) -> Option<Refusal> {
        let refusal = self.refusal(call.spec.access)?;
        if refusal == Refusal::OutOfMemory
            && let Some(key) = call.args.first()
            && !db.has(key)
        {
            let now = db.now;
            let ledger = &mut db.shards.of(key).ledger;
            ledger.record(SessionEventKind::Rejected, key, now);
        }
        Some(refusal)
    }

    /// Whether commands that add are refused. A limit of zero is none.
    fn is_full(&self) -> bool {
        let limit = self.settings.max_memory();
        limit != 0 && self.weight.load(Relaxed) as u64 > limit
    }

    /// Settings that change while the server runs.
    pub(crate) fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Bytes of keys, values and their bookkeeping.
    pub(crate) fn weight(&self) -> usize {
        self.weight.load(Relaxed)
    }

    /// The account of sessions.
    pub(crate) fn tallies(&self) -> &Tallies {
        &self.tallies
    }

    /// Why writes are refused just now, if they are.
    pub(crate) fn journal_failure(&self) -> Option<Failure> {
        self.journal.refusal()
    }

    /// Bytes of the journal that are not in the image yet.
    pub(crate) fn journal_backlog(&self) -> u64 {
        self.journal.backlog()
    }

    /// Makes everything durable and the next start quick. Blocks.
    pub(crate) fn close(&self) {
        self.fold.close();
    }
}

/// The code Redis uses when it cannot write its own log.
pub(crate) fn refused(failure: &Failure) -> Refusal {
    Refusal::Text(format!(
        "MISCONF Errors writing to the session journal: {failure}, hint: free the disk"
    ))
}
