//! "결제팀 URL은 /pay/* 야, 기억해", "Remember: the capital area means Seoul, Incheon and Gyeonggi".

use super::{concept::Cue, place, reading::Reading};
use crate::{Op, Plan, PlanScope};

/// What stands between a name and what it means, in the order tried.
const MARKS: &[&str] = &[
    " url은 ",
    " url는 ",
    " url 은 ",
    " means ",
    " stands for ",
    " refers to ",
    " is short for ",
    "이란 ",
    "란 ",
    " = ",
    "은 ",
    "는 ",
    " is ",
    " are ",
];

/// What stands between a scope and the name given to it.
const NAMED: &[&str] = &["를 ", "을 ", " as "];

/// Openers that are no part of a name.
const OPENERS: &[&str] = &[
    "remember that",
    "remember:",
    "remember",
    "앞으로는",
    "앞으로",
    "이제부터",
    "from now on,",
    "from now on",
    "define",
    "alias",
    "기억해",
    "기억해줘",
    "note that",
    "please",
    "that",
    "the name",
];

/// The alias a question asks to remember, if it asks for one.
pub(super) fn read(reading: &Reading<'_>) -> Option<Plan> {
    if !reading.has(Cue::Remember) {
        return None;
    }
    let low = &reading.text.low;
    let before = MARKS
        .iter()
        .filter_map(|mark| Some((low.find(mark)?, mark.len())))
        .find_map(|(at, len)| {
            let name = clean(reading.text.raw.get(..at)?)?;
            let scope = scope(reading, at + len, low.len());
            (!scope.is_empty()).then_some((name, scope))
        });
    let (name, scope) = before.or_else(|| {
        NAMED
            .iter()
            .filter_map(|mark| Some((low.find(mark)?, mark.len())))
            .find_map(|(at, len)| {
                let name = clean(until_called(reading.text.raw.get(at + len..)?))?;
                let scope = scope(reading, 0, at);
                (!scope.is_empty()).then_some((name, scope))
            })
    })?;
    Some(Plan {
        name: Some(name),
        scope,
        ..Plan::new(Op::Alias)
    })
}

/// The text up to "(이)라고 …", or all of it.
fn until_called(text: &str) -> &str {
    [
        "이라고",
        "라고",
        "이라 ",
        "라 하",
        "으로 기억",
        "로 기억",
        ".",
    ]
    .iter()
    .find_map(|end| text.find(end))
    .and_then(|at| text.get(..at))
    .unwrap_or(text)
}

fn clean(text: &str) -> Option<String> {
    let mut text = text.trim();
    loop {
        let opener = OPENERS
            .iter()
            .find(|opener| text.to_ascii_lowercase().starts_with(**opener));
        let Some(opener) = opener else { break };
        text = text
            .get(opener.len()..)?
            .trim_start_matches([':', ',', ' ']);
    }
    let text = text.trim_matches(['"', '\'', ' ', ',', ':']);
    (!text.is_empty() && text.chars().count() <= 60).then(|| text.to_owned())
}

/// The places named between two bytes.
fn scope(reading: &Reading<'_>, from: usize, to: usize) -> PlanScope {
    let tokens = reading
        .tokens
        .iter()
        .filter(|token| token.at >= from && token.end <= to)
        .cloned()
        .collect();
    let part = Reading {
        tokens,
        now: reading.now.clone(),
        ..*reading
    };
    place::read(&part).scope
}
