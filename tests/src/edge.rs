//! An edge as an operator runs it: a folder with `edge.toml`, a process, sockets.

use std::{
    fs,
    path::Path,
    process::{Command, ExitStatus},
};

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{Process, Resp, Visit, Web, binary, encode, free_port, plugins};

/// The organisation's key: the same at every edge, so that a person at two sites is one.
const IDENTITY_KEY: &str = "000102030405060708090a0b0c0d0e0f\n";

/// What orders to an edge must present.
pub const ADMIN_TOKEN: &str = "the-administrators-token";

/// One edge. Its process can be killed and started again over the same data, at the same ports.
#[derive(Debug)]
pub struct Edge {
    folder: TempDir,
    /// RESP.
    pub resp: u16,
    /// OTLP/gRPC.
    pub grpc: u16,
    /// OTLP/HTTP.
    pub otlp: u16,
    /// Page and API.
    pub http: u16,
    process: Option<Process>,
}

impl Edge {
    /// Starts the edge of `site` and waits until it serves. `more` is appended to its configuration; in it,
    /// `{folder}` stands for the edge's own folder.
    ///
    /// # Errors
    /// If it does not come up; with what it said.
    pub fn start(site: &str, more: &str) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let [resp, grpc, otlp, http] = [free_port()?, free_port()?, free_port()?, free_port()?];
        let here = folder.path().display();
        fs::write(folder.path().join("identity.key"), IDENTITY_KEY)?;
        fs::write(folder.path().join("admin.token"), ADMIN_TOKEN)?;
        let text = format!(
            r#"site = "{site}"
data_dir = "{here}/data"
identity_key = "{here}/identity.key"

[sessions]
bind = "127.0.0.1:{resp}"
data_dir = "{here}/data/sessions"

[plugins]
dir = "{plugins}"

[http]
bind = "127.0.0.1:{http}"
admin_token_file = "{here}/admin.token"

[collect]
grpc = "127.0.0.1:{grpc}"
http = "127.0.0.1:{otlp}"
host = false
data_dir = "{here}/data/collect"

{more}
"#,
            plugins = plugins()?.display(),
            more = more.replace("{folder}", &here.to_string()),
        );
        fs::write(folder.path().join("edge.toml"), text)?;
        let mut edge = Self {
            folder,
            resp,
            grpc,
            otlp,
            http,
            process: None,
        };
        edge.restart()?;
        Ok(edge)
    }

    /// Starts the process (again) and waits until it serves.
    ///
    /// # Errors
    /// If it does not come up; with what it said.
    pub fn restart(&mut self) -> Result<()> {
        let mut command = Command::new(binary("bongsu-edge")?);
        command.arg("--config").arg(self.folder().join("edge.toml"));
        let mut process = Process::start(&mut command, &self.folder().join("edge.log"))?;
        let web = self.web();
        process.wait_until("the edge serves", || {
            Ok((web.get("/healthz", None)?.status == 200).then_some(()))
        })?;
        self.process = Some(process);
        Ok(())
    }

    /// Ends the process without warning.
    ///
    /// # Errors
    /// If it is not running.
    pub fn kill(&mut self) -> Result<()> {
        self.process
            .take()
            .context("the edge is not running")?
            .kill()
    }

    /// Asks the process to end and waits until it has.
    ///
    /// # Errors
    /// If it is not running or does not end.
    pub fn stop(&mut self) -> Result<ExitStatus> {
        self.process
            .take()
            .context("the edge is not running")?
            .stop()
    }

    /// The running process.
    ///
    /// # Errors
    /// If it is not running.
    pub fn process(&mut self) -> Result<&mut Process> {
        self.process.as_mut().context("the edge is not running")
    }

    /// Its configuration, data and log.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Its page and API.
    #[must_use]
    pub fn web(&self) -> Web {
        Web::at(self.http)
    }

    /// A new connection to its session store.
    ///
    /// # Errors
    /// If it is not running.
    pub fn sessions(&self) -> Result<Resp> {
        Resp::connect(self.resp)
    }

    /// Exports visits by OTLP/HTTP; they have been taken when this returns.
    ///
    /// # Errors
    /// If they are refused.
    pub fn export(&self, visits: &[Visit]) -> Result<()> {
        let kind = "application/x-protobuf";
        let reply = Web::at(self.otlp).post("/v1/traces", kind, &encode(visits))?;
        ensure!(
            reply.status == 200,
            "the export was answered with {reply:?}"
        );
        Ok(())
    }

    /// Answers a plan.
    ///
    /// # Errors
    /// If it is not answered.
    pub fn plan(&self, plan: &Value) -> Result<Value> {
        self.web().ask(&json!({ "plan": plan }))
    }

    /// `/healthz`.
    ///
    /// # Errors
    /// If the edge does not serve.
    pub fn health(&self) -> Result<Value> {
        self.web().get("/healthz", None)?.json()
    }

    /// A counter or gauge of `/metrics`, 0 if it is not there.
    ///
    /// # Errors
    /// If the edge does not serve.
    pub fn metric(&self, name: &str) -> Result<u64> {
        let text = self.web().get("/metrics", None)?.text;
        let line = text
            .lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        Ok(line.unwrap_or("0").parse()?)
    }
}
