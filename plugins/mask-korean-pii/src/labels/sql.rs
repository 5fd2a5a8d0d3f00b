//! SQL: columns of an `INSERT` and their values, `IN` and `LIKE`, and values bound to placeholders.

use std::ops::Range;

use super::{Bond, Labels, pairs, quoted};
use crate::{
    category::{self, Category},
    text::{Text, is_word},
};

/// Longest operator with blanks: `BETWEEN  `.
const OPERATOR: usize = 12;

/// What a statement says about the rest of the text.
#[derive(Default)]
pub(super) struct Statement {
    /// Words of its table's name.
    pub(super) table: Vec<String>,
    /// Categories of its placeholders in `VALUES`, in order.
    pub(super) placeholders: Vec<Option<Category>>,
}

/// Reads the parts that are not pairs.
pub(super) fn read(text: &Text, labels: &mut Labels) -> Statement {
    let mut statement = Statement::default();
    let words = ["where", "set", "values", "select"];
    let is_sql = word_starts(text).any(|at| words.iter().any(|w| text.is_at(at, w)));
    let mut read_to = 0;
    for at in word_starts(text) {
        if at < read_to || !is_sql {
            continue;
        }
        if statement.table.is_empty()
            && ["into ", "update ", "from "]
                .iter()
                .any(|w| text.is_at(at, w))
        {
            statement.table = table(text, at);
        }
        if text.is_at(at, "values") && !is_word(text.at(at + 6)) {
            read_to = insert(text, at, labels, &mut statement);
        } else if ["in (", "in(", "like ", "between "]
            .iter()
            .any(|w| text.is_at(at, w))
        {
            read_to = operator(text, at, labels);
        }
    }
    statement
}

fn word_starts(text: &Text) -> impl Iterator<Item = usize> + '_ {
    (0..text.len()).filter(|i| {
        text.at(*i).is_ascii_alphabetic() && !is_word(text.before(*i)) && text.before(*i) != '_'
    })
}

fn table(text: &Text, at: usize) -> Vec<String> {
    let start = text.skip_blanks(text.find(at, |c| c == ' '));
    let end = text.find(start, |c| !is_word(c) && c != '_' && c != '.');
    category::words(&text.string(start..end))
}

/// Reads the columns and values around the word at `at`; returns how far it read.
fn insert(text: &Text, at: usize, labels: &mut Labels, statement: &mut Statement) -> usize {
    let close = text.back(at, |c| c == ' ');
    if text.before(close) != ')' {
        return at;
    }
    let open = text.back(close - 1, |c| c != '(');
    let columns: Vec<Option<Category>> = items(text, open..close - 1)
        .into_iter()
        .map(|item| {
            category::of_key(
                text.string(item.range).trim_matches(['"', '`', ' ']),
                &statement.table,
            )
        })
        .collect();
    let mut start = text.skip_blanks(at + 6);
    while text.at(start) == '(' {
        let end = closing(text, start);
        for (item, category) in items(text, start + 1..end).into_iter().zip(&columns) {
            if pairs::is_placeholder(text, item.range.start) {
                statement.placeholders.push(*category);
            } else if let Some(category) = category {
                labels.add(*category, Bond::Tied, item.range, item.quoted);
            }
        }
        start = text.skip_blanks(end + 1);
        if text.at(start) == ',' {
            start = text.skip_blanks(start + 1);
        }
    }
    start
}

/// `column IN ('a', 'b')`, `column LIKE 'a%'`; returns how far it read.
fn operator(text: &Text, at: usize, labels: &mut Labels) -> usize {
    let end = text.back(at, |c| c == ' ');
    let not = end.checked_sub(3).filter(|i| text.is_at(*i, "not"));
    let end = not.map_or(end, |i| text.back(i, |c| c == ' '));
    let start = text.back(end, |c| is_word(c) || matches!(c, '_' | '.' | '"' | '`'));
    let name = text.string(start..end);
    let Some(category) = category::of_key(name.trim_matches(['"', '`']), &[]) else {
        return at;
    };
    let value = text.find_near(at, OPERATOR, |c| matches!(c, '(' | '\''));
    if text.at(value) == '(' {
        let end = closing(text, value);
        for item in items(text, value + 1..end) {
            labels.add(category, Bond::Tied, item.range, item.quoted);
        }
        return end;
    }
    if let Some(inside) = quoted(text, value) {
        labels.add(category, Bond::Tied, inside, true);
    }
    at
}

/// Values bound to placeholders, where a log prints them after the statement: `params: [a, b]`, `Parameters: a(String)`,
/// `bound: 'a', 'b'`.
pub(super) fn read_parameters(text: &Text, placeholders: &[Option<Category>], labels: &mut Labels) {
    const WORDS: [&str; 7] = [
        "params",
        "parameters",
        "bound",
        "binds",
        "bind",
        "args",
        "bindings",
    ];
    if placeholders.is_empty() {
        return;
    }
    let start = word_starts(text).find_map(|at| {
        let word = WORDS
            .iter()
            .find(|w| text.is_at(at, w) && !is_word(text.at(at + w.len())))?;
        let colon = text.skip_blanks(at + word.len());
        matches!(text.at(colon), ':' | '=').then(|| text.skip_blanks(colon + 1))
    });
    let Some(start) = start else { return };
    let range = match text.at(start) {
        '[' | '(' => start + 1..text.find(start, |c| matches!(c, ']' | '\n')),
        _ => start..text.find(start, |c| c == '\n'),
    };
    for (item, category) in items(text, range).into_iter().zip(placeholders) {
        if let Some(category) = category {
            labels.add(*category, Bond::Tied, item.range, item.quoted);
        }
    }
}

struct Item {
    range: Range<usize>,
    quoted: bool,
}

/// What commas separate, outside quotes and brackets, without quotes, blanks and a type in brackets behind it.
fn items(text: &Text, range: Range<usize>) -> Vec<Item> {
    let mut items = Vec::new();
    let mut start = text.skip_blanks(range.start);
    while start < range.end {
        start = super::behind_prefix(text, start);
        if let Some(inside) = quoted(text, start).filter(|inside| inside.end <= range.end) {
            let end = inside.end;
            items.push(Item {
                range: inside,
                quoted: true,
            });
            start = text.find(end, |c| c == ',').min(range.end);
        } else {
            let mut depth = 0_i32;
            let end = (start..range.end).find(|i| {
                depth += i32::from(text.at(*i) == '(') - i32::from(text.at(*i) == ')');
                text.at(*i) == ',' && depth <= 0
            });
            let end = end.unwrap_or(range.end);
            let typed = text.find(start, |c| c == '(').min(end);
            items.push(Item {
                range: start..text.back(typed, |c| c == ' ').max(start),
                quoted: false,
            });
            start = end;
        }
        start = text.skip_blanks(start + 1);
    }
    items
}

/// The bracket that closes the one at `open`, or the end; brackets in quotes do not count.
fn closing(text: &Text, open: usize) -> usize {
    let (mut depth, mut at) = (0, open);
    while at < text.len() {
        match text.at(at) {
            '(' => depth += 1,
            ')' if depth == 1 => return at,
            ')' => depth -= 1,
            '\'' => {
                if let Some(inside) = quoted(text, at) {
                    at = inside.end;
                }
            }
            _ => {}
        }
        at += 1;
    }
    text.len()
}
