//! The center's database.

use std::{
    collections::BTreeMap,
    path::Path,
    sync::{
        Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard,
        atomic::{AtomicBool, Ordering},
    },
};

use bongsu_sdk_model::{SiteId, Timestamp};
use bongsu_sdk_sketch::Block;

use crate::{HistoryError, live::Live};

/// Sled's page cache.
const CACHE_BYTES: u64 = 64 << 20;

/// Every site's history.
#[derive(Debug)]
pub struct History {
    pub(crate) db: sled::Db,
    pub(crate) minute: sled::Tree,
    pub(crate) wide: sled::Tree,
    pub(crate) five: sled::Tree,
    pub(crate) hour: sled::Tree,
    pub(crate) packed_minute: sled::Tree,
    pub(crate) packed_five: sled::Tree,
    pub(crate) packed_hour: sled::Tree,
    pub(crate) gone: sled::Tree,
    pub(crate) stale_hour: sled::Tree,
    pub(crate) finding: sled::Tree,
    pub(crate) ledger: sled::Tree,
    pub(crate) loss: sled::Tree,
    pub(crate) heard: sled::Tree,
    live: Mutex<BTreeMap<SiteId, Live>>,
    writing: Mutex<()>,
    /// Held by readers, and by the compaction only while it swaps what it has made: never by receiving.
    shelves: RwLock<()>,
    poisoned: AtomicBool,
}

impl History {
    /// Opens or makes the database in `directory`.
    ///
    /// # Errors
    /// [`HistoryError::Open`] if it is locked, unreadable or not ours.
    pub fn open(directory: &Path) -> Result<Self, HistoryError> {
        let open = |source| HistoryError::Open {
            path: directory.to_owned(),
            source,
        };
        let db = sled::Config::default()
            .path(directory)
            .cache_capacity(CACHE_BYTES)
            .flush_every_ms(None)
            .open()
            .map_err(open)?;
        let tree = |name| db.open_tree(name).map_err(open);
        Ok(Self {
            minute: tree("minute")?,
            wide: tree("wide")?,
            five: tree("five")?,
            hour: tree("hour")?,
            packed_minute: tree("packed_minute")?,
            packed_five: tree("packed_five")?,
            packed_hour: tree("packed_hour")?,
            gone: tree("gone")?,
            stale_hour: tree("stale_hour")?,
            finding: tree("finding")?,
            ledger: tree("ledger")?,
            loss: tree("loss")?,
            heard: tree("heard")?,
            live: Mutex::default(),
            writing: Mutex::default(),
            shelves: RwLock::default(),
            poisoned: AtomicBool::new(false),
            db,
        })
    }

    /// When the site was last heard, by batch or by pulse, on the center's clock.
    ///
    /// # Errors
    /// [`HistoryError`] if the store can't be read.
    pub fn heard(&self, site: &SiteId) -> Result<Option<Timestamp>, HistoryError> {
        let batch = match self.heard.get(site.as_str())? {
            None => None,
            Some(value) => Some(crate::keys::instant_of(&value)?),
        };
        Ok(batch.max(self.heartbeat(site).at))
    }

    /// Waits until everything is on disk.
    ///
    /// # Errors
    /// [`HistoryError`] if the disk refuses; nothing more is accepted then.
    pub fn flush(&self) -> Result<(), HistoryError> {
        self.db.flush().map(|_| ()).map_err(|error| {
            self.poisoned.store(true, Ordering::SeqCst);
            HistoryError::Store(error)
        })
    }

    pub(crate) fn check_sound(&self) -> Result<(), HistoryError> {
        if self.poisoned.load(Ordering::SeqCst) {
            Err(HistoryError::Poisoned)
        } else {
            Ok(())
        }
    }

    /// Held while deltas are merged or hours derived, so that neither reads what the other is changing.
    pub(crate) fn lock_writing(&self) -> MutexGuard<'_, ()> {
        self.writing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn read_shelves(&self) -> RwLockReadGuard<'_, ()> {
        self.shelves.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn swap_shelves(&self) -> RwLockWriteGuard<'_, ()> {
        self.shelves.write().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn live(&self) -> MutexGuard<'_, BTreeMap<SiteId, Live>> {
        self.live.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn encode(block: &Block) -> Result<Vec<u8>, HistoryError> {
        block
            .encode()
            .map_err(|error| HistoryError::Damaged(error.to_string()))
    }

    pub(crate) fn decode(bytes: &[u8]) -> Result<Block, HistoryError> {
        Block::decode(bytes).map_err(|error| HistoryError::Damaged(error.to_string()))
    }

    pub(crate) fn decode_pack(bytes: &[u8]) -> Result<Vec<Block>, HistoryError> {
        Block::decode_pack(bytes).map_err(|error| HistoryError::Damaged(error.to_string()))
    }
}
