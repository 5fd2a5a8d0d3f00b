//! The session store: a RESP server (RESP2 and RESP3) whose data is in memory and whose log is on disk.
//!
//! Web application servers keep their sessions here with the Redis client they already have. [`bind`] opens
//! the log, loads it, listens, and hands out a [`Handle`]. Sessions are known by the names their applications give
//! their keys (see [`Applications`]); when one is created, deleted or runs out, a `SessionEvent` goes to the rest
//! of the edge. Whose a session is, who may log in and what operators order is in [`Control`].
//!
//! The rooms, from the socket inwards:
//!
//! | module | is | never |
//! |---|---|---|
//! | `server` | listener, connections, time limits | looks into a value |
//! | `client` | what is known of a connection, its transaction, running its requests | waits |
//! | `pubsub` | who listens to what, messages, `notify-keyspace-events` | holds a publisher back |
//! | `protocol` | RESP, sans-I/O, guarded against its peer | knows a command |
//! | `command` | one family of commands per file, and their table | touches socket or disk |
//! | `script` | Lua scripts, their machine and its limits | touches a key but through `command` |
//! | `store` | where the values are: `engine` or `backend` | knows a command |
//! | `backend` | the values in Redis or Valkey, what is known of sessions here | promises more than asynchronous replication can |
//! | `engine` | keys in shards, expiry, journal, image, account of sessions | parses a byte of a peer |
//! | `sessions` | whose a session is and what is allowed: pure | takes a lock of a shard, reads a clock |
//! | `control` | orders and questions of the rest of the edge | does what a command could not |
//!
//! ## What a reply promises
//!
//! | `durability` | a write is answered | lost at most | costs |
//! |---|---|---|---|
//! | `group` (default) | after the fsync of its group | nothing, not even by a power cut | the wait for an fsync, shared by all who wait |
//! | `os` | when the kernel has it | `kill -9`: nothing; power cut: a second | one system call, shared by all who are ready |
//! | `memory` | at once | everything, at any restart | nothing |
//!
//! A reader is not answered with what could still be lost by that measure. When the disk fails or is full, writes
//! are refused (`-MISCONF …`) until it can be written again; what is in memory is still served. Whether a write
//! that was refused in the middle of that took effect is unknown, as after a lost connection. Keys that ran out
//! while the process was down end, with their events, when it is up again.
//!
//! ## Limits
//!
//! Everything a peer controls has one: connections, length and number of arguments, length of a request,
//! reply bytes and messages not yet taken, queued commands, watched keys and subscriptions, time to finish a
//! request, a handshake or to take a reply, memory of all data. [`Config::read`] lists them. `CLIENT LIST`, `INFO` and [`Handle::counts`] show where things stand.
//!
//! ## Decisions
//!
//! - **Commands run where they were read, on shards behind locks.** A command takes about a microsecond; handing
//!   it to another thread and its reply back costs more than that on a machine with few cores. Rejected: one
//!   thread that owns all keys (what this was first): one core's worth of commands, two hops per request.
//! - **A connection stays on one thread**, see `server::workers`.
//! - **Published messages and notices of keys leave in the order of the changes, once these are as durable as
//!   their replies.** Who is told that a session ended finds it ended, also after a crash. Rejected: telling at
//!   once, which is what Redis does; a subscriber could act on what is then lost.
//! - **A transaction takes every shard.** Finding out which it needs costs more than the microsecond that taking
//!   all of them does; its commands keep everyone waiting, so their bytes are limited by `max_request`.
//! - **A journal of our own in front of sled.** sled has no way to say "written but not synced", takes the
//!   processor of the command that writes, and pays for its tree at once; appended bytes cost a copy, and the
//!   tree is fed later with the last state of what changed often. Rejected: sled batches alone (what this was
//!   first), 0.6 times Redis on writes that are not synced each.
//! - **A login is judged under all locks, after a try on a copy.** Whether a write binds a session depends on what is
//!   there (`SET … NX`, `RENAME`, a wrong type); the copy tells, for every command alike, before anything is ended
//!   or stored. What is ended, bound and written is one record of the journal. Only a write that changes a binding
//!   pays; all others pay a look-up. Rejected: deciding from arguments alone, which ends sessions for writes that
//!   then fail; undoing a write, which subscribers have been told of.
//! - **A binding stands beside its session**, in a database no client reaches, under the same key and so in the same
//!   shard; maps by user are made of them at the start. Denies are kept alike and survive `FLUSHALL`.
//! - **A login that Spring's index tells and that may not be ends its session**: its security context is in the
//!   session by then. A session ended for its user's sake cannot be written back with a user for ten seconds:
//!   requests that were running would revive it.
//! - **A command is data until it runs** (table entry and arguments), so that transactions and scripts can
//!   queue, check and replay them. Rejected: an enum with a variant per command; parsing would be apart from
//!   applying, but Redis interleaves its argument checks with looking at the key, and error texts would drift.
//! - **An insertion-ordered map per database and shard, and a `SCAN` cursor that is a position counted downwards.**
//!   Removal moves the last key into the hole, which the cursor has yet to pass, so no key that stays is
//!   missed. Rejected: a cursor over hash buckets, which needs a hash table of our own.
//! - **An exact queue of expiries (an ordered set), not sampling.** An expired session is an event that others
//!   wait for. It costs about a hundred bytes per key that expires.
//! - **One pair on disk per member of a hash or set**, so that touching a field of a large hash writes that
//!   field. Rejected: one pair per key; simpler, but quadratic for index sets.
//! - **Redis's own registers, hash and estimator behind `PFADD`**, not the sketch of the rest of the house: an
//!   answer that differs from Redis's is a bug to whoever moves here, and nothing would be shared but the name.
//!   A sorted set's order is our own list of blocks, see `engine::value`: what it needs is ranges by score and
//!   by rank at once.
//! - **`rustc_apfloat` adds fractions as Redis does**, in the x87's extended precision. Rejected: `f64` (0.1 and
//!   0.2 make 0.30000000000000004, and counters are compared as text).
//!
//! ## Known differences from Redis 7.0.15
//!
//! `tests/store/differential.rs` sends random commands to both; what it leaves out is this.
//!
//! | | here |
//! |---|---|
//! | lists, streams, bitmaps, geo, blocking commands, `SORT`, `MOVE`, `LCS`, `DUMP`, `RESTORE`, `DEBUG`, `SLOWLOG`, `LATENCY` | unknown commands |
//! | `WAIT` | answers 0 at once: there are no replicas to wait for |
//! | `OBJECT ENCODING` | what Redis would choose for the value as it is now; Redis never goes back to a smaller one |
//! | `OBJECT FREQ` | always refused; `REFCOUNT` is always 1 |
//! | `MEMORY USAGE` | bytes as counted here |
//! | a score of −0 | is 0 |
//! | small HyperLogLogs | other bytes, same answers |
//! | `SRANDMEMBER key -n` and its like | at most 1 048 576 members |
//! | `COMMAND INFO` | no categories, hints, key specifications or subcommands |
//! | `HELP` subcommands | only `OBJECT HELP`, in our words |

#![forbid(unsafe_code)]

mod backend;
mod client;
mod command;
mod config;
mod control;
mod engine;
mod error;
mod protocol;
mod pubsub;
mod script;
mod server;
mod sessions;
mod settings;
mod store;

use std::{
    fmt,
    net::SocketAddr,
    sync::{Arc, atomic::AtomicUsize},
};

use bongsu_sdk_model::{Clock, SessionCounts, SessionEvent};
use tokio::{
    sync::mpsc,
    task::{JoinHandle, spawn_blocking},
};
use tokio_util::sync::{CancellationToken, DropGuard};

use self::{
    backend::Backend,
    client::{Peers, Server},
    engine::{Engine, Keyspace, Ledger, Notices, Stats, Tallies, expiry},
    pubsub::Broker,
    server::{Listeners, Workers},
    sessions::Registry,
    settings::Settings,
    store::Store,
};
pub use self::{
    backend::{BackendStatus, Mode, Node, RedisConfig},
    config::{Config, Durability, MemoryPolicy, Password, Tls, User},
    control::{BoundSession, Control, OrderError},
    error::Error,
    sessions::{
        Application, Applications, Beyond, BindingSource, CreationFilter, Cursor, CursorError,
        Deny, Filter, LONGEST_PAGE, Lifetime, Login, Page, Pattern, PatternError, Query, Renewal,
        Row, Sort, UserSource, UserSourceError, Visit,
    },
};

/// A running session store. Dropping it ends it without waiting; [`Handle::shutdown`] waits.
pub struct Handle {
    address: SocketAddr,
    tls_address: Option<SocketAddr>,
    tallies: Arc<Tallies>,
    accepting: JoinHandle<()>,
    workers: Arc<Workers>,
    store: Store,
    stop: DropGuard,
}

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handle")
            .field("address", &self.address)
            .finish_non_exhaustive()
    }
}

impl Handle {
    /// The address it listens on.
    #[must_use]
    pub const fn addr(&self) -> SocketAddr {
        self.address
    }

    /// The address it listens on for TLS, if it does.
    #[must_use]
    pub const fn tls_addr(&self) -> Option<SocketAddr> {
        self.tls_address
    }

    /// The counts of this instant. `bytes` is what `max_memory` limits: keys and values of the whole store
    /// with their bookkeeping.
    #[must_use]
    pub fn counts(&self) -> SessionCounts {
        self.tallies.counts()
    }

    /// Event loops that serve clients just now: more than one while the load is too much for one core.
    #[must_use]
    pub fn event_loops(&self) -> usize {
        self.workers.used()
    }

    /// Session events nobody was told of because the channel was full or closed.
    #[must_use]
    pub fn lost_events(&self) -> u64 {
        self.tallies.lost_events()
    }

    /// Whether writes are refused just now because the journal cannot be written.
    #[must_use]
    pub fn refuses_writes(&self) -> bool {
        match &self.store {
            Store::Local(engine) => engine.journal_failure().is_some(),
            Store::Redis(_) => false,
        }
    }

    /// Bytes of the journal that are not in the image yet.
    #[must_use]
    pub fn journal_bytes(&self) -> u64 {
        match &self.store {
            Store::Local(engine) => engine.journal_backlog(),
            Store::Redis(_) => 0,
        }
    }

    /// How the backend is; none: the values are here.
    #[must_use]
    pub fn backend(&self) -> Option<BackendStatus> {
        match &self.store {
            Store::Local(_) => None,
            Store::Redis(backend) => Some(backend.status()),
        }
    }

    /// Stops accepting, lets connections finish what they are doing (up to five seconds), and makes
    /// everything durable.
    pub async fn shutdown(self) {
        self.stop.disarm().cancel();
        if let Err(error) = self.accepting.await {
            tracing::error!(%error, "the session listener failed");
        }
        let store = self.store;
        if let Err(error) = spawn_blocking(move || store.close()).await {
            tracing::error!(%error, "the session store was not closed");
        }
    }
}

/// Listens, opens and loads the log, and starts to serve. `events` is told what happens to sessions; what
/// does not fit into it is counted in [`Handle::lost_events`].
///
/// # Errors
/// [`Error`] if the address cannot be had or the log cannot be opened or read.
pub async fn bind(
    config: Config,
    clock: Arc<dyn Clock>,
    events: mpsc::Sender<SessionEvent>,
) -> Result<Handle, Error> {
    let (listeners, address, tls_address) = Listeners::open(&config)?;
    let settings = Arc::new(Settings::new(&config));
    let broker = Arc::<Broker>::default();
    let stats = Arc::new(Stats::new(&config, clock.now(), address.port()));
    let tallies = Arc::new(Tallies::new(config.applications.len()));
    let registry = Arc::new(Registry::new(config.applications.clone()));
    let ledger = Ledger::new(registry, Arc::clone(&tallies), events);
    let stop = CancellationToken::new();
    let backend = match config.redis.clone() {
        None => None,
        Some(redis) => {
            let (clock, stats) = (Arc::clone(&clock), Arc::clone(&stats));
            let (ledger, tallies) = (ledger.clone(), Arc::clone(&tallies));
            let max = config.max_output;
            Some(Backend::open(redis, max, clock, stats, ledger, tallies, &stop).await)
        }
    };
    let shared = (Arc::clone(&settings), Arc::clone(&broker));
    let times = (Arc::clone(&clock), Arc::clone(&stats));
    let engine = match backend {
        None => open_engine(config.clone(), times, Arc::clone(&tallies), ledger, shared).await?,
        Some(_) => open_engine(keyless(&config), times, Arc::default(), nobody(), shared).await?,
    };
    tokio::spawn(expiry::run(Arc::clone(&engine), stop.clone()));

    let workers = Workers::start().map_err(|error| Error::Engine(error.to_string()))?;
    let workers = Arc::new(workers);
    warn_if_open(&config, address, tls_address);
    let store = match &backend {
        None => Store::Local(Arc::clone(&engine)),
        Some(backend) => Store::Redis(Arc::clone(backend)),
    };
    let server = Server {
        config,
        clock,
        stats,
        settings,
        broker,
        peers: Peers::default(),
        input_bytes: AtomicUsize::new(0),
        engine,
        backend,
    };
    let accepting = tokio::spawn(server::run(
        listeners,
        Arc::new(server),
        Arc::clone(&workers),
        stop.clone(),
    ));
    Ok(Handle {
        address,
        tls_address,
        tallies,
        accepting,
        workers,
        store,
        stop: stop.drop_guard(),
    })
}

/// The configuration of an engine that keeps no keys, since a backend does.
fn keyless(config: &Config) -> Config {
    Config {
        durability: Durability::Memory,
        applications: Applications::default(),
        ..config.clone()
    }
}

/// An account of nothing that tells nobody.
fn nobody() -> Ledger {
    let registry = Arc::new(Registry::new(Applications::default()));
    Ledger::new(registry, Arc::default(), mpsc::channel(1).0)
}

async fn open_engine(
    config: Config,
    (clock, stats): (Arc<dyn Clock>, Arc<Stats>),
    tallies: Arc<Tallies>,
    ledger: Ledger,
    shared: (Arc<Settings>, Arc<Broker>),
) -> Result<Arc<Engine>, Error> {
    let open = move || {
        let registry = Arc::clone(&ledger.registry);
        let settings = Arc::clone(&shared.0);
        let make = || Keyspace::new(ledger.clone(), Notices::new(Arc::clone(&settings)));
        Engine::open(&config, clock, stats, tallies, registry, shared, make).map(Arc::new)
    };
    let engine = spawn_blocking(open).await;
    engine.map_err(|error| Error::Engine(error.to_string()))?
}

fn warn_if_open(config: &Config, address: SocketAddr, tls_address: Option<SocketAddr>) {
    if config.asks_for_login() {
        return;
    }
    // Who must show a certificate is known already.
    let certified = config.tls.as_ref().is_some_and(Tls::asks_for_certificates);
    let tls_address = tls_address.filter(|_| !certified);
    for address in [Some(address), tls_address].into_iter().flatten() {
        if !address.ip().is_loopback() {
            tracing::warn!(
                %address,
                "the session store is open to the network without a password, hint: set password_file"
            );
        }
    }
}
