//! Secrets: session ids, JSON web tokens, API keys, reset tokens, signatures, passwords.
//!
//! A label tells a session id from a request id; without one only forms that are nothing else are taken. Hashes, commits,
//! traces and request ids are not secrets.

use std::ops::Range;

use crate::{
    category::Category,
    hit::{Hit, Kind, Trust},
    labels::{Bond, Label, Labels},
    recognise::user_id::is_nothing,
    text::{Text, is_hangul, is_word},
};

/// What well-known keys begin with.
const PREFIXES: [&str; 14] = [
    "ghp_",
    "gho_",
    "ghs_",
    "github_pat_",
    "glpat-",
    "sk-",
    "sk_live_",
    "pk_live_",
    "xoxb-",
    "xoxp-",
    "akia",
    "aiza",
    "ya29.",
    "npm_",
];

/// Path segments that are followed by a secret.
const PATHS: [&str; 13] = [
    "reset",
    "reset-password",
    "password-reset",
    "verify",
    "confirm",
    "invite",
    "activate",
    "magic",
    "token",
    "tokens",
    "session",
    "sessions",
    "unsubscribe",
];

pub(super) fn find(text: &Text, labels: &Labels, hits: &mut Vec<Hit>) {
    for label in labels.of(&[Category::Token, Category::Password]) {
        hits.extend(labelled(text, label));
    }
    userinfo(text, hits);
    let mut at = 0;
    while at < text.len() {
        let end = text.find(at, |c| !is_secret_char(c));
        if end - at >= 8 {
            unlabelled(text, labels, at..end, hits);
        }
        at = end.max(at + 1);
    }
}

fn is_secret_char(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '~' | '+')
}

fn labelled(text: &Text, label: &Label) -> Option<Hit> {
    let mut start = label.value.start;
    if ["bearer ", "basic ", "token ", "digest "]
        .iter()
        .any(|scheme| text.is_at(start, scheme))
    {
        start = text.skip_blanks(text.find(start, |c| c == ' '));
    }
    if label.category == Category::Password {
        return password(text, label);
    }
    let end = text
        .find(start, |c| {
            !(is_secret_char(c) || matches!(c, '/' | '=' | ':' | '%'))
        })
        .min(label.value.end);
    let end = text.back(end, |c| c == '.' || c == ':').max(start);
    let enough = match label.bond {
        Bond::Tied => 8,
        Bond::Spoken => 12,
    };
    let secret = end - start >= enough && is_random(text.slice(start..end));
    secret.then(|| Hit::new(Kind::Token, Trust::Labelled, start..end))
}

fn password(text: &Text, label: &Label) -> Option<Hit> {
    let start = label.value.start;
    let end = if label.quoted {
        label.value.end
    } else {
        text.find(start, |c| c == ' ').min(label.value.end)
    };
    // Outside quotes a password may hold what ends other values; an `&` it cannot hold in a URL.
    let end = if label.quoted {
        end
    } else {
        text.find(end, |c| {
            !matches!(c, '#' | '(' | '<' | '>' | '|') && !is_word(c)
        })
        .max(end)
    };
    let chars = text.slice(start..end);
    let word = text.string(start..end);
    let mixed =
        chars.iter().any(char::is_ascii_digit) || chars.iter().any(|c| c.is_ascii_punctuation());
    let letters = chars.iter().any(char::is_ascii_alphanumeric);
    let assigned = matches!(before_value(text, start), '=' | '>');
    let sure = label.quoted && label.bond == Bond::Tied || assigned;
    let likely = sure
        || (mixed && chars.len() >= 6 && letters && chars.iter().any(char::is_ascii_alphabetic));
    let prose = !label.quoted && chars.iter().any(|c| is_hangul(*c));
    (likely && !prose && !is_nothing(&word))
        .then(|| Hit::new(Kind::Password, Trust::Labelled, start..end))
}

/// The separator in front of a value.
fn before_value(text: &Text, start: usize) -> char {
    text.before(text.back(start, |c| matches!(c, ' ' | '"' | '\'')))
}

/// `scheme://user:password@host`.
fn userinfo(text: &Text, hits: &mut Vec<Hit>) {
    for at in (0..text.len()).filter(|i| text.slice(*i..i + 3) == [':', '/', '/']) {
        let start = at + 3;
        let stop = text.find(start, |c| {
            matches!(c, '/' | ' ' | '"' | '\'' | '?' | '\n' | '<')
        });
        let sign = (start..stop).rev().find(|i| text.at(*i) == '@');
        let colon = text.find(start, |c| c == ':');
        if let Some(sign) = sign.filter(|sign| colon + 1 < *sign) {
            let word = text.string(colon + 1..sign);
            if !is_nothing(&word) {
                hits.push(Hit::new(Kind::Password, Trust::Labelled, colon + 1..sign));
            }
        }
    }
}

fn unlabelled(text: &Text, labels: &Labels, range: Range<usize>, hits: &mut Vec<Hit>) {
    let Range { start, end } = range.clone();
    let chars = text.slice(range.clone());
    let jwt = text.is_at(start, "eyj")
        && chars.iter().filter(|c| **c == '.').count() == 2
        && chars.len() >= 24;
    let known =
        PREFIXES.iter().any(|p| text.is_at(start, p)) && chars.len() >= 20 && is_random(chars);
    if jwt || known {
        let end = text.back(end, |c| c == '.');
        hits.push(Hit::new(Kind::Token, Trust::Labelled, start..end));
        return;
    }
    if chars.len() < 16 || !is_random(chars) {
        return;
    }
    if in_secret_path(text, start) || follows_session(text, start) {
        hits.push(Hit::new(Kind::Token, Trust::Shape, range));
        return;
    }
    let free = !matches!(labels.at(start), Some(Category::Neutral | Category::Thing));
    if free && is_mixed_random(chars) {
        hits.push(Hit::new(Kind::Token, Trust::Context, range));
    }
}

/// `/reset/Ab3…`, `/sessions/9f…`.
fn in_secret_path(text: &Text, start: usize) -> bool {
    if text.before(start) != '/' {
        return false;
    }
    let begin = text.back(start - 1, |c| is_word(c) || c == '-');
    PATHS.contains(&text.string(begin..start - 1).to_ascii_lowercase().as_str())
}

/// `no session for id 2207…`, `세션 아이디 2207…`, `session 2207…`.
fn follows_session(text: &Text, start: usize) -> bool {
    let mut end = start;
    for _ in 0..4 {
        let word_end = text.back(end, |c| {
            matches!(c, ' ' | ':' | '=' | '\'' | '"' | '[' | '(')
        });
        let begin = text.back(word_end, is_word);
        let word = text.string(begin..word_end).to_ascii_lowercase();
        match word.as_str() {
            "session" | "sessions" | "세션" | "세션을" | "토큰" | "cookie" => return true,
            "for" | "id" | "with" | "of" | "아이디" | "key" | "키" => end = begin,
            _ => return false,
        }
    }
    false
}

/// Not a word: digits and letters, or both cases throughout.
fn is_random(chars: &[char]) -> bool {
    let digits = chars.iter().filter(|c| c.is_ascii_digit()).count();
    let upper = chars.iter().filter(|c| c.is_ascii_uppercase()).count();
    let lower = chars.iter().filter(|c| c.is_ascii_lowercase()).count();
    let masked = chars.iter().filter(|c| **c == '*').count() * 2 > chars.len();
    !masked
        && (digits > 0 && upper + lower > 0
            || (chars.len() >= 16 && (digits >= 10 || upper.min(lower) >= 4)))
}

/// Random in all three classes and long: no hash, no class name, no path.
fn is_mixed_random(chars: &[char]) -> bool {
    let class = |c: &char| (c.is_ascii_digit(), c.is_ascii_uppercase());
    let changes = chars
        .windows(2)
        .filter(|w| class(&w[0]) != class(&w[1]))
        .count();
    let count = |of: fn(&char) -> bool| chars.iter().filter(|c| of(c)).count();
    let classes = [
        count(char::is_ascii_digit),
        count(char::is_ascii_uppercase),
        count(char::is_ascii_lowercase),
    ];
    let all = chars.iter().all(char::is_ascii_alphanumeric);
    all && chars.len() >= 20 && changes * 5 >= chars.len() * 2 && classes.iter().all(|n| *n >= 3)
}
