//! The record: a file of JSON lines, each with the digest of the line before.
//!
//! `hash` is the SHA-256 of the line's text as it would be without `,"hash":"…"`, and that text holds `prev`. So
//! a line that was changed does not fit its own hash, and a line that was taken out, put in or moved does not fit
//! its neighbours. What was cut off at the end is known by whoever kept a later hash.
//!
//! A line is on the disk when [`Audit::append`] returns. A last line that a crash left unfinished is cut off when
//! the file is opened, and that is recorded; it tells of something that did not happen.

mod export;

use std::{
    fs::{File, OpenOptions},
    io::{BufRead as _, BufReader, Read as _, Seek as _, SeekFrom, Write as _},
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

use bongsu_sdk_model::Timestamp;
use ring::digest::{SHA256, digest};
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use self::export::Format;
use crate::{Error, secret::hex};

/// Every so many entries the place in the file is remembered.
const EVERY: u64 = 256;
/// Longest text kept of a prompt, a reply or a detail, characters.
const LONGEST: usize = 16_000;

/// What is to be recorded; empty fields are left out.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Record {
    /// Who, by account; `-` for nobody who is known.
    pub who: String,
    /// From where.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub address: String,
    /// What, a stable word such as `sign-in`, `proposal.approve`.
    pub event: String,
    /// What was asked, in the person's words.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub prompt: String,
    /// What a model said, as it said it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reply: String,
    /// What was understood: plan or action.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub command: Value,
    /// Whom or what it was about.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub target: String,
    /// How it ended, a stable word such as `ok`, `refused`.
    pub status: String,
    /// The result, in a sentence.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub result: String,
}

/// A line of the record.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// Its number, from 1.
    pub seq: u64,
    /// When.
    pub at: Timestamp,
    /// What.
    #[serde(flatten)]
    pub record: Record,
    /// The hash of the line before; of the first, zeros.
    pub prev: String,
}

/// What a verification found to be whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Verified {
    /// Lines.
    pub entries: u64,
    /// The hash of the last one: keep it elsewhere.
    pub head: String,
}

/// Where a record is not what was written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize)]
#[error("line {line}: {what}")]
pub struct Flaw {
    /// The line, from 1; 0: the whole.
    pub line: u64,
    /// What is wrong there.
    pub what: String,
}

#[derive(Debug)]
struct Tail {
    file: File,
    seq: u64,
    hash: String,
    /// Bytes written.
    end: u64,
    /// Where the entries `1 + EVERY·n` begin.
    places: Vec<u64>,
    /// A write failed: what stands at the end is not known.
    broken: bool,
}

/// The record.
#[derive(Debug)]
pub struct Audit {
    path: PathBuf,
    tail: Mutex<Tail>,
}

impl Audit {
    /// Opens the file and goes to its end.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub fn open(path: &Path) -> Result<Self, Error> {
        let failed = |error| Error::store("the audit", error);
        let file = OpenOptions::new()
            .create(true)
            .read(true)
            .append(true)
            .open(path)
            .map_err(failed)?;
        let mut tail = Tail {
            file,
            seq: 0,
            hash: zeros(),
            end: 0,
            places: Vec::new(),
            broken: false,
        };
        let mut reader = BufReader::new(File::open(path).map_err(failed)?);
        let mut line = String::new();
        loop {
            line.clear();
            let read = reader.read_line(&mut line).map_err(failed)?;
            if read == 0 || !line.ends_with('\n') {
                break;
            }
            if tail.seq % EVERY == 0 {
                tail.places.push(tail.end);
            }
            tail.seq += 1;
            tail.end += read as u64;
            if let Some((_, hash)) = split(line.trim_end()) {
                hash.clone_into(&mut tail.hash);
            }
        }
        tail.file.set_len(tail.end).map_err(failed)?;
        Ok(Self {
            path: path.to_owned(),
            tail: Mutex::new(tail),
        })
    }

    /// Records; on the disk when it returns. Blocks.
    ///
    /// # Errors
    /// [`Error::Store`]; then what was to be recorded must not happen.
    pub fn append(&self, mut record: Record, now: Timestamp) -> Result<u64, Error> {
        for text in [
            &mut record.prompt,
            &mut record.reply,
            &mut record.result,
            &mut record.target,
        ] {
            if text.chars().count() > LONGEST {
                *text = text.chars().take(LONGEST).chain("…".chars()).collect();
            }
        }
        let mut tail = self.tail.lock().unwrap_or_else(PoisonError::into_inner);
        if tail.broken {
            return Err(Error::store(
                "the audit",
                "an earlier write failed, hint: free the disk and start again",
            ));
        }
        let entry = Entry {
            seq: tail.seq + 1,
            at: now,
            record,
            prev: tail.hash.clone(),
        };
        let text =
            serde_json::to_string(&entry).map_err(|error| Error::store("the audit", error))?;
        let hash = hash_of(&text);
        let line = format!(
            "{},\"hash\":\"{hash}\"}}\n",
            text.strip_suffix('}').unwrap_or(&text)
        );
        let written = tail
            .file
            .write_all(line.as_bytes())
            .and_then(|()| tail.file.sync_data());
        if let Err(error) = written {
            tail.broken = true;
            return Err(Error::store("the audit", error));
        }
        if tail.seq % EVERY == 0 {
            let end = tail.end;
            tail.places.push(end);
        }
        tail.seq += 1;
        tail.end += line.len() as u64;
        tail.hash = hash;
        Ok(tail.seq)
    }

    /// How many entries there are, and the last one's hash.
    #[must_use]
    pub fn head(&self) -> Verified {
        let tail = self.tail.lock().unwrap_or_else(PoisonError::into_inner);
        Verified {
            entries: tail.seq,
            head: tail.hash.clone(),
        }
    }

    /// At most `limit` entries before the number `before` (none: the latest), latest first. Blocks.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub fn latest(&self, before: Option<u64>, limit: u64) -> Result<Vec<Entry>, Error> {
        let failed = |error| Error::store("the audit", error);
        let (first, last, place) = {
            let tail = self.tail.lock().unwrap_or_else(PoisonError::into_inner);
            let last = before.map_or(tail.seq, |before| tail.seq.min(before.saturating_sub(1)));
            let first = last.saturating_sub(limit.saturating_sub(1)).max(1);
            let nth = usize::try_from((first - 1) / EVERY).unwrap_or(usize::MAX);
            (first, last, tail.places.get(nth).copied().unwrap_or(0))
        };
        let mut file = File::open(&self.path).map_err(failed)?;
        file.seek(SeekFrom::Start(place)).map_err(failed)?;
        let skipped = (first - 1) % EVERY;
        let wanted = usize::try_from(last.saturating_sub(first - 1)).unwrap_or(0);
        let lines = BufReader::new(file)
            .lines()
            .skip(usize::try_from(skipped).unwrap_or(0))
            .take(wanted);
        let mut entries = Vec::new();
        for line in lines {
            entries.push(
                serde_json::from_str(&line.map_err(failed)?)
                    .map_err(|error| Error::store("the audit", error))?,
            );
        }
        entries.reverse();
        Ok(entries)
    }

    /// Verifies a file, from its beginning; `head` is a hash that was kept elsewhere and must be in it.
    ///
    /// # Errors
    /// The first [`Flaw`].
    pub fn verify(path: &Path, head: Option<&str>) -> Result<Verified, Flaw> {
        let unreadable = |error: std::io::Error| Flaw {
            line: 0,
            what: format!("the file can't be read: {error}"),
        };
        let mut text = Vec::new();
        let mut reader = BufReader::new(File::open(path).map_err(unreadable)?);
        let (mut line, mut prev, mut found) = (0, zeros(), head.is_none());
        loop {
            text.clear();
            if reader
                .by_ref()
                .take(1 << 20)
                .read_until(b'\n', &mut text)
                .map_err(unreadable)?
                == 0
            {
                break;
            }
            line += 1;
            let flaw = |what: String| Flaw { line, what };
            let whole = std::str::from_utf8(&text)
                .ok()
                .and_then(|text| text.strip_suffix('\n'));
            let (bare, hash) = whole
                .and_then(split)
                .ok_or_else(|| flaw("it is no entry, or cut short".to_owned()))?;
            if hash_of(&bare) != hash {
                return Err(flaw(
                    "it was changed: its hash is of another text".to_owned(),
                ));
            }
            let entry: Entry = serde_json::from_str(&bare)
                .map_err(|error| flaw(format!("it is no entry: {error}")))?;
            if entry.seq != line {
                return Err(flaw(format!(
                    "it is entry {}: lines are missing, or in another order",
                    entry.seq
                )));
            }
            if entry.prev != prev {
                return Err(flaw(
                    "it does not follow the line before: one of them was replaced".to_owned(),
                ));
            }
            hash.clone_into(&mut prev);
            found = found || head == Some(hash);
        }
        if !found {
            return Err(Flaw {
                line: 0,
                what: "the hash that was kept is not in it: the end was cut off or written anew"
                    .to_owned(),
            });
        }
        Ok(Verified {
            entries: line,
            head: prev,
        })
    }

    /// The file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }
}

fn zeros() -> String {
    "0".repeat(64)
}

fn hash_of(text: &str) -> String {
    hex(digest(&SHA256, text.as_bytes()).as_ref())
}

/// A line as its text without hash, and the hash.
fn split(line: &str) -> Option<(String, &str)> {
    let (text, rest) = line.rsplit_once(",\"hash\":\"")?;
    let hash = rest.strip_suffix("\"}").filter(|hash| hash.len() == 64)?;
    Some((format!("{text}}}"), hash))
}
