//! Numbers in digits and words, with their units, and times of day.

mod clock;
mod unit;

use self::{
    clock::{clock, half_behind, hour_ends},
    unit::unit,
};
use super::token::{Kind, Quantity, Unit};

const NATIVE: &[(&str, f64)] = &[
    ("열두", 12.0),
    ("열한", 11.0),
    ("스물네", 24.0),
    ("스무", 20.0),
    ("서른", 30.0),
    ("마흔", 40.0),
    ("쉰", 50.0),
    ("열다섯", 15.0),
    ("열", 10.0),
    ("한", 1.0),
    ("두", 2.0),
    ("세", 3.0),
    ("네", 4.0),
    ("다섯", 5.0),
    ("여섯", 6.0),
    ("일곱", 7.0),
    ("여덟", 8.0),
    ("아홉", 9.0),
    ("쓰리", 3.0),
    ("파이브", 5.0),
    ("텐", 10.0),
];

/// Lengths that are one word.
const LENGTHS: &[(&str, f64, Unit)] = &[
    ("하루", 1.0, Unit::Day),
    ("이틀", 2.0, Unit::Day),
    ("사흘", 3.0, Unit::Day),
    ("나흘", 4.0, Unit::Day),
    ("닷새", 5.0, Unit::Day),
    ("열흘", 10.0, Unit::Day),
    ("보름", 15.0, Unit::Day),
    ("반시간", 30.0, Unit::Minute),
    ("half an hour", 30.0, Unit::Minute),
    ("half hour", 30.0, Unit::Minute),
    ("quarter of an hour", 15.0, Unit::Minute),
    ("an hour", 1.0, Unit::Hour),
    ("a minute", 1.0, Unit::Minute),
    ("a day", 1.0, Unit::Day),
    ("a week", 1.0, Unit::Week),
    ("a month", 1.0, Unit::Month),
    ("a couple of hours", 2.0, Unit::Hour),
    ("a couple of days", 2.0, Unit::Day),
    ("a fortnight", 14.0, Unit::Day),
    ("fortnight", 14.0, Unit::Day),
];

const ENGLISH: &[(&str, f64)] = &[
    ("one", 1.0),
    ("two", 2.0),
    ("three", 3.0),
    ("four", 4.0),
    ("five", 5.0),
    ("six", 6.0),
    ("seven", 7.0),
    ("eight", 8.0),
    ("nine", 9.0),
    ("ten", 10.0),
    ("eleven", 11.0),
    ("twelve", 12.0),
    ("fifteen", 15.0),
    ("twenty four", 24.0),
    ("twenty", 20.0),
    ("thirty", 30.0),
    ("forty five", 45.0),
    ("forty", 40.0),
    ("fifty", 50.0),
    ("sixty", 60.0),
    ("ninety", 90.0),
    ("a hundred", 100.0),
    ("hundred", 100.0),
    ("a thousand", 1_000.0),
];

/// The number, quantity, clock, date or length of time at the start of `rest`, and the bytes it covers.
/// `apart` says that a word of its own begins here: number words are read only then.
pub(super) fn read(rest: &str, apart: bool) -> Option<(Kind, usize)> {
    if let Some((_, value, unit)) = LENGTHS.iter().find(|(name, ..)| starts_word(rest, name)) {
        let name = LENGTHS
            .iter()
            .find(|(name, ..)| starts_word(rest, name))
            .map_or(0, |(name, ..)| name.len());
        return Some((
            Kind::Quantity(Quantity {
                value: *value,
                unit: *unit,
            }),
            name,
        ));
    }
    if rest.starts_with(|c: char| c.is_ascii_digit()) {
        return super::calendar::read(rest).or_else(|| digits(rest));
    }
    if apart { words(rest) } else { None }
}

fn digits(rest: &str) -> Option<(Kind, usize)> {
    let (value, len) = number(rest)?;
    if let Some((clock, more)) = clock(value, rest.get(len..)?) {
        return Some((Kind::Clock(clock), len + more));
    }
    let (unit, more) = unit(rest.get(len..)?);
    let mut value = value;
    let mut len = len + more;
    // "1시간 반", "한 시간 반"
    if unit == Unit::Hour && half_behind(rest.get(len..)?) {
        value += 0.5;
        len += rest
            .get(len..)?
            .find('반')
            .map_or(0, |at| at + '반'.len_utf8());
    }
    // "10th" is the tenth.
    if unit == Unit::None
        && value.fract() == 0.0
        && let Some(suffix) = ["st", "nd", "rd", "th"]
            .into_iter()
            .find(|suffix| starts_word(rest.get(len..).unwrap_or_default(), suffix))
    {
        return Some((Kind::Quantity(Quantity { value, unit }), len + suffix.len()));
    }
    // A letter right behind a number without unit makes it part of a name.
    if unit == Unit::None
        && rest
            .get(len..)?
            .starts_with(|c: char| c.is_ascii_alphabetic())
    {
        return None;
    }
    Some((Kind::Quantity(Quantity { value, unit }), len))
}

/// Digits with separators and the multipliers 천, 만, 억, k, million.
fn number(rest: &str) -> Option<(f64, usize)> {
    let (mut value, mut len) = plain(rest)?;
    for (name, factor) in [
        ("십만", 1e5),
        ("백만", 1e6),
        ("억", 1e8),
        ("만", 1e4),
        ("천", 1e3),
        ("백", 1e2),
        ("k", 1e3),
        (" million", 1e6),
        (" thousand", 1e3),
    ] {
        let Some(tail) = rest.get(len..)?.strip_prefix(name) else {
            continue;
        };
        if tail.starts_with(|c: char| c.is_ascii_alphabetic()) {
            continue;
        }
        value *= factor;
        len += name.len();
        // "1만 5천"
        let blank = tail.len() - tail.trim_start().len();
        if let Some((more, more_len)) = plain(tail.trim_start()).filter(|_| factor >= 1e3)
            && let Some(tail) = tail.trim_start().get(more_len..)
            && let Some((name, small)) = [("천", 1e3), ("백", 1e2)]
                .into_iter()
                .find(|(name, _)| tail.starts_with(name))
            && small < factor
        {
            value += more * small;
            len += blank + more_len + name.len();
        }
        break;
    }
    Some((value, len))
}

fn plain(rest: &str) -> Option<(f64, usize)> {
    let bytes = rest.as_bytes();
    let digit = |i: usize| bytes.get(i).is_some_and(u8::is_ascii_digit);
    let thousands = |i: usize| (1..=3).all(|k| digit(i + k)) && !digit(i + 4);
    let mut end = 0;
    let mut dots = 0;
    while digit(end)
        || (bytes.get(end) == Some(&b',') && thousands(end))
        || (bytes.get(end) == Some(&b'.') && digit(end + 1) && dots == 0)
    {
        dots += usize::from(bytes.get(end) == Some(&b'.'));
        end += 1;
    }
    let text: String = rest.get(..end)?.chars().filter(|c| *c != ',').collect();
    (end > 0 && end <= 20).then_some(())?;
    Some((text.parse().ok()?, end))
}

/// Number words; Korean ones only with a unit behind them.
fn words(rest: &str) -> Option<(Kind, usize)> {
    if let Some((name, value)) = ENGLISH.iter().find(|(name, _)| starts_word(rest, name)) {
        let (unit, more) = unit(rest.get(name.len()..)?);
        return Some((
            Kind::Quantity(Quantity {
                value: *value,
                unit,
            }),
            name.len() + more,
        ));
    }
    let (value, len) = native(rest).or_else(|| sino(rest))?;
    let tail = rest.get(len..)?;
    if let Some((clock, more)) =
        clock(value, tail).filter(|_| tail.trim_start().strip_prefix('시').is_some_and(hour_ends))
    {
        return Some((Kind::Clock(clock), len + more));
    }
    match unit(tail) {
        (Unit::None, _) => None,
        (unit, more) if unit == Unit::Hour && half_behind(tail.get(more..)?) => {
            let half = tail
                .get(more..)?
                .find('반')
                .map_or(0, |at| at + '반'.len_utf8());
            Some((
                Kind::Quantity(Quantity {
                    value: value + 0.5,
                    unit,
                }),
                len + more + half,
            ))
        }
        (unit, more) => Some((Kind::Quantity(Quantity { value, unit }), len + more)),
    }
}

fn native(rest: &str) -> Option<(f64, usize)> {
    NATIVE
        .iter()
        .find(|(name, _)| rest.starts_with(name))
        .map(|(name, value)| (*value, name.len()))
}

/// Sino-Korean numerals below a hundred million; `이` and `일` alone are words of their own.
fn sino(rest: &str) -> Option<(f64, usize)> {
    let (mut total, mut section, mut digit) = (0.0, 0.0, 0.0);
    let mut len = 0;
    for c in rest.chars() {
        let position = "일이삼사오육칠팔구".chars().position(|d| d == c);
        match (position, c) {
            (Some(index), _) => {
                digit = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0]
                    .get(index)
                    .copied()?
            }
            (None, '십' | '백' | '천') => {
                let scale = if c == '십' {
                    10.0
                } else if c == '백' {
                    100.0
                } else {
                    1_000.0
                };
                section += f64::max(digit, 1.0) * scale;
                digit = 0.0;
            }
            (None, '만') => {
                total += f64::max(section + digit, 1.0) * 10_000.0;
                (section, digit) = (0.0, 0.0);
            }
            _ => break,
        }
        len += c.len_utf8();
    }
    let value = total + section + digit;
    let word = rest.get(..len)?;
    // "일" belongs to "일별", "일주일" to the week; "이 시간" is "this hour".
    let ambiguous = matches!(word, "일" | "이" | "구" | "사")
        && !rest.get(len..)?.starts_with(['분', '초', '주']);
    (len > 0 && value > 0.0 && !ambiguous).then_some((value, len))
}

fn starts_word(rest: &str, name: &str) -> bool {
    rest.strip_prefix(name)
        .is_some_and(|tail| !tail.starts_with(|c: char| c.is_ascii_alphanumeric()))
}

#[cfg(test)]
mod tests {
    use super::{super::token::Half, *};

    fn check(text: &str, value: f64, unit: Unit) {
        assert_eq!(
            read(text, true).map(|(kind, _)| kind),
            Some(Kind::Quantity(Quantity { value, unit })),
            "{text}"
        );
    }

    #[test]
    fn numbers_with_units() {
        check("1,000명을", 1_000.0, Unit::People);
        check("10만 명", 100_000.0, Unit::People);
        check("1만 5천 건", 15_000.0, Unit::Piece);
        check("30분 동안", 30.0, Unit::Minute);
        check("1시간 반", 1.5, Unit::Hour);
        check("세 시간", 3.0, Unit::Hour);
        check("삼십 분", 30.0, Unit::Minute);
        check("이틀", 2.0, Unit::Day);
        check("half an hour", 30.0, Unit::Minute);
        check("one hour", 1.0, Unit::Hour);
        check("99.9%", 99.9, Unit::Percent);
        check("3개월", 3.0, Unit::Month);
        check("5 대비", 5.0, Unit::None);
    }

    #[test]
    fn clocks() {
        for (text, hour, minute) in [
            ("9시", 9, 0),
            ("3시 30분", 3, 30),
            ("3시 반", 3, 30),
            ("09:05", 9, 5),
            ("열두 시", 12, 0),
        ] {
            let Some((Kind::Clock(clock), _)) = read(text, true) else {
                panic!("{text}")
            };
            assert_eq!((clock.hour, clock.minute), (hour, minute), "{text}");
        }
        let Some((Kind::Clock(clock), _)) = read("3:30 pm.", true) else {
            panic!()
        };
        assert_eq!(clock.half, Some(Half::Pm));
    }

    #[test]
    fn this_hour_is_no_number() {
        assert_eq!(read("이 시간대", true), None);
        assert_eq!(read("일별", true), None);
        assert_eq!(read("4bf92f", true), None);
    }
}
