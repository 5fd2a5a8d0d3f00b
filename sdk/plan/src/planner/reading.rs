//! A scanned question with what every slot asks of it.

use bongsu_sdk_model::Timestamp;
use jiff::{Zoned, tz::TimeZone};

use super::{
    concept::{Concept, Cue, Noun, Time, Verb},
    text::Text,
    token::{Kind, Token},
};
use crate::{Lang, PlanScope, Vocabulary, moment::instant};

/// A question as tokens, with the world it was asked in.
pub(super) struct Reading<'a> {
    pub(super) text: &'a Text,
    pub(super) tokens: Vec<Token>,
    pub(super) lang: Lang,
    pub(super) now: Zoned,
    pub(super) vocabulary: &'a Vocabulary,
    /// What the alias concepts stand for.
    pub(super) scopes: &'a [(String, PlanScope)],
}

impl<'a> Reading<'a> {
    pub(super) fn new(
        text: &'a Text,
        tokens: Vec<Token>,
        now: Timestamp,
        zone: &TimeZone,
        vocabulary: &'a Vocabulary,
        scopes: &'a [(String, PlanScope)],
    ) -> Self {
        Self {
            lang: Lang::of(&text.raw),
            text,
            tokens,
            now: instant(now).to_zoned(zone.clone()),
            vocabulary,
            scopes,
        }
    }

    pub(super) fn get(&self, i: usize) -> Option<&Token> {
        self.tokens.get(i)
    }

    /// Whether a hint is there.
    pub(super) fn has(&self, cue: Cue) -> bool {
        self.tokens.iter().any(|token| token.cue() == Some(cue))
    }

    /// Whether any of the hints is there.
    pub(super) fn any(&self, cues: &[Cue]) -> bool {
        self.tokens
            .iter()
            .any(|token| token.cue().is_some_and(|cue| cues.contains(&cue)))
    }

    pub(super) fn noun(&self, noun: Noun) -> bool {
        self.tokens.iter().any(|token| token.noun() == Some(noun))
    }

    pub(super) fn any_noun(&self, nouns: &[Noun]) -> bool {
        self.tokens
            .iter()
            .any(|token| token.noun().is_some_and(|noun| nouns.contains(&noun)))
    }

    pub(super) fn time(&self, time: Time) -> bool {
        self.tokens.iter().any(|token| token.time() == Some(time))
    }

    pub(super) fn verb(&self, verb: Verb) -> bool {
        self.tokens.iter().any(|token| token.verb() == Some(verb))
    }

    /// First place of a hint.
    pub(super) fn position(&self, cue: Cue) -> Option<usize> {
        self.tokens
            .iter()
            .position(|token| token.cue() == Some(cue))
    }

    /// Places and things found.
    pub(super) fn nouns(&self) -> impl Iterator<Item = (usize, Noun)> {
        self.tokens
            .iter()
            .enumerate()
            .filter_map(|(i, token)| Some((i, token.noun()?)))
    }

    /// Whether two neighbours stand without anything but white space and a particle between them.
    pub(super) fn adjacent(&self, left: usize, right: usize) -> bool {
        let (Some(a), Some(b)) = (self.get(left), self.get(right)) else {
            return false;
        };
        let gap = self.text.raw.get(a.end..b.at).unwrap_or_default().trim();
        right == left + 1 && gap.chars().count() <= 3 && !gap.contains([',', '.', '?'])
    }

    /// Text between two tokens.
    pub(super) fn gap(&self, left: usize, right: usize) -> &str {
        let (Some(a), Some(b)) = (self.get(left), self.get(right)) else {
            return "";
        };
        self.text.low.get(a.end..b.at).unwrap_or_default()
    }

    /// Index of the nearest token before `i` that is not filler.
    pub(super) fn content_before(&self, i: usize) -> Option<usize> {
        (0..i)
            .rev()
            .find(|k| self.get(*k).is_some_and(|token| !is_filler(token)))
    }

    /// Index of the nearest token behind `i` that is not filler.
    pub(super) fn content_after(&self, i: usize) -> Option<usize> {
        (i + 1..self.tokens.len()).find(|k| self.get(*k).is_some_and(|token| !is_filler(token)))
    }

    /// Whether something nobody knows stands in the question.
    pub(super) fn unknown_words(&self) -> usize {
        self.tokens
            .iter()
            .filter(|token| matches!(token.kind, Kind::Unknown(_)))
            .count()
    }
}

fn is_filler(token: &Token) -> bool {
    matches!(token.kind, Kind::Word(Concept::Filler))
}
