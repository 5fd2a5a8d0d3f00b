//! Looking at sessions and taking in what was seen: counts, events, bindings that go, lives that are limited.

use std::time::Duration;

use bongsu_sdk_model::{SessionEventKind, Timestamp};
use bytes::Bytes;
use redis::Value;

use super::{
    Backend,
    delivery::{Parcel, To, Told},
    names,
    slot::slot,
    track::Look,
};
use crate::{
    engine::session,
    protocol::Protocol,
    sessions::{Role, SessionKey},
};

/// How often sessions that should have run out are looked for.
const TICK: Duration = Duration::from_millis(50);
/// Most of them looked at in one go.
const HANDFUL: usize = 1024;
/// When a session is looked at again if the backend did not say.
const AGAIN: Duration = Duration::from_secs(1);
/// How long the key of a binding lives if its session's time is not known, and beyond it.
pub(super) const BINDING_LIFE: Duration = Duration::from_hours(24);

/// The replies to a look.
#[derive(Debug)]
pub(super) struct Looked;

impl Looked {
    /// Replies to one look.
    const REPLIES: usize = 2;

    /// What asks for a session's time and size.
    pub(super) fn parcels(session: &SessionKey) -> [Parcel; Self::REPLIES] {
        let key = Bytes::copy_from_slice(&session.key);
        [
            on_key(true, &key, [Bytes::from_static(b"PTTL"), key.clone()]),
            on_key(
                true,
                &key,
                [
                    Bytes::from_static(b"MEMORY"),
                    Bytes::from_static(b"USAGE"),
                    key.clone(),
                ],
            ),
        ]
    }

    /// Takes the replies; none: the backend did not say.
    pub(super) fn read(told: &[Told], now: Timestamp) -> Option<Look> {
        let Some(Ok(Value::Int(pttl))) = told.first() else {
            return None;
        };
        // A server that does not know the command: the size is not known.
        let bytes = match told.get(1) {
            Some(Ok(Value::Int(bytes))) => usize::try_from(*bytes).ok(),
            _ => None,
        };
        Some(Look::new(*pttl, bytes, now))
    }
}

/// A command on one key.
pub(super) fn on_key(reads: bool, key: &[u8], words: impl IntoIterator<Item = Bytes>) -> Parcel {
    Parcel {
        words: words.into_iter().collect(),
        to: To::Slot(Some(slot(key))),
        reads,
    }
}

/// Deletes a key.
pub(super) fn delete(key: &[u8]) -> Parcel {
    let key = Bytes::copy_from_slice(key);
    on_key(false, &key, [Bytes::from_static(b"DEL"), key.clone()])
}

/// Sets when a key runs out; none: never.
pub(super) fn expire(key: &[u8], life: Option<Duration>) -> Parcel {
    let key = Bytes::copy_from_slice(key);
    match life {
        Some(life) => {
            let ms = Bytes::from(life.as_millis().max(1).to_string());
            on_key(
                false,
                &key,
                [Bytes::from_static(b"PEXPIRE"), key.clone(), ms],
            )
        }
        None => on_key(false, &key, [Bytes::from_static(b"PERSIST"), key.clone()]),
    }
}

impl Backend {
    /// Looks at sessions of whatever databases and takes in what is seen.
    pub(super) async fn look_at(&self, sessions: &[SessionKey]) {
        for db in 0..self.databases() {
            let here: Vec<_> = sessions
                .iter()
                .filter(|one| one.db == db)
                .cloned()
                .collect();
            if here.is_empty() {
                continue;
            }
            let parcels: Vec<_> = here.iter().flat_map(Looked::parcels).collect();
            let told = self.delivery.deliver(Protocol::Resp2, db, &parcels).await;
            self.take_in(&here, told).await;
        }
    }

    /// Takes in the replies to looks at sessions of one database; what nobody said is asked for later.
    pub(super) async fn take_in(&self, sessions: &[SessionKey], told: Vec<Told>) {
        let (now, mut more) = (self.now(), Vec::new());
        for (session, told) in sessions.iter().zip(told.chunks(Looked::REPLIES)) {
            match Looked::read(told, now) {
                Some(look) => more.extend(self.observe(session, look, now)),
                None => self.suspect(session, now),
            }
        }
        if let Some(session) = sessions.first() {
            self.tidy(session.db, more).await;
        }
    }

    /// Does what follows from a look. If that fails, the next look says so again.
    pub(super) async fn tidy(&self, db: u8, parcels: Vec<Parcel>) {
        if parcels.is_empty() {
            return;
        }
        let told = self.delivery.deliver(Protocol::Resp2, db, &parcels).await;
        for fault in told.into_iter().filter_map(Result::err) {
            tracing::debug!(why = fault.text, "session backend: not tidied up");
        }
    }

    /// A session may be there or not.
    pub(super) fn suspect(&self, session: &SessionKey, now: Timestamp) {
        let news = self
            .track()
            .suspect(&self.registry.applications, session, now);
        if let Some(kind) = news {
            self.ledger().record(kind, session.db, &session.key, now);
        }
    }

    /// Takes in one look; what must be done for it.
    pub(super) fn observe(&self, session: &SessionKey, look: Look, now: Timestamp) -> Vec<Parcel> {
        let news = {
            let mut track = self.track();
            let news = track.observe(&self.registry.applications, session, look, now);
            self.tallies.note_bytes(track.bytes());
            news
        };
        if let Some(kind) = news {
            self.ledger().record(kind, session.db, &session.key, now);
        }
        match (look.there, news) {
            (None, Some(SessionEventKind::Destroyed | SessionEventKind::Expired)) => {
                self.gone(session).into_iter().collect()
            }
            (Some(expires), _) => {
                let mut more: Vec<_> = self.limit(session, expires, now).into_iter().collect();
                more.extend(self.renew_binding(session, now));
                more
            }
            _ => Vec::new(),
        }
    }

    /// A session or its shadow has gone: so does its binding.
    fn gone(&self, gone: &SessionKey) -> Option<Parcel> {
        let applications = &self.registry.applications;
        let bound = match applications.recognise(gone.db, &gone.key) {
            Some((number, Role::Shadow(id))) => {
                let key = applications.get(number)?.session_key(id)?;
                session(gone.db, &key)
            }
            _ => gone.clone(),
        };
        let was_bound = self
            .registry
            .users()
            .binding(bound.db, &bound.key)
            .is_some();
        self.registry.gone(gone.db, &gone.key);
        was_bound.then(|| delete(&names::binding(&bound.key)))
    }

    /// Keeps a session's life within what its application's may have.
    fn limit(
        &self,
        session: &SessionKey,
        expires: Option<Timestamp>,
        now: Timestamp,
    ) -> Option<Parcel> {
        let applications = &self.registry.applications;
        if !applications.have_lifetimes() {
            return None;
        }
        let (number, _) = applications.session(session.db, &session.key)?;
        let lifetime = &applications.get(number)?.lifetime;
        let created = self.track().known(session.db, &session.key)?.created;
        let bound = self
            .registry
            .users()
            .binding(session.db, &session.key)
            .is_some();
        let may = lifetime.expires(expires, created, now, bound);
        self.set_expiry(session, expires, may, now)
    }

    /// Lets a session that was read live on, where its application says so.
    pub(super) fn renewal(&self, db: u8, key: &[u8], now: Timestamp) -> Option<Parcel> {
        let (created, expires) = {
            let mut track = self.track();
            let known = track.touch(db, key, now)?;
            (known.created, known.expires)
        };
        let applications = &self.registry.applications;
        if !applications.have_lifetimes() {
            return None;
        }
        let (number, _) = applications.session(db, key)?;
        let lifetime = &applications.get(number)?.lifetime;
        let bound = self.registry.users().binding(db, key).is_some();
        let may = lifetime.renewed(expires, created, now, bound)?;
        self.set_expiry(&session(db, key), expires, Some(may), now)
    }

    fn set_expiry(
        &self,
        session: &SessionKey,
        expires: Option<Timestamp>,
        may: Option<Timestamp>,
        now: Timestamp,
    ) -> Option<Parcel> {
        // What is less than this apart is the time between the write and the look.
        const NEAR: Duration = Duration::from_millis(100);
        let near = match (expires, may) {
            (Some(is), Some(may)) => is.since(may) < NEAR && may.since(is) < NEAR,
            (is, may) => is == may,
        };
        if near {
            return None;
        }
        let look = Look {
            there: Some(may),
            bytes: None,
        };
        self.track()
            .observe(&self.registry.applications, session, look, now);
        Some(expire(&session.key, may.map(|may| may.since(now))))
    }

    /// Lets the key of a session's binding outlive the session: it is renewed to twice the session's life when
    /// that has grown beyond it, which is seldom.
    fn renew_binding(&self, session: &SessionKey, now: Timestamp) -> Option<Parcel> {
        self.registry.users().binding(session.db, &session.key)?;
        let (expires, until) = {
            let track = self.track();
            let known = track.known(session.db, &session.key)?;
            (known.expires, known.binding_until)
        };
        let end = Timestamp::from_ms(i64::MAX);
        let until = until.unwrap_or(now);
        if until > expires.unwrap_or(end) || until == end {
            return None;
        }
        let life = expires.map(|expires| expires.since(now) * 2 + TICK);
        let until = life.map_or(end, |life| now.plus(life));
        self.track().note_binding(session, Some(until));
        Some(expire(&names::binding(&session.key), life))
    }

    /// Looks at sessions when they should have run out, so that their end is told.
    pub(super) async fn watch_expiry(&self) {
        let mut tick = tokio::time::interval(TICK);
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tick.tick().await;
            loop {
                let now = self.now();
                let due = self.track().take_due(now, HANDFUL, now.plus(AGAIN));
                if due.is_empty() {
                    break;
                }
                self.look_at(&due).await;
            }
        }
    }
}
