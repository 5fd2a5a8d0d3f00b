//! What the store can do: `COMMAND`. Says less than Redis, nothing untrue.

use bytes::Bytes;

use super::{
    Access, NO_KEY, Outcome, REDIS_VERSION, Run, Spec,
    args::{keyword, subcommand_arity, unknown_subcommand},
    named, table,
};
use crate::{client::Client, protocol::Reply};

/// The family.
pub(super) const COMMANDS: &[Spec] = &[Spec {
    name: "command",
    arity: -1,
    access: Access::Connection,
    keys: NO_KEY,
    group: "server",
    summary: "Returns what is known about commands",
    run: Run::Client(command),
}];

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
        Access::Publish => &["pubsub", "fast"],
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
