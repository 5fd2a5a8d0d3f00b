//! The check that a text says nothing the facts do not: every number in it is a fact's value (or that
//! value's error), an edge of a window, the coverage, or a number of the plan itself.
//!
//! It reads digits, not meaning: a number spelled out in words passes unseen. Wrong numbers are found
//! whoever wrote the text, a model or this crate.

use std::collections::BTreeSet;

use bongsu_sdk_model::Metric;

use crate::{Answer, Estimate, Fact, Lang, Plan, Value, word};

/// A number that nothing supports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ungrounded {
    /// The number as written.
    pub number: String,
    /// The sentence's text from the number on, shortened.
    pub near: String,
}

/// The numbers and marks of `text` that the answer's facts, windows, coverage and plan do not support.
/// Empty for a grounded text. A mark `[f1]` binds the numbers before it, back to the mark before, to that
/// fact; numbers without a mark after them in their sentence may be of any fact.
#[must_use]
pub fn ungrounded(text: &str, answer: &Answer) -> Vec<Ungrounded> {
    let support = Support::of(answer);
    let blanked = support.blank(text);
    let tokens = tokens(&blanked);
    let mut wrong = Vec::new();
    for (i, token) in tokens.iter().enumerate() {
        let bad = match &token.kind {
            Kind::SentenceEnd => false,
            Kind::Mark(id) => !answer.facts.iter().any(|fact| fact.id == *id),
            Kind::Number(number) => {
                let mark = tokens.iter().skip(i + 1).find_map(|next| match &next.kind {
                    Kind::Mark(id) => Some(Some(id)),
                    Kind::SentenceEnd => Some(None),
                    Kind::Number(_) => None,
                });
                match mark
                    .flatten()
                    .and_then(|id| answer.facts.iter().find(|fact| fact.id == *id))
                {
                    Some(fact) => !supports(fact, number),
                    None => !support.any(number, &answer.facts),
                }
            }
        };
        if bad {
            let near = text
                .get(token.at..)
                .unwrap_or_default()
                .chars()
                .take(40)
                .collect();
            wrong.push(Ungrounded {
                number: token.text.to_owned(),
                near,
            });
        }
    }
    wrong
}

/// What may stand in a text without being a fact's value.
struct Support {
    words: Vec<String>,
    numbers: Vec<f64>,
}

impl Support {
    fn of(answer: &Answer) -> Self {
        let mut words = BTreeSet::new();
        for window in answer
            .plan
            .window
            .iter()
            .chain(answer.facts.iter().map(|fact| &fact.window))
        {
            words.extend(word::moments(window));
        }
        for metric in Metric::ALL {
            words.extend(
                [Lang::Ko, Lang::En].map(|lang| word::metric_label(*metric, lang).to_owned()),
            );
        }
        words.extend(names(answer));
        let mut words: Vec<String> = words
            .into_iter()
            .filter(|word| word.contains(|c: char| c.is_ascii_digit()))
            .collect();
        words.sort_by_key(|word| std::cmp::Reverse(word.len()));
        Self {
            words,
            numbers: numbers(answer),
        }
    }

    /// The text with every known word replaced by spaces of the same length.
    fn blank(&self, text: &str) -> String {
        let mut blanked = text.to_owned();
        for word in &self.words {
            let mut from = 0;
            while let Some(at) = blanked
                .get(from..)
                .and_then(|rest| rest.find(word.as_str()))
            {
                let (start, end) = (from + at, from + at + word.len());
                let digit = |c: Option<char>| c.is_some_and(|c| c.is_ascii_digit());
                let inside = digit(
                    blanked
                        .get(..start)
                        .and_then(|head| head.chars().next_back()),
                ) || digit(blanked.get(end..).and_then(|tail| tail.chars().next()));
                if !inside {
                    blanked.replace_range(start..end, &" ".repeat(word.len()));
                }
                from = end;
            }
        }
        blanked
    }

    fn any(&self, number: &Written, facts: &[Fact]) -> bool {
        self.numbers.iter().any(|known| number.is(*known))
            || facts.iter().any(|fact| supports(fact, number))
    }
}

/// Names with digits in them: of sites, applications, URLs, servers, and of table rows.
fn names(answer: &Answer) -> Vec<String> {
    let scope = &answer.plan.scope;
    let mut names: Vec<String> = Vec::new();
    names.extend(scope.sites.iter().map(ToString::to_string));
    names.extend(scope.apps.iter().map(ToString::to_string));
    names.extend(scope.urls.iter().map(ToString::to_string));
    names.extend(scope.instances.iter().map(ToString::to_string));
    for fact in &answer.facts {
        names.extend(
            fact.scope
                .site
                .iter()
                .chain(&fact.scope.sites)
                .map(ToString::to_string),
        );
        names.extend(fact.scope.apps.iter().map(ToString::to_string));
        names.extend(fact.scope.urls.iter().map(ToString::to_string));
        names.extend(fact.scope.instances.iter().map(ToString::to_string));
    }
    // A name that is nothing but a number would let that number pass anywhere.
    names.retain(|name| name.chars().any(char::is_alphabetic));
    names
}

fn numbers(answer: &Answer) -> Vec<f64> {
    let Plan {
        limit,
        servers,
        threshold,
        conditions,
        step,
        horizon,
        ..
    } = &answer.plan;
    let coverage = &answer.coverage;
    let mut numbers = vec![f64::from(coverage.expected), f64::from(coverage.heard)];
    numbers.extend(limit.iter().chain(servers).map(|n| f64::from(*n)));
    numbers.extend(threshold.map(crate::Number::value));
    numbers.extend(
        conditions
            .iter()
            .filter_map(|condition| match &condition.value {
                Value::Number(number) => Some(number.value()),
                Value::Bool(_) | Value::Text(_) => None,
            }),
    );
    for span in step.iter().chain(horizon) {
        #[expect(
            clippy::cast_precision_loss,
            reason = "lengths of time in plans are far below 2^53 s"
        )]
        let seconds = span.as_seconds() as f64;
        numbers.extend([
            seconds,
            seconds / 60.0,
            seconds / 3_600.0,
            seconds / 86_400.0,
        ]);
    }
    numbers
}

/// Whether the number is the fact's value, its error or what it was estimated from, as precisely as it is written.
fn supports(fact: &Fact, number: &Written) -> bool {
    number.is(fact.value)
        || number.is(-fact.value)
        || fact.error_pct_95.is_some_and(|error| number.is(error))
        || fact
            .estimate
            .as_ref()
            .is_some_and(|estimate| rests_on(estimate, number))
}

/// Whether the number is an edge of the estimate's band, what it was learnt from or asked about.
fn rests_on(estimate: &Estimate, number: &Written) -> bool {
    estimate.band.iter().flatten().any(|edge| number.is(*edge))
        || estimate
            .samples
            .is_some_and(|samples| number.is(f64::from(samples)))
        || estimate.threshold.is_some_and(|level| number.is(level))
        || estimate
            .share_pct
            .is_some_and(|share| number.is(f64::from(share)))
}

/// A number as written, with its decimals.
#[derive(Debug, Clone, PartialEq)]
struct Written {
    value: f64,
    decimals: i32,
}

impl Written {
    fn read(text: &str) -> Option<Self> {
        let plain: String = text.chars().filter(|c| *c != ',').collect();
        let decimals = plain
            .split_once('.')
            .map_or(0, |(_, fraction)| fraction.len());
        Some(Self {
            value: plain.parse().ok()?,
            decimals: i32::try_from(decimals).ok()?,
        })
    }

    /// Whether `exact`, rounded to the decimals written, is this number.
    fn is(&self, exact: f64) -> bool {
        let half = 0.5 * 10_f64.powi(-self.decimals);
        (exact - self.value).abs() <= half * 1.000_001
    }
}

struct Token<'a> {
    at: usize,
    text: &'a str,
    kind: Kind,
}

enum Kind {
    Number(Written),
    Mark(String),
    SentenceEnd,
}

fn tokens(text: &str) -> Vec<Token<'_>> {
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(c) = text.get(at..).and_then(|rest| rest.chars().next()) {
        let rest = text.get(at..).unwrap_or_default();
        let (length, kind) = if let Some(id) = mark(rest) {
            (id.len() + 2, Some(Kind::Mark(id.to_owned())))
        } else if c.is_ascii_digit() {
            let number = number(rest);
            (number.len(), Written::read(number).map(Kind::Number))
        } else if (c == '.' && rest.chars().nth(1).is_none_or(char::is_whitespace)) || c == '\n' {
            (1, Some(Kind::SentenceEnd))
        } else {
            (c.len_utf8(), None)
        };
        if let Some(kind) = kind {
            tokens.push(Token {
                at,
                text: rest.get(..length).unwrap_or_default(),
                kind,
            });
        }
        at += length;
    }
    tokens
}

/// The id of a mark at the start of `rest`.
fn mark(rest: &str) -> Option<&str> {
    let (id, _) = rest.strip_prefix('[')?.split_once(']')?;
    let digits = id.strip_prefix('f')?;
    (!digits.is_empty() && digits.len() <= 6 && digits.bytes().all(|b| b.is_ascii_digit()))
        .then_some(id)
}

/// Digits with separators between them.
fn number(rest: &str) -> &str {
    let bytes = rest.as_bytes();
    let digit = |i: usize| bytes.get(i).is_some_and(u8::is_ascii_digit);
    let mut end = 0;
    while digit(end) || (matches!(bytes.get(end), Some(b',' | b'.')) && digit(end + 1)) {
        end += 1;
    }
    rest.get(..end).unwrap_or_default()
}
