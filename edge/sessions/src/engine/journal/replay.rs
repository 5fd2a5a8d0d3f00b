//! Reads the segments of an earlier run, once, when the journal is opened. Changes no byte of them, so that a
//! cut can be looked into; only a last segment that never came to be is removed.
//!
//! What is broken is judged by what was promised: where the next segment says that bytes were on disk for
//! certain, damage refuses the start; elsewhere it is what a crash leaves, and reading goes on behind it.

use std::{
    fs::{self, File},
    io::{self, BufReader, Read},
    path::Path,
};

use super::{
    frame::{Before, FORMAT, FRAME, Next, PREAMBLE, Preamble, read_next, read_preamble},
    segment,
};
use crate::Error;

/// Bytes read at a time.
const CHUNK: usize = 256 << 10;

/// An earlier segment.
#[derive(Debug, Clone, Copy)]
pub(super) struct Past {
    pub(super) number: u64,
    /// Bytes of it that count.
    pub(super) length: u64,
}

/// Hands every intact record to `take`, oldest first. Returns the segments read.
pub(super) fn replay(
    directory: &Path,
    mut take: impl FnMut(&[u8]) -> Result<(), Error>,
) -> Result<Vec<Past>, Error> {
    let numbers = numbers(directory)?;
    let mut segments = Vec::with_capacity(numbers.len());
    for (index, number) in numbers.iter().enumerate() {
        let last = index + 1 == numbers.len();
        if index > 0
            && segments
                .last()
                .is_some_and(|(before, _)| before + 1 != *number)
        {
            return Err(damaged(&segment::path(directory, number - 1), 0));
        }
        if let Some(before) = open(directory, *number, last)? {
            segments.push((*number, before));
        }
    }
    let nexts = segments.iter().skip(1).map(|(_, before)| Some(*before));
    let nexts = nexts.chain([None]).collect::<Vec<_>>();
    let mut pasts = Vec::with_capacity(segments.len());
    for ((number, _), next) in segments.into_iter().zip(nexts) {
        let length = read(&segment::path(directory, number), next, &mut take)?;
        pasts.push(Past { number, length });
    }
    Ok(pasts)
}

/// The numbers of the segments there are, in order. Other files are nobody's business.
fn numbers(directory: &Path) -> Result<Vec<u64>, Error> {
    let failed = |source| failed(directory, source);
    let mut numbers = Vec::new();
    for entry in fs::read_dir(directory).map_err(failed)? {
        let name = entry.map_err(failed)?.file_name();
        numbers.extend(name.to_str().and_then(segment::number));
    }
    numbers.sort_unstable();
    Ok(numbers)
}

/// Reads a preamble. None: the segment, the last one, never came to be; it is removed.
fn open(directory: &Path, number: u64, last: bool) -> Result<Option<Before>, Error> {
    let path = segment::path(directory, number);
    let mut head = Vec::with_capacity(PREAMBLE);
    File::open(&path)
        .and_then(|file| file.take(PREAMBLE as u64).read_to_end(&mut head))
        .map_err(|source| failed(&path, source))?;
    match read_preamble(&head) {
        Preamble::Ours(before) => Ok(Some(before)),
        Preamble::Unfinished if last => {
            tracing::warn!(path = %path.display(), "removing a journal segment that was never begun");
            fs::remove_file(&path).map_err(|source| failed(&path, source))?;
            Ok(None)
        }
        Preamble::Unfinished | Preamble::Broken => Err(damaged(&path, 0)),
        Preamble::Format(found) => Err(Error::Format {
            found: format!("of journal format {found}, not {FORMAT}"),
            path,
        }),
    }
}

/// Reads one segment as far as the next one says it counts, or to its end. Returns how far it was good.
fn read(
    path: &Path,
    next: Option<Before>,
    take: &mut impl FnMut(&[u8]) -> Result<(), Error>,
) -> Result<u64, Error> {
    let failed = |source: io::Error| failed(path, source);
    let file = File::open(path).map_err(failed)?;
    let size = file.metadata().map_err(failed)?.len();
    let end = next.map_or(size, |next| next.length);
    let mut from = BufReader::with_capacity(CHUNK, file);
    let mut record = Vec::new();
    let mut at = PREAMBLE as u64;
    from.seek_relative(PREAMBLE as i64).map_err(failed)?;
    loop {
        let room = end.min(size).saturating_sub(at);
        match read_next(&mut from, room, &mut record).map_err(failed)? {
            Next::Record => {
                take(&record)?;
                at += (FRAME + record.len()) as u64;
            }
            Next::End if at >= end || next.is_none() => return Ok(at),
            Next::End | Next::Broken if next.is_some_and(|next| at < next.sure) => {
                return Err(damaged(path, at));
            }
            Next::End | Next::Broken => {
                let bytes = end - at;
                tracing::warn!(path = %path.display(), offset = at, bytes,
                    "cutting the end of a journal segment: a crash left it unfinished");
                return Ok(at);
            }
        }
    }
}

/// Hands the records of a segment that is done to `take`, as often as is liked.
pub(super) fn read_again(
    directory: &Path,
    past: Past,
    take: &mut impl FnMut(&[u8]) -> Result<(), Error>,
) -> Result<(), Error> {
    let end = Before {
        length: past.length,
        sure: past.length,
    };
    read(&segment::path(directory, past.number), Some(end), take).map(drop)
}

/// Reading or making a file failed.
pub(super) fn failed(path: &Path, source: io::Error) -> Error {
    Error::Journal {
        path: path.to_owned(),
        source,
    }
}

fn damaged(path: &Path, offset: u64) -> Error {
    Error::Damaged {
        path: path.to_owned(),
        offset,
    }
}
