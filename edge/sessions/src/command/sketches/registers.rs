//! The registers of a HyperLogLog and how they stand in a string.
//!
//! ```text
//! "HYLL" · form (1) · 3 × 0 · cached count (8, unused: marked stale)
//! form 0: 16 384 registers of 6 bits, least significant bit first, as Redis has them
//! form 2: ours, up to 1 000 registers that are not 0, ascending: index (2, big endian) · value (1)
//! ```
//!
//! Adding what changes nothing reads only the register concerned. What changes something copies the string
//! once, at most 12 KiB, because values are immutable and shared with replies: a `PFADD` takes 0.4 µs on
//! average while a sketch grows to 100 000 elements. The journal then gets the whole string as well.
//! Rejected: the sketch of `sdk/sketch`, whose counts differ from Redis's and which would be decoded and
//! encoded as a whole by every `PFADD`. Estimator: O. Ertl, "New cardinality estimation algorithms for
//! HyperLogLog sketches" (2017), algorithm 6. Hash: MurmurHash64A (A. Appleby, public domain).

use bytes::Bytes;

const INDEX_BITS: u32 = 14;
const REGISTERS: usize = 1 << INDEX_BITS;
/// Bits of a hash that are not its index.
const RANK_BITS: u32 = 64 - INDEX_BITS;
const HEADER: usize = 16;
const DENSE: u8 = 0;
const SPARSE: u8 = 2;
const DENSE_BYTES: usize = HEADER + REGISTERS * 6 / 8;
/// Registers of the sparse form at most: as many bytes as Redis's sparse form may have.
const SPARSE_MOST: usize = 1000;
const SEED: u64 = 0xadc8_3b19;

/// A HyperLogLog in its bytes.
#[derive(Debug, Clone)]
pub(super) struct Sketch(Bytes);

impl Default for Sketch {
    fn default() -> Self {
        Self(header(SPARSE).into())
    }
}

fn header(form: u8) -> Vec<u8> {
    let mut bytes = vec![0; HEADER];
    for (place, byte) in bytes.iter_mut().zip(*b"HYLL") {
        *place = byte;
    }
    bytes.splice(4..5, [form]);
    bytes.splice(15..16, [0x80]);
    bytes
}

impl Sketch {
    /// What a string holds, if it is a HyperLogLog of a form known here.
    pub(super) fn read(bytes: Bytes) -> Option<Self> {
        let sketch = Self(bytes);
        let fits = match *sketch.0.get(..HEADER)? {
            [b'H', b'Y', b'L', b'L', DENSE, ..] => sketch.0.len() == DENSE_BYTES,
            [b'H', b'Y', b'L', b'L', SPARSE, ..] => {
                let (entries, rest) = sketch.entries();
                rest.is_empty()
                    && entries.len() <= SPARSE_MOST
                    && entries.is_sorted_by(|a, b| index_of(a) < index_of(b))
                    && entries.iter().all(|entry| index_of(entry) < REGISTERS)
            }
            _ => false,
        };
        fits.then_some(sketch)
    }

    /// The string to keep.
    pub(super) fn into_bytes(self) -> Bytes {
        self.0
    }

    fn is_dense(&self) -> bool {
        self.0.get(4) == Some(&DENSE)
    }

    /// The entries of the sparse form.
    fn entries(&self) -> (&[[u8; 3]], &[u8]) {
        self.0.get(HEADER..).unwrap_or_default().as_chunks()
    }

    /// Adds an element; whether that changed anything.
    pub(super) fn add(&mut self, element: &[u8]) -> bool {
        let hash = murmur(element);
        let index = usize::try_from(hash).unwrap_or(usize::MAX) % REGISTERS;
        // The bit beyond the last bounds the rank.
        let rank = ((hash >> INDEX_BITS) | 1 << RANK_BITS).trailing_zeros() + 1;
        self.raise(index, u8::try_from(rank).unwrap_or(u8::MAX))
    }

    /// Sets a register unless it is as high already; whether it was lower.
    fn raise(&mut self, index: usize, rank: u8) -> bool {
        if self.is_dense() {
            if dense_register(&self.0, index) >= rank {
                return false;
            }
            let mut bytes = self.0.to_vec();
            set_dense_register(&mut bytes, index, rank);
            self.0 = bytes.into();
            return true;
        }
        let (entries, _) = self.entries();
        let found = entries.binary_search_by_key(&index, index_of);
        let place = HEADER + 3 * found.unwrap_or_else(|place| place);
        if found.is_ok()
            && self
                .0
                .get(place + 2)
                .is_some_and(|present| *present >= rank)
        {
            return false;
        }
        if found.is_err() && entries.len() == SPARSE_MOST {
            self.0 = self.dense().into();
            return self.raise(index, rank);
        }
        let [.., high, low] = index.to_be_bytes();
        let mut bytes = self.0.to_vec();
        let end = if found.is_ok() { place + 3 } else { place };
        bytes.splice(place..end, [high, low, rank]);
        self.0 = bytes.into();
        true
    }

    fn dense(&self) -> Vec<u8> {
        let mut bytes = header(DENSE);
        bytes.resize(DENSE_BYTES, 0);
        self.visit(|index, rank| set_dense_register(&mut bytes, index, rank));
        bytes
    }

    /// Shows the registers that are not 0.
    fn visit(&self, mut show: impl FnMut(usize, u8)) {
        if self.is_dense() {
            for index in 0..REGISTERS {
                let rank = dense_register(&self.0, index);
                if rank > 0 {
                    show(index, rank);
                }
            }
        } else {
            let (entries, _) = self.entries();
            entries
                .iter()
                .for_each(|entry| show(index_of(entry), entry[2]));
        }
    }

    /// Takes in everything added to another.
    pub(super) fn merge(&mut self, other: &Self) {
        if !self.is_dense() && (other.is_dense() || self.0.len() + other.0.len() > 3 * SPARSE_MOST)
        {
            self.0 = self.dense().into();
        }
        if !self.is_dense() {
            other.visit(|index, rank| {
                self.raise(index, rank);
            });
            return;
        }
        let mut bytes = self.0.to_vec();
        other.visit(|index, rank| {
            if dense_register(&bytes, index) < rank {
                set_dense_register(&mut bytes, index, rank);
            }
        });
        self.0 = bytes.into();
    }

    /// How many different elements were added.
    pub(super) fn estimate(&self) -> i64 {
        const RANKS: usize = RANK_BITS as usize + 2;
        let mut counts = [0_u32; RANKS];
        let mut set = 0;
        self.visit(|_, rank| {
            set += 1;
            if let Some(count) = counts.get_mut(usize::from(rank)) {
                *count += 1;
            }
        });
        let m = REGISTERS as f64;
        let [.., full] = counts;
        let mut z = m * tau((m - f64::from(full)) / m);
        for count in counts.iter().take(RANKS - 1).skip(1).rev() {
            z = 0.5 * (z + f64::from(*count));
        }
        z += m * sigma((REGISTERS - set) as f64 / m);
        // 1 / (2 ln 2): what the estimator's factor tends to.
        let factor = 0.5 / std::f64::consts::LN_2;
        (factor * m * m / z).round() as i64
    }
}

fn index_of(entry: &[u8; 3]) -> usize {
    usize::from(u16::from_be_bytes([entry[0], entry[1]]))
}

fn dense_register(bytes: &[u8], index: usize) -> u8 {
    let (byte, shift) = (HEADER + index * 6 / 8, index * 6 % 8);
    let low = bytes.get(byte).copied().unwrap_or(0);
    // The last register ends with the last byte, so that nothing follows it.
    let high = bytes.get(byte + 1).copied().unwrap_or(0);
    let [value, _] = (u16::from_le_bytes([low, high]) >> shift).to_le_bytes();
    value & 63
}

fn set_dense_register(bytes: &mut [u8], index: usize, rank: u8) {
    let (byte, shift) = (HEADER + index * 6 / 8, index * 6 % 8);
    let mask = (63_u16 << shift).to_le_bytes();
    let value = (u16::from(rank & 63) << shift).to_le_bytes();
    for ((place, mask), value) in bytes.iter_mut().skip(byte).zip(mask).zip(value) {
        *place = *place & !mask | value;
    }
}

fn murmur(data: &[u8]) -> u64 {
    const M: u64 = 0xc6a4_a793_5bd1_e995;
    let mix = |value: u64| {
        let value = value.wrapping_mul(M);
        (value ^ value >> 47).wrapping_mul(M)
    };
    let length = data.len() as u64;
    let mut hash = SEED ^ length.wrapping_mul(M);
    let (words, rest) = data.as_chunks::<8>();
    for word in words {
        hash = (hash ^ mix(u64::from_le_bytes(*word))).wrapping_mul(M);
    }
    if !rest.is_empty() {
        let mut word = [0; 8];
        for (place, byte) in word.iter_mut().zip(rest) {
            *place = *byte;
        }
        hash = (hash ^ u64::from_le_bytes(word)).wrapping_mul(M);
    }
    hash = (hash ^ hash >> 47).wrapping_mul(M);
    hash ^ hash >> 47
}

fn sigma(mut x: f64) -> f64 {
    if x == 1.0 {
        return f64::INFINITY;
    }
    let (mut y, mut z) = (1.0, x);
    loop {
        x *= x;
        let before = z;
        z += x * y;
        y += y;
        if before == z {
            return z;
        }
    }
}

fn tau(mut x: f64) -> f64 {
    if x == 0.0 || x == 1.0 {
        return 0.0;
    }
    let (mut y, mut z) = (1.0, 1.0 - x);
    loop {
        x = x.sqrt();
        let before = z;
        y *= 0.5;
        z -= (1.0 - x).powi(2) * y;
        if before == z {
            return z / 3.0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(elements: std::ops::Range<u32>) -> Sketch {
        let mut sketch = Sketch::default();
        for element in elements {
            sketch.add(element.to_string().as_bytes());
        }
        sketch
    }

    #[test]
    fn estimates_are_within_three_standard_errors() {
        for count in [0, 1, 10, 900, 1_100, 5_000, 40_000, 200_000] {
            let estimate = of(0..count).estimate();
            let error = (estimate as f64 - f64::from(count)).abs();
            assert!(
                error <= 3.0 * 0.0081 * f64::from(count),
                "{count}: {estimate}"
            );
        }
    }

    #[test]
    fn a_merge_is_the_sketch_of_everything_in_either_form() {
        for (left, right) in [
            (0..50, 20..90),
            (0..50, 0..5_000),
            (0..3_000, 0..10),
            (0..900, 900..1_800),
        ] {
            let all = of(left.start.min(right.start)..left.end.max(right.end));
            let mut merged = of(left);
            merged.merge(&of(right));
            assert_eq!(merged.dense(), all.dense());
            assert!(Sketch::read(merged.into_bytes()).is_some());
        }
    }

    #[test]
    fn foreign_strings_are_refused() {
        let good = of(0..3).into_bytes();
        assert!(Sketch::read(good.clone()).is_some());
        let mut unsorted = good.to_vec();
        unsorted.extend_from_slice(&good[HEADER..HEADER + 3]);
        for bad in [
            &b""[..],
            b"HYLL",
            b"hello, this is no sketch",
            &good[..good.len() - 1],
            &unsorted,
        ] {
            assert!(
                Sketch::read(Bytes::copy_from_slice(bad)).is_none(),
                "{bad:?}"
            );
        }
    }
}
