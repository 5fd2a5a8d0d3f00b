//! Coordinates: under a label, or a pair that lies in Korea, or any pair in a text that speaks of a place; in decimal or
//! sexagesimal form.

use std::ops::Range;

use crate::{
    category::Category,
    hit::{Hit, Kind, Trust},
    labels::Labels,
    text::Text,
};

/// Decimals that may remain: about a kilometre.
const DECIMALS: usize = 2;

pub(super) fn find(text: &Text, labels: &Labels, hits: &mut Vec<Hit>) {
    let decimals = decimals(text);
    for (i, number) in decimals.iter().enumerate() {
        let label = labels.at(number.range.start);
        if label == Some(Category::Geo) && number.places >= 3 && number.value.abs() <= 180.0 {
            hits.push(Hit::new(Kind::Geo, Trust::Labelled, number.range.clone()));
        }
        let Some(next) = decimals.get(i + 1) else {
            continue;
        };
        let gap = text.slice(number.range.end..next.range.start);
        let pair =
            (1..=3).contains(&gap.len()) && gap.iter().all(|c| matches!(c, ',' | ' ' | '/' | ';'));
        let fine = number.places >= 4 && next.places >= 4;
        let unlabelled = !matches!(label, Some(Category::Neutral | Category::Thing));
        let spoken = labels.mentions(Category::Geo);
        if pair
            && fine
            && unlabelled
            && (in_korea(number, next)
                || in_korea(next, number)
                || (spoken && on_earth(number, next)))
        {
            hits.push(Hit::new(Kind::Geo, Trust::Shape, number.range.clone()));
            hits.push(Hit::new(Kind::Geo, Trust::Shape, next.range.clone()));
        }
    }
    sexagesimal(text, hits);
}

struct Decimal {
    range: Range<usize>,
    value: f64,
    places: usize,
}

fn decimals(text: &Text) -> Vec<Decimal> {
    let runs = text.runs();
    let pairs = runs.iter().zip(runs.iter().skip(1));
    let dotted = pairs.filter(|(left, right)| {
        right.start == left.end + 1 && text.at(left.end) == '.' && left.len() <= 3
    });
    let numbers = dotted.filter_map(|(left, right)| {
        let start = if text.before(left.start) == '-' {
            left.start - 1
        } else {
            left.start
        };
        let before = text.before(start);
        let alone = !(before.is_ascii_alphanumeric() || before == '.')
            && text.at(right.end) != '.'
            && !text.at(right.end).is_ascii_alphabetic();
        let value = text.string(start..right.end).parse().ok()?;
        alone.then(|| Decimal {
            range: start..right.end,
            value,
            places: right.len(),
        })
    });
    numbers.collect()
}

fn in_korea(latitude: &Decimal, longitude: &Decimal) -> bool {
    (33.0..39.5).contains(&latitude.value) && (124.0..132.0).contains(&longitude.value)
}

fn on_earth(one: &Decimal, other: &Decimal) -> bool {
    let (small, large) = (
        one.value.abs().min(other.value.abs()),
        one.value.abs().max(other.value.abs()),
    );
    small <= 90.0 && large <= 180.0
}

/// `37°33'58.9"N 126°58'40.7"E`.
fn sexagesimal(text: &Text, hits: &mut Vec<Hit>) {
    let mut at = 0;
    while at < text.len() {
        if text.at(at) != '°' || !text.before(at).is_ascii_digit() {
            at += 1;
            continue;
        }
        let start = text.back(at, |c| c.is_ascii_digit());
        let end = text.find(at + 1, |c| {
            !(c.is_ascii_digit() || matches!(c, '.' | ' ' | '\'' | '′' | '"' | '″'))
        });
        let end = if matches!(text.at(end), 'N' | 'S' | 'E' | 'W' | 'n' | 's' | 'e' | 'w') {
            end + 1
        } else {
            text.back(end, |c| c == ' ')
        };
        let digits = text
            .slice(start..end)
            .iter()
            .filter(|c| c.is_ascii_digit())
            .count();
        if digits >= 5 && end > at {
            hits.push(Hit::new(Kind::Geo, Trust::Shape, start..end));
        }
        at = end.max(at + 1);
    }
}

/// What may remain: two decimals, or degrees and minutes.
pub(crate) fn kept(text: &Text, range: &Range<usize>) -> Vec<Range<usize>> {
    let minutes = text
        .find(range.start, |c| matches!(c, '°' | '\'' | '′' | '.'))
        .min(range.end);
    if text.at(minutes) == '.' {
        return std::iter::once(range.start..(minutes + 1 + DECIMALS).min(range.end)).collect();
    }
    let minutes = text
        .find(range.start, |c| matches!(c, '\'' | '′'))
        .min(range.end);
    let letters = range
        .clone()
        .filter(|i| text.at(*i).is_alphabetic())
        .map(|i| i..i + 1);
    std::iter::once(range.start..minutes)
        .chain(letters)
        .collect()
}
