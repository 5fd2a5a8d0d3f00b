//! A text as a reader sees it: percent- and JSON-escapes decoded, full-width forms, dashes and mask characters made
//! plain, invisible characters dropped. Every character knows the bytes it came from, so a finding can be replaced in the
//! text as it was written.
//!
//! Decoding is per character and never fails: what is not an escape stands for itself.

use std::ops::Range;

/// A decoded text.
pub(crate) struct Text {
    /// Decoded characters.
    chars: Vec<char>,
    /// First byte of each character in the source, and the source's length at the end.
    starts: Vec<u32>,
    /// Maximal runs of digits and mask characters that hold at least one digit or are next to one.
    runs: Vec<Range<usize>>,
}

impl Text {
    /// Decodes a text.
    pub(crate) fn new(source: &str) -> Self {
        let mut text = Self {
            chars: Vec::with_capacity(source.len()),
            starts: Vec::with_capacity(source.len()),
            runs: Vec::new(),
        };
        let mut at = 0;
        while let Some(c) = source[at..].chars().next() {
            let rest = &source[at..];
            let (decoded, bytes) = match c {
                '%' => percent(rest).unwrap_or((c, 1)),
                '\\' => escape(rest).unwrap_or((c, 1)),
                _ => (c, c.len_utf8()),
            };
            if let Some(plain) = plain(decoded) {
                text.chars.push(plain);
                text.starts.push(at as u32);
            }
            at += bytes;
        }
        text.starts.push(source.len() as u32);
        text.runs = runs(&text.chars);
        text
    }

    pub(crate) fn len(&self) -> usize {
        self.chars.len()
    }

    /// The character at `i`, or NUL beyond either end.
    pub(crate) fn at(&self, i: usize) -> char {
        self.chars.get(i).copied().unwrap_or('\0')
    }

    /// The character before `i`, or NUL at the start.
    pub(crate) fn before(&self, i: usize) -> char {
        i.checked_sub(1).map_or('\0', |i| self.at(i))
    }

    pub(crate) fn slice(&self, range: Range<usize>) -> &[char] {
        self.chars.get(range).unwrap_or_default()
    }

    pub(crate) fn string(&self, range: Range<usize>) -> String {
        self.slice(range).iter().collect()
    }

    /// Bytes in the source of a range of characters.
    pub(crate) fn source(&self, range: &Range<usize>) -> Range<usize> {
        self.starts[range.start] as usize..self.starts[range.end] as usize
    }

    /// Runs of digits (and mask characters), in order.
    pub(crate) fn runs(&self) -> &[Range<usize>] {
        &self.runs
    }

    /// Whether `word` (lower case) stands at `i`, in either case.
    pub(crate) fn is_at(&self, i: usize, word: &str) -> bool {
        word.chars()
            .enumerate()
            .all(|(k, c)| self.at(i + k).to_ascii_lowercase() == c)
    }

    /// The first place at or after `from` where `found` holds, or the end.
    pub(crate) fn find(&self, from: usize, found: impl Fn(char) -> bool) -> usize {
        (from..self.len())
            .find(|i| found(self.at(*i)))
            .unwrap_or(self.len())
    }

    /// As [`Self::find`], but looks at `reach` characters only and then stops there.
    pub(crate) fn find_near(
        &self,
        from: usize,
        reach: usize,
        found: impl Fn(char) -> bool,
    ) -> usize {
        let end = self.len().min(from.saturating_add(reach));
        (from..end).find(|i| found(self.at(*i))).unwrap_or(end)
    }

    /// The first place at or after `from` that is not a blank.
    pub(crate) fn skip_blanks(&self, from: usize) -> usize {
        self.find(from, |c| c != ' ')
    }

    /// Start of the word of characters for which `part` holds that ends before `end`.
    pub(crate) fn back(&self, end: usize, part: impl Fn(char) -> bool) -> usize {
        (0..end)
            .rev()
            .take_while(|i| part(self.at(*i)))
            .last()
            .unwrap_or(end)
    }

    /// The text from `start`, where whatever `keep` does not keep of its characters is a star and the rest is as in
    /// the source.
    pub(crate) fn starred(
        &self,
        source: &str,
        range: Range<usize>,
        keep: impl Fn(usize, char) -> bool,
    ) -> String {
        let mut out = String::new();
        for i in range {
            let c = self.at(i);
            if keep(i, c) {
                out.push_str(&source[self.source(&(i..i + 1))]);
            } else {
                out.push('*');
            }
        }
        out
    }
}

/// A syllable of the Korean script.
pub(crate) fn is_hangul(c: char) -> bool {
    ('가'..='힣').contains(&c)
}

/// A letter or digit of a name or key: ASCII or Korean.
pub(crate) fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || is_hangul(c)
}

/// `%XX`, as many as make one character; `%25XX` is one that was encoded twice.
fn percent(rest: &str) -> Option<(char, usize)> {
    let mut bytes = Vec::new();
    let mut at = 0;
    while bytes.len() < 4 {
        let (byte, used) = percent_byte(&rest[at..])?;
        bytes.push(byte);
        at += used;
        match std::str::from_utf8(&bytes) {
            Ok(text) => return Some((text.chars().next()?, at)),
            Err(error) if error.error_len().is_some() => return None,
            Err(_) => {}
        }
    }
    None
}

fn percent_byte(rest: &str) -> Option<(u8, usize)> {
    let mut hex = rest.strip_prefix('%')?;
    let mut used = 1;
    while let Some(inner) = hex.strip_prefix("25") {
        if hex_digits(inner, 2).is_none() {
            break;
        }
        hex = inner;
        used += 2;
    }
    let value = hex_digits(hex, 2)?;
    Some((value as u8, used + 2))
}

/// JSON's escapes, with up to eight backslashes: a document inside a string inside a document has more than one.
fn escape(rest: &str) -> Option<(char, usize)> {
    let slashes = rest.bytes().take(8).take_while(|b| *b == b'\\').count();
    let after = &rest[slashes..];
    match after.chars().next()? {
        'u' => {
            let code = hex_digits(&after[1..], 4)?;
            Some((char::from_u32(code)?, slashes + 5))
        }
        c @ ('"' | '/') => Some((c, slashes + 1)),
        'n' | 't' | 'r' => Some((' ', slashes + 1)),
        _ => None,
    }
}

fn hex_digits(text: &str, count: usize) -> Option<u32> {
    let digits = text.get(..count)?;
    if digits.bytes().all(|b| b.is_ascii_hexdigit()) {
        u32::from_str_radix(digits, 16).ok()
    } else {
        None
    }
}

/// The plain form of a character; nothing for one that is not seen.
fn plain(c: char) -> Option<char> {
    Some(match c {
        '\0'..='~' => c,
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(c as u32 - 0xfee0).unwrap_or(c),
        '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{fe63}' | '\u{fe58}' | '\u{30fc}' => '-',
        '\u{a0}' | '\u{3000}' | '\u{2000}'..='\u{200a}' | '\u{202f}' => ' ',
        '\u{200b}'..='\u{200d}' | '\u{2060}' | '\u{feff}' | '\u{ad}' => return None,
        '●' | '○' | '•' | '■' | '□' | '█' | '×' | '※' | '◯' | '∗' | '⁎' | '◦' | '▒' | '▓' | '░'
        | '…' => '*',
        '’' | '‘' => '\'',
        '“' | '”' => '"',
        _ => c,
    })
}

fn runs(chars: &[char]) -> Vec<Range<usize>> {
    let mut runs = Vec::new();
    let mut at = 0;
    while at < chars.len() {
        let part = |c: char| c.is_ascii_digit() || c == '*';
        if !part(chars[at]) {
            at += 1;
            continue;
        }
        let end = (at..chars.len())
            .find(|i| !part(chars[*i]))
            .unwrap_or(chars.len());
        runs.push(at..end);
        at = end;
    }
    runs
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(source: &str) -> String {
        let text = Text::new(source);
        assert_eq!(text.source(&(0..text.len())).end, source.len());
        text.string(0..text.len())
    }

    #[test]
    fn escapes_and_look_alikes_are_read_as_what_they_stand_for() {
        assert_eq!(decoded("%EC%9D%B4%EC%84%9C a%40b"), "이서 a@b");
        assert_eq!(decoded("%25EC%259D%25B4"), "이");
        assert_eq!(
            decoded(r#"\uD64D \ud64d \\ud64d {\"a\":\"b\"} a\/b"#),
            r#"홍 홍 홍 {"a":"b"} a/b"#
        );
        assert_eq!(
            decoded("０１０－１２ 010–12 0\u{200b}1"),
            "010-12 010-12 01"
        );
        assert_eq!(decoded("홍○동 ●●●"), "홍*동 ***");
    }

    #[test]
    fn what_is_no_escape_stands_for_itself() {
        for source in [
            "100% sure",
            "50%",
            "%zz",
            "%EC%9",
            "%FF%FE",
            r"C:\dir",
            r"\",
            r"\u12",
            r"\ud800",
        ] {
            assert_eq!(decoded(source), source);
        }
    }

    #[test]
    fn every_character_knows_its_bytes() {
        let source = r"a%40b\ud64d끝";
        let text = Text::new(source);
        let pieces: Vec<&str> = (0..text.len())
            .map(|i| &source[text.source(&(i..i + 1))])
            .collect();
        assert_eq!(pieces, ["a", "%40", "b", r"\ud64d", "끝"]);
    }
}
