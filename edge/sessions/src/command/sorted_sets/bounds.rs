//! Ranges of scores, of names and of ranks, and the ranks they come down to.

use std::ops::Range;

use super::Members;
use crate::command::{Refusal, args::integer};

/// What a range is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum By {
    /// Ranks; negative ones count from the end.
    Rank,
    /// Scores.
    Score,
    /// Names, where all scores are the same.
    Lex,
}

/// A range as it was asked for.
#[derive(Debug)]
pub(super) enum Bounds<'a> {
    Rank(i64, i64),
    Score(ScoreEdge, ScoreEdge),
    Lex(LexEdge<'a>, LexEdge<'a>),
}

/// An end of a range of scores.
#[derive(Debug, Clone, Copy)]
pub(super) struct ScoreEdge {
    score: f64,
    open: bool,
}

/// An end of a range of names.
#[derive(Debug, Clone, Copy)]
pub(super) enum LexEdge<'a> {
    First,
    Last,
    Closed(&'a [u8]),
    Open(&'a [u8]),
}

impl<'a> Bounds<'a> {
    /// Reads a range.
    pub(super) fn read(by: By, min: &'a [u8], max: &'a [u8]) -> Result<Self, Refusal> {
        match by {
            By::Rank => Ok(Self::Rank(integer(min)?, integer(max)?)),
            By::Score => match (score_edge(min), score_edge(max)) {
                (Some(min), Some(max)) => Ok(Self::Score(min, max)),
                _ => Err(Refusal::Fixed("ERR min or max is not a float")),
            },
            By::Lex => match (lex_edge(min), lex_edge(max)) {
                (Some(min), Some(max)) => Ok(Self::Lex(min, max)),
                _ => Err(Refusal::Fixed("ERR min or max not valid string range item")),
            },
        }
    }

    /// The ranks within it; `reverse` counts ranks from the end.
    pub(super) fn ranks(&self, set: &Members, reverse: bool) -> Range<usize> {
        let order = set.order();
        match *self {
            Self::Rank(start, end) => {
                let range = absolute(start, end, set.len());
                match reverse {
                    true => set.len() - range.end..set.len() - range.start,
                    false => range,
                }
            }
            Self::Score(min, max) => {
                let below = |score: f64| score < min.score || min.open && score == min.score;
                let within = |score: f64| score < max.score || !max.open && score == max.score;
                let start = order.rank(|score, _| below(score));
                start..order.rank(|score, _| within(score)).max(start)
            }
            Self::Lex(min, max) => {
                let start = order.rank(|_, name| min.is_above(name, true));
                start..order.rank(|_, name| max.is_above(name, false)).max(start)
            }
        }
    }
}

/// Positions of a list from ranks that may be negative and beyond its ends.
fn absolute(start: i64, end: i64, length: usize) -> Range<usize> {
    let signed = i64::try_from(length).unwrap_or(i64::MAX);
    let from_start = |rank: i64| match rank {
        0.. => rank,
        _ => rank.saturating_add(signed),
    };
    let (start, end) = (from_start(start).max(0), from_start(end).min(signed - 1));
    if start > end {
        return 0..0;
    }
    let position = |rank: i64| usize::try_from(rank).unwrap_or(length);
    position(start)..position(end + 1)
}

/// As C's `strtod` reads it: leading spaces are passed over, nothing at all is 0.
fn score_edge(text: &[u8]) -> Option<ScoreEdge> {
    let (open, text) = match text {
        [b'(', rest @ ..] => (true, rest),
        text => (false, text),
    };
    let text = std::str::from_utf8(text).ok()?;
    let score: f64 = match text {
        "" => 0.0,
        text => text.trim_start().parse().ok()?,
    };
    (!score.is_nan()).then_some(ScoreEdge { score, open })
}

fn lex_edge(text: &[u8]) -> Option<LexEdge<'_>> {
    match text {
        b"-" => Some(LexEdge::First),
        b"+" => Some(LexEdge::Last),
        [b'[', name @ ..] => Some(LexEdge::Closed(name)),
        [b'(', name @ ..] => Some(LexEdge::Open(name)),
        _ => None,
    }
}

impl LexEdge<'_> {
    /// Whether a name lies before this edge. On a closed edge a name equal to it is within the range: not
    /// before it if the edge is the `lower` one.
    fn is_above(self, name: &[u8], lower: bool) -> bool {
        match self {
            Self::First => false,
            Self::Last => true,
            Self::Closed(edge) => name < edge || !lower && name == edge,
            Self::Open(edge) => name < edge || lower && name == edge,
        }
    }
}
