//! Reads what the backend holds: sessions, whose they are, and who is denied. Once at the start; `SCAN` over every
//! primary, a page at a time, so that the backend goes on serving.

use std::{sync::atomic::Ordering::Relaxed, time::Duration};

use bongsu_sdk_model::Timestamp;
use bytes::Bytes;
use redis::Value;

use super::{
    Backend,
    config::Node,
    delivery::{Parcel, To, Told, text},
    look::{Looked, on_key},
    names::{self, Ours},
    reply,
    track::{Look, role},
};
use crate::{
    engine::session as key_of,
    protocol::Protocol,
    sessions::{BINDINGS, DENIES, SessionKey},
};

/// Keys asked for at once.
const PAGE: &[u8] = b"1000";

impl Backend {
    /// Finds the primaries and reads them; the error says why that was not possible.
    pub(super) async fn load(&self) -> Result<(), String> {
        self.delivery.refresh(Duration::ZERO).await?;
        for node in self.delivery.primaries() {
            for db in 0..self.databases() {
                self.read_node(&node, db).await?;
            }
        }
        let mut stale = Vec::new();
        let now = self.now();
        self.registry.finish_load(|session| {
            let lives = self.is_live(session, now);
            if !lives {
                stale.push(session.clone());
            }
            lives
        });
        for session in stale {
            let key = names::binding(&session.key);
            self.tidy(session.db, vec![super::look::delete(&key)]).await;
        }
        self.ready.store(true, Relaxed);
        let (bound, users) = self.registry.users().census();
        let sessions = self.tallies.counts().active;
        tracing::info!(sessions, bound, users, "session backend read");
        Ok(())
    }

    /// A session lives while its key is there, and its shadow if its application keeps one.
    fn is_live(&self, session: &SessionKey, now: Timestamp) -> bool {
        let applications = &self.registry.applications;
        let shadow = applications.session(session.db, &session.key);
        let shadow = shadow.and_then(|(number, id)| {
            let pattern = applications.get(number)?.shadow.as_ref()?;
            Some(key_of(session.db, &pattern.key(id)))
        });
        let track = self.track();
        track.lives(session, now) && shadow.is_none_or(|shadow| track.lives(&shadow, now))
    }

    async fn read_node(&self, node: &Node, db: u8) -> Result<(), String> {
        let mut cursor = Bytes::from_static(b"0");
        loop {
            let (scan, count) = (Bytes::from_static(b"SCAN"), Bytes::from_static(b"COUNT"));
            let parcel = Parcel {
                words: vec![scan, cursor, count, Bytes::from_static(PAGE)],
                to: To::Node(node.clone()),
                reads: true,
            };
            let mut told = self.delivery.deliver(Protocol::Resp2, db, &[parcel]).await;
            let (next, keys) = read_page(told.pop())?;
            self.read_keys(db, keys).await?;
            if *next == *b"0" {
                return Ok(());
            }
            cursor = next;
        }
    }

    async fn read_keys(&self, db: u8, keys: Vec<Bytes>) -> Result<(), String> {
        let applications = &self.registry.applications;
        let mut sessions = Vec::new();
        let mut ours = Vec::new();
        for key in keys {
            if names::read(&key).is_some() {
                ours.push(key);
            } else if role(applications, db, &key).is_some() {
                sessions.push(key_of(db, &key));
            }
        }
        let parcels: Vec<_> = sessions.iter().flat_map(Looked::parcels).collect();
        let told = self.delivery.deliver(Protocol::Resp2, db, &parcels).await;
        let now = self.now();
        for (session, told) in sessions.iter().zip(told.chunks(2)) {
            let look = Looked::read(told, now).ok_or("the backend told no times")?;
            self.found(session, look, now);
        }
        self.read_ours(db, ours).await
    }

    /// A session was there before the edge was.
    fn found(&self, session: &SessionKey, look: Look, now: Timestamp) {
        let mut track = self.track();
        let news = track.observe(&self.registry.applications, session, look, now);
        self.tallies.note_bytes(track.bytes());
        drop(track);
        if news.is_some() {
            self.ledger().found(session.db, &session.key);
        }
    }

    async fn read_ours(&self, db: u8, ours: Vec<Bytes>) -> Result<(), String> {
        let ask = |key: &Bytes| {
            let of =
                |name: &'static [u8]| on_key(true, key, [Bytes::from_static(name), key.clone()]);
            [of(b"GET"), of(b"PTTL")]
        };
        let parcels: Vec<_> = ours.iter().flat_map(ask).collect();
        let told = self.delivery.deliver(Protocol::Resp2, db, &parcels).await;
        let now = self.now();
        for (key, told) in ours.iter().zip(told.chunks(2)) {
            let [Ok(Value::BulkString(value)), Ok(Value::Int(pttl))] = told else {
                // It has just gone, or is none of ours after all.
                continue;
            };
            let expires = Look::new(*pttl, None, now).there.flatten();
            match names::read(key) {
                Some(Ours::Binding(of)) => {
                    let session = key_of(db, of);
                    self.registry
                        .loaded(db + BINDINGS, &session.key, value, expires);
                    self.track().note_binding(&session, expires);
                }
                Some(Ours::Deny(name)) => {
                    self.registry.loaded(DENIES, &name.into(), value, expires);
                }
                None => {}
            }
        }
        Ok(())
    }
}

fn read_page(told: Option<Told>) -> Result<(Bytes, Vec<Bytes>), String> {
    match told {
        Some(Ok(Value::Array(parts))) => match <[Value; 2]>::try_from(parts) {
            Ok([next, Value::Array(keys)]) => {
                let next = reply::bulk(next).ok_or("the backend gave no cursor")?;
                Ok((next, keys.into_iter().filter_map(reply::bulk).collect()))
            }
            _ => Err("the backend gave no page".to_owned()),
        },
        Some(Ok(Value::ServerError(error))) => Err(text(&error)),
        Some(Err(fault)) => Err(fault.text),
        _ => Err("the backend gave no page".to_owned()),
    }
}
