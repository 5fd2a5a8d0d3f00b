//! A look at all sessions for the live view, a piece of a shard at a time, so that no command waits for more.

use std::sync::Arc;

use super::{Engine, limits::instant, shards::SHARDS};
use crate::{
    command::DATABASES,
    sessions::{Candidate, Page, Query, Search, SessionKey},
};

/// Keys looked at while their shard and the map of users are held.
const PIECE: usize = 1024;

impl Engine {
    /// The page of a query. Takes a fraction of a second for a million sessions.
    pub(crate) fn live(&self, query: &Query) -> Page {
        let mut search = Search::new(query, self.clock.now());
        for number in 0..SHARDS {
            for db in 0..DATABASES {
                let mut from = usize::MAX;
                while from > 0 {
                    from = self.offer((number, db), from, &mut search);
                }
            }
        }
        search.finish()
    }

    /// Offers the next sessions below a position in one database of one shard; where to go on. Downwards, as
    /// `SCAN` does: a session that stays is not missed.
    fn offer(&self, (number, db): (usize, u8), from: usize, search: &mut Search<'_>) -> usize {
        let now = self.clock.now();
        let shard = self.shards.one(number);
        let Some(database) = shard.database(db) else {
            return 0;
        };
        let from = from.min(database.len());
        let to = from.saturating_sub(PIECE);
        let piece = database.get_range(to..from).into_iter().flatten();
        let users = self.registry.users();
        let visits = self.registry.visits();
        for (key, entry) in piece.filter(|(_, entry)| !entry.is_expired(now)) {
            let binding = users.binding(db, key);
            let known = self.registry.applications.session(db, key);
            let application = known.map(|(application, _)| application);
            let application = binding.map(|binding| binding.application).or(application);
            let Some(application) =
                application.and_then(|found| self.registry.applications.get(found))
            else {
                continue;
            };
            let id = known.and_then(|(_, id)| std::str::from_utf8(id).ok());
            search.offer(&Candidate {
                tag: self.registry.tag(db, key),
                database: db,
                key,
                application: &application.name,
                user: binding.map(|binding| &binding.user),
                created: entry.created(),
                accessed: instant(entry.accessed),
                expires: entry.expires,
                bytes: entry.value.weight(),
                visit: id.and_then(|id| visits.get(id)),
            });
        }
        to
    }

    /// The sessions that have this id, in whatever application and database.
    pub(crate) fn with_id(&self, id: &str) -> Vec<SessionKey> {
        let applications = self.registry.applications.iter();
        let mut found = Vec::new();
        for (_, application) in applications {
            for pattern in &application.keys {
                let key = pattern.key(id.as_bytes());
                let shard = self.shards.one(self.shards.number(&key));
                let databases = match application.database {
                    Some(only) => only..=only,
                    None => 0..=DATABASES - 1,
                };
                for db in databases {
                    if shard.entry(db, &key).is_some() {
                        let key = Arc::from(&*key);
                        found.push(SessionKey { db, key });
                    }
                }
            }
        }
        found
    }
}
