//! Which connections `CLIENT LIST` and `CLIENT KILL` mean.

use std::collections::BTreeSet;

use super::keyword;
use crate::{
    client::Peer,
    command::{Refusal, args::refuse},
};

/// One condition.
pub(super) enum Filter {
    Ids(BTreeSet<i64>),
    /// Where it comes from, as `address:port`.
    Address(String),
    /// Where it arrived.
    Local(String),
    User(String),
    Type(Who),
}

/// What a connection is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Who {
    /// Asking.
    Normal,
    /// Listening.
    Subscriber,
    /// Replicating; nobody is.
    Replication,
}

impl Filter {
    /// Whether the connection meets the condition.
    pub(super) fn takes(&self, peer: &Peer) -> bool {
        match self {
            Self::Ids(ids) => ids.contains(&peer.id),
            Self::Address(address) => *address == peer.ends.remote.to_string(),
            Self::Local(address) => *address == peer.ends.local.to_string(),
            Self::User(user) => *user == *peer.seen().user,
            Self::Type(Who::Normal) => !peer.listens(),
            Self::Type(Who::Subscriber) => peer.listens(),
            Self::Type(Who::Replication) => false,
        }
    }
}

/// Reads the value of `TYPE`.
pub(super) fn who(kind: &[u8]) -> Result<Who, Refusal> {
    match keyword(kind).as_slice() {
        b"NORMAL" => Ok(Who::Normal),
        b"PUBSUB" => Ok(Who::Subscriber),
        b"MASTER" | b"REPLICA" | b"SLAVE" => Ok(Who::Replication),
        _ => {
            let kind = String::from_utf8_lossy(kind);
            Err(refuse(format!("ERR Unknown client type '{kind}'")))
        }
    }
}
