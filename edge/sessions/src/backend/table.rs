//! Keys that are not where the command table can say: behind their number.

use bytes::Bytes;

/// The arguments of a script that are keys; none: their number makes no sense.
pub(super) fn numbered(args: &[Bytes]) -> Option<&[Bytes]> {
    let [_, count, rest @ ..] = args else {
        return None;
    };
    let count: usize = std::str::from_utf8(count).ok()?.parse().ok()?;
    rest.get(..count)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn args(words: &[&'static str]) -> Vec<Bytes> {
        words
            .iter()
            .map(|word| Bytes::from_static(word.as_bytes()))
            .collect()
    }

    #[test]
    fn scripts_name_their_keys() {
        assert_eq!(
            numbered(&args(&["s", "1", "k", "v"])),
            Some(&args(&["k"])[..])
        );
        assert_eq!(numbered(&args(&["s", "0", "v"])), Some(&[][..]));
        for wrong in [&["s", "2", "k"][..], &["s", "-1"], &["s", "x"], &["s"]] {
            assert_eq!(numbered(&args(wrong)), None, "{wrong:?}");
        }
    }
}
