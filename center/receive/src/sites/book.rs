//! Every site's orders on sled: a queue per site and an index by id. Decides nothing but what is a repetition.

use std::path::{Path, PathBuf};

use bongsu_sdk_model::{SiteId, Timestamp};
use bongsu_sdk_wire::{NewOrder, OrderId, OrderState, OrderStatus};
use sled::{
    Db, Tree,
    transaction::{ConflictableTransactionError, TransactionError, Transactional as _},
};

use super::{MAX_OPEN, SitesError};

/// The orders.
pub(crate) struct Book {
    path: PathBuf,
    database: Db,
    /// Site, 0, number → status.
    queue: Tree,
    /// Id, site → number.
    index: Tree,
    /// One writer at a time: giving an order reads the last number first.
    writing: std::sync::Mutex<()>,
}

impl Book {
    pub(crate) fn open(path: &Path) -> Result<Self, SitesError> {
        let failed = |cause: sled::Error| SitesError::Store {
            path: path.to_owned(),
            cause: cause.to_string(),
        };
        let database = sled::Config::new()
            .path(path)
            .cache_capacity(4 << 20)
            .open()
            .map_err(failed)?;
        Ok(Self {
            path: path.to_owned(),
            queue: database.open_tree("queue").map_err(failed)?,
            index: database.open_tree("index").map_err(failed)?,
            database,
            writing: std::sync::Mutex::default(),
        })
    }

    /// Appends an order to a site's queue, durably, unless it is there.
    pub(crate) fn add(
        &self,
        site: &SiteId,
        order: &NewOrder,
        now: Timestamp,
    ) -> Result<OrderStatus, SitesError> {
        let _writing = self.lock();
        let id = order.id();
        if let Some(known) = self.find(site, id)? {
            return Ok(known);
        }
        let open = self.open_orders(site)?.len();
        if open >= MAX_OPEN {
            return Err(SitesError::Full(open));
        }
        let status = OrderStatus {
            number: self.last(site)? + 1,
            site: site.clone(),
            id,
            kind: order.kind.clone(),
            key: order.key.clone(),
            bytes: order.body.len() as u64,
            given: now,
            expires: order.expires,
            state: OrderState::Queued,
            since: now,
        };
        let value = status.encode().map_err(|e| self.failed(e))?;
        let (key, place) = (key(site, status.number), place(id, site));
        (&self.queue, &self.index)
            .transaction(|(queue, index)| {
                queue.insert(key.as_slice(), value.as_slice())?;
                index.insert(place.as_slice(), &status.number.to_be_bytes())?;
                Ok::<_, ConflictableTransactionError>(())
            })
            .map_err(|error: TransactionError| self.failed(error))?;
        self.flush()?;
        Ok(status)
    }

    /// Moves an order on, durably; false: it was settled before.
    pub(crate) fn change(
        &self,
        status: &OrderStatus,
        state: OrderState,
        now: Timestamp,
    ) -> Result<bool, SitesError> {
        let _writing = self.lock();
        let Some(present) = self.find(&status.site, status.id)? else {
            return Ok(false);
        };
        // What was sent is not taken back, by nobody's clock and nobody's wish.
        let sent = present.state == OrderState::Delivered;
        if present.state.is_final() || (sent && state == OrderState::Withdrawn) {
            return Ok(false);
        }
        let moved = OrderStatus {
            state,
            since: now,
            ..present
        };
        let value = moved.encode().map_err(|e| self.failed(e))?;
        self.queue
            .insert(key(&moved.site, moved.number), value)
            .map_err(|e| self.failed(e))?;
        self.flush()?;
        Ok(true)
    }

    /// One order of one site.
    pub(crate) fn find(
        &self,
        site: &SiteId,
        id: OrderId,
    ) -> Result<Option<OrderStatus>, SitesError> {
        let number = self
            .index
            .get(place(id, site))
            .map_err(|e| self.failed(e))?;
        let Some(number) = number.and_then(|number| number.as_ref().try_into().ok()) else {
            return Ok(None);
        };
        let found = self
            .queue
            .get(key(site, u64::from_be_bytes(number)))
            .map_err(|e| self.failed(e))?;
        found.map(|value| self.decode(&value)).transpose()
    }

    /// A site's orders that are not settled, in the order they were given.
    pub(crate) fn open_orders(&self, site: &SiteId) -> Result<Vec<OrderStatus>, SitesError> {
        // Settled ones are moved out of the way by age only; a site has few a day.
        self.scan(&prefix(site), |status| !status.state.is_final(), usize::MAX)
    }

    /// Every open order of every site.
    pub(crate) fn all_open(&self) -> Result<Vec<OrderStatus>, SitesError> {
        self.scan(&[], |status| !status.state.is_final(), usize::MAX)
    }

    pub(crate) fn newest(
        &self,
        site: &SiteId,
        limit: usize,
    ) -> Result<Vec<OrderStatus>, SitesError> {
        let newest = self.queue.scan_prefix(prefix(site)).values().rev();
        newest
            .take(limit)
            .map(|value| self.decode(&value.map_err(|e| self.failed(e))?))
            .collect()
    }

    pub(crate) fn everywhere(&self, id: OrderId) -> Result<Vec<OrderStatus>, SitesError> {
        let mut found = Vec::new();
        for item in self.index.scan_prefix(id.as_bytes()).keys() {
            let place = item.map_err(|e| self.failed(e))?;
            let name = place.get(id.as_bytes().len()..).unwrap_or_default();
            let site = std::str::from_utf8(name).map(SiteId::new);
            if let Ok(Ok(site)) = site {
                found.extend(self.find(&site, id)?);
            }
        }
        Ok(found)
    }

    /// Forgets what was settled before `before`.
    pub(crate) fn prune(&self, before: Timestamp) -> Result<(), SitesError> {
        let old = |status: &OrderStatus| status.state.is_final() && status.since < before;
        for status in self.scan(&[], old, usize::MAX)? {
            let _writing = self.lock();
            let failed = |e| self.failed(e);
            self.index
                .remove(place(status.id, &status.site))
                .map_err(failed)?;
            self.queue
                .remove(key(&status.site, status.number))
                .map_err(failed)?;
        }
        Ok(())
    }

    fn scan(
        &self,
        prefix: &[u8],
        wanted: impl Fn(&OrderStatus) -> bool,
        limit: usize,
    ) -> Result<Vec<OrderStatus>, SitesError> {
        let mut found = Vec::new();
        for value in self.queue.scan_prefix(prefix).values() {
            let status = self.decode(&value.map_err(|e| self.failed(e))?)?;
            if wanted(&status) {
                found.push(status);
            }
            if found.len() >= limit {
                break;
            }
        }
        Ok(found)
    }

    fn last(&self, site: &SiteId) -> Result<u64, SitesError> {
        let last = self.newest(site, 1)?;
        Ok(last.first().map_or(0, |status| status.number))
    }

    fn decode(&self, value: &[u8]) -> Result<OrderStatus, SitesError> {
        OrderStatus::decode(value).map_err(|e| self.failed(e))
    }

    fn flush(&self) -> Result<(), SitesError> {
        self.database.flush().map_err(|e| self.failed(e))?;
        Ok(())
    }

    fn failed(&self, cause: impl std::fmt::Display) -> SitesError {
        SitesError::Store {
            path: self.path.clone(),
            cause: cause.to_string(),
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, ()> {
        self.writing
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

/// A site's name holds no 0.
fn prefix(site: &SiteId) -> Vec<u8> {
    [site.as_str().as_bytes(), &[0]].concat()
}

fn key(site: &SiteId, number: u64) -> Vec<u8> {
    [prefix(site).as_slice(), &number.to_be_bytes()].concat()
}

fn place(id: OrderId, site: &SiteId) -> Vec<u8> {
    [id.as_bytes().as_slice(), site.as_str().as_bytes()].concat()
}

#[cfg(test)]
mod tests {
    use super::*;
    use bongsu_sdk_wire::{OrderKind, Outcome};

    const NOW: Timestamp = Timestamp::from_ms(1_000);

    fn order(key: &str) -> NewOrder {
        NewOrder {
            kind: OrderKind::new("action").unwrap(),
            key: key.to_owned(),
            body: b"end session".to_vec(),
            expires: Timestamp::from_ms(9_000),
        }
    }

    #[test]
    fn orders_are_numbered_per_site_given_once_and_survive_a_restart() {
        let directory = tempfile::tempdir().unwrap();
        let (busan, jeju) = (SiteId::new("busan").unwrap(), SiteId::new("jeju").unwrap());
        {
            let book = Book::open(directory.path()).unwrap();
            let first = book.add(&busan, &order("a"), NOW).unwrap();
            assert_eq!(book.add(&busan, &order("a"), NOW).unwrap(), first);
            assert_eq!(book.add(&busan, &order("b"), NOW).unwrap().number, 2);
            assert_eq!(book.add(&jeju, &order("a"), NOW).unwrap().number, 1);
        }
        let book = Book::open(directory.path()).unwrap();
        let keys = |orders: Vec<OrderStatus>| -> Vec<String> {
            orders.into_iter().map(|order| order.key).collect()
        };
        assert_eq!(keys(book.open_orders(&busan).unwrap()), ["a", "b"]);
        assert_eq!(keys(book.newest(&busan, 1).unwrap()), ["b"]);
        let sites = book.everywhere(order("a").id()).unwrap();
        assert_eq!(
            sites.iter().map(|s| &s.site).collect::<Vec<_>>(),
            [&busan, &jeju]
        );
    }

    #[test]
    fn a_settled_order_stays_settled_and_a_sent_one_is_not_taken_back() {
        let directory = tempfile::tempdir().unwrap();
        let book = Book::open(directory.path()).unwrap();
        let busan = SiteId::new("busan").unwrap();
        let given = book.add(&busan, &order("a"), NOW).unwrap();
        assert!(book.change(&given, OrderState::Delivered, NOW).unwrap());
        assert!(!book.change(&given, OrderState::Withdrawn, NOW).unwrap());
        let applied = OrderState::Settled(Outcome::Applied {
            note: "1 session ended".to_owned(),
        });
        assert!(book.change(&given, applied.clone(), NOW).unwrap());
        let late = OrderState::Settled(Outcome::Expired);
        assert!(!book.change(&given, late, NOW).unwrap());
        assert_eq!(book.find(&busan, given.id).unwrap().unwrap().state, applied);
        book.prune(NOW).unwrap();
        assert!(book.find(&busan, given.id).unwrap().is_some());
        book.prune(Timestamp::from_ms(1_001)).unwrap();
        assert!(book.find(&busan, given.id).unwrap().is_none());
    }
}
