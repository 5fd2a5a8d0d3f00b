//! Dates of birth. A date is only one where a label says so, or where the text speaks of birth and the date stands under no
//! other label.

use std::ops::Range;

use super::numbers::{Groups, pair, stands_alone};
use crate::{
    category::Category,
    hit::{Hit, Kind, Trust},
    labels::Labels,
    text::Text,
};

pub(super) fn find(text: &Text, labels: &Labels, hits: &mut Vec<Hit>) {
    if !labels.mentions(Category::Birth) {
        return;
    }
    for row in Groups::rows(text, 3, |c| matches!(c, '-' | '.' | '/' | ' ')) {
        // A label says that it was meant as one, even where it is none.
        let labelled = labels.at(row.range().start) == Some(Category::Birth);
        let range = match (row.first(3), row.first(1)) {
            (Some(three), _) if is_date(&three) => three.range(),
            (_, Some(one)) if is_date(&one) || (labelled && one.shape() == [8]) => one.range(),
            _ => continue,
        };
        if stands_alone(text, range.start, range.end) && !has_time(text, range.end) {
            add(labels, range, hits);
        }
    }
    in_words(text, labels, hits);
}

fn add(labels: &Labels, range: Range<usize>, hits: &mut Vec<Hit>) {
    match labels.at(range.start) {
        Some(Category::Birth) => hits.push(Hit::new(Kind::Birthdate, Trust::Labelled, range)),
        None if range.len() >= 8 => hits.push(Hit::new(Kind::Birthdate, Trust::Context, range)),
        _ => {}
    }
}

/// Whether these groups can be a date in one of the usual forms.
pub(super) fn is_date(groups: &Groups<'_>) -> bool {
    let (digits, shape) = (groups.digits(), groups.shape());
    let century = matches!(digits.as_slice(), ['1', '9', ..] | ['2', '0', ..]);
    let month_day = |m: Option<u32>, d: Option<u32>| {
        m.is_some_and(|m| (1..=12).contains(&m)) && d.is_some_and(|d| (1..=31).contains(&d))
    };
    let masked = digits.contains(&'*');
    match shape.as_slice() {
        [8] => century && (masked || month_day(pair(&digits, 4), pair(&digits, 6))),
        [6] => masked || month_day(pair(&digits, 2), pair(&digits, 4)),
        [4, 1 | 2, 1 | 2] => {
            century && (masked || digits.len() < 8 || month_day(pair(&digits, 4), pair(&digits, 6)))
        }
        [2, 2, 2] => masked || month_day(pair(&digits, 2), pair(&digits, 4)),
        _ => false,
    }
}

/// A date with a time of day is a moment, not a birthday.
fn has_time(text: &Text, end: usize) -> bool {
    let next = if matches!(text.at(end), ' ' | 'T') {
        end + 1
    } else {
        end
    };
    next > end
        && text.at(next).is_ascii_digit()
        && (text.at(next + 1) == ':' || text.at(next + 2) == ':')
}

/// `1958년 3월 9일`.
fn in_words(text: &Text, labels: &Labels, hits: &mut Vec<Hit>) {
    for run in text.runs().iter().filter(|run| matches!(run.len(), 2 | 4)) {
        let Some(month) = part(text, run.end, '년') else {
            continue;
        };
        let Some(day) = part(text, month.end, '월') else {
            continue;
        };
        if text.at(day.end) == '일' {
            add(labels, run.start..day.end + 1, hits);
        }
    }
}

/// The one or two digits behind `unit`, which stands at `at`.
fn part(text: &Text, at: usize, unit: char) -> Option<Range<usize>> {
    if text.at(at) != unit {
        return None;
    }
    let start = text.skip_blanks(at + 1);
    let end = text.find(start, |c| !(c.is_ascii_digit() || c == '*'));
    (1..=2).contains(&(end - start)).then_some(start..end)
}
