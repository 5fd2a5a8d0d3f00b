//! Numbers written in groups: runs of digits (or their masks) with one separator between them.

use std::ops::Range;

use crate::text::{Text, is_hangul};

/// Some runs in a row.
pub(super) struct Groups<'a> {
    text: &'a Text,
    runs: &'a [Range<usize>],
}

impl<'a> Groups<'a> {
    /// For every run, the longest row of up to `most` runs that starts there, each separated by one character for which
    /// `separator` holds.
    pub(super) fn rows(
        text: &'a Text,
        most: usize,
        separator: impl Fn(char) -> bool + Copy + 'a,
    ) -> impl Iterator<Item = Self> + 'a {
        let runs = text.runs();
        (0..runs.len()).map(move |first| {
            let joined = |k: &usize| {
                let (left, right) = (&runs[k - 1], &runs[*k]);
                right.start == left.end + 1 && separator(text.at(left.end))
            };
            let count = 1
                + (first + 1..runs.len())
                    .take(most - 1)
                    .take_while(joined)
                    .count();
            Self {
                text,
                runs: &runs[first..first + count],
            }
        })
    }

    /// The first `count` groups, if there are so many.
    pub(super) fn first(&self, count: usize) -> Option<Self> {
        Some(Self {
            text: self.text,
            runs: self.runs.get(..count)?,
        })
    }

    pub(super) fn count(&self) -> usize {
        self.runs.len()
    }

    /// Lengths of the groups.
    pub(super) fn shape(&self) -> Vec<usize> {
        self.runs.iter().map(ExactSizeIterator::len).collect()
    }

    /// All digits and masks, without separators.
    pub(super) fn digits(&self) -> Vec<char> {
        self.runs
            .iter()
            .flat_map(|run| self.text.slice(run.clone()))
            .copied()
            .collect()
    }

    /// From the first digit to the last.
    pub(super) fn range(&self) -> Range<usize> {
        self.runs.first().map_or(0, |r| r.start)..self.runs.last().map_or(0, |r| r.end)
    }

    /// Whether nothing around it makes it a part of something longer: a letter or digit, or a separator and another digit.
    pub(super) fn stands_alone(&self) -> bool {
        let Range { start, end } = self.range();
        stands_alone(self.text, start, end)
    }
}

/// See [`Groups::stands_alone`].
pub(super) fn stands_alone(text: &Text, start: usize, end: usize) -> bool {
    let part = |c: char| c.is_ascii_alphanumeric() || c == '*' || c == '_';
    let joins = |c: char| matches!(c, '-' | '.' | '/' | ':');
    let before = text.before(start);
    let left = part(before) || (joins(before) && start >= 2 && text.at(start - 2).is_ascii_digit());
    let right = part(text.at(end)) || (joins(text.at(end)) && text.at(end + 1).is_ascii_digit());
    !left && !right
}

/// Whether the number is a count of something: a Korean counter follows.
pub(super) fn is_counted(text: &Text, end: usize) -> bool {
    let next = if text.at(end) == ' ' {
        text.at(end + 1)
    } else {
        text.at(end)
    };
    is_hangul(next) && "건명원개회대시분초일월년주위호차배점층권장통억만조천".contains(next)
}

/// The digits' values; masks are not digits.
pub(super) fn values(digits: &[char]) -> Option<Vec<u32>> {
    digits.iter().map(|c| c.to_digit(10)).collect()
}

/// Two digits as a number.
pub(super) fn pair(digits: &[char], at: usize) -> Option<u32> {
    Some(digits.get(at)?.to_digit(10)? * 10 + digits.get(at + 1)?.to_digit(10)?)
}
