//! The question as the scanner reads it: bounded, composed, without control characters, and a lower-case
//! twin of the same byte positions.

/// Longest question that is read, in characters.
pub(super) const MAX_CHARS: usize = 1_000;

/// A normalised question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Text {
    /// As written, for ids.
    pub(super) raw: String,
    /// ASCII in lower case, for words. Same length as `raw`.
    pub(super) low: String,
}

impl Text {
    /// Normalises a question; `None` when it is longer than [`MAX_CHARS`].
    pub(super) fn new(question: &str) -> Option<Self> {
        // Counting stops at the limit, so a hostile length costs nothing.
        if question.chars().take(MAX_CHARS * 3 + 1).count() > MAX_CHARS * 3 {
            return None;
        }
        let raw: String = compose(question.chars().filter_map(plain));
        if raw.chars().count() > MAX_CHARS {
            return None;
        }
        let low = raw.to_ascii_lowercase();
        Some(Self { raw, low })
    }

    /// The lower-case text from a byte position on.
    pub(super) fn from(&self, at: usize) -> &str {
        self.low.get(at..).unwrap_or_default()
    }
}

/// One character in its plain form; invisible ones vanish.
fn plain(c: char) -> Option<char> {
    Some(match c {
        '\u{200b}'..='\u{200f}'
        | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{2069}'
        | '\u{feff}' => return None,
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0).unwrap_or(' '),
        '‘' | '’' | '`' | '´' => '\'',
        '“' | '”' | '「' | '」' | '『' | '』' | '«' | '»' => '"',
        '〜' | '∼' | '–' | '—' => '~',
        'ㆍ' | '·' | '、' => ',',
        c if c.is_whitespace() || c.is_control() => ' ',
        c => c,
    })
}

/// Joins conjoining jamo (as some systems type them) into syllables: Unicode chapter 3.12.
fn compose(chars: impl Iterator<Item = char>) -> String {
    let mut out = String::new();
    for c in chars {
        let joined = out.chars().next_back().and_then(|last| join(last, c));
        if let Some(joined) = joined {
            out.pop();
            out.push(joined);
        } else {
            out.push(c);
        }
    }
    out
}

fn join(last: char, next: char) -> Option<char> {
    let (last, next) = (u32::from(last), u32::from(next));
    match (last, next) {
        (0x1100..=0x1112, 0x1161..=0x1175) => {
            char::from_u32(0xac00 + ((last - 0x1100) * 21 + (next - 0x1161)) * 28)
        }
        (0xac00..=0xd7a3, 0x11a8..=0x11c2) if (last - 0xac00).is_multiple_of(28) => {
            char::from_u32(last + next - 0x11a7)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_composed_plain_and_aligned() {
        let text = Text::new("\u{1107}\u{116e}\u{1109}\u{1161}\u{11ab}\u{0}의 ＣＰＵ\u{200b} “A”")
            .unwrap();
        assert_eq!(text.raw, "부산 의 CPU \"A\"");
        assert_eq!(text.low, "부산 의 cpu \"a\"");
    }

    #[test]
    fn a_huge_question_is_not_read() {
        assert_eq!(Text::new(&"a".repeat(1 << 20)), None);
        assert!(Text::new(&"a".repeat(MAX_CHARS)).is_some());
    }
}
