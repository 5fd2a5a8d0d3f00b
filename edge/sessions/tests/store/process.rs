//! A store in a process of its own, to be killed or frozen: the example `session_server`, which `cargo test`
//! builds.

use std::{
    net::{SocketAddr, TcpListener},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use crate::{client::Client, restart::image};

/// A store in a process of its own; killed when dropped.
pub(crate) struct Process {
    child: Child,
    address: SocketAddr,
    errors: PathBuf,
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn server() -> PathBuf {
    let tests = std::env::current_exe().unwrap();
    let path = tests
        .parent()
        .unwrap()
        .parent()
        .unwrap()
        .join("examples/session_server");
    assert!(
        path.exists(),
        "{} is missing: run `cargo test` without --test",
        path.display()
    );
    path
}

impl Process {
    /// Starts a store whose log is in `data`; `settings` are lines of its section. `dir` is for its configuration.
    pub(crate) async fn start(dir: &Path, data: &Path, settings: &str) -> Self {
        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = free.local_addr().unwrap();
        drop(free);
        let config = dir.join("sessions.toml");
        let text = format!(
            "bind = \"{address}\"\ndata_dir = {:?}\n{settings}\n",
            data.to_str().unwrap()
        );
        std::fs::write(&config, text).unwrap();
        let errors = dir.join("errors");
        let child = Command::new(server())
            .arg(&config)
            .stdout(Stdio::null())
            .stderr(std::fs::File::create(&errors).unwrap())
            .spawn()
            .unwrap();
        let mut process = Self {
            child,
            address,
            errors,
        };
        while Client::try_to(process.address).await.is_none() {
            let ended = process.child.try_wait().unwrap();
            assert_eq!(
                ended, None,
                "the store did not start; is the example of this version?"
            );
            tokio::task::yield_now().await;
        }
        process
    }

    /// A new connection.
    pub(crate) async fn connect(&self) -> Client {
        Client::try_to(self.address).await.unwrap()
    }

    /// Where it listens.
    pub(crate) const fn address(&self) -> SocketAddr {
        self.address
    }

    /// What its threads said when they panicked.
    pub(crate) fn panics(&self) -> String {
        let errors = std::fs::read_to_string(&self.errors).unwrap();
        let panics = errors.lines().filter(|line| line.contains("panicked at"));
        panics.collect()
    }

    /// Kills it as `kill -9` does.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
    }

    /// Kills it, and waits until it is gone.
    pub(crate) fn end(mut self) {
        self.kill();
        self.child.wait().unwrap();
    }

    /// Whether it has not ended.
    pub(crate) fn is_alive(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    /// The files of its directory as a kill at one instant would leave them: it stands still meanwhile.
    pub(crate) fn copy(&self, data: &Path, to: &Path) {
        self.signal("-STOP");
        image(data, to);
        self.signal("-CONT");
    }

    /// Its resident memory, bytes.
    pub(crate) fn resident(&self) -> u64 {
        let path = format!("/proc/{}/statm", self.child.id());
        let text = std::fs::read_to_string(path).unwrap();
        text.split(' ').nth(1).unwrap().parse::<u64>().unwrap() * 4096
    }

    fn signal(&self, signal: &str) {
        let mut kill = Command::new("kill");
        let sent = kill.args([signal, &self.child.id().to_string()]).status();
        assert!(sent.unwrap().success());
    }
}
