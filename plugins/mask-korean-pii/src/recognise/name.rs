//! People's names, Korean and English.
//!
//! A Korean name is a surname of a closed set and one or two given syllables that given names are made of; hundreds of
//! common words look the same (`이미지`, `정보`). So a name needs more than its form: a label, a title or honorific behind it, quotes
//! around it and nothing else in them, or other personal data next to it. The weaker that is, the stricter the form.

mod english;
mod korean;

use std::ops::Range;

use crate::{
    category::Category,
    hit::{Hit, Kind, Trust},
    labels::{Bond, Label, Labels},
    recognise::{birthdate::is_date, numbers::Groups, user_id::is_id},
    text::{Text, is_hangul, is_word},
};
use korean::Likeness;

pub(super) fn find(text: &Text, labels: &Labels, hits: &mut Vec<Hit>) {
    let mut names: Vec<Hit> = Vec::new();
    for label in labels.of(&[Category::Name, Category::MaybeName, Category::UserName]) {
        if let Some(range) = labelled(text, label) {
            names.push(Hit::new(Kind::Name, Trust::Labelled, range));
        }
    }
    let mut at = 0;
    while at < text.len() {
        if !is_hangul(text.at(at)) || is_word(text.before(at)) {
            at += 1;
            continue;
        }
        let end = text.find(at, |c| !(is_hangul(c) || c == '*'));
        names.extend(
            in_korean_text(text, labels, at..end, hits)
                .map(|(trust, range)| Hit::new(Kind::Name, trust, range)),
        );
        at = end;
    }
    for range in english::find(text) {
        if !matches!(labels.at(range.start), Some(Category::Thing)) {
            names.push(Hit::new(Kind::Name, Trust::Context, range));
        }
    }
    let behind: Vec<Hit> = names
        .iter()
        .filter_map(|name| in_brackets_behind(text, name.range.end))
        .collect();
    hits.extend(names);
    hits.extend(behind);
}

fn labelled(text: &Text, label: &Label) -> Option<Range<usize>> {
    let start = label.value.start;
    let korean = is_hangul(text.at(start));
    if !korean {
        let sure = label.category == Category::Name && label.bond == Bond::Tied;
        return english::at(
            text,
            start,
            label.value.end,
            sure,
            label.quoted || label.bond == Bond::Tied,
        );
    }
    let end = text
        .find(start, |c| !(is_hangul(c) || c == '*'))
        .min(label.value.end);
    let word: Vec<char> = text.slice(start..end).to_vec();
    let spaced = spaced(text, start, label.value.end);
    if let Some(end) = spaced.filter(|_| label.bond == Bond::Tied) {
        return Some(start..end);
    }
    let least = match (label.category, label.bond) {
        (Category::Name, Bond::Tied) => Likeness::Possible,
        (Category::Name, Bond::Spoken) | (_, Bond::Tied) => Likeness::Short,
        (_, Bond::Spoken) => Likeness::Full,
    };
    if label.category == Category::Name && label.quoted && label.bond == Bond::Tied {
        if let Some(end) = foreign_in_hangul(text, &label.value) {
            return Some(start..end);
        }
    }
    let length = korean::name_in(&word, least)?;
    Some(start..start + length)
}

/// `홍 길 동`.
fn spaced(text: &Text, start: usize, end: usize) -> Option<usize> {
    let mut at = start;
    let mut name = Vec::new();
    while at < end && is_hangul(text.at(at)) && !is_hangul(text.at(at + 1)) && name.len() < 4 {
        name.push(text.at(at));
        at += if text.at(at + 1) == ' ' { 2 } else { 1 };
    }
    let length = name.len();
    (length >= 3 && korean::likeness(&name) >= Likeness::Short).then(|| start + length * 2 - 1)
}

/// A name of several words in Korean script, all that the quotes hold: `응우옌 티 화`.
fn foreign_in_hangul(text: &Text, value: &Range<usize>) -> Option<usize> {
    let inside = text.string(value.clone());
    let words: Vec<&str> = inside.split(' ').collect();
    let short = words
        .iter()
        .all(|w| (1..=5).contains(&w.chars().count()) && w.chars().all(is_hangul));
    (words.len() >= 2 && words.len() <= 4 && short && !words.iter().any(|w| korean::is_common(w)))
        .then_some(value.end)
}

/// A name in a Korean word that no label announces.
fn in_korean_text(
    text: &Text,
    labels: &Labels,
    word: Range<usize>,
    hits: &[Hit],
) -> Option<(Trust, Range<usize>)> {
    let chars = text.slice(word.clone());
    if korean::is_half_masked(chars) && !is_word(text.at(word.end)) {
        return Some((Trust::Shape, word));
    }
    if matches!(
        labels.at(word.start),
        Some(Category::Thing | Category::Neutral | Category::Address)
    ) {
        return None;
    }
    let upto = |length: usize| word.start..word.start + length;
    if let Some(length) = korean::before_title(chars) {
        return Some((Trust::Shape, upto(length)));
    }
    let next = text.slice(word.end..text.find(word.end + 1, |c| !is_hangul(c)));
    let blank = next.first() == Some(&' ');
    let title = blank && korean::is_title(&next[1..]);
    let likeness = korean::likeness(chars);
    let short = title && korean::is_honorific(&next[1..]) && likeness >= Likeness::Short;
    let staff = title && likeness == Likeness::Possible && korean::is_staff(chars, &next[1..]);
    if short
        || staff
        || (title && likeness == Likeness::Full)
        || (likeness == Likeness::Full && is_in_file_name(text, word.end))
    {
        return Some((Trust::Shape, word));
    }
    if likeness == Likeness::Full
        && (alone_in_quotes(text, &word) || beside_personal(text, &word, hits))
    {
        return Some((Trust::Context, word));
    }
    let owner = blank && korean::is_owned(&next[1..]);
    let length = korean::name_in(chars, Likeness::Full)?;
    (owner && length + 1 >= chars.len() || beside_personal(text, &upto(length), hits))
        .then(|| (Trust::Context, upto(length)))
}

/// `홍길동_이력서.pdf`.
fn is_in_file_name(text: &Text, end: usize) -> bool {
    const PAPERS: [&str; 8] = [
        "이력서",
        "증명서",
        "신청서",
        "소개서",
        "사본",
        "계약서",
        "진단서",
        "신분증",
    ];
    let word = text.string(end + 1..text.find(end + 1, |c| !is_word(c)));
    matches!(text.at(end), '_' | '-') && PAPERS.iter().any(|paper| word.ends_with(paper))
}

/// Quotes, brackets or commas on both sides, and no key: an item of a list, a parameter, an argument.
fn alone_in_quotes(text: &Text, word: &Range<usize>) -> bool {
    let (left, right) = (text.before(word.start), text.at(word.end));
    let closed = matches!(right, '\'' | '"' | ']' | ')' | ',') || text.is_at(word.end, "(string)");
    if !closed {
        return false;
    }
    let quote = matches!(left, '\'' | '"');
    let outer = text.back(if quote { word.start - 1 } else { word.start }, |c| {
        c == ' '
    });
    let before = text.before(outer);
    let listed = matches!(before, '[' | '(' | ',') || text.is_at(word.end, "(string)");
    listed && (quote || matches!(right, ']' | ',' | '('))
}

/// A phone number, registration number or the like directly before or behind.
fn beside_personal(text: &Text, word: &Range<usize>, hits: &[Hit]) -> bool {
    let personal = |h: &&Hit| {
        matches!(
            h.kind,
            Kind::Phone
                | Kind::Rrn
                | Kind::Email
                | Kind::Birthdate
                | Kind::Passport
                | Kind::Card
                | Kind::UserId
        )
    };
    let joined = |gap: Range<usize>| {
        (1..=3).contains(&gap.len())
            && text
                .slice(gap)
                .iter()
                .all(|c| matches!(c, ' ' | ',' | '(' | ')' | '/' | '|' | '<' | ':'))
    };
    hits.iter().filter(personal).any(|h| {
        (h.range.start > word.end && joined(word.end..h.range.start))
            || (h.range.end < word.start && joined(h.range.end..word.start))
    })
}

/// `탁재온 사무관 (jaeon.tak)`, `차은호(1982-11-30)`: the login or date of birth behind a name.
fn in_brackets_behind(text: &Text, end: usize) -> Option<Hit> {
    let blank = text.skip_blanks(end);
    let title_end = text.find(blank, |c| !is_hangul(c));
    let title = title_end == blank || korean::is_title(text.slice(blank..title_end));
    let open = text.skip_blanks(title_end);
    if !title || !matches!(text.at(open), '(' | '[') {
        return None;
    }
    let close = text.find(open, |c| matches!(c, ')' | ']' | ',' | '\n'));
    let inside = open + 1..close;
    if is_id(&text.string(inside.clone())) {
        return Some(Hit::new(Kind::UserId, Trust::Context, inside));
    }
    let date = Groups::rows(text, 3, |c| matches!(c, '-' | '.' | '/'))
        .find(|row| row.range() == inside && is_date(row));
    date.map(|_| Hit::new(Kind::Birthdate, Trust::Context, inside))
}
