//! Dates, months, quarters and years written with numbers.

use super::token::Kind;

/// `2026-11-20`, `11/20`, `2025년 3월 2일`, `3월`, `1분기`, `2025년` at the start of `rest`.
pub(super) fn read(rest: &str) -> Option<(Kind, usize)> {
    numeric(rest).or_else(|| korean(rest))
}

fn numeric(rest: &str) -> Option<(Kind, usize)> {
    let (first, len) = integer(rest)?;
    let separator = rest
        .get(len..)?
        .chars()
        .next()
        .filter(|c| matches!(c, '-' | '/' | '.'))?;
    let (second, more) = integer(rest.get(len + 1..)?)?;
    let end = len + 1 + more;
    let third = rest
        .get(end..)
        .and_then(|tail| tail.strip_prefix(separator))
        .and_then(integer);
    let (kind, end) = match third {
        Some((day, more)) if (1_970..=2_200).contains(&first) => (
            Kind::Date {
                year: i16::try_from(first).ok(),
                month: small(second, 12)?,
                day: small(day, 31)?,
            },
            end + 1 + more,
        ),
        None if separator == '/' => (
            Kind::Date {
                year: None,
                month: small(first, 12)?,
                day: small(second, 31)?,
            },
            end,
        ),
        None if separator == '-' && (1_970..=2_200).contains(&first) && more == 2 => (
            Kind::Month {
                year: i16::try_from(first).ok(),
                month: small(second, 12)?,
            },
            end,
        ),
        _ => return None,
    };
    // Behind a date may stand a particle, never more digits or a name.
    let clean = !rest
        .get(end..)?
        .starts_with(|c: char| c.is_ascii_alphanumeric() || c == '/');
    clean.then_some((kind, end))
}

fn korean(rest: &str) -> Option<(Kind, usize)> {
    let (first, len) = integer(rest)?;
    let tail = rest.get(len..)?;
    let behind = |at: usize| {
        rest.get(at..)
            .map(|tail| (tail.trim_start(), at + tail.len() - tail.trim_start().len()))
    };
    if tail.starts_with("분기") {
        return Some((Kind::Quarter(small(first, 4)?), len + "분기".len()));
    }
    if let Some(month_tail) = tail.strip_prefix('월') {
        let month = small(first, 12)?;
        let at = len + '월'.len_utf8();
        if let Some((day, more)) =
            behind(at).and_then(|(tail, at)| day(tail).map(|(day, len)| (day, at + len)))
        {
            return Some((
                Kind::Date {
                    year: None,
                    month,
                    day,
                },
                more,
            ));
        }
        return (!month_tail.starts_with("요일"))
            .then_some((Kind::Month { year: None, month }, at));
    }
    let year = i16::try_from(first)
        .ok()
        .filter(|year| (1_970..=2_200).contains(year))?;
    let at = len + tail.strip_prefix('년').map(|_| '년'.len_utf8())?;
    let (tail, from) = behind(at)?;
    match korean(tail) {
        Some((Kind::Month { month, .. }, more)) => Some((
            Kind::Month {
                year: Some(year),
                month,
            },
            from + more,
        )),
        Some((Kind::Date { month, day, .. }, more)) => Some((
            Kind::Date {
                year: Some(year),
                month,
                day,
            },
            from + more,
        )),
        _ => Some((Kind::Year(year), at)),
    }
}

fn day(rest: &str) -> Option<(i8, usize)> {
    let (day, len) = integer(rest)?;
    rest.get(len..)?.strip_prefix('일')?;
    Some((small(day, 31)?, len + '일'.len_utf8()))
}

fn integer(rest: &str) -> Option<(u32, usize)> {
    let len = rest.bytes().take_while(u8::is_ascii_digit).count();
    (1..=4).contains(&len).then_some(())?;
    Some((rest.get(..len)?.parse().ok()?, len))
}

fn small(value: u32, most: i8) -> Option<i8> {
    i8::try_from(value)
        .ok()
        .filter(|value| (1..=most).contains(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_in_all_forms() {
        let date = |year, month, day| Some(Kind::Date { year, month, day });
        for (text, kind) in [
            ("2026-11-20에", date(Some(2026), 11, 20)),
            ("11/20 오전", date(None, 11, 20)),
            ("11월 3일부터", date(None, 11, 3)),
            ("2025년 3월 2일", date(Some(2025), 3, 2)),
            (
                "3월",
                Some(Kind::Month {
                    year: None,
                    month: 3,
                }),
            ),
            (
                "2025년 3월",
                Some(Kind::Month {
                    year: Some(2025),
                    month: 3,
                }),
            ),
            ("2025년", Some(Kind::Year(2025))),
            ("3분기", Some(Kind::Quarter(3))),
            ("13월", None),
            ("10일", None),
            ("10.0.0.1", None),
        ] {
            assert_eq!(read(text).map(|(kind, _)| kind), kind, "{text}");
        }
    }
}
