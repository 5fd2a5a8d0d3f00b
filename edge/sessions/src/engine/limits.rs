//! What a session may be, beside what its application writes: whether it may begin, how long it may stay, and
//! which of them go when memory is full.
//!
//! Applications without such rules pay for one comparison per command.

use std::hash::{BuildHasher as _, RandomState};

use bongsu_sdk_model::{SessionEventKind, Timestamp};

use super::{Call, Db, Engine, notice::Class, shards::Held, value::Key};
use crate::{
    MemoryPolicy,
    command::{Access, DATABASES},
    protocol::Reply,
    sessions::{Registry, SessionKey},
};

/// Sessions of which the one that was idle longest goes.
const SAMPLE: u64 = 16;
/// Most samples for one command: where nearly all are somebody's, it is refused rather than held up.
const SAMPLES: u64 = 8;

/// What counts as reading a session; asking for its time to live does not.
const RENEWING: [&str; 9] = [
    "get", "getrange", "mget", "hget", "hmget", "hgetall", "hkeys", "hvals", "touch",
];

impl Engine {
    /// Why the sessions that a call would begin may not begin.
    pub(super) fn filter(&self, db: &mut Db<'_>, call: &Call) -> Option<Reply> {
        let applications = &self.registry.applications;
        let moves = matches!(call.spec.name, "rename" | "renamenx");
        if !applications.have_filters() || call.spec.access != Access::Add || moves {
            return None;
        }
        for key in call.keys() {
            let Some((number, _)) = applications.session(call.db, key) else {
                continue;
            };
            let application = applications.get(number)?;
            if application.filter.is_free() || db.has(key) {
                continue;
            }
            let values = call.args.iter().map(|value| &**value);
            let mut begun = self.registry.begun();
            let begun = begun.entry(number).or_default();
            if let Err(unwanted) = application.filter.judge(values, call.client, begun, db.now) {
                let now = db.now;
                let ledger = &mut db.shards.of(key).ledger;
                ledger.record(SessionEventKind::Rejected, call.db, key, now);
                return Some(Reply::Error(unwanted.text(&application.name).into()));
            }
        }
        None
    }

    /// Shortens the life of the sessions a call wrote to what they may have, or renews what it read.
    pub(super) fn limit_lives(&self, db: &mut Db<'_>, call: &Call) {
        let applications = &self.registry.applications;
        let reads = call.spec.access == Access::Read;
        if !applications.have_lifetimes() || (reads && !RENEWING.contains(&call.spec.name)) {
            return;
        }
        // Readers are served while the journal fails; what they would add to it could not leave the memory.
        if reads && self.journal_failure().is_some() {
            return;
        }
        let (number, now) = (call.db, db.now);
        for key in call.keys() {
            let application = applications.session(number, key);
            let Some(application) = application.and_then(|(number, _)| applications.get(number))
            else {
                continue;
            };
            let lifetime = &application.lifetime;
            let bound = self.registry.users().binding(number, key).is_some();
            let shard = db.shards.of(key);
            let Some(entry) = shard.entry(number, key) else {
                continue;
            };
            let (expires, created) = (entry.expires, entry.created());
            let may = if reads {
                lifetime.renewed(expires, created, now, bound).or(expires)
            } else {
                lifetime.expires(expires, created, now, bound)
            };
            if may == expires {
                continue;
            }
            if may.is_some_and(|may| may <= now) {
                shard.remove(number, key, SessionEventKind::Expired, now);
            } else {
                shard.set_expiry(number, key, may);
            }
        }
    }

    /// Lets sessions of nobody go until `over` bytes are free, `spared` not among them; whether they are. All
    /// shards are held.
    pub(super) fn make_room(&self, db: &mut Db<'_>, spared: &[u8], over: usize) -> bool {
        if self.max_memory_policy == MemoryPolicy::Refuse {
            return false;
        }
        let now = db.now;
        let hasher = RandomState::new();
        let mut freed = 0;
        for sample in 0..SAMPLES {
            let draws = (0..SAMPLE).map(|draw| hasher.hash_one((sample, draw)));
            let victim = idlest(&db.shards, &self.registry, draws, spared);
            let Some(SessionKey { db: number, key }) = victim else {
                continue;
            };
            let shard = db.shards.of(&key);
            let before = shard.weight();
            shard.notices.note(Class::Evicted, "evicted", number, &key);
            shard.remove(number, &key, SessionEventKind::Destroyed, now);
            freed += before - shard.weight();
            if freed >= over {
                return true;
            }
        }
        false
    }
}

/// Of the sessions of nobody at the positions drawn, the one that was idle longest.
fn idlest(
    shards: &Held<'_>,
    registry: &Registry,
    draws: impl Iterator<Item = u64>,
    spared: &[u8],
) -> Option<SessionKey> {
    let databases: Vec<_> = shards
        .iter()
        .flat_map(|shard| {
            (0..DATABASES).filter_map(|number| Some((number, shard.database(number)?)))
        })
        .filter(|(_, database)| !database.is_empty())
        .collect();
    let total: usize = databases.iter().map(|(_, database)| database.len()).sum();
    let users = registry.users();
    let mut found: Option<(u32, u8, &Key)> = None;
    for draw in draws {
        let mut position = usize::try_from(draw)
            .unwrap_or(usize::MAX)
            .checked_rem(total)?;
        let drawn = databases.iter().find_map(|(number, database)| {
            let entry = database.get_index(position);
            position = position.saturating_sub(database.len());
            Some((*number, entry?))
        });
        let (number, (key, entry)) = drawn?;
        if **key != *spared
            && registry.applications.session(number, key).is_some()
            && users.binding(number, key).is_none()
            && found.is_none_or(|(accessed, ..)| entry.accessed < accessed)
        {
            found = Some((entry.accessed, number, key));
        }
    }
    found.map(|(_, number, key)| SessionKey {
        db: number,
        key: Key::clone(key),
    })
}

/// Seconds since the epoch as an instant.
pub(super) fn instant(seconds: u32) -> Timestamp {
    Timestamp::from_ms(i64::from(seconds) * 1000)
}
