//! Korean telephone numbers, mobile, landline, internet and virtual, with or without the country code, and numbers of other
//! countries written with `+`.
//!
//! Numbers that belong to a business (`15xx`, `16xx`, `18xx`, `080`) and to emergency services are nobody's.

use std::ops::Range;

use super::numbers::{Groups, stands_alone};
use crate::{
    category::Category,
    hit::{Hit, Kind, Trust},
    labels::{Bond, Labels},
    remainder::last_digits,
    text::{Text, is_hangul},
};

const HANGUL_DIGITS: &str = "공영일이삼사오육칠팔구";

pub(super) fn find(text: &Text, labels: &Labels, hits: &mut Vec<Hit>) {
    for row in Groups::rows(text, 5, |c| {
        matches!(c, '-' | '.' | ' ' | '/' | ')' | '~' | '_')
    }) {
        let longest = (1..=row.count())
            .rev()
            .filter_map(|n| row.first(n))
            .find_map(|g| whole(text, labels, &g));
        hits.extend(longest);
    }
    bracketed(text, hits);
    labelled(text, labels, hits);
    spelled(text, hits);
}

/// A row of groups that is one number, no more and no less.
fn whole(text: &Text, labels: &Labels, groups: &Groups<'_>) -> Option<Hit> {
    let Range { start, end } = groups.range();
    let plus = text.before(start) == '+';
    let begin = if plus { start - 1 } else { start };
    if !stands_alone(text, begin, end) {
        return None;
    }
    let (digits, shape) = (groups.digits(), groups.shape());
    let label = labels.at(start);
    if plus && !digits.starts_with(&['8', '2']) {
        let foreign = (8..=15).contains(&digits.len()) && digits.iter().all(char::is_ascii_digit);
        return foreign.then(|| Hit::new(Kind::Phone, Trust::Shape, begin..end));
    }
    let prefix = prefix(&digits, plus)?;
    // A group ends behind the country code, behind the prefix, in front of the last four digits, or nowhere else.
    let country = if digits.starts_with(&['8', '2']) {
        2
    } else {
        0
    };
    let mut sum = 0;
    let cuts = shape.iter().take(shape.len() - 1).all(|len| {
        sum += len;
        sum == country || sum == prefix || sum + 4 == digits.len()
    });
    if !cuts || !cuts_enough(&shape, country) {
        return None;
    }
    let phone = label == Some(Category::Phone);
    let mobile = digits.get(country).is_some_and(|c| *c == '1') || digits.get(1) == Some(&'1');
    let other = matches!(
        label,
        Some(
            Category::Neutral
                | Category::Account
                | Category::Card
                | Category::Geo
                | Category::Thing
        )
    );
    let single = shape.len() == 1;
    if (single && other)
        || (single && !mobile && !phone && !labels.mentions(Category::Phone))
        || label == Some(Category::Account)
    {
        return None;
    }
    let spaced = text.at(start + shape[0]) == ' '
        && !plus
        && !mobile
        && !phone
        && !labels.mentions(Category::Phone);
    let trust = if phone { Trust::Labelled } else { Trust::Shape };
    (!spaced).then(|| Hit::new(Kind::Phone, trust, begin..end))
}

/// One group is the whole number; more than one cut it in front of the last four or behind the prefix.
fn cuts_enough(shape: &[usize], country: usize) -> bool {
    shape.len() != 2 || country == 0 || shape[0] == 2
}

/// How many digits country code and prefix have, if these are the digits of a Korean number.
fn prefix(digits: &[char], plus: bool) -> Option<usize> {
    let international = digits.starts_with(&['8', '2']) && (plus || digits.len() >= 11);
    let country = if international { 2 } else { 0 };
    let zero = usize::from(digits.get(country) == Some(&'0'));
    if country + zero == 0 {
        return None;
    }
    let national: String = digits.get(country + zero..)?.iter().collect();
    let rest = |area: usize| national.len().checked_sub(area);
    let second = |set: &str| national.chars().nth(1).is_some_and(|c| set.contains(c));
    let area = match national.chars().next()? {
        // Old forms had three digits in the middle, and people still write them.
        '1' if second("016789") && matches!(rest(2), Some(7 | 8)) => 2,
        '2' if matches!(rest(1), Some(7 | 8)) => 1,
        '3' if second("123") && matches!(rest(2), Some(7 | 8)) => 2,
        '4' if second("1234") && matches!(rest(2), Some(7 | 8)) => 2,
        '5' if second("12345") && matches!(rest(2), Some(7 | 8)) => 2,
        '6' if second("1234") && matches!(rest(2), Some(7 | 8)) => 2,
        '7' if second("0") && rest(2) == Some(8) => 2,
        '5' if second("0") && matches!(rest(3), Some(7 | 8)) => 3,
        _ => return None,
    };
    let real = |c: &char| c.is_ascii_digit();
    digits[..country + zero + area]
        .iter()
        .all(real)
        .then_some(country + zero + area)
}

/// `(02) 123-4567`, `02) 123-4567`, `+82 (0)10-1234-5678`.
fn bracketed(text: &Text, hits: &mut Vec<Hit>) {
    for open in (0..text.len()).filter(|i| text.at(*i) == ')' && text.before(*i).is_ascii_digit()) {
        let start = text.back(open, |c| c.is_ascii_digit());
        let rest = text.skip_blanks(open + 1) + usize::from(text.at(open + 1) == '-');
        let end = text.find(rest, |c| !(c.is_ascii_digit() || matches!(c, '-' | '*')));
        let country = text.before(start) == '(' && text.at(start) == '0' && open == start + 1;
        let start = if country {
            text.back(start - 1, |c| c.is_ascii_digit() || matches!(c, '+' | ' '))
        } else {
            start
        };
        let begin = text.skip_blanks(start);
        let digits: Vec<char> = text
            .slice(begin..end)
            .iter()
            .copied()
            .filter(|c| c.is_ascii_digit() || *c == '*')
            .collect();
        let plus = text.at(begin) == '+';
        if prefix(&digits, plus).is_some() && stands_alone(text, begin, end) {
            hits.push(Hit::new(Kind::Phone, Trust::Shape, begin..end));
        }
    }
}

/// Under a label any eight digits or more that begin with `0` are one, even of a form that was mistyped.
fn labelled(text: &Text, labels: &Labels, hits: &mut Vec<Hit>) {
    for label in labels
        .of(&[Category::Phone])
        .filter(|l| l.bond == Bond::Tied)
    {
        let start = label.value.start;
        let end = text
            .find(start, |c| {
                !(c.is_ascii_digit() || matches!(c, '-' | '.' | '*'))
            })
            .min(label.value.end);
        let digits = text
            .slice(start..end)
            .iter()
            .filter(|c| c.is_ascii_digit())
            .count();
        if text.at(start) == '0' && (8..=12).contains(&digits) && stands_alone(text, start, end) {
            hits.push(Hit::new(Kind::Phone, Trust::Labelled, start..end));
        }
    }
}

/// `공일공 이삼사오 육칠팔구`.
fn spelled(text: &Text, hits: &mut Vec<Hit>) {
    let digit = |c: char| HANGUL_DIGITS.contains(c) && is_hangul(c);
    let mut at = 0;
    while at < text.len() {
        if !digit(text.at(at)) || is_hangul(text.before(at)) {
            at += 1;
            continue;
        }
        let stop = text.find(at, |c| !(digit(c) || matches!(c, ' ' | '-' | '.' | ',')));
        let end = text.back(stop, |c| !digit(c)).max(at);
        let digits: String = text.slice(at..end).iter().filter(|c| digit(**c)).collect();
        let mobile = ["공일", "영일"].iter().any(|p| digits.starts_with(p));
        if mobile && matches!(digits.chars().count(), 10 | 11) {
            hits.push(Hit::new(Kind::Phone, Trust::Shape, at..end));
        }
        at = stop.max(at + 1);
    }
}

/// What may remain of a number: country code, prefix, and the last four digits.
pub(crate) fn kept(text: &Text, range: &Range<usize>) -> Vec<Range<usize>> {
    let is_digit = |i: &usize| text.at(*i).is_ascii_digit() || text.at(*i) == '*';
    let places: Vec<usize> = range.clone().filter(is_digit).collect();
    if places.is_empty() {
        let spelled: Vec<usize> = range.clone().filter(|i| is_hangul(text.at(*i))).collect();
        let last = spelled.len().saturating_sub(4);
        return [spelled.get(..3), spelled.get(last..)]
            .into_iter()
            .flatten()
            .flatten()
            .map(|i| *i..*i + 1)
            .collect();
    }
    let digits: Vec<char> = places.iter().map(|i| text.at(*i)).collect();
    let Some(prefix) = prefix(&digits, text.at(range.start) == '+') else {
        return Vec::new();
    };
    let mut kept: Vec<Range<usize>> = places[..prefix].iter().map(|i| *i..*i + 1).collect();
    kept.extend(last_digits(text, range, 4));
    kept
}
