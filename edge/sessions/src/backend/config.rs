//! The `[sessions.redis]` section: where the values are when `backend = "redis"`, and what an acknowledged write is
//! worth there.

use std::{fmt, fs, str::FromStr, time::Duration};

use bongsu_sdk_config::Section;

use crate::Password;

/// Address of a server: host name or address, and port.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Node {
    /// Host name or address.
    pub host: String,
    /// Port.
    pub port: u16,
}

impl fmt::Display for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.host, self.port)
    }
}

impl FromStr for Node {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = "is not a host and a port, hint: \"10.0.0.1:6379\"";
        let (host, port) = text.rsplit_once(':').ok_or(wrong)?;
        let host = host.trim_start_matches('[').trim_end_matches(']');
        let port = port.parse().map_err(|_| wrong)?;
        if host.is_empty() || host.contains(char::is_whitespace) {
            return Err(wrong);
        }
        Ok(Self {
            host: host.to_owned(),
            port,
        })
    }
}

/// How the primaries are found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mode {
    /// Any node of a Redis or Valkey Cluster tells.
    Cluster,
    /// The sentinels tell where the primary of this name is.
    Sentinel(String),
    /// It is the one node named.
    Single,
}

/// Checked configuration of the backend.
#[derive(Debug, Clone)]
pub struct RedisConfig {
    /// How the primaries are found.
    pub mode: Mode,
    /// Nodes of the cluster, the sentinels, or the server.
    pub nodes: Vec<Node>,
    /// User to authenticate as; none: the default user.
    pub user: Option<String>,
    /// Password; none: no authentication.
    pub password: Option<Password>,
    /// Password of the sentinels; none: they ask for none.
    pub sentinel_password: Option<Password>,
    /// Whether connections are encrypted.
    pub tls: bool,
    /// Certificates (PEM) of who may vouch for the servers; none: the system's.
    pub ca: Option<Vec<u8>>,
    /// Replicas that must have a write before it is acknowledged.
    pub wait_replicas: u32,
    /// Time they have.
    pub wait_timeout: Duration,
    /// Time a command has, however often it must be tried.
    pub timeout: Duration,
    /// Connections per primary, database and protocol version, for reading and again for writing.
    pub connections: usize,
}

impl RedisConfig {
    /// Reads the section; faults go to its list.
    ///
    /// | key | default | meaning | cost |
    /// |---|---|---|---|
    /// | `mode` | `cluster` | `cluster`, `sentinel` or `single`: how the primaries are found | |
    /// | `nodes` | – | `["host:port", …]`: some nodes of the cluster, the sentinels, or the one server (also any other that speaks RESP) | |
    /// | `master` | – | name of the primary the sentinels know; with `mode = "sentinel"` only | |
    /// | `user`, `password_file` | – | what the servers ask for | |
    /// | `sentinel_password_file` | – | what the sentinels ask for | |
    /// | `tls` | false | encrypt, and check the servers' certificates | processor on both sides |
    /// | `ca_file` | the system's | PEM file with who may vouch for the servers | |
    /// | `wait_replicas` | 1 | replicas that must have a write before it is acknowledged, otherwise it is answered with `-NOREPLICAS`; 0: asynchronous, a fail-over may lose what was acknowledged last | every write waits for a replica as well; with fewer replicas than this, no write succeeds |
    /// | `wait_timeout` | `200ms` | time the replicas have | longest a write waits in front of others on its connection |
    /// | `timeout` | `5s` | time a command has while the backend fails over; then it is answered with an error | how long a client waits at most |
    /// | `connections` | 4 | connections per primary for reading, and as many for writing | memory and one socket each on both sides |
    #[must_use]
    pub fn read(section: Section) -> Self {
        let config = Self {
            mode: read_mode(&section),
            nodes: read_nodes(&section),
            user: section.optional_text("user"),
            password: Password::read(&section, "password_file"),
            sentinel_password: Password::read(&section, "sentinel_password_file"),
            tls: section.flag("tls", false),
            ca: read_ca(&section),
            wait_replicas: u32::try_from(section.integer("wait_replicas", 1, 0..=16)).unwrap_or(1),
            wait_timeout: section.duration("wait_timeout", Duration::from_millis(200)),
            timeout: section.duration("timeout", Duration::from_secs(5)),
            connections: usize::try_from(section.integer("connections", 4, 1..=256)).unwrap_or(4),
        };
        if config.wait_timeout < Duration::from_millis(1) {
            // Redis would take it for "for ever".
            section.fault("wait_timeout", "is less than 1ms");
        }
        if config.timeout < Duration::from_millis(100) {
            section.fault("timeout", "is less than 100ms");
        }
        if config.wait_replicas > 0 && config.wait_timeout >= config.timeout {
            section.fault("wait_timeout", "must be less than timeout");
        }
        if config.user.is_some() && config.password.is_none() {
            section.fault("user", "needs a password_file");
        }
        if config.ca.is_some() && !config.tls {
            section.fault("ca_file", "is of no use without tls = true");
        }
        section.finish();
        config
    }
}

fn read_mode(section: &Section) -> Mode {
    let master = section.optional_text("master");
    let mode = section.text("mode", "cluster");
    if master.is_some() && mode != "sentinel" {
        section.fault("master", "is of use with mode = \"sentinel\" only");
    }
    match mode.as_str() {
        "cluster" => Mode::Cluster,
        "single" => Mode::Single,
        "sentinel" => Mode::Sentinel(master.unwrap_or_else(|| {
            section.fault("master", "is missing, hint: the name the sentinels know");
            String::new()
        })),
        other => {
            section.fault(
                "mode",
                format!("`{other}` is none of \"cluster\", \"sentinel\" and \"single\""),
            );
            Mode::Cluster
        }
    }
}

fn read_nodes(section: &Section) -> Vec<Node> {
    let texts = section.texts("nodes", &[]);
    if texts.is_empty() {
        section.fault("nodes", "is missing, hint: [\"host:port\"]");
    }
    if texts.len() > 1 && section.has("mode") && section.text("mode", "") == "single" {
        section.fault("nodes", "names more than one, hint: mode = \"cluster\"");
    }
    let read = |text: &String| match text.parse() {
        Ok(node) => Some(node),
        Err(why) => {
            section.fault("nodes", format!("`{text}` {why}"));
            None
        }
    };
    texts.iter().filter_map(read).collect()
}

fn read_ca(section: &Section) -> Option<Vec<u8>> {
    let path = section.optional_path("ca_file")?;
    match fs::read(&path) {
        Ok(pem) => Some(pem),
        Err(error) => {
            section.fault(
                "ca_file",
                format!("cannot read `{}`: {error}", path.display()),
            );
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use bongsu_sdk_config::Faults;

    use super::*;

    fn read(text: &str) -> (RedisConfig, Vec<String>) {
        let faults = Faults::default();
        let config = RedisConfig::read(Section::parse(text, &faults));
        (config, faults.lines())
    }

    #[test]
    fn what_is_not_said_has_defaults() {
        let (config, faults) = read("nodes = [\"[::1]:7000\", \"b:7001\"]");
        assert_eq!(faults, [""; 0]);
        assert_eq!(config.mode, Mode::Cluster);
        assert_eq!(config.nodes[0].to_string(), "::1:7000");
        assert_eq!((config.wait_replicas, config.connections), (1, 4));
    }

    #[test]
    fn every_fault_is_reported() {
        let text = "mode = \"sentinel\"\nnodes = [\"x\"]\nwait_timeout = \"9s\"\nuser = \"a\"\nca_file = \"/nowhere/x\"\nnodess = 1";
        let (_, faults) = read(text);
        assert_eq!(
            faults,
            [
                "master: is missing, hint: the name the sentinels know",
                "nodes: `x` is not a host and a port, hint: \"10.0.0.1:6379\"",
                "ca_file: cannot read `/nowhere/x`: No such file or directory (os error 2)",
                "wait_timeout: must be less than timeout",
                "user: needs a password_file",
                "nodess: unknown key, hint: did you mean `nodes`?",
            ]
        );
        let (_, faults) = read("mode = \"many\"\nmaster = \"m\"\ntimeout = \"1ms\"");
        assert_eq!(faults.len(), 5, "{faults:?}");
    }
}
