//! Misspelt words: edit distance over letters of English and jamo of Korean.

use std::collections::BTreeMap;

use super::concept::Concept;

/// A word in the units its errors are counted in.
struct Spelling {
    units: Vec<char>,
    allowed: usize,
    /// Five letters are close to too many words: only letters that changed places are forgiven.
    swapped_only: bool,
}

/// Splits a word into letters or jamo; `None` when it is too short to be corrected safely.
fn spell(word: &str) -> Option<Spelling> {
    let chars: Vec<char> = word.chars().filter(|c| c.is_alphanumeric()).collect();
    let hangul = chars.iter().copied().any(crate::lang::is_hangul);
    let least = if hangul { 3 } else { 5 };
    if chars.len() < least || chars.len() > 24 || chars.iter().any(char::is_ascii_digit) {
        return None;
    }
    let allowed = if chars.len() >= if hangul { 6 } else { 12 } {
        2
    } else {
        1
    };
    let swapped_only = !hangul && chars.len() == 5;
    Some(Spelling {
        units: units(&chars),
        allowed,
        swapped_only,
    })
}

/// Phrases by the number of their letters or jamo, so that a word meets only those of about its length.
#[derive(Debug, Clone, Default)]
pub(super) struct Dictionary {
    by_length: BTreeMap<usize, Vec<(Vec<char>, Concept)>>,
}

impl Dictionary {
    /// Adds a phrase, unless it is so short that it is one error away from too many words.
    pub(super) fn add(&mut self, phrase: &[char], concept: Concept) {
        let phrase: Vec<char> = phrase
            .iter()
            .copied()
            .filter(|c| c.is_alphanumeric())
            .collect();
        let hangul = phrase.iter().copied().any(crate::lang::is_hangul);
        if phrase.len() >= if hangul { 3 } else { 5 } {
            let units = units(&phrase);
            self.by_length
                .entry(units.len())
                .or_default()
                .push((units, concept));
        }
    }

    /// The meaning of the phrase closest to a misspelt word, if one is close enough and no other meaning is as
    /// close: one error in a word of three syllables or five letters, two in twice that.
    pub(super) fn nearest(&self, word: &str) -> Option<Concept> {
        let word = spell(word)?;
        let about = word.units.len().saturating_sub(word.allowed)..=word.units.len() + word.allowed;
        let mut best: Option<(usize, Concept, bool)> = None;
        for (units, concept) in self.by_length.range(about).flat_map(|(_, phrases)| phrases) {
            let Some(distance) = distance(&word, units) else {
                continue;
            };
            best = match best {
                Some((d, c, alone)) if d < distance => Some((d, c, alone)),
                Some((d, c, alone)) if d == distance => Some((d, c, alone && c == *concept)),
                _ => Some((distance, *concept, true)),
            };
        }
        best.filter(|(_, _, alone)| *alone)
            .map(|(_, concept, _)| concept)
    }
}

/// The distance of a phrase from a word when it is within what the word's length allows.
fn distance(word: &Spelling, units: &[char]) -> Option<usize> {
    let sorted = |letters: &[char]| {
        let mut letters = letters.to_vec();
        letters.sort_unstable();
        letters
    };
    if word.swapped_only && sorted(&word.units) != sorted(units) {
        return None;
    }
    Some(edits(&word.units, units)).filter(|distance| *distance <= word.allowed)
}

fn units(chars: &[char]) -> Vec<char> {
    let mut units = Vec::new();
    for &c in chars {
        let Some(index) = u32::from(c)
            .checked_sub(0xac00)
            .filter(|_| ('가'..='힣').contains(&c))
        else {
            units.push(c);
            continue;
        };
        let parts = [
            0x1100 + index / 588,
            0x1161 + index % 588 / 28,
            0x11a7 + index % 28,
        ];
        units.extend(
            parts
                .into_iter()
                .filter(|part| *part != 0x11a7)
                .filter_map(char::from_u32),
        );
    }
    units
}

/// Insertions, deletions, replacements and swaps of neighbours (optimal string alignment).
fn edits(a: &[char], b: &[char]) -> usize {
    let width = b.len() + 1;
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..width).collect();
    for (i, &x) in a.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, &y) in b.iter().enumerate() {
            let at = |row: &[usize], k: usize| row.get(k).copied().unwrap_or(usize::MAX / 2);
            let mut best = (at(&last, j) + usize::from(x != y))
                .min(at(&last, j + 1) + 1)
                .min(at(&row, j) + 1);
            let swapped = i > 0 && j > 0 && a.get(i - 1) == Some(&y) && b.get(j - 1) == Some(&x);
            if swapped {
                best = best.min(at(&before, j - 1) + 1);
            }
            row.push(best);
        }
        before = std::mem::replace(&mut last, row);
    }
    last.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_words_are_near() {
        let near = |word: &str, phrase: &str| {
            let mut dictionary = Dictionary::default();
            dictionary.add(&phrase.chars().collect::<Vec<_>>(), Concept::Filler);
            dictionary.nearest(word).is_some()
        };
        assert!(near("동시접숙자", "동시 접속자"));
        assert!(near("concurent", "concurrent"));
        assert!(near("yesterady", "yesterday"));
        assert!(near("busna", "busan"));
        assert!(!near("house", "hours"));
        assert!(!near("동시통역사", "동시 접속자"));
        assert!(spell("cpy").is_none());
    }
}
