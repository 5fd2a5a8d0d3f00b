//! What the store can do: `COMMAND`. Says less than Redis, nothing untrue.

use bytes::Bytes;

use super::{
    Access, NO_KEY, Outcome, REDIS_VERSION, Refusal, Run, Spec,
    args::{keyword, subcommand_arity, unknown_subcommand},
    flags, glob, named, table,
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
    let Some((subcommand, rest)) = args.split_first() else {
        return Ok(Reply::Array(table().map(describe).collect()));
    };
    let all = |show: fn(&'static Spec) -> Reply| Ok(Reply::Array(table().map(show).collect()));
    match (keyword(subcommand).as_slice(), rest) {
        (b"COUNT", []) => Ok(Reply::count(table().count())),
        (b"COUNT", _) => Err(subcommand_arity("command", "count")),
        (b"LIST", []) => all(|spec| Reply::name(spec.name)),
        (b"LIST", [filter, by, pattern]) if keyword(filter) == b"FILTERBY" => list(by, pattern),
        (b"LIST", _) => Err(Refusal::Syntax),
        (b"INFO", []) => all(describe),
        (b"INFO", names) => {
            let described = names
                .iter()
                .map(|name| named(name).map_or(Reply::Null, describe));
            Ok(Reply::Array(described.collect()))
        }
        (b"DOCS", []) => Ok(Reply::Map(table().map(document).collect())),
        (b"DOCS", names) => {
            let known = names.iter().filter_map(|name| named(name));
            Ok(Reply::Map(known.map(document).collect()))
        }
        (b"GETKEYS", [name, args @ ..]) if !args.is_empty() => keys_of(name, args),
        (b"GETKEYS", _) => Err(subcommand_arity("command", "getkeys")),
        _ => Err(unknown_subcommand("COMMAND", subcommand)),
    }
}

/// There are no modules and no categories, hence no command of any.
fn list(by: &[u8], pattern: &[u8]) -> Outcome {
    match keyword(by).as_slice() {
        b"PATTERN" => Ok(Reply::Array(
            table()
                .filter(|spec| glob::matches(&pattern.to_ascii_lowercase(), spec.name.as_bytes()))
                .map(|spec| Reply::name(spec.name))
                .collect(),
        )),
        b"MODULE" | b"ACLCAT" => Ok(Reply::Array(Vec::new())),
        _ => Err(Refusal::Syntax),
    }
}

fn keys_of(name: &[u8], args: &[Bytes]) -> Outcome {
    let spec = named(name).ok_or(Refusal::Fixed("ERR Invalid command specified"))?;
    if spec.keys == NO_KEY && flags::counted(spec).is_none() {
        return Err(Refusal::Fixed("ERR The command has no key arguments"));
    }
    if !spec.takes(args.len() + 1) {
        return Err(Refusal::Fixed(
            "ERR Invalid number of arguments specified for command",
        ));
    }
    let keys = flags::keys(spec, args).ok_or(Refusal::Fixed(
        "ERR Invalid arguments specified for command",
    ))?;
    Ok(Reply::Array(
        keys.into_iter().map(|key| Reply::copied(key)).collect(),
    ))
}

/// Name, arity, flags, first key, last key, step, then what Redis 7 adds and we leave empty: categories,
/// hints, key specifications, subcommands.
fn describe(spec: &'static Spec) -> Reply {
    let (first, last, step) = match flags::counted(spec) {
        Some(counted) if counted.first_is_key => (1, 1, 1),
        _ => spec.keys,
    };
    let flags = flags::of(spec).into_iter().map(Reply::Status).collect();
    Reply::Array(vec![
        Reply::name(spec.name),
        Reply::Integer(spec.arity),
        Reply::Set(flags),
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
