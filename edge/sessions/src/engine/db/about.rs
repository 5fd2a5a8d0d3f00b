//! What is known of a key besides its value, for commands that must not count as using it.

use std::time::Duration;

use super::{Database, Db, Entry, Key};
use crate::engine::keyspace::ENTRY_OVERHEAD;

impl Db<'_> {
    /// The entry of a key that has not expired; it does not count as used by this.
    pub(crate) fn peek(&mut self, key: &[u8]) -> Option<&Entry> {
        let now = self.now;
        let entry = self.shards.of(key).entry(self.number, key)?;
        (!entry.is_expired(now)).then_some(entry)
    }

    /// How long a key has not been used.
    pub(crate) fn idle(&mut self, key: &[u8]) -> Option<Duration> {
        let now = u64::try_from(self.now.as_ms() / 1000).unwrap_or(0);
        let accessed = self.peek(key)?.accessed;
        Some(Duration::from_secs(now.saturating_sub(accessed.into())))
    }

    /// Bytes of a key with its value and bookkeeping.
    pub(crate) fn weight(&mut self, key: &[u8]) -> Option<usize> {
        let value = self.peek(key)?.value.weight();
        Some(ENTRY_OVERHEAD + key.len() + value)
    }

    /// The key at a position below [`Db::len`], or the next one that has not expired.
    pub(crate) fn at(&self, mut position: usize) -> Option<&Key> {
        for shard in self.shards.iter() {
            let database = shard.database(self.number);
            let length = database.map_or(0, Database::len);
            let from = position.min(length);
            let rest = database.and_then(|database| database.get_range(from..));
            let live = rest
                .into_iter()
                .flatten()
                .find(|(_, entry)| !entry.is_expired(self.now));
            if let Some((key, _)) = live {
                return Some(key);
            }
            position -= from;
        }
        None
    }
}
