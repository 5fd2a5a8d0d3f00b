//! By what figures are split, ranked and limited.

use super::{
    concept::{Concept, Cue, Noun, Time},
    reading::Reading,
    token::{Quantity, Unit},
};
use crate::Dimension;

/// Dimensions said with 별, 마다, per, by, each; in order.
pub(super) fn split(reading: &Reading<'_>) -> Vec<Dimension> {
    let mut dimensions = Vec::new();
    let mut add = |dimension: Option<Dimension>| {
        if let Some(dimension) = dimension.filter(|d| !dimensions.contains(d)) {
            dimensions.push(dimension);
        }
    };
    for (k, token) in reading.tokens.iter().enumerate() {
        match token.cue() {
            Some(Cue::Per) => add(k
                .checked_sub(1)
                .filter(|i| reading.adjacent(*i, k))
                .and_then(|i| reading.get(i)?.noun()?.dimension())),
            Some(Cue::PerBefore) => {
                let next = reading
                    .content_after(k)
                    .filter(|next| reading.gap(k, *next).trim().len() <= 4);
                // "by user kim-star" is a subject, not a split.
                let named = next
                    .and_then(|next| reading.get(next + 1))
                    .is_some_and(|t| {
                        matches!(
                            t.kind,
                            super::token::Kind::Ident(_) | super::token::Kind::Quoted(_)
                        )
                    });
                let noun = next
                    .filter(|_| !named)
                    .and_then(|next| reading.get(next)?.noun());
                add(noun.and_then(Noun::dimension));
                // "by site and app"
                if let Some(next) = next.filter(|_| noun.is_some())
                    && reading
                        .get(next + 1)
                        .is_some_and(|t| t.cue() == Some(Cue::Follow))
                {
                    add(reading
                        .get(next + 2)
                        .and_then(super::token::Token::noun)
                        .and_then(Noun::dimension));
                }
            }
            _ => {}
        }
    }
    for (word, dimension) in WORDS {
        if reading.text.low.contains(word) {
            add(Some(*dimension));
        }
    }
    // "요일별" ends like "일별".
    if dimensions.contains(&Dimension::Weekday) {
        dimensions.retain(|dimension| *dimension != Dimension::Day);
    }
    dimensions
}

/// Splits that are one word.
const WORDS: &[(&str, Dimension)] = &[
    ("일별", Dimension::Day),
    ("날짜별", Dimension::Day),
    ("일자별", Dimension::Day),
    ("per day", Dimension::Day),
    ("by day", Dimension::Day),
    ("each day", Dimension::Day),
    ("시간별", Dimension::Hour),
    ("per hour", Dimension::Hour),
    ("by hour of", Dimension::Hour),
    ("요일별", Dimension::Weekday),
    ("by weekday", Dimension::Weekday),
    ("per weekday", Dimension::Weekday),
    ("시도별", Dimension::Site),
];

/// The dimension whose members are ranked or asked for: behind the superlative, with "which", or a place
/// asked for by "where" and "who".
pub(super) fn ranked(reading: &Reading<'_>) -> Option<Dimension> {
    let by_place = || {
        if reading.has(Cue::Where) {
            Some(Dimension::Site)
        } else if reading.has(Cue::Who) {
            Some(Dimension::User)
        } else {
            None
        }
    };
    asked_nouns(reading)
        .into_iter()
        .next()
        .or_else(|| by_unit(reading))
        .or_else(by_place)
}

/// "Top 3 users", "which weekday": things read as a unit or as a word about time.
fn by_unit(reading: &Reading<'_>) -> Option<Dimension> {
    reading.tokens.iter().enumerate().find_map(|(k, token)| {
        let cue = reading
            .content_before(k)
            .and_then(|i| reading.get(i)?.cue());
        let ranked = matches!(
            cue,
            Some(
                Cue::Top | Cue::Bottom | Cue::Most | Cue::High | Cue::Slow | Cue::Busy | Cue::Which
            )
        );
        match token.quantity().map(|quantity| quantity.unit) {
            Some(Unit::People) if ranked => Some(Dimension::User),
            Some(Unit::Machine) if ranked => Some(Dimension::Instance),
            _ if token.time() == Some(Time::Workdays) && cue == Some(Cue::Which) => {
                Some(Dimension::Weekday)
            }
            _ => None,
        }
    })
}

/// The dimensions of the nouns that are asked for, best first.
pub(super) fn asked_nouns(reading: &Reading<'_>) -> Vec<Dimension> {
    let mut scored: Vec<(i32, usize, Dimension)> = reading
        .nouns()
        .filter_map(|(k, noun)| Some((score(reading, k, noun)?, k, noun.dimension()?)))
        .collect();
    scored.sort_by_key(|(score, k, _)| (-score, *k));
    let mut found: Vec<Dimension> = Vec::new();
    for (_, _, dimension) in scored {
        if !found.contains(&dimension) {
            found.push(dimension);
        }
    }
    found
}

/// How likely a noun is what is asked for; `None` when it only names what stands beside it.
fn score(reading: &Reading<'_>, k: usize, noun: Noun) -> Option<i32> {
    use super::token::Kind;
    let before = k.checked_sub(1).and_then(|i| reading.get(i));
    let after = reading.get(k + 1);
    let named =
        |t: Option<&super::token::Token>| t.is_some_and(|t| matches!(t.kind, Kind::Ident(_)));
    let place = before.is_some_and(|t| {
        matches!(
            t.concept(),
            Some(Concept::App(_) | Concept::Site(_) | Concept::Alias(_))
        )
    });
    if (place && matches!(noun, Noun::App | Noun::Region | Noun::Service))
        || (named(after) && noun != Noun::Url)
        || (named(before) && noun != Noun::Url && noun != Noun::Transaction)
    {
        return None;
    }
    let cue_before = reading
        .content_before(k)
        .and_then(|i| reading.get(i)?.cue());
    let far_before = reading
        .content_before(k)
        .and_then(|i| reading.content_before(i))
        .and_then(|i| reading.get(i)?.cue());
    let counted = after
        .and_then(super::token::Token::quantity)
        .is_some_and(|q| matches!(q.unit, Unit::Piece | Unit::People | Unit::Machine));
    let superlative = |cue: Option<Cue>| {
        matches!(
            cue,
            Some(Cue::High | Cue::Low | Cue::Slow | Cue::Fast | Cue::Busy | Cue::Most | Cue::Surge)
        )
    };
    let asked = |cue: Option<Cue>| matches!(cue, Some(Cue::Which | Cue::What));
    let last = reading.nouns().last().is_some_and(|(i, _)| i == k);
    let behind_top = matches!(cue_before, Some(Cue::Top | Cue::Bottom))
        || reading.content_before(k).is_some_and(|i| {
            reading
                .get(i)
                .is_some_and(|t| t.quantity().is_some_and(|q| q.unit == Unit::None))
        });
    Some(
        8 * i32::from(asked(cue_before))
            + 6 * i32::from(superlative(cue_before))
            + 3 * i32::from(superlative(far_before) || asked(far_before))
            + 4 * i32::from(counted)
            + 5 * i32::from(behind_top)
            + i32::from(last),
    )
}

/// How many rows: "Top 5", "상위 10개", "IP 5개만"; numbers that are claimed do not count.
pub(super) fn limit(reading: &Reading<'_>, claimed: &[bool]) -> Option<u32> {
    let free = |k: usize| !claimed.get(k).copied().unwrap_or(false);
    let plain = |q: Quantity| {
        matches!(
            q.unit,
            Unit::None | Unit::Piece | Unit::People | Unit::Machine
        )
    };
    let numbers = || {
        reading
            .tokens
            .iter()
            .enumerate()
            .filter_map(move |(k, token)| {
                Some((k, token.quantity().filter(|q| plain(*q) && free(k))?))
            })
    };
    let beside_rank = |k: usize| {
        let cue = |i: Option<usize>| i.and_then(|i| reading.get(i)?.cue());
        matches!(
            cue(reading.content_before(k)),
            Some(Cue::Top | Cue::Bottom | Cue::Most | Cue::Show | Cue::List)
        ) || matches!(
            cue(reading.content_after(k)),
            Some(Cue::Slow | Cue::Busy | Cue::High | Cue::Low | Cue::Most | Cue::Fast)
        )
    };
    let found = numbers().find(|(k, _)| beside_rank(*k)).or_else(|| {
        numbers().find(|(_, q)| {
            matches!(
                q.unit,
                Unit::Piece | Unit::People | Unit::Machine | Unit::None
            )
        })
    });
    found
        .and_then(|(_, quantity)| quantity.count())
        .filter(|limit| *limit > 0 && *limit <= 10_000)
}
