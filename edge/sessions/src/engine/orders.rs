//! What operators order: bind, unbind, end, deny, allow. Shared by the `BONGSU.` commands and the API, so that
//! both do the same.
//!
//! All shards are held by whoever calls; nothing here waits.

use std::sync::Arc;

use bongsu_sdk_model::{SessionCounts, SessionEventKind, Timestamp};
use bytes::Bytes;

use super::{
    Db, Engine,
    journal::{Failure, Position},
    keyspace::Database,
    value::{Key, Value},
};
use crate::{
    OrderError,
    sessions::{
        AppNumber, Binding, BindingSource, DENIES, Deny, SessionKey, Visit, deny_key, is_user,
    },
};

/// Longest reason of a deny, bytes.
pub(crate) const LONGEST_REASON: usize = 1024;
/// Longest name of who denies, bytes.
const LONGEST_AUTHOR: usize = 256;
/// Most denies at once: they are kept however full the memory is.
const MOST_DENIES: usize = 100_000;

impl Engine {
    /// The number of the application called `name`; the error is the reply.
    pub(crate) fn application(&self, name: &str) -> Result<AppNumber, String> {
        let applications = &self.registry.applications;
        applications.named(name).ok_or_else(|| {
            let known: Vec<_> = applications.iter().map(|(_, found)| &*found.name).collect();
            format!("ERR no such application, hint: one of {}", known.join(", "))
        })
    }

    /// Binds the session at `key` to `user`. Its application is told by the key unless it is given.
    pub(crate) fn order_bind(
        &self,
        db: &mut Db<'_>,
        session: SessionKey,
        user: &str,
        application: Option<&str>,
        source: BindingSource,
    ) -> Result<(), String> {
        if !is_user(user) {
            return Err(
                "ERR a user id has 1 to 256 bytes, no control characters and no spaces around it"
                    .to_owned(),
            );
        }
        let application = match application {
            Some(name) => self.application(name)?,
            None => {
                let found = self.registry.applications.session(session.db, &session.key);
                found.map(|(number, _)| number).ok_or(
                    "ERR no application has sessions with such a key, hint: name the application",
                )?
            }
        };
        let binding = Binding {
            application,
            user: user.into(),
            since: db.now,
            source,
        };
        self.bind(db, session, binding)
    }

    /// Ends every session of a user, in one application or in all; how many there were.
    pub(crate) fn order_end_user(
        &self,
        db: &mut Db<'_>,
        user: &str,
        application: Option<AppNumber>,
    ) -> usize {
        let sessions: Vec<_> = self
            .registry
            .users()
            .everywhere(user)
            .filter(|(number, _)| application.is_none_or(|only| only == *number))
            .map(|(_, session)| session.clone())
            .collect();
        sessions
            .iter()
            .filter(|session| self.end(db, session))
            .count()
    }

    /// Denies a user and ends his sessions there; how many there were. The error is the reply.
    pub(crate) fn order_deny(&self, db: &mut Db<'_>, mut deny: Deny) -> Result<usize, String> {
        if !is_user(&deny.user) {
            return Err("ERR no user id".to_owned());
        }
        if deny.until <= db.now {
            return Err("ERR a deny ends in the future".to_owned());
        }
        deny.reason
            .truncate(deny.reason.floor_char_boundary(LONGEST_REASON));
        deny.by
            .truncate(deny.by.floor_char_boundary(LONGEST_AUTHOR));
        let application = match &deny.application {
            Some(name) => Some(self.application(name)?),
            None => None,
        };
        let denies = db.shards.iter().filter_map(|shard| shard.database(DENIES));
        if denies.map(Database::len).sum::<usize>() >= MOST_DENIES {
            return Err("ERR too many users are denied, hint: allow some".to_owned());
        }
        let (key, value) = (deny.key(), Value::String(Bytes::from(deny.encode())));
        db.shards
            .of(&key)
            .put(DENIES, &key, value, Some(deny.until), db.now);
        let user = Arc::clone(&deny.user);
        self.registry.denies().add(deny);
        Ok(self.order_end_user(db, &user, application))
    }

    /// Allows a user again, in one application or wherever he is denied; how many denies there were.
    pub(crate) fn order_allow(
        &self,
        db: &mut Db<'_>,
        user: &str,
        application: Option<&str>,
    ) -> usize {
        let denies = self.registry.denies().of(user).to_vec();
        let meant =
            |deny: &&Deny| application.is_none() || deny.application.as_deref() == application;
        let remove = |deny: &Deny| {
            let key = deny_key(user, deny.application.as_deref());
            let shard = db.shards.of(&key);
            shard
                .remove(DENIES, &key, SessionEventKind::Destroyed, db.now)
                .is_some()
        };
        denies
            .iter()
            .filter(meant)
            .map(remove)
            .filter(|removed| *removed)
            .count()
    }

    /// Does what needs all shards, and waits for the journal.
    pub(crate) async fn exclusively<R>(
        &self,
        work: impl FnOnce(&mut Db<'_>) -> R,
    ) -> Result<R, OrderError> {
        let failed = |failure: Failure| OrderError::Journal(failure.to_string());
        if let Some(failure) = self.journal.refusal() {
            return Err(failed(failure));
        }
        let (result, position) = self.holding_all(work);
        self.settled(position).await.map_err(failed)?;
        Ok(result)
    }

    /// Does what needs all shards; what it changed is durable when the journal is settled at the position.
    pub(crate) fn holding_all<R>(&self, work: impl FnOnce(&mut Db<'_>) -> R) -> (R, Position) {
        self.on_all(self.clock.now(), work)
    }

    /// Notes a request of the session with this id. The sessions that are to be bound to its user are given
    /// back; none: it is no news.
    pub(crate) fn note_visit(
        &self,
        id: &str,
        visit: Visit,
        user: Option<&str>,
    ) -> Option<Vec<SessionKey>> {
        let mut sessions = self.with_id(id);
        if sessions.is_empty() {
            return None;
        }
        self.registry.visits().note(id, visit);
        let user = user.filter(|user| is_user(user))?;
        let users = self.registry.users();
        sessions.retain(|session| {
            // What the session itself or an operator says counts more than what a transaction says.
            users
                .binding(session.db, &session.key)
                .is_none_or(|present| {
                    present.source == BindingSource::Transaction && &*present.user != user
                })
        });
        (!sessions.is_empty()).then_some(sessions)
    }

    /// Whose the session with this id is, in whatever application.
    pub(crate) fn user_by_id(&self, id: &str) -> Option<Arc<str>> {
        let sessions = self.with_id(id);
        let users = self.registry.users();
        let bound = |session: &SessionKey| users.binding(session.db, &session.key);
        sessions
            .iter()
            .find_map(bound)
            .map(|binding| Arc::clone(&binding.user))
    }

    /// Every deny that has not ended.
    pub(crate) fn denies(&self) -> Vec<Deny> {
        self.registry.denies().all(self.clock.now())
    }

    /// The counts of every application.
    pub(crate) fn counts_by_application(&self) -> Vec<(Arc<str>, SessionCounts)> {
        self.tallies.by_application(&self.registry.applications)
    }

    /// How many sessions are bound, and to how many users.
    pub(crate) fn bound(&self) -> (usize, usize) {
        self.registry.users().census()
    }

    /// The sessions of a user that have not run out: application, key and since when they are the user's.
    pub(crate) fn sessions_of(
        &self,
        db: &mut Db<'_>,
        user: &str,
    ) -> Vec<(Arc<str>, SessionKey, Timestamp)> {
        let users = self.registry.users();
        let listed = users.everywhere(user).filter_map(|(number, session)| {
            let application = self.registry.applications.get(number)?;
            let since = users.binding(session.db, &session.key)?.since;
            let entry = db.shards.of(&session.key).entry(session.db, &session.key)?;
            let is_live = !entry.is_expired(db.now);
            is_live.then(|| (Arc::clone(&application.name), session.clone(), since))
        });
        listed.collect()
    }
}

/// A session's key in a database.
pub(crate) fn session(db: u8, key: &[u8]) -> SessionKey {
    SessionKey {
        db,
        key: Key::from(key),
    }
}
