//! The streams of a byte form: filled one after the other, compressed each for itself, read with a limit on
//! what they may grow to.

use std::{
    cell::RefCell,
    io::{self, Read as _},
};

use zstd::bulk::{Compressor, Decompressor};

use crate::{Block, BlockError};

use super::VERSION;

/// Enough of the head for the count and the first interval: two varints and a byte.
const PEEK_BYTES: u64 = 24;
const STREAMS: usize = 9;

// Making a context costs more than packing a small stream, and a block has nine of them: each thread keeps one.
thread_local! {
    static PACKER: RefCell<Option<(i32, Compressor<'static>)>> = const { RefCell::new(None) };
    static UNPACKER: RefCell<Option<Decompressor<'static>>> = const { RefCell::new(None) };
}

#[derive(Debug, Default)]
pub(super) struct Streams {
    pub(super) head: Vec<u8>,
    pub(super) counters: Vec<u8>,
    pub(super) levels: Vec<u8>,
    pub(super) durations: Vec<u8>,
    pub(super) forms: Vec<u8>,
    pub(super) marks: Vec<u8>,
    pub(super) index: Vec<u8>,
    pub(super) rank: Vec<u8>,
    pub(super) registers: Vec<u8>,
}

/// What is left to read of each.
pub(super) struct Readers<'a> {
    pub(super) head: &'a [u8],
    pub(super) counters: &'a [u8],
    pub(super) levels: &'a [u8],
    pub(super) durations: &'a [u8],
    pub(super) forms: &'a [u8],
    pub(super) marks: &'a [u8],
    pub(super) index: &'a [u8],
    pub(super) rank: &'a [u8],
    pub(super) registers: &'a [u8],
}

impl Streams {
    const fn all(&self) -> [&Vec<u8>; STREAMS] {
        [
            &self.head,
            &self.counters,
            &self.levels,
            &self.durations,
            &self.forms,
            &self.marks,
            &self.index,
            &self.rank,
            &self.registers,
        ]
    }

    pub(super) fn pack(&self, level: i32) -> Result<Vec<u8>, BlockError> {
        if self.all().iter().map(|stream| stream.len()).sum::<usize>() > Block::MAX_BYTES {
            return Err(BlockError::Content);
        }
        let mut out = vec![VERSION];
        for stream in self.all() {
            if stream.is_empty() {
                push_u64(&mut out, 0);
                continue;
            }
            let packed = compress(stream, level).map_err(|_| BlockError::Frame)?;
            push_u64(&mut out, packed.len() as u64);
            out.extend(packed);
        }
        Ok(out)
    }

    pub(super) fn unpack(mut bytes: &[u8]) -> Result<Self, BlockError> {
        let mut left = Block::MAX_BYTES;
        let mut next = || {
            let packed = frame(&mut bytes)?;
            if packed.is_empty() {
                return Ok(Vec::new());
            }
            // The size in the frame's header is a claim; it only sizes a first buffer.
            let claimed = Decompressor::upper_bound(packed).unwrap_or(left);
            if claimed > left {
                return Err(BlockError::Frame);
            }
            let plain = decompress(packed, claimed).map_err(|_| BlockError::Frame)?;
            left -= plain.len();
            Ok(plain)
        };
        let streams = Self {
            head: next()?,
            counters: next()?,
            levels: next()?,
            durations: next()?,
            forms: next()?,
            marks: next()?,
            index: next()?,
            rank: next()?,
            registers: next()?,
        };
        if bytes.is_empty() {
            Ok(streams)
        } else {
            Err(BlockError::Content)
        }
    }

    pub(super) fn readers(&self) -> Readers<'_> {
        Readers {
            head: &self.head,
            counters: &self.counters,
            levels: &self.levels,
            durations: &self.durations,
            forms: &self.forms,
            marks: &self.marks,
            index: &self.index,
            rank: &self.rank,
            registers: &self.registers,
        }
    }
}

impl Readers<'_> {
    pub(super) fn are_at_their_ends(&self) -> bool {
        [
            self.head,
            self.counters,
            self.levels,
            self.durations,
            self.forms,
            self.marks,
            self.index,
            self.rank,
            self.registers,
        ]
        .iter()
        .all(|stream| stream.is_empty())
    }
}

fn compress(stream: &[u8], level: i32) -> io::Result<Vec<u8>> {
    PACKER.with_borrow_mut(|kept| {
        let packer = match kept.take() {
            Some((its, packer)) if its == level => packer,
            _ => Compressor::new(level)?,
        };
        let (_, packer) = kept.insert((level, packer));
        packer.compress(stream)
    })
}

fn decompress(packed: &[u8], room: usize) -> io::Result<Vec<u8>> {
    UNPACKER.with_borrow_mut(|kept| {
        let unpacker = match kept.take() {
            Some(unpacker) => unpacker,
            None => Decompressor::new()?,
        };
        kept.insert(unpacker).decompress(packed, room)
    })
}

/// The beginning of the head, without unpacking the rest.
pub(super) fn head(mut bytes: &[u8]) -> Result<Vec<u8>, BlockError> {
    let mut head = Vec::new();
    zstd::stream::read::Decoder::with_buffer(frame(&mut bytes)?)
        .and_then(|plain| plain.take(PEEK_BYTES).read_to_end(&mut head))
        .map_err(|_| BlockError::Frame)?;
    Ok(head)
}

fn frame<'a>(bytes: &mut &'a [u8]) -> Result<&'a [u8], BlockError> {
    let len = take_u64(bytes).and_then(|len| usize::try_from(len).ok());
    let (packed, rest) = len
        .and_then(|len| bytes.split_at_checked(len))
        .ok_or(BlockError::Frame)?;
    *bytes = rest;
    Ok(packed)
}

pub(super) fn push_u64(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

pub(super) fn take_u64(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0_u128;
    for shift in (0..70).step_by(7) {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        value |= u128::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return u64::try_from(value).ok();
        }
    }
    None
}
