//! The two servers, each a process of its own that ends with its handle.

use std::{
    env, fs,
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::Arc,
    time::{Duration, Instant, SystemTime},
};

use anyhow::{Context as _, Result, ensure};
use bongsu_edge_sessions::{Config, bind};
use bongsu_sdk_config::{Faults, Section};
use bongsu_sdk_model::{Clock, Timestamp};
use tokio::sync::mpsc;

use crate::client::Client;

/// Longest wait for a server to answer; a million sessions may have to be read.
const PATIENCE: Duration = Duration::from_secs(300);

/// What is measured against what: our durability, and Redis's settings that promise the same.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pair {
    pub(crate) durability: &'static str,
    pub(crate) fsync: &'static str,
}

/// Acknowledged when the kernel has it; synced each second.
pub(crate) const OS: Pair = Pair {
    durability: "os",
    fsync: "everysec",
};
/// Acknowledged when synced.
pub(crate) const GROUP: Pair = Pair {
    durability: "group",
    fsync: "always",
};

/// A running server.
#[derive(Debug)]
pub(crate) struct Server {
    process: Child,
    pub(crate) port: u16,
}

impl Server {
    /// Starts ours with its data in `folder`.
    pub(crate) fn ours(folder: &Path, durability: &str) -> Result<Self> {
        let port = free_port()?;
        let config = folder.join("bongsu.toml");
        fs::write(
            &config,
            format!(
                "bind = \"127.0.0.1:{port}\"\ndata_dir = {:?}\ndurability = \"{durability}\"\nmax_memory = \"8GiB\"\n",
                folder.join("bongsu")
            ),
        )?;
        let mut command = Command::new(env::current_exe()?);
        command.arg("--serve").arg(config);
        Self::start(command, port)
    }

    /// Starts Redis with its data in `folder`.
    pub(crate) fn redis(folder: &Path, fsync: &str) -> Result<Self> {
        let port = free_port()?;
        let data = folder.join("redis");
        fs::create_dir_all(&data)?;
        let mut command = Command::new(redis_program());
        command
            .args(["--bind", "127.0.0.1", "--save", "", "--port"])
            .arg(port.to_string())
            .arg("--dir")
            .arg(data)
            .args(["--appendonly", "yes", "--appendfsync", fsync]);
        Self::start(command, port)
    }

    fn start(mut command: Command, port: u16) -> Result<Self> {
        let process = command
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        Ok(Self { process, port })
    }

    /// Waits until it answers, and how long that took.
    pub(crate) fn ready(&mut self) -> Result<Duration> {
        let begun = Instant::now();
        loop {
            if let Ok(mut client) = Client::connect(self.port)
                && client.call(&[b"PING"]).is_ok_and(|reply| reply == "+PONG")
            {
                return Ok(begun.elapsed());
            }
            ensure!(begun.elapsed() < PATIENCE, "a server does not answer");
            ensure!(self.process.try_wait()?.is_none(), "a server has ended");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Resident memory, bytes.
    pub(crate) fn resident(&self) -> Result<f64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.process.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kilobytes: f64 = line
            .and_then(|line| line.split_whitespace().next())
            .context("no VmRSS")?
            .parse()?;
        Ok(kilobytes * 1024.0)
    }

    /// Processor time of all its threads so far, in the kernel's ticks.
    pub(crate) fn cpu_ticks(&self) -> Result<f64> {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.process.id()))?;
        // Behind the name, which may hold spaces: state is the third field, user time the fourteenth.
        let (_, fields) = stat.rsplit_once(')').context("no process name")?;
        let mut fields = fields.split_whitespace().skip(11);
        let mut next = || {
            fields
                .next()
                .context("no processor time")?
                .parse::<f64>()
                .map_err(anyhow::Error::from)
        };
        Ok(next()? + next()?)
    }

    /// Ends it at once, as `kill -9` does.
    pub(crate) fn kill(&mut self) -> Result<()> {
        self.process.kill()?;
        self.process.wait()?;
        Ok(())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It is gone, or about to be: nothing is left to do about it.
        let _killed = self.process.kill();
        let _ended = self.process.wait();
    }
}

fn free_port() -> Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

fn redis_program() -> PathBuf {
    env::var_os("BONGSU_REDIS_SERVER").map_or("redis-server".into(), PathBuf::from)
}

/// `redis 7.0.15` and the like.
pub(crate) fn redis_name() -> Result<String> {
    let output = Command::new(redis_program())
        .arg("--version")
        .output()
        .context("failed to start Redis")?;
    let text = String::from_utf8(output.stdout)?;
    let version = text
        .split_whitespace()
        .find_map(|word| word.strip_prefix("v="));
    Ok(format!("redis {}", version.unwrap_or("of unknown version")))
}

struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_ms(0).plus(SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default())
    }
}

/// Serves sessions until killed.
pub(crate) fn serve(config: &str) -> Result<()> {
    let faults = Faults::default();
    let config = Config::read(Section::parse(&fs::read_to_string(config)?, &faults));
    ensure!(faults.is_empty(), "{}", faults.lines().join("\n"));
    tokio::runtime::Runtime::new()?.block_on(async {
        // Nobody listens to events here; the store goes on when they have nowhere to go.
        let (events, _) = mpsc::channel(1);
        let store = bind(config, Arc::new(SystemClock), events).await?;
        std::future::pending::<()>().await;
        store.shutdown().await;
        Ok(())
    })
}
