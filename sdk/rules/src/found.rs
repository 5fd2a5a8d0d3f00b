//! What a rule found, before it is said in the contract's words.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use bongsu_sdk_guest::detector::{Figure, Finding, Severity, Window};

use crate::{Language, Words};

/// How much it matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Weight {
    /// Worth knowing.
    Info,
    /// Look at it today.
    Warning,
    /// Look at it now.
    Critical,
}

/// A statement about something that happened.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    /// A stable word.
    pub kind: &'static str,
    /// How much it matters.
    pub weight: Weight,
    /// Application it happened in, if in one.
    pub app: Option<String>,
    /// First instant, milliseconds since the epoch.
    pub from_ms: i64,
    /// First instant after it.
    pub to_ms: i64,
    /// Whom or what it is about: `user:…`, `url:…` and so on.
    pub subject: String,
    /// One sentence with its figures.
    pub words: Words,
    /// The figures: name and value.
    pub evidence: Vec<(&'static str, f64)>,
}

/// At most `most` of what was found, the gravest first: an attack from everywhere is one fact, and a host refuses a flood
/// as a whole.
#[must_use]
pub fn gravest(mut found: Vec<Found>, most: usize) -> Vec<Found> {
    if found.len() > most {
        found.sort_by_key(|one| std::cmp::Reverse(one.weight));
        found.truncate(most);
    }
    found
}

impl Found {
    /// The same in the contract's words.
    #[must_use]
    pub fn said(self, language: Language) -> Finding {
        Finding {
            kind: self.kind.to_owned(),
            severity: match self.weight {
                Weight::Info => Severity::Info,
                Weight::Warning => Severity::Warning,
                Weight::Critical => Severity::Critical,
            },
            app: self.app,
            when: Window {
                from_ms: self.from_ms,
                to_ms: self.to_ms.max(self.from_ms),
            },
            subject: self.subject,
            summary: self.words.say(language),
            evidence: self
                .evidence
                .into_iter()
                .filter(|(_, value)| value.is_finite())
                .map(|(name, value)| Figure {
                    name: name.to_owned(),
                    value,
                })
                .collect(),
        }
    }
}

/// Most findings of one batch; the host's default limit is twice that.
const MOST: usize = 50;

/// All that was found in one batch, in the contract's words: the gravest, and not too many.
#[must_use]
pub fn say_all(found: Vec<Found>, language: Language) -> Vec<Finding> {
    gravest(found, MOST)
        .into_iter()
        .map(|one| one.said(language))
        .collect()
}

/// A stable hash of a token or text, to count different ones without keeping them.
#[must_use]
pub fn hash_of(text: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    hasher.finish()
}
