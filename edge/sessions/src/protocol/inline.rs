//! Inline commands: a line of words, as typed into a terminal. Quotes and escapes as Redis reads them.

use bytes::Bytes;

/// Splits a line into words. `"…"` knows `\n \r \t \b \a \xHH` and `\` before anything else; `'…'` knows
/// `\'` only; a closing quote must be followed by a space or the end. None: the quotes are unbalanced.
pub(super) fn split(line: &[u8]) -> Option<Vec<Bytes>> {
    let mut words = Vec::new();
    let mut rest = line.trim_ascii_start();
    while !rest.is_empty() {
        let mut word = Vec::new();
        rest = take_word(rest, &mut word)?.trim_ascii_start();
        words.push(word.into());
    }
    Some(words)
}

/// Reads one word into `word`; gives what follows it.
fn take_word<'a>(mut rest: &'a [u8], word: &mut Vec<u8>) -> Option<&'a [u8]> {
    loop {
        rest = match rest {
            [] => return Some(rest),
            [space, ..] if space.is_ascii_whitespace() || *space == 0 => return rest.get(1..),
            [b'"', tail @ ..] => return take_double_quoted(tail, word),
            [b'\'', tail @ ..] => return take_single_quoted(tail, word),
            [byte, tail @ ..] => {
                word.push(*byte);
                tail
            }
        };
    }
}

fn take_double_quoted<'a>(mut rest: &'a [u8], word: &mut Vec<u8>) -> Option<&'a [u8]> {
    loop {
        let (byte, tail) = match rest {
            [b'\\', b'x', high, low, tail @ ..]
                if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() =>
            {
                (hex(*high) << 4 | hex(*low), tail)
            }
            [b'\\', escaped, tail @ ..] => (unescape(*escaped), tail),
            [b'"', tail @ ..] => return ends_word(tail).then_some(tail),
            [byte, tail @ ..] => (*byte, tail),
            [] => return None,
        };
        word.push(byte);
        rest = tail;
    }
}

fn take_single_quoted<'a>(mut rest: &'a [u8], word: &mut Vec<u8>) -> Option<&'a [u8]> {
    loop {
        let (byte, tail) = match rest {
            [b'\\', b'\'', tail @ ..] => (b'\'', tail),
            [b'\'', tail @ ..] => return ends_word(tail).then_some(tail),
            [byte, tail @ ..] => (*byte, tail),
            [] => return None,
        };
        word.push(byte);
        rest = tail;
    }
}

fn ends_word(rest: &[u8]) -> bool {
    rest.first().is_none_or(u8::is_ascii_whitespace)
}

const fn unescape(escaped: u8) -> u8 {
    match escaped {
        b'n' => b'\n',
        b'r' => b'\r',
        b't' => b'\t',
        b'b' => 0x08,
        b'a' => 0x07,
        other => other,
    }
}

const fn hex(digit: u8) -> u8 {
    match digit {
        b'0'..=b'9' => digit - b'0',
        b'a'..=b'f' => digit - b'a' + 10,
        _ => digit.wrapping_sub(b'A').wrapping_add(10),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(line: &str, words: Option<&[&str]>) {
        let expected = words.map(|words| {
            words
                .iter()
                .map(|word| Bytes::from(word.to_string()))
                .collect()
        });
        assert_eq!(split(line.as_bytes()), expected, "{line}");
    }

    #[test]
    fn words_quotes_and_escapes() {
        check("", Some(&[]));
        check("  SET  k  v ", Some(&["SET", "k", "v"]));
        check(r#"SET "a b" 'c d'"#, Some(&["SET", "a b", "c d"]));
        check(r#"ECHO "\x41\n\"\q""#, Some(&["ECHO", "A\n\"q"]));
        check(r"ECHO 'it\'s'", Some(&["ECHO", "it's"]));
        check(r#"ECHO """#, Some(&["ECHO", ""]));
        check(r#"ECHO "open"#, None);
        check(r#"ECHO "a"b"#, None);
        check("ECHO 'open", None);
    }
}
