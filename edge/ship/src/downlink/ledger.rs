//! Which orders this edge has carried out, on sled. Each change is on disk before the call returns.

use std::{path::PathBuf, time::Duration};

use bongsu_sdk_model::Timestamp;
use bongsu_sdk_wire::{OrderId, Record};

use super::DownlinkError;

/// How long a settled order is remembered: longer than an order may wait at the center, so that one which a
/// restored center sends again has expired by then.
const REMEMBERED: Duration = Duration::from_secs(400 * 86_400);

pub(super) struct OrderLedger {
    path: PathBuf,
    database: sled::Db,
    /// When it was opened: what is written from now on is at least as young.
    opened: Timestamp,
}

impl OrderLedger {
    pub(super) fn open(path: &std::path::Path, now: Timestamp) -> Result<Self, DownlinkError> {
        let opened = sled::Config::new()
            .path(path)
            .cache_capacity(1 << 20)
            .open();
        let ledger = Self {
            path: path.to_owned(),
            database: opened.map_err(|cause| DownlinkError::Ledger {
                path: path.to_owned(),
                cause: cause.to_string(),
            })?,
            opened: now,
        };
        ledger.prune(now.minus(REMEMBERED))?;
        Ok(ledger)
    }

    pub(super) fn find(&self, id: OrderId) -> Result<Option<Record>, DownlinkError> {
        let found = self
            .database
            .get(id.as_bytes())
            .map_err(|e| self.failed(e))?;
        found
            .map(|value| {
                let record = value.get(8..).unwrap_or_default();
                Record::decode(record).map_err(|e| self.failed(e))
            })
            .transpose()
    }

    pub(super) fn write(&self, id: OrderId, record: &Record) -> Result<(), DownlinkError> {
        let mut value = self.opened.as_ms().to_be_bytes().to_vec();
        value.extend(record.encode().map_err(|e| self.failed(e))?);
        self.database
            .insert(id.as_bytes(), value)
            .and_then(|_| self.database.flush())
            .map_err(|e| self.failed(e))?;
        Ok(())
    }

    fn prune(&self, before: Timestamp) -> Result<(), DownlinkError> {
        for item in self.database.iter() {
            let (id, value) = item.map_err(|e| self.failed(e))?;
            let at = value.first_chunk().map(|at| i64::from_be_bytes(*at));
            if at.is_some_and(|at| at < before.as_ms()) {
                self.database.remove(id).map_err(|e| self.failed(e))?;
            }
        }
        Ok(())
    }

    fn failed(&self, cause: impl std::fmt::Display) -> DownlinkError {
        DownlinkError::Ledger {
            path: self.path.clone(),
            cause: cause.to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bongsu_sdk_wire::{OrderKind, Outcome};

    #[test]
    fn what_was_settled_is_known_after_a_restart_for_more_than_a_year() {
        let directory = tempfile::tempdir().unwrap();
        let id = OrderId::of(&OrderKind::new("action").unwrap(), "k", b"body");
        let settled = Record::Settled(Outcome::Applied {
            note: "done".to_owned(),
        });
        let start = Timestamp::from_ms(1_000_000);
        {
            let ledger = OrderLedger::open(directory.path(), start).unwrap();
            assert_eq!(ledger.find(id).unwrap(), None);
            ledger.write(id, &Record::Begun).unwrap();
            ledger.write(id, &settled).unwrap();
        }
        let year = Duration::from_secs(366 * 86_400);
        {
            let ledger = OrderLedger::open(directory.path(), start.plus(year)).unwrap();
            assert_eq!(ledger.find(id).unwrap(), Some(settled));
        }
        let ledger = OrderLedger::open(directory.path(), start.plus(2 * year)).unwrap();
        assert_eq!(ledger.find(id).unwrap(), None);
    }
}
