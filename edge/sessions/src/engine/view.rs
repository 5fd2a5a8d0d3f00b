//! A look at all sessions for the live view, a shard at a time, so that no command waits for more than one.

use std::sync::Arc;

use super::{Engine, limits::instant, shards::SHARDS};
use crate::{
    command::DATABASES,
    sessions::{Candidate, Page, Query, Search, SessionKey},
};

impl Engine {
    /// The page of a query. Takes a fraction of a second for a million sessions.
    pub(crate) fn live(&self, query: &Query) -> Page {
        let mut search = Search::new(query, self.clock.now());
        for number in 0..SHARDS {
            for db in 0..DATABASES {
                self.offer(number, db, &mut search);
            }
        }
        search.finish()
    }

    /// Offers the sessions of one database of one shard.
    fn offer(&self, number: usize, db: u8, search: &mut Search<'_>) {
        let now = self.clock.now();
        let shard = self.shards.one(number);
        let Some(database) = shard.database(db) else {
            return;
        };
        let users = self.registry.users();
        let visits = self.registry.visits();
        for (key, entry) in database.iter().filter(|(_, entry)| !entry.is_expired(now)) {
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
