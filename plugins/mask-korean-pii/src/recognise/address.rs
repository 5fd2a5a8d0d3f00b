//! Postal addresses: Korean ones, from the province or city to the unit, and their romanised form. Places alone stay; an address
//! has a road or quarter and a number.

use std::ops::Range;

use super::{driver_license::REGIONS, numbers::is_counted};
use crate::{
    category::Category,
    hit::{Hit, Kind, Trust},
    labels::{Bond, Labels},
    text::{Text, is_hangul},
};

/// Words that end the name of a building.
const BUILDINGS: [&str; 14] = [
    "아파트",
    "빌딩",
    "타워",
    "오피스텔",
    "빌라",
    "맨션",
    "하우스",
    "주택",
    "연립",
    "상가",
    "센터",
    "캐슬",
    "마을",
    "단지",
];

/// What an address's words are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    /// Province or city of its own rank.
    Province,
    /// City, county, district.
    Area,
    /// Town, quarter, village.
    Town,
    Road,
    /// House, lot, floor, unit.
    Number,
    Building,
    /// A detail in brackets.
    Detail,
}

pub(super) fn find(text: &Text, labels: &Labels, hits: &mut Vec<Hit>) {
    let mut found: Vec<Range<usize>> = Vec::new();
    let mut at = 0;
    while at < text.len() {
        let begins = is_hangul(text.at(at)) && !is_hangul(text.before(at));
        let labelled = labels.at(at) == Some(Category::Address);
        let range = begins.then(|| parse(text, at, labelled)).flatten();
        at = range.as_ref().map_or(at + 1, |r| r.end);
        found.extend(range);
    }
    romanised(text, &mut found);
    for label in labels
        .of(&[Category::Address])
        .filter(|l| l.bond == Bond::Tied)
    {
        let value = label.value.clone();
        let chars = text.slice(value.clone());
        let number = chars.iter().any(char::is_ascii_digit);
        let words = chars.iter().any(|c| is_hangul(*c))
            || (label.quoted && chars.contains(&' ') && !chars.contains(&'@'));
        if number && words {
            // A value without quotes ends at the first comma; an address does not.
            let further = found
                .iter()
                .filter(|f| value.contains(&f.start))
                .map(|f| f.end)
                .max();
            hits.push(Hit::new(
                Kind::Address,
                Trust::Labelled,
                value.start..value.end.max(further.unwrap_or(0)),
            ));
        }
    }
    hits.extend(
        found
            .into_iter()
            .map(|range| Hit::new(Kind::Address, Trust::Shape, range)),
    );
}

/// The address that begins at `start`. Without a label it must begin with a province, city or district.
fn parse(text: &Text, start: usize, labelled: bool) -> Option<Range<usize>> {
    let (mut at, mut end, mut road, mut area, mut complete) = (start, start, false, false, false);
    while let Some((part, word)) = next_word(text, at) {
        match part {
            Part::Province if word.start == start => area |= is_area(&text.string(word.clone())),
            Part::Province => break,
            Part::Area if !road => area = true,
            Part::Town | Part::Road if !complete && (area || labelled) => road = true,
            Part::Road | Part::Town if complete && text.at(word.start).is_ascii_digit() => {}
            Part::Number if road => complete = true,
            Part::Building if road => {}
            Part::Detail if complete => {}
            _ => break,
        }
        end = word.end;
        at = separator(text, end);
        if at == end && part != Part::Road {
            break;
        }
    }
    complete.then_some(start..end)
}

/// Where the next word begins: behind a blank, a comma, a plus sign of a URL, or nothing.
fn separator(text: &Text, end: usize) -> usize {
    let comma = end + usize::from(text.at(end) == ',');
    comma + usize::from(matches!(text.at(comma), ' ' | '+'))
}

fn next_word(text: &Text, at: usize) -> Option<(Part, Range<usize>)> {
    if text.at(at) == '(' {
        let close = text.find(at, |c| c == ')');
        let detail = close < text.len() && close - at <= 30 && is_hangul(text.at(at + 1));
        return detail.then_some((Part::Detail, at..close + 1));
    }
    let end = text.find(at, |c| {
        !(is_hangul(c) || c.is_ascii_alphanumeric() || matches!(c, '-' | '*'))
    });
    if end == at {
        return None;
    }
    let word = text.string(at..end);
    let digits = text.at(at).is_ascii_digit();
    let part = if digits {
        number(&word, text, end)?
    } else {
        named(&word)?
    };
    Some((part, at..end))
}

/// `98`, `771-2`, `1207번길`, `104동`, `1203호`, `3층`, `12번지`, `3가`.
fn number(word: &str, text: &Text, end: usize) -> Option<Part> {
    let unit = word.trim_start_matches(|c: char| c.is_ascii_digit() || c == '-' || c == '*');
    match unit {
        "" if is_counted(text, end) && text.at(end) == ' ' => None,
        "" | "동" | "호" | "층" | "번지" | "호실" | "단지" | "차" => Some(Part::Number),
        "번길" | "길" | "로" | "번가길" => Some(Part::Road),
        "가" => Some(Part::Town),
        _ => None,
    }
}

fn named(word: &str) -> Option<Part> {
    let ends = |suffixes: &[&str]| {
        suffixes
            .iter()
            .any(|s| word.ends_with(s) && word.len() > s.len())
    };
    let hangul = word.chars().filter(|c| is_hangul(*c)).count();
    let tail_digits = word.trim_end_matches(|c: char| c.is_ascii_digit() || c == '-');
    if REGIONS.contains(&word) || is_province(word) {
        Some(Part::Province)
    } else if hangul >= 2 && ends(&["시", "군", "구"]) && hangul <= 7 {
        Some(Part::Area)
    } else if BUILDINGS.iter().any(|b| word.contains(b)) {
        Some(Part::Building)
    } else if hangul >= 2 && ends(&["읍", "면", "동", "리", "가"]) {
        Some(Part::Town)
    } else if hangul >= 2 && ends(&["로", "길"]) {
        Some(Part::Road)
    } else if tail_digits.len() < word.len()
        && (tail_digits.ends_with('로') || tail_digits.ends_with('길'))
    {
        // `가람누리로98`
        Some(Part::Road)
    } else {
        is_unit(word, tail_digits).then_some(Part::Number)
    }
}

/// `B동`, `산12-3`, `지하1층`.
fn is_unit(word: &str, without_digits: &str) -> bool {
    let lettered = word
        .strip_suffix(['동', '호', '층'])
        .is_some_and(|letter| letter.len() == 1);
    lettered || without_digits == "산" || (word.starts_with("지하") && word.ends_with('층'))
}

fn is_province(word: &str) -> bool {
    const SUFFIXES: [&str; 4] = ["특별시", "광역시", "특별자치시", "특별자치도"];
    const PROVINCES: [&str; 9] = [
        "경기도",
        "강원도",
        "충청북도",
        "충청남도",
        "전라북도",
        "전라남도",
        "경상북도",
        "경상남도",
        "제주도",
    ];
    SUFFIXES.iter().any(|s| word.ends_with(s)) || PROVINCES.contains(&word)
}

/// `98, Garamnuri-ro, Paldal-gu, Suwon-si, Gyeonggi-do`.
fn romanised(text: &Text, found: &mut Vec<Range<usize>>) {
    let mut read_to = 0;
    for dash in (0..text.len()).filter(|i| text.at(*i) == '-') {
        if dash < read_to {
            continue;
        }
        let road = ["ro", "gil", "daero", "dong", "eup", "myeon"]
            .iter()
            .find(|s| {
                text.is_at(dash + 1, s) && !text.at(dash + 1 + s.len()).is_ascii_alphanumeric()
            });
        let Some(road) = road else { continue };
        let word = text.back(dash, |c| c.is_ascii_alphanumeric());
        if !text.at(word).is_ascii_uppercase() {
            continue;
        }
        let name =
            |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | ',' | ' ' | '#' | '.' | '+');
        let start = text.back(word, |c| {
            c.is_ascii_digit() || matches!(c, '-' | ',' | ' ' | '#' | '+')
        });
        let start = text
            .find(start, |c| c.is_ascii_digit() || c == '#')
            .min(word);
        let mut end = dash + 1 + road.len();
        loop {
            let next = text.find(end, |c| !matches!(c, ',' | ' ' | '+'));
            let stop = text.find(next, |c| !name(c) || matches!(c, ',' | ' ' | '+'));
            let area = [
                "-gu", "-si", "-do", "-gun", "-ro", "-gil", "-dong", "-eup", "-myeon",
            ]
            .iter()
            .any(|s| stop > next + s.len() && text.is_at(stop - s.len(), s));
            let number = text.at(next).is_ascii_digit() && next - end <= 2;
            if next > end + 2 || stop == next || !(area || number) {
                break;
            }
            end = stop;
        }
        read_to = end;
        let numbered = text.slice(start..end).iter().any(char::is_ascii_digit);
        if numbered && found.last().is_none_or(|f| f.end <= start) {
            found.push(start..end);
        }
    }
}

/// Leading words that name a province, city, county or district with its suffix.
pub(crate) fn kept(text: &Text, range: &Range<usize>) -> Vec<Range<usize>> {
    let mut kept = Vec::new();
    let mut leading = true;
    let mut at = range.start;
    while at < range.end {
        let end = text
            .find(at, |c| matches!(c, ' ' | ',' | '+'))
            .min(range.end);
        let word = text.string(at..end);
        let romanised = ["-si", "-do", "-gu", "-gun"]
            .iter()
            .any(|s| word.ends_with(s));
        if romanised || (leading && is_area(&word)) {
            kept.push(at..end);
        } else {
            leading &= !word.chars().any(is_hangul);
        }
        at = end + 1;
    }
    kept
}

fn is_area(word: &str) -> bool {
    let syllables = word.chars().count();
    let suffix = ["특별시", "광역시", "자치시", "자치도"]
        .iter()
        .any(|s| word.ends_with(s) && word.len() > s.len());
    let short = word.ends_with(['시', '도', '군', '구']) && (2..=4).contains(&syllables);
    (suffix || short) && word.chars().all(is_hangul)
}
