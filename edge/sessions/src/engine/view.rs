//! A look at all sessions for the live view, a handful at a time, so that no command waits for more than that.

use std::sync::Arc;

use super::{Engine, limits::instant, shards::SHARDS};
use crate::{
    command::DATABASES,
    sessions::{Candidate, Page, Query, Search, SessionKey},
};

/// Keys looked at while their shard is held.
const HANDFUL: usize = 256;

impl Engine {
    /// The page of a query. Takes a second or so for a million sessions. One that comes or goes meanwhile may be
    /// in it or not; every other is.
    pub(crate) fn live(&self, query: &Query) -> Page {
        let mut search = Search::new(query, self.clock.now());
        let databases = |number| (0..DATABASES).map(move |db| (number, db, usize::MAX));
        let mut rest: Vec<_> = (0..SHARDS).flat_map(databases).collect();
        // In turns, so that who waits for a shard or for the users has it before its next turn.
        while !rest.is_empty() {
            rest.retain_mut(|(number, db, end)| {
                *end = self.offer((*number, *db, *end), &mut search);
                *end > 0
            });
        }
        search.finish()
    }

    /// Offers a handful of the sessions of one database of one shard, those before a position; where they begin.
    /// From the end, because removal moves the last key into the hole: none is missed, some may come twice.
    fn offer(&self, (number, db, end): (usize, u8, usize), search: &mut Search<'_>) -> usize {
        let now = self.clock.now();
        let shard = self.shards.one(number);
        let Some(database) = shard.database(db) else {
            return 0;
        };
        let end = end.min(database.len());
        let from = end.saturating_sub(HANDFUL);
        let handful = database.get_range(from..end).into_iter().flatten();
        let users = self.registry.users();
        let visits = self.registry.visits();
        for (key, entry) in handful.filter(|(_, entry)| !entry.is_expired(now)) {
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
        from
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
