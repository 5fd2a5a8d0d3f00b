//! nginx and HAProxy in front of an application, with the files of `deploy/guard`.

use std::{
    fs,
    io::{Read as _, Write as _},
    net::TcpStream,
    path::Path,
    process::Command,
    time::Duration,
};

use anyhow::{Context as _, Result};
use bongsu_tests::{Process, free_port, provided};
use tempfile::TempDir;

const NGINX: &str = include_str!("../../../deploy/guard/nginx.conf");
const HAPROXY: &str = include_str!("../../../deploy/guard/haproxy.cfg");
const LUA: &str = include_str!("../../../deploy/guard/bongsu-guard.lua");

/// What happens when the edge does not answer.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Fail {
    Open,
    Closed,
}

/// A running web server with an application behind it.
pub(crate) struct Server {
    port: u16,
    _processes: Vec<Process>,
    _folder: TempDir,
}

impl Server {
    /// nginx. None without `BONGSU_NGINX`.
    pub(crate) fn nginx(edge: u16, fail: Fail) -> Result<Option<Self>> {
        let Some(program) = provided("BONGSU_NGINX")? else {
            return Ok(None);
        };
        let folder = tempfile::tempdir()?;
        let (port, application) = (free_port()?, free_port()?);
        let open = "error_page 500 502 504 = @bongsu_open;";
        let guard = match fail {
            Fail::Open => NGINX.to_owned(),
            Fail::Closed => NGINX.replace(open, ""),
        };
        let server = format!(
            "server {{ listen 127.0.0.1:{port}; {guard}\nlocation / {{ proxy_pass http://127.0.0.1:{application}; }} }}"
        );
        let upstream =
            format!("upstream bongsu_guard {{ server 127.0.0.1:{edge}; keepalive 64; }}");
        let process = nginx(
            &program,
            folder.path(),
            &format!("{upstream}\n{server}"),
            application,
        )?;
        Self::ready(port, vec![process], folder).map(Some)
    }

    /// HAProxy. None without `BONGSU_HAPROXY` or `BONGSU_NGINX`, which plays the application.
    pub(crate) fn haproxy(edge: u16, fail: Fail) -> Result<Option<Self>> {
        let (Some(program), Some(nginx_program)) =
            (provided("BONGSU_HAPROXY")?, provided("BONGSU_NGINX")?)
        else {
            return Ok(None);
        };
        let folder = tempfile::tempdir()?;
        let (port, application) = (free_port()?, free_port()?);
        let closed =
            "# http-request deny deny_status 503 if { var(txn.bongsu_status) -m str down }";
        let guard = match fail {
            Fail::Open => HAPROXY.to_owned(),
            Fail::Closed => HAPROXY.replace(closed, closed.trim_start_matches("# ")),
        };
        let lua = folder.path().join("bongsu-guard.lua");
        fs::write(&lua, LUA)?;
        let config = format!(
            "global\n    setenv BONGSU_GUARD http://127.0.0.1:{edge}\n    lua-load {lua}\ndefaults\n    mode http\n    \
             timeout connect 1s\n    timeout client 5s\n    timeout server 5s\nfrontend web\n    \
             bind 127.0.0.1:{port}\n{guard}\n    default_backend app\nbackend app\n    server a 127.0.0.1:{application}\n",
            lua = lua.display(),
        );
        let file = folder.path().join("haproxy.cfg");
        fs::write(&file, config)?;
        let behind = nginx(&nginx_program, folder.path(), "", application)?;
        let mut command = Command::new(program);
        command.arg("-db").arg("-f").arg(&file);
        let process = Process::start(&mut command, &folder.path().join("haproxy.log"))?;
        Self::ready(port, vec![process, behind], folder).map(Some)
    }

    fn ready(port: u16, mut processes: Vec<Process>, folder: TempDir) -> Result<Self> {
        let first = processes.first_mut().context("no server")?;
        first.wait_until("the web server serves", || {
            Ok((fetch(port, "/", &[])?.0 == 200).then_some(()))
        })?;
        Ok(Self {
            port,
            _processes: processes,
            _folder: folder,
        })
    }

    /// Status, and the whole answer as text.
    pub(crate) fn get(&self, path: &str, headers: &[&str]) -> Result<(u16, String)> {
        fetch(self.port, path, headers)
    }
}

/// nginx with an application on a port, and more.
fn nginx(program: &Path, folder: &Path, more: &str, application: u16) -> Result<Process> {
    fs::create_dir_all(folder.join("tmp"))?;
    let config = format!(
        "daemon off; worker_processes 1; pid nginx.pid; error_log stderr warn;\nevents {{ worker_connections 256; }}\n\
         http {{ access_log off; client_body_temp_path tmp/b; proxy_temp_path tmp/p; fastcgi_temp_path tmp/f; \
         uwsgi_temp_path tmp/u; scgi_temp_path tmp/s;\n\
         server {{ listen 127.0.0.1:{application}; location / {{ return 200 \"the application\"; }} }}\n{more}\n}}\n"
    );
    let file = folder.join("nginx.conf");
    fs::write(&file, config)?;
    let mut command = Command::new(program);
    command
        .arg("-p")
        .arg(folder)
        .arg("-c")
        .arg(&file)
        .args(["-e", "stderr"]);
    Process::start(&mut command, &folder.join("nginx.log"))
}

/// A request as it stands, without redirects being followed or paths made plain.
pub(crate) fn fetch(port: u16, path: &str, headers: &[&str]) -> Result<(u16, String)> {
    let mut stream = TcpStream::connect(("127.0.0.1", port))?;
    stream.set_read_timeout(Some(Duration::from_secs(20)))?;
    let mut request =
        format!("GET {path} HTTP/1.1\r\nHost: minwon.example\r\nConnection: close\r\n");
    for header in headers {
        request.push_str(header);
        request.push_str("\r\n");
    }
    stream.write_all(format!("{request}\r\n").as_bytes())?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    let answer = String::from_utf8_lossy(&answer).into_owned();
    let status = answer.split(' ').nth(1).context("no status")?.parse()?;
    Ok((status, answer))
}
