//! The files of one log: each line once, through renames, truncation and restarts.
//!
//! Knows no format and no clock: a caller looks again and again, and a renamed file is done when enough
//! looks in a row found nothing new in it (servers write to it until they reopen their log). Files that came
//! and were renamed between two looks are found by their names. Memory is one chunk, and one unfinished line
//! per open file.

use std::{
    collections::VecDeque,
    fs::{self, Metadata},
    io,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

use super::{
    checkpoint::{FileId, Mark, Marks},
    tail::{Found, OnLine, Tail},
};

/// Bytes read of one file at one look.
const CHUNK: usize = 128 << 10;
/// Renamed files followed at once; what is beyond is lost.
const RENAMED: usize = 64;
/// Files read to their end that are remembered, so that they are not taken for missed ones.
const DONE: usize = 256;

/// How to follow.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rules {
    /// Whether a file seen for the first time is read from its start.
    pub(super) from_start: bool,
    /// Longest line, in bytes.
    pub(super) max_line: usize,
    /// Looks without a new byte after which a renamed file is done.
    pub(super) silent_looks: u32,
}

/// The files of one log.
#[derive(Debug)]
pub(super) struct Follower {
    path: PathBuf,
    rules: Rules,
    current: Option<Tail>,
    renamed: Vec<Tail>,
    done: VecDeque<Mark>,
    /// Files lost and not yet told of.
    lost: usize,
    chunk: Vec<u8>,
}

impl Follower {
    /// Opens the files where `marks` left them; without marks, the file at `path` where the rules say.
    pub(super) fn open(path: &Path, rules: Rules, marks: Option<Marks>) -> io::Result<Self> {
        let mut follower = Self {
            path: path.to_owned(),
            rules,
            current: None,
            renamed: Vec::new(),
            done: VecDeque::new(),
            lost: 0,
            chunk: vec![0; CHUNK],
        };
        match marks {
            Some(marks) => follower.resume(marks)?,
            None => {
                follower.current = Tail::open(path)?;
                if let Some(tail) = follower.current.as_mut().filter(|_| !rules.from_start) {
                    tail.go_to_last_line(rules.max_line)?;
                }
            }
        }
        Ok(follower)
    }

    /// Looks once: hands every line that is new to `line`, and adds to `found`. After an error the next
    /// look goes on where this one stopped.
    pub(super) fn read(&mut self, line: &mut OnLine<'_>, found: &mut Found) -> io::Result<()> {
        found.lost += std::mem::take(&mut self.lost);
        let mut index = 0;
        while let Some(tail) = self.renamed.get_mut(index) {
            tail.read(&mut self.chunk, self.rules.max_line, line, found)?;
            if tail.silent < self.rules.silent_looks {
                index += 1;
                continue;
            }
            let mut tail = self.renamed.remove(index);
            tail.finish(line, found);
            self.remember(tail.mark());
        }
        if let Some(tail) = &mut self.current {
            tail.read(&mut self.chunk, self.rules.max_line, line, found)?;
        }
        self.turn(found)
    }

    /// How far everything handed on so far reaches.
    pub(super) fn marks(&self) -> Marks {
        Marks {
            current: self.current.as_ref().map(Tail::mark),
            renamed: self.renamed.iter().map(Tail::mark).collect(),
            done: self.done.iter().copied().collect(),
        }
    }

    /// Remembers a file that is done; an empty one could not be told from a new one under its id.
    fn remember(&mut self, done: Mark) {
        if done.head.bytes > 0 {
            self.done.push_back(done);
        }
        if self.done.len() > DONE {
            self.done.pop_front();
        }
    }

    /// Turns to the file now under the path, if it is another. What is left of the one before is read as
    /// that of a renamed file.
    fn turn(&mut self, found: &mut Found) -> io::Result<()> {
        let Some(next) = Tail::open(&self.path)? else {
            return Ok(());
        };
        if self.current.as_ref().is_some_and(|tail| tail.id == next.id) {
            return Ok(());
        }
        found.bytes += 1; // Look again at once.
        if let Some(before) = self.current.replace(next) {
            found.rotations += 1;
            let written = before.metadata()?;
            self.follow_renamed(before);
            self.follow_missed(&written)?;
        }
        Ok(())
    }

    fn follow_renamed(&mut self, mut tail: Tail) {
        tail.silent = 0;
        if self.renamed.len() < RENAMED {
            self.renamed.push(tail);
        } else {
            self.lost += 1;
        }
    }

    /// Follows files that came and were renamed while nobody looked: named as rotation names them, unknown,
    /// and written to after the file before them.
    fn follow_missed(&mut self, before: &Metadata) -> io::Result<()> {
        let written = |file: &Metadata| (file.mtime(), file.mtime_nsec());
        let mut missed: Vec<_> = siblings(&self.path)?
            .into_iter()
            .filter(|(path, file)| is_rotated(&self.path, path) && written(file) >= written(before))
            .map(|(path, file)| (written(&file), path))
            .collect();
        missed.sort();
        for (_, path) in missed {
            if let Some(tail) = Tail::open(&path)?
                && !self.knows(&tail)?
            {
                self.follow_renamed(tail);
            }
        }
        Ok(())
    }

    fn knows(&self, tail: &Tail) -> io::Result<bool> {
        for mark in self.done.iter().filter(|mark| mark.id == tail.id) {
            if tail.begins_like(mark.head)? {
                return Ok(true);
            }
        }
        Ok(self
            .renamed
            .iter()
            .chain(&self.current)
            .any(|open| open.id == tail.id))
    }

    fn resume(&mut self, marks: Marks) -> io::Result<()> {
        self.done = marks.done.into();
        for mark in marks.renamed {
            match self.find(mark)? {
                Some(tail) => self.follow_renamed(tail),
                None => self.lost += 1,
            }
        }
        self.current = Tail::open(&self.path)?;
        let Some(mark) = marks.current else {
            return Ok(());
        };
        if let Some(tail) = self.current.as_mut().filter(|tail| tail.id == mark.id) {
            tail.go_to(mark);
            return Ok(());
        }
        match self.find(mark)? {
            Some(tail) => {
                let written = tail.metadata()?;
                self.follow_renamed(tail);
                self.follow_missed(&written)?;
            }
            None => self.lost += 1,
        }
        Ok(())
    }

    /// The file of a mark, under whatever name it has by now in the log's directory.
    fn find(&self, mark: Mark) -> io::Result<Option<Tail>> {
        for (path, file) in siblings(&self.path)? {
            if FileId::of(&file) != mark.id {
                continue;
            }
            if let Some(mut tail) = Tail::open(&path)? {
                tail.go_to(mark);
                if tail.id == mark.id && tail.is_as_left()? {
                    return Ok(Some(tail));
                }
            }
        }
        Ok(None)
    }
}

/// The other files in the directory of `log`.
fn siblings(log: &Path) -> io::Result<Vec<(PathBuf, Metadata)>> {
    let directory = log.parent().filter(|path| !path.as_os_str().is_empty());
    let mut files = Vec::new();
    for entry in fs::read_dir(directory.unwrap_or(Path::new(".")))? {
        let entry = entry?;
        // A file that vanished since it was listed is none.
        if let Ok(file) = entry.metadata()
            && file.is_file()
            && Some(entry.file_name().as_os_str()) != log.file_name()
        {
            files.push((entry.path(), file));
        }
    }
    Ok(files)
}

/// Whether `path` is named as a rotated `log`: `access.log.1`, `access.log-20261121`, not `access.log.1.gz`.
fn is_rotated(log: &Path, path: &Path) -> bool {
    let bytes = |path: &Path| {
        path.file_name()
            .map(|name| name.as_encoded_bytes().to_vec())
    };
    let (Some(log), Some(name)) = (bytes(log), bytes(path)) else {
        return false;
    };
    match name.strip_prefix(log.as_slice()) {
        Some([b'.' | b'-', rest @ ..]) => {
            let part = |b: &u8| b.is_ascii_digit() || matches!(b, b'.' | b'-' | b'_');
            !rest.is_empty() && rest.iter().all(part)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeMap, fs::OpenOptions, io::Write};

    use proptest::prelude::*;
    use tempfile::TempDir;

    use super::*;

    const RULES: Rules = Rules {
        from_start: true,
        max_line: 100,
        silent_looks: 50,
    };

    /// A log, the server that writes it, and what came out of the follower.
    struct Site {
        dir: TempDir,
        follower: Option<Follower>,
        /// The server's open file.
        server: Option<fs::File>,
        /// The file before, which some worker still has open.
        late_worker: Option<fs::File>,
        written: usize,
        rotated: usize,
        half_line: bool,
        seen: BTreeMap<String, usize>,
        found: Found,
    }

    impl Site {
        fn new() -> Self {
            let dir = tempfile::tempdir().unwrap();
            let mut site = Self {
                dir,
                follower: None,
                server: None,
                late_worker: None,
                written: 0,
                rotated: 0,
                half_line: false,
                seen: BTreeMap::new(),
                found: Found::default(),
            };
            site.reopen();
            site.follower = Some(Follower::open(&site.log(), RULES, None).unwrap());
            site
        }

        fn log(&self) -> PathBuf {
            self.dir.path().join("a.log")
        }

        fn reopen(&mut self) {
            let file = OpenOptions::new()
                .create(true)
                .append(true)
                .open(self.log())
                .unwrap();
            self.late_worker = self.server.replace(file);
            self.half_line = false;
        }

        fn next_line(&mut self) -> String {
            self.written += 1;
            format!("line {}", self.written)
        }

        fn write(&mut self, lines: usize) {
            for _ in 0..lines {
                let line = if self.half_line {
                    " rest".to_owned()
                } else {
                    self.next_line()
                };
                self.half_line = false;
                writeln!(self.server.as_mut().unwrap(), "{line}").unwrap();
            }
        }

        fn write_half(&mut self) {
            let line = if self.half_line {
                " and".to_owned()
            } else {
                self.next_line()
            };
            self.half_line = true;
            write!(self.server.as_mut().unwrap(), "{line}").unwrap();
        }

        fn write_late(&mut self) {
            let line = self.next_line();
            match &mut self.late_worker {
                // The line before may have been left without its end.
                Some(file) => writeln!(file, "\n{line}").unwrap(),
                None => self.written -= 1,
            }
        }

        fn rename(&mut self) {
            self.rotated += 1;
            let to = self.dir.path().join(format!("a.log.{}", self.rotated));
            fs::rename(self.log(), to).unwrap();
        }

        fn look(&mut self) {
            let Self {
                follower,
                seen,
                found,
                ..
            } = self;
            let mut on_line = |line: &[u8]| {
                let text = String::from_utf8(line.to_vec()).unwrap();
                let words: Vec<&str> = text.split(' ').take(2).collect();
                *seen.entry(words.join(" ")).or_default() += 1;
            };
            follower
                .as_mut()
                .unwrap()
                .read(&mut on_line, found)
                .unwrap();
        }

        fn settle(&mut self) {
            for _ in 0..RULES.silent_looks + 20 {
                self.look();
            }
            // Every renamed file was silent for long enough.
            self.late_worker = None;
        }

        fn restart(&mut self) {
            let marks = self.follower.take().unwrap().marks();
            self.follower = Some(Follower::open(&self.log(), RULES, Some(marks)).unwrap());
        }

        fn check(&mut self) {
            if self.half_line {
                self.write(1);
            }
            self.settle();
            let not_once: Vec<_> = (1..=self.written)
                .map(|n| (n, self.seen.get(&format!("line {n}")).copied().unwrap_or(0)))
                .filter(|(_, times)| *times != 1)
                .collect();
            assert_eq!(not_once, [], "lines and how often they came");
            assert_eq!(self.seen.len(), self.written);
            assert_eq!(self.found.lost, 0);
        }
    }

    #[derive(Debug, Clone, Copy)]
    enum Step {
        Write(usize),
        WriteHalf,
        WriteLate,
        Rename,
        RenameTwice,
        /// The log is renamed, and looked for, before the server makes a new one.
        RenameAndLookBefore,
        CopyTruncate,
        Look,
        Restart,
        RotateWhileDown,
        /// Everything is read and the renamed files are removed: their inodes come again.
        Clean,
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            4 => (1..60_usize).prop_map(Step::Write),
            2 => Just(Step::WriteHalf),
            2 => Just(Step::WriteLate),
            2 => Just(Step::Rename),
            1 => Just(Step::RenameTwice),
            1 => Just(Step::RenameAndLookBefore),
            1 => Just(Step::CopyTruncate),
            4 => Just(Step::Look),
            2 => Just(Step::Restart),
            1 => Just(Step::RotateWhileDown),
            1 => Just(Step::Clean),
        ]
    }

    fn rotate(site: &mut Site) {
        site.rename();
        site.reopen();
    }

    fn take(site: &mut Site, step: Step) {
        match step {
            Step::Write(lines) => site.write(lines),
            Step::WriteHalf => site.write_half(),
            Step::WriteLate => site.write_late(),
            // Servers rotate less often than a follower looks; two rotations between looks are a step of
            // their own.
            Step::Rename => {
                site.look();
                rotate(site);
            }
            Step::RenameTwice => {
                site.look();
                rotate(site);
                site.write(2);
                rotate(site);
            }
            Step::RenameAndLookBefore => {
                site.rename();
                site.look();
                site.write(1);
                site.reopen();
            }
            Step::CopyTruncate => {
                site.write(1);
                site.settle();
                site.rotated += 1;
                let copy = site.dir.path().join(format!("a.log.{}", site.rotated));
                fs::copy(site.log(), &copy).unwrap();
                // A copy is older than what follows; the file system's clock may be too coarse to say so.
                let copy = OpenOptions::new().append(true).open(copy).unwrap();
                copy.set_modified(std::time::UNIX_EPOCH).unwrap();
                site.server.as_ref().unwrap().set_len(0).unwrap();
            }
            Step::Look => site.look(),
            Step::Restart => site.restart(),
            Step::RotateWhileDown => {
                site.look();
                let marks = site.follower.take().unwrap().marks();
                rotate(site);
                site.write(3);
                rotate(site);
                site.write(1);
                let follower = Follower::open(&site.log(), RULES, Some(marks)).unwrap();
                site.follower = Some(follower);
            }
            Step::Clean => {
                site.settle();
                for (path, _) in siblings(&site.log()).unwrap() {
                    fs::remove_file(path).unwrap();
                }
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]
        #[test]
        fn every_line_comes_exactly_once(steps in proptest::collection::vec(step(), 1..40)) {
            let mut site = Site::new();
            for step in steps {
                take(&mut site, step);
            }
            site.check();
        }
    }

    #[test]
    fn a_log_that_appears_later_is_read_from_its_start() {
        let dir = tempfile::tempdir().unwrap();
        let log = dir.path().join("a.log");
        let rules = Rules {
            from_start: false,
            ..RULES
        };
        let marks = Follower::open(&log, rules, None).unwrap().marks();
        fs::write(&log, "one\n").unwrap();
        let mut follower = Follower::open(&log, rules, Some(marks)).unwrap();
        let mut found = Found::default();
        follower
            .read(&mut |line| assert_eq!(line, b"one"), &mut found)
            .unwrap();
        assert_eq!(found.lines, 1);
    }

    #[test]
    fn from_the_end_means_only_what_comes() {
        let dir = tempfile::tempdir().unwrap();
        let log = dir.path().join("a.log");
        fs::write(&log, "old\n").unwrap();
        let rules = Rules {
            from_start: false,
            ..RULES
        };
        let mut follower = Follower::open(&log, rules, None).unwrap();
        fs::write(&log, "old\nnew\n").unwrap();
        let mut found = Found::default();
        follower
            .read(&mut |line| assert_eq!(line, b"new"), &mut found)
            .unwrap();
        assert_eq!((found.lines, found.truncations), (1, 0));
    }

    #[test]
    fn a_renamed_file_that_vanished_unread_is_told_of() {
        let mut site = Site::new();
        site.write(1);
        site.settle();
        site.rename();
        fs::remove_file(site.dir.path().join("a.log.1")).unwrap();
        site.reopen();
        site.restart();
        site.look();
        assert_eq!(site.found.lost, 1);
    }

    #[test]
    fn only_names_of_rotation_are_rotated_logs() {
        let rotated = |name: &str| is_rotated(Path::new("/l/a.log"), &Path::new("/l").join(name));
        assert!(rotated("a.log.1") && rotated("a.log-20261121") && rotated("a.log.2026-11-21_03"));
        assert!(
            !rotated("a.log")
                && !rotated("a.log.1.gz")
                && !rotated("b.log.1")
                && !rotated("a.log.")
        );
    }
}
