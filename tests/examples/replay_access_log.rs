//! Replays an access log through a real edge and compares what it then knows with counts made elsewhere:
//! `replay_access_log LOG TRUTH`. Prints a table; exits 1 when a figure is wrong. Run by
//! `cargo xtask eval access-log`.
//!
//! Requests, error classes and bytes must be exact. Distinct clients must be within the 95 % band that the edge
//! itself states, overall, for every day and for every hour; of many hours, one in twenty may lie outside by
//! the band's own meaning, but sparse sketches are near exact, so none is expected to.

#![expect(clippy::print_stdout, reason = "the table is its output")]
#![expect(
    clippy::indexing_slicing,
    reason = "JSON gives null where there is nothing"
)]

use std::{env, fs, process::ExitCode};

use anyhow::{Context as _, Result, ensure};
use bongsu_tests::{Edge, Reply, until};
use serde_json::Value;

const DAY_MS: i64 = 86_400_000;
const HOUR_MS: i64 = 3_600_000;
/// Our name of a figure, and the truth's.
const COUNTERS: [(&str, &str); 4] = [
    ("requests", "requests"),
    ("errors", "status_5xx"),
    ("client_errors", "status_4xx"),
    ("response_bytes", "bytes"),
];

fn main() -> Result<ExitCode> {
    let mut words = env::args().skip(1);
    let (Some(log), Some(truth)) = (words.next(), words.next()) else {
        anyhow::bail!("two files are needed: the log, and what is true of it");
    };
    let truth: Value = serde_json::from_str(&fs::read_to_string(&truth).context(truth)?)?;
    let log = fs::canonicalize(&log).context(log)?;
    let edge = Edge::start(
        "seoul",
        &format!(
            "[[collect.logs]]\npath = \"{}\"\napp = \"web\"\nfrom = \"start\"\n\n[rollup]\nlateness = \"unlimited\"\n",
            log.display()
        ),
    )?;
    let mut table = Table::default();
    println!(
        "{:<22} {:>12} {:>12} {:>9}  right",
        "figure", "edge", "truth", "band"
    );
    overall(&edge, &truth, &mut table)?;
    per("day", DAY_MS, "T00:00:00Z", &edge, &truth, &mut table)?;
    per("hour", HOUR_MS, ":00:00Z", &edge, &truth, &mut table)?;
    println!("{} figures compared, {} wrong", table.compared, table.wrong);
    Ok(if table.wrong == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn overall(edge: &Edge, truth: &Value, table: &mut Table) -> Result<()> {
    let (from, to) = (instant(&truth["first"])?, instant(&truth["last"])? + 1);
    let lines = truth["lines"].as_u64().context("no lines in the truth")?;
    until("the edge has read the log", || {
        Ok((edge.metric("bongsu_collect_log_lines_total")? >= lines).then_some(()))
    })?;
    let minute = 60_000;
    let from = from / minute * minute;
    // Read is not yet counted: the last batch may be on its way.
    let expected = truth["requests"].as_u64();
    let settled = until("every line is counted", || {
        let sums = sums(edge, from, to)?;
        Ok((sums["counters"]["requests"].as_u64() >= expected).then_some(sums))
    });
    let sums = settled.or_else(|_| sums(edge, from, to))?;
    let all = serde_json::json!({
        "requests": truth["requests"],
        "bytes": truth["response_bytes"]["total"],
        "distinct_clients": truth["distinct"]["clients"],
        "status_4xx": truth["status_class"]["4xx"],
        "status_5xx": truth["status_class"]["5xx"],
    });
    table.compare("all", &sums, &all, true)?;
    table.exact(
        "all lines not parsed",
        edge.metric("bongsu_collect_log_lines_unparsed_total")?,
        truth["lines_not_parsed"].as_array().map_or(0, Vec::len) as u64,
        true,
    );
    table.exact(
        "all dropped as late",
        sums["counters"]["late_dropped"]
            .as_u64()
            .unwrap_or(u64::MAX),
        0,
        true,
    );
    Ok(())
}

/// Days are shown one by one; hours only where they are wrong, and summed up.
fn per(
    what: &str,
    width: i64,
    rest: &str,
    edge: &Edge,
    truth: &Value,
    table: &mut Table,
) -> Result<()> {
    let before = table.wrong;
    let intervals = truth[what]
        .as_object()
        .with_context(|| format!("no `{what}` in the truth"))?;
    for (name, truth) in intervals {
        let from = instant(&Value::from(format!("{name}{rest}")))?;
        let sums = sums(edge, from, from + width)?;
        table.compare(name, &sums, truth, what == "day")?;
    }
    println!(
        "{:<22} {:>12} intervals, {} figures wrong",
        format!("every {what}"),
        intervals.len(),
        table.wrong - before
    );
    Ok(())
}

fn sums(edge: &Edge, from_ms: i64, to_ms: i64) -> Result<Value> {
    let (from, to) = (bongsu_tests::moment(from_ms)?, bongsu_tests::moment(to_ms)?);
    let reply: Reply = edge
        .web()
        .get(&format!("/api/rollup?from={from}&to={to}"), None)?;
    ensure!(reply.status == 200, "{reply:?}");
    reply.json()
}

fn instant(text: &Value) -> Result<i64> {
    let text = text.as_str().context("no instant in the truth")?;
    Ok(text.parse::<jiff::Timestamp>()?.as_millisecond())
}

#[derive(Default)]
struct Table {
    compared: usize,
    wrong: usize,
}

impl Table {
    fn compare(&mut self, name: &str, sums: &Value, truth: &Value, show: bool) -> Result<()> {
        for (ours, theirs) in COUNTERS {
            let found = sums["counters"][ours]
                .as_u64()
                .with_context(|| format!("no {ours}"))?;
            let right = truth[theirs]
                .as_u64()
                .with_context(|| format!("no {theirs}"))?;
            self.exact(&format!("{name} {ours}"), found, right, show);
        }
        let users = sums["users"].as_array().into_iter().flatten();
        let users = users
            .clone()
            .find(|users| users["mode"] == "ip")
            .context("no users by ip")?;
        let found = users["distinct"].as_f64().context("no distinct")?;
        let band = users["error_pct_95"].as_f64().context("no band")?;
        let right = truth["distinct_clients"]
            .as_f64()
            .context("no distinct_clients")?;
        let is_right = (found - right).abs() <= right * band / 100.0;
        let shown = (
            format!("{found:.2}"),
            format!("{right}"),
            format!("±{band:.2} %"),
        );
        self.row(&format!("{name} clients"), shown, is_right, show);
        Ok(())
    }

    fn exact(&mut self, name: &str, found: u64, right: u64, show: bool) {
        let shown = (found.to_string(), right.to_string(), "exact".to_owned());
        self.row(name, shown, found == right, show);
    }

    fn row(
        &mut self,
        name: &str,
        (found, right, band): (String, String, String),
        is_right: bool,
        show: bool,
    ) {
        self.compared += 1;
        self.wrong += usize::from(!is_right);
        if show || !is_right {
            let verdict = if is_right { "yes" } else { "NO" };
            println!("{name:<22} {found:>12} {right:>12} {band:>9}  {verdict}");
        }
    }
}
