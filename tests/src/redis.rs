//! Redis as others run it: one server, a cluster, or a group under Sentinel; real processes that can be killed.
//!
//! Nothing is saved to disk there: what a killed server had, it has lost.

use std::{
    net::{Ipv4Addr, TcpListener},
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result, bail, ensure};
use tempfile::TempDir;

use crate::{Process, Resp, free_port, provided, until};

/// Servers of one kind.
#[derive(Debug)]
pub struct Redis {
    program: PathBuf,
    folder: TempDir,
    /// Their ports; one that was killed keeps its own.
    pub ports: Vec<u16>,
    processes: Vec<Option<Process>>,
}

impl Redis {
    /// One server. None if there is no `BONGSU_REDIS_SERVER`.
    ///
    /// # Errors
    /// If it does not start.
    pub fn single() -> Result<Option<Self>> {
        let Some(mut redis) = Self::nothing()? else {
            return Ok(None);
        };
        redis.add(&[])?;
        Ok(Some(redis))
    }

    /// A cluster of three primaries with a replica each. None as with [`Redis::single`].
    ///
    /// # Errors
    /// If it does not come together.
    pub fn cluster() -> Result<Option<Self>> {
        let Some(mut redis) = Self::nothing()? else {
            return Ok(None);
        };
        for _ in 0..6 {
            redis.add(&["--cluster-enabled", "yes", "--cluster-node-timeout", "1000"])?;
        }
        let cli = redis.program.with_file_name("redis-cli");
        let mut create = Command::new(cli);
        create.args(["--cluster", "create"]);
        create.args(redis.ports.iter().map(|port| format!("127.0.0.1:{port}")));
        let made = create
            .args(["--cluster-replicas", "1", "--cluster-yes"])
            .output()?;
        let said = String::from_utf8_lossy(&made.stdout);
        ensure!(made.status.success(), "no cluster: {said}");
        for port in redis.ports.clone() {
            until("every node sees the cluster with its replicas", || {
                let seen = Resp::connect(port)?
                    .run(&["CLUSTER", "INFO"])?
                    .unwrap_or_default();
                let whole = [
                    "cluster_state:ok",
                    "cluster_known_nodes:6",
                    "cluster_slots_ok:16384",
                ];
                let whole = whole.iter().all(|line| seen.contains(line));
                Ok((whole && is_linked(port)?).then_some(()))
            })?;
        }
        Ok(Some(redis))
    }

    /// A primary, a replica, and a sentinel (the last port) that knows them as `bongsu`. None as with
    /// [`Redis::single`].
    ///
    /// # Errors
    /// If they do not find each other.
    pub fn sentinel() -> Result<Option<Self>> {
        let Some(mut redis) = Self::nothing()? else {
            return Ok(None);
        };
        let primary = redis.add(&[])?;
        let replica = redis.add(&["--replicaof", "127.0.0.1", &primary.to_string()])?;
        until("the replica follows", || {
            Ok(is_linked(replica)?.then_some(()))
        })?;
        let port = clear_port()?;
        let file = redis.folder.path().join("sentinel.conf");
        let text = format!(
            "port {port}\nsentinel monitor bongsu 127.0.0.1 {primary} 1\n\
             sentinel down-after-milliseconds bongsu 500\nsentinel failover-timeout bongsu 2000\n"
        );
        std::fs::write(&file, text)?;
        let mut command = Command::new(&redis.program);
        command.arg(&file).arg("--sentinel");
        redis.start(port, &mut command)?;
        until("the sentinel knows the replica", || {
            let mut sentinel = Resp::connect(port)?;
            let known = sentinel.run(&["INFO", "sentinel"])?.unwrap_or_default();
            Ok(known.contains("slaves=1").then_some(()))
        })?;
        Ok(Some(redis))
    }

    fn nothing() -> Result<Option<Self>> {
        let Some(program) = provided("BONGSU_REDIS_SERVER")? else {
            return Ok(None);
        };
        Ok(Some(Self {
            program,
            folder: tempfile::tempdir()?,
            ports: Vec::new(),
            processes: Vec::new(),
        }))
    }

    fn add(&mut self, more: &[&str]) -> Result<u16> {
        let port = clear_port()?;
        let mut command = self.command(port)?;
        command.args(more);
        self.start(port, &mut command)?;
        Ok(port)
    }

    fn command(&self, port: u16) -> Result<Command> {
        let folder = self.folder.path().join(port.to_string());
        std::fs::create_dir_all(&folder)?;
        let mut command = Command::new(&self.program);
        command.arg("--port").arg(port.to_string());
        command.args([
            "--bind",
            "127.0.0.1",
            "--save",
            "",
            "--repl-diskless-sync-delay",
            "0",
        ]);
        command.arg("--dir").arg(folder);
        Ok(command)
    }

    fn start(&mut self, port: u16, command: &mut Command) -> Result<()> {
        let process = serving(port, command, self.folder.path())?;
        self.ports.push(port);
        self.processes.push(Some(process));
        Ok(())
    }

    fn position(&self, port: u16) -> Result<usize> {
        let found = self.ports.iter().position(|known| *known == port);
        found.context("no such server")
    }

    /// Kills the server at a port without warning.
    ///
    /// # Errors
    /// If it is not running.
    pub fn kill(&mut self, port: u16) -> Result<()> {
        let position = self.position(port)?;
        let process = self.processes.get_mut(position).and_then(Option::take);
        process.context("it is not running")?.kill()
    }

    /// Starts the server that was at a port again, with nothing in it; `more` as it was started with.
    ///
    /// # Errors
    /// If it does not start.
    pub fn revive(&mut self, port: u16, more: &[&str]) -> Result<()> {
        let position = self.position(port)?;
        let mut command = self.command(port)?;
        command.args(more);
        let process = serving(port, &mut command, self.folder.path())?;
        if let Some(place) = self.processes.get_mut(position) {
            *place = Some(process);
        }
        Ok(())
    }

    /// The nodes of the configuration's `nodes`.
    #[must_use]
    pub fn nodes(&self) -> String {
        let nodes: Vec<_> = self
            .ports
            .iter()
            .map(|port| format!("\"127.0.0.1:{port}\""))
            .collect();
        nodes.join(", ")
    }
}

fn serving(port: u16, command: &mut Command, folder: &Path) -> Result<Process> {
    let mut process = Process::start(command, &folder.join(format!("{port}.log")))?;
    process.wait_until("Redis serves", || {
        let pong = Resp::connect(port)?.run(&["PING"])?;
        Ok(pong.map(drop))
    })?;
    Ok(process)
}

/// Whether a replica has all of its primary's data; a primary has.
fn is_linked(port: u16) -> Result<bool> {
    let info = Resp::connect(port)?
        .run(&["INFO", "replication"])?
        .unwrap_or_default();
    Ok(match info.contains("role:slave") {
        true => info.contains("master_link_status:up"),
        false => info.contains("connected_slaves:1"),
    })
}

/// A free port whose cluster bus port, 10 000 higher, is free as well.
fn clear_port() -> Result<u16> {
    for _ in 0..1_000 {
        let port = free_port()?;
        if port < 55_000 && TcpListener::bind((Ipv4Addr::LOCALHOST, port + 10_000)).is_ok() {
            return Ok(port);
        }
    }
    bail!("the system has no free pair of ports")
}
