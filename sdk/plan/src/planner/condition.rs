//! Conditions: a comparison word with its number and what it is about, and the conditions single words are.

use bongsu_sdk_model::Metric;

use super::{
    concept::{Concept, Cue, Noun},
    reading::Reading,
    token::{Kind, Quantity, Token, Unit},
};
use crate::{Cmp, Condition, Field, Number, Trigger, Value};

/// A comparison with a number, before it is known what it restricts.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Limit {
    /// Place of the number.
    pub(super) at: usize,
    pub(super) cmp: Cmp,
    pub(super) quantity: Quantity,
    /// The metric it is about, if one is named.
    pub(super) metric: Option<Metric>,
}

/// All comparisons with numbers; their numbers are claimed.
pub(super) fn limits(reading: &Reading<'_>, claimed: &mut [bool]) -> Vec<Limit> {
    let mut limits: Vec<Limit> = Vec::new();
    for (k, token) in reading.tokens.iter().enumerate() {
        let Some(Concept::Cmp(cmp)) = token.concept() else {
            continue;
        };
        let free = |i: &usize| {
            !limits.iter().any(|limit| limit.at == *i)
                && reading
                    .get(*i)
                    .is_some_and(|token| token.quantity().is_some())
        };
        // Korean says the number before, English behind; a noun of its own may stand between ("80%를 크게 넘는").
        let before = reading
            .content_before(k)
            .filter(free)
            .filter(|i| close(reading, *i, k));
        let after = reading
            .content_after(k)
            .filter(free)
            .filter(|i| close(reading, k, *i));
        let korean = reading
            .text
            .low
            .get(token.at..token.end)
            .is_some_and(|word| word.chars().any(crate::lang::is_hangul));
        let trailing = matches!(reading.text.low.get(token.at..token.end), Some(word) if word.starts_with("or ") || word.starts_with("and "));
        let at = if korean || trailing {
            before.or(after)
        } else {
            after.or(before)
        };
        let Some((at, quantity)) = at.and_then(|at| Some((at, reading.get(at)?.quantity()?)))
        else {
            continue;
        };
        limits.push(Limit {
            at,
            cmp,
            quantity,
            metric: metric_of(reading, at, k),
        });
        if let Some(claim) = claimed.get_mut(at) {
            *claim = true;
        }
    }
    limits
}

fn close(reading: &Reading<'_>, left: usize, right: usize) -> bool {
    reading.gap(left, right).chars().count() <= 8
}

/// The metric nearest before the number, or behind it where none is before: "CPU 80% 넘은", "over 80% CPU".
fn metric_of(reading: &Reading<'_>, at: usize, cmp: usize) -> Option<Metric> {
    let metric = |token: &Token| match token.concept() {
        Some(Concept::Metric(metric)) => Some(metric),
        _ => None,
    };
    let stop = |token: &&Token| !matches!(token.kind, Kind::Stop | Kind::Quantity(_));
    let first = at.min(cmp);
    let before = reading
        .tokens
        .get(..first)?
        .iter()
        .rev()
        .take_while(stop)
        .take(4)
        .find_map(metric);
    let behind = || {
        reading
            .tokens
            .get(at.max(cmp) + 1..)?
            .iter()
            .take_while(stop)
            .take(2)
            .find_map(metric)
    };
    before.or_else(behind)
}

impl Limit {
    /// As a condition on a metric's level.
    pub(super) fn trigger(&self) -> Option<Trigger> {
        let metric = self.metric?;
        Some(Trigger {
            metric,
            cmp: self.cmp,
            value: level(metric, self.quantity)?,
        })
    }

    /// As a condition on rows or groups. `rows` says that transactions or sessions are asked for.
    pub(super) fn condition(&self, reading: &Reading<'_>, rows: bool) -> Option<Condition> {
        let latency = |metric: Metric| matches!(metric, Metric::LatencyAvg | Metric::LatencyMax);
        if let Some(metric) = self.metric
            && !(rows && latency(metric))
        {
            let value = Value::Number(level(metric, self.quantity)?);
            return Some(Condition {
                field: Field::Metric(metric),
                cmp: self.cmp,
                value,
            });
        }
        let seconds = self.quantity.seconds()?;
        let aged = self.metric.is_none() && is_age(reading, self.quantity);
        let (field, value) = if aged {
            (Field::SessionAgeS, seconds)
        } else {
            (Field::DurationMs, seconds * 1_000.0)
        };
        Some(Condition {
            field,
            cmp: self.cmp,
            value: Value::Number(Number::new(value)?),
        })
    }
}

/// Whether a length of time is a session's age: minutes and more about people and sessions, unless
/// something is said to have taken that long.
fn is_age(reading: &Reading<'_>, quantity: Quantity) -> bool {
    let sessions = reading.any_noun(&[Noun::Session, Noun::User]);
    let took =
        reading.any(&[Cue::Took, Cue::Slow]) || reading.any_noun(&[Noun::Transaction, Noun::Url]);
    let aged = reading.any(&[Cue::Connected, Cue::LongLived, Cue::Stay]);
    let word = reading.tokens.iter().any(|token| {
        matches!(
            reading.text.low.get(token.at..token.end),
            Some("older than" | "younger than")
        )
    });
    let long = !matches!(quantity.unit, Unit::Ms | Unit::Second);
    word || (sessions && long && (aged || !took))
}

/// A number in the metric's unit.
pub(super) fn level(metric: Metric, quantity: Quantity) -> Option<Number> {
    let value = match (metric.unit(), quantity.seconds()) {
        (bongsu_sdk_model::Unit::Ms, Some(seconds)) => seconds * 1_000.0,
        _ => quantity.value,
    };
    Number::new(value)
}

/// Conditions that single words are: failures, status codes, methods, clients, long sessions.
pub(super) fn words(reading: &Reading<'_>, claimed: &mut [bool]) -> Vec<Condition> {
    let mut conditions = status(reading, claimed);
    let equal = |field, value| Condition {
        field,
        cmp: Cmp::Eq,
        value,
    };
    for token in &reading.tokens {
        match &token.kind {
            Kind::Word(Concept::Agent(agent)) => {
                conditions.push(equal(Field::UserAgent, Value::Text((*agent).to_owned())))
            }
            Kind::Unknown(word) | Kind::Ident(word) if METHODS.contains(&word.as_str()) => {
                conditions.push(equal(Field::Method, Value::Text(word.clone())));
            }
            Kind::Word(_) => {
                let raw = reading
                    .text
                    .raw
                    .get(token.at..token.end)
                    .unwrap_or_default();
                if METHODS.contains(&raw) {
                    conditions.push(equal(Field::Method, Value::Text(raw.to_owned())));
                }
            }
            _ => {}
        }
    }
    let connected = reading.tokens.iter().any(|token| {
        let counted = [Metric::UsersConcurrent, Metric::SessionsActive];
        matches!(token.concept(), Some(Concept::Metric(metric)) if counted.contains(&metric))
    });
    let long = reading.has(Cue::LongLived)
        && (connected || reading.any_noun(&[Noun::User, Noun::Session]));
    if long {
        let hour = Value::Number(Number::from(3_600));
        conditions.push(Condition {
            field: Field::SessionAgeS,
            cmp: Cmp::Ge,
            value: hour,
        });
    }
    conditions
}

const METHODS: &[&str] = &["GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS"];

/// "status 503", "상태 코드 404", "5xx", "500번대".
fn status(reading: &Reading<'_>, claimed: &mut [bool]) -> Vec<Condition> {
    for (k, token) in reading.tokens.iter().enumerate() {
        match reading.text.low.get(token.at..token.end) {
            Some("5xx") => return status_range(500),
            Some("4xx") => return status_range(400),
            _ => {}
        }
        let Some(claim) = claimed.get_mut(k).filter(|claimed| !**claimed) else {
            continue;
        };
        let quantity = token
            .quantity()
            .filter(|q| matches!(q.unit, Unit::None | Unit::Piece));
        let Some(code) = quantity
            .and_then(Quantity::count)
            .filter(|code| (100..600).contains(code))
        else {
            continue;
        };
        let rest = reading.text.from(token.end);
        let range = rest.trim_start().starts_with("번대") || rest.starts_with("대 ");
        if !range && !told_as_status(reading, k, code) {
            continue;
        }
        *claim = true;
        if range {
            return status_range(code);
        }
        return vec![status_condition(Cmp::Eq, code)];
    }
    Vec::new()
}

/// Whether a number is called a status, or is an error's code beside an error or a request.
fn told_as_status(reading: &Reading<'_>, k: usize, code: u32) -> bool {
    let called = [reading.content_before(k), reading.content_after(k)]
        .into_iter()
        .flatten()
        .any(|i| reading.get(i).and_then(Token::noun) == Some(Noun::Status));
    let beside = matches!(
        reading.get(k + 1).and_then(Token::concept),
        Some(
            Concept::Metric(Metric::ErrorsCount)
                | Concept::Noun(Noun::Transaction)
                | Concept::Cue(Cue::Failed)
        )
    ) || reading.get(k + 1).is_some_and(|next| {
        let word = reading.text.low.get(next.at..next.end);
        matches!(word, Some("응답" | "response" | "responses"))
    });
    let plain = reading
        .get(k)
        .is_some_and(|token| token.end - token.at == 3);
    called || (beside && plain && code >= 400)
}

fn status_condition(cmp: Cmp, code: u32) -> Condition {
    Condition {
        field: Field::Status,
        cmp,
        value: Value::Number(Number::from(code)),
    }
}

/// The hundred codes from one on; from 500 on there is no end.
fn status_range(from: u32) -> Vec<Condition> {
    let first = status_condition(Cmp::Ge, from);
    if from == 500 {
        vec![first]
    } else {
        vec![first, status_condition(Cmp::Lt, from + 100)]
    }
}
