//! Our binaries as processes: found next to the test, started with their output in a file, killed when dropped.

use std::{
    collections::BTreeSet,
    env, fs,
    fs::File,
    hash::{BuildHasher as _, RandomState},
    net::{Ipv4Addr, TcpListener, UdpSocket},
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    sync::{Mutex, PoisonError},
};

use anyhow::{Context as _, Result, bail, ensure};
use rustix::process::{Pid, Signal, kill_process};

use crate::{family, time::until};

/// One of our binaries: in `BONGSU_BIN`, or where cargo put the running test.
///
/// # Errors
/// If it has not been built.
pub fn binary(name: &str) -> Result<PathBuf> {
    let place = folder()?.join(name);
    ensure!(
        place.is_file(),
        "`{}` is not there; hint: run `cargo build` first",
        place.display()
    );
    Ok(place)
}

/// The folder of the built plugins: `BONGSU_PLUGINS`, or `plugins` in the target directory.
///
/// # Errors
/// If they have not been built.
pub fn plugins() -> Result<PathBuf> {
    let place = match env::var_os("BONGSU_PLUGINS") {
        Some(place) => place.into(),
        None => folder()?
            .parent()
            .context("no target directory")?
            .join("plugins"),
    };
    let built = place.join("detect-login-brute-force.wasm").is_file();
    ensure!(
        built,
        "no plugins in `{}`; hint: run `cargo xtask plugins` first",
        place.display()
    );
    Ok(place)
}

fn folder() -> Result<PathBuf> {
    if let Some(folder) = env::var_os("BONGSU_BIN") {
        return Ok(folder.into());
    }
    let test = env::current_exe()?;
    let profile = test
        .ancestors()
        .nth(2)
        .context("the test is in no target directory")?;
    Ok(profile.to_owned())
}

/// A port that is free for TCP and UDP on the loopback address, never given twice by this process. The caller
/// gives it to a server that may be started several times, so the server can't choose it itself.
///
/// It is below those that the system gives to outgoing connections: while a server is killed, one of its own
/// clients could otherwise be given the server's port, even by connecting to it, and keep the server out.
///
/// # Errors
/// If the system has none.
pub fn free_port() -> Result<u16> {
    const FIRST: u64 = 10_000;
    const OUTGOING: u64 = 32_768;
    static GIVEN: Mutex<BTreeSet<u16>> = Mutex::new(BTreeSet::new());
    let mut given = GIVEN.lock().unwrap_or_else(PoisonError::into_inner);
    for _ in 0..1_000 {
        let random = RandomState::new().hash_one(given.len());
        let port = u16::try_from(FIRST + random % (OUTGOING - FIRST))?;
        let here = (Ipv4Addr::LOCALHOST, port);
        if TcpListener::bind(here).is_ok() && UdpSocket::bind(here).is_ok() && given.insert(port) {
            return Ok(port);
        }
    }
    bail!("the system has no free port")
}

/// A running program.
#[derive(Debug)]
pub struct Process {
    child: Child,
    output: PathBuf,
}

impl Process {
    /// Starts `command`; what it says is appended to the file `output`.
    ///
    /// # Errors
    /// If it can't be started.
    pub fn start(command: &mut Command, output: &Path) -> Result<Self> {
        let file = File::options().create(true).append(true).open(output)?;
        let child = command
            .stdin(Stdio::null())
            .stdout(file.try_clone()?)
            .stderr(file)
            .spawn()
            .with_context(|| format!("failed to start {command:?}"))?;
        Ok(Self {
            child,
            output: output.to_owned(),
        })
    }

    /// Waits until `ready` finds something.
    ///
    /// # Errors
    /// If the process ends before, with what it said; or at the deadline.
    pub fn wait_until<T>(
        &mut self,
        what: &str,
        mut ready: impl FnMut() -> Result<Option<T>>,
    ) -> Result<T> {
        let found = until(what, || match self.child.try_wait()? {
            Some(status) => Ok(Some(Err(status))),
            None => Ok(ready()?.map(Ok)),
        })?;
        found.map_err(|status| anyhow::anyhow!("ended with {status}: {}", self.said()))
    }

    /// Whether it has not ended.
    ///
    /// # Errors
    /// If the system does not say.
    pub fn is_running(&mut self) -> Result<bool> {
        Ok(self.child.try_wait()?.is_none())
    }

    /// Ends it and every process that it started, without warning (SIGKILL).
    ///
    /// # Errors
    /// If the system refuses.
    pub fn kill(mut self) -> Result<()> {
        self.end()
    }

    fn end(&mut self) -> Result<()> {
        if self.child.try_wait()?.is_some() {
            return Ok(());
        }
        let started = family::kill_what_it_started(self.child.id())?;
        self.child.kill()?;
        self.child.wait()?;
        until("what it started is gone too", || {
            Ok(started.iter().all(|id| !family::lives(*id)).then_some(()))
        })
    }

    /// Asks it to end (SIGTERM) and waits until it has.
    ///
    /// # Errors
    /// If it does not end by the deadline.
    pub fn stop(mut self) -> Result<ExitStatus> {
        let id = Pid::from_child(&self.child);
        kill_process(id, Signal::TERM)?;
        until("the process ends after SIGTERM", || {
            Ok(self.child.try_wait()?)
        })
    }

    /// Its process id.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Memory that is in use, bytes (`VmRSS`).
    ///
    /// # Errors
    /// If the process has ended.
    pub fn resident_bytes(&self) -> Result<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kib: u64 = line
            .context("no VmRSS")?
            .trim()
            .trim_end_matches(" kB")
            .parse()?;
        Ok(kib << 10)
    }

    /// What it has said so far.
    #[must_use]
    pub fn said(&self) -> String {
        fs::read_to_string(&self.output).unwrap_or_default()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // A test that failed has said why; this one may only make it worse.
        let _ = self.end();
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
