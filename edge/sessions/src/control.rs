//! What the rest of the edge may ask and order of sessions: the same as the `BONGSU.` commands, and the live view.
//!
//! An order is answered when the journal has it as durably as `durability` says, or the backend as its configuration
//! says. Texts of errors are those of
//! the commands.

use std::sync::Arc;

use bongsu_sdk_model::{SessionCounts, Timestamp};

use crate::{
    Handle,
    command::DATABASES,
    engine::{Db, session},
    sessions::{BindingSource, Deny, Filter, LONGEST_PAGE, Page, Query, SessionKey, Visit},
    store::Store,
};

/// Sessions ended while commands are kept waiting.
const HANDFUL: usize = 64;

/// Why an order was not carried out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OrderError {
    /// A rule or the order itself forbids it.
    #[error("{0}")]
    Refused(String),
    /// The journal cannot be written; the order may be in effect until a restart.
    #[error("the session journal failed: {0}, hint: free the disk")]
    Journal(String),
}

/// A session of a user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BoundSession {
    /// Its application.
    pub application: Arc<str>,
    /// Its database.
    pub database: u8,
    /// Its key, which contains its id: whoever knows it can take the session over.
    pub key: Arc<[u8]>,
    /// Since when it is the user's.
    pub since: Timestamp,
}

/// Orders and questions about sessions; a clone is the same store.
#[derive(Debug, Clone)]
pub struct Control(Store);

impl Handle {
    /// Orders and questions about its sessions.
    #[must_use]
    pub fn control(&self) -> Control {
        Control(self.store.clone())
    }
}

impl Control {
    /// Binds the session at a key to a user, as the rule for logins allows. Its application is told by the key
    /// unless it is given.
    ///
    /// # Errors
    /// [`OrderError`] if there is no such session, or the user may not log in.
    pub async fn bind(
        &self,
        database: u8,
        key: &[u8],
        user: &str,
        application: Option<&str>,
    ) -> Result<(), OrderError> {
        check(database)?;
        let session = session(database, key);
        let engine = match &self.0 {
            Store::Local(engine) => engine,
            Store::Redis(backend) => {
                let source = BindingSource::Command;
                return backend.order_bind(session, user, application, source).await;
            }
        };
        let bind = |db: &mut Db<'_>| {
            engine.order_bind(db, session, user, application, BindingSource::Command)
        };
        engine.exclusively(bind).await?.map_err(OrderError::Refused)
    }

    /// Makes a session nobody's; whether it was somebody's.
    ///
    /// # Errors
    /// [`OrderError`] if there is no such database.
    pub async fn unbind(&self, database: u8, key: &[u8]) -> Result<bool, OrderError> {
        check(database)?;
        let session = session(database, key);
        match &self.0 {
            Store::Local(engine) => engine.exclusively(|db| engine.unbind(db, session)).await,
            Store::Redis(backend) => backend.order_unbind(session).await,
        }
    }

    /// Notes a transaction that carried a session id, and binds the session if it carried a user, too. The
    /// login has happened by then: one that may not be ends the session. Cheap unless the user is news.
    ///
    /// # Errors
    /// [`OrderError::Journal`].
    pub async fn visited(
        &self,
        id: &str,
        visit: Visit,
        user: Option<&str>,
    ) -> Result<(), OrderError> {
        let engine = match &self.0 {
            Store::Local(engine) => engine,
            Store::Redis(backend) => return backend.visited(id, visit, user).await,
        };
        let Some(sessions) = engine.note_visit(id, visit, user) else {
            return Ok(());
        };
        let bind = |db: &mut Db<'_>| {
            for session in sessions {
                let source = BindingSource::Transaction;
                let bound =
                    engine.order_bind(db, session.clone(), user.unwrap_or_default(), None, source);
                if bound.is_err() {
                    engine.end(db, &session);
                }
            }
        };
        engine.exclusively(bind).await
    }

    /// Ends a session and what belongs to it; whether it was there.
    ///
    /// # Errors
    /// [`OrderError`] if there is no such database.
    pub async fn end(&self, database: u8, key: &[u8]) -> Result<bool, OrderError> {
        check(database)?;
        let session = session(database, key);
        match &self.0 {
            Store::Local(engine) => engine.exclusively(|db| engine.end(db, &session)).await,
            Store::Redis(backend) => backend.order_end(&session).await,
        }
    }

    /// Ends the sessions of a user, in one application or in all; how many there were.
    ///
    /// # Errors
    /// [`OrderError`] if there is no such application.
    pub async fn end_user(
        &self,
        user: &str,
        application: Option<&str>,
    ) -> Result<usize, OrderError> {
        match &self.0 {
            Store::Local(engine) => {
                let number = application.map(|name| engine.application(name));
                let number = number.transpose().map_err(OrderError::Refused)?;
                engine
                    .exclusively(|db| engine.order_end_user(db, user, number))
                    .await
            }
            Store::Redis(backend) => {
                let number = application.map(|name| backend.application(name));
                backend.order_end_user(user, number.transpose()?).await
            }
        }
    }

    /// Ends every session a filter takes, some at a time; how many there were. A filter that takes every session
    /// is refused.
    ///
    /// # Errors
    /// [`OrderError`]; sessions may have ended by then.
    pub async fn end_matching(&self, filter: &Filter) -> Result<usize, OrderError> {
        if filter.is_empty() {
            return Err(OrderError::Refused(
                "ERR this filter takes every session, hint: name a condition".to_owned(),
            ));
        }
        let mut query = Query {
            filter: filter.clone(),
            page: LONGEST_PAGE,
            ..Query::default()
        };
        let mut ended = 0;
        loop {
            let page = self.live(&query);
            for rows in page.rows.chunks(HANDFUL) {
                let sessions = rows.iter().map(|row| SessionKey {
                    db: row.database,
                    key: Arc::clone(&row.key),
                });
                ended += self.end_handful(sessions.collect()).await?;
            }
            query.after = page.next;
            if query.after.is_none() {
                return Ok(ended);
            }
        }
    }

    async fn end_handful(&self, sessions: Vec<SessionKey>) -> Result<usize, OrderError> {
        match &self.0 {
            Store::Local(engine) => {
                let end = |db: &mut Db<'_>| {
                    let sessions = sessions.iter();
                    sessions.filter(|session| engine.end(db, session)).count()
                };
                engine.exclusively(end).await
            }
            Store::Redis(backend) => {
                let mut ended = 0;
                for session in &sessions {
                    ended += usize::from(backend.order_end(session).await?);
                }
                Ok(ended)
            }
        }
    }

    /// Denies a user until an instant and ends the user's sessions there; how many there were.
    ///
    /// # Errors
    /// [`OrderError`] if there is no such application, or the instant has passed.
    pub async fn deny(&self, deny: Deny) -> Result<usize, OrderError> {
        match &self.0 {
            Store::Local(engine) => {
                let denied = engine.exclusively(|db| engine.order_deny(db, deny)).await?;
                denied.map_err(OrderError::Refused)
            }
            Store::Redis(backend) => backend.order_deny(deny).await,
        }
    }

    /// Allows a user again, in one application or wherever there is a deny; how many denies there were.
    ///
    /// # Errors
    /// [`OrderError::Journal`].
    pub async fn allow(&self, user: &str, application: Option<&str>) -> Result<usize, OrderError> {
        match &self.0 {
            Store::Local(engine) => {
                engine
                    .exclusively(|db| engine.order_allow(db, user, application))
                    .await
            }
            Store::Redis(backend) => backend.order_allow(user, application).await,
        }
    }

    /// Every deny that has not ended.
    #[must_use]
    pub fn denies(&self) -> Vec<Deny> {
        match &self.0 {
            Store::Local(engine) => engine.denies(),
            Store::Redis(backend) => backend.denies(),
        }
    }

    /// A page of sessions. Blocks for a fraction of a second if there are a million of them: call it where
    /// that may be.
    #[must_use]
    pub fn live(&self, query: &Query) -> Page {
        match &self.0 {
            Store::Local(engine) => engine.live(query),
            Store::Redis(backend) => backend.live(query),
        }
    }

    /// The sessions of a user.
    #[must_use]
    pub fn sessions_of(&self, user: &str) -> Vec<BoundSession> {
        let listed = match &self.0 {
            Store::Local(engine) => engine.holding_all(|db| engine.sessions_of(db, user)).0,
            Store::Redis(backend) => backend.sessions_of(user),
        };
        let listed = listed.into_iter();
        listed
            .map(|(application, session, since)| BoundSession {
                application,
                database: session.db,
                key: session.key,
                since,
            })
            .collect()
    }

    /// Whose the session with this id is, in whatever application; none: nobody's, or there is no such session.
    #[must_use]
    pub fn user_of(&self, id: &str) -> Option<Arc<str>> {
        match &self.0 {
            Store::Local(engine) => engine.user_by_id(id),
            Store::Redis(backend) => backend.user_by_id(id),
        }
    }

    /// The counts of every application; their bytes are not counted apart and zero here.
    #[must_use]
    pub fn counts(&self) -> Vec<(Arc<str>, SessionCounts)> {
        match &self.0 {
            Store::Local(engine) => engine.counts_by_application(),
            Store::Redis(backend) => backend.counts_by_application(),
        }
    }

    /// How many sessions are bound, and how many users they are of, counted per application.
    #[must_use]
    pub fn bound(&self) -> (usize, usize) {
        match &self.0 {
            Store::Local(engine) => engine.bound(),
            Store::Redis(backend) => backend.bound(),
        }
    }
}

/// Databases beyond hold bindings and denies.
fn check(database: u8) -> Result<(), OrderError> {
    match database < DATABASES {
        true => Ok(()),
        false => Err(OrderError::Refused(
            "ERR DB index is out of range".to_owned(),
        )),
    }
}
