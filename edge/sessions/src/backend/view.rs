//! The live view of sessions whose values are elsewhere.

use std::sync::Arc;

use super::Backend;
use crate::sessions::{Candidate, Page, Query, Search, SessionKey};

impl Backend {
    /// The page of a query. Takes a fraction of a second for a million sessions, in which no look is taken in.
    pub(crate) fn live(&self, query: &Query) -> Page {
        let now = self.now();
        let mut search = Search::new(query, now);
        let users = self.registry.users();
        let visits = self.registry.visits();
        let track = self.track();
        let there = track.sessions();
        for (db, key, known) in
            there.filter(|(_, _, known)| known.expires.is_none_or(|expires| expires > now))
        {
            let binding = users.binding(db, key);
            let number = binding.map_or(known.application, |binding| binding.application);
            let Some(application) = self.registry.applications.get(number) else {
                continue;
            };
            let id = self
                .registry
                .applications
                .session(db, key)
                .map(|(_, id)| id);
            let id = id.and_then(|id| std::str::from_utf8(id).ok());
            search.offer(&Candidate {
                tag: self.registry.tag(db, key),
                database: db,
                key,
                application: &application.name,
                user: binding.map(|binding| &binding.user),
                created: known.created,
                accessed: known.accessed,
                expires: known.expires,
                bytes: known.bytes,
                visit: id.and_then(|id| visits.get(id)),
            });
        }
        search.finish()
    }

    /// The sessions that have this id, in whatever application and database.
    pub(super) fn with_id(&self, id: &str) -> Vec<SessionKey> {
        let track = self.track();
        let mut found = Vec::new();
        for (_, application) in self.registry.applications.iter() {
            for pattern in &application.keys {
                let key = Arc::<[u8]>::from(pattern.key(id.as_bytes()));
                for db in 0..self.databases() {
                    let fits = application.database.is_none_or(|only| only == db);
                    if fits && track.known(db, &key).is_some() {
                        let key = Arc::clone(&key);
                        found.push(SessionKey { db, key });
                    }
                }
            }
        }
        found
    }
}
