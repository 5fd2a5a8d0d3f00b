//! How many requests a second, how late the slowest hundredth is, and what a request costs the server. With few
//! cores the client, which is on them too, sets the limit of the first; the last says what there is to spare.

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
    /// Of the server, all threads, user and system.
    cpu_ticks: f64,
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
            compare(extent, &case, command, [&ours, &redis], &peer)?;
        }
    }
    Ok(())
}

fn compare(
    extent: Extent,
    case: &Case,
    command: &str,
    servers: [&Server; 2],
    peer: &str,
) -> Result<()> {
    let requests = match case.pipeline {
        "1" => extent.requests,
        _ => extent.requests * 4,
    };
    let (mut throughput, mut p99, mut cpu) = (Vec::new(), Vec::new(), Vec::new());
    for run in 0..extent.runs {
        // Whoever goes first may find the machine in another state.
        let mut order = servers;
        if run % 2 == 1 {
            order.reverse();
        }
        let mut found = Vec::new();
        for server in order {
            let rate = rate(server, requests, case.pipeline, command)?;
            found.push((server.port, rate));
        }
        let of = |server: &Server| {
            let found = found.iter().find(|(port, _)| *port == server.port);
            &found.expect("both ran").1
        };
        let (ours, theirs) = (of(servers[0]), of(servers[1]));
        throughput.push(ours.per_second / theirs.per_second);
        p99.push(ours.p99_ms / theirs.p99_ms);
        cpu.push(ours.cpu_ticks / theirs.cpu_ticks.max(1.0));
    }
    let versus = format!("vs_redis_{}", case.pair.fsync);
    let name = format!("{command}_1k{}", case.suffix);
    let figures = [
        ("", case.throughput, throughput),
        ("_p99", case.p99, p99),
        ("_cpu", Bar::None, cpu),
    ];
    for (kind, bar, values) in figures {
        print(
            &format!("{name}{kind}_{versus}"),
            "ratio",
            peer,
            bar,
            values,
        );
    }
    Ok(())
}

fn rate(server: &Server, requests: usize, pipeline: &str, command: &str) -> Result<Rate> {
    let value = "x".repeat(1024);
    let words: Vec<&str> = match command {
        "get" => vec!["get", "session:__rand_int__"],
        "hset" => vec!["hset", "hash:__rand_int__", "attribute", &value],
        _ => vec!["set", "session:__rand_int__", &value, "EX", "1800"],
    };
    let (port, requests) = (server.port.to_string(), requests.to_string());
    let before = server.cpu_ticks()?;
    let output = Command::new("redis-benchmark")
        .args(["-p", &port, "-n", &requests, "-r", SESSIONS, "-c", CLIENTS])
        .args(["-P", pipeline, "--csv"])
        .args(words)
        .stderr(Stdio::null())
        .output()
        .context("failed to start redis-benchmark")?;
    let cpu_ticks = server.cpu_ticks()? - before;
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
        cpu_ticks,
    })
}
