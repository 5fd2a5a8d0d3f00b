//! One open log file, read line by line from where it was left.
//!
//! A line is handed on when its end is there. A file that became shorter, or whose first bytes changed, has
//! begun anew, whatever its id says.

use std::{
    fs::{File, Metadata},
    io,
    os::unix::fs::{FileExt, MetadataExt},
    path::Path,
};

use super::checkpoint::{FileId, Head, Mark, hash};

/// Bytes of a file's start that are hashed.
const HEAD: usize = 256;

/// What was found, added up over files and looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Found {
    pub(super) bytes: usize,
    pub(super) lines: usize,
    pub(super) too_long: usize,
    pub(super) rotations: usize,
    pub(super) truncations: usize,
    pub(super) lost: usize,
}

/// Takes lines, without their ends.
pub(super) type OnLine<'a> = dyn FnMut(&[u8]) + 'a;

/// One open file.
#[derive(Debug)]
pub(super) struct Tail {
    file: File,
    pub(super) id: FileId,
    /// Start of the first line that was not handed on; inside a line that is skipped.
    offset: u64,
    /// What was read of that line.
    pending: Vec<u8>,
    skipping: bool,
    head: Head,
    /// Looks in a row that found nothing new.
    pub(super) silent: u32,
}

impl Tail {
    /// Opens a file at its start; `None` if it is not there.
    pub(super) fn open(path: &Path) -> io::Result<Option<Self>> {
        let file = match File::open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let id = FileId::of(&file.metadata()?);
        let (pending, head) = (Vec::new(), Head::default());
        Ok(Some(Self {
            file,
            id,
            offset: 0,
            pending,
            skipping: false,
            head,
            silent: 0,
        }))
    }

    /// How far what was handed on reaches.
    pub(super) const fn mark(&self) -> Mark {
        Mark {
            id: self.id,
            offset: self.offset,
            head: self.head,
            skipping: self.skipping,
        }
    }

    /// Goes to where a mark says.
    pub(super) const fn go_to(&mut self, mark: Mark) {
        (self.offset, self.head, self.skipping) = (mark.offset, mark.head, mark.skipping);
    }

    /// Goes to the start of the last line if that is unfinished, else to the end.
    pub(super) fn go_to_last_line(&mut self, max_line: usize) -> io::Result<()> {
        let length = self.file.metadata()?.len();
        let reach = length.min(max_line as u64);
        let mut last = vec![0; usize::try_from(reach).unwrap_or(0)];
        self.file.read_exact_at(&mut last, length - reach)?;
        let unfinished = last.iter().rev().take_while(|byte| **byte != b'\n').count();
        self.offset = length - unfinished as u64;
        self.skipping = unfinished == last.len() && length > reach;
        self.look_at_head()
    }

    /// Whether the file still begins as it did, and is as long as what was read of it.
    pub(super) fn is_as_left(&self) -> io::Result<bool> {
        let read = self.offset + self.pending.len() as u64;
        Ok(self.metadata()?.len() >= read && self.begins_like(self.head)?)
    }

    /// Whether the file's first bytes are those of `head`.
    pub(super) fn begins_like(&self, head: Head) -> io::Result<bool> {
        Ok(head.bytes == 0 || self.hash_head(head.bytes)? == Some(head.hash))
    }

    pub(super) fn metadata(&self) -> io::Result<Metadata> {
        self.file.metadata()
    }

    /// Reads at most one `chunk`; begins anew if the file did.
    pub(super) fn read(
        &mut self,
        chunk: &mut [u8],
        max_line: usize,
        line: &mut OnLine<'_>,
        found: &mut Found,
    ) -> io::Result<()> {
        if !self.is_as_left()? {
            found.truncations += 1;
            (self.offset, self.head, self.skipping) = (0, Head::default(), false);
            self.pending.clear();
        }
        let length = self
            .file
            .read_at(chunk, self.offset + self.pending.len() as u64)?;
        self.silent = if length == 0 {
            self.silent.saturating_add(1)
        } else {
            0
        };
        found.bytes += length;
        let mut rest = chunk.get(..length).unwrap_or_default();
        while let Some(end) = memchr::memchr(b'\n', rest) {
            let (part, after) = rest.split_at_checked(end + 1).unwrap_or((rest, b""));
            self.end_line(part.get(..end).unwrap_or_default(), max_line, line, found);
            rest = after;
        }
        if self.skipping {
            self.offset += rest.len() as u64;
        } else {
            self.pending.extend_from_slice(rest);
            if self.pending.len() > max_line {
                self.skipping = true;
                self.offset += self.pending.len() as u64;
                self.pending = Vec::new();
            }
        }
        self.look_at_head()
    }

    /// Hands on the last line, which has no end and will not get one.
    pub(super) fn finish(&mut self, line: &mut OnLine<'_>, found: &mut Found) {
        self.offset += self.pending.len() as u64;
        found.too_long += usize::from(self.skipping);
        hand_on(&self.pending, line, found);
        self.pending.clear();
    }

    /// `part` is the last of a line.
    fn end_line(&mut self, part: &[u8], max_line: usize, line: &mut OnLine<'_>, found: &mut Found) {
        let length = self.pending.len() + part.len();
        self.offset += length as u64 + 1;
        if self.skipping || length > max_line {
            found.too_long += 1;
        } else if self.pending.is_empty() {
            hand_on(part, line, found);
        } else {
            self.pending.extend_from_slice(part);
            hand_on(&self.pending, line, found);
        }
        self.skipping = false;
        self.pending.clear();
    }

    fn look_at_head(&mut self) -> io::Result<()> {
        let bytes = self.offset.min(HEAD as u64);
        if bytes > self.head.bytes
            && let Some(hash) = self.hash_head(bytes)?
        {
            self.head = Head { bytes, hash };
        }
        Ok(())
    }

    /// Hash of the first `bytes`; `None` if they are not there.
    fn hash_head(&self, bytes: u64) -> io::Result<Option<u64>> {
        let mut head = [0; HEAD];
        let Some(head) = usize::try_from(bytes)
            .ok()
            .and_then(|bytes| head.get_mut(..bytes))
        else {
            return Ok(None);
        };
        match self.file.read_exact_at(head, 0) {
            Ok(()) => Ok(Some(hash(head))),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(None),
            Err(error) => Err(error),
        }
    }
}

impl FileId {
    pub(super) fn of(metadata: &Metadata) -> Self {
        Self {
            device: metadata.dev(),
            inode: metadata.ino(),
        }
    }
}

/// Empty lines are none.
fn hand_on(bytes: &[u8], line: &mut OnLine<'_>, found: &mut Found) {
    let bytes = bytes.strip_suffix(b"\r").unwrap_or(bytes);
    if !bytes.is_empty() {
        found.lines += 1;
        line(bytes);
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, io::Write};

    use super::*;

    /// Reads to the end in chunks of `chunk` bytes.
    fn lines(tail: &mut Tail, chunk: usize, max_line: usize) -> (Vec<String>, Found) {
        let (mut lines, mut found) = (Vec::new(), Found::default());
        let mut chunk = vec![0; chunk];
        loop {
            let before = found.bytes;
            let mut on_line = |line: &[u8]| lines.push(String::from_utf8(line.to_vec()).unwrap());
            tail.read(&mut chunk, max_line, &mut on_line, &mut found)
                .unwrap();
            if found.bytes == before {
                return (lines, found);
            }
        }
    }

    #[test]
    fn lines_come_whole_whatever_the_chunk() {
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), "one\r\n\ntwo\nthree\nunfinish").unwrap();
        for chunk in 1..30 {
            let mut tail = Tail::open(file.path()).unwrap().unwrap();
            assert_eq!(lines(&mut tail, chunk, 100).0, ["one", "two", "three"]);
            assert_eq!(tail.mark().offset, 16);
        }
    }

    #[test]
    fn a_line_that_is_too_long_is_skipped_in_bounded_memory() {
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), format!("a\n{}\nb\n", "x".repeat(100_000))).unwrap();
        let mut tail = Tail::open(file.path()).unwrap().unwrap();
        let (read, found) = lines(&mut tail, 64, 10);
        assert_eq!(
            (read, found.too_long),
            (vec!["a".to_owned(), "b".to_owned()], 1)
        );
        assert!(
            tail.pending.capacity() < 1_000,
            "{}",
            tail.pending.capacity()
        );
        let mut tail = Tail::open(file.path()).unwrap().unwrap();
        assert_eq!(lines(&mut tail, 1 << 20, 10).1.too_long, 1);
    }

    #[test]
    fn a_mark_inside_a_skipped_line_goes_on_skipping() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        write!(file, "a\n{}", "x".repeat(50)).unwrap();
        let mut tail = Tail::open(file.path()).unwrap().unwrap();
        assert_eq!(lines(&mut tail, 64, 10).0, ["a"]);
        let mark = tail.mark();
        writeln!(file, "yyy\nb").unwrap();
        let mut tail = Tail::open(file.path()).unwrap().unwrap();
        tail.go_to(mark);
        let (read, found) = lines(&mut tail, 64, 10);
        assert_eq!((read, found.too_long), (vec!["b".to_owned()], 1));
    }

    #[test]
    fn the_end_of_a_file_is_the_start_of_its_unfinished_line() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        write!(file, "old\nhalf a ").unwrap();
        let mut tail = Tail::open(file.path()).unwrap().unwrap();
        tail.go_to_last_line(100).unwrap();
        writeln!(file, "line\nnew").unwrap();
        assert_eq!(lines(&mut tail, 64, 100).0, ["half a line", "new"]);
    }

    #[test]
    fn a_file_that_begins_anew_is_seen_even_if_it_is_longer() {
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), "one\ntwo\n").unwrap();
        let mut tail = Tail::open(file.path()).unwrap().unwrap();
        assert_eq!(lines(&mut tail, 64, 100).0, ["one", "two"]);
        fs::write(file.path(), "three\nfour\nfive\n").unwrap();
        let (read, found) = lines(&mut tail, 64, 100);
        assert_eq!((read.len(), found.truncations), (3, 1));
        fs::write(file.path(), "").unwrap();
        assert_eq!(lines(&mut tail, 64, 100).1.truncations, 1);
    }
}
