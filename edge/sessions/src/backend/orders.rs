//! What operators order: bind, unbind, end, deny, allow. Shared by the `BONGSU.` commands and the API.

use std::{sync::Arc, time::Duration};

use bongsu_sdk_model::{SessionCounts, Timestamp};
use bytes::Bytes;

use super::{
    Backend,
    delivery::Parcel,
    login::Effect,
    look::{delete, on_key},
    names,
};
use crate::{
    OrderError,
    command::{Refusal, args},
    engine::{Call, LONGEST_REASON, session},
    protocol::{Protocol, Reply},
    sessions::{AppNumber, Binding, BindingSource, Deny, SessionKey, Visit, deny_key, is_user},
};

/// Longest time a deny may be given, seconds: ten years.
const LONGEST_DENY: i64 = 10 * 366 * 86_400;

fn refused(text: impl Into<String>) -> OrderError {
    OrderError::Refused(text.into())
}

impl Backend {
    /// The number of the application called `name`.
    pub(crate) fn application(&self, name: &str) -> Result<AppNumber, OrderError> {
        let applications = &self.registry.applications;
        applications.named(name).ok_or_else(|| {
            let known: Vec<_> = applications.iter().map(|(_, found)| &*found.name).collect();
            refused(format!(
                "ERR no such application, hint: one of {}",
                known.join(", ")
            ))
        })
    }

    /// Binds the session at `key` to `user`. Its application is told by the key unless it is given.
    pub(crate) async fn order_bind(
        &self,
        session: SessionKey,
        user: &str,
        application: Option<&str>,
        source: BindingSource,
    ) -> Result<(), OrderError> {
        if !is_user(user) {
            return Err(refused(
                "ERR a user id has 1 to 256 bytes, no control characters and no spaces around it",
            ));
        }
        let found = self.registry.applications.session(session.db, &session.key);
        let (found, _) = found.ok_or_else(|| {
            refused("ERR no application has sessions with such a key, hint: name the application")
        })?;
        let application = match application {
            Some(name) => self.application(name)?,
            None => found,
        };
        self.look_at(std::slice::from_ref(&session)).await;
        if !self.track().lives(&session, self.now()) {
            return Err(refused("ERR no such session"));
        }
        let _guards = self.lock_users(&[user]).await;
        let present = self
            .registry
            .users()
            .binding(session.db, &session.key)
            .cloned();
        if present
            .is_some_and(|present| (present.application, &*present.user) == (application, user))
        {
            return Ok(());
        }
        let binding = Binding {
            application,
            user: user.into(),
            since: self.now(),
            source,
        };
        let mut effects = Vec::new();
        self.admit(session, binding, &mut effects)
            .await
            .map_err(|denied| refused(denied.text))?;
        for effect in effects {
            self.carry_out(effect)
                .await
                .map_err(|fault| refused(fault.text))?;
        }
        Ok(())
    }

    /// Makes a session nobody's; whether it was somebody's.
    pub(crate) async fn order_unbind(&self, session: SessionKey) -> Result<bool, OrderError> {
        let bound = self
            .registry
            .users()
            .binding(session.db, &session.key)
            .is_some();
        let unbind = self.carry_out(Effect::Unbind(session)).await;
        unbind.map_err(|fault| refused(fault.text))?;
        Ok(bound)
    }

    /// Ends a session; whether it was there.
    pub(crate) async fn order_end(&self, session: &SessionKey) -> Result<bool, OrderError> {
        self.end(session).await.map_err(|fault| refused(fault.text))
    }

    /// Ends every session of a user, in one application or in all; how many there were.
    pub(crate) async fn order_end_user(
        &self,
        user: &str,
        application: Option<AppNumber>,
    ) -> Result<usize, OrderError> {
        let sessions: Vec<_> = {
            let users = self.registry.users();
            let everywhere = users.everywhere(user);
            let meant =
                everywhere.filter(|(number, _)| application.is_none_or(|only| only == *number));
            meant.map(|(_, session)| session.clone()).collect()
        };
        let mut ended = 0;
        for session in &sessions {
            ended += usize::from(self.order_end(session).await?);
        }
        Ok(ended)
    }

    /// Denies a user and ends his sessions there; how many there were.
    pub(crate) async fn order_deny(&self, mut deny: Deny) -> Result<usize, OrderError> {
        if !is_user(&deny.user) {
            return Err(refused("ERR no user id"));
        }
        if deny.until <= self.now() {
            return Err(refused("ERR a deny ends in the future"));
        }
        deny.reason
            .truncate(deny.reason.floor_char_boundary(LONGEST_REASON));
        let application = deny
            .application
            .as_deref()
            .map(|name| self.application(name));
        let application = application.transpose()?;
        self.keep_deny(&deny).await?;
        let user = Arc::clone(&deny.user);
        self.registry.denies().add(deny);
        self.order_end_user(&user, application).await
    }

    /// Stores a deny in the backend.
    pub(super) async fn keep_deny(&self, deny: &Deny) -> Result<(), OrderError> {
        let key = names::deny(&deny.key());
        let ms = Bytes::from(deny.until.since(self.now()).as_millis().max(1).to_string());
        let (set, px) = (Bytes::from_static(b"SET"), Bytes::from_static(b"PX"));
        let store = on_key(
            false,
            &key,
            [set, key.clone(), deny.encode().into(), px, ms],
        );
        self.ask(store).await
    }

    async fn ask(&self, parcel: Parcel) -> Result<(), OrderError> {
        let told = self.delivery.deliver(Protocol::Resp2, 0, &[parcel]).await;
        told.into_iter().try_for_each(|told| match told {
            Ok(redis::Value::ServerError(error)) => Err(refused(super::delivery::text(&error))),
            Ok(_) => Ok(()),
            Err(fault) => Err(refused(fault.text)),
        })
    }

    /// Allows a user again, in one application or wherever he is denied; how many denies there were.
    pub(crate) async fn order_allow(
        &self,
        user: &str,
        application: Option<&str>,
    ) -> Result<usize, OrderError> {
        let mut denies = self.registry.denies().of(user).to_vec();
        denies.retain(|deny| application.is_none() || deny.application.as_deref() == application);
        for deny in &denies {
            let name = deny_key(user, deny.application.as_deref());
            self.ask(delete(&names::deny(&name))).await?;
            self.registry
                .denies()
                .remove(user, deny.application.as_deref());
        }
        Ok(denies.len())
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

    /// Notes a request of the session with this id, and binds the session if it carried a user, too.
    pub(crate) async fn visited(
        &self,
        id: &str,
        visit: Visit,
        user: Option<&str>,
    ) -> Result<(), OrderError> {
        let sessions = self.with_id(id);
        if sessions.is_empty() {
            return Ok(());
        }
        self.registry.visits().note(id, visit);
        let Some(user) = user.filter(|user| is_user(user)) else {
            return Ok(());
        };
        for session in sessions {
            let present = self
                .registry
                .users()
                .binding(session.db, &session.key)
                .cloned();
            // What the session itself or an operator says counts more than what a transaction says.
            let news = present.is_none_or(|present| {
                present.source == BindingSource::Transaction && &*present.user != user
            });
            if !news {
                continue;
            }
            let bind = self.order_bind(session.clone(), user, None, BindingSource::Transaction);
            if bind.await.is_err() {
                self.order_end(&session).await?;
            }
        }
        Ok(())
    }

    /// Every deny that has not ended.
    pub(crate) fn denies(&self) -> Vec<Deny> {
        self.registry.denies().all(self.now())
    }

    /// The counts of every application.
    pub(crate) fn counts_by_application(&self) -> Vec<(Arc<str>, SessionCounts)> {
        self.tallies.by_application(&self.registry.applications)
    }

    /// How many sessions are bound, and to how many users.
    pub(crate) fn bound(&self) -> (usize, usize) {
        self.registry.users().census()
    }

    /// The sessions of a user: application, key and since when they are his.
    pub(crate) fn sessions_of(&self, user: &str) -> Vec<(Arc<str>, SessionKey, Timestamp)> {
        self.registry.sessions_of(user)
    }

    /// Runs a `BONGSU.` command.
    pub(super) async fn order(&self, call: &Call) -> Reply {
        match self.obey(call).await {
            Ok(reply) => reply,
            Err(OrderError::Refused(text) | OrderError::Journal(text)) => Reply::Error(text.into()),
        }
    }

    async fn obey(&self, call: &Call) -> Result<Reply, OrderError> {
        let args = &call.args[..];
        match (call.spec.name, args) {
            ("bongsu.bind", [key, user, rest @ ..]) => {
                let session = session(call.db, key);
                let application = optional(rest)?;
                self.order_bind(session, text(user)?, application, BindingSource::Command)
                    .await?;
                Ok(Reply::OK)
            }
            ("bongsu.unbind", [key]) => {
                let session = session(call.db, key);
                Ok(Reply::flag(self.order_unbind(session).await?))
            }
            ("bongsu.sessions", [user]) => Ok(listed(self.sessions_of(text(user)?))),
            ("bongsu.kill", [what, name, rest @ ..]) => self.kill(call.db, what, name, rest).await,
            ("bongsu.deny", [user, seconds, reason, rest @ ..]) => {
                let seconds = args::integer(seconds).map_err(order_error)?;
                if !(1..=LONGEST_DENY).contains(&seconds) {
                    return Err(order_error(Refusal::NotInteger));
                }
                let deny = Deny {
                    user: text(user)?.into(),
                    application: optional(rest)?.map(Into::into),
                    until: self.now().plus(Duration::from_secs(seconds.unsigned_abs())),
                    reason: text(reason)?.to_owned(),
                    by: "BONGSU.DENY".to_owned(),
                };
                Ok(Reply::count(self.order_deny(deny).await?))
            }
            ("bongsu.allow", [user, rest @ ..]) => Ok(Reply::count(
                self.order_allow(text(user)?, optional(rest)?).await?,
            )),
            _ => Err(order_error(Refusal::Syntax)),
        }
    }

    async fn kill(
        &self,
        db: u8,
        what: &[u8],
        name: &[u8],
        rest: &[Bytes],
    ) -> Result<Reply, OrderError> {
        match args::keyword(what).as_slice() {
            b"SESSION" if rest.is_empty() => {
                Ok(Reply::flag(self.order_end(&session(db, name)).await?))
            }
            b"SESSION" => Err(order_error(args::subcommand_arity(
                "bongsu.kill",
                "session",
            ))),
            b"USER" => {
                let application = optional(rest)?.map(|name| self.application(name));
                let application = application.transpose()?;
                Ok(Reply::count(
                    self.order_end_user(text(name)?, application).await?,
                ))
            }
            _ => Err(order_error(args::unknown_subcommand("BONGSU.KILL", what))),
        }
    }
}

fn order_error(refusal: Refusal) -> OrderError {
    refused(refusal.to_string())
}

fn text(arg: &[u8]) -> Result<&str, OrderError> {
    std::str::from_utf8(arg).map_err(|_| refused("ERR not UTF-8"))
}

fn optional(rest: &[Bytes]) -> Result<Option<&str>, OrderError> {
    match rest {
        [] => Ok(None),
        [one] => text(one).map(Some),
        _ => Err(order_error(Refusal::Syntax)),
    }
}

fn listed(sessions: Vec<(Arc<str>, SessionKey, Timestamp)>) -> Reply {
    let bulk = |bytes: &[u8]| Reply::Bulk(Bytes::copy_from_slice(bytes));
    let row = |(application, session, since): (Arc<str>, SessionKey, Timestamp)| {
        Reply::Array(vec![
            bulk(application.as_bytes()),
            Reply::Integer(i64::from(session.db)),
            bulk(&session.key),
            Reply::Integer(since.as_ms()),
        ])
    };
    Reply::Array(sessions.into_iter().map(row).collect())
}
