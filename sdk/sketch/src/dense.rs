//! The sketch of a large set: 16 384 registers (p = 14), and the bridge to the estimator.

use std::hash::{BuildHasher, Hasher};

use hyperloglogplus::{HyperLogLog as _, HyperLogLogPlus};
use serde::{Deserialize, Serialize};

use crate::sparse::{Code, INDEX_BITS};

pub(crate) const PRECISION: u8 = 14;
pub(crate) const REGISTERS: usize = 1 << PRECISION;
/// Bytes of the packed form: four six-bit registers in three bytes.
pub(crate) const PACKED_BYTES: usize = REGISTERS / 4 * 3;
const MAX_RANK: u8 = 64 - PRECISION + 1;
/// Bits of a code's index below the register's own.
const LOWER_BITS: u32 = INDEX_BITS - PRECISION as u32;

/// The registers of a dense sketch, one byte each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Dense(Box<[u8]>);

impl Dense {
    pub(crate) fn new() -> Self {
        Self(vec![0; REGISTERS].into())
    }

    pub(crate) fn insert(&mut self, code: Code) {
        let register = (code.index() >> LOWER_BITS) as usize;
        let lower = code.index() & ((1 << LOWER_BITS) - 1);
        let rank = if lower == 0 {
            LOWER_BITS + code.rank()
        } else {
            lower.leading_zeros() - (u32::BITS - LOWER_BITS) + 1
        };
        if let Some(held) = self.0.get_mut(register) {
            *held = (*held).max(u8::try_from(rank).unwrap_or(MAX_RANK));
        }
    }

    pub(crate) fn union(&mut self, other: &Self) {
        for (mine, theirs) in self.0.iter_mut().zip(&other.0) {
            *mine = (*mine).max(*theirs);
        }
    }

    /// HyperLogLog++ estimate with the library's bias correction.
    pub(crate) fn estimate(&self) -> f64 {
        // Encoding our own struct and decoding it as theirs can't fail while the pinned version's layout
        // is the one mirrored below, which a test proves.
        postcard::to_stdvec(&Mirror::of(self))
            .and_then(|bytes| postcard::from_bytes::<Estimator>(&bytes))
            .map_or(f64::NAN, |mut estimator| estimator.count())
    }

    pub(crate) fn pack(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(PACKED_BYTES);
        for four in self.0.chunks_exact(4) {
            let word = four
                .iter()
                .fold(0_u32, |word, rank| word << 6 | u32::from(*rank));
            let [_, high, middle, low] = word.to_be_bytes();
            out.extend([high, middle, low]);
        }
        out
    }

    /// The registers, a byte each: longer than packed, and far shorter once compressed.
    pub(crate) fn registers(&self) -> &[u8] {
        &self.0
    }

    /// Registers a byte each; `None` if a rank is impossible or the length is wrong.
    pub(crate) fn of_registers(registers: &[u8]) -> Option<Self> {
        let sound = registers.len() == REGISTERS && registers.iter().all(|rank| *rank <= MAX_RANK);
        sound.then(|| Self(registers.into()))
    }

    /// Registers from their packed form; `None` if a rank is impossible or the length is wrong.
    pub(crate) fn unpack(packed: &[u8]) -> Option<Self> {
        if packed.len() != PACKED_BYTES {
            return None;
        }
        let mut registers = Vec::with_capacity(REGISTERS);
        for three in packed.chunks_exact(3) {
            let word = three
                .iter()
                .fold(0_u32, |word, byte| word << 8 | u32::from(*byte));
            for shift in [18, 12, 6, 0] {
                registers.push((word >> shift & 0x3f) as u8);
            }
        }
        registers
            .iter()
            .all(|rank| *rank <= MAX_RANK)
            .then(|| Self(registers.into()))
    }
}

type Estimator = HyperLogLogPlus<u64, NoHasher>;

/// Never asked to hash: the estimator only counts registers it was given.
#[derive(Default, Deserialize)]
struct NoHasher;

impl BuildHasher for NoHasher {
    type Hasher = Self;
    fn build_hasher(&self) -> Self {
        Self
    }
}

impl Hasher for NoHasher {
    fn finish(&self) -> u64 {
        0
    }
    fn write(&mut self, _: &[u8]) {}
}

/// The serialised form of `HyperLogLogPlus` 0.4.1 in its normal (dense) representation.
#[derive(Serialize)]
struct Mirror {
    builder: (),
    precision: u8,
    counts: (usize, usize, usize),
    temporary: Vec<u32>,
    sparse: (usize, u32, Vec<u8>),
    registers: Option<MirrorRegisters>,
    marker: (),
}

#[derive(Serialize)]
struct MirrorRegisters {
    words: Vec<u32>,
    count: usize,
    zeros: usize,
}

impl Mirror {
    fn of(dense: &Dense) -> Self {
        let words = dense
            .0
            .chunks(5)
            .map(|five| {
                five.iter()
                    .rev()
                    .fold(0, |word, rank| word << 6 | u32::from(*rank))
            })
            .collect();
        let zeros = dense.0.iter().filter(|rank| **rank == 0).count();
        Self {
            builder: (),
            precision: PRECISION,
            counts: (REGISTERS, 1 << (INDEX_BITS - 1), 4 * REGISTERS / 5),
            temporary: Vec::new(),
            sparse: (0, 0, Vec::new()),
            registers: Some(MirrorRegisters {
                words,
                count: REGISTERS,
                zeros,
            }),
            marker: (),
        }
    }
}
