//! What a sender was told is kept, is kept: an edge is killed again and again while it is sent to, and counts
//! exactly what was acknowledged, and every line of a log exactly once.

#![expect(
    clippy::indexing_slicing,
    reason = "JSON gives null where there is nothing"
)]

use std::{
    fs::File,
    io::Write as _,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc,
    },
    thread::{self, JoinHandle},
};

use anyhow::{Context as _, Result, ensure};
use bongsu_tests::{Edge, MINUTE_MS, Visit, encode, range, this_minute_ms, until};
use serde_json::Value;

const LOG: &str = "[[collect.logs]]\npath = \"{folder}/access.log\"\napp = \"web\"\nfrom = \"start\"\npoll = \"20ms\"\n";
/// Visits of one export of each sender: whatever was under way at a kill can be told from the sum.
const SIZES: [usize; 3] = [1, 10, 100];
/// Acknowledgements before each kill.
const KILLS: [usize; 6] = [7, 90, 31, 1, 160, 55];

#[test]
fn an_edge_that_is_killed_again_and_again_counts_what_it_acknowledged_once() -> Result<()> {
    let mut edge = Edge::start("busan", LOG)?;
    let begun = this_minute_ms()?;
    let writer = LogWriter::start(&edge.folder().join("access.log"))?;
    let mut told = 0;
    for (round, acknowledgements) in KILLS.into_iter().enumerate() {
        told += send_until_killed(&mut edge, round, acknowledgements)?;
        edge.restart()?;
        // Nobody sends now: what is counted is what was told, and what was under way, whole or not at all.
        let counted = until("everything told is counted", || {
            let counted = total(&edge, begun, "minwon")?;
            Ok((counted >= told).then_some(counted))
        })?;
        let under_way = counted - told;
        let possible = [0, 1].map(|a| [0, 10].map(|b| [0, 100].map(|c| a + b + c)));
        ensure!(
            possible.as_flattened().as_flattened().contains(&under_way),
            "round {round}: {told} were acknowledged, {counted} are counted"
        );
        told = counted;
    }
    let lines = writer.stop()?;
    until("every line is counted", || {
        Ok((total(&edge, begun, "web")? == lines).then_some(()))
    })?;
    ensure!(total(&edge, begun, "minwon")? == told);
    // The same from the roll-ups: closed by the drain, read after another start.
    edge.stop()?;
    edge.restart()?;
    let sums = rollup(&edge, begun)?;
    ensure!(
        sums["counters"]["requests"] == told + lines,
        "{told} spans and {lines} lines came: {sums}"
    );
    ensure!(total(&edge, begun, "minwon")? == told && total(&edge, begun, "web")? == lines);
    let distinct = sums["users"][2]["distinct"].as_f64().context("no users")?;
    let off = (distinct / told as f64 - 1.0).abs();
    ensure!(off < 0.03, "{told} people, {distinct} counted");
    Ok(())
}

/// Sends from several senders until so many exports are acknowledged, kills the edge, and gives how many visits
/// were acknowledged in all.
fn send_until_killed(edge: &mut Edge, round: usize, acknowledgements: usize) -> Result<u64> {
    let (acknowledged, told) = mpsc::channel();
    let senders: Vec<JoinHandle<()>> = SIZES
        .into_iter()
        .map(|size| {
            let acknowledged = acknowledged.clone();
            let web = bongsu_tests::Web::at(edge.otlp);
            thread::spawn(move || {
                for number in 0.. {
                    let visits = visits(&format!("{round}-{size}-{number}"), size);
                    let kind = "application/x-protobuf";
                    match web.post("/v1/traces", kind, &encode(&visits)) {
                        Ok(reply) if reply.status == 200 => {
                            let _ = acknowledged.send(size as u64);
                        }
                        Ok(reply) if reply.status == 503 => {}
                        _ => return,
                    }
                }
            })
        })
        .collect();
    drop(acknowledged);
    let mut sum: u64 = told.iter().take(acknowledgements).sum();
    edge.kill()?;
    for sender in senders {
        ensure!(sender.join().is_ok(), "a sender failed");
    }
    sum += told.iter().sum::<u64>();
    Ok(sum)
}

fn visits(who: &str, count: usize) -> Vec<Visit> {
    let now = jiff::Timestamp::now().as_millisecond();
    (0..count)
        .map(|person| Visit::of(&format!("{who}-{person}"), now))
        .collect()
}

fn total(edge: &Edge, begun: i64, app: &str) -> Result<u64> {
    let path = format!("/api/tmap?{}&app={app}&limit=10", interval(begun)?);
    let reply = edge.web().get(&path, None)?;
    ensure!(reply.status == 200, "{path} was answered with {reply:?}");
    reply.json()?["total"].as_u64().context("no total")
}

fn rollup(edge: &Edge, begun: i64) -> Result<Value> {
    let path = format!("/api/rollup?{}", interval(begun)?);
    edge.web().get(&path, None)?.json()
}

fn interval(begun: i64) -> Result<String> {
    let window = range(begun - 2 * MINUTE_MS, begun + 60 * MINUTE_MS)?;
    let instant = |end: &str| -> Result<String> {
        let text = window[end].as_str().context("no instant")?;
        Ok(text.replace('+', "%2B"))
    };
    Ok(format!("from={}&to={}", instant("from")?, instant("to")?))
}

/// Writes lines to a log, whoever reads it, and says how many.
struct LogWriter {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<Result<u64>>,
}

impl LogWriter {
    fn start(path: &Path) -> Result<Self> {
        let mut log = File::create(path)?;
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let thread = thread::spawn(move || {
            let mut lines = 0;
            while !stopped.load(Ordering::Relaxed) {
                let at = jiff::Timestamp::now().strftime("%d/%b/%Y:%H:%M:%S +0000");
                writeln!(
                    log,
                    "198.51.100.7 - - [{at}] \"GET /style.css HTTP/1.1\" 200 {lines} \"-\" \"test\""
                )?;
                lines += 1;
                thread::yield_now();
                if lines % 64 == 0 {
                    thread::park_timeout(std::time::Duration::from_millis(2));
                }
            }
            Ok(lines)
        });
        Ok(Self { stop, thread })
    }

    fn stop(self) -> Result<u64> {
        self.stop.store(true, Ordering::Relaxed);
        let written = self.thread.join();
        written.map_err(|_| anyhow::anyhow!("the writer failed"))?
    }
}
