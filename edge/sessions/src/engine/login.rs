//! Logins: a write that gives a session to a user is tried on a copy, judged, and only then made.
//!
//! All of it happens while every shard is held, and what it ends, binds and writes is one record of the
//! journal: of two logins at the same instant one is first, here and after a crash. Writes that change no
//! binding, which are nearly all, take no more than a look-up.

use std::{borrow::Cow, sync::Arc};

use bongsu_sdk_model::{SessionEventKind, Timestamp};
use bytes::Bytes;

use super::{
    Call, Db, Engine,
    keyspace::{Entry, Keyspace},
    ledger::Ledger,
    notice::Class,
    orders::session,
    shards::{Held, Scope, Shards},
    value::{Fields, Kind, Member, Value},
};
use crate::{
    command::Access,
    protocol::Reply,
    sessions::{
        AppNumber, BINDINGS, Binding, BindingSource, Command, Decision, Found, Prospect, Registry,
        SessionKey, indexed_forms, login_denied, user_denied,
    },
};

/// What a call will do to bindings when it has run.
#[derive(Debug)]
enum Effect {
    Bind(SessionKey, Binding),
    Unbind(SessionKey),
    End(SessionKey),
}

/// A login that may not be.
#[derive(Debug)]
struct Denied {
    text: String,
    /// The session whose login was told by an index: the login itself is in its value already.
    end: Option<SessionKey>,
}

impl Engine {
    /// The sessions whose user a call may change, judged by its arguments alone.
    pub(crate) fn prospects<'c>(&self, call: &'c Call) -> Vec<Prospect<'c>> {
        let spec = call.spec;
        let command = Command {
            name: spec.name,
            adds: spec.access == Access::Add && spec.keys.0 == 1,
            db: call.db,
        };
        self.registry.applications.prospects(command, &call.args)
    }

    /// Whether one of `prospects` changes the binding as it is now, so that all shards are needed. A session
    /// that has run out is nobody's, though its key may not have gone yet.
    pub(crate) fn changes_bindings(
        &self,
        shards: &mut Held<'_>,
        (db, now): (u8, Timestamp),
        prospects: &[Prospect<'_>],
    ) -> bool {
        prospects.iter().any(|prospect| {
            // The session of an index is in another shard: if it has run out, nothing comes of its place there.
            let entry =
                (!prospect.by_index).then(|| shards.of(&prospect.key).entry(db, &prospect.key));
            let is_over = entry.flatten().is_some_and(|entry| entry.is_expired(now));
            let users = self.registry.users();
            let present = users.binding(db, &prospect.key);
            prospect.is_open(present.filter(|_| !is_over))
        })
    }

    /// Runs a call within the rules for sessions. `open` says that it changes bindings, and then all shards are
    /// held; asked once, since what a shadow key or an index tells may change while only one is.
    pub(crate) fn govern(
        &self,
        db: &mut Db<'_>,
        call: &Call,
        prospects: &[Prospect<'_>],
        open: bool,
    ) -> Reply {
        if let Some(refusal) = self.filter(db, call) {
            return refusal;
        }
        let reply = if matches!(call.spec.name, "rename" | "renamenx") {
            self.rename(db, call, prospects, open)
        } else if open {
            self.log_in(db, call, prospects)
        } else {
            run(db, call)
        };
        self.limit_lives(db, call);
        reply
    }

    /// Runs a call that may change bindings.
    fn log_in(&self, db: &mut Db<'_>, call: &Call, prospects: &[Prospect<'_>]) -> Reply {
        let Some(outcome) = self.rehearse(db, call, prospects) else {
            return run(db, call);
        };
        match self.judge(db, outcome) {
            Err(denied) => self.refuse_login(db, call, denied),
            Ok(effects) => {
                let reply = run(db, call);
                for effect in effects {
                    self.carry_out(db, effect);
                }
                reply
            }
        }
    }

    fn refuse_login(&self, db: &mut Db<'_>, call: &Call, denied: Denied) -> Reply {
        let key = call.args.first().map_or(&[][..], |key| key);
        let session = denied.end.as_ref().map_or(key, |session| &session.key);
        let ledger = &mut db.shards.of(session).ledger;
        ledger.record(SessionEventKind::Rejected, call.db, session, db.now);
        if let Some(session) = &denied.end {
            self.end(db, session);
        }
        Reply::Error(denied.text.into())
    }

    /// The binding that goes along with a session that is renamed; it stays within its application.
    fn moving(&self, call: &Call) -> Option<Binding> {
        let ("rename" | "renamenx", [from, to, ..]) = (call.spec.name, &call.args[..]) else {
            return None;
        };
        let (target, _) = self.registry.applications.session(call.db, to)?;
        let users = self.registry.users();
        let binding = users.binding(call.db, from).cloned();
        binding.filter(|binding| binding.application == target)
    }

    /// A session that gets another id, as frameworks do at a login, stays its user's and as old as it was.
    fn rename(
        &self,
        db: &mut Db<'_>,
        call: &Call,
        prospects: &[Prospect<'_>],
        open: bool,
    ) -> Reply {
        let [from, to, ..] = &call.args[..] else {
            return run(db, call);
        };
        let created = db.entry(from).map(|entry| entry.created);
        let binding = self.moving(call);
        let reply = match binding {
            None if open => self.log_in(db, call, prospects),
            _ => run(db, call),
        };
        if let Some(created) = created
            && !db.has(from)
            && db.has(to)
        {
            db.shards.of(to).set_created(db.number, to, created);
            if let Some(binding) = binding {
                self.carry_out(db, Effect::Bind(session(db.number, to), binding));
            }
        }
        reply
    }

    /// What each prospect comes to, as running the call on a copy shows; none if the call will fail.
    fn rehearse<'p>(
        &self,
        db: &mut Db<'_>,
        call: &Call,
        prospects: &'p [Prospect<'p>],
    ) -> Option<Vec<(&'p Prospect<'p>, Found)>> {
        if prospects.iter().all(|prospect| prospect.by_index) {
            return index_outcome(db, call, prospects);
        }
        let ledger = Ledger::new(
            Arc::clone(&self.nothing),
            Arc::default(),
            tokio::sync::mpsc::channel(1).0,
        );
        let copies = Shards::new(|| Keyspace::new(ledger.clone()));
        let mut copy = Db {
            shards: copies.lock(Scope::All),
            engine: self,
            stats: db.stats,
            number: db.number,
            now: db.now,
            max_bulk: db.max_bulk,
        };
        for key in call.keys() {
            if let Some(entry) = db.entry(key) {
                let (value, expires) = (entry.value.clone(), entry.expires);
                copy.put(key, value, expires);
            }
        }
        let reply = (call.run)(&mut copy, &call.args).ok()?;
        if matches!(reply, Reply::Error(_)) {
            return None;
        }
        let user_of = |prospect: &'p Prospect<'p>| {
            let found = self.user_of(prospect.application, copy.entry(&prospect.key));
            (prospect, found)
        };
        Some(prospects.iter().map(user_of).collect())
    }

    /// Whose a value is.
    fn user_of(&self, application: AppNumber, entry: Option<&Entry>) -> Found {
        let (Some(entry), Some(application)) = (entry, self.registry.applications.get(application))
        else {
            return Found::Nobody;
        };
        let found = match &entry.value {
            Value::String(value) => application.user.in_string(value),
            Value::Hash(fields) => {
                let value = application.user.field().and_then(|name| fields.get(name));
                value.map(|value| application.user.in_field(value))
            }
            _ => None,
        };
        found.unwrap_or(Found::Nobody)
    }

    /// Decides on every login among the outcomes: all may be, or none.
    fn judge(
        &self,
        db: &mut Db<'_>,
        outcome: Vec<(&Prospect<'_>, Found)>,
    ) -> Result<Vec<Effect>, Denied> {
        let mut effects = Vec::new();
        for (prospect, found) in outcome {
            let session = session(db.number, &prospect.key);
            let settled = Prospect {
                key: Cow::Borrowed(&prospect.key),
                found: Some(found),
                only_of: prospect.only_of.clone(),
                ..*prospect
            };
            let present = self
                .registry
                .users()
                .binding(session.db, &session.key)
                .cloned();
            if !settled.is_open(present.as_ref()) {
                continue;
            }
            match settled.found {
                Some(Found::User(user)) => {
                    // An index may name a session that is no more.
                    if prospect.by_index && !db.has(&session.key) {
                        continue;
                    }
                    let binding = Binding {
                        application: prospect.application,
                        user: Arc::from(user),
                        since: db.now,
                        source: if prospect.by_index {
                            BindingSource::Index
                        } else {
                            BindingSource::Value
                        },
                    };
                    self.admit(db, session, binding, &mut effects)
                        .map_err(|denied| Denied {
                            end: denied.end.filter(|_| prospect.by_index),
                            ..denied
                        })?;
                }
                _ => effects.push(Effect::Unbind(session)),
            }
        }
        Ok(effects)
    }

    /// Decides on one login; what follows from it is added to `effects`.
    fn admit(
        &self,
        db: &mut Db<'_>,
        session: SessionKey,
        binding: Binding,
        effects: &mut Vec<Effect>,
    ) -> Result<(), Denied> {
        let Some(application) = self.registry.applications.get(binding.application) else {
            return Ok(());
        };
        let denied = |text| Denied {
            text,
            end: Some(session.clone()),
        };
        if self
            .registry
            .denies()
            .covers(&binding.user, &application.name, db.now)
        {
            return Err(denied(user_denied(&application.name)));
        }
        if self.registry.is_ended(&session, db.now) {
            return Err(denied(format!(
                "SESSIONENDED this session of application `{}` was ended, hint: log in again",
                application.name
            )));
        }
        let mut others = Vec::new();
        if application.login.limit.is_some() {
            others = self.live_sessions(db, binding.application, &binding.user);
            let also = effects.iter().filter_map(|effect| match effect {
                Effect::Bind(session, other) if other.user == binding.user => Some(session.clone()),
                _ => None,
            });
            others.extend(also);
            others.retain(|other| {
                *other != session && !effects.iter().any(|effect| effect.ends(other))
            });
        }
        match application.login.decide(others.len()) {
            Decision::Allow => {}
            Decision::Deny => return Err(denied(login_denied(&application.name, others.len()))),
            Decision::EndOldest(count) => {
                effects.extend(others.into_iter().take(count).map(Effect::End));
            }
        }
        effects.push(Effect::Bind(session, binding));
        Ok(())
    }

    /// The sessions of a user that have not run out, the oldest first; those that have end here.
    fn live_sessions(
        &self,
        db: &mut Db<'_>,
        application: AppNumber,
        user: &str,
    ) -> Vec<SessionKey> {
        let mut sessions: Vec<_> = self
            .registry
            .users()
            .sessions(application, user)
            .cloned()
            .collect();
        sessions.retain(|session| {
            let shard = db.shards.of(&session.key);
            let expired = shard
                .entry(session.db, &session.key)
                .map(|entry| entry.is_expired(db.now));
            if expired == Some(true) {
                shard.remove(session.db, &session.key, SessionEventKind::Expired, db.now);
            }
            expired == Some(false)
        });
        sessions
    }

    /// Makes an effect so, in memory and for the journal.
    fn carry_out(&self, db: &mut Db<'_>, effect: Effect) {
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

    /// Binds a session by order; the error is the reply. All shards are held.
    pub(crate) fn bind(
        &self,
        db: &mut Db<'_>,
        session: SessionKey,
        binding: Binding,
    ) -> Result<(), String> {
        let shard = db.shards.of(&session.key);
        if shard
            .entry(session.db, &session.key)
            .is_none_or(|entry| entry.is_expired(db.now))
        {
            return Err("ERR no such session".to_owned());
        }
        let present = self
            .registry
            .users()
            .binding(session.db, &session.key)
            .cloned();
        if present.is_some_and(|present| {
            (present.application, &present.user) == (binding.application, &binding.user)
        }) {
            return Ok(());
        }
        let mut effects = Vec::new();
        self.admit(db, session, binding, &mut effects)
            .map_err(|denied| denied.text)?;
        for effect in effects {
            self.carry_out(db, effect);
        }
        Ok(())
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
            let lives = lives(&self.registry, &mut shards, session, now);
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
        self.finish(shards.guards_mut(), before);
    }
}

impl Effect {
    fn ends(&self, session: &SessionKey) -> bool {
        matches!(self, Self::End(ended) if ended == session)
    }
}

fn run(db: &mut Db<'_>, call: &Call) -> Reply {
    (call.run)(db, &call.args).unwrap_or_else(Reply::from)
}

/// What an index tells needs no try, and a copy of it may be large; none if it is no set and the call will fail.
fn index_outcome<'p>(
    db: &mut Db<'_>,
    call: &Call,
    prospects: &'p [Prospect<'p>],
) -> Option<Vec<(&'p Prospect<'p>, Found)>> {
    let index = db.entry(call.args.first()?);
    if index.is_some_and(|entry| entry.value.kind() != Kind::Set) {
        return None;
    }
    let told = |prospect: &'p Prospect<'p>| Some((prospect, prospect.found.clone()?));
    prospects.iter().map(told).collect()
}

/// A session lives while its key is there, and its shadow if its application keeps one.
fn lives(registry: &Registry, shards: &mut Held<'_>, session: &SessionKey, now: Timestamp) -> bool {
    let mut is_there = |key: &[u8]| {
        let entry = shards.of(key).entry(session.db, key);
        entry.is_some_and(|entry| !entry.is_expired(now))
    };
    let applications = &registry.applications;
    let shadow = applications
        .session(session.db, &session.key)
        .and_then(|(number, id)| {
            let pattern = applications.get(number)?.shadow.as_ref()?;
            Some(pattern.key(id))
        });
    is_there(&session.key) && shadow.is_none_or(|shadow| is_there(&shadow))
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
