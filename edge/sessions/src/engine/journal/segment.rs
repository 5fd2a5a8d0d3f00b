//! One segment file that is being written. Never reads one; never decides what a failure means.

use std::{
    fs::File,
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

use super::{
    Durability,
    files::Files,
    frame::{Before, PREAMBLE, preamble},
};

/// Room made at a time in [`Durability::Group`]: overwriting zeros makes each fsync cheaper than growing the file.
const ROOM: usize = 1 << 20;
static ZEROS: [u8; ROOM] = [0; ROOM];

/// A segment and how far it has come, bytes from its beginning.
pub(super) struct Segment {
    pub(super) number: u64,
    pub(super) file: Arc<File>,
    /// Written, so that the process may die.
    pub(super) written: u64,
    /// Synced, so that the machine may.
    pub(super) synced: u64,
    /// Up to here the file has blocks.
    roomy: u64,
}

impl Segment {
    /// Begins segment `number`, which continues one that ended as `before` says, in an empty file. Not yet on
    /// disk.
    pub(super) fn begin(
        files: &dyn Files,
        file: File,
        number: u64,
        before: Before,
    ) -> io::Result<Self> {
        files.write(&file, &preamble(before), 0)?;
        let written = PREAMBLE as u64;
        Ok(Self {
            number,
            file: Arc::new(file),
            written,
            synced: 0,
            roomy: written,
        })
    }

    /// Writes frames behind those already written.
    pub(super) fn write(
        &mut self,
        files: &dyn Files,
        frames: &[u8],
        durability: Durability,
    ) -> io::Result<()> {
        files.write(&self.file, frames, self.written)?;
        self.written += frames.len() as u64;
        if durability == Durability::Group && self.written > self.roomy {
            self.roomy = self.written;
            // Only a convenience: a disk without room for zeros may have some for records.
            if files.write(&self.file, &ZEROS, self.written).is_ok() {
                self.roomy += ROOM as u64;
            }
        }
        Ok(())
    }

    /// Puts everything written on disk.
    pub(super) fn sync(&mut self, files: &dyn Files) -> io::Result<()> {
        files.sync(&self.file)?;
        self.synced = self.written;
        Ok(())
    }

    /// What the next segment says of this one. With [`Durability::Group`] what was not synced is written again.
    pub(super) fn ending(&self, durability: Durability) -> Before {
        let length = match durability {
            Durability::Group => self.synced,
            Durability::Os | Durability::Memory => self.written,
        };
        Before {
            length,
            sure: self.synced,
        }
    }
}

/// The file of a segment.
pub(super) fn path(directory: &Path, number: u64) -> PathBuf {
    directory.join(format!("{number:016}.journal"))
}

/// The segment a file name stands for; none: it is no segment's.
pub(super) fn number(name: &str) -> Option<u64> {
    let digits = name.strip_suffix(".journal")?;
    let numeric = digits.len() == 16 && digits.bytes().all(|byte| byte.is_ascii_digit());
    digits.parse().ok().filter(|_| numeric)
}
