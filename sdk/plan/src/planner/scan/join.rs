//! Neighbours that say one thing together: both ends of a range, a month with its day.

use super::super::{
    concept::{Concept, Cue, Time},
    token::{Clock, Half, Kind, Quantity, Token, Unit, whole},
};

/// Gives the first end of a range the unit of the second: "9~10시", "3-5pm", "between 9 and 10".
pub(super) fn share_units(tokens: &mut [Token]) {
    for i in 0..tokens.len() {
        let bare = |k: usize| {
            tokens
                .get(k)
                .and_then(Token::quantity)
                .filter(|quantity| quantity.unit == Unit::None)
        };
        let Some(first) = bare(i) else { continue };
        if !tokens.get(i + 1).is_some_and(joins) {
            continue;
        }
        let opened = i.checked_sub(1).and_then(|k| tokens.get(k)?.time());
        let opened = matches!(opened, Some(Time::Between | Time::From | Time::Since));
        let ends = hour(first)
            .zip(bare(i + 2).and_then(hour))
            .filter(|_| opened);
        if let Some((from, to)) = ends {
            set(tokens, i, Kind::Clock(from));
            set(tokens, i + 2, Kind::Clock(to));
        } else if let Some(kind) = tokens
            .get(i + 2)
            .and_then(|second| like(first, &second.kind))
        {
            set(tokens, i, kind);
        }
    }
}

/// What stands between two ends.
const fn joins(token: &Token) -> bool {
    matches!(
        token.kind,
        Kind::Tilde
            | Kind::Word(Concept::Time(Time::Until | Time::From) | Concept::Cue(Cue::Follow))
    )
}

/// A plain number in the unit of the second end.
fn like(first: Quantity, second: &Kind) -> Option<Kind> {
    match second {
        Kind::Clock(clock) => {
            let from = hour(first)?;
            // "9 to 5 pm" begins in the morning.
            let half = clock
                .half
                .filter(|half| *half == Half::Am || from.hour <= clock.hour);
            Some(Kind::Clock(Clock { half, ..from }))
        }
        Kind::Quantity(second) if second.unit != Unit::None => Some(Kind::Quantity(Quantity {
            value: first.value,
            unit: second.unit,
        })),
        _ => None,
    }
}

/// A plain number as an hour of the day.
fn hour(quantity: Quantity) -> Option<Clock> {
    let whole = whole(quantity.value).filter(|_| quantity.value.fract() == 0.0)?;
    let hour = i8::try_from(whole)
        .ok()
        .filter(|hour| (0..=24).contains(hour))?;
    Some(Clock {
        hour,
        minute: 0,
        exact: false,
        half: None,
    })
}

/// "November 10", "10 November 2025", "November": dates and months by name.
pub(super) fn month_names(tokens: &mut [Token]) {
    for i in 0..tokens.len() {
        let Some(Time::MonthName(month)) = tokens.get(i).and_then(Token::time) else {
            continue;
        };
        let day = |value: &i16| (1..=31).contains(value);
        let year = |value: &i16| (1_970..=2_200).contains(value);
        let before = i.checked_sub(1).and_then(|k| number(tokens, k)).filter(day);
        let after = number(tokens, i + 1);
        let day = before
            .or(after.filter(day))
            .and_then(|day| i8::try_from(day).ok());
        let far = number(tokens, i + 2).filter(|value| day.is_some() && year(value));
        let year = after.filter(year).or(far);
        let kind = match day {
            Some(day) => Kind::Date { year, month, day },
            None => Kind::Month { year, month },
        };
        if before.is_some() {
            set(tokens, i - 1, Kind::Word(Concept::Filler));
        }
        if after.is_some() && (before.is_none() || year.is_some()) {
            set(tokens, i + 1, Kind::Word(Concept::Filler));
        }
        set(tokens, i, kind);
    }
}

fn number(tokens: &[Token], k: usize) -> Option<i16> {
    let quantity = tokens
        .get(k)
        .and_then(Token::quantity)
        .filter(|quantity| quantity.unit == Unit::None)?;
    quantity
        .count()
        .filter(|_| quantity.value.fract() == 0.0)
        .and_then(|value| i16::try_from(value).ok())
}

fn set(tokens: &mut [Token], k: usize, kind: Kind) {
    if let Some(token) = tokens.get_mut(k) {
        token.kind = kind;
    }
}
