//! All scopes of one interval: the unit that is stored and shipped.
//!
//! Byte form: one version byte (1), then a zstd frame of the postcard encoding of [`Block`]. A decoder
//! refuses frames that would grow beyond [`Block::MAX_BYTES`].

use std::{collections::BTreeMap, io::Read as _};

use bongsu_sdk_model::{Scope, Tier, Timestamp, Window};
use serde::{Deserialize, Serialize};

use crate::RollUp;

const VERSION: u8 = 1;
/// Fastest level: a block is small and written once a minute.
const ZSTD_LEVEL: i32 = 1;
/// Most bytes of a block's width and start: a byte and a varint of 64 bits.
const HEAD_BYTES: u64 = 11;

/// The roll-ups of every scope of one site in one interval.
///
/// A block is a *delta*: two blocks of the same interval (the second holding what came late) merge into one
/// with the totals of both.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Block {
    /// Width of the interval.
    pub tier: Tier,
    /// Its first instant; aligned to the tier.
    pub start: Timestamp,
    /// What is known, by scope.
    pub scopes: BTreeMap<Scope, RollUp>,
}

/// Why bytes are not a block.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BlockError {
    /// The version byte is not one this program knows.
    #[error("block version {0} is unknown, hint: upgrade the side that reads it")]
    Version(u8),
    /// The frame is damaged or would grow beyond the limit.
    #[error("block does not decompress within {limit} bytes", limit = Block::MAX_BYTES)]
    Frame,
    /// The content is not that of a block.
    #[error("block content is damaged")]
    Content,
    /// The interval does not start on a multiple of its width.
    #[error("block interval is not aligned to its width")]
    Alignment,
}

impl Block {
    /// Largest decompressed size, in bytes: 1 000 scopes with three dense sketches each, and some.
    pub const MAX_BYTES: usize = 64 << 20;

    /// A block without scopes.
    #[must_use]
    pub const fn new(tier: Tier, start: Timestamp) -> Self {
        Self {
            tier,
            start,
            scopes: BTreeMap::new(),
        }
    }

    /// The interval.
    #[must_use]
    pub const fn window(&self) -> Window {
        self.tier.interval(self.start)
    }

    /// The roll-up of `scope`, made if absent.
    pub fn entry(&mut self, scope: Scope) -> &mut RollUp {
        self.scopes.entry(scope).or_default()
    }

    /// Takes in the scopes of another block of the same site.
    pub fn merge(&mut self, other: &Self) {
        for (scope, rollup) in &other.scopes {
            self.entry(scope.clone()).merge(rollup);
        }
    }

    /// The byte form.
    ///
    /// # Errors
    /// [`BlockError::Content`] if it would be larger than a decoder accepts.
    pub fn encode(&self) -> Result<Vec<u8>, BlockError> {
        let plain = postcard::to_stdvec(self).map_err(|_| BlockError::Content)?;
        if plain.len() > Self::MAX_BYTES {
            return Err(BlockError::Content);
        }
        let packed = zstd::bulk::compress(&plain, ZSTD_LEVEL).map_err(|_| BlockError::Frame)?;
        Ok([&[VERSION], &*packed].concat())
    }

    /// Width and start of an encoded block, without unpacking the rest of it.
    ///
    /// # Errors
    /// [`BlockError`] if the bytes do not begin as a block does.
    pub fn peek(bytes: &[u8]) -> Result<(Tier, Timestamp), BlockError> {
        let (version, packed) = bytes.split_first().ok_or(BlockError::Frame)?;
        if *version != VERSION {
            return Err(BlockError::Version(*version));
        }
        let mut head = Vec::new();
        zstd::stream::read::Decoder::with_buffer(packed)
            .and_then(|plain| plain.take(HEAD_BYTES).read_to_end(&mut head))
            .map_err(|_| BlockError::Frame)?;
        postcard::take_from_bytes(&head)
            .map(|(head, _)| head)
            .map_err(|_| BlockError::Content)
    }

    /// Reads the byte form; `bytes` may come from anyone.
    ///
    /// # Errors
    /// [`BlockError`] if they are not a block.
    pub fn decode(bytes: &[u8]) -> Result<Self, BlockError> {
        let (version, packed) = bytes.split_first().ok_or(BlockError::Frame)?;
        if *version != VERSION {
            return Err(BlockError::Version(*version));
        }
        // The content size in the frame's header is a claim; it only sizes a first buffer.
        let claimed = zstd::bulk::Decompressor::upper_bound(packed).unwrap_or(Self::MAX_BYTES);
        if claimed > Self::MAX_BYTES {
            return Err(BlockError::Frame);
        }
        let plain = zstd::bulk::decompress(packed, claimed).map_err(|_| BlockError::Frame)?;
        let block: Self = postcard::from_bytes(&plain).map_err(|_| BlockError::Content)?;
        if block.tier.floor(block.start) != block.start {
            return Err(BlockError::Alignment);
        }
        Ok(block)
    }
}

#[cfg(test)]
mod tests {
    use bongsu_sdk_model::{AppId, IdentityMode};

    use super::*;
    use crate::IdentityHash;

    fn block(users: u64) -> Block {
        let mut block = Block::new(Tier::Minute, Timestamp::from_ms(60_000));
        for scope in [Scope::Site, Scope::App(AppId::new("minwon").unwrap())] {
            let rollup = block.entry(scope);
            for user in 0..users {
                let hash = IdentityHash::from_uniform(user.wrapping_mul(0x9e37_79b9_7f4a_7c15));
                rollup.users_mut(IdentityMode::Cookie).insert(hash);
                rollup.counters.requests += 1;
                rollup.durations.add(user);
            }
        }
        block
    }

    #[test]
    fn bytes_come_back_and_damage_is_refused() {
        for users in [0, 1, 500, 5_000] {
            let block = block(users);
            let bytes = block.encode().unwrap();
            assert_eq!(Block::decode(&bytes).unwrap(), block);
            assert_eq!(Block::peek(&bytes).unwrap(), (block.tier, block.start));
            for cut in [0, 1, bytes.len() / 2, bytes.len() - 1] {
                assert!(Block::decode(&bytes[..cut]).is_err(), "cut at {cut}");
            }
        }
        assert!(matches!(
            Block::decode(&[9, 0]),
            Err(BlockError::Version(9))
        ));
    }

    #[test]
    fn an_unaligned_interval_is_refused() {
        let mut block = block(1);
        block.start = Timestamp::from_ms(61_000);
        let bytes = block.encode().unwrap();
        assert!(matches!(Block::decode(&bytes), Err(BlockError::Alignment)));
    }

    #[test]
    fn merging_adds_counters_and_unites_users() {
        let mut sum = block(10);
        sum.merge(&block(15));
        let site = &sum.scopes[&Scope::Site];
        assert_eq!(site.counters.requests, 25);
        assert_eq!(
            site.users(IdentityMode::Cookie).estimate().value.round(),
            15.0
        );
        assert_eq!(site.durations.count(), 25);
    }
}
