//! Questions whose answers need the past: what is usual, weekdays against weekends, what is to come.
//!
//! Ten weeks of one site by the hour: 100 requests of 200 ms in an hour of a working day, 20 on Saturdays,
//! Sundays and holidays, and a last hour of 320 ms.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

#[path = "support/hours.rs"]
mod hours;

use bongsu_sdk_analysis::Desk;
use bongsu_sdk_model::SiteId;
use bongsu_sdk_plan::{Answer, EstimateKind, Lang, Plan, Vocabulary, ungrounded};
use jiff::tz::TimeZone;

use crate::hours::{Hours, at};

/// A Friday.
const NOW: &str = "2026-11-20T14:00:00+09:00";

fn ask(question: &str, hours: &Hours) -> Answer {
    let desk = Desk::new(
        Vocabulary::of([SiteId::new("busan").unwrap()], []),
        TimeZone::get("Asia/Seoul").unwrap(),
    );
    let answer = desk.answer(question, None, hours, at(NOW));
    assert_eq!(ungrounded(&answer.text, &answer), [], "{}", answer.text);
    answer
}

fn plan(json: &str, lang: Lang, hours: &Hours) -> Answer {
    let desk = Desk::new(
        Vocabulary::of([SiteId::new("busan").unwrap()], []),
        TimeZone::get("Asia/Seoul").unwrap(),
    );
    let answer = desk.execute(&Plan::from_json(json).unwrap(), hours, at(NOW), lang);
    assert_eq!(ungrounded(&answer.text, &answer), [], "{}", answer.text);
    answer
}

fn slow_hour() -> Hours {
    Hours::until(NOW, 70).with_latency(|hour, usual| if hour == 0 { 320.0 } else { usual })
}

#[test]
fn slower_than_usual_is_told_with_the_band_and_where_it_was_learnt() {
    let answer = ask("부산 응답시간이 평소보다 느린지 비교해줘", &slow_hour());
    let usual = answer.facts.get(1).unwrap();
    let estimate = usual.estimate.as_ref().unwrap();
    assert_eq!(
        (estimate.kind, estimate.samples),
        (EstimateKind::Usual, Some(6)),
        "eight Fridays, less Chuseok and Hangul Day"
    );
    assert!((usual.value - 200.0).abs() < 10.0, "{usual:?}");
    assert!(
        answer.text.contains("높아 평소 범위를 벗어났습니다"),
        "{}",
        answer.text
    );
    assert!(
        answer
            .caveats
            .iter()
            .any(|caveat| caveat.contains("같은 요일 같은 시간대 6일")),
        "{:?}",
        answer.caveats
    );
}

#[test]
fn an_ordinary_hour_is_within_the_usual_band() {
    let ordinary = Hours::until(NOW, 70);
    let answer = ask(
        "Is the response time in Busan higher than usual?",
        &ordinary,
    );
    assert!(
        answer.text.contains("within the usual band"),
        "{}",
        answer.text
    );
}

#[test]
fn without_any_past_there_is_nothing_usual() {
    let young = Hours::until(NOW, 0).with_last_hour();
    let answer = ask("부산 응답시간이 평소보다 느린지 비교해줘", &young);
    assert_eq!(answer.facts.len(), 1);
    assert!(
        answer
            .text
            .ends_with("평소 자료가 없어 비교할 수 없습니다."),
        "{}",
        answer.text
    );
}

#[test]
fn weekdays_are_compared_with_weekends_by_whole_days() {
    let answer = ask("평일과 주말의 요청 수를 비교해줘", &Hours::until(NOW, 70));
    let derived: Vec<_> = answer
        .facts
        .iter()
        .filter(|fact| fact.derived.is_some())
        .map(|fact| (fact.value, fact.derived.as_ref().unwrap().inputs.len()))
        .collect();
    // Whole days of the last four weeks: 19 weekdays of 2,400 requests, 8 weekend days of 480.
    assert_eq!(
        derived,
        [(2_400.0, 19), (480.0, 8), (1_920.0, 2), (400.0, 2)]
    );
    assert!(
        answer.text.contains("평일이 주말보다 1,920건"),
        "{}",
        answer.text
    );
    assert_eq!(answer.charts[0].series[0].points.len(), 24);
}

#[test]
fn a_holiday_on_a_weekday_is_neither() {
    let answer = plan(
        r#"{"op":"compare","metrics":["requests"],"baseline":{"kind":"weekday_vs_weekend"},
        "window":{"from":"2026-10-05T00:00:00+09:00","to":"2026-10-12T00:00:00+09:00"}}"#,
        Lang::En,
        &Hours::until(NOW, 70),
    );
    assert!(
        answer
            .caveats
            .iter()
            .any(|caveat| caveat.contains("2026-10-05, 2026-10-09")),
        "{:?}",
        answer.caveats
    );
    assert!(
        answer.text.contains("2,400 [f6] on weekdays"),
        "{}",
        answer.text
    );
}

#[test]
fn an_earlier_window_with_a_holiday_is_said_to_have_one() {
    let answer = plan(
        r#"{"op":"compare","metrics":["requests"],"baseline":{"kind":"same_weekday_last_week"},
        "window":{"from":"2026-10-16T00:00:00+09:00","to":"2026-10-17T00:00:00+09:00"}}"#,
        Lang::Ko,
        &Hours::until(NOW, 70),
    );
    assert!(
        answer
            .caveats
            .contains(&"비교하는 기간에 공휴일이 있습니다: 2026-10-09.".to_owned()),
        "{:?}",
        answer.caveats
    );
}

#[test]
fn the_same_period_last_year_without_data_is_said() {
    let answer = ask(
        "부산 요청 수를 작년 같은 기간과 비교해줘",
        &Hours::until(NOW, 70),
    );
    assert!(
        answer
            .text
            .ends_with("작년 같은 기간 자료가 없어 비교할 수 없습니다."),
        "{}",
        answer.text
    );
}

/// Memory that swings by 20 points over the day and rises by 2 an hour over the last fifteen.
fn filling(hour: i64) -> f64 {
    let swing = (hour as f64 / 24.0 * std::f64::consts::TAU).cos() * 10.0;
    50.0 + swing + (15 - hour).max(0) as f64 * 2.0 + (hour * 13 % 7) as f64 * 0.2
}

#[test]
fn crossing_a_threshold_is_told_as_a_probability_with_its_back_tests() {
    let hours = Hours::until(NOW, 42).with_memory(filling);
    let answer = ask("부산 메모리가 3시간 뒤 90%를 넘을 확률은?", &hours);
    let (ahead, probability) = (&answer.facts[0], &answer.facts[1]);
    let of = |fact: &bongsu_sdk_plan::Fact| fact.estimate.clone().unwrap();
    assert_eq!(of(ahead).kind, EstimateKind::Forecast);
    let [low, high] = of(ahead).band.unwrap();
    assert!(low < ahead.value && ahead.value < high && high <= 100.0);
    assert_eq!(of(probability).kind, EstimateKind::Probability);
    assert_eq!(of(probability).threshold, Some(90.0));
    assert!(of(probability).samples >= Some(20));
    assert!(
        answer.text.contains("90.0%를 넘을 확률은"),
        "{}",
        answer.text
    );
    assert!(
        answer
            .caveats
            .iter()
            .any(|caveat| caveat.contains("과거 151개 시점")),
        "{:?}",
        answer.caveats
    );
    assert_eq!(answer.charts[0].series.len(), 4);
}

#[test]
fn a_higher_threshold_is_less_likely_crossed() {
    let hours = Hours::until(NOW, 42).with_memory(filling);
    let chance = |level: u32| {
        let json = format!(
            r#"{{"op":"forecast","metrics":["memory"],"horizon":"3h","threshold":{level}}}"#
        );
        plan(&json, Lang::En, &hours).facts[1].value
    };
    let chances = [60, 92, 99].map(chance);
    assert!(
        chances[0] > 90.0 && chances[0] > chances[1] && chances[1] > chances[2],
        "{chances:?}"
    );
}

#[test]
fn a_forecast_without_a_threshold_has_no_probability() {
    let hours = Hours::until(NOW, 42).with_memory(filling);
    let answer = ask("3시간 뒤 메모리가 임계치를 넘을까?", &hours);
    assert_eq!(answer.facts.len(), 1);
    assert!(answer.text.ends_with("예상됩니다."), "{}", answer.text);
    assert!(
        answer
            .caveats
            .iter()
            .any(|caveat| caveat.contains("임계치를 말하면"))
    );
}

#[test]
fn a_young_site_is_not_forecast_and_the_reason_is_told() {
    let answer = ask("3시간 뒤 메모리가 임계치를 넘을까?", &Hours::until(NOW, 1));
    assert!(answer.facts.is_empty());
    assert!(
        answer.text.contains("예측할 수 없습니다"),
        "{}",
        answer.text
    );
    assert!(
        answer
            .caveats
            .iter()
            .any(|caveat| caveat.contains("20개가 필요합니다")),
        "{:?}",
        answer.caveats
    );
}

/// Response times that were far off for three hours, ten hours ago.
fn bad_morning(hour: i64, usual: f64) -> f64 {
    if (10..13).contains(&hour) {
        900.0
    } else {
        usual
    }
}

#[test]
fn what_stood_out_is_told_with_its_interval_and_what_was_expected() {
    let hours = Hours::until(NOW, 60).with_latency(bad_morning);
    let answer = ask("부산 응답시간에 특이사항 있었어?", &hours);
    assert_eq!(answer.plan.op, bongsu_sdk_plan::Op::Anomalies);
    let (expected, observed) = (&answer.facts[0], &answer.facts[1]);
    assert_eq!(
        expected.estimate.as_ref().unwrap().kind,
        EstimateKind::Expected
    );
    assert!((expected.value - 200.0).abs() < 10.0, "{expected:?}");
    assert!((observed.value - 900.0).abs() < 10.0, "{observed:?}");
    assert!(
        answer.text.starts_with("2026-11-20 01:00–04:00 (+09:00)"),
        "{}",
        answer.text
    );
    assert!(
        answer
            .caveats
            .iter()
            .any(|caveat| caveat.contains("하나당 평균"))
    );
}

#[test]
fn a_calm_day_has_nothing_that_stood_out() {
    let answer = ask(
        "What stood out in Busan's response time today?",
        &Hours::until(NOW, 60),
    );
    assert!(answer.facts.is_empty());
    assert!(answer.text.contains("nothing stood out"), "{}", answer.text);
}

#[test]
fn a_young_site_is_not_judged() {
    let json = r#"{"op":"anomalies","metrics":["latency.avg"]}"#;
    let answer = plan(json, Lang::Ko, &Hours::until(NOW, 2));
    assert!(
        answer.text.contains("아직 말할 수 없습니다"),
        "{}",
        answer.text
    );
}

/// The answers of the report: `cargo test -p bongsu-sdk-analysis --test answers_of_the_past -- --nocapture`.
#[test]
fn every_answer_says_what_it_rests_on() {
    let hours = Hours::until(NOW, 70)
        .with_latency(bad_morning)
        .with_memory(filling);
    for question in [
        "부산 응답시간이 평소보다 느린지 비교해줘",
        "평일과 주말의 요청 수를 비교해줘",
        "부산 메모리가 3시간 뒤 90%를 넘을 확률은?",
        "부산 응답시간에 특이사항 있었어?",
    ] {
        let answer = ask(question, &hours);
        println!("{question}\n  {}\n  {:?}", answer.text, answer.caveats);
        assert!(
            !answer.facts.is_empty() && !answer.caveats.is_empty(),
            "{question}"
        );
    }
}
