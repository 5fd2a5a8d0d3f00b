//! Rules and the outcomes of orders on disk; what is written together is there together.

use std::path::Path;

use bongsu_sdk_model::{GuardRule, Outcome, Timestamp};
use serde::{Deserialize, Serialize};
use sled::transaction::{ConflictableTransactionError, TransactionError, Transactional as _};

use crate::Error;

/// A rule as it is kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Kept {
    pub(crate) rule: GuardRule,
    /// The order that made it.
    pub(crate) order: Option<String>,
    pub(crate) added: Timestamp,
}

/// What is to be written at once.
#[derive(Debug, Default)]
pub(crate) struct Change {
    pub(crate) put: Vec<(String, Kept)>,
    pub(crate) delete: Vec<String>,
    pub(crate) outcome: Option<(String, Outcome)>,
}

#[derive(Debug)]
pub(crate) struct Store {
    db: sled::Db,
    rules: sled::Tree,
    orders: sled::Tree,
}

impl Store {
    pub(crate) fn open(folder: &Path) -> Result<Self, Error> {
        let db = sled::Config::new()
            .path(folder)
            .cache_capacity(4 << 20)
            .flush_every_ms(None)
            .open();
        let db = db.map_err(failed)?;
        let rules = db.open_tree("rules").map_err(failed)?;
        let orders = db.open_tree("orders").map_err(failed)?;
        Ok(Self { db, rules, orders })
    }

    pub(crate) fn rules(&self) -> Result<Vec<(String, Kept)>, Error> {
        let read = |entry: sled::Result<(sled::IVec, sled::IVec)>| {
            let (id, kept) = entry.map_err(failed)?;
            let id = String::from_utf8_lossy(&id).into_owned();
            Ok((id, serde_json::from_slice(&kept).map_err(failed)?))
        };
        self.rules.iter().map(read).collect()
    }

    /// Writes a change whole and waits for the disk.
    pub(crate) fn write(&self, change: &Change) -> Result<(), Error> {
        let json = |kept| serde_json::to_vec(kept).map_err(failed);
        let put = change.put.iter().map(|(id, kept)| Ok((id, json(kept)?)));
        let put: Vec<_> = put.collect::<Result<_, Error>>()?;
        let outcome = change.outcome.as_ref();
        let outcome =
            outcome.map(|(id, outcome)| serde_json::to_vec(outcome).map(|json| (id, json)));
        let outcome = outcome.transpose().map_err(failed)?;
        let written = (&self.rules, &self.orders).transaction(|(rules, orders)| {
            for (id, kept) in &put {
                rules.insert(id.as_bytes(), kept.as_slice())?;
            }
            for id in &change.delete {
                rules.remove(id.as_bytes())?;
            }
            if let Some((id, outcome)) = &outcome {
                orders.insert(id.as_bytes(), outcome.as_slice())?;
            }
            Ok::<_, ConflictableTransactionError<()>>(())
        });
        match written {
            Ok(()) => {}
            Err(TransactionError::Storage(error)) => return Err(failed(error)),
            Err(TransactionError::Abort(())) => return Err(failed("the transaction ended early")),
        }
        self.db.flush().map_err(failed).map(|_| ())
    }

    pub(crate) fn outcome(&self, order: &str) -> Result<Option<Outcome>, Error> {
        let found = self.orders.get(order.as_bytes()).map_err(failed)?;
        found
            .map(|json| serde_json::from_slice(&json).map_err(failed))
            .transpose()
    }

    /// Forgets outcomes from before an instant.
    pub(crate) fn forget(&self, before: Timestamp) -> Result<(), Error> {
        for entry in &self.orders {
            let (id, json) = entry.map_err(failed)?;
            let outcome: Outcome = serde_json::from_slice(&json).map_err(failed)?;
            if outcome.at < before {
                self.orders.remove(id).map_err(failed)?;
            }
        }
        Ok(())
    }
}

fn failed(error: impl std::fmt::Display) -> Error {
    Error::Store(error.to_string())
}
