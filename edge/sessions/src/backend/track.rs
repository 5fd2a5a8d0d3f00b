//! What the edge knows of sessions whose values are elsewhere: since when they are there, when they end, how large
//! they are.
//!
//! Learnt by looking: behind each write to a session its remaining time is asked for, so whatever the write was,
//! what is known is what the backend says. When a session should have run out, it is looked at again. A plain
//! map and a queue; nothing here waits.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
    time::Duration,
};

use bongsu_sdk_model::{SessionEventKind, Timestamp};

use crate::sessions::{AppNumber, Applications, Role, SessionKey};

/// What is known of one session, or of the shadow of one.
#[derive(Debug, Clone)]
pub(super) struct Known {
    /// Its application.
    pub(super) application: AppNumber,
    /// Whether it is a session, not a shadow of one.
    pub(super) is_session: bool,
    /// When it was first seen.
    pub(super) created: Timestamp,
    /// When a command last named it.
    pub(super) accessed: Timestamp,
    /// When it runs out.
    pub(super) expires: Option<Timestamp>,
    /// Bytes the backend uses for it.
    pub(super) bytes: usize,
    /// Until when the key of its binding lives; none: unknown.
    pub(super) binding_until: Option<Timestamp>,
    /// When it is to be looked at.
    due: Option<Timestamp>,
    /// Whether it is not sure that it is there.
    suspect: bool,
}

/// What a look at a key showed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Look {
    /// When it runs out, or never; none: it is not there.
    pub(super) there: Option<Option<Timestamp>>,
    /// Bytes the backend uses for it; none: not asked, or not known.
    pub(super) bytes: Option<usize>,
}

impl Look {
    /// Reads the reply to `PTTL`.
    pub(super) fn new(pttl: i64, bytes: Option<usize>, now: Timestamp) -> Self {
        let there = match pttl {
            -2 => None,
            ms => Some(
                u64::try_from(ms)
                    .ok()
                    .map(|ms| now.plus(Duration::from_millis(ms))),
            ),
        };
        Self { there, bytes }
    }
}

/// The application of a key that is kept track of, and whether it holds a session.
pub(super) fn role(applications: &Applications, db: u8, key: &[u8]) -> Option<(AppNumber, bool)> {
    match applications.recognise(db, key)? {
        (application, Role::Session(_)) => Some((application, true)),
        (application, Role::Shadow(_)) => Some((application, false)),
        _ => None,
    }
}

/// Every session and shadow.
#[derive(Debug, Default)]
pub(super) struct Track {
    keys: HashMap<u8, HashMap<Arc<[u8]>, Known>>,
    due: BTreeSet<(Timestamp, SessionKey)>,
    bytes: usize,
}

impl Track {
    /// What is known of a key.
    pub(super) fn known(&self, db: u8, key: &[u8]) -> Option<&Known> {
        self.keys.get(&db)?.get(key)
    }

    /// Whether a session is there and has not run out.
    pub(super) fn lives(&self, session: &SessionKey, now: Timestamp) -> bool {
        self.known(session.db, &session.key)
            .is_some_and(|known| known.expires.is_none_or(|expires| expires > now))
    }

    /// A command named a key.
    pub(super) fn touch(&mut self, db: u8, key: &[u8], now: Timestamp) -> Option<&mut Known> {
        let known = self.keys.get_mut(&db)?.get_mut(key)?;
        known.accessed = now;
        Some(known)
    }

    /// Takes in what a look showed; what happened to the session, if that is news.
    pub(super) fn observe(
        &mut self,
        applications: &Applications,
        session: &SessionKey,
        look: Look,
        now: Timestamp,
    ) -> Option<SessionEventKind> {
        let Some(expires) = look.there else {
            let due = self.known(session.db, &session.key)?.expires;
            self.forget(session);
            return Some(match due {
                Some(due) if due <= now => SessionEventKind::Expired,
                _ => SessionEventKind::Destroyed,
            });
        };
        let (application, is_session) = role(applications, session.db, &session.key)?;
        let keys = self.keys.entry(session.db).or_default();
        let is_new = !keys.contains_key(&session.key);
        let known = keys.entry(Arc::clone(&session.key)).or_insert(Known {
            application,
            is_session,
            created: now,
            accessed: now,
            expires,
            bytes: 0,
            binding_until: None,
            due: None,
            suspect: false,
        });
        known.suspect = false;
        known.expires = expires;
        if let Some(bytes) = look.bytes {
            self.bytes = self.bytes + bytes - known.bytes;
            known.bytes = bytes;
        }
        // What is due too early is put off when its time comes.
        let early = expires.is_some_and(|at| known.due.is_some_and(|due| due <= at));
        if !early {
            self.set_due(session, expires);
        }
        is_new.then_some(SessionEventKind::Created)
    }

    /// A session may be there or not: it will be looked at soon.
    pub(super) fn suspect(
        &mut self,
        applications: &Applications,
        session: &SessionKey,
        now: Timestamp,
    ) -> Option<SessionEventKind> {
        let known = self
            .known(session.db, &session.key)
            .map(|known| known.expires);
        let look = Look {
            there: Some(known.flatten()),
            bytes: None,
        };
        let news = self.observe(applications, session, look, now);
        self.set_due(session, Some(now));
        let keys = self.keys.get_mut(&session.db);
        if let Some(known) = keys.and_then(|keys| keys.get_mut(&session.key)) {
            known.suspect = true;
        }
        news
    }

    /// The keys that should have run out by now, each once; `again` is when to look anew if nobody does.
    pub(super) fn take_due(
        &mut self,
        now: Timestamp,
        most: usize,
        again: Timestamp,
    ) -> Vec<SessionKey> {
        let mut found = Vec::new();
        while found.len() < most
            && let Some((at, session)) = self.due.pop_first()
        {
            if at > now {
                self.due.insert((at, session));
                break;
            }
            let known = self.keys.get_mut(&session.db);
            let Some(known) = known.and_then(|keys| keys.get_mut(&session.key)) else {
                continue;
            };
            known.due = None;
            match known.expires {
                // It was given more time meanwhile.
                Some(expires) if expires > now && !known.suspect => {
                    self.set_due(&session, Some(expires))
                }
                _ => {
                    self.set_due(&session, Some(again));
                    found.push(session);
                }
            }
        }
        found
    }

    fn set_due(&mut self, session: &SessionKey, at: Option<Timestamp>) {
        let known = self.keys.get_mut(&session.db);
        let Some(known) = known.and_then(|keys| keys.get_mut(&session.key)) else {
            return;
        };
        if let Some(before) = std::mem::replace(&mut known.due, at) {
            self.due.remove(&(before, session.clone()));
        }
        if let Some(at) = at {
            self.due.insert((at, session.clone()));
        }
    }

    fn forget(&mut self, session: &SessionKey) {
        self.set_due(session, None);
        if let Some(keys) = self.keys.get_mut(&session.db)
            && let Some(known) = keys.remove(&session.key)
        {
            self.bytes -= known.bytes;
        }
    }

    /// Notes until when the key of a session's binding lives.
    pub(super) fn note_binding(&mut self, session: &SessionKey, until: Option<Timestamp>) {
        let keys = self.keys.get_mut(&session.db);
        if let Some(known) = keys.and_then(|keys| keys.get_mut(&session.key)) {
            known.binding_until = until;
        }
    }

    /// Bytes of all sessions.
    pub(super) const fn bytes(&self) -> usize {
        self.bytes
    }

    /// Every key of a database, or of all.
    pub(super) fn keys(&self, db: Option<u8>) -> Vec<SessionKey> {
        let wanted = |number: &u8| db.is_none_or(|only| only == *number);
        let databases = self.keys.iter().filter(|(number, _)| wanted(number));
        let keys = databases.flat_map(|(number, keys)| keys.keys().map(|key| (*number, key)));
        keys.map(|(db, key)| SessionKey {
            db,
            key: Arc::clone(key),
        })
        .collect()
    }

    /// Every session with what is known of it.
    pub(super) fn sessions(&self) -> impl Iterator<Item = (u8, &Arc<[u8]>, &Known)> {
        let keys = self.keys.iter();
        keys.flat_map(|(db, keys)| keys.iter().map(|(key, known)| (*db, key, known)))
            .filter(|(_, _, known)| known.is_session)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: i64 = 1000;

    fn at(ms: i64) -> Timestamp {
        Timestamp::from_ms(ms)
    }

    fn session(key: &str) -> SessionKey {
        SessionKey {
            db: 0,
            key: key.as_bytes().into(),
        }
    }

    fn look(track: &mut Track, key: &str, pttl: i64, now: i64) -> Option<SessionEventKind> {
        let look = Look::new(pttl, Some(100), at(now));
        track.observe(&Applications::default(), &session(key), look, at(now))
    }

    #[test]
    fn a_session_begins_and_ends_as_looks_show() {
        let mut track = Track::default();
        assert_eq!(look(&mut track, "sess:a", -2, 0), None);
        assert_eq!(
            look(&mut track, "sess:a", SECOND, 0),
            Some(SessionEventKind::Created)
        );
        assert_eq!(look(&mut track, "sess:a", SECOND, 500), None);
        assert_eq!(track.bytes(), 100);
        assert!(track.lives(&session("sess:a"), at(1499)));
        assert!(!track.lives(&session("sess:a"), at(1500)));
        assert_eq!(
            look(&mut track, "sess:a", -2, 600),
            Some(SessionEventKind::Destroyed)
        );
        assert_eq!(
            look(&mut track, "sess:b", SECOND, 0),
            Some(SessionEventKind::Created)
        );
        assert_eq!(
            look(&mut track, "sess:b", -2, 1000),
            Some(SessionEventKind::Expired)
        );
        assert_eq!((track.bytes(), track.due.len()), (0, 0));
        assert_eq!(look(&mut track, "cart:a", SECOND, 0), None);
    }

    #[test]
    fn a_session_is_due_when_it_should_have_run_out() {
        let mut track = Track::default();
        look(&mut track, "sess:a", SECOND, 0);
        look(&mut track, "sess:b", -1, 0);
        look(&mut track, "sess:a", SECOND, 500);
        assert_eq!(track.take_due(at(1400), 9, at(2400)), []);
        assert_eq!(track.take_due(at(1500), 9, at(2500)), [session("sess:a")]);
        // Nobody looked: again, but not at once.
        assert_eq!(track.take_due(at(1600), 9, at(2600)), []);
        assert_eq!(track.take_due(at(2500), 9, at(3500)), [session("sess:a")]);
        look(&mut track, "sess:a", -2, 2500);
        assert_eq!(track.take_due(at(9000), 9, at(9999)), []);
    }

    #[test]
    fn what_may_be_there_is_looked_at_soon() {
        let mut track = Track::default();
        let applications = Applications::default();
        track.suspect(&applications, &session("sess:a"), at(10));
        assert_eq!(track.take_due(at(10), 9, at(1010)), [session("sess:a")]);
        look(&mut track, "sess:b", 60 * SECOND, 0);
        track.suspect(&applications, &session("sess:b"), at(20));
        assert_eq!(
            look(&mut track, "sess:b", -2, 20),
            Some(SessionEventKind::Destroyed)
        );
    }
}
