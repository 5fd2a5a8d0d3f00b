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

mod admit;
mod announce;
mod bindings;
mod changes;
mod db;
pub(crate) mod expiry;
mod fold;
mod image;
mod journal;
mod keyspace;
mod ledger;
mod limits;
mod login;
mod notice;
mod orders;
mod record;
mod restore;
mod shards;
mod stats;
mod value;
mod view;
mod watch;

use std::{
    cell::RefCell,
    collections::BTreeSet,
    fmt,
    net::IpAddr,
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
    orders::{LONGEST_REASON, session},
    stats::Stats,
    value::{Fields, Member, Score, Value},
    watch::Mark,
};
use self::{
    announce::Announcer,
    fold::Fold,
    journal::Journal,
    record::Name,
    shards::{Held, SHARDS, Scope, Shards},
};
use crate::{
    Config, Error, MemoryPolicy,
    command::{Access, KeyspaceFn, ONE_KEY, Refusal, Spec},
    protocol::Reply,
    pubsub::Broker,
    script::Scripts,
    sessions::{Applications, Registry},
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
    /// Where it comes from; none: from inside.
    pub(crate) client: Option<IpAddr>,
}

impl Call {
    /// Its arguments that are keys.
    pub(crate) fn keys(&self) -> impl Iterator<Item = &Bytes> {
        let (first, last, step) = self.spec.keys;
        let count = i64::try_from(self.args.len()).unwrap_or(i64::MAX);
        let last = if last < 0 { count + 1 + last } else { last };
        let (first, last) = (
            usize::try_from(first).unwrap_or(0),
            usize::try_from(last).unwrap_or(0),
        );
        let step = usize::try_from(step).unwrap_or(0).max(1);
        let positions = (first..=last)
            .step_by(step)
            .filter(|position| *position > 0);
        positions.filter_map(|position| self.args.get(position - 1))
    }
}

/// Owns the keys, their journal and their image.
pub(crate) struct Engine {
    shards: Shards,
    journal: Arc<Journal>,
    fold: Fold,
    clock: Arc<dyn Clock>,
    stats: Arc<Stats>,
    tallies: Arc<Tallies>,
    /// What is known of sessions beside their values.
    registry: Arc<Registry>,
    /// A registry that knows nothing, for commands that are only tried.
    nothing: Arc<Registry>,
    /// Bytes of all shards.
    weight: AtomicUsize,
    max_memory_policy: MemoryPolicy,
    settings: Arc<Settings>,
    announcer: Announcer,
    max_bulk: usize,
    scripts: Scripts,
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
        registry: Arc<Registry>,
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
        let engine = Self {
            shards,
            journal,
            fold,
            clock,
            stats,
            tallies,
            registry,
            nothing: Arc::new(Registry::new(Applications::default())),
            weight: AtomicUsize::new(weight),
            max_memory_policy: config.max_memory_policy,
            announcer: Announcer::new(broker, Arc::clone(&settings)),
            settings,
            max_bulk: config.max_bulk,
            scripts: Scripts::new(config.script_time_limit, config.script_memory),
        };
        engine.finish_load(now);
        Ok(engine)
    }

    /// The time for commands to go by.
    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Runs one call. The reply must not be told before the journal is settled up to the position.
    pub(crate) fn apply(&self, call: &Call, now: Timestamp) -> (Reply, Position) {
        let prospects = self.prospects(call);
        let mut shards = self.shards.lock(self.scope(call));
        let mut open = self.changes_bindings(&mut shards, now, &prospects);
        if open && !shards.is_all() {
            drop(shards);
            shards = self.shards.lock(Scope::All);
            open = self.changes_bindings(&mut shards, now, &prospects);
        }
        self.on_shards(shards, call.db, now, |db| {
            let refusal = self.refuse(call, db).map(Reply::from);
            refusal.unwrap_or_else(|| self.govern(db, call, &prospects, open))
        })
    }

    /// Runs something on every shard at once, for a transaction or an order.
    pub(crate) fn on_all<R>(
        &self,
        now: Timestamp,
        run: impl FnOnce(&mut Db<'_>) -> R,
    ) -> (R, Position) {
        self.on_shards(self.shards.lock(Scope::All), 0, now, run)
    }

    fn on_shards<'s, R>(
        &'s self,
        shards: Held<'s>,
        number: u8,
        now: Timestamp,
        run: impl FnOnce(&mut Db<'s>) -> R,
    ) -> (R, Position) {
        let before: usize = shards.iter().map(Keyspace::weight).sum();
        let mut db = Db {
            shards,
            engine: self,
            scripts: &self.scripts,
            stats: &self.stats,
            number,
            now,
            max_bulk: self.max_bulk,
            announced: Vec::new(),
        };
        let result = run(&mut db);
        let announced = std::mem::take(&mut db.announced);
        let position = self.finish(db.shards.guards_mut(), before, announced);
        drop(db);
        (result, position.max(self.drop_orphans()))
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
        self.call_admitted(db, call)
    }

    /// The same for one that need not be asked whether it may write: its transaction was, see
    /// [`Engine::refuse_all`].
    pub(crate) fn call_admitted(&self, db: &mut Db<'_>, call: &Call) -> Reply {
        let prospects = self.prospects(call);
        let open = self.changes_bindings(&mut db.shards, db.now, &prospects);
        self.govern(db, call, &prospects, open)
    }

    /// The shards a call needs: the one of its key if it names just one.
    fn scope(&self, call: &Call) -> Scope {
        let keyless = call.spec.keys.0 == 0;
        // What goes to make room may be anywhere.
        let full = call.spec.access == Access::Add && self.excess() > 0;
        match (call.spec.access, call.args.first()) {
            (Access::Publish | Access::Connection, _) if keyless => Scope::None,
            (_, Some(key)) if call.spec.keys == ONE_KEY && !full => {
                Scope::One(self.shards.number(key))
            }
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
        // Shared by all cores, hence left alone by whoever only reads.
        if after != before {
            let change = after.wrapping_sub(before);
            let weight = self.weight.fetch_add(change, Relaxed).wrapping_add(change);
            self.tallies.note_bytes(weight);
        }
        let appended = shards.iter().map(|shard| shard.appended());
        // What is published on its own comes after all writes so far, those of its publisher among them.
        let position = appended
            .max()
            .unwrap_or_else(|| match announced.is_empty() {
                true => Position::default(),
                false => self.journal.appended(),
            });
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
        (access == Access::Add && self.excess() > 0).then_some(Refusal::OutOfMemory)
    }

    /// The same for a call, which may make room; a session that is kept out goes into the account.
    fn refuse(&self, call: &Call, db: &mut Db<'_>) -> Option<Refusal> {
        let refusal = self.refusal(call.spec.access)?;
        if refusal != Refusal::OutOfMemory {
            return Some(refusal);
        }
        let key = call.args.first().filter(|_| call.spec.keys.0 == 1);
        // Full since the shards were locked: the next one makes room.
        if !db.shards.is_all() || key.is_some_and(|key| self.make_room(db, key, self.excess())) {
            return None;
        }
        if let Some(key) = key
            && !db.has(key)
        {
            let now = db.now;
            let ledger = &mut db.shards.of(key).ledger;
            ledger.record(SessionEventKind::Rejected, call.db, key, now);
        }
        Some(refusal)
    }

    /// The same for a transaction as a whole. All shards are held.
    pub(crate) fn refuse_all(&self, access: Access, db: &mut Db<'_>) -> Option<Refusal> {
        let refusal = self.refusal(access)?;
        let made = refusal == Refusal::OutOfMemory && self.make_room(db, &[], self.excess());
        (!made).then_some(refusal)
    }

    /// Bytes beyond what may be held. A limit of zero is none.
    fn excess(&self) -> usize {
        match usize::try_from(self.settings.max_memory()) {
            Ok(0) | Err(_) => 0,
            Ok(limit) => self.weight.load(Relaxed).saturating_sub(limit),
        }
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
