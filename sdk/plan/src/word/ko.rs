//! Korean sentences.

use bongsu_sdk_model::{Metric, Unit};

use super::{
    Compared, Sentence, ahead, baseline_label, figure, interval, josa, metric_label, number, odd,
    op_label, slot_label, split_title, usual,
};
use crate::{Agg, BaselineKind, Dimension, Fact, Lang, Op, Reason};

const LANG: Lang = Lang::Ko;

pub(super) fn say(sentence: &Sentence) -> String {
    match sentence {
        Sentence::Figure { place, fact } => figure_of(place, fact),
        Sentence::NoData { place, metric } => {
            format!(
                "{place} {} 자료가 이 시간에 없습니다.",
                metric_label(*metric, LANG)
            )
        }
        Sentence::NothingHeard => "이 시간에 들어온 자료가 없습니다.".to_owned(),
        Sentence::NoneFulfils => "조건에 맞는 곳이 없습니다.".to_owned(),
        Sentence::RestInTable => "나머지는 표에 있습니다.".to_owned(),
        Sentence::Compared(compared) => compare(compared),
        Sentence::NoBaseline { place, now, kind } => no_baseline(place, now, *kind),
        Sentence::Usual(against) => usual::against_ko(against),
        Sentence::Week(week) => usual::week_ko(week),
        Sentence::NoWholeDays => {
            "이 기간에는 온전한 평일이나 온전한 주말 하루가 없어 비교할 수 없습니다.".to_owned()
        }
        Sentence::Forecast(forecast) => ahead::forecast_ko(forecast),
        Sentence::TooLittleHistory { place, metric } => ahead::too_little_ko(place, *metric),
        Sentence::Odd(odd) => odd::odd_ko(odd),
        Sentence::NothingOdd { place, metrics } => odd::nothing_ko(place, metrics),
        Sentence::TooLittleToCompare => {
            "지난 자료가 짧아 무엇이 이상한지 아직 말할 수 없습니다.".to_owned()
        }
        Sentence::ModesDiffer { place, metric } => format!(
            "{place} {} 두 기간의 사용자 구분 방식이 달라 비교하지 않았습니다.",
            josa::with(metric_label(*metric, LANG), "은", "는")
        ),
        Sentence::Best {
            place,
            fact,
            dimension,
            desc,
        } => best(place, fact, *dimension, *desc),
        Sentence::Next(next) => {
            let names: Vec<String> = next
                .iter()
                .map(|(place, fact)| format!("{place} {}", marked(fact)))
                .collect();
            format!("다음은 {} 순입니다.", names.join(", "))
        }
        Sentence::Mean(fact) => format!("집계된 곳의 평균은 {}입니다.", marked(fact)),
        Sentence::Extreme {
            place,
            fact,
            highest,
        } => extreme(place, fact, *highest),
        Sentence::Clarify(slots) => slots
            .iter()
            .map(|slot| slot_label(*slot, LANG))
            .collect::<Vec<_>>()
            .join(" "),
        Sentence::Refuse(reason) => refuse(*reason).to_owned(),
        Sentence::Unsupported { op, part } => unsupported(*op, part.as_deref()),
        Sentence::NotHeld(what) => format!("여기에는 {what} 자료가 없습니다."),
        Sentence::Words(words) => words.clone(),
        Sentence::Failed => "자료를 읽지 못해 답할 수 없습니다.".to_owned(),
    }
}

/// The figure with its mark.
pub(super) fn marked(fact: &Fact) -> String {
    format!("{} [{}]", figure(fact, LANG), fact.id)
}

/// The metric with which figure of the window it is.
pub(super) fn named(fact: &Fact) -> String {
    let which = match fact.agg {
        Some(Agg::Max) if fact.metric != Metric::LatencyMax => "최고 ",
        Some(Agg::Min) => "최저 ",
        Some(Agg::Avg) if fact.metric != Metric::LatencyAvg => "평균 ",
        _ => "",
    };
    format!("{which}{}", metric_label(fact.metric, LANG))
}

pub(super) fn figure_of(place: &str, fact: &Fact) -> String {
    let subject = josa::with(&format!("{place} {}", named(fact)), "은", "는");
    format!(
        "{} 기준 {subject} {}입니다.",
        interval(&fact.window),
        marked(fact)
    )
}

fn extreme(place: &str, fact: &Fact, highest: bool) -> String {
    let subject = josa::with(
        &format!("{place} {}", metric_label(fact.metric, LANG)),
        "은",
        "는",
    );
    let which = if highest {
        "가장 높았고"
    } else {
        "가장 낮았고"
    };
    format!(
        "{subject} {}에 {which} {}입니다.",
        interval(&fact.window),
        marked(fact)
    )
}

fn compare(compared: &Compared) -> String {
    let Compared {
        place,
        now,
        base,
        difference,
        change,
        kind,
        within_error,
    } = compared;
    let now = figure_of(place, now);
    let base = format!(
        "{}({})의 {}",
        baseline_label(*kind, LANG),
        interval(&base.window),
        marked(base)
    );
    if difference.value == 0.0 {
        return format!("{now} {base}과 같습니다.");
    }
    let points = if difference.unit == Unit::Percent {
        "p"
    } else {
        ""
    };
    let amount = format!(
        "{}{points} [{}]",
        number::size(difference, LANG),
        difference.id
    );
    let share = change
        .as_ref()
        .map(|change| format!("({} [{}])", number::size(change, LANG), change.id));
    let way = match (difference.value > 0.0, within_error) {
        (true, false) => "높습니다.",
        (false, false) => "낮습니다.",
        (true, true) => "높지만, 오차 범위 안의 차이입니다.",
        (false, true) => "낮지만, 오차 범위 안의 차이입니다.",
    };
    format!(
        "{now} {base}보다 {amount}{} {way}",
        share.unwrap_or_default()
    )
}

fn no_baseline(place: &str, now: &Fact, kind: BaselineKind) -> String {
    format!(
        "{} {} 자료가 없어 비교할 수 없습니다.",
        figure_of(place, now),
        baseline_label(kind, LANG)
    )
}

fn best(place: &str, fact: &Fact, dimension: Option<Dimension>, desc: bool) -> String {
    let metric = josa::with(&named(fact), "이", "가");
    let how = if desc {
        "가장 높은"
    } else {
        "가장 낮은"
    };
    let what = josa::with(split_title(dimension, LANG), "은", "는");
    format!(
        "{} 기준 {metric} {how} {what} {place}, {}입니다.",
        interval(&fact.window),
        marked(fact)
    )
}

fn unsupported(op: Op, part: Option<&str>) -> String {
    let op = op_label(op, LANG);
    match part {
        None => format!(
            "질문은 이해했지만 {op} 기능은 여기에서 아직 쓸 수 없습니다. 이해한 내용은 계획에 있습니다."
        ),
        Some(part) => {
            format!(
                "질문은 이해했지만 {op} 기능은 이 조건({part})으로는 여기에서 아직 쓸 수 없습니다."
            )
        }
    }
}

const fn refuse(reason: Reason) -> &'static str {
    match reason {
        Reason::NotAllowed => {
            "그 조치는 할 수 없습니다. 세션 종료, 접근 차단, 제한, 확장, 롤백, 알림 규칙만 제안할 수 있습니다."
        }
        Reason::MixedQueryAndControl => {
            "조회와 제어를 한 문장으로 실행하지 않습니다. 먼저 조회한 뒤, 대상을 정해 조치를 따로 요청해 주세요."
        }
        Reason::TooBroad => {
            "대상이 너무 넓어 제안하지 않습니다. URL, 사용자, IP 대역을 좁혀 주세요."
        }
        Reason::OutOfDomain => "이 시스템이 관측하는 내용이 아니어서 답할 수 없습니다.",
    }
}
