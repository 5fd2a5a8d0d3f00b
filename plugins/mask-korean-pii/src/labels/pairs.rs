//! `key=value` and `key: value`, wherever they stand, and the keys they are nested in.

use std::ops::Range;

use super::{Bond, LONGEST, Labels, quoted, sql::Statement};
use crate::{
    category::{self, Category},
    text::{Text, is_hangul, is_word},
};

/// How many of the keys around a pair say what it is about.
const NEAR: usize = 4;

/// Reads every pair. Returns the categories of the keys whose value is a placeholder, in order.
pub(super) fn read(
    text: &Text,
    statement: &Statement,
    labels: &mut Labels,
) -> Vec<Option<Category>> {
    let mut scan = Scan {
        text,
        labels,
        outer: vec![statement.table.clone()],
        opens: None,
        placeholders: Vec::new(),
    };
    for i in 0..text.len() {
        match text.at(i) {
            '=' | ':' => scan.separator(i),
            '{' | '[' => {
                let words = scan.opens.take().unwrap_or_default();
                scan.outer.push(words);
            }
            '}' | ']' if scan.outer.len() > 1 => {
                scan.outer.pop();
            }
            ',' => scan.opens = None,
            _ => {}
        }
    }
    let mut placeholders = scan.placeholders;
    if !statement.placeholders.is_empty() {
        placeholders.clone_from(&statement.placeholders);
    }
    placeholders
}

struct Scan<'a> {
    text: &'a Text,
    labels: &'a mut Labels,
    /// Words of the keys around the present place, outermost first.
    outer: Vec<Vec<String>>,
    /// Words of a key whose value is the bracket that comes next.
    opens: Option<Vec<String>>,
    placeholders: Vec<Option<Category>>,
}

impl Scan<'_> {
    fn separator(&mut self, at: usize) {
        let text = self.text;
        let colon = text.at(at) == ':';
        if (colon && (text.at(at + 1) == ':' || text.before(at) == ':'))
            || (text.at(at + 1) == '/' && text.at(at + 2) == '/')
        {
            return;
        }
        if matches!(text.at(at + 1), '=' | '>') && !colon {
            return self.separator_end(at, at + 2);
        }
        self.separator_end(at, at + 1);
    }

    fn separator_end(&mut self, at: usize, after: usize) {
        let Some(key) = key_before(self.text, at) else {
            return;
        };
        let name = self.text.string(key.clone());
        let near = self.outer.len().saturating_sub(NEAR);
        let parent: Vec<String> = self.outer[near..].iter().flatten().cloned().collect();
        let found = category::of_key(&name, &parent).or_else(|| wider(self.text, &key, &name));
        let start = self.text.skip_blanks(after);
        if start - after > 3 {
            return;
        }
        if matches!(self.text.at(start), '{' | '[') {
            self.opens = Some(category::words(&name));
        }
        if is_placeholder(self.text, start) {
            self.placeholders.push(found);
            return;
        }
        if let Some(category) = found {
            let (value, quoted) = value(self.text, start);
            self.labels.add(category, Bond::Tied, value, quoted);
        }
    }
}

/// A key of two words: `사용자 ID: `, `API key = `. Only the last word is the key as written.
fn wider(text: &Text, key: &Range<usize>, name: &str) -> Option<Category> {
    if text.before(key.start) != ' ' {
        return None;
    }
    let first = text.back(key.start - 1, is_word);
    let two = format!("{}{name}", text.string(first..key.start - 1));
    category::of_key(&two, &[])
}

/// The key that ends before the separator at `at`, without its quotes or brackets.
fn key_before(text: &Text, at: usize) -> Option<Range<usize>> {
    let mut end = at;
    while end > 0
        && (matches!(
            text.before(end),
            ' ' | '"' | '\'' | '`' | ')' | ']' | '<' | '>' | '!' | '*'
        ))
        && at - end < 4
    {
        end -= 1;
    }
    let start = text.back(end, |c| is_word(c) || matches!(c, '_' | '.' | '-' | '$'));
    let letters = text.slice(start..end).iter().any(|c| c.is_alphabetic());
    if start == end || !letters || end - start > 64 {
        return None;
    }
    // `사용자 ID`: the second word alone says too little.
    let word = text.string(start..end);
    if matches!(
        word.to_ascii_lowercase().as_str(),
        "id" | "ip" | "no" | "번호"
    ) && text.before(start) == ' '
    {
        let first = text.back(start - 1, is_word);
        if first < start - 1 && (is_hangul(text.at(first)) || text.at(first).is_ascii_alphabetic())
        {
            return Some(first..end);
        }
    }
    Some(start..end)
}

/// The value that starts at `start`, and whether it is quoted.
fn value(text: &Text, start: usize) -> (Range<usize>, bool) {
    let start = super::behind_prefix(text, start);
    if let Some(inside) = quoted(text, start) {
        return (inside, true);
    }
    match text.at(start) {
        '(' => (
            start + 1..text.find_near(start, LONGEST, |c| c == ')' || c == '\n'),
            false,
        ),
        '[' => (
            start + 1..text.find_near(start, LONGEST, |c| c == ']' || c == '\n'),
            false,
        ),
        _ => (start..open_end(text, start), false),
    }
}

/// The end of a value without quotes: a delimiter, or the blank in front of the next key.
pub(super) fn open_end(text: &Text, start: usize) -> usize {
    let end = text.find_near(start, LONGEST, |c| {
        matches!(
            c,
            ',' | ';'
                | '|'
                | '&'
                | '#'
                | '\n'
                | '"'
                | '\''
                | '`'
                | '('
                | ')'
                | '['
                | ']'
                | '{'
                | '}'
                | '<'
                | '>'
        )
    });
    let separator = (start..end).find(|i| {
        text.at(*i) == '=' && is_word(text.at(i + 1))
            || (text.at(*i) == ':' && text.at(i + 1) == ' ')
    });
    let Some(separator) = separator else {
        return trimmed(text, start, end);
    };
    let blank = (start..separator).rev().find(|i| text.at(*i) == ' ');
    trimmed(text, start, blank.unwrap_or(end))
}

fn trimmed(text: &Text, start: usize, end: usize) -> usize {
    text.back(end, |c| c == ' ').max(start)
}

/// `?`, `$1`, `:name`, `#{x}`, `${x}`, `{x}`, `%s`.
pub(super) fn is_placeholder(text: &Text, at: usize) -> bool {
    let next = text.at(at + 1);
    match text.at(at) {
        '?' => !is_word(next),
        '$' => next.is_ascii_digit() || next == '{',
        ':' => next.is_ascii_alphanumeric(),
        '#' => next == '{',
        '%' => next == 's' || next == 'd',
        _ => false,
    }
}
