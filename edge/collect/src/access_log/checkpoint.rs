//! How far a log was read, kept over a restart.
//!
//! One small text file per log, replaced as a whole: written beside, synced, renamed, the directory synced.
//! It holds numbers only, never a line. A damaged one is an error the operator sees, not a fresh start.

use std::{
    fmt::Write as _,
    fs::{self, File},
    io::{self, Write as _},
    path::{Path, PathBuf},
};

const HEADER: &str = "bongsu log checkpoint 1";

/// Which file, whatever its name is by now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct FileId {
    pub(super) device: u64,
    pub(super) inode: u64,
}

/// A hash of a file's first bytes: tells a file from one that took its place under the same id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Head {
    pub(super) bytes: u64,
    pub(super) hash: u64,
}

/// How far one file was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Mark {
    pub(super) id: FileId,
    /// First byte that was not handed on.
    pub(super) offset: u64,
    pub(super) head: Head,
    /// Whether `offset` is inside a line that is being skipped for its length.
    pub(super) skipping: bool,
}

/// How far all files of one log were read.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Marks {
    /// The file under the log's path; none if there was none.
    pub(super) current: Option<Mark>,
    /// Renamed files that may still grow.
    pub(super) renamed: Vec<Mark>,
    /// Renamed files read to their end, latest last.
    pub(super) done: Vec<Mark>,
}

/// The checkpoint of one log.
#[derive(Debug)]
pub(super) struct Checkpoint {
    path: PathBuf,
}

impl Checkpoint {
    /// The checkpoint in `data_dir` of the log at `log`.
    pub(super) fn of(data_dir: &Path, log: &Path) -> Self {
        let name = log.file_name().unwrap_or_default().to_string_lossy();
        let hash = hash(log.as_os_str().as_encoded_bytes());
        Self {
            path: data_dir.join(format!("{name}.{hash:016x}.checkpoint")),
        }
    }

    /// Where it begins that was handed on and kept elsewhere.
    pub(super) fn given(bytes: &[u8]) -> Option<Marks> {
        decode(std::str::from_utf8(bytes).ok()?)
    }

    /// What [`Self::given`] reads.
    pub(super) fn to_give(marks: &Marks) -> Vec<u8> {
        encode(marks).into_bytes()
    }

    /// What was saved last; `None` if nothing ever was.
    pub(super) fn load(&self) -> io::Result<Option<Marks>> {
        match fs::read_to_string(&self.path) {
            Ok(text) => decode(&text).map(Some).ok_or_else(|| {
                let path = self.path.display();
                let hint = "hint: remove it to begin anew";
                io::Error::other(format!("checkpoint `{path}` is damaged; {hint}"))
            }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Replaces what was saved; durable when it returns.
    pub(super) fn save(&self, marks: &Marks) -> io::Result<()> {
        let beside = self.path.with_extension("new");
        let mut file = File::create(&beside)?;
        file.write_all(encode(marks).as_bytes())?;
        file.sync_all()?;
        fs::rename(&beside, &self.path)?;
        match self.path.parent() {
            Some(directory) => File::open(directory)?.sync_all(),
            None => Ok(()),
        }
    }
}

/// FNV-1a, 64 bits: stable over versions and machines, which the standard library's hasher is not.
pub(super) fn hash(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

fn encode(marks: &Marks) -> String {
    let current = marks.current.iter().map(|mark| ("current", mark));
    let renamed = marks.renamed.iter().map(|mark| ("renamed", mark));
    let done = marks.done.iter().map(|mark| ("done", mark));
    let mut text = format!("{HEADER}\n");
    for (word, mark) in current.chain(renamed).chain(done) {
        let Mark {
            id: FileId { device, inode },
            offset,
            head,
            skipping,
        } = mark;
        let (bytes, hash, skipping) = (head.bytes, head.hash, u8::from(*skipping));
        let _ = writeln!(
            text,
            "{word} {device} {inode} {offset} {bytes} {hash} {skipping}"
        );
    }
    text.push_str("end\n");
    text
}

fn decode(text: &str) -> Option<Marks> {
    let mut lines = text
        .strip_prefix(HEADER)?
        .strip_prefix('\n')?
        .strip_suffix("end\n")?
        .lines();
    lines.try_fold(Marks::default(), |mut marks, line| {
        let (word, numbers) = line.split_once(' ')?;
        let numbers = numbers
            .split(' ')
            .map(|number| number.parse().ok())
            .collect::<Option<Vec<u64>>>()?;
        let &[device, inode, offset, bytes, hash, skipping @ 0..=1] = numbers.as_slice() else {
            return None;
        };
        let (id, head) = (FileId { device, inode }, Head { bytes, hash });
        let mark = Mark {
            id,
            offset,
            head,
            skipping: skipping == 1,
        };
        match word {
            "current" if marks.current.is_none() => marks.current = Some(mark),
            "renamed" => marks.renamed.push(mark),
            "done" => marks.done.push(mark),
            _ => return None,
        }
        Some(marks)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn marks() -> Marks {
        let mark = |inode| Mark {
            id: FileId { device: 8, inode },
            offset: inode * 10,
            head: Head {
                bytes: 256,
                hash: u64::MAX,
            },
            skipping: inode == 2,
        };
        Marks {
            current: Some(mark(1)),
            renamed: vec![mark(2), mark(3)],
            done: vec![mark(9)],
        }
    }

    #[test]
    fn what_is_saved_is_loaded() {
        let dir = tempfile::tempdir().unwrap();
        let checkpoint = Checkpoint::of(dir.path(), Path::new("/var/log/a.log"));
        assert_eq!(checkpoint.load().unwrap(), None);
        for marks in [marks(), Marks::default()] {
            checkpoint.save(&marks).unwrap();
            assert_eq!(checkpoint.load().unwrap(), Some(marks));
        }
        let other = Checkpoint::of(dir.path(), Path::new("/srv/log/a.log"));
        assert_eq!(other.load().unwrap(), None);
    }

    #[test]
    fn a_damaged_checkpoint_is_an_error() {
        let dir = tempfile::tempdir().unwrap();
        let checkpoint = Checkpoint::of(dir.path(), Path::new("a.log"));
        let whole = encode(&marks());
        for length in 0..whole.len() {
            fs::write(&checkpoint.path, &whole[..length]).unwrap();
            assert!(
                checkpoint
                    .load()
                    .unwrap_err()
                    .to_string()
                    .contains("damaged"),
                "{length}"
            );
        }
    }
}
