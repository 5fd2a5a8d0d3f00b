//! What others may see of a connection, and how they reach it; and the list of all connections.
//!
//! The list's lock is taken when a connection comes, goes or somebody asks for the list, never by a command on
//! keys. What changes all the time is behind a lock of the connection's own.

use std::{
    collections::BTreeMap,
    net::{IpAddr, SocketAddr},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use bongsu_sdk_model::Timestamp;
use bytes::Bytes;

use crate::{
    protocol::Protocol,
    pubsub::{End, Outbox},
};

/// Bytes a connection costs that nobody counts one by one: its task and buffers.
const BASE: usize = 2048;

/// The two ends of a connection.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ends {
    /// Where it comes from.
    pub(crate) remote: SocketAddr,
    /// Where it arrived.
    pub(crate) local: SocketAddr,
    /// The number of its file.
    pub(crate) file: i32,
}

/// What changes while a connection lives.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    /// What it calls itself; empty: nothing.
    pub(crate) name: Bytes,
    /// What it says its library is.
    pub(crate) library_name: Bytes,
    /// What it says its library's version is.
    pub(crate) library_version: Bytes,
    /// As whom it has logged in.
    pub(crate) user: Arc<str>,
    /// The database it works on.
    pub(crate) db: u8,
    /// What it speaks.
    pub(crate) protocol: Protocol,
    /// When it last asked something.
    pub(crate) active: Timestamp,
    /// What it asked last.
    pub(crate) command: &'static str,
    /// Channels, patterns and shard channels it listens to.
    pub(crate) subscriptions: [usize; 3],
    /// Commands of its open transaction; none: no transaction.
    pub(crate) queued: Option<usize>,
    /// Bytes of those.
    pub(crate) queued_bytes: usize,
    /// Bytes it sent that are no whole request yet.
    pub(crate) input_bytes: usize,
    /// Whether it asked not to be evicted; nobody is.
    pub(crate) no_evict: bool,
}

/// What others may see of a connection.
#[derive(Debug)]
pub(crate) struct Peer {
    /// Its number; never given twice.
    pub(crate) id: i64,
    /// Its ends.
    pub(crate) ends: Ends,
    /// Since when.
    connected: Timestamp,
    seen: Mutex<Seen>,
    /// How it is reached.
    pub(crate) outbox: Arc<Outbox>,
}

impl Peer {
    /// Where it comes from.
    pub(crate) const fn address(&self) -> IpAddr {
        self.ends.remote.ip()
    }

    /// What is known now; a copy.
    pub(crate) fn seen(&self) -> Seen {
        self.lock().clone()
    }

    /// Brings what others see up to date.
    pub(crate) fn show(&self, update: impl FnOnce(&mut Seen)) {
        update(&mut self.lock());
    }

    /// Ends the connection.
    pub(crate) fn kill(&self) {
        self.outbox.end(End::Killed);
    }

    /// Whether it listens to anything.
    pub(crate) fn listens(&self) -> bool {
        self.lock().subscriptions.iter().any(|count| *count > 0)
    }

    /// Its line in `CLIENT LIST`: Redis's fields in Redis's order.
    pub(crate) fn line(&self, now: Timestamp) -> String {
        let seen = self.seen();
        let text = String::from_utf8_lossy;
        let [channels, patterns, shard_channels] = seen.subscriptions;
        let (waiting, waiting_bytes) = self.outbox.waiting();
        let multi = seen
            .queued
            .map_or("-1".to_owned(), |queued| queued.to_string());
        let total = BASE + seen.input_bytes + seen.queued_bytes + waiting_bytes;
        format!(
            "id={} addr={} laddr={} fd={} name={} age={} idle={} flags={} db={} sub={channels} \
             psub={patterns} ssub={shard_channels} multi={multi} qbuf={} qbuf-free=0 argv-mem=0 \
             multi-mem={} rbs=0 rbp=0 obl=0 oll={waiting} omem={waiting_bytes} tot-mem={total} events=r \
             cmd={} user={} redir=-1 resp={} lib-name={} lib-ver={}\n",
            self.id,
            self.ends.remote,
            self.ends.local,
            self.ends.file,
            text(&seen.name),
            now.since(self.connected).as_secs(),
            now.since(seen.active).as_secs(),
            flags(&seen),
            seen.db,
            seen.input_bytes,
            seen.queued_bytes,
            seen.command,
            seen.user,
            seen.protocol.number(),
            text(&seen.library_name),
            text(&seen.library_version),
        )
    }

    fn lock(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn flags(seen: &Seen) -> String {
    let all = [
        ('P', seen.subscriptions.iter().any(|count| *count > 0)),
        ('x', seen.queued.is_some()),
        ('e', seen.no_evict),
    ];
    let set: String = all
        .iter()
        .filter(|(_, set)| *set)
        .map(|(flag, _)| flag)
        .collect();
    if set.is_empty() { "N".to_owned() } else { set }
}

/// The list of all connections.
#[derive(Debug, Default)]
pub(crate) struct Peers(Mutex<List>);

#[derive(Debug, Default)]
struct List {
    last_id: i64,
    live: BTreeMap<i64, Arc<Peer>>,
}

impl Peers {
    /// Enters a new connection and gives it its number.
    pub(crate) fn enter(
        &self,
        ends: Ends,
        now: Timestamp,
        seen: Seen,
        outbox: Outbox,
    ) -> Arc<Peer> {
        let mut list = self.lock();
        list.last_id += 1;
        let peer = Arc::new(Peer {
            id: list.last_id,
            ends,
            connected: now,
            seen: Mutex::new(seen),
            outbox: Arc::new(outbox),
        });
        list.live.insert(peer.id, Arc::clone(&peer));
        peer
    }

    /// Takes a connection out.
    pub(crate) fn leave(&self, id: i64) {
        self.lock().live.remove(&id);
    }

    /// Every connection, by number.
    pub(crate) fn all(&self) -> Vec<Arc<Peer>> {
        self.lock().live.values().cloned().collect()
    }

    /// A holder that panicked left the list whole: each change is one insertion or removal.
    fn lock(&self) -> MutexGuard<'_, List> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
