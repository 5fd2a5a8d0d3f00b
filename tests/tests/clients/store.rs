//! The session store under test, or Redis in its place.

use std::{
    env,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result, ensure};
use bongsu_tests::{Edge, Process, Resp, free_port};
use tempfile::TempDir;

/// Where sessions are kept. It can be killed and started again over the same data, at the same port.
pub(crate) enum Store {
    /// An edge.
    Edge(Edge),
    /// The system's Redis.
    Redis {
        folder: TempDir,
        port: u16,
        process: Option<Process>,
    },
}

impl Store {
    /// Starts what `BONGSU_TEST_AGAINST` names, or else an edge.
    pub(crate) fn start() -> Result<Self> {
        if env::var_os("BONGSU_TEST_AGAINST").is_none_or(|peer| peer != "redis") {
            return Ok(Self::Edge(Edge::start("seoul", "")?));
        }
        let mut redis = Self::Redis {
            folder: tempfile::tempdir()?,
            port: free_port()?,
            process: None,
        };
        redis.restart()?;
        Ok(redis)
    }

    /// RESP.
    pub(crate) fn port(&self) -> u16 {
        match self {
            Self::Edge(edge) => edge.resp,
            Self::Redis { port, .. } => *port,
        }
    }

    /// For the applications' files too.
    pub(crate) fn folder(&self) -> &Path {
        match self {
            Self::Edge(edge) => edge.folder(),
            Self::Redis { folder, .. } => folder.path(),
        }
    }

    /// Ends it without warning.
    pub(crate) fn kill(&mut self) -> Result<()> {
        match self {
            Self::Edge(edge) => edge.kill(),
            Self::Redis { process, .. } => process.take().context("not running")?.kill(),
        }
    }

    /// Starts it again and waits until it serves.
    pub(crate) fn restart(&mut self) -> Result<()> {
        match self {
            Self::Edge(edge) => edge.restart(),
            Self::Redis {
                folder,
                port,
                process,
            } => {
                *process = Some(redis(folder.path(), *port)?);
                Ok(())
            }
        }
    }
}

fn redis(folder: &Path, port: u16) -> Result<Process> {
    let program = env::var_os("BONGSU_REDIS_SERVER").map_or("redis-server".into(), PathBuf::from);
    let mut command = Command::new(program);
    command.arg("--dir").arg(folder);
    command.args(["--bind", "127.0.0.1", "--port", &port.to_string()]);
    command.args(["--appendonly", "yes", "--appendfsync", "always"]);
    // Redis forgets at its end what a client has set; Spring sets this once.
    command.args(["--notify-keyspace-events", "Egx"]);
    let mut process = Process::start(&mut command, &folder.join("redis.log"))?;
    process.wait_until("redis serves", || {
        ensure!(Resp::connect(port)?.run(&["PING"])?.is_some());
        Ok(Some(()))
    })?;
    Ok(process)
}
