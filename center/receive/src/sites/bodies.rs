//! The bodies of open orders: a file each, named by the order's id and so shared by all sites that were given
//! it. It never holds one in memory.

use std::{
    fs::{self, File},
    io::{self, Read as _, Seek as _, SeekFrom, Write as _},
    path::{Path, PathBuf},
};

use bongsu_sdk_wire::{MAX_PIECE_BYTES, OrderId};

/// A directory of bodies.
#[derive(Debug)]
pub(crate) struct Bodies(PathBuf);

impl Bodies {
    pub(crate) fn open(directory: &Path) -> io::Result<Self> {
        fs::create_dir_all(directory)?;
        Ok(Self(directory.to_owned()))
    }

    pub(crate) fn directory(&self) -> &Path {
        &self.0
    }

    /// Keeps a body durably; one that is kept already is the same.
    pub(crate) fn keep(&self, id: OrderId, body: &[u8]) -> io::Result<()> {
        let path = self.path(id);
        if path.exists() {
            return Ok(());
        }
        let unfinished = path.with_extension("new");
        let mut file = File::create(&unfinished)?;
        file.write_all(body)?;
        file.sync_all()?;
        fs::rename(&unfinished, &path)?;
        File::open(&self.0)?.sync_all()
    }

    /// The piece of a body that begins at `from`; empty at its end. Blocks.
    pub(crate) fn piece(&self, id: OrderId, from: u64) -> io::Result<Vec<u8>> {
        let mut file = File::open(self.path(id))?;
        file.seek(SeekFrom::Start(from))?;
        let mut piece = Vec::new();
        file.take(MAX_PIECE_BYTES as u64).read_to_end(&mut piece)?;
        Ok(piece)
    }

    /// Nobody needs it any more. What cannot be deleted only takes room.
    pub(crate) fn forget(&self, id: OrderId) {
        if let Err(error) = fs::remove_file(self.path(id)) {
            tracing::debug!(%id, %error, "an order's body was not deleted");
        }
    }

    fn path(&self, id: OrderId) -> PathBuf {
        self.0.join(id.to_string())
    }
}
