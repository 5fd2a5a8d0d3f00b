//! Decides on logins: what the rules of the application, denies and other sessions of the user allow.
//!
//! All shards are held. Nothing is changed here but sessions that have run out: what follows is given back as
//! effects, so that several logins of one command are all made or none.

use std::{borrow::Cow, sync::Arc};

use bongsu_sdk_model::SessionEventKind;

use super::{Db, Engine, bindings::Effect, orders::session};
use crate::sessions::{
    AppNumber, Binding, BindingSource, Decision, Found, Prospect, SessionKey, login_denied,
    user_denied,
};

/// A login that may not be.
#[derive(Debug)]
pub(super) struct Denied {
    /// The error that is its reply.
    pub(super) text: String,
    /// Whose login it is.
    pub(super) session: SessionKey,
    /// Whether it was told by an index: the login itself is in the session's value already, so it ends.
    pub(super) by_index: bool,
}

impl Engine {
    /// Decides on every login among the outcomes: all may be, or none.
    pub(super) fn judge(
        &self,
        db: &mut Db<'_>,
        outcome: Vec<(&Prospect<'_>, Found)>,
    ) -> Result<Vec<Effect>, Denied> {
        let mut effects = Vec::new();
        for (prospect, found) in outcome {
            let session = session(prospect.db, &prospect.key);
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
                            by_index: prospect.by_index,
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
            session: session.clone(),
            by_index: false,
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
}
