//! The byte form of one or more blocks of a site, in columns: what is alike lies side by side, and what
//! follows from something else is not written at all.
//!
//! Byte form: the version (2), then nine streams, each a LEB128 length and a zstd frame of so many bytes:
//!
//! | stream | holds |
//! |---|---|
//! | head | postcard of the intervals, the scopes in order, and a bit per interval and scope: is there a row |
//! | counters | the sixteen counters, column by column, LEB128 |
//! | levels | postcard of gauges and peaks, row by row |
//! | durations | postcard of the histograms, row by row |
//! | forms | a byte per row and mode: how its users are written, see [`users`] |
//! | marks, index, rank | the users of small sets, see [`users`] |
//! | registers | the users of large sets, a byte per register |
//!
//! A row is what one scope saw in one interval; rows go by interval, then scope. A decoder refuses streams
//! that would together grow beyond [`crate::Block::MAX_BYTES`], and whatever is not exactly rows.
//!
//! ## Decisions
//!
//! - **One form for the wire, the edge's disk and the center's packed hours.** Minutes of a large site take a
//!   third of the bytes of version 1, and an hour in one pack less again, because its users are named once.
//! - **A user is written once per application with the rows that saw it, not once per row.** In a minute a
//!   user is in one instance and some URLs, each time in three modes. Rejected: leaving it to zstd, which
//!   can't see that thousands of small sorted lists hold the same random numbers.

mod streams;
mod users;

use std::collections::{BTreeMap, BTreeSet};

use bongsu_sdk_model::{Counters, Gauges, Scope, Tier, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{Block, BlockError, Histogram, Peak, RollUp};
use streams::{Readers, Streams};

pub(crate) const VERSION: u8 = 2;
const FIELDS: usize = 16;

#[derive(Serialize, Deserialize)]
struct Head {
    intervals: Vec<(Tier, Timestamp)>,
    scopes: Vec<Scope>,
    present: Vec<u8>,
}

type Levels = (Gauges, [Option<Peak>; 3]);

/// One scope in one interval.
pub(crate) struct Row<'a> {
    pub(crate) interval: usize,
    pub(crate) scope: &'a Scope,
    pub(crate) rollup: &'a RollUp,
}

/// The byte form of `blocks`, packed with zstd at `level`.
pub(crate) fn encode(blocks: &[Block], level: i32) -> Result<Vec<u8>, BlockError> {
    let scopes: BTreeSet<&Scope> = blocks
        .iter()
        .flat_map(|block| block.scopes.keys())
        .collect();
    let mut rows = Vec::new();
    let mut bits = Vec::new();
    for (interval, block) in blocks.iter().enumerate() {
        for scope in &scopes {
            let rollup = block.scopes.get(*scope);
            bits.push(rollup.is_some());
            rows.extend(rollup.map(|rollup| Row {
                interval,
                scope,
                rollup,
            }));
        }
    }
    let head = Head {
        intervals: blocks
            .iter()
            .map(|block| (block.tier, block.start))
            .collect(),
        scopes: scopes.into_iter().cloned().collect(),
        present: bits_to_bytes(&bits),
    };
    let mut to = Streams::default();
    append(&mut to.head, &head)?;
    for field in 0..FIELDS {
        for row in &rows {
            let value = row.rollup.counters.fields().get(field).copied();
            streams::push_u64(&mut to.counters, value.unwrap_or_default());
        }
    }
    for row in &rows {
        let levels: Levels = (row.rollup.gauges, row.rollup.peaks);
        append(&mut to.levels, &levels)?;
        append(&mut to.durations, &row.rollup.durations)?;
    }
    users::write(&rows, &mut to);
    to.pack(level)
}

/// Reads what [`encode`] wrote after its version byte; refuses more than `most` blocks.
pub(crate) fn decode(bytes: &[u8], most: usize) -> Result<Vec<Block>, BlockError> {
    let streams = Streams::unpack(bytes)?;
    let mut from = streams.readers();
    let head: Head = take(&mut from.head)?;
    if head.intervals.len() > most {
        return Err(BlockError::Content);
    }
    let mut blocks = Vec::with_capacity(head.intervals.len());
    for (tier, start) in &head.intervals {
        if tier.floor(*start) != *start {
            return Err(BlockError::Alignment);
        }
        blocks.push(Block::new(*tier, *start));
    }
    let places = places(&head, blocks.len())?;
    let mut rollups = rollups(places.len(), &mut from)?;
    users::read(&places, &mut rollups, &mut from)?;
    if !from.are_at_their_ends() {
        return Err(BlockError::Content);
    }
    for ((interval, scope), rollup) in places.into_iter().zip(rollups) {
        let block = blocks.get_mut(interval).ok_or(BlockError::Content)?;
        block.scopes.insert(scope.clone(), rollup);
    }
    Ok(blocks)
}

/// Interval and scope of every row.
fn places(head: &Head, intervals: usize) -> Result<Vec<(usize, &Scope)>, BlockError> {
    if !head.scopes.is_sorted_by(|a, b| a < b) {
        return Err(BlockError::Content);
    }
    let cells = intervals.checked_mul(head.scopes.len());
    let cells = cells.ok_or(BlockError::Content)?;
    if head.present.len() != cells.div_ceil(8) {
        return Err(BlockError::Content);
    }
    let cell = (0..intervals).flat_map(|at| head.scopes.iter().map(move |scope| (at, scope)));
    let is_present = |cell: usize| {
        let byte = head.present.get(cell / 8).copied().unwrap_or(0);
        byte >> (cell % 8) & 1 == 1
    };
    Ok(cell
        .enumerate()
        .filter_map(|(number, place)| is_present(number).then_some(place))
        .collect())
}

/// Everything of the rows but their users. Reads before it makes room, so that a claim costs nothing.
fn rollups(rows: usize, from: &mut Readers) -> Result<Vec<RollUp>, BlockError> {
    if from.counters.len() < rows.saturating_mul(FIELDS) {
        return Err(BlockError::Content);
    }
    let mut rollups = Vec::with_capacity(rows);
    for _ in 0..rows {
        let (gauges, peaks): Levels = take(&mut from.levels)?;
        let durations: Histogram = take(&mut from.durations)?;
        rollups.push(RollUp {
            counters: Counters::default(),
            gauges,
            durations,
            users: Default::default(),
            peaks,
        });
    }
    for field in 0..FIELDS {
        for rollup in &mut rollups {
            let value = streams::take_u64(&mut from.counters).ok_or(BlockError::Content)?;
            for (at, counter) in rollup.counters.fields_mut().into_iter().enumerate() {
                if at == field {
                    *counter = value;
                }
            }
        }
    }
    Ok(rollups)
}

fn append(to: &mut Vec<u8>, value: &impl Serialize) -> Result<(), BlockError> {
    let bytes = postcard::to_stdvec(value).map_err(|_| BlockError::Content)?;
    to.extend(bytes);
    Ok(())
}

fn take<'a, T: Deserialize<'a>>(from: &mut &'a [u8]) -> Result<T, BlockError> {
    let (value, rest) = postcard::take_from_bytes(from).map_err(|_| BlockError::Content)?;
    *from = rest;
    Ok(value)
}

fn bits_to_bytes(bits: &[bool]) -> Vec<u8> {
    let byte = |eight: &[bool]| {
        (0..)
            .zip(eight)
            .fold(0_u8, |byte, (at, bit)| byte | u8::from(*bit) << at)
    };
    bits.chunks(8).map(byte).collect()
}

/// Width and start of the first block.
pub(crate) fn peek(bytes: &[u8]) -> Result<(Tier, Timestamp), BlockError> {
    let head = streams::head(bytes)?;
    let (count, rest) = postcard::take_from_bytes::<u32>(&head).map_err(|_| BlockError::Content)?;
    if count == 0 {
        return Err(BlockError::Content);
    }
    postcard::take_from_bytes(rest)
        .map(|(interval, _)| interval)
        .map_err(|_| BlockError::Content)
}

/// Positions of the rows of each application (and of none), in order.
fn groups<'a>(scopes: impl Iterator<Item = &'a Scope>) -> Vec<Vec<usize>> {
    let mut groups: BTreeMap<Option<&str>, Vec<usize>> = BTreeMap::new();
    for (row, scope) in scopes.enumerate() {
        let app = scope.app().map(|app| app.as_str());
        groups.entry(app).or_default().push(row);
    }
    groups.into_values().collect()
}
