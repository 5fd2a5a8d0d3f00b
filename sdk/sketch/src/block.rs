//! All scopes of one interval: the unit that is stored and shipped.
//!
//! Its byte form is in columns (version 2, see `columns`); version 1 is still read.

use std::{collections::BTreeMap, io::Read as _};

use bongsu_sdk_model::{Scope, Tier, Timestamp, Window};
use serde::{Deserialize, Serialize};

use crate::{RollUp, columns};

const VERSION_1: u8 = 1;
/// Fastest level: a block is small and written at once.
const ZSTD_LEVEL: i32 = 1;
/// A pack is written once and kept for months.
const PACK_ZSTD_LEVEL: i32 = 9;
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
    /// Most blocks of one pack: an hour of minutes, and a few.
    pub const MAX_PACKED: usize = 64;

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
        columns::encode(std::slice::from_ref(self), ZSTD_LEVEL)
    }

    /// The byte form of several blocks of one site, smaller than theirs together. It takes longer to make.
    ///
    /// # Errors
    /// [`BlockError::Content`] if it would be larger than a decoder accepts.
    pub fn encode_pack(blocks: &[Self]) -> Result<Vec<u8>, BlockError> {
        columns::encode(blocks, PACK_ZSTD_LEVEL)
    }

    /// Width and start of an encoded block, without unpacking the rest of it.
    ///
    /// # Errors
    /// [`BlockError`] if the bytes do not begin as a block does.
    pub fn peek(bytes: &[u8]) -> Result<(Tier, Timestamp), BlockError> {
        match bytes.split_first().ok_or(BlockError::Frame)? {
            (&columns::VERSION, packed) => columns::peek(packed),
            (&VERSION_1, packed) => peek_version_1(packed),
            (version, _) => Err(BlockError::Version(*version)),
        }
    }

    /// Reads the byte form; `bytes` may come from anyone.
    ///
    /// # Errors
    /// [`BlockError`] if they are not a block.
    pub fn decode(bytes: &[u8]) -> Result<Self, BlockError> {
        match bytes.split_first().ok_or(BlockError::Frame)? {
            (&columns::VERSION, packed) => {
                let mut blocks = columns::decode(packed, 1)?;
                blocks.pop().ok_or(BlockError::Content)
            }
            (&VERSION_1, packed) => decode_version_1(packed),
            (version, _) => Err(BlockError::Version(*version)),
        }
    }

    /// Reads what [`Block::encode_pack`] wrote.
    ///
    /// # Errors
    /// [`BlockError`] if the bytes are not packed blocks, or are more than [`Block::MAX_PACKED`].
    pub fn decode_pack(bytes: &[u8]) -> Result<Vec<Self>, BlockError> {
        match bytes.split_first().ok_or(BlockError::Frame)? {
            (&columns::VERSION, packed) => columns::decode(packed, Self::MAX_PACKED),
            (version, _) => Err(BlockError::Version(*version)),
        }
    }
}

/// Version 1 was a zstd frame of the postcard encoding of [`Block`], row by row.
fn decode_version_1(packed: &[u8]) -> Result<Block, BlockError> {
    // The content size in the frame's header is a claim; it only sizes a first buffer.
    let claimed = zstd::bulk::Decompressor::upper_bound(packed).unwrap_or(Block::MAX_BYTES);
    if claimed > Block::MAX_BYTES {
        return Err(BlockError::Frame);
    }
    let plain = zstd::bulk::decompress(packed, claimed).map_err(|_| BlockError::Frame)?;
    let block: Block = postcard::from_bytes(&plain).map_err(|_| BlockError::Content)?;
    if block.tier.floor(block.start) != block.start {
        return Err(BlockError::Alignment);
    }
    Ok(block)
}

fn peek_version_1(packed: &[u8]) -> Result<(Tier, Timestamp), BlockError> {
    let mut head = Vec::new();
    zstd::stream::read::Decoder::with_buffer(packed)
        .and_then(|plain| plain.take(HEAD_BYTES).read_to_end(&mut head))
        .map_err(|_| BlockError::Frame)?;
    postcard::take_from_bytes(&head)
        .map(|(head, _)| head)
        .map_err(|_| BlockError::Content)
}

#[cfg(test)]
mod tests {
    use bongsu_sdk_model::{AppId, GaugeKind, IdentityMode, InstanceId, UrlTemplate};
    use proptest::prelude::*;

    use super::*;
    use crate::{IdentityHash, Peak};

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

    /// Requests of users that have an address, a session and a cookie each, or share an address.
    fn traffic(start: i64, requests: &[(u64, usize, usize)], sharing: u64) -> Block {
        let mut block = Block::new(Tier::Minute, Timestamp::from_ms(start * 60_000));
        for (user, app, url) in requests {
            let app = AppId::new(&format!("app-{app}")).unwrap();
            let instance = InstanceId::new(&format!("was-{}", user % 2)).unwrap();
            let url = UrlTemplate::new(&format!("/{url}")).unwrap();
            for scope in [
                Scope::Site,
                Scope::App(app.clone()),
                Scope::Instance(app.clone(), instance),
                Scope::Url(app, url),
            ] {
                let rollup = block.entry(scope);
                rollup.counters.requests += 1;
                rollup.counters.duration_us += user * 77;
                rollup.durations.add(user * 77);
                for (mode, person) in [
                    (IdentityMode::Ip, user / sharing),
                    (IdentityMode::Session, user + 1_000_000),
                    (IdentityMode::Cookie, user + 2_000_000),
                ] {
                    let hash = (person + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
                    let sketch = rollup.users_mut(mode);
                    sketch.insert(IdentityHash::from_uniform(hash));
                }
            }
        }
        block
    }

    proptest! {
        #[test]
        fn whatever_was_seen_comes_back_alone_and_packed(
            requests in proptest::collection::vec((0_u64..300, 0_usize..3, 0_usize..9), 0..400),
            sharing in 1_u64..4,
            strip in 0_usize..4,
        ) {
            let mut blocks: Vec<_> = requests
                .chunks(97)
                .zip(0..)
                .map(|(some, minute)| traffic(minute, some, sharing))
                .collect();
            for block in &mut blocks {
                for (scope, rollup) in &mut block.scopes {
                    let is_stripped = match scope {
                        Scope::Site => strip == 1,
                        Scope::App(_) => strip == 2,
                        Scope::Instance(..) => false,
                        Scope::Url(..) => strip == 3,
                    };
                    if is_stripped {
                        rollup.forget_users();
                    }
                }
            }
            for block in &blocks {
                prop_assert_eq!(&Block::decode(&block.encode().unwrap()).unwrap(), block);
            }
            let packed = Block::encode_pack(&blocks).unwrap();
            prop_assert_eq!(Block::decode_pack(&packed).unwrap(), blocks);
        }

        #[test]
        fn damaged_bytes_are_refused_or_harmless(at in 0_usize..4_000, flip in 1_u8.., cut in 0_usize..4_000) {
            let requests: Vec<_> = (0..200).map(|n| (n, 0, n as usize % 7)).collect();
            let mut bytes = traffic(0, &requests, 2).encode().unwrap();
            let at = at % bytes.len();
            if let Some(byte) = bytes.get_mut(at) {
                *byte ^= flip;
            }
            if let Ok(block) = Block::decode(&bytes) {
                prop_assert!(block.encode().is_ok());
            }
            bytes.truncate(cut % bytes.len());
            prop_assert!(Block::decode(&bytes).is_err());
        }
    }

    #[test]
    fn a_large_sites_users_come_back_too() {
        let requests: Vec<_> = (0..20_000)
            .map(|n| (n, n as usize % 2, n as usize % 5))
            .collect();
        let mut block = traffic(3, &requests, 1);
        let at = block.start;
        let site = block.entry(Scope::Site);
        site.offer_peak(IdentityMode::Ip, Peak { users: 9.0, at });
        site.gauges.add_sample(GaugeKind::Cpu, 0.5, at);
        assert_eq!(Block::decode(&block.encode().unwrap()).unwrap(), block);
    }

    #[test]
    fn version_1_is_still_read() {
        let hex = include_str!("../tests/fixtures/block-v1.hex").trim();
        let digits = (0..hex.len()).step_by(2).map(|at| &hex[at..at + 2]);
        let bytes: Vec<_> = digits
            .map(|two| u8::from_str_radix(two, 16).unwrap())
            .collect();
        let block = Block::decode(&bytes).unwrap();
        assert_eq!(Block::peek(&bytes).unwrap(), (block.tier, block.start));
        let site = &block.scopes[&Scope::Site];
        assert_eq!((site.counters.requests, site.durations.count()), (12, 12));
        assert_eq!(site.users(IdentityMode::Ip).estimate().value.round(), 12.0);
        assert_eq!(site.peak(IdentityMode::Cookie).unwrap().users, 12.0);
        assert_eq!(block.scopes.len(), 5);
        assert_eq!(Block::decode(&block.encode().unwrap()).unwrap(), block);
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
