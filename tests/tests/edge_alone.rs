//! An edge needs no center: alone, or with one that can't be reached, it collects, keeps sessions and answers.

#![expect(
    clippy::indexing_slicing,
    reason = "JSON gives null where there is nothing"
)]

use std::{fs::File, io::Write as _};

use anyhow::{Result, ensure};
use bongsu_tests::{
    Authority, Edge, MINUTE_MS, Visit, fact, free_port, range, this_minute_ms, until,
};
use serde_json::{Value, json};

const LOG: &str =
    "[[collect.logs]]\npath = \"{folder}/access.log\"\napp = \"web\"\nfrom = \"start\"\n";
const FROM_SPANS: i64 = 30;
const PEOPLE: i64 = 10;
const FROM_LOG: i64 = 5;

#[test]
fn an_edge_without_a_center_works() -> Result<()> {
    let edge = Edge::start("busan", LOG)?;
    ensure!(edge.health()?["center"].is_null(), "{}", edge.health()?);
    works(&edge)?;
    let page = edge.web().get("/", None)?.text;
    ensure!(page.contains("센터 없이 독립 운영 중"), "{page}");
    Ok(())
}

#[test]
fn an_edge_whose_center_cannot_be_reached_works_and_says_so() -> Result<()> {
    let authority = Authority::new()?;
    let ship = authority.ship("busan", free_port()?)?;
    let edge = Edge::start("busan", &format!("{LOG}{ship}"))?;
    works(&edge)?;
    let center = until("the edge says why the center is not there", || {
        let health = edge.health()?;
        Ok((!health["center"]["last_error"].is_null()).then(|| health["center"].clone()))
    })?;
    ensure!(center["connected"] == false, "{center}");
    let page = edge.web().get("/", None)?.text;
    ensure!(
        page.contains("센터 연결 끊김 · 이 사이트는 계속 동작합니다"),
        "{page}"
    );
    ensure!(edge.metric("bongsu_ship_connected")? == 0);
    until("what was counted waits for the center", || {
        Ok((edge.metric("bongsu_spool_batches")? > 0).then_some(()))
    })
}

/// Spans, a log file and a session go in; figures come out, everywhere the same.
fn works(edge: &Edge) -> Result<()> {
    let minute = this_minute_ms()?;
    let visits: Vec<Visit> = (0..FROM_SPANS)
        .map(|n| {
            Visit::of(
                &format!("person-{}", n % PEOPLE),
                minute - 4 * MINUTE_MS + n * 1_000,
            )
        })
        .collect();
    edge.export(&visits)?;
    write_log(edge, minute - 3 * MINUTE_MS)?;
    let mut sessions = edge.sessions()?;
    sessions.run(&["SET", "session:s-1", "kim", "EX", "600"])?;
    ensure!(sessions.run(&["GET", "session:s-1"])?.as_deref() == Some("kim"));

    let window = range(minute - 5 * MINUTE_MS, minute)?;
    let plan = json!({ "op": "value", "metrics": ["requests"], "window": window });
    let expected = (FROM_SPANS + FROM_LOG) as f64;
    until("spans and log lines are counted", || {
        Ok((fact(&edge.plan(&plan)?, "requests")? == expected).then_some(()))
    })?;
    let plan = json!({ "op": "value", "metrics": ["users.distinct"], "window": window });
    let answer = edge.plan(&plan)?;
    ensure!(
        fact(&answer, "users.distinct")?.round() == PEOPLE as f64,
        "{answer}"
    );
    ensure!(answer["facts"][0]["mode"] == "cookie", "{answer}");

    understands(edge, "최근 1시간 요청 수를 알려줘", "requests", expected)?;
    understands(
        edge,
        "How many requests were there in the last hour?",
        "requests",
        expected,
    )?;
    understands(edge, "현재 활성 세션 수를 알려줘", "sessions.active", 1.0)?;
    until("counters are shown", || {
        let spans = edge.metric("bongsu_collect_spans_total")?;
        let lines = edge.metric("bongsu_collect_log_lines_total")?;
        Ok((spans == FROM_SPANS as u64 && lines == FROM_LOG as u64).then_some(()))
    })?;
    ensure!(edge.metric("bongsu_sessions_active")? == 1);
    ensure!(edge.health()?["sessions"] == 1);
    let page = edge.web().get("/", None)?.text;
    for shown in ["봉수 부산", "<dt>활성 세션</dt><dd>1 ", "/list"] {
        ensure!(page.contains(shown), "no `{shown}` in {page}");
    }
    Ok(())
}

fn understands(edge: &Edge, question: &str, metric: &str, expected: f64) -> Result<()> {
    until(question, || {
        let answer: Value = edge.web().ask(&json!({ "question": question }))?;
        let found = fact(&answer, metric)?;
        ensure!(found == expected, "{answer}");
        Ok(Some(()))
    })
}

fn write_log(edge: &Edge, at_ms: i64) -> Result<()> {
    let at = jiff::Timestamp::from_millisecond(at_ms)?.strftime("%d/%b/%Y:%H:%M:%S +0000");
    let mut log = File::create(edge.folder().join("access.log"))?;
    for n in 0..FROM_LOG {
        writeln!(
            log,
            "198.51.100.{n} - - [{at}] \"GET /style.css HTTP/1.1\" 200 512 \"-\" \"test\""
        )?;
    }
    Ok(())
}
