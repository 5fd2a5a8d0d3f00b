//! Bindings and ends of sessions, made so in memory and for the journal.
//!
//! All shards are held. Decides nothing.

use bongsu_sdk_model::{SessionEventKind, Timestamp};
use bytes::Bytes;

use super::{
    Db, Engine,
    keyspace::Keyspace,
    notice::Class,
    shards::{Held, Scope},
    value::{Fields, Member, Value},
};
use crate::sessions::{BINDINGS, Binding, SessionKey, indexed_forms};

/// What a call will do to bindings when it has run.
#[derive(Debug)]
pub(super) enum Effect {
    /// A session becomes a user's.
    Bind(SessionKey, Binding),
    /// It becomes nobody's.
    Unbind(SessionKey),
    /// It ends.
    End(SessionKey),
}

impl Effect {
    /// Whether it ends this session.
    pub(super) fn ends(&self, session: &SessionKey) -> bool {
        matches!(self, Self::End(ended) if ended == session)
    }
}

impl Engine {
    /// Makes an effect so, in memory and for the journal.
    pub(super) fn carry_out(&self, db: &mut Db<'_>, effect: Effect) {
        match effect {
            Effect::End(session) => {
                self.end(db, &session);
            }
            Effect::Unbind(session) => {
                self.registry.users().unbind(session.db, &session.key);
                let shard = db.shards.of(&session.key);
                shard.remove(
                    session.db + BINDINGS,
                    &session.key,
                    SessionEventKind::Destroyed,
                    db.now,
                );
            }
            Effect::Bind(session, binding) => {
                let shard = db.shards.of(&session.key);
                // A command may have taken with one hand what it gave with the other.
                if shard.entry(session.db, &session.key).is_none() {
                    return;
                }
                let name = self
                    .registry
                    .applications
                    .get(binding.application)
                    .map(|found| &*found.name);
                let value = Bytes::from(binding.encode(name.unwrap_or_default()));
                shard.put(
                    session.db + BINDINGS,
                    &session.key,
                    Value::String(value),
                    None,
                    db.now,
                );
                self.registry.users().bind(session, binding);
            }
        }
    }

    /// Ends a session: its key, what goes with it, and its place in the application's index. All shards are
    /// held. Whether it was there.
    pub(crate) fn end(&self, db: &mut Db<'_>, session: &SessionKey) -> bool {
        let applications = &self.registry.applications;
        let binding = self
            .registry
            .users()
            .binding(session.db, &session.key)
            .cloned();
        let known = applications
            .session(session.db, &session.key)
            .and_then(|(number, id)| Some((applications.get(number)?, id)));
        let was_there = remove(db, session.db, &session.key);
        if let Some((application, id)) = known {
            for companion in application.companion_keys(id) {
                remove(db, session.db, &companion);
            }
            let index = binding.and_then(|binding| application.index_key(&binding.user));
            if let Some(index) = index {
                leave_index(db, session.db, &index, id);
            }
        }
        if was_there {
            self.registry.note_ended(session.clone(), db.now);
        }
        was_there
    }

    /// Makes a session nobody's; whether it was somebody's. All shards are held.
    pub(crate) fn unbind(&self, db: &mut Db<'_>, session: SessionKey) -> bool {
        let bound = self
            .registry
            .users()
            .binding(session.db, &session.key)
            .is_some();
        self.carry_out(db, Effect::Unbind(session));
        bound
    }

    /// Takes the bindings that came off the disk, and forgets those whose sessions are gone.
    pub(super) fn finish_load(&self, now: Timestamp) {
        let mut shards = self.shards.lock(Scope::All);
        let before = shards.iter().map(Keyspace::weight).sum();
        let mut stale = Vec::new();
        self.registry.finish_load(|session| {
            let lives = lives(&mut shards, session, now);
            if !lives {
                stale.push(session.clone());
            }
            lives
        });
        for session in stale {
            let shard = shards.of(&session.key);
            shard.remove(
                session.db + BINDINGS,
                &session.key,
                SessionEventKind::Destroyed,
                now,
            );
        }
        self.finish(shards.guards_mut(), before, Vec::new());
    }
}

/// A session lives while its key is there. Its shadow may not have been written yet when the process died; one
/// that ran out meanwhile ends the binding when it is removed.
fn lives(shards: &mut Held<'_>, session: &SessionKey, now: Timestamp) -> bool {
    let entry = shards.of(&session.key).entry(session.db, &session.key);
    entry.is_some_and(|entry| !entry.is_expired(now))
}

/// Removes a key of any database and tells subscribers; whether it was there.
fn remove(db: &mut Db<'_>, number: u8, key: &[u8]) -> bool {
    let shard = db.shards.of(key);
    let removed = shard
        .remove(number, key, SessionEventKind::Destroyed, db.now)
        .is_some();
    if removed {
        shard.notices.note(Class::Generic, "del", number, key);
    }
    removed
}

/// Takes a session id out of an application's index, in whatever form it stands there.
fn leave_index(db: &mut Db<'_>, number: u8, index: &[u8], id: &[u8]) {
    let now = db.now;
    db.shards
        .of(index)
        .edit(number, index, now, |value, touched| {
            if let Some(members) = <() as Member>::fields_mut(value) {
                let members: &mut Fields<()> = members;
                for form in indexed_forms(id) {
                    if members.remove(&form) {
                        touched.push(form.into());
                    }
                }
            }
        });
}
