//! Who is connected right now, and since when who is not. In memory: a restarted center asks nobody before it
//! has heard of them.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use quinn::Connection;
use tokio::sync::Notify;

use bongsu_sdk_model::{SiteId, Timestamp};

use crate::Link;

/// One site's connection as the rest of the center sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SiteLink {
    /// The site.
    pub site: SiteId,
    /// Whether it is connected.
    pub connected: bool,
    /// Since when `connected` has been what it is, by the center's clock.
    pub since: Timestamp,
    /// Where it connects from, or last did.
    pub address: SocketAddr,
    /// The protocol's version on it.
    pub version: u16,
    /// The edge's clock minus the center's, ms, when the connection began.
    pub clock_offset_ms: i64,
}

struct Seat {
    link: SiteLink,
    connection: Option<Connection>,
    /// Notified when there may be something to send.
    news: Arc<Notify>,
}

/// The connected sites.
#[derive(Default)]
pub(crate) struct Present(Mutex<BTreeMap<SiteId, Seat>>);

impl Present {
    /// A site is here; gives what is notified when something is to be sent to it.
    pub(crate) fn came(
        &self,
        site: &SiteId,
        link: Link,
        version: u16,
        connection: &Connection,
    ) -> Arc<Notify> {
        let news = Arc::new(Notify::new());
        let seat = Seat {
            link: SiteLink {
                site: site.clone(),
                connected: true,
                since: link.since,
                address: link.address,
                version,
                clock_offset_ms: link.clock_offset_ms,
            },
            connection: Some(connection.clone()),
            news: Arc::clone(&news),
        };
        self.lock().insert(site.clone(), seat);
        news
    }

    /// The connection has ended.
    pub(crate) fn went(&self, site: &SiteId, at: Timestamp) {
        if let Some(seat) = self.lock().get_mut(site) {
            seat.link.connected = false;
            seat.link.since = at;
            seat.connection = None;
        }
    }

    /// The site's connection and the version spoken on it, or since when there is none.
    pub(crate) fn connection(&self, site: &SiteId) -> Result<(Connection, u16), Option<Timestamp>> {
        let seats = self.lock();
        let seat = seats.get(site).ok_or(None)?;
        match &seat.connection {
            Some(connection) => Ok((connection.clone(), seat.link.version)),
            None => Err(Some(seat.link.since)),
        }
    }

    /// There may be something to send to the site.
    pub(crate) fn wake(&self, site: &SiteId) {
        if let Some(seat) = self.lock().get(site) {
            seat.news.notify_one();
        }
    }

    pub(crate) fn links(&self) -> Vec<SiteLink> {
        self.lock().values().map(|seat| seat.link.clone()).collect()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<SiteId, Seat>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
