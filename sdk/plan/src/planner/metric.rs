//! Which figures a question is about.

use bongsu_sdk_model::Metric;

use super::{
    concept::{Concept, Cue, Noun},
    reading::Reading,
};
use crate::PlanWindow;

/// The metrics named, in order.
pub(super) fn named(reading: &Reading<'_>) -> Vec<Metric> {
    let mut metrics = Vec::new();
    for (k, token) in reading.tokens.iter().enumerate() {
        if let Some(Concept::Metric(metric)) = token.concept()
            && !metrics.contains(&metric)
            && !is_answer(reading, k)
        {
            metrics.push(metric);
        }
    }
    refine(reading, &mut metrics);
    metrics
}

/// "404 응답 목록": the answer to a request, not its time.
fn is_answer(reading: &Reading<'_>, k: usize) -> bool {
    let word = reading
        .get(k)
        .and_then(|token| reading.text.low.get(token.at..token.end));
    let beside_code = k
        .checked_sub(1)
        .and_then(|i| reading.get(i)?.quantity())
        .is_some_and(|q| (100.0..600.0).contains(&q.value));
    word == Some("응답")
        && (beside_code || reading.get(k + 1).and_then(super::token::Token::cue) == Some(Cue::List))
}

/// Words that turn one metric into another, or make one of a thing.
fn refine(reading: &Reading<'_>, metrics: &mut Vec<Metric>) {
    let replace = |metrics: &mut Vec<Metric>, from: Metric, to: Metric| {
        if let Some(metric) = metrics.iter_mut().find(|metric| **metric == from) {
            *metric = to;
        }
    };
    // "p95 of response time", "응답시간의 p95": one figure, told twice.
    let special = [Metric::LatencyP95, Metric::LatencyP99, Metric::LatencyMax];
    let explicit = reading.text.low.contains("평균")
        || reading.text.low.contains("average")
        || reading.text.low.contains("avg");
    if metrics.iter().any(|metric| special.contains(metric)) && !explicit {
        metrics.retain(|metric| *metric != Metric::LatencyAvg);
    }
    let sessions = reading.noun(Noun::Session)
        || metrics
            .iter()
            .any(|m| matches!(m, Metric::SessionsCreated | Metric::SessionsDestroyed));
    for (cue, metric) in [
        (Cue::Created, Metric::SessionsCreated),
        (Cue::Destroyed, Metric::SessionsDestroyed),
    ] {
        if reading.has(cue) && sessions && !metrics.contains(&metric) {
            metrics.push(metric);
        }
    }
    if reading.has(Cue::Duplicate) {
        replace(metrics, Metric::Logins, Metric::LoginsDuplicate);
    }
    if reading.has(Cue::Failed) && !metrics.contains(&Metric::LoginsFailed) {
        replace(metrics, Metric::Logins, Metric::LoginsFailed);
    }
    if reading.has(Cue::Failed) && reading.any(&[Cue::Count, Cue::HowMuch]) {
        replace(metrics, Metric::Requests, Metric::ErrorsCount);
    }
    if metrics.contains(&Metric::ErrorsRate) {
        // "failed requests as a rate": the count is the same thing told twice.
        let counted = reading
            .tokens
            .iter()
            .filter(|t| t.concept() == Some(Concept::Metric(Metric::ErrorsCount)))
            .count();
        let bare = counted == 1 && reading.has(Cue::Top);
        if bare {
            metrics.retain(|metric| *metric != Metric::ErrorsCount);
        }
    }
    // What failed is a condition on sessions, or told by the heap: "JVM heap memory".
    if metrics.contains(&Metric::JvmHeap) && !reading.text.low.contains("메모리 사용률과") {
        let apart = reading
            .tokens
            .iter()
            .any(|t| t.concept() == Some(Concept::Metric(Metric::Memory)));
        if !apart {
            metrics.retain(|metric| *metric != Metric::Memory);
        }
    }
}

/// The metric an adjective stands for: slow is latency, busy is load.
pub(super) fn implied(reading: &Reading<'_>) -> Option<Metric> {
    if reading.has(Cue::Slow) || reading.has(Cue::Fast) {
        return Some(if reading.noun(Noun::Sql) {
            Metric::DbLatency
        } else {
            Metric::LatencyAvg
        });
    }
    let low = &reading.text.low;
    let much = reading.any(&[Cue::Most, Cue::Top]) || low.contains("많이") || low.contains("인기");
    if reading.has(Cue::Used) && much {
        return Some(Metric::Requests);
    }
    reading
        .any(&[Cue::Busy, Cue::Quiet])
        .then_some(Metric::Load)
}

/// The metric that counts the thing asked for: "how many users", "알림이 몇 건".
pub(super) fn counted(reading: &Reading<'_>, window: Option<PlanWindow>) -> Option<Metric> {
    if !reading.any(&[Cue::Count, Cue::HowMuch]) {
        return None;
    }
    let ranged = matches!(window, Some(PlanWindow::Range { .. }));
    let failed = reading.has(Cue::Failed);
    let asked = reading
        .tokens
        .iter()
        .position(|token| matches!(token.cue(), Some(Cue::Count | Cue::HowMuch)))?;
    let mut near: Vec<(usize, Metric)> = reading
        .nouns()
        .filter(|(k, _)| !names(reading, *k))
        .filter_map(|(k, noun)| Some((k.abs_diff(asked), noun.counted()?)))
        .collect();
    near.sort_by_key(|(distance, _)| *distance);
    if near.is_empty() && reading.has(Cue::Connected) {
        return Some(Metric::UsersConcurrent);
    }
    near.first().map(|(_, metric)| match metric {
        Metric::UsersConcurrent if ranged => Metric::UsersDistinct,
        Metric::Requests if failed => Metric::ErrorsCount,
        metric => *metric,
    })
}

/// What is compared or drawn when no metric is named but a thing that can be counted is.
pub(super) fn of_thing(reading: &Reading<'_>) -> Option<Metric> {
    reading
        .nouns()
        .filter(|(k, _)| !names(reading, *k))
        .find_map(|(_, noun)| noun.counted())
}

/// Whether a noun only tells what the name beside it is: "사용자 kim-star".
fn names(reading: &Reading<'_>, k: usize) -> bool {
    use super::token::Kind;
    reading
        .get(k + 1)
        .is_some_and(|token| matches!(token.kind, Kind::Ident(_) | Kind::Quoted(_)))
}

/// What an overview shows when no metric is named.
pub(super) const OVERVIEW: &[Metric] = &[
    Metric::UsersConcurrent,
    Metric::Requests,
    Metric::LatencyAvg,
    Metric::ErrorsRate,
    Metric::Load,
];
