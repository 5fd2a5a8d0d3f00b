//! What can go wrong on disk.

use std::path::PathBuf;

/// A failure of the edge's store.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HistoryError {
    /// The store could not be opened.
    #[error("failed to open store at `{path}`: {source}, hint: is another bongsu-edge using it?")]
    Open {
        /// Where.
        path: PathBuf,
        /// Why.
        source: sled::Error,
    },
    /// A read or write failed.
    #[error("failed to access store: {0}")]
    Store(#[from] sled::Error),
    /// An earlier flush failed; the store accepts no more writes until the process restarts.
    #[error("store is read-only since a failed flush, hint: check the disk, then restart")]
    Poisoned,
    /// The journal could not be read or written.
    #[error("failed to use journal at `{path}`: {source}, hint: is the disk full?")]
    Journal {
        /// Where.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Something stored is not what was written.
    #[error("store is damaged: {0}")]
    Damaged(String),
}
