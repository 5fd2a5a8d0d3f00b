//! Settings that change while the server runs (`CONFIG SET`): read everywhere, without a lock.

use std::{
    sync::atomic::{AtomicU16, AtomicU64, Ordering::Relaxed},
    time::Duration,
};

use crate::{Config, pubsub::Flags};

/// Settings that change while the server runs. They begin as configured and are not kept over a restart.
#[derive(Debug, Default)]
pub(crate) struct Settings {
    /// 0: never.
    idle_timeout_ms: AtomicU64,
    /// Bytes; 0: no limit.
    max_memory: AtomicU64,
    /// [`Flags`].
    notify: AtomicU16,
}

impl Settings {
    /// What was configured.
    pub(crate) fn new(config: &Config) -> Self {
        let idle_timeout = config.idle_timeout.map_or(0, |timeout| timeout.as_millis());
        // The configuration was checked when it was read.
        let notify = Flags::read(config.notify_keyspace_events.as_bytes()).unwrap_or_default();
        Self {
            idle_timeout_ms: AtomicU64::new(u64::try_from(idle_timeout).unwrap_or(u64::MAX)),
            max_memory: AtomicU64::new(config.max_memory),
            notify: AtomicU16::new(notify.bits()),
        }
    }

    /// How long a connection may ask nothing; none: for ever.
    pub(crate) fn idle_timeout(&self) -> Option<Duration> {
        match self.idle_timeout_ms.load(Relaxed) {
            0 => None,
            ms => Some(Duration::from_millis(ms)),
        }
    }

    /// Sets the same; zero: for ever.
    pub(crate) fn set_idle_timeout(&self, timeout: Duration) {
        let ms = u64::try_from(timeout.as_millis()).unwrap_or(u64::MAX);
        self.idle_timeout_ms.store(ms, Relaxed);
    }

    /// Bytes of data beyond which commands that add are refused; 0: none are.
    pub(crate) fn max_memory(&self) -> u64 {
        self.max_memory.load(Relaxed)
    }

    /// Sets the same.
    pub(crate) fn set_max_memory(&self, bytes: u64) {
        self.max_memory.store(bytes, Relaxed);
    }

    /// Which changes of keys are published.
    pub(crate) fn notify(&self) -> Flags {
        Flags::from_bits(self.notify.load(Relaxed))
    }

    /// Sets the same.
    pub(crate) fn set_notify(&self, flags: Flags) {
        self.notify.store(flags.bits(), Relaxed);
    }
}
