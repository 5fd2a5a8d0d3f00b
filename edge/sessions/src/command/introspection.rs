//! What the store can do: `COMMAND` and `CONFIG GET`. Says less than Redis, nothing untrue.

use bytes::Bytes;

use super::{
    Access, NO_KEY, Outcome, REDIS_VERSION, Refusal, Run, Spec,
    args::{keyword, subcommand_arity, unknown_subcommand},
    glob, named, table,
};
use crate::{Durability, client::Client, protocol::Reply};

/// The family.
pub(super) const COMMANDS: &[Spec] = &[
    Spec {
        name: "command",
        arity: -1,
        access: Access::Connection,
        keys: NO_KEY,
        group: "server",
        summary: "Returns what is known about commands",
        run: Run::Client(command),
    },
    Spec {
        name: "config",
        arity: -2,
        access: Access::Connection,
        keys: NO_KEY,
        group: "server",
        summary: "Returns the settings clients ask for",
        run: Run::Client(config),
    },
];

fn command(_: &mut Client, args: &[Bytes]) -> Outcome {
    let Some((subcommand, names)) = args.split_first() else {
        return Ok(Reply::Array(table().map(describe).collect()));
    };
    match keyword(subcommand).as_slice() {
        b"COUNT" if names.is_empty() => Ok(Reply::count(table().count())),
        b"COUNT" => Err(subcommand_arity("command", "count")),
        b"LIST" if names.is_empty() => Ok(Reply::Array(
            table().map(|spec| Reply::name(spec.name)).collect(),
        )),
        b"INFO" if names.is_empty() => Ok(Reply::Array(table().map(describe).collect())),
        b"INFO" => {
            let described = names
                .iter()
                .map(|name| named(name).map_or(Reply::Null, describe));
            Ok(Reply::Array(described.collect()))
        }
        b"DOCS" if names.is_empty() => Ok(Reply::Map(table().map(document).collect())),
        b"DOCS" => Ok(Reply::Map(
            names
                .iter()
                .filter_map(|name| named(name))
                .map(document)
                .collect(),
        )),
        _ => Err(unknown_subcommand("COMMAND", subcommand)),
    }
}

/// Name, arity, flags, first key, last key, step, then what Redis 7 adds and we leave empty: categories,
/// hints, key specifications, subcommands.
fn describe(spec: &'static Spec) -> Reply {
    let flags: &[&str] = match spec.access {
        Access::Read => &["readonly"],
        Access::Write => &["write"],
        Access::Add => &["write", "denyoom"],
        Access::Script => &["noscript", "movablekeys"],
        Access::Connection => &["noscript"],
        Access::Open => &["noscript", "no_auth"],
    };
    let (first, last, step) = spec.keys;
    Reply::Array(vec![
        Reply::name(spec.name),
        Reply::Integer(spec.arity),
        Reply::Set(flags.iter().map(|flag| Reply::Status(flag)).collect()),
        Reply::Integer(first),
        Reply::Integer(last),
        Reply::Integer(step),
        Reply::Set(Vec::new()),
        Reply::Array(Vec::new()),
        Reply::Array(Vec::new()),
        Reply::Array(Vec::new()),
    ])
}

fn document(spec: &'static Spec) -> (Reply, Reply) {
    let about = vec![
        (Reply::name("summary"), Reply::name(spec.summary)),
        (Reply::name("since"), Reply::name(REDIS_VERSION)),
        (Reply::name("group"), Reply::name(spec.group)),
    ];
    (Reply::name(spec.name), Reply::Map(about))
}

fn config(client: &mut Client, args: &[Bytes]) -> Outcome {
    let (subcommand, patterns) = args.split_first().ok_or(Refusal::Syntax)?;
    match keyword(subcommand).as_slice() {
        b"GET" if patterns.is_empty() => Err(subcommand_arity("config", "get")),
        b"GET" => {
            let wanted = settings(client).into_iter().filter(|(name, _)| {
                patterns
                    .iter()
                    .any(|pattern| glob::matches(&pattern.to_ascii_lowercase(), name.as_bytes()))
            });
            Ok(Reply::Map(
                wanted
                    .map(|(name, value)| (Reply::name(name), Reply::Bulk(value.into())))
                    .collect(),
            ))
        }
        _ => Err(unknown_subcommand("CONFIG", subcommand)),
    }
}

/// Our settings under the names Redis gives to what they are.
fn settings(client: &Client) -> Vec<(&'static str, String)> {
    let config = &client.server.config;
    let fsync = match config.durability {
        Durability::Group => "always",
        Durability::Os => "everysec",
        Durability::Memory => "no",
    };
    vec![
        ("appendonly", "yes".to_owned()),
        ("appendfsync", fsync.to_owned()),
        ("save", String::new()),
        ("databases", super::DATABASES.to_string()),
        ("maxclients", config.max_clients.to_string()),
        ("maxmemory", config.max_memory.to_string()),
        ("maxmemory-policy", "noeviction".to_owned()),
        ("proto-max-bulk-len", config.max_bulk.to_string()),
        (
            "timeout",
            config
                .idle_timeout
                .map_or(0, |timeout| timeout.as_secs())
                .to_string(),
        ),
        ("notify-keyspace-events", String::new()),
    ]
}
