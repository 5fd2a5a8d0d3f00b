//! Lengths of time as a plan writes them: `5m`, `3h`, `1d`.

use std::{fmt, str::FromStr, time::Duration};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

const UNITS: [(&str, u64); 5] = [
    ("w", 604_800),
    ("d", 86_400),
    ("h", 3_600),
    ("m", 60),
    ("s", 1),
];

/// A length of time in whole seconds. Written with the largest of d, h, m, s that divides it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span(Duration);

/// A length of time that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a length of time; hint: write a number and s, m, h, d or w, as 5m or 1h30m")]
pub struct SpanError(String);

impl Span {
    /// Of `seconds` seconds.
    #[must_use]
    pub const fn seconds(seconds: u64) -> Self {
        Self(Duration::from_secs(seconds))
    }

    /// In whole seconds.
    #[must_use]
    pub const fn as_seconds(self) -> u64 {
        self.0.as_secs()
    }

    /// As a duration.
    #[must_use]
    pub const fn duration(self) -> Duration {
        self.0
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.as_seconds();
        let fits = |&&(name, width): &&(&str, u64)| name != "w" && seconds.is_multiple_of(width);
        match UNITS.iter().find(fits) {
            Some((name, width)) if seconds > 0 => write!(f, "{}{name}", seconds / width),
            _ => write!(f, "{seconds}s"),
        }
    }
}

impl FromStr for Span {
    type Err = SpanError;
    fn from_str(text: &str) -> Result<Self, SpanError> {
        let bad = || SpanError(text.chars().take(32).collect());
        let (mut total, mut rest) = (0_u64, text.trim());
        if rest.is_empty() || rest.len() > 32 {
            return Err(bad());
        }
        while !rest.is_empty() {
            let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
            let (number, tail) = rest.split_at_checked(digits).ok_or_else(bad)?;
            let (name, width) = UNITS
                .iter()
                .find(|(name, _)| tail.starts_with(name))
                .ok_or_else(bad)?;
            let number: u64 = number.parse().map_err(|_| bad())?;
            total = number
                .checked_mul(*width)
                .and_then(|n| n.checked_add(total))
                .ok_or_else(bad)?;
            rest = tail.get(name.len()..).unwrap_or_default();
        }
        Ok(Self::seconds(total))
    }
}

impl Serialize for Span {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_and_writes() {
        for (text, seconds, back) in [
            ("5m", 300, "5m"),
            ("300s", 300, "5m"),
            ("1h30m", 5_400, "90m"),
            ("1w", 604_800, "7d"),
            ("0s", 0, "0s"),
        ] {
            let span: Span = text.parse().unwrap();
            assert_eq!(
                (span.as_seconds(), span.to_string().as_str()),
                (seconds, back)
            );
        }
        for bad in ["", "5", "m", "5분", "99999999999999999999s", "1h x"] {
            assert!(bad.parse::<Span>().is_err(), "{bad}");
        }
    }
}
