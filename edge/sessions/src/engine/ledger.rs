//! Which keys are sessions, how many there are, and telling the rest of the edge what happens to them.
//!
//! Never blocks the engine: when the channel of events is full they are counted as lost. The counts are
//! exact all the same.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering::Relaxed},
};

use bongsu_sdk_model::{SessionCounts, SessionEvent, SessionEventKind, Timestamp};
use tokio::sync::mpsc;

use super::value::{Key, Value};
use crate::sessions::{AppNumber, Application, Applications, BINDINGS, DENIES, Registry};

/// The counts, written by the engine and read by anyone.
#[derive(Debug, Default)]
pub(crate) struct Tallies {
    all: Counters,
    bytes: AtomicU64,
    lost_events: AtomicU64,
    applications: Vec<Counters>,
}

/// Those of one application.
#[derive(Debug, Default)]
struct Counters {
    active: AtomicU64,
    created: AtomicU64,
    destroyed: AtomicU64,
    expired: AtomicU64,
    rejected: AtomicU64,
}

impl Counters {
    /// Counts what happened to a session.
    fn count(&self, kind: SessionEventKind) {
        let tally = match kind {
            SessionEventKind::Created => &self.created,
            SessionEventKind::Destroyed => &self.destroyed,
            SessionEventKind::Expired => &self.expired,
            SessionEventKind::Rejected => &self.rejected,
        };
        tally.fetch_add(1, Relaxed);
        match kind {
            SessionEventKind::Created => {
                self.active.fetch_add(1, Relaxed);
            }
            SessionEventKind::Destroyed | SessionEventKind::Expired => {
                self.active.fetch_sub(1, Relaxed);
            }
            SessionEventKind::Rejected => {}
        }
    }

    fn counts(&self, bytes: u64) -> SessionCounts {
        SessionCounts {
            active: self.active.load(Relaxed),
            created: self.created.load(Relaxed),
            destroyed: self.destroyed.load(Relaxed),
            expired: self.expired.load(Relaxed),
            rejected: self.rejected.load(Relaxed),
            bytes,
        }
    }
}

impl Tallies {
    /// Nothing has happened yet to the sessions of so many applications.
    pub(crate) fn new(applications: usize) -> Self {
        Self {
            applications: std::iter::repeat_with(Counters::default)
                .take(applications)
                .collect(),
            ..Self::default()
        }
    }

    /// The counts of this instant.
    pub(crate) fn counts(&self) -> SessionCounts {
        self.all.counts(self.bytes.load(Relaxed))
    }

    /// The counts of one application, without bytes.
    pub(crate) fn of(&self, application: AppNumber) -> SessionCounts {
        let counters = self.applications.get(usize::from(application));
        counters
            .map(|counters| counters.counts(0))
            .unwrap_or_default()
    }

    fn count(&self, application: AppNumber, kind: SessionEventKind) {
        self.all.count(kind);
        if let Some(counters) = self.applications.get(usize::from(application)) {
            counters.count(kind);
        }
    }

    fn loaded(&self, application: AppNumber) {
        self.all.active.fetch_add(1, Relaxed);
        if let Some(counters) = self.applications.get(usize::from(application)) {
            counters.active.fetch_add(1, Relaxed);
        }
    }

    /// The counts of every application; their bytes are not counted apart.
    pub(crate) fn by_application(
        &self,
        applications: &Applications,
    ) -> Vec<(Arc<str>, SessionCounts)> {
        let counts =
            |(number, found): (AppNumber, &Application)| (Arc::clone(&found.name), self.of(number));
        applications.iter().map(counts).collect()
    }

    /// Events nobody was told of because the channel was full.
    pub(crate) fn lost_events(&self) -> u64 {
        self.lost_events.load(Relaxed)
    }

    /// Notes how many bytes the keyspace holds.
    pub(crate) fn note_bytes(&self, bytes: usize) {
        self.bytes
            .store(u64::try_from(bytes).unwrap_or(u64::MAX), Relaxed);
    }
}

/// Recognises sessions and keeps account of them.
#[derive(Debug, Clone)]
pub(crate) struct Ledger {
    /// What is known of sessions beside their values.
    pub(crate) registry: Arc<Registry>,
    tallies: Arc<Tallies>,
    channel: mpsc::Sender<SessionEvent>,
}

impl Ledger {
    /// An empty account of the sessions of the registry's applications.
    pub(crate) fn new(
        registry: Arc<Registry>,
        tallies: Arc<Tallies>,
        channel: mpsc::Sender<SessionEvent>,
    ) -> Self {
        Self {
            registry,
            tallies,
            channel,
        }
    }

    /// A key came off the disk.
    pub(crate) fn loaded(&self, db: u8, key: &Key, value: &Value, expires: Option<Timestamp>) {
        if db < BINDINGS {
            if let Some((number, _)) = self.registry.applications.session(db, key) {
                self.tallies.loaded(number);
            }
        } else if let Value::String(value) = value {
            self.registry.loaded(db, key, value, expires);
        }
    }

    /// A key was there before the edge was.
    pub(crate) fn found(&self, db: u8, key: &[u8]) {
        if let Some((number, _)) = self.registry.applications.session(db, key) {
            self.tallies.loaded(number);
        }
    }

    /// A key has gone; whether a binding stands beside it that must go too.
    pub(crate) fn gone(&self, db: u8, key: &[u8]) -> bool {
        if db == DENIES {
            self.registry.deny_gone(key);
        }
        db < BINDINGS && self.registry.gone(db, key)
    }

    /// Something happened to a key; counted and told if it is a session. Told in the order in which commands work,
    /// before the journal has it.
    pub(crate) fn record(&mut self, kind: SessionEventKind, db: u8, key: &[u8], at: Timestamp) {
        let Some((number, id)) = self.registry.applications.session(db, key) else {
            return;
        };
        self.tallies.count(number, kind);
        let session = String::from_utf8_lossy(id).into_owned();
        if self
            .channel
            .try_send(SessionEvent { kind, at, session })
            .is_err()
        {
            self.tallies.lost_events.fetch_add(1, Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sessions_are_told_by_prefix_and_a_full_channel_loses_events_not_counts() {
        let (channel, mut events) = mpsc::channel(2);
        let registry = Arc::new(Registry::new(Applications::default()));
        let mut ledger = Ledger::new(registry, Arc::default(), channel);
        let at = Timestamp::from_ms(5);
        for key in [
            "sess:a",
            "cart:a",
            "sess:",
            "spring:session:sessions:expires:a",
            "sess:b",
            "sess:c",
        ] {
            ledger.record(SessionEventKind::Created, 0, key.as_bytes(), at);
            ledger.record(SessionEventKind::Created, BINDINGS, key.as_bytes(), at);
        }
        let told: Vec<_> = std::iter::from_fn(|| events.try_recv().ok())
            .map(|event| event.session)
            .collect();
        assert_eq!(told, ["a", "b"]);
        assert_eq!(
            (ledger.tallies.counts().active, ledger.tallies.lost_events()),
            (3, 1)
        );
    }
}
