//! What can go wrong on disk.

use std::path::PathBuf;

/// A failure of the center's store.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HistoryError {
    /// The store could not be opened.
    #[error("failed to open store at `{path}`: {source}, hint: is another bongsu-center using it?")]
    Open {
        /// Where.
        path: PathBuf,
        /// Why.
        source: sled::Error,
    },
    /// A read or write failed.
    #[error("failed to access store: {0}")]
    Store(#[from] sled::Error),
    /// An earlier flush failed; the store accepts nothing more until the process restarts.
    #[error("store is read-only since a failed flush, hint: check the disk, then restart")]
    Poisoned,
    /// Something stored is not what was written.
    #[error("store is damaged: {0}")]
    Damaged(String),
    /// A site skipped a sequence without saying that it no longer holds it.
    #[error("batch {got} came where {expected} was due")]
    Gap {
        /// The sequence that was due.
        expected: u64,
        /// The one that came.
        got: u64,
    },
}
