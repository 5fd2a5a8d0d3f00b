//! Words and phrases with their meanings, and the matching of one at a place of the text.
//!
//! A phrase is matched as written with these freedoms: a space stands for any white space, a hyphen or
//! nothing; English words end at a word boundary and may carry a plural or genitive; a Korean word may begin
//! inside another word unless it is marked `^` (then only at a word's start or right after a known word) or
//! `^^` (then only at a word's start) and
//! may be followed by anything unless it ends in `$` (then only by a particle or the end of the word).
//! Of several phrases that fit, the longest is meant.

mod act;
mod ask;
mod measure;
mod time;

use std::collections::HashMap;

use super::{concept::Concept, josa, typo::Dictionary};
use crate::{Vocabulary, lang::is_hangul, regions};

/// `(meaning, "phrase|phrase|…")`.
pub(super) type Rows = &'static [(Concept, &'static str)];

/// A phrase ready to be matched.
#[derive(Debug, Clone)]
struct Phrase {
    chars: Vec<char>,
    concept: Concept,
    at_start: bool,
    /// Never right behind a known word, where it would be a particle.
    apart: bool,
    at_end: bool,
    english: bool,
}

/// All phrases, by first character.
#[derive(Debug, Clone, Default)]
pub(super) struct Lexicon {
    by_first: HashMap<char, Vec<Phrase>>,
    spelling: Dictionary,
}

/// A phrase found in the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Found {
    /// Bytes of the text it covers.
    pub(super) len: usize,
    pub(super) concept: Concept,
}

impl Lexicon {
    /// The built-in phrases and the names of a vocabulary.
    pub(super) fn new(vocabulary: &Vocabulary) -> Self {
        let mut lexicon = Self::default();
        for (concept, phrases) in [measure::ROWS, time::ROWS, ask::ROWS, act::ROWS]
            .into_iter()
            .flatten()
        {
            for phrase in phrases.split('|') {
                lexicon.add(phrase, *concept);
            }
        }
        for (i, site) in vocabulary.sites.iter().enumerate() {
            lexicon.name(
                site.id.as_str(),
                [&site.ko, &site.en].into_iter().chain(&site.aliases),
                Concept::Site(i),
            );
        }
        for (i, app) in vocabulary.apps.iter().enumerate() {
            lexicon.name(
                app.id.as_str(),
                [&app.ko, &app.en].into_iter().chain(&app.aliases),
                Concept::App(i),
            );
        }
        lexicon
    }

    /// Adds names for scopes, numbered from `first`.
    pub(super) fn with_aliases<'a>(mut self, names: impl Iterator<Item = &'a str>) -> Self {
        for (i, name) in names.enumerate() {
            self.name(name, std::iter::empty(), Concept::Alias(i));
        }
        self
    }

    fn name<'a>(&mut self, id: &'a str, names: impl Iterator<Item = &'a String>, concept: Concept) {
        let mut seen: Vec<String> = Vec::new();
        for name in std::iter::once(id).chain(names.map(String::as_str)) {
            let name = name.trim().to_ascii_lowercase();
            if !name.is_empty() && !seen.contains(&name) {
                self.add(&format!("^{name}"), concept);
                seen.push(name);
            }
        }
    }

    fn add(&mut self, phrase: &str, concept: Concept) {
        let apart = phrase.starts_with("^^");
        let at_start = phrase.starts_with('^');
        let at_end = phrase.ends_with('$');
        let chars: Vec<char> = phrase
            .trim_start_matches('^')
            .trim_end_matches('$')
            .chars()
            .collect();
        let Some(first) = chars.first().copied() else {
            return;
        };
        self.spelling.add(&chars, concept);
        let english = !chars.iter().copied().any(is_hangul);
        let single = chars.len() == 1 && !english;
        let phrase = Phrase {
            concept,
            at_start: at_start || single,
            apart,
            at_end: at_end || single,
            english,
            chars,
        };
        self.by_first.entry(first).or_default().push(phrase);
    }

    /// The longest phrase that fits at byte `at` of `text`. `start` says that a word begins there: at white
    /// space, punctuation, or right behind a known word.
    pub(super) fn find(&self, text: &str, at: usize, start: bool) -> Option<Found> {
        let rest = text.get(at..)?;
        let first = rest.chars().next()?;
        let before = text.get(..at)?.chars().next_back();
        let letter_before = before.is_some_and(|c| c.is_ascii_alphanumeric());
        let glued = before.is_some_and(char::is_alphanumeric);
        self.by_first
            .get(&first)?
            .iter()
            .filter(|phrase| phrase.may_begin(start, glued, letter_before))
            .filter_map(|phrase| {
                Some(Found {
                    len: phrase.fits(rest)?,
                    concept: phrase.concept,
                })
            })
            .reduce(|best, one| if one.len > best.len { one } else { best })
    }

    /// What a misspelt word means, if one phrase is clearly the nearest.
    pub(super) fn nearest(&self, word: &str) -> Option<Concept> {
        self.spelling.nearest(word)
    }
}

impl Phrase {
    /// Whether it may begin at a place: `start` of a word, `glued` to what stands before, behind a letter.
    const fn may_begin(&self, start: bool, glued: bool, letter_before: bool) -> bool {
        let inside = self.at_start && !start;
        let particle = self.apart && glued;
        let cut = self.english && letter_before;
        !(inside || particle || cut)
    }

    /// Bytes of `rest` the phrase covers, if it fits at its start.
    fn fits(&self, rest: &str) -> Option<usize> {
        let mut at = 0;
        for (i, &wanted) in self.chars.iter().enumerate() {
            if wanted == ' ' {
                let blank = blank(rest.get(at..)?);
                // A space at the end is a must: it keeps "this" apart from the start of a longer word.
                if blank == 0 && i + 1 == self.chars.len() {
                    return None;
                }
                at += blank;
                continue;
            }
            let c = rest.get(at..)?.chars().next()?;
            if c != wanted {
                return None;
            }
            at += c.len_utf8();
        }
        if self.english {
            return english_end(rest, at);
        }
        if self.at_end && !josa::ends_word(rest.get(at..)?) {
            return None;
        }
        Some(at)
    }
}

/// Bytes of white space and hyphens at the start.
fn blank(rest: &str) -> usize {
    rest.len() - rest.trim_start_matches([' ', '-', '_']).len()
}

/// Where an English word that matched up to `at` ends, with its plural or genitive; `None` inside a word.
fn english_end(rest: &str, at: usize) -> Option<usize> {
    for suffix in ["'s", "s'", "es", "s", ""] {
        if let Some(tail) = rest.get(at..)?.strip_prefix(suffix)
            && !tail.starts_with(|c: char| c.is_ascii_alphanumeric())
        {
            return Some(at + suffix.len());
        }
    }
    None
}

/// The scopes that have a usual name, cut to the vocabulary's sites, before those somebody gave.
pub(super) fn usual_scopes(vocabulary: &Vocabulary) -> Vec<(String, crate::PlanScope)> {
    let known = |id: &bongsu_sdk_model::SiteId| vocabulary.sites.iter().any(|site| site.id == *id);
    let groups = regions::groups(known)
        .into_iter()
        .map(|(name, scope)| (name.to_owned(), scope));
    groups
        .chain(
            vocabulary
                .aliases
                .iter()
                .map(|alias| (alias.name.clone(), alias.scope.clone())),
        )
        .collect()
}
