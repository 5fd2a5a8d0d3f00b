//! Sessions of real clients outlive the edge's process: it is killed without warning while they write, and
//! everything that was acknowledged is there afterwards.

#![expect(
    clippy::indexing_slicing,
    reason = "JSON gives null where there is nothing"
)]

use std::{
    env, fs,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    process::Command,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread,
};

use anyhow::{Context as _, Result, anyhow, ensure};
use bongsu_tests::{Edge, Process, Web, free_port, provided, until};

const KILLS: usize = 3;
const VISITORS: usize = 6;
const WRITERS: usize = 4;
/// Acknowledged by all visitors, or writers, between two kills.
const PROGRESS: u64 = 60;

#[test]
fn sessions_of_flask_on_redis_py_survive_kills() -> Result<()> {
    let Some(python) = provided("BONGSU_PYTHON")? else {
        return Ok(());
    };
    survive(|resp, http, folder| {
        let mut command = Command::new(&python);
        command.args(["-B", "-m", "gunicorn", "--threads", "8", "--chdir"]);
        command.arg(clients()).arg("--worker-tmp-dir").arg(folder);
        command.args(["--bind", &format!("127.0.0.1:{http}"), "flask_sessions:app"]);
        command.env("RESP_PORT", resp.to_string());
        Ok(command)
    })
}

#[test]
fn sessions_of_express_on_connect_redis_survive_kills() -> Result<()> {
    let Some(node) = provided("BONGSU_NODE")? else {
        return Ok(());
    };
    let Some(modules) = provided("BONGSU_NODE_MODULES")? else {
        return Ok(());
    };
    survive(|resp, http, folder| {
        // Node looks for packages beside the script.
        symlink(&modules, folder.join("node_modules"))?;
        let script = folder.join("express_sessions.mjs");
        fs::copy(clients().join("express_sessions.mjs"), &script)?;
        let mut command = Command::new(&node);
        command
            .arg(&script)
            .args([resp.to_string(), http.to_string()]);
        Ok(command)
    })
}

fn clients() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("clients")
}

/// Visitors keep visiting while the edge is killed again and again. Each response says how many visits the
/// session holds: less than one more than the response before means that an acknowledged write is lost.
fn survive(application: impl Fn(u16, u16, &Path) -> Result<Command>) -> Result<()> {
    let mut edge = Edge::start("seoul", "")?;
    let http = free_port()?;
    let mut command = application(edge.resp, http, edge.folder())?;
    let mut application = Process::start(&mut command, &edge.folder().join("application.log"))?;
    application.wait_until("the application serves", || {
        Ok((Web::at(http).get("/ready", None)?.status == 200).then_some(()))
    })?;
    let (stop, acknowledged) = (Arc::new(AtomicBool::new(false)), counters(VISITORS));
    let visitors: Vec<_> = acknowledged
        .iter()
        .map(|count| {
            let (stop, count) = (Arc::clone(&stop), Arc::clone(count));
            thread::spawn(move || visit_until(&stop, &count, http))
        })
        .collect();
    let outcome = kill_again_and_again(&mut edge, &acknowledged);
    stop.store(true, Ordering::SeqCst);
    for visitor in visitors {
        visitor
            .join()
            .map_err(|_| anyhow!("a visitor's thread panicked"))??;
    }
    outcome?;
    ensure!(
        edge.health()?["sessions"].as_u64() == Some(VISITORS as u64),
        "{}",
        edge.health()?
    );
    Ok(())
}

fn visit_until(stop: &AtomicBool, count: &AtomicU64, http: u16) -> Result<()> {
    let (web, mut cookie, mut last) = (Web::at(http), None::<String>, 0);
    while !stop.load(Ordering::SeqCst) {
        let reply = web.get("/", cookie.as_deref());
        // No answer, or an error while the store is away: nothing was acknowledged.
        let Some(reply) = reply.ok().filter(|reply| reply.status == 200) else {
            continue;
        };
        let visits = reply.json()?["visits"].as_u64().context("no visits")?;
        ensure!(
            visits > last,
            "a session of {last} visits came back with {visits}"
        );
        last = visits;
        cookie = reply.cookie.or(cookie);
        count.fetch_add(1, Ordering::SeqCst);
    }
    Ok(())
}

#[test]
fn every_acknowledged_write_is_there_after_a_kill_under_load() -> Result<()> {
    let mut edge = Edge::start("seoul", "")?;
    let mut acknowledged = vec![0; WRITERS];
    for round in 0..KILLS {
        let counts = counters(WRITERS);
        let writers: Vec<_> = counts
            .iter()
            .enumerate()
            .map(|(writer, count)| {
                let (count, mut store) = (Arc::clone(count), edge.sessions()?);
                // Until the store is killed.
                Ok(thread::spawn(move || {
                    for n in 0.. {
                        let key = format!("session:{round}-{writer}-{n}");
                        if store
                            .run(&["SET", &key, &n.to_string(), "EX", "600"])
                            .is_err()
                        {
                            break;
                        }
                        count.store(n + 1, Ordering::SeqCst);
                    }
                }))
            })
            .collect::<Result<_>>()?;
        until("every writer is at it", || {
            Ok(counts
                .iter()
                .all(|count| count.load(Ordering::SeqCst) >= PROGRESS)
                .then_some(()))
        })?;
        edge.kill()?;
        for writer in writers {
            writer
                .join()
                .map_err(|_| anyhow!("a writer's thread panicked"))?;
        }
        edge.restart()?;
        let mut store = edge.sessions()?;
        for (writer, (count, total)) in counts.iter().zip(&mut acknowledged).enumerate() {
            for n in 0..count.load(Ordering::SeqCst) {
                let value = store.run(&["GET", &format!("session:{round}-{writer}-{n}")])?;
                ensure!(
                    value == Some(n.to_string()),
                    "{round}-{writer}-{n} is {value:?}"
                );
                *total += 1;
            }
        }
    }
    // At most one write of each writer and round was done but not acknowledged.
    let (active, known) = (
        edge.health()?["sessions"].as_u64().unwrap_or(0),
        acknowledged.iter().sum(),
    );
    ensure!(
        (known..=known + (WRITERS * KILLS) as u64).contains(&active),
        "{active} of {known}"
    );
    Ok(())
}

fn counters(number: usize) -> Vec<Arc<AtomicU64>> {
    (0..number).map(|_| Arc::default()).collect()
}

/// Waits for progress of everybody before the first and after every kill.
fn kill_again_and_again(edge: &mut Edge, acknowledged: &[Arc<AtomicU64>]) -> Result<()> {
    let progress = || {
        let before: Vec<u64> = acknowledged
            .iter()
            .map(|c| c.load(Ordering::SeqCst))
            .collect();
        until("every visitor goes on", || {
            let now = acknowledged.iter().map(|c| c.load(Ordering::SeqCst));
            let all = now
                .zip(&before)
                .all(|(now, before)| now >= before + PROGRESS / 6);
            Ok(all.then_some(()))
        })
    };
    progress()?;
    for _ in 0..KILLS {
        edge.kill()?;
        edge.restart()?;
        progress()?;
    }
    Ok(())
}
