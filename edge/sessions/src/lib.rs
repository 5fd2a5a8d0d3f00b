//! The session store: a RESP server (RESP2 and RESP3) whose data is in memory and whose log is on disk.
//!
//! Web application servers keep their sessions here with the Redis client they already have. [`bind`] opens
//! the log, loads it, listens, and hands out a [`Handle`]. Sessions are the keys with a configured prefix;
//! when one is created, deleted or runs out, a `SessionEvent` goes to the rest of the edge.
//!
//! The rooms, from the socket inwards:
//!
//! | module | is | never |
//! |---|---|---|
//! | `server` | listener, connections, time limits | looks into a value |
//! | `client` | what is known of a connection | waits |
//! | `protocol` | RESP, sans-I/O, guarded against its peer | knows a command |
//! | `command` | one family of commands per file, and their table | touches socket or disk |
//! | `engine` | keyspace, expiry, log, groups, account of sessions | parses a byte of a peer |
//!
//! ## What a reply promises
//!
//! With `durability = "always"` a write is answered after the fsync of its group: an acknowledged write
//! survives `kill -9` and a power cut. With `"interval"` up to a second of acknowledged writes may be lost.
//! A reader never sees, before it is durable, what a writer of the same group wrote. When the log fails,
//! writes are refused from then on (`-MISCONF …`); what is in memory is still served. Keys that ran out while
//! the process was down end, with their events, when it is up again.
//!
//! ## Limits
//!
//! Everything a peer controls has one: connections, length and number of arguments, length of a request,
//! reply bytes not yet taken, time to finish a request or take a reply, memory of all data. [`Config::read`]
//! lists them. `CLIENT LIST`, `INFO` and [`Handle::counts`] show where things stand.
//!
//! ## Decisions
//!
//! - **One thread owns all keys and commits in groups.** The fsync dominates: whatever arrives during one
//!   shares the next. Rejected: a lock per shard with each connection writing the log itself, which makes as
//!   many fsyncs as connections, or needs a committer thread and loses the order of effects.
//! - **A command is data until it runs** (table entry and arguments), so that transactions and scripts can
//!   queue, check and replay them. Rejected: an enum with a variant per command; parsing would be apart from
//!   applying, but Redis interleaves its argument checks with looking at the key, and error texts would drift.
//! - **`redis-protocol` is the codec, our framer its guard.** Its decoder recurses into nested
//!   arrays and restarts at every byte that arrives; only whole, flat, bounded requests reach it.
//! - **An insertion-ordered map per database, and a `SCAN` cursor that is a position counted downwards.**
//!   Removal moves the last key into the hole, which the cursor has yet to pass, so no key that stays is
//!   missed. Rejected: a cursor over hash buckets, which needs a hash table of our own.
//! - **An exact queue of expiries (an ordered set), not sampling.** An expired session is an event that others
//!   wait for. It costs about a hundred bytes per key that expires.
//! - **One log record per member of a hash or set**, so that touching a field of a large hash writes that
//!   field. Rejected: one record per key; simpler, but quadratic for index sets.

#![forbid(unsafe_code)]

mod client;
mod command;
mod config;
mod engine;
mod error;
mod protocol;
mod server;

use std::{
    fmt,
    net::SocketAddr,
    sync::{Arc, atomic::AtomicUsize},
};

use bongsu_sdk_model::{Clock, SessionCounts, SessionEvent};
use tokio::{
    sync::{mpsc, oneshot},
    task::JoinHandle,
};
use tokio_util::sync::{CancellationToken, DropGuard};

use self::{
    client::{Clients, Server},
    engine::{Engine, Ledger, Stats, Tallies, Thread},
};
pub use self::{
    config::{Config, Durability, Password},
    error::Error,
};

/// A running session store. Dropping it ends it without waiting; [`Handle::shutdown`] waits.
pub struct Handle {
    address: SocketAddr,
    tallies: Arc<Tallies>,
    accepting: JoinHandle<()>,
    engine_ended: oneshot::Receiver<()>,
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

    /// The counts of this instant. `bytes` is what `max_memory` limits: keys and values of the whole store
    /// with their bookkeeping.
    #[must_use]
    pub fn counts(&self) -> SessionCounts {
        self.tallies.counts()
    }

    /// Session events nobody was told of because the channel was full or closed.
    #[must_use]
    pub fn lost_events(&self) -> u64 {
        self.tallies.lost_events()
    }

    /// Stops accepting, lets connections finish what they are doing (up to five seconds), and makes
    /// everything durable.
    pub async fn shutdown(self) {
        self.stop.disarm().cancel();
        if let Err(error) = self.accepting.await {
            tracing::error!(%error, "the session listener failed");
        }
        // An error here is the end of the engine's thread, which is what is waited for.
        let _ = self.engine_ended.await;
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
    let listener = server::listen(config.bind)?;
    let address = listener.local_addr().map_err(|source| Error::Bind {
        address: config.bind,
        source,
    })?;
    let stats = Arc::new(Stats::new(&config, clock.now(), address.port()));
    let tallies = Arc::<Tallies>::default();
    let ledger = Ledger::new(&config.session_prefixes, Arc::clone(&tallies), events);

    let (engine, jobs) = mpsc::channel(engine::QUEUE);
    let thread = Thread::spawn(jobs, {
        let (config, clock, stats) = (config.clone(), Arc::clone(&clock), Arc::clone(&stats));
        move || Engine::open(&config, clock, stats, ledger)
    })?;
    let opened = thread.opened.await;
    opened.map_err(|_| Error::Engine("its thread ended".to_owned()))??;

    warn_if_open(&config, address);
    let stop = CancellationToken::new();
    let server = Server {
        config,
        clock,
        stats,
        clients: Clients::default(),
        input_bytes: AtomicUsize::new(0),
        engine,
    };
    let accepting = tokio::spawn(server::run(listener, Arc::new(server), stop.clone()));
    Ok(Handle {
        address,
        tallies,
        accepting,
        engine_ended: thread.ended,
        stop: stop.drop_guard(),
    })
}

fn warn_if_open(config: &Config, address: SocketAddr) {
    if config.password.is_none() && !address.ip().is_loopback() {
        tracing::warn!(
            %address,
            "the session store is open to the network without a password, hint: set password_file"
        );
    }
}
