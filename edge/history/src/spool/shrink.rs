//! Keeps the spool within its bytes while the center can't be reached: first by losing resolution, oldest
//! first, then, and only then, by losing data, which it says.
//!
//! 1. Minutes become five minutes, the oldest first, until it fits.
//! 2. When every minute has, five minutes become hours, the oldest first.
//! 3. When every hour is one, the oldest hours are dropped, and a finding names interval and totals.
//!
//! Counters add, durations add, users unite, peaks stay: what the center learns in the end is the same
//! total, in wider steps. Findings are never dropped; they are small.
//!
//! Trade-off: all is at five minutes before anything is at an hour, so that a long outage is readable
//! throughout. Rejected: making the oldest as coarse as possible first, which keeps more recent minutes but
//! turns the beginning of an outage, where its cause is, into one point an hour.

use bongsu_sdk_model::{Counters, Finding, Scope, Severity, Tier, Timestamp, Window};
use bongsu_sdk_sketch::Block;
use bongsu_sdk_wire::{MAX_PAYLOAD_BYTES, Payload};

use super::Held;
use crate::{Commit, History, HistoryError, keys};

/// What was done to make the spool fit.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Shrunk {
    /// Intervals that were merged.
    pub merged: u64,
    /// Batches that were dropped, each run of intervals with its finding.
    pub dropped: u64,
    /// What the spool holds now, in bytes.
    pub bytes: u64,
}

impl History {
    /// Makes the spool fit into `max_bytes`, if it does not, and leaves an eighth free so that it need not
    /// be done every minute. What was given out stays and counts. Not on disk before the next flush.
    ///
    /// # Errors
    /// [`HistoryError`]; batches are then as before or rewritten with the same totals.
    pub fn shrink_spool(&self, max_bytes: u64, now: Timestamp) -> Result<Shrunk, HistoryError> {
        self.check_sound()?;
        let mut book = self.book.lock();
        let held = book.get_or_insert_default();
        held.follow(self)?;
        let mut shrunk = Shrunk::default();
        if held.bytes() > max_bytes {
            let target = max_bytes / 8 * 7;
            let given = self.spool()?.given;
            for tier in [Tier::FiveMinutes, Tier::Hour] {
                shrunk.merged += self.coarsen(held, tier, given, target)?;
            }
            if held.bytes() > max_bytes {
                shrunk.dropped = self.drop_oldest(held, given, max_bytes, now)?;
                held.follow(self)?;
            }
        }
        shrunk.bytes = held.bytes();
        Ok(shrunk)
    }

    /// Merges intervals of `tier`, the oldest first, until `target` is reached; gives how many.
    fn coarsen(
        &self,
        held: &mut Held,
        tier: Tier,
        given: u64,
        target: u64,
    ) -> Result<u64, HistoryError> {
        let mut merged = 0;
        let mut groups = held.groups(tier, given);
        while held.bytes() > target
            && let Some((start, sequences)) = groups.pop()
        {
            merged += u64::from(self.merge(held, Block::new(tier, start), &sequences)?);
        }
        Ok(merged)
    }

    /// Puts the union of the blocks at `sequences` into the last of them and empties the others; gives
    /// whether that made them smaller. If not, nothing is changed.
    fn merge(
        &self,
        held: &mut Held,
        mut whole: Block,
        sequences: &[u64],
    ) -> Result<bool, HistoryError> {
        let mut before = 0;
        for sequence in sequences {
            if let Some((bytes, block)) = self.spooled_block(*sequence)? {
                before += bytes;
                whole.merge(&block);
            }
        }
        let Some(parts) = parts(whole, sequences.len())? else {
            return Ok(false);
        };
        if parts.iter().map(Vec::len).sum::<usize>() >= before {
            return Ok(false);
        }
        let fillers = sequences.len() - parts.len();
        let empty = std::iter::repeat_n(filler()?, fillers);
        let payloads: Vec<_> = empty.chain(parts).collect();
        self.rewrite(held, sequences, payloads)?;
        Ok(true)
    }

    /// Empties the oldest roll-ups until `target` is reached, and commits findings that say so; gives how
    /// many batches.
    fn drop_oldest(
        &self,
        held: &mut Held,
        given: u64,
        target: u64,
        now: Timestamp,
    ) -> Result<u64, HistoryError> {
        let mut oldest: Vec<_> = held
            .rollups(given)
            .map(|(sequence, r)| (r.start, sequence))
            .collect();
        oldest.sort_unstable();
        let (mut losses, mut dropped) = (Vec::<Loss>::new(), 0);
        for (_, sequence) in oldest {
            if held.bytes() <= target {
                break;
            }
            if let Some((_, block)) = self.spooled_block(sequence)? {
                Loss::add(&mut losses, &block);
            }
            self.rewrite(held, &[sequence], vec![filler()?])?;
            dropped += 1;
        }
        if !losses.is_empty() {
            let findings: Vec<_> = losses.iter().map(|loss| loss.finding(now)).collect();
            let batch = Payload::Findings(findings.clone()).encode();
            self.commit(&Commit {
                findings,
                batches: vec![batch.map_err(|error| HistoryError::Damaged(error.to_string()))?],
                ..Commit::default()
            })?;
        }
        Ok(dropped)
    }

    fn spooled_block(&self, sequence: u64) -> Result<Option<(usize, Block)>, HistoryError> {
        let damaged = |error: &dyn std::error::Error| HistoryError::Damaged(error.to_string());
        let Some(payload) = self.spool.get(keys::of_number(sequence))? else {
            return Ok(None);
        };
        match Payload::decode(&payload).map_err(|error| damaged(&error))? {
            Payload::RollUps(bytes) => {
                let block = Block::decode(&bytes).map_err(|error| damaged(&error))?;
                Ok(Some((payload.len(), block)))
            }
            _ => Ok(None),
        }
    }

    /// All or nothing: sled applies a batch atomically.
    fn rewrite(
        &self,
        held: &mut Held,
        sequences: &[u64],
        payloads: Vec<Vec<u8>>,
    ) -> Result<(), HistoryError> {
        let mut batch = sled::Batch::default();
        for (sequence, payload) in sequences.iter().zip(&payloads) {
            batch.insert(&keys::of_number(*sequence), payload.as_slice());
        }
        self.spool.apply_batch(batch)?;
        for (sequence, payload) in sequences.iter().zip(&payloads) {
            held.set(*sequence, payload);
        }
        Ok(())
    }
}

/// A batch that says nothing and keeps its place in the numbering.
fn filler() -> Result<Vec<u8>, HistoryError> {
    Payload::Findings(Vec::new())
        .encode()
        .map_err(|error| HistoryError::Damaged(error.to_string()))
}

/// The payloads of a block: one, or several with a part of the scopes each if it is too large for one;
/// `None` if that takes more than `most`.
fn parts(block: Block, most: usize) -> Result<Option<Vec<Vec<u8>>>, HistoryError> {
    let damaged = |error: &dyn std::error::Error| HistoryError::Damaged(error.to_string());
    let (mut waiting, mut parts) = (vec![block], Vec::new());
    while let Some(mut block) = waiting.pop() {
        let bytes = block.encode().map_err(|error| damaged(&error))?;
        if bytes.len() + 8 <= MAX_PAYLOAD_BYTES {
            let payload = Payload::RollUps(bytes).encode();
            parts.push(payload.map_err(|error| damaged(&error))?);
            continue;
        }
        let Some(middle) = block.scopes.keys().nth(block.scopes.len() / 2).cloned() else {
            return Ok(None);
        };
        let upper = Block {
            scopes: block.scopes.split_off(&middle),
            ..Block::new(block.tier, block.start)
        };
        if block.scopes.is_empty() {
            return Ok(None);
        }
        waiting.extend([block, upper]);
    }
    Ok((parts.len() <= most).then_some(parts))
}

/// A run of intervals that are lost, and what was counted in them.
struct Loss {
    window: Window,
    counters: Counters,
}

impl Loss {
    fn add(losses: &mut Vec<Self>, block: &Block) {
        let window = block.window();
        let counters = block.scopes.get(&Scope::Site).map(|site| site.counters);
        let counters = counters.unwrap_or_default();
        match losses.last_mut() {
            Some(last) if window.from <= last.window.to => {
                last.window.to = last.window.to.max(window.to);
                last.counters.add(&counters);
            }
            _ => losses.push(Self { window, counters }),
        }
    }

    fn finding(&self, now: Timestamp) -> Finding {
        let Self { window, counters } = self;
        let hours = window.width().as_secs() / 3_600;
        #[expect(clippy::cast_precision_loss, reason = "counts far below 2^53")]
        let figure = |name: &str, value: u64| (name.to_owned(), value as f64);
        Finding {
            detector: concat!("spool@", env!("CARGO_PKG_VERSION")).into(),
            kind: "spool-overflow".into(),
            severity: Severity::Critical,
            app: None,
            window: *window,
            subject: "spool".into(),
            summary: format!(
                "{hours} h of roll-ups with {} requests were dropped at {} ms: the spool is full of hours, \
                 hint: raise `[spool] max_bytes` or mend the link",
                counters.requests,
                now.as_ms()
            ),
            evidence: vec![
                figure("requests", counters.requests),
                figure("errors", counters.errors),
                figure("client_errors", counters.client_errors),
                figure("response_bytes", counters.response_bytes),
                figure("duration_us", counters.duration_us),
                figure("logins", counters.logins),
                figure("logins_failed", counters.logins_failed),
            ],
        }
    }
}
