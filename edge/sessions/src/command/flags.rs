//! What `COMMAND` says of a command beyond its entry in the table: flags, and keys whose number is an argument.

use bytes::Bytes;

use super::{Access, Spec, args::number};

/// Commands whose time does not depend on the size of what they touch; Redis calls them fast.
#[rustfmt::skip]
const FAST: &[&str] = &[
    "append", "dbsize", "decr", "decrby", "echo", "exists", "expire", "expireat", "expiretime", "get", "getdel",
    "getex", "getset", "hdel", "hexists", "hget", "hincrby", "hincrbyfloat", "hlen", "hmget", "hmset", "hset",
    "hsetnx", "hstrlen", "incr", "incrby", "incrbyfloat", "mget", "persist", "pexpire", "pexpireat",
    "pexpiretime", "pfadd", "ping", "pttl", "renamenx", "sadd", "scard", "select", "setnx", "sismember",
    "smismember", "smove", "spop", "srem", "strlen", "time", "touch", "ttl", "type", "unlink", "zadd", "zcard",
    "zcount", "zincrby", "zlexcount", "zmscore", "zpopmax", "zpopmin", "zrank", "zrem", "zrevrank", "zscore",
];

/// The flags of a command, by Redis's names.
pub(super) fn of(spec: &Spec) -> Vec<&'static str> {
    let mut flags = match (spec.name, spec.access) {
        ("acl" | "client" | "config" | "memory" | "object" | "pubsub" | "script", _) => vec![],
        ("eval_ro" | "evalsha_ro", _) => vec![
            "noscript",
            "stale",
            "skip_monitor",
            "no_mandatory_keys",
            "readonly",
        ],
        ("multi" | "discard" | "watch" | "unwatch", _) => {
            vec!["noscript", "loading", "stale", "fast", "allow_busy"]
        }
        ("exec", _) => vec!["noscript", "loading", "stale", "skip_slowlog"],
        (_, Access::Connection) if spec.group == "pubsub" => {
            vec!["pubsub", "noscript", "loading", "stale"]
        }
        ("wait", _) => vec!["noscript"],
        ("ping", _) => vec![],
        ("info" | "time", _) | (_, Access::Connection) => vec!["loading", "stale"],
        (_, Access::Open) => vec![
            "noscript",
            "loading",
            "stale",
            "fast",
            "no_auth",
            "allow_busy",
        ],
        (_, Access::Script) => vec!["noscript", "stale", "skip_monitor", "no_mandatory_keys"],
        (_, Access::Read) => vec!["readonly"],
        (_, Access::Write) => vec!["write"],
        (_, Access::Add) => vec!["write", "denyoom"],
        (_, Access::Publish) => vec!["pubsub", "loading", "stale", "fast"],
    };
    if FAST.contains(&spec.name) {
        flags.push("fast");
    }
    if counted(spec).is_some() {
        flags.push("movablekeys");
    }
    flags
}

/// Where a command says how many keys follow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Counted {
    /// The argument with the number; the keys follow it.
    at: usize,
    /// Whether the first argument is a key too.
    pub(super) first_is_key: bool,
}

/// Where the number of keys of a command is, if it is an argument.
pub(super) fn counted(spec: &Spec) -> Option<Counted> {
    let (at, first_is_key) = match spec.name {
        "sintercard" | "zdiff" | "zinter" | "zintercard" | "zmpop" | "zunion" => (0, false),
        "eval" | "evalsha" | "eval_ro" | "evalsha_ro" => (1, false),
        "zdiffstore" | "zinterstore" | "zunionstore" => (1, true),
        _ => return None,
    };
    Some(Counted { at, first_is_key })
}

/// The keys among the arguments of a command; none if they cannot be told.
pub(super) fn keys<'a>(spec: &Spec, args: &'a [Bytes]) -> Option<Vec<&'a Bytes>> {
    if let Some(counted) = counted(spec) {
        let count = usize::try_from(number(args.get(counted.at)?)?).ok()?;
        if count == 0 {
            return None;
        }
        let listed = args.get(counted.at + 1..)?.get(..count)?;
        let first = args.first().filter(|_| counted.first_is_key);
        return Some(first.into_iter().chain(listed).collect());
    }
    let (first, last, step) = spec.keys;
    let first = usize::try_from(first).ok()?.checked_sub(1)?;
    let end = match usize::try_from(last) {
        Ok(last) => last,
        Err(_) => (args.len() + 1).checked_sub(usize::try_from(-last).ok()?)?,
    };
    let range = args.get(first..end.min(args.len()))?;
    Some(range.iter().step_by(usize::try_from(step).ok()?).collect())
}
