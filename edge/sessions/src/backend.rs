//! The session store on another engine: the values are in a Redis or Valkey Cluster, behind Sentinel, or in any one
//! server that speaks RESP; the RESP front end, login rules, denies and live view are ours as ever.
//!
//! Commands that name keys go to the primary of their slot as they came, in order per client, pipelined where the
//! client pipelined. What must be known of sessions is kept in memory here, learnt by looking (`track`), and
//! bindings and denies are also stored beside the sessions (`names`), so that a restart finds them (`load`).
//!
//! | module | is |
//! |---|---|
//! | `config` | `[sessions.redis]` |
//! | `slot`, `topology`, `pool` | which primary, and connections to it |
//! | `delivery` | commands there and replies back, through moved slots and fail-overs |
//! | `reply` | the backend's replies as ours |
//! | `batch` | runs a client's calls |
//! | `login`, `orders` | rules for logins; `BONGSU.` commands and the API |
//! | `track`, `look`, `events`, `load` | what is known of sessions, and how |
//! | `whole` | commands on all keys |
//!
//! ## What an acknowledged write is worth
//!
//! Replication of Redis is asynchronous: a primary answers first and tells its replicas afterwards.
//!
//! - `wait_replicas = 0`: when a primary dies, writes it had acknowledged and its replica had not got are gone.
//!   That is usually the last few milliseconds; in a network partition it may be all that was written to the minority's
//!   primary until `cluster-node-timeout`.
//! - `wait_replicas = 1` or more (default 1): behind each write `WAIT` is sent on the same connection, and the
//!   write is acknowledged only when so many replicas have it **in memory**. If they have not within
//!   `wait_timeout`, the answer is `-NOREPLICAS …`; the write stands on the primary all the same and may or may
//!   not outlive it, as after a lost connection.
//! - `WAIT` is not consensus. A fail-over prefers the replica with the most data, but may elect one that had not
//!   acknowledged: with several replicas per primary, `wait_replicas` must be their number for the death of one
//!   primary to lose nothing, at the price that no write succeeds while one of them is away. With one replica per primary,
//!   1 is that number. If primary and replica die together, what neither had on disk is gone (`appendonly`,
//!   `appendfsync` there). A primary cut off with its replica goes on acknowledging for up to
//!   `cluster-node-timeout`, and if the other side elects another replica meanwhile, that is lost.
//!
//! ## What login rules are worth
//!
//! Decisions on one user are made one at a time **in this edge**, and the binding is written in front of the session, over
//! one connection. Several edges on one backend do not see each other's bindings until they restart: then a user may have
//! as many sessions per edge as the rule says. For an exact limit let one edge serve the logins of an application.
//! A write whose user only the value afterwards tells (`APPEND`, `SET … NX`, a script) is judged behind
//! it: if the login may not be, the session ends; for that moment it was there.
//!
//! ## Not served with this backend
//!
//! Transactions, blocking commands and publish/subscribe; databases other than 0 in a cluster; commands with keys
//! of several slots in a cluster (Redis's own `-CROSSSLOT`). `max_memory` and what goes when it is reached are
//! the backend's own. A session whose key no application names cannot be bound.
//!
//! ## Decisions
//!
//! - **The library's connections, not its cluster client**, see `delivery`.
//! - **A look behind each write** (`PTTL`, `MEMORY USAGE`, in the same pipeline) in place of a model of what each
//!   command does to expiry and size. Costs two cheap commands per written session. Rejected: keyspace events
//!   alone; they come late, get lost, and do not tell the time.
//! - **No script in the backend that decides on logins.** It would make the rule exact for several edges, but a
//!   user's sessions are in as many slots, and a script may touch one only.

mod batch;
mod config;
mod delivery;
mod events;
mod load;
mod login;
mod look;
mod names;
mod orders;
mod pool;
mod reply;
mod slot;
mod table;
mod topology;
mod track;
mod view;
mod whole;

use std::{
    fmt,
    hash::{BuildHasher as _, RandomState},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::Duration,
};

use bongsu_sdk_model::{Clock, Timestamp};
use tokio_util::sync::CancellationToken;

pub use self::config::{Mode, Node, RedisConfig};
use self::{delivery::Delivery, track::Track};
use crate::{
    command::DATABASES,
    engine::{Ledger, Stats, Tallies},
    sessions::Registry,
};

/// How many logins may be decided on at once.
const STRIPES: usize = 256;
/// Pause before sessions are read again after that failed.
const RELOAD: Duration = Duration::from_secs(1);

/// The state of the backend, for metrics and health.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BackendStatus {
    /// Primaries that are known.
    pub primaries: usize,
    /// Whether bindings and sessions have been read since the start; before, no command on keys is served.
    pub ready: bool,
    /// What is wrong, if the last command got no reply.
    pub trouble: Option<String>,
    /// Commands sent more than once.
    pub retried: u64,
    /// Commands without a reply from the backend.
    pub failed: u64,
    /// Writes answered with `-NOREPLICAS`.
    pub unreplicated: u64,
}

/// Sessions whose values are elsewhere.
pub(crate) struct Backend {
    delivery: Delivery,
    clock: Arc<dyn Clock>,
    stats: Arc<Stats>,
    tallies: Arc<Tallies>,
    registry: Arc<Registry>,
    ledger: Mutex<Ledger>,
    track: Mutex<Track>,
    /// Decisions on one user's logins wait for each other.
    logins: Box<[tokio::sync::Mutex<()>]>,
    hasher: RandomState,
    ready: AtomicBool,
    max_output: usize,
}

impl fmt::Debug for Backend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Backend")
            .field("delivery", &self.delivery)
            .finish_non_exhaustive()
    }
}

impl Backend {
    /// Finds the primaries and reads what they hold. If they are away, that is done when they are back; until
    /// then commands on keys are answered with `-LOADING`.
    pub(crate) async fn open(
        config: RedisConfig,
        max_output: usize,
        clock: Arc<dyn Clock>,
        stats: Arc<Stats>,
        ledger: Ledger,
        tallies: Arc<Tallies>,
        stop: &CancellationToken,
    ) -> Arc<Self> {
        if config.tls {
            // An error says that there is one already, which is as good.
            let _ = rustls::crypto::ring::default_provider().install_default();
        }
        let backend = Arc::new(Self {
            delivery: Delivery::new(config),
            clock,
            stats,
            tallies,
            registry: Arc::clone(&ledger.registry),
            ledger: Mutex::new(ledger),
            track: Mutex::default(),
            logins: std::iter::repeat_with(tokio::sync::Mutex::default)
                .take(STRIPES)
                .collect(),
            hasher: RandomState::new(),
            ready: AtomicBool::new(false),
            max_output,
        });
        let loaded = backend.load().await;
        let tending = Arc::clone(&backend);
        let stop = stop.clone();
        tokio::spawn(async move {
            let tend = tending.tend(loaded);
            stop.run_until_cancelled(tend).await;
        });
        backend
    }

    /// Loads until that has worked, then keeps what is known of sessions true.
    async fn tend(self: Arc<Self>, mut loaded: Result<(), String>) {
        while let Err(why) = loaded {
            tracing::warn!(why, "session backend not read yet, trying again");
            tokio::time::sleep(RELOAD).await;
            loaded = self.load().await;
        }
        tokio::join!(self.watch_expiry(), self.watch_events());
    }

    /// The state of this instant.
    pub(crate) fn status(&self) -> BackendStatus {
        let tally = &self.delivery.tally;
        BackendStatus {
            primaries: self.delivery.primaries().len(),
            ready: self.ready.load(Relaxed),
            trouble: self.delivery.trouble(),
            retried: tally.retried.load(Relaxed),
            failed: tally.failed.load(Relaxed),
            unreplicated: tally.unreplicated.load(Relaxed),
        }
    }

    /// How many databases the backend has.
    fn databases(&self) -> u8 {
        match self.delivery.config.mode {
            Mode::Cluster => 1,
            Mode::Sentinel(_) | Mode::Single => DATABASES,
        }
    }

    fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// A holder that panicked leaves the maps whole: each change is one insertion or removal.
    fn track(&self) -> MutexGuard<'_, Track> {
        self.track.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Holds up every other decision on these users' logins.
    async fn lock_users(&self, users: &[&str]) -> Vec<tokio::sync::MutexGuard<'_, ()>> {
        let stripes = u64::try_from(STRIPES).unwrap_or(1);
        let mut numbers: Vec<_> = users
            .iter()
            .filter_map(|user| usize::try_from(self.hasher.hash_one(user) % stripes).ok())
            .collect();
        // Always in order, so that no two wait for each other.
        numbers.sort_unstable();
        numbers.dedup();
        let mut guards = Vec::with_capacity(numbers.len());
        for number in numbers {
            if let Some(stripe) = self.logins.get(number) {
                guards.push(stripe.lock().await);
            }
        }
        guards
    }
}
