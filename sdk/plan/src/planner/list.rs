//! Which rows a list holds.

use super::{
    concept::{Cue, Noun},
    op::Found,
};
use crate::Target;

/// The rows asked for: of the things named, the one the list word belongs to, else the last.
pub(super) fn target(found: &Found<'_, '_>) -> Option<Target> {
    let reading = found.reading;
    let rows: Vec<(usize, Noun, Target)> = reading
        .nouns()
        .filter(|(k, _)| !only_names(found, *k))
        .filter_map(|(k, noun)| Some((k, noun, noun.target()?)))
        .collect();
    // "어떤 사용자가 어느 페이지에 머물고": where people are is told by their sessions.
    if found.reading.any(&[Cue::Stay, Cue::Located])
        && rows
            .iter()
            .any(|(.., t)| matches!(t, Target::Users | Target::Sessions))
    {
        return Some(Target::Sessions);
    }
    if rows.is_empty() && reading.has(Cue::LongLived) {
        return Some(Target::Users);
    }
    // Who did what when: that is the transactions themselves.
    let asked = reading
        .tokens
        .iter()
        .filter(|t| matches!(t.cue(), Some(Cue::Which | Cue::Who | Cue::When | Cue::What)))
        .count();
    if asked >= 2 {
        return Some(Target::Transactions);
    }
    if let Some((_, _, target)) = rows
        .iter()
        .rev()
        .find(|(_, noun, _)| *noun == Noun::Transaction)
    {
        return Some(*target);
    }
    let list = reading.position(Cue::List);
    let beside = list.and_then(|at| {
        let before = rows.iter().rev().find(|(k, ..)| *k < at && at - k <= 2);
        let after = rows.iter().find(|(k, ..)| *k > at);
        before.or(after)
    });
    let specific = rows.iter().find(|(_, noun, _)| {
        matches!(
            noun,
            Noun::Alert | Noun::Deployment | Noun::Action | Noun::ModelCall
        )
    });
    let who = reading
        .has(Cue::Who)
        .then_some(Target::Users)
        .filter(|_| rows.is_empty());
    if who.is_some() {
        return who;
    }
    beside
        .or(specific)
        .or(rows.last())
        .map(|(.., target)| *target)
}

/// Whether a noun only tells what the name beside it is: "사용자 ID kim-star", "user lee-vip".
fn only_names(found: &Found<'_, '_>, k: usize) -> bool {
    use super::token::Kind;
    let named = |i: usize| {
        found.reading.get(i).is_some_and(|token| match &token.kind {
            Kind::Ident(_) | Kind::Quoted(_) => true,
            Kind::Unknown(word) => found.places.scope.users.contains(word),
            _ => false,
        })
    };
    let noun = found.reading.get(k).and_then(super::token::Token::noun);
    let before = k > 0 && named(k - 1) && found.reading.gap(k - 1, k).chars().count() <= 8;
    matches!(
        noun,
        Some(Noun::User | Noun::Session | Noun::Service | Noun::Server)
    ) && (named(k + 1) || before)
        || (noun == Some(Noun::User)
            && found.reading.noun(Noun::Group)
            && found.reading.noun(Noun::Session))
}
