//! Korean sentences.

use bongsu_sdk_model::{Metric, Unit};

use super::{
    Sentence, baseline_label, figure, interval, josa, metric_label, number, op_label, slot_label,
    split_title,
};
use crate::{Agg, Dimension, Fact, Lang, Reason};

const LANG: Lang = Lang::Ko;

pub(super) fn say(sentence: &Sentence) -> String {
    match sentence {
        Sentence::Figure { place, fact } => {
            let subject = josa::with(&format!("{place} {}", named(fact)), "은", "는");
            format!(
                "{} 기준 {subject} {} [{}]입니다.",
                interval(&fact.window),
                figure(fact, LANG),
                fact.id
            )
        }
        Sentence::NoData { place, metric } => {
            format!(
                "{place} {} 자료가 이 시간에 없습니다.",
                metric_label(*metric, LANG)
            )
        }
        Sentence::NothingHeard => "이 시간에 들어온 자료가 없습니다.".to_owned(),
        Sentence::NoneFulfils => "조건에 맞는 곳이 없습니다.".to_owned(),
        Sentence::RestInTable => "나머지는 표에 있습니다.".to_owned(),
        Sentence::Compared { .. } | Sentence::NoBaseline { .. } => compared(sentence),
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
                .map(|(place, fact)| format!("{place} {} [{}]", figure(fact, LANG), fact.id))
                .collect();
            format!("다음은 {} 순입니다.", names.join(", "))
        }
        Sentence::Mean { fact, .. } => {
            format!(
                "집계된 곳의 평균은 {} [{}]입니다.",
                figure(fact, LANG),
                fact.id
            )
        }
        Sentence::Extreme {
            place,
            fact,
            highest,
        } => {
            let subject = josa::with(
                &format!("{place} {}", metric_label(fact.metric, LANG)),
                "은",
                "는",
            );
            let which = if *highest {
                "가장 높았고"
            } else {
                "가장 낮았고"
            };
            format!(
                "{subject} {}에 {which} {} [{}]입니다.",
                interval(&fact.window),
                figure(fact, LANG),
                fact.id
            )
        }
        Sentence::Clarify(slots) => slots
            .iter()
            .map(|slot| slot_label(*slot, LANG))
            .collect::<Vec<_>>()
            .join(" "),
        Sentence::Refuse(reason) => refuse(*reason).to_owned(),
        Sentence::Unsupported { op, part: None } => format!(
            "질문은 이해했지만 {} 기능은 여기에서 아직 쓸 수 없습니다. 이해한 내용은 계획에 있습니다.",
            op_label(*op, LANG)
        ),
        Sentence::Unsupported {
            op,
            part: Some(part),
        } => format!(
            "질문은 이해했지만 {} 기능은 이 조건({part})으로는 여기에서 아직 쓸 수 없습니다.",
            op_label(*op, LANG)
        ),
        Sentence::NotHeld(what) => format!("여기에는 {what} 자료가 없습니다."),
        Sentence::Failed => "자료를 읽지 못해 답할 수 없습니다.".to_owned(),
    }
}

/// The metric with which figure of the window it is.
fn named(fact: &Fact) -> String {
    let which = match fact.agg {
        Some(Agg::Max) if fact.metric != Metric::LatencyMax => "최고 ",
        Some(Agg::Min) => "최저 ",
        Some(Agg::Avg) if fact.metric != Metric::LatencyAvg => "평균 ",
        _ => "",
    };
    format!("{which}{}", metric_label(fact.metric, LANG))
}

fn compared(sentence: &Sentence) -> String {
    match sentence {
        Sentence::Compared {
            place,
            now,
            base,
            difference,
            change,
            kind,
            within_error,
        } => {
            let subject = josa::with(&format!("{place} {}", named(now)), "은", "는");
            let now_part = format!(
                "{} 기준 {subject} {} [{}]입니다.",
                interval(&now.window),
                figure(now, LANG),
                now.id
            );
            let base_part = format!(
                "{}({})의 {} [{}]",
                baseline_label(*kind, LANG),
                interval(&base.window),
                figure(base, LANG),
                base.id
            );
            let amount = if difference.unit == Unit::Percent {
                format!("{}p", number::size(difference, LANG))
            } else {
                number::size(difference, LANG)
            };
            let share = change
                .as_ref()
                .map(|change| format!("({} [{}])", number::size(change, LANG), change.id))
                .unwrap_or_default();
            let tail = match (difference.value, within_error) {
                (0.0, _) => return format!("{now_part} {base_part}과 같습니다."),
                (more, false) if more > 0.0 => "높습니다.",
                (_, false) => "낮습니다.",
                (more, true) if more > 0.0 => "높지만, 오차 범위 안의 차이입니다.",
                (_, true) => "낮지만, 오차 범위 안의 차이입니다.",
            };
            format!(
                "{now_part} {base_part}보다 {amount} [{}]{share} {tail}",
                difference.id
            )
        }
        Sentence::NoBaseline { place, now, kind } => {
            let subject = josa::with(&format!("{place} {}", named(now)), "은", "는");
            format!(
                "{} 기준 {subject} {} [{}]입니다. {} 자료가 없어 비교할 수 없습니다.",
                interval(&now.window),
                figure(now, LANG),
                now.id,
                baseline_label(*kind, LANG)
            )
        }
        _ => String::new(),
    }
}

fn best(place: &str, fact: &Fact, dimension: Option<Dimension>, desc: bool) -> String {
    let metric = josa::with(&named(fact), "이", "가");
    let how = if desc {
        "가장 높은"
    } else {
        "가장 낮은"
    };
    let what = josa::with(split_title(dimension, LANG), "은", "는");
    let window = interval(&fact.window);
    format!(
        "{window} 기준 {metric} {how} {what} {place}, {} [{}]입니다.",
        figure(fact, LANG),
        fact.id
    )
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
