//! What is known about a key besides its value: `OBJECT` and `MEMORY USAGE`.
//!
//! There are no encodings here. `OBJECT ENCODING` names the one Redis would choose for the value as it is
//! now, since clients and tools that ask mean its size; Redis itself never goes back to a smaller one.

use bytes::Bytes;

use super::{
    Access::Read,
    Keys, Outcome, Refusal, Spec,
    args::{integer, keyword, leading, number, subcommand_arity, unknown_subcommand},
    on_keys,
};
use crate::{
    engine::{Db, Fields, Member, Value},
    protocol::Reply,
};

/// The key follows the subcommand.
const SECOND: Keys = (2, 2, 1);

/// The family.
#[rustfmt::skip]
pub(super) const COMMANDS: &[Spec] = &[
    on_keys("generic", Read, ("object", -2, SECOND), object, "Returns what is known about a key"),
    on_keys("server", Read, ("memory", -2, SECOND), memory, "Returns the bytes a key takes"),
];

#[rustfmt::skip]
const OBJECT_HELP: &[&str] = &[
    "OBJECT <subcommand> [<arg> [value] [opt] ...]. Subcommands are:",
    "ENCODING <key>",
    "    Return the encoding Redis would use for the value of <key>.",
    "FREQ <key>",
    "    Not available: there is no LFU policy.",
    "IDLETIME <key>",
    "    Return the seconds since <key> was last used.",
    "REFCOUNT <key>",
    "    Return 1 if <key> exists.",
    "HELP",
    "    Print this help.",
];

fn help(lines: &'static [&'static str]) -> Reply {
    Reply::Array(lines.iter().map(|line| Reply::Status(line)).collect())
}

fn object(db: &mut Db<'_>, args: &[Bytes]) -> Outcome {
    let ([subcommand], rest) = leading(args)?;
    match (keyword(subcommand).as_slice(), rest) {
        (b"HELP", []) => Ok(help(OBJECT_HELP)),
        (b"ENCODING", [key]) => {
            let entry = db.peek(key);
            Ok(entry.map_or(Reply::Null, |entry| Reply::name(encoding(&entry.value))))
        }
        (b"REFCOUNT", [key]) => {
            let entry = db.peek(key);
            Ok(entry.map_or(Reply::Null, |_| Reply::Integer(1)))
        }
        (b"IDLETIME", [key]) => {
            let idle = db.idle(key);
            Ok(idle.map_or(Reply::Null, |idle| {
                Reply::Integer(i64::try_from(idle.as_secs()).unwrap_or(i64::MAX))
            }))
        }
        (b"FREQ", [key]) => match db.peek(key) {
            None => Ok(Reply::Null),
            Some(_) => Err(Refusal::Fixed(
                "ERR An LFU maxmemory policy is not selected, access frequency not tracked. Please note that \
                 when switching between policies at runtime LRU and LFU data will take some time to adjust.",
            )),
        },
        (known @ (b"HELP" | b"ENCODING" | b"REFCOUNT" | b"IDLETIME" | b"FREQ"), _) => {
            let known = String::from_utf8_lossy(known).to_ascii_lowercase();
            Err(subcommand_arity("object", &known))
        }
        _ => Err(unknown_subcommand("OBJECT", subcommand)),
    }
}

fn encoding(value: &Value) -> &'static str {
    match value {
        Value::String(text) => match text.len() {
            ..=20 if number(text).is_some() => "int",
            ..=44 => "embstr",
            _ => "raw",
        },
        Value::Hash(fields) => {
            let small = is_small(fields) && fields.iter().all(|(_, value)| value.len() <= 64);
            if small { "listpack" } else { "hashtable" }
        }
        Value::Set(members) => {
            let numbers =
                members.len() <= 512 && members.iter().all(|(name, ())| number(name).is_some());
            if numbers { "intset" } else { "hashtable" }
        }
        Value::SortedSet(members) => {
            if is_small(members) {
                "listpack"
            } else {
                "skiplist"
            }
        }
    }
}

fn is_small<M: Member>(fields: &Fields<M>) -> bool {
    fields.len() <= 128 && fields.iter().all(|(name, _)| name.len() <= 64)
}

fn memory(db: &mut Db<'_>, args: &[Bytes]) -> Outcome {
    let ([subcommand], rest) = leading(args)?;
    match (keyword(subcommand).as_slice(), rest) {
        (b"USAGE", [key, options @ ..]) => {
            check_samples(options)?;
            Ok(db.weight(key).map_or(Reply::Null, Reply::count))
        }
        (b"USAGE", []) => Err(subcommand_arity("memory", "usage")),
        _ => Err(unknown_subcommand("MEMORY", subcommand)),
    }
}

/// `SAMPLES n` is accepted and not needed: the weight is always exact.
fn check_samples(options: &[Bytes]) -> Result<(), Refusal> {
    let (pairs, rest) = options.as_chunks::<2>();
    for [option, count] in pairs {
        if keyword(option) != b"SAMPLES" || integer(count)? < 0 {
            return Err(Refusal::Syntax);
        }
    }
    match rest {
        [] => Ok(()),
        _ => Err(Refusal::Syntax),
    }
}
