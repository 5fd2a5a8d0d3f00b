//! Redis's glob patterns: `*`, `?`, `[abc]`, `[^a-z]`, `\` before a character taken as it is.
//!
//! Only the last `*` is ever reconsidered, so that a hostile pattern costs at most pattern × text.

/// Whether the whole of `text` matches `pattern`.
pub(crate) fn matches(pattern: &[u8], text: &[u8]) -> bool {
    let (mut pattern, mut text) = (pattern, text);
    // What follows the last `*`, and where it was last tried.
    let mut star: Option<(&[u8], &[u8])> = None;
    loop {
        if let [b'*', rest @ ..] = pattern {
            star = Some((rest, text));
            pattern = rest;
            continue;
        }
        if pattern.is_empty() && text.is_empty() {
            return true;
        }
        if let Some((next_pattern, next_text)) = step(pattern, text) {
            (pattern, text) = (next_pattern, next_text);
            continue;
        }
        let Some((after, [_, later @ ..])) = star else {
            return false;
        };
        star = Some((after, later));
        (pattern, text) = (after, later);
    }
}

/// Matches the first element of `pattern` with the first byte of `text`; gives what follows each.
fn step<'p, 't>(pattern: &'p [u8], text: &'t [u8]) -> Option<(&'p [u8], &'t [u8])> {
    let (byte, text) = text.split_first()?;
    let rest = match pattern {
        [b'?', rest @ ..] => Some(rest),
        [b'[', class @ ..] => {
            let (found, rest) = class_has(class, *byte);
            found.then_some(rest)
        }
        [b'\\', literal, rest @ ..] | [literal, rest @ ..] => (literal == byte).then_some(rest),
        [] => None,
    };
    rest.map(|rest| (rest, text))
}

/// Whether the class whose `[` was just read has `byte`, and what follows its `]`. An unclosed class ends
/// with the pattern.
fn class_has(class: &[u8], byte: u8) -> (bool, &[u8]) {
    let (negated, mut class) = match class {
        [b'^', rest @ ..] => (true, rest),
        class => (false, class),
    };
    let mut found = false;
    loop {
        class = match class {
            [] => return (found != negated, class),
            [b']', rest @ ..] => return (found != negated, rest),
            [b'\\', literal, rest @ ..] => {
                found |= *literal == byte;
                rest
            }
            [low, b'-', high, rest @ ..] => {
                found |= (*low.min(high)..=*low.max(high)).contains(&byte);
                rest
            }
            [literal, rest @ ..] => {
                found |= *literal == byte;
                rest
            }
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn globs_match_as_redis_does() {
        for (pattern, text, expected) in [
            ("*", "", true),
            ("", "", true),
            ("", "a", false),
            ("sess:*", "sess:1", true),
            ("sess:*", "cart:1", false),
            ("h?llo", "hallo", true),
            ("h?llo", "hllo", false),
            ("h[ae]llo", "hello", true),
            ("h[^e]llo", "hello", false),
            ("h[a-c]llo", "hbllo", true),
            ("h[c-a]llo", "hbllo", true),
            ("h\\*llo", "h*llo", true),
            ("h\\*llo", "hxllo", false),
            ("*a*b*c", "xxaxxbxxc", true),
            ("*a*b*c", "xxaxxcxxb", false),
            ("a[b", "ab", true),
            ("[\\]]", "]", true),
        ] {
            assert_eq!(
                matches(pattern.as_bytes(), text.as_bytes()),
                expected,
                "{pattern} {text}"
            );
        }
        assert!(!matches(&b"*a".repeat(1000), &b"a".repeat(999)));
    }
}
