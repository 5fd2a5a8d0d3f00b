//! Which slot of a Redis Cluster a key is in: the CRC16 (XMODEM) of its hash tag, or of all of it, modulo 16384, as
//! the Redis Cluster specification says.

/// How many slots there are.
pub(crate) const SLOTS: u16 = 16_384;

/// The part of a key that decides: what stands between the first `{` and the next `}`, if that is something.
pub(crate) fn tag(key: &[u8]) -> &[u8] {
    let inside = |key: &'_ [u8]| {
        let open = key.iter().position(|byte| *byte == b'{')? + 1;
        let length = key.get(open..)?.iter().position(|byte| *byte == b'}')?;
        (length > 0).then_some(open..open + length)
    };
    inside(key).and_then(|range| key.get(range)).unwrap_or(key)
}

/// The slot of a key.
pub(crate) fn slot(key: &[u8]) -> u16 {
    crc16(tag(key)) % SLOTS
}

fn crc16(bytes: &[u8]) -> u16 {
    let shifted = |crc: u16| match crc & 0x8000 {
        0 => crc << 1,
        _ => (crc << 1) ^ 0x1021,
    };
    bytes.iter().fold(0, |crc, byte| {
        (0..8).fold(crc ^ (u16::from(*byte) << 8), |crc, _| shifted(crc))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_in_the_slots_of_the_specification() {
        assert_eq!(crc16(b"123456789"), 0x31c3);
        for (key, expected) in [("foo", 12182), ("somekey", 11058), ("", 0)] {
            assert_eq!(slot(key.as_bytes()), expected, "{key}");
        }
    }

    #[test]
    fn a_tag_keeps_keys_together() {
        for (key, expected) in [
            ("{user1000}.following", "user1000"),
            ("foo{}{bar}", "foo{}{bar}"),
            ("foo{{bar}}zap", "{bar"),
            ("foo{bar}{zap}", "bar"),
            ("foo}bar{", "foo}bar{"),
        ] {
            assert_eq!(tag(key.as_bytes()), expected.as_bytes(), "{key}");
        }
    }
}
