//! `cargo xtask bench ask`: question → plan, and question → answer without a model over a synthetic fleet.
//!
//! The fleet is made from a fixed seed straight into a center's history: sites with four applications of two
//! instances each, 40 days. The last day is in five minutes with 50 URLs a site, the week before it in five
//! minutes, the rest in hours; a block of five minutes is put in as one minute's delta, which the center derives
//! from like any other. Nothing of the figures is compared with what was put in: that is what tests are for.
//!
//! `--quick` makes 25 sites, else 25, 100 and 250 are measured for the growth; `BONGSU_BENCH_SITES=25,100` says
//! which. The database lies in the target directory and is removed at the end.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::disallowed_methods,
    clippy::cast_precision_loss,
    reason = "a bench"
)]

#[path = "ask/fleet.rs"]
mod fleet;

use std::{sync::Arc, time::Instant};

use bongsu_center_ask::Ask;
use bongsu_center_history::History;
use bongsu_sdk_model::AppId;
use bongsu_sdk_plan::{Lang, Planner, Vocabulary};
use jiff::tz::TimeZone;
use serde_json::json;

#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

/// A question of each operation, and what its 95th percentile may take, ms.
const QUESTIONS: &[(&str, &str, f64)] = &[
    ("value", "현재 전국 동시접속자 수는?", 200.0),
    ("value_site", "site-7 어제 순방문자 수", 200.0),
    (
        "series",
        "24시간 동안 동시접속자 추이 그래프를 보여줘",
        200.0,
    ),
    ("series_30d", "최근 30일 동시접속자 추이", 200.0),
    (
        "compare",
        "어제 같은 시간대 동시접속자와 시스템 사용률 비교해줘",
        200.0,
    ),
    ("compare_usual", "지금 부하가 평소랑 다른가요?", 200.0),
    ("top", "전국 시스템 중 가장 부하가 높은 지역은?", 200.0),
    ("top_url", "느린 URL 상위 10개 보여줘", 200.0),
    ("peak", "오늘 동시접속자 피크 시간 알려줘", 200.0),
    (
        "correlate",
        "지난 1시간 동안 동시접속자와 CPU 사용률을 나란히 보여줘",
        200.0,
    ),
    ("list", "장시간 접속 사용자 목록을 보여줘", 200.0),
    ("forecast", "3시간 뒤 메모리가 90%를 넘을까?", 200.0),
    ("sizing", "서버 부하율 대비 증설이 필요한가?", 200.0),
    ("explain", "지금 무슨 일이 일어나고 있는가?", 1_000.0),
    ("explain_site", "site-7 왜 이렇게 느려", 1_000.0),
    ("report", "이번 주 성능 보고서를 작성해줘", 1_000.0),
];

fn main() {
    let is_quick = std::env::args().any(|word| word == "--quick");
    planner();
    let asked = std::env::var("BONGSU_BENCH_SITES").ok();
    let sizes: Vec<usize> = match asked {
        Some(list) => list
            .split(',')
            .filter_map(|n| n.trim().parse().ok())
            .collect(),
        None if is_quick => vec![25],
        None => vec![25, 100, 250],
    };
    let mut growth: Vec<(usize, Vec<f64>)> = Vec::new();
    for size in &sizes {
        growth.push((
            *size,
            measured(
                *size,
                if is_quick { 3 } else { 5 },
                *size == sizes[sizes.len() - 1],
            ),
        ));
    }
    if let (Some((least, first)), Some((most, last))) = (growth.first(), growth.last())
        && least < most
    {
        let ratio = (*most as f64 / *least as f64).ln();
        for (index, (name, ..)) in QUESTIONS.iter().enumerate() {
            let exponent = (last[index].max(0.01) / first[index].max(0.01)).ln() / ratio;
            print(
                &format!("growth_{name}_{least}_to_{most}"),
                exponent,
                "exponent",
                None,
                1,
            );
        }
    }
}

/// Question → plan over the questions above, many times.
fn planner() {
    let apps = fleet::APPS.map(|app| AppId::new(app).unwrap());
    let zone = TimeZone::get("Asia/Seoul").unwrap();
    let planner = Planner::new(Vocabulary::of(fleet::sites(250), apps), zone);
    let now = fleet::now();
    let mut took = Vec::new();
    for _ in 0..200 {
        for (_, question, _) in QUESTIONS {
            let start = Instant::now();
            std::hint::black_box(planner.plan(question, now));
            took.push(start.elapsed().as_secs_f64() * 1_000.0);
        }
    }
    print(
        "planner_p99",
        quantile(&mut took, 0.99),
        "ms",
        Some(5.0),
        200,
    );
}

/// The 95th percentile of each question over a fleet of `sites`.
fn measured(sites: usize, runs: usize, judged: bool) -> Vec<f64> {
    let place = std::env::var("CARGO_TARGET_TMPDIR")
        .unwrap_or_else(|_| env!("CARGO_TARGET_TMPDIR").to_owned());
    let folder = tempfile::tempdir_in(place).unwrap();
    let start = Instant::now();
    let history = Arc::new(History::open(folder.path()).unwrap());
    let blocks = fleet::fill(&history, sites);
    print(
        &format!("fill_{sites}"),
        start.elapsed().as_secs_f64(),
        "s",
        None,
        1,
    );
    print(&format!("blocks_{sites}"), blocks as f64, "blocks", None, 1);
    let names = fleet::names(sites);
    let zone = TimeZone::get("Asia/Seoul").unwrap();
    let ask = Ask::new(Arc::clone(&history), names, zone);
    let mut all = Vec::new();
    for (name, question, bar) in QUESTIONS {
        let mut took = Vec::new();
        for run in 0..=runs {
            let start = Instant::now();
            let answer = ask.question(question, Some(Lang::Ko), fleet::now());
            let ms = start.elapsed().as_secs_f64() * 1_000.0;
            assert!(!answer.text.is_empty());
            if run == 0 {
                eprintln!(
                    "{sites} {name}: {ms:.0} ms  {}",
                    answer.text.chars().take(160).collect::<String>()
                );
                // One that takes seconds is not asked six times.
                if ms > 5_000.0 {
                    took.push(ms);
                    break;
                }
            } else {
                took.push(ms);
            }
        }
        let p95 = quantile(&mut took, 0.95);
        print(
            &format!("{name}_{sites}"),
            p95,
            "ms p95",
            judged.then_some(*bar),
            took.len(),
        );
        all.push(p95);
    }
    print(
        &format!("center_memory_{sites}"),
        memory_mb(),
        "MB",
        judged.then_some(1_500.0),
        1,
    );
    all
}

fn memory_mb() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmRSS"));
    let kb = line.and_then(|line| line.split_whitespace().nth(1)?.parse::<f64>().ok());
    kb.unwrap_or(0.0) / 1_024.0
}

fn quantile(values: &mut [f64], q: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "an index"
    )]
    let index = ((values.len() as f64 * q).ceil() as usize).clamp(1, values.len());
    values[index - 1]
}

fn print(figure: &str, value: f64, unit: &str, at_most: Option<f64>, runs: usize) {
    let value = (value * 100.0).round() / 100.0;
    println!(
        "{}",
        json!({
            "bench": "ask", "figure": figure, "value": value, "unit": unit, "peer": null, "runs": runs,
            "bar": at_most.map(|bar| format!("<= {bar:?}")), "ok": at_most.map(|bar| value <= bar),
        })
    );
}
