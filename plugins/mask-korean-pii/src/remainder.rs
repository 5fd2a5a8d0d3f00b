//! What may remain of each kind of value: the masking policy, in one place.
//!
//! | kind | remains |
//! |---|---|
//! | rrn | the first six digits; of a part of one nothing |
//! | phone | country and area prefix, last four digits |
//! | card, account | last four digits |
//! | name, user id, passport | first character |
//! | email | first character, and the domain |
//! | address | leading province, city, county, district with their suffix |
//! | birthdate | the year |
//! | ip | first two octets or groups |
//! | token | first four characters of twenty or more; of a password nothing |
//! | driver license | the region: its name or first two digits |
//! | plate | everything before the last four digits |
//! | geo | two decimals |
//!
//! Characters that are neither letter nor digit stay, so that the shape of a value remains readable.

use std::ops::Range;

use crate::{
    hit::{Hit, Kind},
    recognise::{address, ip, phone},
    text::{Text, is_hangul},
};

/// What stands in place of a finding.
pub(crate) fn replacement(source: &str, text: &Text, hit: &Hit) -> String {
    let range = hit.range.clone();
    if matches!(hit.kind, Kind::Token | Kind::Password) {
        return token(source, text, hit);
    }
    let keep = kept(text, hit);
    let shape = |c: char| !c.is_alphanumeric();
    text.starred(source, range, |i, c| {
        shape(c) || keep.iter().any(|k| k.contains(&i))
    })
}

/// The ranges of characters that may remain.
fn kept(text: &Text, hit: &Hit) -> Vec<Range<usize>> {
    let Range { start, end } = hit.range.clone();
    let letters = |i: &usize| text.at(*i).is_alphanumeric();
    match hit.kind {
        Kind::Rrn if hit.range.len() < 12 => Vec::new(),
        Kind::Rrn => digits_kept(text, &hit.range, 0..6),
        Kind::Card | Kind::Account => last_digits(text, &hit.range, 4),
        Kind::Phone => phone::kept(text, &hit.range),
        Kind::Name | Kind::UserId | Kind::Passport => (start..end)
            .find(letters)
            .map(|i| i..i + 1)
            .into_iter()
            .collect(),
        Kind::Email => {
            let at = text
                .find(start, |c| c == '@' || c == '[' || c == '(')
                .min(end);
            vec![start..(start + 1).min(at), at..end]
        }
        Kind::Address => address::kept(text, &hit.range),
        Kind::Birthdate => birth_year(text, &hit.range),
        Kind::Ip => std::iter::once(start..ip::kept_to(text, &hit.range)).collect(),
        Kind::DriverLicense if is_hangul(text.at(start)) => {
            std::iter::once(start..text.find(start, |c| !is_hangul(c))).collect()
        }
        Kind::DriverLicense => digits_kept(text, &hit.range, 0..2),
        Kind::Plate => {
            let last = last_digits(text, &hit.range, 4)
                .first()
                .map_or(end, |r| r.start);
            std::iter::once(start..last).collect()
        }
        Kind::Geo => crate::recognise::geo::kept(text, &hit.range),
        Kind::Token | Kind::Password => Vec::new(),
    }
}

/// A long token keeps its first four characters, to tell one from another; its length is not shown.
fn token(source: &str, text: &Text, hit: &Hit) -> String {
    let long = text
        .slice(hit.range.clone())
        .iter()
        .filter(|c| c.is_alphanumeric())
        .count()
        >= 20;
    let Range { start, .. } = hit.range;
    let kept = if hit.kind == Kind::Token && long {
        start..start + 4
    } else {
        start..start
    };
    format!("{}****", &source[text.source(&kept)])
}

/// The digits (or mask characters) of a range whose positions among the digits are in `which`.
fn digits_kept(text: &Text, range: &Range<usize>, which: Range<usize>) -> Vec<Range<usize>> {
    let digits = range.clone().filter(|i| is_digit(text.at(*i)));
    digits
        .enumerate()
        .filter(|(k, _)| which.contains(k))
        .map(|(_, i)| i..i + 1)
        .collect()
}

/// The last `count` digits of a range.
pub(crate) fn last_digits(text: &Text, range: &Range<usize>, count: usize) -> Vec<Range<usize>> {
    let all = range.clone().filter(|i| is_digit(text.at(*i))).count();
    digits_kept(text, range, all.saturating_sub(count)..all)
}

/// Four digits that are a year on their own or begin eight; of a date with two digits for the year, those.
fn birth_year(text: &Text, range: &Range<usize>) -> Vec<Range<usize>> {
    let digits = range.clone().filter(|i| is_digit(text.at(*i))).count();
    let run = text.find(range.start, |c| !is_digit(c)).min(range.end) - range.start;
    let year = if run == 4 || digits == 8 { 4 } else { 2 };
    let words = range
        .clone()
        .filter(|i| "년월일생".contains(text.at(*i)))
        .map(|i| i..i + 1);
    std::iter::once(range.start..range.start + year.min(run))
        .chain(words)
        .collect()
}

/// A digit, or the mask of one.
fn is_digit(c: char) -> bool {
    c.is_ascii_digit() || c == '*'
}
