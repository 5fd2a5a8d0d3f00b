//! What is known of one connection, and what all of them share.
//!
//! A connection's own state is its own; others see a copy of it (`peer`), brought up to date when a command
//! may have changed it.

mod peer;
mod running;
mod transaction;

use std::{
    fmt,
    sync::{Arc, atomic::AtomicUsize},
};

use bongsu_sdk_model::{Clock, Timestamp};
use bytes::Bytes;

pub(crate) use self::{
    peer::{Ends, Peer, Peers, Seen},
    running::{Elsewhere, Ran},
    transaction::{Queued, Transaction, Watching},
};
use crate::{
    Config,
    backend::Backend,
    config::DEFAULT,
    engine::{Engine, Position, Stats},
    protocol::Protocol,
    pubsub::{Broker, Outbox, Subscriptions},
    settings::Settings,
};

/// What all connections share.
pub(crate) struct Server {
    /// The configuration.
    pub(crate) config: Config,
    /// What of it may change meanwhile.
    pub(crate) settings: Arc<Settings>,
    /// The time.
    pub(crate) clock: Arc<dyn Clock>,
    /// Figures for `INFO`.
    pub(crate) stats: Arc<Stats>,
    /// Every connection.
    pub(crate) peers: Peers,
    /// Who listens to what.
    pub(crate) broker: Arc<Broker>,
    /// Bytes of unfinished requests, see [`Config::max_input`].
    pub(crate) input_bytes: AtomicUsize,
    /// The keys; with a backend there are none, and it serves what concerns none.
    pub(crate) engine: Arc<Engine>,
    /// Where the keys are instead; none: here.
    pub(crate) backend: Option<Arc<Backend>>,
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server")
            .field("config", &self.config)
            .finish_non_exhaustive()
    }
}

/// Which replies a connection wants (`CLIENT REPLY`). Published messages are not replies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Replies {
    /// All.
    #[default]
    On,
    /// None.
    Off,
    /// Not the next ones, so many of them.
    Skip(u8),
}

impl Replies {
    /// Whether the reply of the command that just ran is wanted.
    pub(crate) const fn take_turn(&mut self) -> bool {
        match self {
            Self::On => true,
            Self::Off => false,
            Self::Skip(left) => {
                *left = left.saturating_sub(1);
                if *left == 0 {
                    *self = Self::On;
                }
                false
            }
        }
    }
}

/// One connection. Leaves the list of all, and whatever it listens to or watches, when dropped.
#[derive(Debug)]
pub(crate) struct Client {
    /// What all connections share.
    pub(crate) server: Arc<Server>,
    /// What others see of it.
    pub(crate) peer: Arc<Peer>,
    /// What it speaks.
    pub(crate) protocol: Protocol,
    /// The database it works on.
    pub(crate) db: u8,
    /// As whom it has logged in; none: not at all.
    pub(crate) user: Option<Arc<str>>,
    /// Whether it may change neither data nor the server.
    pub(crate) read_only: bool,
    /// Whether it asked to be closed.
    pub(crate) leaving: bool,
    /// What it calls itself; empty: nothing.
    pub(crate) name: Bytes,
    /// What it says its library is.
    pub(crate) library_name: Bytes,
    /// What it says its library's version is.
    pub(crate) library_version: Bytes,
    /// Which replies it wants.
    pub(crate) replies: Replies,
    /// Whether it asked not to be evicted.
    pub(crate) no_evict: bool,
    /// What it listens to.
    pub(crate) subscriptions: Subscriptions,
    /// Its open transaction.
    pub(crate) transaction: Option<Transaction>,
    /// The keys its next transaction depends on.
    pub(crate) watching: Watching,
    /// How far the journal must be settled before its replies may be told.
    pub(crate) position: Position,
    /// What it asked last.
    pub(crate) last_command: &'static str,
}

impl Client {
    /// A new connection, entered in the list.
    pub(crate) fn new(server: Arc<Server>, ends: Ends) -> Self {
        let now = server.clock.now();
        let seen = Seen {
            name: Bytes::new(),
            library_name: Bytes::new(),
            library_version: Bytes::new(),
            user: DEFAULT.into(),
            db: 0,
            protocol: Protocol::default(),
            active: now,
            command: "NULL",
            subscriptions: [0; 3],
            queued: None,
            queued_bytes: 0,
            input_bytes: 0,
            no_evict: false,
        };
        let outbox = Outbox::new(server.config.max_output);
        let peer = server.peers.enter(ends, now, seen, outbox);
        let broker = Arc::clone(&server.broker);
        Self {
            subscriptions: Subscriptions::new(peer.id, broker, Arc::clone(&peer.outbox)),
            server,
            peer,
            protocol: Protocol::default(),
            db: 0,
            user: None,
            read_only: false,
            leaving: false,
            name: Bytes::new(),
            library_name: Bytes::new(),
            library_version: Bytes::new(),
            replies: Replies::default(),
            no_evict: false,
            transaction: None,
            watching: Watching::default(),
            position: Position::default(),
            last_command: "NULL",
        }
    }

    /// Forgets what the connection was told, as `RESET` asks.
    pub(crate) fn reset(&mut self) {
        self.protocol = Protocol::default();
        self.db = 0;
        self.user = None;
        self.read_only = false;
        self.name.clear();
        self.replies = Replies::On;
        self.no_evict = false;
        self.transaction = None;
        self.unwatch();
        self.subscriptions.clear();
    }

    /// Whether it may do more than authenticate.
    pub(crate) fn is_authenticated(&self) -> bool {
        self.user.is_some() || !self.server.config.asks_for_login()
    }

    /// As whom it acts.
    pub(crate) fn user_name(&self) -> &str {
        self.user.as_deref().unwrap_or(DEFAULT)
    }

    /// Whether it may only do what concerns its subscriptions: in RESP2 a message could be taken for a reply.
    pub(crate) fn is_subscriber(&self) -> bool {
        self.protocol == Protocol::Resp2 && self.subscriptions.any()
    }

    /// Bytes it makes us hold: queued commands, watched keys, subscriptions.
    pub(crate) fn held_bytes(&self) -> usize {
        self.transaction.as_ref().map_or(0, Transaction::weight)
            + self.watching.weight()
            + self.subscriptions.weight()
    }

    /// Whether it may make us hold so many bytes more.
    pub(crate) fn may_hold(&self, bytes: usize) -> bool {
        self.held_bytes().saturating_add(bytes) <= self.server.config.max_request
    }

    /// Brings what others see of it up to date.
    pub(crate) fn publish(&self) {
        self.peer.show(|seen| {
            seen.name = self.name.clone();
            seen.library_name = self.library_name.clone();
            seen.library_version = self.library_version.clone();
            if *seen.user != *self.user_name() {
                seen.user = self.user_name().into();
            }
            seen.db = self.db;
            seen.protocol = self.protocol;
            seen.subscriptions = self.subscriptions.counts();
            seen.no_evict = self.no_evict;
        });
    }

    /// Brings up to date what changes with every command.
    pub(crate) fn publish_activity(&self, now: Timestamp, input_bytes: usize) {
        self.peer.show(|seen| {
            seen.active = now;
            seen.command = self.last_command;
            seen.queued = self.transaction.as_ref().map(Transaction::len);
            seen.queued_bytes = self.transaction.as_ref().map_or(0, Transaction::weight);
            seen.input_bytes = input_bytes;
        });
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        self.unwatch();
        self.server.peers.leave(self.peer.id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replies_are_skipped_as_asked() {
        let mut replies = Replies::Skip(2);
        let turns = std::array::from_fn::<_, 4, _>(|_| replies.take_turn());
        assert_eq!(turns, [false, false, true, true]);
        replies = Replies::Off;
        assert!(!replies.take_turn() && !replies.take_turn());
    }
}
