//! A center as an operator runs it, with an authority made by its own command.

use std::{
    fmt::Write as _,
    fs,
    path::Path,
    process::{Command, ExitStatus},
};

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{Process, Web, binary, free_port};

/// A folder with an authority and the certificates it issued.
#[derive(Debug)]
pub struct Authority(TempDir);

impl Authority {
    /// Makes one with `bongsu-center ca init`, and a certificate for a center at 127.0.0.1.
    ///
    /// # Errors
    /// If the command fails; with what it said.
    pub fn new() -> Result<Self> {
        let authority = Self(tempfile::tempdir()?);
        authority.run("init", &[])?;
        authority.run("issue", &["--center", "127.0.0.1"])?;
        Ok(authority)
    }

    /// Issues a certificate for an edge; gives the `[ship]` section that uses it towards the center at `port`.
    ///
    /// # Errors
    /// If the command fails; with what it said.
    pub fn ship(&self, site: &str, port: u16) -> Result<String> {
        self.run("issue", &["--site", site])?;
        let tls = self.0.path().display();
        Ok(format!(
            "[ship]\ncenter = \"127.0.0.1:{port}\"\nca = \"{tls}/ca.pem\"\ncert = \"{tls}/{site}.pem\"\n\
             key = \"{tls}/{site}.key\"\nbackoff_max = \"500ms\"\nidle_timeout = \"4s\"\nkeep_alive = \"1s\"\n"
        ))
    }

    fn run(&self, command: &str, words: &[&str]) -> Result<()> {
        let mut center = Command::new(binary("bongsu-center")?);
        center
            .args(["ca", command, "--dir"])
            .arg(self.0.path())
            .args(words);
        let output = center.output()?;
        ensure!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        Ok(())
    }

    fn folder(&self) -> &Path {
        self.0.path()
    }
}

/// One center. Its process can be killed and started again over the same data, at the same ports.
#[derive(Debug)]
pub struct Center {
    folder: TempDir,
    /// Who vouches for it and its edges.
    pub authority: Authority,
    /// QUIC over UDP.
    pub quic: u16,
    /// Page and API.
    pub http: u16,
    process: Option<Process>,
}

impl Center {
    /// Starts a center that expects `sites` and waits until it serves.
    ///
    /// # Errors
    /// If it does not come up; with what it said.
    pub fn start(sites: &[&str]) -> Result<Self> {
        let authority = Authority::new()?;
        let folder = tempfile::tempdir()?;
        let (quic, http) = (free_port()?, free_port()?);
        let mut text = format!(
            r#"data_dir = "{data}/data"

[receive]
bind = "127.0.0.1:{quic}"
ca = "{tls}/ca.pem"
ca_key = "{tls}/ca.key"
cert = "{tls}/center.pem"
key = "{tls}/center.key"
idle_timeout = "4s"

[dashboard]
bind = "127.0.0.1:{http}"
open = true
"#,
            data = folder.path().display(),
            tls = authority.folder().display(),
        );
        for site in sites {
            write!(text, "\n[[sites]]\nid = \"{site}\"\n")?;
        }
        fs::write(folder.path().join("center.toml"), text)?;
        let mut center = Self {
            folder,
            authority,
            quic,
            http,
            process: None,
        };
        center.restart()?;
        Ok(center)
    }

    /// Starts the process (again) and waits until it serves.
    ///
    /// # Errors
    /// If it does not come up; with what it said.
    pub fn restart(&mut self) -> Result<()> {
        let mut command = Command::new(binary("bongsu-center")?);
        command
            .arg("--config")
            .arg(self.folder.path().join("center.toml"));
        let mut process = Process::start(&mut command, &self.folder.path().join("center.log"))?;
        let web = self.web();
        process.wait_until("the center serves", || {
            Ok((web.get("/healthz", None)?.status == 200).then_some(()))
        })?;
        self.process = Some(process);
        Ok(())
    }

    /// The `[ship]` section of an edge of this center.
    ///
    /// # Errors
    /// If no certificate can be issued.
    pub fn ship(&self, site: &str) -> Result<String> {
        self.authority.ship(site, self.quic)
    }

    /// Runs a command of `bongsu-center` beside the running center, such as `token create`; gives what it printed.
    ///
    /// # Errors
    /// If it fails; with what it said.
    pub fn command(&self, words: &[&str]) -> Result<String> {
        let mut command = Command::new(binary("bongsu-center")?);
        command
            .args(words)
            .arg("--config")
            .arg(self.folder.path().join("center.toml"));
        let output = command.output()?;
        let said = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "{said}");
        Ok(String::from_utf8(output.stdout)?)
    }

    /// Ends the process without warning.
    ///
    /// # Errors
    /// If it is not running.
    pub fn kill(&mut self) -> Result<()> {
        self.process
            .take()
            .context("the center is not running")?
            .kill()
    }

    /// Asks the process to end and waits until it has.
    ///
    /// # Errors
    /// If it is not running or does not end.
    pub fn stop(&mut self) -> Result<ExitStatus> {
        self.process
            .take()
            .context("the center is not running")?
            .stop()
    }

    /// The running process.
    ///
    /// # Errors
    /// If it is not running.
    pub fn process(&mut self) -> Result<&mut Process> {
        self.process.as_mut().context("the center is not running")
    }

    /// Its page and API.
    #[must_use]
    pub fn web(&self) -> Web {
        Web::at(self.http)
    }

    /// Answers a plan.
    ///
    /// # Errors
    /// If it is not answered.
    pub fn plan(&self, plan: &Value) -> Result<Value> {
        self.web().ask(&json!({ "plan": plan }))
    }
}
