//! Tells without reading it whether a text can hold nothing: most request targets and user agents are made of short lower-case
//! words. It errs to one side only: a text it lets pass has no form that any recogniser knows.

use bongsu_sdk_guest::masker::FieldKind;

/// Longer pieces can be secrets or numbers.
const SHORT: usize = 15;

/// Longest run of digits that is part of no number of a person: prefixes and suffixes of one never stand alone.
const FEW_DIGITS: usize = 3;

/// Segments of a path behind which a login may stand.
const PEOPLE: [&str; 4] = ["user", "member", "account", "customer"];

/// Whether a text needs no masking for sure.
pub(crate) fn is_clean(kind: FieldKind, text: &str) -> bool {
    match kind {
        FieldKind::UserAgent => is_plain_agent(text),
        _ => is_plain_path(text),
    }
}

/// Lower-case words and small numbers between slashes, dashes, underscores and braces.
fn is_plain_path(text: &str) -> bool {
    let plain = |b: u8| {
        b.is_ascii_lowercase()
            || b.is_ascii_digit()
            || matches!(b, b'/' | b'-' | b'_' | b'{' | b'}')
    };
    text.bytes().all(plain)
        && text.split('/').all(|piece| piece.len() <= SHORT)
        && longest_run(text, |b| b.is_ascii_digit()) <= FEW_DIGITS
        && !PEOPLE.iter().any(|word| text.contains(word))
        && !text.contains("employee")
        && text.bytes().filter(u8::is_ascii_digit).count() <= SHORT / 2
}

/// No address, no parameter, nothing long enough to be a secret.
fn is_plain_agent(text: &str) -> bool {
    text.is_ascii()
        && !text
            .bytes()
            .any(|b| matches!(b, b'@' | b'=' | b'%' | b'\\' | b'[' | b'*'))
        && longest_run(text, |b| {
            b.is_ascii_alphanumeric() || b == b'-' || b == b'_'
        }) <= SHORT
        && longest_run(text, |b| b.is_ascii_digit()) <= FEW_DIGITS + 2
        && !text.contains("010")
}

fn longest_run(text: &str, part: impl Fn(u8) -> bool) -> usize {
    let (mut run, mut longest) = (0, 0);
    for b in text.bytes() {
        run = if part(b) { run + 1 } else { 0 };
        longest = longest.max(run);
    }
    longest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_can_hold_nothing_is_let_pass() {
        let path = |text| is_clean(FieldKind::Url, text);
        assert!(path("/api/orders/list") && path("/minwon/{}/step-2") && path("/"));
        for text in [
            "/a?b=c",
            "/users/kim",
            "/q/01012345678",
            "/q/010-1234-5678",
            "/x/9f8e7d6c5b4a39281706",
            "/검색",
            "/A",
        ] {
            assert!(!path(text), "{text}");
        }
        let agent = |text| is_clean(FieldKind::UserAgent, text);
        assert!(agent(
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/120.0.0.0"
        ));
        for text in [
            "bot/1.0 (+mailto:a@b.example)",
            "app/1 010-1234-5678",
            "x token=abc",
            "app 0123456789abcdef0123",
        ] {
            assert!(!agent(text), "{text}");
        }
    }
}
