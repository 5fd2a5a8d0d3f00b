//! How an application names the keys of its sessions: text with one gap, where the id stands.
//!
//! Never more than one gap and no wildcards: a key is recognised at every command, so a pattern is two
//! comparisons of bytes.

use std::{fmt, str::FromStr};

/// Longest id a pattern accepts, bytes; longer ones are no session ids.
const LONGEST_ID: usize = 512;

/// Text with at most one gap.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern {
    before: Box<[u8]>,
    after: Box<[u8]>,
    /// Without a gap the pattern is one exact key.
    gap: bool,
}

impl Pattern {
    /// The exact key `key`.
    pub(crate) fn exact(key: &str) -> Self {
        Self {
            before: key.as_bytes().into(),
            after: Box::default(),
            gap: false,
        }
    }

    /// What stands in the gap of `key`, if the key fits; empty for an exact key.
    pub(crate) fn part<'a>(&self, key: &'a [u8]) -> Option<&'a [u8]> {
        let part = key
            .strip_prefix(&*self.before)?
            .strip_suffix(&*self.after)?;
        (self.gap != part.is_empty() && part.len() <= LONGEST_ID).then_some(part)
    }

    /// The key with `part` in the gap.
    pub(crate) fn key(&self, part: &[u8]) -> Vec<u8> {
        [&*self.before, part, &*self.after].concat()
    }

    /// What every key of this pattern begins with; never empty.
    pub(crate) fn before(&self) -> &[u8] {
        &self.before
    }

    /// How much of a key is given: of two patterns that fit, the one with more is meant.
    pub(crate) fn weight(&self) -> (bool, usize) {
        (!self.gap, self.before.len() + self.after.len())
    }
}

/// Why a text is no pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PatternError(&'static str);

impl fmt::Display for PatternError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl FromStr for Pattern {
    type Err = PatternError;

    /// The gap is written `{id}` or `{user}`; a text without one is a prefix.
    fn from_str(text: &str) -> Result<Self, PatternError> {
        let mut gaps = ["{id}", "{user}"]
            .into_iter()
            .flat_map(|gap| text.match_indices(gap));
        let (before, after) = match gaps.next() {
            None => (text, ""),
            Some((at, gap)) => (
                text.get(..at).unwrap_or_default(),
                text.get(at + gap.len()..).unwrap_or_default(),
            ),
        };
        if gaps.next().is_some() {
            return Err(PatternError("more than one gap"));
        }
        if before.is_empty() {
            return Err(PatternError(
                "must begin with fixed text, hint: set a namespace",
            ));
        }
        Ok(Self {
            before: before.as_bytes().into(),
            after: after.as_bytes().into(),
            gap: true,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(pattern: &str, key: &str, part: Option<&str>) {
        let pattern: Pattern = pattern.parse().unwrap();
        assert_eq!(pattern.part(key.as_bytes()), part.map(str::as_bytes));
        if let Some(part) = part {
            assert_eq!(pattern.key(part.as_bytes()), key.as_bytes());
        }
    }

    #[test]
    fn the_gap_takes_what_stands_between() {
        check("sess:", "sess:abc", Some("abc"));
        check("sess:{id}", "sess:abc", Some("abc"));
        check("{/{id}}_Data", "{/shop_77}_Data", Some("shop_77"));
        check("index:{user}", "index:kim:lee", Some("kim:lee"));
        check("sess:{id}", "sess:", None);
        check("ab{id}ba", "aba", None);
        check("sess:{id}", &format!("sess:{}", "x".repeat(513)), None);
    }

    #[test]
    fn an_exact_key_is_only_itself() {
        let exact = Pattern::exact("a:b");
        assert_eq!(exact.part(b"a:b"), Some(&b""[..]));
        assert_eq!(exact.part(b"a:bc"), None);
        assert!(exact.weight() > "a:bcdef".parse::<Pattern>().unwrap().weight());
    }

    #[test]
    fn a_pattern_that_would_take_every_key_is_refused() {
        for text in ["", "{id}", "{id}_Data", "a{id}b{user}"] {
            assert!(text.parse::<Pattern>().is_err(), "{text}");
        }
    }
}
