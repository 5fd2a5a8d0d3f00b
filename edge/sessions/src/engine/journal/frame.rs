//! The bytes of a segment file: how they are written and told apart from what is no record. Never touches a disk.
//!
//! ```text
//! segment = preamble · frame*  (· zeros: room for more)
//! preamble (32) = "BONGSUJL" · format u32 · crc32 of format, length and sure u32 · length u64 · sure u64
//! frame         = length u32 · crc32 of length and payload u32 · payload
//! ```
//!
//! All numbers are little endian. `length` and `sure` speak of the segment *before* this one, see [`Before`]:
//! how a segment ended is written where it can still be written after the disk failed under that segment.
//! Eight zeros are never a frame, because the checksum of an empty payload is not zero.

use std::io::{self, Read};

/// What a segment file begins with.
const MAGIC: [u8; 8] = *b"BONGSUJL";
/// The format described above.
pub(super) const FORMAT: u32 = 1;
/// Bytes of a preamble.
pub(super) const PREAMBLE: usize = 32;
/// Bytes of a frame without its payload.
pub(super) const FRAME: usize = 8;
/// Longest record, bytes: more is damage.
pub(super) const MAX_RECORD: usize = 1 << 30;

/// How the segment before this one ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Before {
    /// Bytes of it that count; what follows was written again in this segment or is nothing.
    pub(super) length: u64,
    /// Bytes of it that were on disk for certain; between here and `length` a power cut may have left anything.
    pub(super) sure: u64,
}

/// What the first bytes of a file are.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Preamble {
    /// A segment of our format.
    Ours(Before),
    /// A segment that was being made when the process or the machine ended: no record was promised in it.
    Unfinished,
    /// A segment of another version.
    Format(u32),
    /// Something else.
    Broken,
}

/// The first bytes of a segment.
pub(super) fn preamble(before: Before) -> [u8; PREAMBLE] {
    let mut bytes = [0; PREAMBLE];
    let facts = facts(FORMAT, before);
    let (format, rest) = facts.split_at(4);
    let parts = [
        &MAGIC[..],
        format,
        &crc32fast::hash(&facts).to_le_bytes(),
        rest,
    ];
    for (to, from) in bytes.iter_mut().zip(parts.iter().copied().flatten()) {
        *to = *from;
    }
    bytes
}

/// Tells what a file is from its first bytes, at most [`PREAMBLE`] of them.
pub(super) fn read_preamble(bytes: &[u8]) -> Preamble {
    if bytes.len() < PREAMBLE || bytes.iter().all(|byte| *byte == 0) {
        return Preamble::Unfinished;
    }
    parse_preamble(bytes).unwrap_or(Preamble::Broken)
}

fn parse_preamble(bytes: &[u8]) -> Option<Preamble> {
    let rest = bytes.strip_prefix(&MAGIC)?;
    let (format, rest) = rest.split_first_chunk::<4>()?;
    let (sum, rest) = rest.split_first_chunk::<4>()?;
    let (length, rest) = rest.split_first_chunk::<8>()?;
    let (sure, _) = rest.split_first_chunk::<8>()?;
    let format = u32::from_le_bytes(*format);
    if format != FORMAT {
        return Some(Preamble::Format(format));
    }
    let before = Before {
        length: u64::from_le_bytes(*length),
        sure: u64::from_le_bytes(*sure),
    };
    (crc32fast::hash(&facts(format, before)) == u32::from_le_bytes(*sum))
        .then_some(Preamble::Ours(before))
}

fn facts(format: u32, before: Before) -> Vec<u8> {
    let mut facts = format.to_le_bytes().to_vec();
    facts.extend(before.length.to_le_bytes());
    facts.extend(before.sure.to_le_bytes());
    facts
}

/// What precedes a record's bytes; none: the record is too long to be kept.
pub(super) fn frame(record: &[u8]) -> Option<[u8; FRAME]> {
    let length = u32::try_from(record.len()).ok()?;
    if record.len() > MAX_RECORD {
        return None;
    }
    let [a, b, c, d] = length.to_le_bytes();
    let [e, f, g, h] = checksum(length, record).to_le_bytes();
    Some([a, b, c, d, e, f, g, h])
}

fn checksum(length: u32, record: &[u8]) -> u32 {
    let mut sum = crc32fast::Hasher::new();
    sum.update(&length.to_le_bytes());
    sum.update(record);
    sum.finalize()
}

/// What is found where a frame may be.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// A record; it is in the buffer.
    Record,
    /// Nothing, or zeros only.
    End,
    /// Neither.
    Broken,
}

/// Reads what is next in `from`, which holds `room` more bytes. Fails only when reading fails.
pub(super) fn read_next(from: &mut impl Read, room: u64, record: &mut Vec<u8>) -> io::Result<Next> {
    let head = room.min(FRAME as u64);
    record.clear();
    from.take(head).read_to_end(record)?;
    let Ok::<[u8; FRAME], _>([a, b, c, d, e, f, g, h]) = (&**record).try_into() else {
        let end = record.iter().all(|byte| *byte == 0);
        return Ok(if end { Next::End } else { Next::Broken });
    };
    let length = u32::from_le_bytes([a, b, c, d]);
    let sum = u32::from_le_bytes([e, f, g, h]);
    if length == 0 && sum == 0 {
        let end = only_zeros(from.take(room - head))?;
        return Ok(if end { Next::End } else { Next::Broken });
    }
    if length as usize > MAX_RECORD || u64::from(length) > room - head {
        return Ok(Next::Broken);
    }
    record.clear();
    from.take(length.into()).read_to_end(record)?;
    let intact = record.len() == length as usize && checksum(length, record) == sum;
    Ok(if intact { Next::Record } else { Next::Broken })
}

fn only_zeros(mut from: impl Read) -> io::Result<bool> {
    let mut chunk = [0; 4096];
    loop {
        match from.read(&mut chunk)? {
            0 => return Ok(true),
            count if chunk.iter().take(count).any(|byte| *byte != 0) => return Ok(false),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    #[test]
    fn the_format_is_what_was_released() {
        let before = Before {
            length: 0x0102_0304,
            sure: 0x0203,
        };
        assert_eq!(
            hex(&preamble(before)),
            concat!(
                "424f4e4753554a4c",
                "01000000",
                "d78d168a",
                "0403020100000000",
                "0302000000000000"
            )
        );
        assert_eq!(read_preamble(&preamble(before)), Preamble::Ours(before));
        assert_eq!(hex(&frame(b"session").unwrap()), "07000000c5ae940f");
        assert_eq!(hex(&frame(b"").unwrap()), "000000001cdf4421");
    }

    #[test]
    fn another_version_an_unfinished_file_and_a_foreign_one_are_told_apart() {
        let mut bytes = preamble(Before { length: 9, sure: 9 });
        assert_eq!(read_preamble(&bytes[..31]), Preamble::Unfinished);
        assert_eq!(read_preamble(&[0; PREAMBLE]), Preamble::Unfinished);
        assert_eq!(read_preamble(&[7; PREAMBLE]), Preamble::Broken);
        bytes[16] ^= 1;
        assert_eq!(read_preamble(&bytes), Preamble::Broken);
        bytes[8] = 2;
        assert_eq!(read_preamble(&bytes), Preamble::Format(2));
    }

    #[test]
    fn a_length_beyond_what_there_is_allocates_nothing() {
        let mut record = Vec::new();
        for length in [9_u32, MAX_RECORD as u32, u32::MAX] {
            let bytes = [&length.to_le_bytes()[..], &[1; 12]].concat();
            let next = read_next(&mut &*bytes, bytes.len() as u64, &mut record).unwrap();
            assert_eq!(next, Next::Broken);
            assert!(record.capacity() < 1024);
        }
    }

    #[test]
    fn a_record_longer_than_the_bound_has_no_frame() {
        assert_eq!(frame(&vec![0; MAX_RECORD + 1]), None);
    }
}
