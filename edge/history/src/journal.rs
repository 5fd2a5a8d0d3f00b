//! Records of what was accepted and is not yet in the database, in the order they came; read again at the next
//! start. Knows nothing of what a record says.
//!
//! ```text
//! segment = "BONGSUH1" · first number u64 · frame*      in `<number of the segment>.journal`
//! frame   = length u32 · crc32 of number and payload u32 · number u64 · payload
//! ```
//!
//! All numbers are little endian; records are numbered without gaps over all segments. A frame counts only if
//! its number is below the first of the next segment: so a segment whose last write failed is closed by
//! beginning another, and needs no repair on a disk that refuses. A torn end is cut by the same rule; a gap
//! between two segments is damage and refuses the start.
//!
//! One thread appends: a group of batches is one record, one write and, if somebody waits for it, one sync.

use std::{
    fs::{self, File},
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use crate::HistoryError;

const MAGIC: &[u8; 8] = b"BONGSUH1";
const PREAMBLE: usize = 16;
const FRAME: usize = 16;
/// A segment that has grown this long is followed by another.
const LONG: u64 = 16 << 20;

/// When an appended record is safe.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Durability {
    /// On the disk: survives a power cut.
    #[default]
    Group,
    /// With the kernel: survives the end of this process; a power cut may cost what was accepted last.
    Os,
}

/// The open journal.
#[derive(Debug)]
pub struct Journal {
    directory: PathBuf,
    durability: Durability,
    /// Closed segments, oldest first.
    past: Vec<Past>,
    current: Option<Segment>,
    /// Number of the next segment's file.
    next_file: u64,
    /// Number of the next record.
    next: u64,
}

#[derive(Debug, Clone)]
struct Past {
    path: PathBuf,
    first: u64,
    bytes: u64,
}

#[derive(Debug)]
struct Segment {
    file: File,
    past: Past,
}

impl Journal {
    /// Opens the journal in `directory`. `at_least` is a number that the next record must not be below: the
    /// database knows of records whose segments are gone.
    ///
    /// # Errors
    /// [`HistoryError::Journal`] if it cannot be read, [`HistoryError::Damaged`] if records are missing in it.
    pub fn open(
        directory: &Path,
        durability: Durability,
        at_least: u64,
    ) -> Result<Self, HistoryError> {
        let failed = |source| failed(directory, source);
        fs::create_dir_all(directory).map_err(failed)?;
        let mut files = files(directory).map_err(failed)?;
        files.sort_unstable();
        let next_file = files.last().map_or(1, |(number, _)| number + 1);
        let mut past: Vec<Past> = Vec::new();
        for (_, path) in files {
            let bytes = fs::read(&path).map_err(failed)?;
            match first_number(&bytes) {
                Some(first) => past.push(Past {
                    path,
                    first,
                    bytes: bytes.len() as u64,
                }),
                // Being made when the process ended: no record was promised in it.
                None if bytes.len() < PREAMBLE => fs::remove_file(&path).map_err(failed)?,
                None => {
                    return Err(HistoryError::Damaged(format!(
                        "`{}` is no journal of this version",
                        path.display()
                    )));
                }
            }
        }
        let mut journal = Self {
            directory: directory.to_owned(),
            durability,
            past,
            current: None,
            next_file,
            next: 0,
        };
        let last = journal.read(&mut |_, _| Ok(()))?;
        journal.next = last.max(at_least).max(1);
        Ok(journal)
    }

    /// Number of the record appended last.
    #[must_use]
    pub const fn last(&self) -> u64 {
        self.next.saturating_sub(1)
    }

    /// Bytes in all segments.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        let current = self.current.iter().map(|segment| &segment.past);
        self.past.iter().chain(current).map(|past| past.bytes).sum()
    }

    /// Hands every record to `take`, oldest first; gives the number after the last.
    ///
    /// # Errors
    /// Those of `take`; [`HistoryError::Journal`] or [`HistoryError::Damaged`] as [`Journal::open`].
    pub fn read(
        &self,
        take: &mut dyn FnMut(u64, &[u8]) -> Result<(), HistoryError>,
    ) -> Result<u64, HistoryError> {
        let mut next = self.past.first().map_or(1, |past| past.first);
        for (index, segment) in self.past.iter().enumerate() {
            if segment.first != next {
                let path = segment.path.display();
                return Err(HistoryError::Damaged(format!(
                    "records {next} to {} are missing before `{path}`",
                    segment.first.saturating_sub(1)
                )));
            }
            let end = self.past.get(index + 1).map_or(u64::MAX, |next| next.first);
            let bytes = fs::read(&segment.path).map_err(|source| failed(&segment.path, source))?;
            let mut rest = bytes.get(PREAMBLE..).unwrap_or_default();
            while next < end
                && let Some((number, payload, after)) = frame(rest)
                && number == next
            {
                take(number, payload)?;
                next += 1;
                rest = after;
            }
            if !rest.is_empty() && end == u64::MAX {
                let path = segment.path.display();
                tracing::warn!(%path, bytes = rest.len(), "the journal's torn end is left out");
            }
        }
        Ok(next)
    }

    /// Appends a record; gives its number. With `safe` it is as safe as configured when this returns.
    ///
    /// # Errors
    /// [`HistoryError::Journal`]: nothing was appended; it may be tried again.
    pub fn append(&mut self, payload: &[u8], safe: bool) -> Result<u64, HistoryError> {
        let number = self.next;
        let outcome = self.try_append(number, payload, safe);
        if let Err(source) = outcome {
            // What the failed write left behind has the number that the next segment begins with.
            self.close_segment();
            return Err(failed(&self.directory, source));
        }
        self.next += 1;
        Ok(number)
    }

    /// Closes the segment being written: what is appended now goes to another, so that this one can be dropped.
    pub fn rotate(&mut self) {
        let has_records = |segment: &Segment| segment.past.first < self.next;
        if self.current.as_ref().is_some_and(has_records) {
            self.close_segment();
        }
    }

    /// Drops segments that hold no record after `through`: they are in the database, on disk.
    ///
    /// # Errors
    /// [`HistoryError::Journal`] if a file cannot be removed.
    pub fn forget(&mut self, through: u64) -> Result<(), HistoryError> {
        let current = self.current.as_ref().map(|segment| segment.past.first);
        loop {
            let after = self.past.get(1).map(|past| past.first).or(current);
            let after = after.unwrap_or(self.next);
            let Some(oldest) = self.past.first().filter(|_| after <= through + 1) else {
                return Ok(());
            };
            match fs::remove_file(&oldest.path) {
                Err(source) if source.kind() != io::ErrorKind::NotFound => {
                    return Err(failed(&oldest.path, source));
                }
                _ => self.past.remove(0),
            };
        }
    }

    fn try_append(&mut self, number: u64, payload: &[u8], safe: bool) -> io::Result<()> {
        let length = u32::try_from(payload.len())
            .map_err(|_| io::Error::other("a record of more than 4 GiB"))?;
        let mut bytes = Vec::with_capacity(FRAME + payload.len());
        bytes.extend(length.to_le_bytes());
        bytes.extend(checksum(number, payload).to_le_bytes());
        bytes.extend(number.to_le_bytes());
        bytes.extend(payload);
        if self
            .current
            .as_ref()
            .is_some_and(|segment| segment.past.bytes > LONG)
        {
            self.close_segment();
        }
        let durability = self.durability;
        let segment = self.segment()?;
        segment.file.write_all(&bytes)?;
        segment.past.bytes += bytes.len() as u64;
        if safe && durability == Durability::Group {
            segment.file.sync_data()?;
        }
        Ok(())
    }

    fn segment(&mut self) -> io::Result<&mut Segment> {
        let segment = match self.current.take() {
            Some(segment) => segment,
            None => {
                let path = self
                    .directory
                    .join(format!("{:016}.journal", self.next_file));
                let mut file = File::create(&path)?;
                self.next_file += 1;
                file.write_all(&[&MAGIC[..], &self.next.to_le_bytes()].concat())?;
                file.sync_all()?;
                File::open(&self.directory)?.sync_all()?;
                let (first, bytes) = (self.next, PREAMBLE as u64);
                let past = Past { path, first, bytes };
                Segment { file, past }
            }
        };
        Ok(self.current.insert(segment))
    }

    /// A segment without a record would share its first number with the next: it is removed, or, if the disk
    /// refuses even that, ignored by the rule of numbers.
    fn close_segment(&mut self) {
        if let Some(segment) = self.current.take() {
            if segment.past.first == self.next {
                let _ = fs::remove_file(&segment.past.path);
            } else {
                self.past.push(segment.past);
            }
        }
    }
}

fn files(directory: &Path) -> io::Result<Vec<(u64, PathBuf)>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        let stem = path.file_stem().and_then(|stem| stem.to_str());
        if path.extension().is_some_and(|kind| kind == "journal")
            && let Some(number) = stem.and_then(|stem| stem.parse().ok())
        {
            files.push((number, path));
        }
    }
    Ok(files)
}

fn first_number(bytes: &[u8]) -> Option<u64> {
    let rest = bytes.strip_prefix(MAGIC)?;
    rest.first_chunk::<8>()
        .map(|first| u64::from_le_bytes(*first))
}

fn frame(bytes: &[u8]) -> Option<(u64, &[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk::<4>()?;
    let (sum, rest) = rest.split_first_chunk::<4>()?;
    let (number, rest) = rest.split_first_chunk::<8>()?;
    let number = u64::from_le_bytes(*number);
    let (payload, rest) = rest.split_at_checked(u32::from_le_bytes(*length) as usize)?;
    (checksum(number, payload) == u32::from_le_bytes(*sum)).then_some((number, payload, rest))
}

fn checksum(number: u64, payload: &[u8]) -> u32 {
    let mut sum = crc32fast::Hasher::new();
    sum.update(&number.to_le_bytes());
    sum.update(payload);
    sum.finalize()
}

fn failed(path: &Path, source: io::Error) -> HistoryError {
    HistoryError::Journal {
        path: path.to_owned(),
        source,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open(dir: &Path) -> Journal {
        Journal::open(dir, Durability::Group, 0).unwrap()
    }

    fn records(journal: &Journal) -> Vec<(u64, Vec<u8>)> {
        let mut records = Vec::new();
        let mut take = |number, payload: &[u8]| {
            records.push((number, payload.to_vec()));
            Ok(())
        };
        journal.read(&mut take).unwrap();
        records
    }

    #[test]
    fn what_was_appended_is_read_again_over_segments_and_restarts() {
        let dir = tempfile::tempdir().unwrap();
        let mut journal = open(dir.path());
        assert_eq!(journal.append(b"one", true).unwrap(), 1);
        journal.rotate();
        journal.rotate();
        assert_eq!(journal.append(b"two", false).unwrap(), 2);
        let mut journal = open(dir.path());
        assert_eq!(journal.append(b"three", true).unwrap(), 3);
        let mut journal = open(dir.path());
        let all = [
            (1, b"one".to_vec()),
            (2, b"two".to_vec()),
            (3, b"three".to_vec()),
        ];
        assert_eq!(records(&journal), all);
        journal.forget(1).unwrap();
        assert_eq!(records(&journal), all[1..]);
        journal.forget(9).unwrap();
        assert_eq!(records(&open(dir.path())), []);
        let journal = Journal::open(dir.path(), Durability::Os, 4).unwrap();
        assert_eq!(journal.last(), 3);
    }

    #[test]
    fn a_journal_torn_anywhere_gives_the_whole_records_and_goes_on() {
        let dir = tempfile::tempdir().unwrap();
        let mut journal = open(dir.path());
        let path = dir.path().join(format!("{:016}.journal", 1));
        let mut ends = vec![PREAMBLE as u64];
        for record in [&b"first"[..], b"", b"third"] {
            journal.append(record, true).unwrap();
            ends.push(fs::metadata(&path).unwrap().len());
        }
        let whole = fs::read(&path).unwrap();
        for length in 0..whole.len() {
            let torn = tempfile::tempdir().unwrap();
            let copy = torn.path().join(format!("{:016}.journal", 1));
            fs::write(&copy, &whole[..length]).unwrap();
            let left = ends.iter().filter(|end| **end <= length as u64).count();
            let mut journal = open(torn.path());
            assert_eq!(records(&journal).len(), left.saturating_sub(1), "{length}");
            let next = journal.append(b"after", true).unwrap();
            let again = records(&open(torn.path()));
            assert_eq!(
                again.last().unwrap(),
                &(next, b"after".to_vec()),
                "{length}"
            );
        }
    }

    #[test]
    fn a_lost_segment_refuses_the_start() {
        let dir = tempfile::tempdir().unwrap();
        let mut journal = open(dir.path());
        for record in [b"1", b"2", b"3"] {
            journal.append(record, true).unwrap();
            journal.rotate();
        }
        fs::remove_file(dir.path().join(format!("{:016}.journal", 2))).unwrap();
        let error = Journal::open(dir.path(), Durability::Group, 0).unwrap_err();
        assert!(
            error.to_string().contains("records 2 to 2 are missing"),
            "{error}"
        );
    }

    #[test]
    fn a_write_that_failed_leaves_nothing_and_the_next_goes_on() {
        let dir = tempfile::tempdir().unwrap();
        let mut journal = open(dir.path());
        journal.append(b"kept", true).unwrap();
        // The disk is gone: the segment is closed, and no other can be made.
        journal.close_segment();
        let away = dir.path().with_extension("away");
        fs::rename(dir.path(), &away).unwrap();
        journal.append(b"refused", true).unwrap_err();
        fs::rename(&away, dir.path()).unwrap();
        assert_eq!(journal.append(b"kept too", true).unwrap(), 2);
        let kept = [(1, b"kept".to_vec()), (2, b"kept too".to_vec())];
        assert_eq!(records(&open(dir.path())), kept);
    }
}
