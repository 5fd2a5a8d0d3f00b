//! From requests at two sites to answers at the center: real edges, a real center, real TLS, and processes
//! that are killed on the way. Counts are exact, people are counted once.

#![expect(
    clippy::indexing_slicing,
    reason = "JSON gives null where there is nothing"
)]

use std::{fs::File, io::Write as _, path::Path, process::Command};

use anyhow::{Result, ensure};
use bongsu_tests::{
    Center, Edge, MINUTE_MS, Visit, binary, fact, facts, range, this_minute_ms, until,
};
use serde_json::{Value, json};

const LOG: &str =
    "[[collect.logs]]\npath = \"{folder}/access.log\"\napp = \"web\"\nfrom = \"start\"\n";

/// `requests` visits of as many people, numbered from `first`, spread over three minutes before `before`.
fn visits(first: i64, requests: i64, before: i64) -> Vec<Visit> {
    let step = 3 * MINUTE_MS / requests;
    let visit = |n| {
        Visit::of(
            &format!("person-{}", first + n),
            before - 3 * MINUTE_MS + n * step,
        )
    };
    (0..requests).map(visit).collect()
}

fn requests(center: &Center, window: &Value) -> Result<f64> {
    let plan = json!({ "op": "value", "metrics": ["requests"], "window": window });
    fact(&center.plan(&plan)?, "requests")
}

/// Waits for the exact count; more than that is a failure at once.
fn arrives(center: &Center, window: &Value, expected: i64) -> Result<()> {
    let found = until(&format!("{expected} requests are at the center"), || {
        let found = requests(center, window)?;
        ensure!(found >= expected as f64, "{found} so far");
        Ok(Some(found))
    })?;
    ensure!(
        found == expected as f64,
        "{found} requests instead of {expected}: counted twice"
    );
    Ok(())
}

/// Waits until nothing of the edge is under way.
fn delivered(edge: &Edge) -> Result<()> {
    until("everything is acknowledged", || {
        let health = edge.health()?;
        Ok((health["spool"]["waiting"] == 0).then_some(()))
    })
}

#[test]
fn two_sites_are_one_figure_and_each_person_is_counted_once() -> Result<()> {
    let center = Center::start(&["seoul", "busan"])?;
    let seoul = Edge::start("seoul", &format!("{LOG}{}", center.ship("seoul")?))?;
    let busan = Edge::start("busan", &center.ship("busan")?)?;
    let minute = this_minute_ms()?;
    let (now, earlier) = (minute, minute - 4 * MINUTE_MS);
    seoul.export(&visits(0, 40, now))?;
    busan.export(&visits(30, 30, now))?;
    seoul.export(&visits(0, 20, earlier))?;
    let at = jiff::Timestamp::from_millisecond(now - 1_000)?.strftime("%d/%b/%Y:%H:%M:%S +0000");
    let mut log = File::create(seoul.folder().join("access.log"))?;
    for n in 0..5 {
        writeln!(
            log,
            "198.51.100.{n} - - [{at}] \"GET /logo.png HTTP/1.1\" 304 0 \"-\" \"test\""
        )?;
    }
    drop(log);

    let window = range(now - 3 * MINUTE_MS, now)?;
    let before = range(earlier - 3 * MINUTE_MS, earlier)?;
    arrives(&center, &window, 75)?;
    arrives(&center, &before, 20)?;

    let users = json!({ "op": "value", "metrics": ["users.distinct"], "window": window });
    let answer = center.plan(&users)?;
    ensure!(
        fact(&answer, "users.distinct")?.round() == 60.0,
        "10 people were at both: {answer}"
    );
    ensure!(answer["facts"][0]["mode"] == "cookie", "{answer}");
    ensure!(
        answer["coverage"] == json!({"expected": 2, "heard": 2, "stale": []}),
        "{answer}"
    );

    let top = json!({
        "op": "top", "metrics": ["requests"], "window": window, "group_by": ["site"],
        "order": {"by": "requests", "desc": true},
    });
    let answer = center.plan(&top)?;
    let ranked = json!([["서울", 45.0], ["부산", 30.0]]);
    ensure!(answer["tables"][0]["rows"] == ranked, "{answer}");

    let compare = json!({
        "op": "compare", "metrics": ["requests"], "window": window,
        "baseline": {"kind": "range", "from": before["from"], "to": before["to"]},
    });
    let answer = center.plan(&compare)?;
    ensure!(facts(&answer, "requests") == [75.0, 20.0], "{answer}");
    for question in [
        "최근 1시간 전국 요청 수를 알려줘",
        "How many requests in the last hour?",
    ] {
        let answer = center.web().ask(&json!({ "question": question }))?;
        ensure!(fact(&answer, "requests")? == 95.0, "{question}: {answer}");
    }
    Ok(())
}

#[test]
fn killing_either_end_loses_nothing_acknowledged_and_counts_nothing_twice() -> Result<()> {
    let mut center = Center::start(&["seoul", "busan"])?;
    let mut seoul = Edge::start("seoul", &center.ship("seoul")?)?;
    let busan = Edge::start("busan", &center.ship("busan")?)?;
    let minute = this_minute_ms()?;
    let window = range(minute - 3 * MINUTE_MS, minute)?;
    let mut sent = 0;
    for round in 0..3 {
        // The edge is killed while it sends, the center while it receives.
        store(&seoul, &visits(round * 1_000, 300, minute))?;
        store(&busan, &visits(round * 1_000 + 500, 200, minute))?;
        sent += 500;
        seoul.kill()?;
        center.kill()?;
        seoul.restart()?;
        center.restart()?;
        arrives(&center, &window, sent)?;
    }
    for edge in [&seoul, &busan] {
        delivered(edge)?;
    }
    ensure!(
        requests(&center, &window)? == sent as f64,
        "counted twice in the end"
    );
    let users = json!({ "op": "value", "metrics": ["users.distinct"], "window": window });
    let answer = center.plan(&users)?;
    let found = &answer["facts"][0];
    let (value, band) = (found["value"].as_f64(), found["error_pct_95"].as_f64());
    let (value, band) = (value.unwrap_or(0.0), band.unwrap_or(0.0).max(0.1));
    ensure!(
        (value - sent as f64).abs() <= sent as f64 * band / 100.0 + 0.5,
        "{answer}"
    );
    Ok(())
}

#[test]
fn a_site_goes_on_without_the_center_and_its_backlog_arrives() -> Result<()> {
    let mut center = Center::start(&["seoul"])?;
    let mut edge = Edge::start("seoul", &center.ship("seoul")?)?;
    until("the edge is connected", || {
        Ok((edge.health()?["center"]["connected"] == true).then_some(()))
    })?;
    ensure!(center.stop()?.success());
    until("the edge misses the center", || {
        Ok((edge.health()?["center"]["connected"] == false).then_some(()))
    })?;

    let minute = this_minute_ms()?;
    let window = range(minute - 3 * MINUTE_MS, minute)?;
    let plan = json!({ "op": "value", "metrics": ["requests"], "window": window });
    store(&edge, &visits(0, 60, minute))?;
    ensure!(
        fact(&edge.plan(&plan)?, "requests")? == 60.0,
        "the site answers for itself"
    );
    // Both ways to end: what was stored survives a kill, and a stop stores the rest.
    edge.kill()?;
    edge.restart()?;
    edge.export(&visits(100, 40, minute))?;
    ensure!(edge.stop()?.success());
    edge.restart()?;
    ensure!(
        fact(&edge.plan(&plan)?, "requests")? == 100.0,
        "the site remembers"
    );

    center.restart()?;
    arrives(&center, &window, 100)?;
    delivered(&edge)?;
    ensure!(
        requests(&center, &window)? == 100.0,
        "counted twice in the end"
    );
    ensure!(
        fact(&edge.plan(&plan)?, "requests")? == 100.0,
        "both know the same"
    );
    Ok(())
}

/// `bongsu-edge join` with a token on its standard input; gives what it said if it failed.
fn enrol(center: &Center, token: &str, tls: &Path) -> Result<std::result::Result<(), String>> {
    let file = tls.with_extension("token");
    std::fs::write(&file, token)?;
    let output = Command::new(binary("bongsu-edge")?)
        .args(["join", "--center", &format!("127.0.0.1:{}", center.quic)])
        .arg("--token-file")
        .arg(&file)
        .arg("--dir")
        .arg(tls)
        .output()?;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    Ok(if output.status.success() {
        Ok(())
    } else {
        Err(said)
    })
}

#[test]
fn an_edge_enrols_with_a_token_once_and_is_shut_out_by_command() -> Result<()> {
    let center = Center::start(&["seoul", "busan"])?;
    let folder = tempfile::tempdir()?;
    let tls = folder.path().join("tls");
    let token = center.command(&["token", "create", "--site", "busan"])?;
    ensure!(center.command(&["token", "list"])?.contains("busan  good"));
    ensure!(enrol(&center, &token, &tls)?.is_ok());
    ensure!(center.command(&["token", "list"])?.is_empty());
    let stolen = enrol(&center, &token, &folder.path().join("stolen"))?;
    ensure!(
        stolen
            .as_ref()
            .is_err_and(|said| said.contains("has been used")),
        "{stolen:?}"
    );
    ensure!(
        center
            .command(&["token", "create", "--site", "nowhere"])
            .is_err()
    );

    let ship = format!(
        "[ship]\ncenter = \"127.0.0.1:{}\"\nca = \"{tls}/ca.pem\"\ncert = \"{tls}/edge.pem\"\n\
         backoff_max = \"500ms\"\n",
        center.quic,
        tls = tls.display()
    );
    let edge = Edge::start("busan", &ship)?;
    let minute = this_minute_ms()?;
    edge.export(&visits(0, 30, minute))?;
    arrives(&center, &range(minute - 3 * MINUTE_MS, minute)?, 30)?;

    center.command(&["site", "revoke", "--site", "busan"])?;
    until("the edge has lost its connection for good", || {
        let health = edge.health()?;
        let reason = health["center"]["last_error"].as_str().unwrap_or("");
        Ok((health["center"]["connected"] == false && reason.contains("revoked")).then_some(()))
    })?;
    ensure!(center.command(&["site", "revoked"])?.starts_with("busan"));
    center.command(&["site", "restore", "--site", "busan"])?;
    until("the edge is back", || {
        Ok((edge.health()?["center"]["connected"] == true).then_some(()))
    })
}

#[test]
fn guessing_at_one_site_is_a_finding_at_the_center_without_the_guessers_address() -> Result<()> {
    let center = Center::start(&["seoul", "busan"])?;
    let edge = Edge::start("busan", &center.ship("busan")?)?;
    let now = bongsu_tests::now_ms()?;
    let guesses: Vec<Visit> = (0..15)
        .map(|n| Visit::refused_login("198.51.100.66", now - 20_000 + n * 1_000))
        .collect();
    edge.export(&guesses)?;
    let overview = until("the finding is in the overview", || {
        let overview = center.web().get("/api/overview", None)?.json()?;
        let findings = overview["findings"].as_array();
        Ok(findings
            .is_some_and(|findings| !findings.is_empty())
            .then_some(overview))
    })?;
    let finding = &overview["findings"][0];
    ensure!(
        finding["site"] == "busan" && finding["kind"] == "login-brute-force",
        "{finding}"
    );
    ensure!(finding["app"] == "minwon", "{finding}");
    ensure!(
        !overview.to_string().contains("198.51.100.66"),
        "an address left its site: {overview}"
    );
    let page = edge.web().get("/", None)?.text;
    ensure!(page.contains("login-brute-force"), "{page}");
    ensure!(
        !page.contains("198.51.100.66"),
        "the page shows an address: {page}"
    );
    Ok(())
}

/// Exports visits over three minutes and waits until they are on the edge's disk: all three minutes are
/// committed together, and no other minute can close more than one batch meanwhile.
fn store(edge: &Edge, visits: &[Visit]) -> Result<()> {
    let next = |edge: &Edge| -> Result<i64> {
        Ok(edge.health()?["spool"]["next"].as_i64().unwrap_or_default())
    };
    let before = next(edge)?;
    edge.export(visits)?;
    until("the visits are stored", || {
        Ok((next(edge)? >= before + 3).then_some(()))
    })
}
