//! Logins: a write that gives a session to a user is judged by the same rules as with a store of our own, and only
//! forwarded if it may be.
//!
//! All decisions on one user wait for each other, so of two logins at the same instant one is first. The sessions
//! that end for a login end before it is written, and the binding is written in front of the session.

mod effect;

use std::{borrow::Cow, sync::Arc};

use bongsu_sdk_model::Timestamp;
use bytes::Bytes;
use redis::Value;

pub(super) use self::effect::Effect;
use self::effect::bound_to;
use super::{
    Backend,
    batch::parcel,
    delivery::{Fault, Parcel, Told},
    look::{delete, on_key},
    names, reply,
};
use crate::{
    engine::{Call, session},
    protocol::{Protocol, Reply},
    sessions::{
        AppNumber, Binding, BindingSource, Decision, Found, Prospect, SessionKey, login_denied,
        user_denied,
    },
};

/// A login that may not be.
#[derive(Debug)]
pub(super) struct Denied {
    pub(super) text: String,
    /// The session whose login it was.
    session: SessionKey,
    /// Whether the login was told by an index: it is in the session's value already.
    by_index: bool,
}

/// A session whose user changes.
#[derive(Debug)]
struct Change {
    session: SessionKey,
    binding: Option<Binding>,
    by_index: bool,
}

impl Backend {
    /// Runs a call that may change whose sessions are.
    pub(super) async fn log_in(
        &self,
        call: &Call,
        prospects: &[Prospect<'_>],
        protocol: Protocol,
    ) -> Reply {
        if matches!(call.spec.name, "rename" | "renamenx") {
            return self.move_binding(call, protocol).await;
        }
        let told_later = prospects.iter().any(|prospect| prospect.found.is_none());
        if told_later || is_conditional(call) {
            return self.judge_after(call, prospects, protocol).await;
        }
        let founds = prospects.iter().map(|prospect| prospect.found.clone());
        let changes = self.changes(call.db, prospects, founds.collect());
        let _guards = self.lock_users(&users(&changes)).await;
        let effects = match self.judge(changes).await {
            Ok(effects) => effects,
            Err(denied) => return self.turn_away(denied).await,
        };
        let (mut in_front, mut binds) = (Vec::new(), Vec::new());
        for effect in effects {
            match effect {
                Effect::End(session) => {
                    if let Err(fault) = self.end(&session).await {
                        return Reply::Error(fault.text.into());
                    }
                }
                Effect::Unbind(session) => binds.push((session, None)),
                Effect::Bind(session, binding) => {
                    in_front.push(self.stored(&session, &binding));
                    binds.push((session, Some(binding)));
                }
            }
        }
        in_front.push(parcel(call));
        let before: Vec<_> = {
            let users = self.registry.users();
            let binding =
                |(session, _): &(SessionKey, _)| users.binding(session.db, &session.key).cloned();
            binds.iter().map(binding).collect()
        };
        // Bound before it is known whether it was written: nobody else may log in meanwhile.
        for (session, binding) in &binds {
            self.note_bound(session, binding.clone());
        }
        let told = self.forward_one(call, in_front, protocol).await;
        let refused = match &told {
            Ok(value) => matches!(value, Value::ServerError(_)),
            Err(fault) => !fault.unknown,
        };
        self.settle(call.db, binds, before, refused).await;
        reply::reply(call, told)
    }

    async fn forward_one(&self, call: &Call, parcels: Vec<Parcel>, protocol: Protocol) -> Told {
        let mut told = self.forward(call.db, &[call], parcels, protocol).await;
        let none = || {
            Err(Fault {
                text: "ERR the session backend gave no reply".to_owned(),
                unknown: true,
            })
        };
        told.pop().unwrap_or_else(none)
    }

    fn note_bound(&self, session: &SessionKey, binding: Option<Binding>) {
        let mut users = self.registry.users();
        match binding {
            Some(binding) => users.bind(session.clone(), binding),
            None => drop(users.unbind(session.db, &session.key)),
        }
    }

    /// Makes bindings what came of the write: as they were before if it was refused, none of a session that is not
    /// there.
    async fn settle(
        &self,
        db: u8,
        binds: Vec<(SessionKey, Option<Binding>)>,
        before: Vec<Option<Binding>>,
        refused: bool,
    ) {
        let mut more = Vec::new();
        for ((session, binding), before) in binds.into_iter().zip(before) {
            let is_there = self.track().known(session.db, &session.key).is_some();
            let kept = if refused { before } else { binding.clone() };
            let kept = kept.filter(|_| is_there);
            if kept.is_none() {
                more.push(delete(&names::binding(&session.key)));
            } else if refused && let Some(kept) = &kept {
                more.push(self.stored(&session, kept));
            }
            if refused || kept != binding {
                self.note_bound(&session, kept);
            }
        }
        self.tidy(db, more).await;
    }

    /// Runs a call first and judges what the values say then; a login that may not be ends its session.
    async fn judge_after(
        &self,
        call: &Call,
        prospects: &[Prospect<'_>],
        protocol: Protocol,
    ) -> Reply {
        let told = self.forward_one(call, vec![parcel(call)], protocol).await;
        let mut founds = Vec::with_capacity(prospects.len());
        for prospect in prospects {
            founds.push(match prospect.by_index {
                true => prospect.found.clone(),
                false => Some(self.user_of(call.db, prospect).await),
            });
        }
        let changes = self.changes(call.db, prospects, founds);
        let _guards = self.lock_users(&users(&changes)).await;
        match self.judge(changes).await {
            Ok(effects) => {
                for effect in effects {
                    if let Err(fault) = self.carry_out(effect).await {
                        return Reply::Error(fault.text.into());
                    }
                }
            }
            Err(denied) => {
                let denied = Denied {
                    by_index: true,
                    ..denied
                };
                return self.turn_away(denied).await;
            }
        }
        reply::reply(call, told)
    }

    /// Whose a session is by its value.
    async fn user_of(&self, db: u8, prospect: &Prospect<'_>) -> Found {
        let Some(application) = self.registry.applications.get(prospect.application) else {
            return Found::Nobody;
        };
        let key = Bytes::copy_from_slice(&prospect.key);
        let ask = match application.user.field() {
            Some(field) => {
                let (hget, field) = (Bytes::from_static(b"HGET"), Bytes::copy_from_slice(field));
                on_key(true, &key, [hget, key.clone(), field])
            }
            None => on_key(true, &key, [Bytes::from_static(b"GET"), key.clone()]),
        };
        let mut told = self.delivery.deliver(Protocol::Resp2, db, &[ask]).await;
        let value = match told.pop() {
            Some(Ok(Value::Nil)) => return Found::Nobody,
            Some(Ok(value)) => reply::bulk(value),
            _ => None,
        };
        let found = value.map(|value| match application.user.field() {
            Some(_) => application.user.in_field(&value),
            None => application.user.in_string(&value).unwrap_or(Found::Nobody),
        });
        // Neither a text nor nothing: what cannot be read changes nothing.
        found.unwrap_or(Found::Unreadable)
    }

    /// A binding goes along with a session that is renamed.
    async fn move_binding(&self, call: &Call, protocol: Protocol) -> Reply {
        let ends = (call.args.first(), call.args.get(1));
        let before = ends
            .0
            .and_then(|from| self.registry.users().binding(call.db, from).cloned());
        let told = self.forward_one(call, vec![parcel(call)], protocol).await;
        let reply = reply::reply(call, told);
        let done = reply == Reply::OK || reply == Reply::Integer(1);
        if let (true, Some(to), Some(binding)) = (done, ends.1, before) {
            let bind = Effect::Bind(session(call.db, to), binding);
            if let Err(fault) = self.carry_out(bind).await {
                return Reply::Error(fault.text.into());
            }
        }
        reply
    }

    /// The sessions that change hands, as the values found say.
    fn changes(
        &self,
        db: u8,
        prospects: &[Prospect<'_>],
        founds: Vec<Option<Found>>,
    ) -> Vec<Change> {
        let (users, now) = (self.registry.users(), self.now());
        let change = |(prospect, found): (&Prospect<'_>, Option<Found>)| {
            let settled = Prospect {
                key: Cow::Borrowed(&prospect.key),
                found,
                only_of: prospect.only_of.clone(),
                ..*prospect
            };
            if !settled.is_open(users.binding(db, &prospect.key)) {
                return None;
            }
            let by_index = prospect.by_index;
            let source = match by_index {
                true => BindingSource::Index,
                false => BindingSource::Value,
            };
            let binding = match settled.found? {
                Found::User(user) => Some(Binding {
                    application: prospect.application,
                    user: Arc::from(user),
                    since: now,
                    source,
                }),
                Found::Nobody | Found::Unreadable => None,
            };
            let session = session(db, &prospect.key);
            // An index may name a session that is no more.
            let absent = by_index && binding.is_some() && !self.track().lives(&session, now);
            (!absent).then_some(Change {
                session,
                binding,
                by_index,
            })
        };
        prospects.iter().zip(founds).filter_map(change).collect()
    }

    /// Decides on every change: all may be, or none. Whoever calls holds the users' locks.
    async fn judge(&self, changes: Vec<Change>) -> Result<Vec<Effect>, Denied> {
        let mut effects = Vec::new();
        for change in changes {
            match change.binding {
                Some(binding) => {
                    let by_index = change.by_index;
                    self.admit(change.session, binding, &mut effects)
                        .await
                        .map_err(|denied| Denied { by_index, ..denied })?;
                }
                None => effects.push(Effect::Unbind(change.session)),
            }
        }
        Ok(effects)
    }

    /// Decides on one login; what follows from it is added to `effects`. Whoever calls holds the user's lock.
    pub(super) async fn admit(
        &self,
        session: SessionKey,
        binding: Binding,
        effects: &mut Vec<Effect>,
    ) -> Result<(), Denied> {
        let Some(application) = self.registry.applications.get(binding.application) else {
            return Ok(());
        };
        let denied = |text| Denied {
            text,
            session: session.clone(),
            by_index: false,
        };
        let now = self.now();
        if self
            .registry
            .denies()
            .covers(&binding.user, &application.name, now)
        {
            return Err(denied(user_denied(&application.name)));
        }
        if self.registry.is_ended(&session, now) {
            return Err(denied(format!(
                "SESSIONENDED this session of application `{}` was ended, hint: log in again",
                application.name
            )));
        }
        let mut others = Vec::new();
        if application.login.limit.is_some() {
            let rest = |others: &mut Vec<SessionKey>| {
                others.extend(bound_to(effects, &binding.user));
                others.retain(|other| {
                    *other != session && !effects.iter().any(|one| one.ends(other))
                });
            };
            others = self.live_sessions(binding.application, &binding.user, now);
            rest(&mut others);
            if application.login.decide(others.len()) != Decision::Allow {
                // Some may have ended without the edge: nobody is turned away for those.
                self.look_at(&others).await;
                others = self.live_sessions(binding.application, &binding.user, self.now());
                rest(&mut others);
            }
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

    /// The sessions of a user that have not run out, the oldest first.
    fn live_sessions(&self, application: AppNumber, user: &str, now: Timestamp) -> Vec<SessionKey> {
        let users = self.registry.users();
        let track = self.track();
        let sessions = users.sessions(application, user);
        sessions
            .filter(|session| track.lives(session, now))
            .cloned()
            .collect()
    }

    /// Refuses a login.
    async fn turn_away(&self, denied: Denied) -> Reply {
        let session = &denied.session;
        self.rejected(session.db, &session.key, self.now());
        if denied.by_index
            && let Err(fault) = self.end(session).await
        {
            return Reply::Error(fault.text.into());
        }
        Reply::Error(denied.text.into())
    }
}

fn users(changes: &[Change]) -> Vec<&str> {
    let bindings = changes.iter().filter_map(|change| change.binding.as_ref());
    bindings.map(|binding| &*binding.user).collect()
}

/// Whether a call may come to nothing without an error, so that only the value afterwards tells.
fn is_conditional(call: &Call) -> bool {
    let has = |word: &[u8]| {
        let options = call.args.get(2..).unwrap_or_default();
        options
            .iter()
            .any(|option| option.eq_ignore_ascii_case(word))
    };
    match call.spec.name {
        "setnx" | "hsetnx" | "msetnx" => true,
        "set" => has(b"NX") || has(b"XX"),
        _ => false,
    }
}
