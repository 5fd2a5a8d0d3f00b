//! Figures about the server itself, written by whoever causes them and read by `INFO`.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use bongsu_sdk_model::Timestamp;

use crate::{Config, Durability};

/// Figures about the server.
#[derive(Debug)]
pub(crate) struct Stats {
    /// When it started.
    pub(crate) started: Timestamp,
    /// Port it listens on.
    pub(crate) port: u16,
    /// When writes are acknowledged.
    pub(crate) durability: Durability,
    /// Most connections at once.
    pub(crate) max_clients: usize,
    /// Connections now.
    pub(crate) clients: AtomicU64,
    /// Connections since the start.
    pub(crate) connections: AtomicU64,
    /// Connections refused since the start because there were too many.
    pub(crate) rejected_connections: AtomicU64,
    /// Commands run on keys since the start.
    pub(crate) commands: AtomicU64,
}

impl Stats {
    /// Nothing has happened yet.
    pub(crate) fn new(config: &Config, started: Timestamp, port: u16) -> Self {
        Self {
            started,
            port,
            durability: config.durability,
            max_clients: config.max_clients,
            clients: AtomicU64::new(0),
            connections: AtomicU64::new(0),
            rejected_connections: AtomicU64::new(0),
            commands: AtomicU64::new(0),
        }
    }

    /// Begins to count anew, as `CONFIG RESETSTAT` asks.
    pub(crate) fn reset(&self) {
        for count in [
            &self.connections,
            &self.rejected_connections,
            &self.commands,
        ] {
            count.store(0, Relaxed);
        }
    }
}
