//! The session store beside Redis: the same client program, machine and durability, in the same run.
//!
//! Saves and reads sessions of 1 KiB under random ids with `redis-benchmark`, turn by turn on both servers,
//! so that a slow moment of the machine hits both. Prints one JSON line per figure: the ratio of ours to
//! theirs, the median of the runs with its least and most. Run by `cargo xtask bench sessions [--quick]`.

#![expect(clippy::print_stdout, reason = "figures are its output")]

use std::{
    env, fs,
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::Arc,
    time::{Duration, SystemTime},
};

use anyhow::{Context as _, Result, ensure};
use bongsu_edge_sessions::{Config, Handle, bind};
use bongsu_sdk_config::{Faults, Section};
use bongsu_sdk_model::{Clock, Timestamp};
use serde_json::json;
use tokio::{runtime::Runtime, sync::mpsc};

/// Sessions that take turns, and the requests of one run.
const SESSIONS: &str = "20000";
const CLIENTS: &str = "50";

/// What is saved with: ours, and Redis's settings that promise the same.
const DURABILITIES: [(&str, &str, [&str; 4]); 2] = [
    (
        "group",
        "redis_always",
        ["--appendonly", "yes", "--appendfsync", "always"],
    ),
    (
        "os",
        "redis_everysec",
        ["--appendonly", "yes", "--appendfsync", "everysec"],
    ),
];

struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_ms(0).plus(SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default())
    }
}

fn main() -> Result<()> {
    let quick = env::args().any(|argument| argument == "--quick");
    let (runs, requests) = if quick { (1, "20000") } else { (5, "200000") };
    let runtime = Runtime::new()?;
    for (durability, peer, settings) in DURABILITIES {
        let folder = tempfile::tempdir()?;
        let ours = start_ours(&runtime, folder.path(), durability)?;
        let redis = Redis::start(folder.path(), &settings)?;
        let ports = [ours.addr().port(), redis.port];
        for (figure, command) in [("set_1k", save()), ("get_1k", read())] {
            let mut ratios = Vec::new();
            for _ in 0..runs {
                let [ours, theirs] = ports.map(|port| rate(port, requests, &command));
                ratios.push(ours? / theirs?);
            }
            print(&format!("{figure}_vs_{peer}"), &redis.version, ratios);
        }
        runtime.block_on(ours.shutdown());
    }
    Ok(())
}

fn save() -> Vec<String> {
    [
        "set",
        "session:__rand_int__",
        &"x".repeat(1024),
        "EX",
        "1800",
    ]
    .map(str::to_owned)
    .to_vec()
}

fn read() -> Vec<String> {
    ["get", "session:__rand_int__"].map(str::to_owned).to_vec()
}

fn start_ours(runtime: &Runtime, folder: &Path, durability: &str) -> Result<Handle> {
    let data = folder.join("bongsu");
    let text = format!(
        "bind = \"127.0.0.1:0\"\ndata_dir = \"{}\"\ndurability = \"{durability}\"\n",
        data.display()
    );
    let faults = Faults::default();
    let config = Config::read(Section::parse(&text, &faults));
    ensure!(faults.is_empty(), "{}", faults.lines().join("\n"));
    // Nobody listens to events here; the store goes on when they have nowhere to go.
    let (events, _) = mpsc::channel(1);
    Ok(runtime.block_on(bind(config, Arc::new(SystemClock), events))?)
}

/// Requests per second of one run.
fn rate(port: u16, requests: &str, command: &[String]) -> Result<f64> {
    let output = Command::new("redis-benchmark")
        .args([
            "-p",
            &port.to_string(),
            "-n",
            requests,
            "-r",
            SESSIONS,
            "-c",
            CLIENTS,
            "--csv",
        ])
        .args(command)
        .stderr(Stdio::null())
        .output()
        .context("failed to start redis-benchmark")?;
    let text = String::from_utf8(output.stdout)?;
    let row = text.lines().last().unwrap_or_default();
    let cell = row
        .split("\",\"")
        .nth(1)
        .with_context(|| format!("no figure in `{text}`"))?;
    Ok(cell.trim_matches('"').parse()?)
}

fn print(figure: &str, peer: &str, mut ratios: Vec<f64>) {
    ratios.sort_by(f64::total_cmp);
    let round = |ratio: f64| (ratio * 100.0).round() / 100.0;
    let at = |place: usize| ratios.get(place).copied().map(round);
    println!(
        "{}",
        json!({
            "bench": "sessions", "figure": figure, "value": at(ratios.len() / 2), "unit": "ratio",
            "peer": peer, "bar": null, "ok": null, "runs": ratios.len(),
            "min": at(0), "max": at(ratios.len() - 1),
        })
    );
}

/// A Redis that is stopped when dropped.
struct Redis {
    process: Child,
    port: u16,
    version: String,
}

impl Redis {
    fn start(folder: &Path, settings: &[&str]) -> Result<Self> {
        let program =
            env::var_os("BONGSU_REDIS_SERVER").map_or("redis-server".into(), PathBuf::from);
        let version = Command::new(&program)
            .arg("--version")
            .output()
            .context("failed to start Redis")?;
        let version = String::from_utf8(version.stdout)?;
        let version = version
            .split_whitespace()
            .find_map(|word| word.strip_prefix("v="))
            .unwrap_or("");
        let data = folder.join("redis");
        fs::create_dir_all(&data)?;
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let process = Command::new(&program)
            .args([
                "--bind",
                "127.0.0.1",
                "--save",
                "",
                "--port",
                &port.to_string(),
                "--dir",
            ])
            .arg(&data)
            .args(settings)
            .stdout(Stdio::null())
            .spawn()?;
        let redis = Self {
            process,
            port,
            version: format!("redis {version}"),
        };
        while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(redis)
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        // It is gone, or about to be: nothing is left to do about it.
        let _killed = self.process.kill();
        let _ended = self.process.wait();
    }
}
