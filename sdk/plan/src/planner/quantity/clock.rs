//! Times of day: `9시 반`, `오후 3시 30분`, `15:00`, `3 pm`.

use super::{
    super::token::{Clock, Half},
    plain, starts_word,
};

/// The rest of a time of day behind its hour: `시 30분`, `:30`, `am`, `o'clock`.
pub(super) fn clock(value: f64, rest: &str) -> Option<(Clock, usize)> {
    if value.fract() != 0.0 || !(0.0..=24.0).contains(&value) {
        return None;
    }
    let hour = super::super::token::whole(value).and_then(|hour| i8::try_from(hour).ok())?;
    let mut clock = Clock {
        hour,
        minute: 0,
        exact: false,
        half: None,
    };
    let mut len = 0;
    let trimmed = rest.trim_start();
    if let Some(tail) = rest.strip_prefix(':') {
        let minute = tail
            .get(..2)
            .filter(|m| m.bytes().all(|b| b.is_ascii_digit()))?;
        clock.minute = minute.parse().ok().filter(|minute| *minute < 60)?;
        clock.exact = true;
        len = 3;
        let seconds = rest
            .get(len..)
            .and_then(|tail| tail.strip_prefix(':'))
            .and_then(|tail| tail.get(..2));
        if seconds.is_some_and(|s| s.bytes().all(|b| b.is_ascii_digit())) {
            len += 3;
        }
    } else if trimmed.strip_prefix('시').is_some_and(hour_ends) {
        len = rest.len() - trimmed.len() + '시'.len_utf8();
        let tail = rest.get(len..)?;
        if half_behind(tail) {
            clock.minute = 30;
            len += tail.find('반').map_or(0, |at| at + '반'.len_utf8());
        } else if let Some((minute, more)) = minutes_behind(tail) {
            clock.minute = minute;
            len += more;
        }
        return Some((clock, len));
    } else if let Some(more) = oclock(rest) {
        len = more;
    }
    let tail = rest.get(len..)?;
    let blank = tail.len() - tail.trim_start().len();
    for (name, half) in [
        ("a.m.", Half::Am),
        ("p.m.", Half::Pm),
        ("am", Half::Am),
        ("pm", Half::Pm),
    ] {
        if starts_word(tail.trim_start(), name) {
            clock.half = Some(half);
            return Some((clock, len + blank + name.len()));
        }
    }
    (len > 0).then_some((clock, len))
}

/// Whether the word ends behind 시, or a half or the minutes follow: "3시반", "3시30분".
pub(super) fn hour_ends(rest: &str) -> bool {
    super::super::josa::ends_word(rest) && !rest.starts_with('간')
        || rest.starts_with('반')
        || rest.starts_with(|c: char| c.is_ascii_digit())
}

fn oclock(rest: &str) -> Option<usize> {
    let trimmed = rest.trim_start();
    trimmed
        .starts_with("o'clock")
        .then(|| rest.len() - trimmed.len() + "o'clock".len())
}

pub(super) fn half_behind(rest: &str) -> bool {
    let tail = rest.trim_start();
    tail.strip_prefix('반')
        .is_some_and(super::super::josa::ends_word)
}

fn minutes_behind(rest: &str) -> Option<(i8, usize)> {
    let trimmed = rest.trim_start();
    let (value, len) = plain(trimmed)?;
    let tail = trimmed.get(len..)?;
    let blank = tail.len() - tail.trim_start().len();
    let behind = tail.trim_start().strip_prefix('분')?;
    // "9시 10분간" is ten minutes from nine on.
    if value >= 60.0
        || value.fract() != 0.0
        || behind.starts_with('간')
        || behind.trim_start().starts_with("동안")
    {
        return None;
    }
    let minute = super::super::token::whole(value).and_then(|minute| i8::try_from(minute).ok())?;
    Some((
        minute,
        rest.len() - trimmed.len() + len + blank + '분'.len_utf8(),
    ))
}
