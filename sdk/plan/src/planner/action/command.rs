//! Whether a question commands, and with which verb.
//!
//! Korean commands by the ending of its verb, English by its place at the start of a clause. "차단된 IP 목록"
//! and "how many did we block" tell of an action and command none.

use super::super::{
    concept::{Concept, Cue, Noun, Verb},
    condition::Limit,
    reading::Reading,
    token::{Kind, Unit},
};

/// The verb the question commands with; of several the first that commands.
pub(super) fn verb(reading: &Reading<'_>, limits: &[Limit]) -> Option<Verb> {
    let question = reading.any(&[
        Cue::Need,
        Cue::WillIt,
        Cue::Count,
        Cue::HowMuch,
        Cue::Which,
        Cue::Why,
        Cue::When,
    ]);
    let commanded = reading
        .tokens
        .iter()
        .enumerate()
        .find_map(|(k, token)| token.verb().filter(|_| imperative(reading, k)))
        .or_else(|| separable(reading));
    let triggered = limits.iter().any(|limit| limit.metric.is_some()) && conditional(reading);
    if triggered && commanded.is_none() && reading.has(Cue::Show) && !question {
        return Some(Verb::Notify);
    }
    let verb = commanded.filter(|verb| {
        !question
            || *verb == Verb::Notify
            || (triggered && !reading.any(&[Cue::Count, Cue::HowMuch, Cue::Why]))
    })?;
    // A server or a feature is no pod: what is set or added must be countable.
    let scaled = reading.any_noun(&[Noun::Pod, Noun::Server, Noun::App, Noun::Service])
        || reading
            .tokens
            .iter()
            .any(|token| matches!(token.concept(), Some(Concept::App(_))))
        || reading.tokens.iter().any(|token| {
            token
                .quantity()
                .is_some_and(|q| matches!(q.unit, Unit::Machine | Unit::Times))
        });
    match verb {
        Verb::Grow | Verb::Shrink | Verb::Set if !scaled => None,
        verb => Some(verb),
    }
}

/// English verbs whose two parts may stand apart: "log this user out".
const SEPARABLE: &[(&str, &[&str], Verb)] = &[
    ("log", &[" out", " off"], Verb::Kill),
    ("kick", &[" out", " off"], Verb::Kill),
    ("sign", &[" out"], Verb::Kill),
    ("throw", &[" out"], Verb::Kill),
    ("lock", &[" out"], Verb::Block),
    ("shut", &[" out"], Verb::Block),
    ("keep", &[" out", " away"], Verb::Block),
    (
        "stop",
        &[
            " from accessing",
            " from using",
            " from entering",
            " from reaching",
        ],
        Verb::Block,
    ),
];

/// A separable verb that opens a clause.
fn separable(reading: &Reading<'_>) -> Option<Verb> {
    reading.tokens.iter().enumerate().find_map(|(k, token)| {
        let word = reading.text.low.get(token.at..token.end)?;
        let (_, _, verb) = SEPARABLE.iter().find(|(first, seconds, _)| {
            word.trim_end() == *first
                && seconds
                    .iter()
                    .any(|second| reading.text.from(token.end).contains(second))
        })?;
        opens_clause(reading, k).then_some(*verb)
    })
}

/// "…하면", "if …", "when …".
fn conditional(reading: &Reading<'_>) -> bool {
    let when = |token: &super::super::token::Token| {
        matches!(
            reading.text.low.get(token.at..token.end),
            Some("when" | "if" | "whenever")
        )
    };
    reading.has(Cue::If)
        || reading.tokens.iter().any(when)
        || reading.tokens.iter().any(|token| {
            matches!(token.concept(), Some(Concept::Cmp(_)))
                && reading
                    .text
                    .low
                    .get(token.at..token.end)
                    .is_some_and(|word| word.ends_with('면'))
        })
}

/// Whether a verb commands: by its Korean ending or by standing first in its English clause.
fn imperative(reading: &Reading<'_>, k: usize) -> bool {
    let Some(token) = reading.get(k) else {
        return false;
    };
    let word = reading
        .text
        .low
        .get(token.at..token.end)
        .unwrap_or_default();
    if word.chars().any(crate::lang::is_hangul) {
        let rest = reading.text.from(token.end);
        let ending: String = rest
            .chars()
            .take_while(|c| crate::lang::is_hangul(*c))
            .collect();
        // "차단된 IP", "제한하는 규칙", "확장했던": said of something, not commanded.
        if [
            "된", "되", "한 ", "했", "하는", "중", "당한", "건", "수", "율", "여부", "할까",
        ]
        .iter()
        .any(|said| {
            ending.starts_with(said.trim_end())
                && !ending.starts_with("하라")
                && !ending.starts_with("해")
        }) {
            return false;
        }
        let commands = [
            "해",
            "시켜",
            "하라",
            "하 라",
            "하자",
            "하고",
            "하도록",
            "줘",
            "주",
            "달라",
            "바람",
            "요",
            "라",
            "을 걸",
            "걸어",
        ];
        let said = word.ends_with([
            '해', '아', '어', '려', '춰', '켜', '줘', '내', '워', '게', '고', '여',
        ]) || commands.iter().any(|c| rest.trim_start().starts_with(c));
        let last = reading.content_after(k).is_none();
        return said || last;
    }
    opens_clause(reading, k)
}

/// Whether only filler stands between an English clause's start and a word.
fn opens_clause(reading: &Reading<'_>, k: usize) -> bool {
    let opens = |i: usize| {
        let Some(before) = reading.get(i) else {
            return true;
        };
        matches!(before.kind, Kind::Word(Concept::Filler) | Kind::Stop)
            || matches!(before.cue(), Some(Cue::Follow | Cue::All))
    };
    let mut i = k;
    while i > 0 {
        let comma = reading.gap(i - 1, i).contains([',', ';', ':']);
        if comma
            || reading
                .get(i - 1)
                .is_some_and(|t| matches!(t.kind, Kind::Stop) || t.cue() == Some(Cue::Follow))
        {
            return true;
        }
        if !opens(i - 1) || subject_before(reading, i - 1) {
            return false;
        }
        i -= 1;
    }
    true
}

/// "we", "did", "was" before a verb make it told, not commanded.
fn subject_before(reading: &Reading<'_>, i: usize) -> bool {
    let word = reading
        .get(i)
        .and_then(|token| reading.text.low.get(token.at..token.end))
        .unwrap_or_default();
    matches!(
        word,
        "we" | "did"
            | "was"
            | "were"
            | "is"
            | "are"
            | "has"
            | "have"
            | "had"
            | "do"
            | "does"
            | "been"
            | "be"
            | "the"
            | "of"
            | "on"
            | "in"
            | "at"
    )
}
