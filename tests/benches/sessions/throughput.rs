//! How many requests a second, and how late the slowest hundredth is.

use std::process::{Command, Stdio};

use anyhow::{Context as _, Result};

use crate::{
    Extent,
    figure::{Bar, print},
    server::{GROUP, OS, Pair, Server, redis_name},
};

/// Sessions that take turns.
const SESSIONS: &str = "20000";
const CLIENTS: &str = "50";

/// What one run of `redis-benchmark` found.
struct Rate {
    per_second: f64,
    p99_ms: f64,
}

struct Case {
    pair: Pair,
    pipeline: &'static str,
    /// What is added to the figure's name.
    suffix: &'static str,
    throughput: Bar,
    p99: Bar,
    commands: &'static [&'static str],
}

const CASES: [Case; 3] = [
    Case {
        pair: OS,
        pipeline: "1",
        suffix: "",
        throughput: Bar::AtLeast(1.0),
        p99: Bar::AtMost(1.0),
        commands: &["set", "get", "hset"],
    },
    Case {
        pair: OS,
        pipeline: "16",
        suffix: "_pipeline16",
        throughput: Bar::AtLeast(1.2),
        p99: Bar::None,
        commands: &["set", "get", "hset"],
    },
    Case {
        pair: GROUP,
        pipeline: "1",
        suffix: "",
        throughput: Bar::AtLeast(2.0),
        p99: Bar::None,
        commands: &["set"],
    },
];

pub(crate) fn measure(extent: Extent) -> Result<()> {
    let peer = redis_name()?;
    for case in CASES {
        let folder = tempfile::tempdir()?;
        let mut ours = Server::ours(folder.path(), case.pair.durability)?;
        let mut redis = Server::redis(folder.path(), case.pair.fsync)?;
        ours.ready()?;
        redis.ready()?;
        for command in case.commands {
            compare(extent, &case, command, [ours.port, redis.port], &peer)?;
        }
    }
    Ok(())
}

fn compare(extent: Extent, case: &Case, command: &str, ports: [u16; 2], peer: &str) -> Result<()> {
    let requests = match case.pipeline {
        "1" => extent.requests,
        _ => extent.requests * 4,
    };
    let (mut throughput, mut p99) = (Vec::new(), Vec::new());
    for run in 0..extent.runs {
        // Whoever goes first may find the machine in another state.
        let mut order = ports;
        if run % 2 == 1 {
            order.reverse();
        }
        let mut found = Vec::new();
        for port in order {
            found.push((port, rate(port, requests, case.pipeline, command)?));
        }
        let of = |port: u16| {
            &found
                .iter()
                .find(|(found, _)| *found == port)
                .expect("both ran")
                .1
        };
        let (ours, theirs) = (of(ports[0]), of(ports[1]));
        throughput.push(ours.per_second / theirs.per_second);
        p99.push(ours.p99_ms / theirs.p99_ms);
    }
    let versus = format!("vs_redis_{}", case.pair.fsync);
    let name = format!("{command}_1k{}", case.suffix);
    print(
        &format!("{name}_{versus}"),
        "ratio",
        peer,
        case.throughput,
        throughput,
    );
    print(
        &format!("{name}_p99_{versus}"),
        "ratio",
        peer,
        case.p99,
        p99,
    );
    Ok(())
}

fn rate(port: u16, requests: usize, pipeline: &str, command: &str) -> Result<Rate> {
    let value = "x".repeat(1024);
    let words: Vec<&str> = match command {
        "get" => vec!["get", "session:__rand_int__"],
        "hset" => vec!["hset", "hash:__rand_int__", "attribute", &value],
        _ => vec!["set", "session:__rand_int__", &value, "EX", "1800"],
    };
    let (port, requests) = (port.to_string(), requests.to_string());
    let output = Command::new("redis-benchmark")
        .args(["-p", &port, "-n", &requests, "-r", SESSIONS, "-c", CLIENTS])
        .args(["-P", pipeline, "--csv"])
        .args(words)
        .stderr(Stdio::null())
        .output()
        .context("failed to start redis-benchmark")?;
    let text = String::from_utf8(output.stdout)?;
    let row = text.lines().last().unwrap_or_default();
    let cells: Vec<_> = row.split("\",\"").collect();
    let cell = |place: usize| {
        let cell = cells
            .get(place)
            .with_context(|| format!("no figure in `{text}`"));
        anyhow::Ok(cell?.trim_matches('"').parse::<f64>()?)
    };
    // name, requests per second, average, least, p50, p95, p99, most
    Ok(Rate {
        per_second: cell(1)?,
        p99_ms: cell(6)?,
    })
}
