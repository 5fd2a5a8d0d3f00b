//! What the journal asks of the file system while it runs; a test's disk fails where the real one would.

use std::{
    fs::{File, OpenOptions},
    io,
    os::unix::fs::{FileExt, OpenOptionsExt},
    path::Path,
};

/// The file operations that may fail while sessions are served.
pub(super) trait Files: Send + Sync {
    /// An empty file at `path`, readable by its owner only; what was there is gone.
    fn create(&self, path: &Path) -> io::Result<File> {
        OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(path)
    }

    /// Writes all of `bytes` at `offset`.
    fn write(&self, file: &File, bytes: &[u8], offset: u64) -> io::Result<()> {
        file.write_all_at(bytes, offset)
    }

    /// Puts a file's bytes and size, or a directory's names, on disk.
    fn sync(&self, file: &File) -> io::Result<()> {
        file.sync_data()
    }
}

/// The real file system.
pub(super) struct Disk;

impl Files for Disk {}
