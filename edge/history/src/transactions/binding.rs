//! Whose session it was: session and user, kept after the session has ended. Tokens only.

use std::{
    collections::{BTreeSet, HashMap},
    sync::{Mutex, PoisonError},
};

use bongsu_sdk_model::Timestamp;
use sled::{Batch, Db, Tree};

use crate::{HistoryError, Masked, Token, keys};

/// Bindings remembered as written; beyond, they are written again.
const REMEMBERED: usize = 100_000;
/// How much later a session must be seen again for that to be written, milliseconds.
const AGAIN_MS: i64 = 3_600_000;

/// Session to user (and last seen), and user to sessions.
#[derive(Debug)]
pub(super) struct Bindings {
    user_of: Tree,
    sessions_of: Tree,
    written: Mutex<HashMap<(Token, Token), Timestamp>>,
}

impl Bindings {
    pub(super) fn open(db: &Db) -> Result<Self, HistoryError> {
        Ok(Self {
            user_of: db.open_tree("session-user")?,
            sessions_of: db.open_tree("user-session")?,
            written: Mutex::default(),
        })
    }

    /// Notes whose sessions `rows` are of.
    pub(super) fn note(&self, rows: &[Masked]) -> Result<(), HistoryError> {
        let mut written = self.written.lock().unwrap_or_else(PoisonError::into_inner);
        let (mut users, mut sessions) = (Batch::default(), Batch::default());
        for row in rows {
            let (Some(session), Some(user)) = (row.who.session, row.who.user) else {
                continue;
            };
            let at = row.ended;
            let known = written.get(&(session, user));
            if known.is_some_and(|known| at.as_ms() - known.as_ms() < AGAIN_MS) {
                continue;
            }
            if written.len() >= REMEMBERED {
                written.clear();
            }
            written.insert((session, user), at);
            let seen = keys::of_instant(at);
            users.insert(&key(session), [key(user), seen].concat());
            sessions.insert([key(user), key(session)].concat(), &seen);
        }
        self.user_of.apply_batch(users)?;
        Ok(self.sessions_of.apply_batch(sessions)?)
    }

    /// Whose `session` was last.
    pub(super) fn user_of(&self, session: Token) -> Result<Option<Token>, HistoryError> {
        let held = self.user_of.get(key(session))?;
        let user = held.map(|value| keys::number_of(value.get(..8).unwrap_or_default()));
        Ok(user.transpose()?.map(Token))
    }

    /// The sessions of `user`.
    pub(super) fn sessions_of(&self, user: Token) -> Result<BTreeSet<Token>, HistoryError> {
        let keys = self.sessions_of.scan_prefix(key(user)).keys();
        keys.map(|held| {
            let held = held?;
            keys::number_of(held.get(8..).unwrap_or_default()).map(Token)
        })
        .collect()
    }

    /// Forgets a user and all sessions.
    pub(super) fn erase(&self, user: Token) -> Result<(), HistoryError> {
        for session in self.sessions_of(user)? {
            if self.user_of(session)? == Some(user) {
                self.user_of.remove(key(session))?;
            }
            self.sessions_of
                .remove([key(user), key(session)].concat())?;
        }
        let mut written = self.written.lock().unwrap_or_else(PoisonError::into_inner);
        written.retain(|(_, of), _| *of != user);
        Ok(())
    }

    /// Forgets what was not seen since `oldest`.
    pub(super) fn prune(&self, oldest: Timestamp) -> Result<(), HistoryError> {
        for (tree, at) in [(&self.user_of, 8), (&self.sessions_of, 0)] {
            let mut gone = Batch::default();
            for item in tree {
                let (key, value) = item?;
                if keys::instant_of(value.get(at..).unwrap_or_default())? < oldest {
                    gone.remove(key);
                }
            }
            tree.apply_batch(gone)?;
        }
        Ok(())
    }
}

const fn key(token: Token) -> [u8; 8] {
    keys::of_number(token.0)
}
