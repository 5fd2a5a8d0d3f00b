//! Sentences about what stood out.

use bongsu_sdk_model::Metric;

use super::{en, figure, interval, josa, ko, metric_label, usual::band};
use crate::{Fact, Lang, OddKind};

/// Something that stood out.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Odd {
    pub(crate) place: String,
    pub(crate) kind: OddKind,
    pub(crate) goes_on: bool,
    /// Edges of what was expected.
    pub(crate) band: [f64; 2],
    pub(crate) expected: Fact,
    /// The value farthest from it; none when none came.
    pub(crate) observed: Option<Fact>,
}

/// What a kind is called.
pub(crate) const fn odd_label(kind: OddKind, lang: Lang) -> &'static str {
    let (ko, en) = match kind {
        OddKind::Spike => ("튄 값", "spike"),
        OddKind::LevelShift => ("수준 변화", "level shift"),
        OddKind::Dropout => ("끊김", "dropout"),
        OddKind::Pattern => ("낯선 흐름", "unusual course"),
    };
    match lang {
        Lang::Ko => ko,
        Lang::En => en,
    }
}

pub(super) fn odd_ko(odd: &Odd) -> String {
    let subject = josa::with(
        &format!("{} {}", odd.place, ko::named(&odd.expected)),
        "이",
        "가",
    );
    let expected = format!(
        "{}(범위 {}) [{}]",
        figure(&odd.expected, Lang::Ko),
        band(&odd.expected, odd.band, Lang::Ko),
        odd.expected.id
    );
    let on = if odd.goes_on {
        " 아직 이어지고 있습니다."
    } else {
        ""
    };
    let when = interval(&odd.expected.window);
    let kind = odd_label(odd.kind, Lang::Ko);
    odd.observed.as_ref().map_or_else(
        || format!("{when} {subject} 들어오지 않았습니다({kind}). 예상은 {expected}입니다.{on}"),
        |observed| {
            format!(
                "{when} {subject} {}까지 벗어났습니다({kind}). 예상은 {expected}입니다.{on}",
                ko::marked(observed)
            )
        },
    )
}

pub(super) fn odd_en(odd: &Odd) -> String {
    let expected = format!(
        "{} (band {}) [{}]",
        figure(&odd.expected, Lang::En),
        band(&odd.expected, odd.band, Lang::En),
        odd.expected.id
    );
    let on = if odd.goes_on { " It goes on." } else { "" };
    let (place, what) = (&odd.place, en::named(&odd.expected));
    let when = interval(&odd.expected.window);
    let kind = odd_label(odd.kind, Lang::En);
    odd.observed.as_ref().map_or_else(
        || format!("{place}, {when}: no {what} came ({kind}); expected was {expected}.{on}"),
        |observed| {
            format!(
                "{place}, {when}: {what} went as far as {} ({kind}); expected was {expected}.{on}",
                en::marked(observed)
            )
        },
    )
}

fn labels(metrics: &[Metric], lang: Lang) -> String {
    let labels: Vec<&str> = metrics
        .iter()
        .map(|metric| metric_label(*metric, lang))
        .collect();
    labels.join(", ")
}

pub(super) fn nothing_ko(place: &str, metrics: &[Metric]) -> String {
    format!(
        "{place}: 이 기간에 눈에 띄는 이상이 없었습니다. 살핀 지표: {}.",
        labels(metrics, Lang::Ko)
    )
}

pub(super) fn nothing_en(place: &str, metrics: &[Metric]) -> String {
    format!(
        "{place}: nothing stood out in this window. Looked at: {}.",
        labels(metrics, Lang::En)
    )
}
