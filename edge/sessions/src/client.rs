//! What is known of one connection, and of all of them.
//!
//! A connection's own state is its own; the list of all connections gets a line of it whenever a command may
//! have changed it, so that no command on keys ever takes the list's lock.

use std::{
    collections::BTreeMap,
    fmt,
    net::{IpAddr, SocketAddr},
    sync::{Arc, Mutex, MutexGuard, PoisonError, atomic::AtomicUsize},
};

use bongsu_sdk_model::{Clock, Timestamp};
use bytes::Bytes;

use crate::{
    Config,
    engine::{Engine, Stats},
    protocol::Protocol,
};

/// What all connections share.
pub(crate) struct Server {
    /// The configuration.
    pub(crate) config: Config,
    /// The time.
    pub(crate) clock: Arc<dyn Clock>,
    /// Figures for `INFO`.
    pub(crate) stats: Arc<Stats>,
    /// Every connection.
    pub(crate) clients: Clients,
    /// Bytes of unfinished requests, see [`Config::max_input`].
    pub(crate) input_bytes: AtomicUsize,
    /// The keys.
    pub(crate) engine: Arc<Engine>,
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server")
            .field("config", &self.config)
            .finish_non_exhaustive()
    }
}

/// One connection. Leaves the list of all when dropped.
#[derive(Debug)]
pub(crate) struct Client {
    /// Its number; never given twice.
    pub(crate) id: i64,
    /// Where it comes from.
    address: SocketAddr,
    /// Since when.
    connected: Timestamp,
    /// What all connections share.
    pub(crate) server: Arc<Server>,
    /// What it speaks.
    pub(crate) protocol: Protocol,
    /// The database it works on.
    pub(crate) db: u8,
    /// Whether it has presented the password.
    pub(crate) authenticated: bool,
    /// Whether it asked to be closed.
    pub(crate) leaving: bool,
    /// What it calls itself; empty: nothing.
    pub(crate) name: Bytes,
    /// What it says its library is.
    pub(crate) library_name: Bytes,
    /// What it says its library's version is.
    pub(crate) library_version: Bytes,
}

impl Client {
    /// A new connection, entered in the list.
    pub(crate) fn new(server: Arc<Server>, address: SocketAddr) -> Self {
        let client = Self {
            id: server.clients.next_id(),
            address,
            connected: server.clock.now(),
            server,
            protocol: Protocol::default(),
            db: 0,
            authenticated: false,
            leaving: false,
            name: Bytes::new(),
            library_name: Bytes::new(),
            library_version: Bytes::new(),
        };
        client.publish();
        client
    }

    /// Where it comes from.
    pub(crate) const fn ip(&self) -> IpAddr {
        self.address.ip()
    }

    /// Whether it may do more than authenticate.
    pub(crate) fn is_authenticated(&self) -> bool {
        self.authenticated || self.server.config.password.is_none()
    }

    /// Forgets what the connection was told, as `RESET` asks.
    pub(crate) fn reset(&mut self) {
        self.protocol = Protocol::default();
        self.db = 0;
        self.authenticated = false;
        self.name.clear();
    }

    /// Its line in `CLIENT LIST`.
    pub(crate) fn line(&self) -> String {
        self.listed().line(self.id, self.server.clock.now())
    }

    fn listed(&self) -> Listed {
        let resp = if self.protocol == Protocol::Resp3 {
            3
        } else {
            2
        };
        let text = String::from_utf8_lossy;
        let traits = format!(
            "name={} db={} resp={resp} lib-name={} lib-ver={}",
            text(&self.name),
            self.db,
            text(&self.library_name),
            text(&self.library_version)
        );
        Listed {
            address: self.address,
            connected: self.connected,
            traits,
        }
    }

    /// Brings the list of all connections up to date.
    pub(crate) fn publish(&self) {
        self.server
            .clients
            .lock()
            .live
            .insert(self.id, self.listed());
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        self.server.clients.lock().live.remove(&self.id);
    }
}

/// The list of all connections.
#[derive(Debug, Default)]
pub(crate) struct Clients(Mutex<List>);

#[derive(Debug, Default)]
struct List {
    last_id: i64,
    live: BTreeMap<i64, Listed>,
}

/// What the list knows of one connection.
#[derive(Debug)]
struct Listed {
    address: SocketAddr,
    connected: Timestamp,
    traits: String,
}

impl Listed {
    fn line(&self, id: i64, now: Timestamp) -> String {
        let age = now.since(self.connected).as_secs();
        format!("id={id} addr={} age={age} {}\n", self.address, self.traits)
    }
}

impl Clients {
    /// A line per connection.
    pub(crate) fn lines(&self, now: Timestamp) -> String {
        self.lock()
            .live
            .iter()
            .map(|(id, listed)| listed.line(*id, now))
            .collect()
    }

    fn next_id(&self) -> i64 {
        let mut list = self.lock();
        list.last_id += 1;
        list.last_id
    }

    /// A holder that panicked left the list whole: each change is one insertion or removal.
    fn lock(&self) -> MutexGuard<'_, List> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
