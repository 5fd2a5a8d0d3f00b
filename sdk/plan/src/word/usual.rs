//! Sentences about what is usual, and about weekdays against weekends.

use bongsu_sdk_model::Unit;

use super::{en, figure, interval, josa, ko, number};
use crate::{Fact, Lang};

/// A figure against what is usual.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Against {
    pub(crate) place: String,
    pub(crate) now: Fact,
    pub(crate) usual: Fact,
    /// Edges of the usual band.
    pub(crate) band: [f64; 2],
    /// Whether the figure is within it.
    pub(crate) inside: bool,
    pub(crate) difference: Fact,
    pub(crate) change: Option<Fact>,
}

/// Weekdays against weekends, each the mean of days.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Week {
    pub(crate) place: String,
    pub(crate) weekday: Fact,
    pub(crate) weekend: Fact,
    pub(crate) difference: Fact,
    pub(crate) change: Option<Fact>,
}

/// `107 ms [f3](52.2% [f4])`, points of per cent as `p`.
fn amount(difference: &Fact, change: Option<&Fact>, lang: Lang) -> String {
    let points = if difference.unit == Unit::Percent {
        lang.pick("p", " points")
    } else {
        ""
    };
    let size = lang.pick(number::size(difference, Lang::Ko), number::bare(difference));
    let share = change.map(|change| {
        let space = lang.pick("", " ");
        format!("{space}({} [{}])", number::size(change, lang), change.id)
    });
    format!(
        "{size}{points} [{}]{}",
        difference.id,
        share.unwrap_or_default()
    )
}

/// A band in the fact's unit: `180.0 ms~230.0 ms`.
pub(super) fn band(fact: &Fact, [low, high]: [f64; 2], lang: Lang) -> String {
    let edge = |value: f64| {
        let fact = Fact {
            value,
            error_pct_95: None,
            ..fact.clone()
        };
        figure(&fact, lang)
    };
    format!("{}{}{}", edge(low), lang.pick("~", " to "), edge(high))
}

pub(super) fn against_ko(against: &Against) -> String {
    let Against {
        place,
        now,
        usual,
        inside,
        difference,
        change,
        ..
    } = against;
    let now = ko::figure_of(place, now);
    let level = format!(
        "{}(범위 {}) [{}]",
        figure(usual, Lang::Ko),
        band(usual, against.band, Lang::Ko),
        usual.id
    );
    if difference.value == 0.0 {
        return format!("{now} 평소 수준 {level}과 같습니다.");
    }
    let way = match (difference.value > 0.0, inside) {
        (true, true) => "높지만, 평소 범위 안입니다.",
        (false, true) => "낮지만, 평소 범위 안입니다.",
        (true, false) => "높아 평소 범위를 벗어났습니다.",
        (false, false) => "낮아 평소 범위를 벗어났습니다.",
    };
    let amount = amount(difference, change.as_ref(), Lang::Ko);
    format!("{now} 평소 수준 {level}보다 {amount} {way}")
}

pub(super) fn against_en(against: &Against) -> String {
    let Against {
        place,
        now,
        usual,
        inside,
        difference,
        change,
        ..
    } = against;
    let now = en::figure_of(place, now);
    let level = format!(
        "the usual {} (band {}) [{}]",
        figure(usual, Lang::En),
        band(usual, against.band, Lang::En),
        usual.id
    );
    if difference.value == 0.0 {
        return format!("{now} That equals {level}.");
    }
    let way = lower_or_higher(difference);
    let verdict = if *inside {
        "and within the usual band"
    } else {
        "and outside the usual band"
    };
    let amount = amount(difference, change.as_ref(), Lang::En);
    format!("{now} That is {amount} {way} than {level}, {verdict}.")
}

pub(super) fn week_ko(week: &Week) -> String {
    let subject = josa::with(
        &format!("{} {}의 하루 평균", week.place, ko::named(&week.weekday)),
        "은",
        "는",
    );
    let figures = format!(
        "{} 동안 {subject} 평일 {}, 주말 {}입니다.",
        interval(&week.weekday.window),
        ko::marked(&week.weekday),
        ko::marked(&week.weekend)
    );
    if week.difference.value == 0.0 {
        return format!("{figures} 평일과 주말이 같습니다.");
    }
    let amount = amount(&week.difference, week.change.as_ref(), Lang::Ko);
    let way = if week.difference.value > 0.0 {
        "높습니다."
    } else {
        "낮습니다."
    };
    format!("{figures} 평일이 주말보다 {amount} {way}")
}

pub(super) fn week_en(week: &Week) -> String {
    let figures = format!(
        "{}, {}: {} of a day is {} on weekdays and {} on weekends on average.",
        week.place,
        interval(&week.weekday.window),
        en::named(&week.weekday),
        en::marked(&week.weekday),
        en::marked(&week.weekend)
    );
    if week.difference.value == 0.0 {
        return format!("{figures} Weekdays and weekends are equal.");
    }
    let amount = amount(&week.difference, week.change.as_ref(), Lang::En);
    let way = lower_or_higher(&week.difference);
    format!("{figures} Weekdays are {amount} {way}.")
}

fn lower_or_higher(difference: &Fact) -> &'static str {
    if difference.value > 0.0 {
        "higher"
    } else {
        "lower"
    }
}
