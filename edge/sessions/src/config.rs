//! The `[sessions]` section: where to listen, where to keep the log, and a limit on everything a peer
//! controls. Reads the files it names (passwords, certificates), so that `--check` sees a missing one; never
//! keeps their paths.

mod tls;
mod users;

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use bongsu_sdk_config::Section;

pub(crate) use self::users::DEFAULT;
pub use self::{
    tls::Tls,
    users::{Password, User},
};
use crate::{backend::RedisConfig, pubsub::Flags, sessions::Applications};

/// When a write is acknowledged, and hence what can be lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// After the fsync of its group: survives a power cut. Costs the wait for an fsync, shared by all who wait.
    Group,
    /// After the kernel has it: survives `kill -9` and a crash of the edge. A power cut or a crash of the machine
    /// may lose up to a second. Costs one system call, shared by all who are ready.
    Os,
    /// At once; nothing is kept on disk and a restart begins without sessions.
    Memory,
}

impl Durability {
    /// Its name in configuration and in `INFO`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Group => "group",
            Self::Os => "os",
            Self::Memory => "memory",
        }
    }
}

/// What happens when memory is full. Sessions of a user never go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MemoryPolicy {
    /// Sessions of nobody go; when there are none, commands that add are refused.
    AnonymousFirst,
    /// Commands that add are refused.
    Refuse,
}

/// Checked configuration of the session store.
#[derive(Debug, Clone)]
pub struct Config {
    /// Address to listen on.
    pub bind: SocketAddr,
    /// Directory of the durable log.
    pub data_dir: PathBuf,
    /// Where to listen for TLS as well; none: nowhere.
    pub tls: Option<Tls>,
    /// What `AUTH` must present for the user `default`. None: nobody has to authenticate if there are no
    /// `users`, and `default` may not log in if there are.
    pub password: Option<Password>,
    /// The applications whose sessions are kept, and their rules.
    pub applications: Applications,
    /// What happens when memory is full.
    pub max_memory_policy: MemoryPolicy,
    /// Who else may log in.
    pub users: Vec<User>,
    /// Connections at once; one more is told so and closed.
    pub max_clients: usize,
    /// Longest argument and longest value, bytes.
    pub max_bulk: usize,
    /// Most arguments of one request.
    pub max_args: usize,
    /// Longest request, bytes: bounds what one connection makes us hold before it is served. What it queues in a
    /// transaction, watches and subscribes to together has the same limit.
    pub max_request: usize,
    /// Unfinished requests of all connections together, bytes (the first 16 KiB of each are free); beyond,
    /// the connection that goes on sending is closed.
    pub max_input: usize,
    /// Longest replies to one connection not yet taken by it, bytes; beyond, the connection is closed.
    pub max_output: usize,
    /// Bytes of keys, values and their bookkeeping; beyond, commands that add are refused with `-OOM`.
    pub max_memory: u64,
    /// Closes a connection that asked nothing for this long; none: never.
    pub idle_timeout: Option<Duration>,
    /// Closes a connection that takes longer than this to finish a request, to take a reply, or to
    /// authenticate.
    pub request_timeout: Duration,
    /// When a write is acknowledged.
    pub durability: Durability,
    /// The journal is folded into the image when it holds this much, bytes. More makes a start after a crash slower,
    /// less writes a session that changes often to the image more often.
    pub journal_size: u64,
    /// Longest run of a script; everybody else waits meanwhile.
    pub script_time_limit: Duration,
    /// Memory for scripts, their garbage included; a sixteenth of it is for their texts.
    pub script_memory: usize,
    /// Which changes of keys are published, in Redis's letters; empty: none. Each costs what a `PUBLISH` does.
    /// Clients such as Spring Session ask for theirs once, at their own start, and would not hear of anything
    /// after a restart of the store; hence the default.
    pub notify_keyspace_events: String,
    /// Where the values are instead of here; none: here.
    pub redis: Option<RedisConfig>,
}

impl Config {
    /// Reads the section; faults go to its list.
    ///
    /// | key | default | meaning |
    /// |---|---|---|
    /// | `bind` | `127.0.0.1:6379` | address to listen on |
    /// | `data_dir` | `data/sessions` | directory of the durable log |
    /// | `tls_bind` | – | address to listen on for TLS, by convention port 6380 |
    /// | `tls_cert`, `tls_key` | – | PEM files: certificate chain, private key |
    /// | `tls_client_ca` | – | PEM file; TLS clients must show a certificate signed by one of these |
    /// | `password_file` | – | file with the password that `AUTH` must present |
    /// | `[[users]]` | – | `name`, `password_file`, `read_only` (`false`): who else may log in |
    /// | `applications.<name>` | the common clients, without rules | an application's sessions and their rules, see [`Applications::read`] |
    /// | `max_clients` | 4096 | connections at once |
    /// | `max_bulk` | 8MiB | longest argument and value |
    /// | `max_args` | 65536 | most arguments of one request |
    /// | `max_request` | 32MiB | longest request; also most bytes of one connection's queue, watches, subscriptions |
    /// | `max_input` | 256MiB | unfinished requests, queues, watches, subscriptions of all connections |
    /// | `max_output` | 64MiB | most bytes of replies, and of published messages, waiting for one connection |
    /// | `max_memory` | 1GiB | data held before `max_memory_policy` comes in |
    /// | `max_memory_policy` | `anonymous-first` | `anonymous-first`: sessions of nobody go, the longest idle of a few first; then, or with `refuse` at once, commands that add are refused |
    /// | `idle_timeout` | `0s` (never) | closes idle connections |
    /// | `request_timeout` | `30s` | closes connections stuck in a request, a reply or before `AUTH` |
    /// | `backend` | `local` | `local`: the values are in this process and its journal; `redis`: in the servers that `redis` names, where `data_dir`, `durability` and `max_memory` mean nothing |
    /// | `redis` | – | the servers with `backend = "redis"`, see [`RedisConfig::read`] |
    /// | `durability` | `group` | when a write is acknowledged: `group`, `os` or `memory`, see [`Durability`] |
    /// | `notify_keyspace_events` | `Egx` | which changes of keys are published |
    /// | `journal_size` | 256MiB | the journal is folded into the image when it holds this much |
    /// | `script_time_limit` | `5s` | ends a script that runs longer |
    /// | `script_memory` | 64MiB | most memory scripts may use |
    #[must_use]
    pub fn read(section: Section) -> Self {
        let idle_timeout = section.duration("idle_timeout", Duration::ZERO);
        let config = Self {
            bind: section.address("bind", SocketAddr::from(([127, 0, 0, 1], 6379))),
            data_dir: section.path("data_dir", "data/sessions"),
            tls: Tls::read(&section),
            password: Password::read(&section, "password_file"),
            users: users::read_users(&section),
            applications: Applications::read(section.section("applications")),
            max_memory_policy: read_policy(&section),
            max_clients: bytes(section.integer("max_clients", 4096, 1..=1_000_000)),
            max_bulk: limit(&section, "max_bulk", 8 << 20, 1 << 10),
            max_args: bytes(section.integer("max_args", 65_536, 16..=1_048_576)),
            max_request: limit(&section, "max_request", 32 << 20, 1 << 16),
            max_input: limit(&section, "max_input", 256 << 20, 1 << 16),
            max_output: limit(&section, "max_output", 64 << 20, 1 << 16),
            max_memory: section.size("max_memory", 1 << 30),
            idle_timeout: (!idle_timeout.is_zero()).then_some(idle_timeout),
            request_timeout: section.duration("request_timeout", Duration::from_secs(30)),
            durability: read_durability(&section),
            journal_size: section.size("journal_size", 256 << 20),
            script_time_limit: section.duration("script_time_limit", Duration::from_secs(5)),
            script_memory: limit(&section, "script_memory", 64 << 20, 1 << 20),
            notify_keyspace_events: read_notify(&section),
            redis: read_backend(&section),
        };
        if config.max_request < config.max_bulk {
            section.fault("max_request", "is smaller than max_bulk");
        }
        if config.request_timeout.is_zero() {
            section.fault("request_timeout", "must not be zero");
        }
        if config.script_time_limit.is_zero() {
            section.fault("script_time_limit", "must not be zero");
        }
        section.finish();
        config
    }

    /// Whether a connection must authenticate before it is served.
    pub(crate) const fn asks_for_login(&self) -> bool {
        self.password.is_some() || !self.users.is_empty()
    }
}

fn read_notify(section: &Section) -> String {
    let letters = section.text("notify_keyspace_events", "Egx");
    match Flags::read(letters.as_bytes()) {
        Ok(_) => letters,
        Err(unknown) => {
            section.fault("notify_keyspace_events", unknown);
            String::new()
        }
    }
}

fn bytes(size: u64) -> usize {
    usize::try_from(size).unwrap_or(usize::MAX)
}

/// A size of at least `least`; at most 512 MiB, the longest string Redis clients expect.
fn limit(section: &Section, key: &str, default: u64, least: u64) -> usize {
    let size = section.size(key, default);
    if !(least..=512 << 20).contains(&size) {
        section.fault(
            key,
            format!("{size} bytes is not within {least}B to 512MiB"),
        );
        return bytes(default);
    }
    bytes(size)
}

fn read_durability(section: &Section) -> Durability {
    let text = section.text("durability", Durability::Group.name());
    let known = [Durability::Group, Durability::Os, Durability::Memory];
    let found = known.into_iter().find(|known| known.name() == text);
    found.unwrap_or_else(|| {
        section.fault(
            "durability",
            format!("`{text}` is none of \"group\", \"os\" and \"memory\""),
        );
        Durability::Group
    })
}

fn read_backend(section: &Section) -> Option<RedisConfig> {
    let backend = section.text("backend", "local");
    match backend.as_str() {
        "redis" => return Some(RedisConfig::read(section.section("redis"))),
        "local" if section.has("redis") => {
            section.fault("redis", "is of no use without backend = \"redis\"");
        }
        "local" => {}
        other => section.fault(
            "backend",
            format!("`{other}` is neither \"local\" nor \"redis\""),
        ),
    }
    // Whatever is wrong in it is of no interest now.
    drop(section.section("redis"));
    None
}

fn read_policy(section: &Section) -> MemoryPolicy {
    match section
        .text("max_memory_policy", "anonymous-first")
        .as_str()
    {
        "anonymous-first" => MemoryPolicy::AnonymousFirst,
        "refuse" => MemoryPolicy::Refuse,
        other => {
            section.fault(
                "max_memory_policy",
                format!("`{other}` is neither \"anonymous-first\" nor \"refuse\""),
            );
            MemoryPolicy::AnonymousFirst
        }
    }
}

#[cfg(test)]
mod tests {
    use bongsu_sdk_config::Faults;

    use super::*;

    #[test]
    fn every_fault_of_the_section_is_reported() {
        let faults = Faults::default();
        let text = "durability = \"never\"\nmax_bulk = \"1B\"\npassword_file = \"/nowhere/x\"\nmax_args = 1\nbindd = \"x\"\n";
        let config = Config::read(Section::parse(text, &faults));
        assert_eq!(
            faults.lines(),
            [
                "password_file: cannot read `/nowhere/x`: No such file or directory (os error 2)",
                "max_bulk: 1 bytes is not within 1024B to 512MiB",
                "max_args: 1 is not within 16 to 1048576",
                "durability: `never` is none of \"group\", \"os\" and \"memory\"",
                "bindd: unknown key, hint: did you mean `bind`?",
            ]
        );
        assert_eq!(config.max_bulk, 8 << 20);
    }

    #[test]
    fn the_backend_is_named_where_it_is_set_up() {
        let read = |text: &str| {
            let faults = Faults::default();
            let config = Config::read(Section::parse(text, &faults));
            (config.redis.is_some(), faults.lines())
        };
        let set_up = "[redis]\nnodes = [\"a:1\"]\n";
        assert_eq!(
            read(&format!("backend = \"redis\"\n{set_up}")),
            (true, vec![])
        );
        assert_eq!(
            read(set_up).1,
            ["redis: is of no use without backend = \"redis\""]
        );
        assert_eq!(
            read("backend = \"redis\"").1,
            ["redis.nodes: is missing, hint: [\"host:port\"]"]
        );
        assert_eq!(
            read("backend = \"valkey\"").1,
            ["backend: `valkey` is neither \"local\" nor \"redis\""]
        );
    }
}
