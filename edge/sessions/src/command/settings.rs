//! `CONFIG`: settings under Redis's names. What is set here is gone after a restart; the file is the operator's.

use std::{collections::BTreeSet, time::Duration};

use bytes::Bytes;

use super::{
    Access::Connection,
    NO_KEY, Outcome, Refusal, Run, Spec,
    args::{keyword, number, refuse, subcommand_arity, unknown_subcommand},
    glob,
};
use crate::{Durability, client::Client, protocol::Reply, pubsub::Flags, settings::Settings};

/// The family.
pub(super) const COMMANDS: &[Spec] = &[Spec {
    name: "config",
    arity: -2,
    access: Connection,
    keys: NO_KEY,
    group: "server",
    summary: "Returns and changes the settings clients ask for",
    run: Run::Client(config),
}];

fn config(client: &mut Client, args: &[Bytes]) -> Outcome {
    let (subcommand, args) = args.split_first().ok_or(Refusal::Syntax)?;
    match (keyword(subcommand).as_slice(), args) {
        (b"GET", []) => Err(subcommand_arity("config", "get")),
        (b"GET", patterns) => Ok(read(client, patterns)),
        (b"SET", [] | [_]) => Err(subcommand_arity("config", "set")),
        (b"SET" | b"RESETSTAT" | b"REWRITE", _) if client.read_only => {
            Err(Refusal::Permission(format!(
                "config|{}",
                String::from_utf8_lossy(subcommand).to_ascii_lowercase()
            )))
        }
        (b"SET", pairs) => write(client, pairs),
        (b"RESETSTAT", []) => {
            client.server.stats.reset();
            Ok(Reply::OK)
        }
        (b"RESETSTAT", _) => Err(subcommand_arity("config", "resetstat")),
        (b"REWRITE", []) => Err(refuse("ERR The server is running without a config file")),
        (b"REWRITE", _) => Err(subcommand_arity("config", "rewrite")),
        _ => Err(unknown_subcommand("CONFIG", subcommand)),
    }
}

fn read(client: &Client, patterns: &[Bytes]) -> Reply {
    let patterns: Vec<_> = patterns
        .iter()
        .map(|one| one.to_ascii_lowercase())
        .collect();
    let wanted = values(client).into_iter().filter(|(name, _)| {
        patterns
            .iter()
            .any(|pattern| glob::matches(pattern, name.as_bytes()))
    });
    Reply::Map(
        wanted
            .map(|(name, value)| (Reply::name(name), Reply::Bulk(value.into())))
            .collect(),
    )
}

/// Our settings under the names Redis gives to what they are.
fn values(client: &Client) -> Vec<(&'static str, String)> {
    let config = &client.server.config;
    let settings = &client.server.settings;
    let fsync = match config.durability {
        Durability::Group => "always",
        Durability::Os => "everysec",
        Durability::Memory => "no",
    };
    let keeps = config.durability != Durability::Memory;
    // A fraction of a second is shown as one: zero would mean never.
    let timeout = settings
        .idle_timeout()
        .map_or(0, |timeout| timeout.as_millis().div_ceil(1000));
    vec![
        ("appendonly", if keeps { "yes" } else { "no" }.to_owned()),
        ("appendfsync", fsync.to_owned()),
        ("save", String::new()),
        ("databases", super::DATABASES.to_string()),
        ("maxclients", config.max_clients.to_string()),
        ("maxmemory", settings.max_memory().to_string()),
        ("maxmemory-policy", "noeviction".to_owned()),
        ("proto-max-bulk-len", config.max_bulk.to_string()),
        ("timeout", timeout.to_string()),
        ("notify-keyspace-events", settings.notify().to_string()),
    ]
}

/// One checked change.
enum Change {
    Timeout(Duration),
    MaxMemory(u64),
    Notify(Flags),
}

impl Change {
    fn apply(self, settings: &Settings) {
        match self {
            Self::Timeout(timeout) => settings.set_idle_timeout(timeout),
            Self::MaxMemory(bytes) => settings.set_max_memory(bytes),
            Self::Notify(flags) => settings.set_notify(flags),
        }
    }
}

/// All of the pairs or none.
fn write(client: &Client, pairs: &[Bytes]) -> Outcome {
    let (pairs, []) = pairs.as_chunks::<2>() else {
        return Err(Refusal::Syntax);
    };
    let known = values(client);
    let pairs: Vec<_> = pairs
        .iter()
        .map(|[name, value]| (name.to_ascii_lowercase(), value))
        .collect();
    for (name, _) in &pairs {
        if !known.iter().any(|(known, _)| known.as_bytes() == name) {
            let name = String::from_utf8_lossy(name);
            return Err(refuse(format!(
                "ERR Unknown option or number of arguments for CONFIG SET - '{name}'"
            )));
        }
    }
    let (mut names, mut changes) = (BTreeSet::new(), Vec::new());
    for (name, value) in &pairs {
        let failed = |why: &str| {
            let name = String::from_utf8_lossy(name);
            refuse(format!(
                "ERR CONFIG SET failed (possibly related to argument '{name}') - {why}"
            ))
        };
        if !names.insert(name) {
            return Err(failed("duplicate parameter"));
        }
        changes.push(check(name, value).map_err(|why| failed(&why))?);
    }
    for change in changes {
        change.apply(&client.server.settings);
    }
    Ok(Reply::OK)
}

fn check(name: &[u8], value: &[u8]) -> Result<Change, String> {
    match name {
        b"notify-keyspace-events" => Flags::read(value)
            .map(Change::Notify)
            .map_err(|unknown| unknown.to_string()),
        b"timeout" => {
            let seconds = number(value).ok_or("argument couldn't be parsed into an integer")?;
            let seconds = u64::try_from(seconds)
                .ok()
                .filter(|seconds| *seconds <= 2_147_483_647)
                .ok_or("argument must be between 0 and 2147483647 inclusive")?;
            Ok(Change::Timeout(Duration::from_secs(seconds)))
        }
        b"maxmemory" => memory(value)
            .map(Change::MaxMemory)
            .ok_or_else(|| "argument must be a memory value".to_owned()),
        _ => Err("can't set immutable config".to_owned()),
    }
}

/// A number of bytes with Redis's units: `k` is a thousand, `kb` is 1024.
fn memory(text: &[u8]) -> Option<u64> {
    let text = std::str::from_utf8(text).ok()?.to_ascii_lowercase();
    let digits = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let factor = match unit {
        "" | "b" => 1,
        "k" => 1_000,
        "kb" => 1 << 10,
        "m" => 1_000_000,
        "mb" => 1 << 20,
        "g" => 1_000_000_000,
        "gb" => 1 << 30,
        _ => return None,
    };
    number.parse::<u64>().ok()?.checked_mul(factor)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_with_redis_units() {
        for (text, bytes) in [
            ("12345", Some(12_345)),
            ("100mb", Some(100 << 20)),
            ("2G", Some(2_000_000_000)),
            ("2gb", Some(2 << 30)),
            ("5k", Some(5_000)),
            ("10zz", None),
            ("-1", None),
            ("mb", None),
            ("99999999999gb", None),
        ] {
            assert_eq!(memory(text.as_bytes()), bytes, "{text}");
        }
    }
}
