//! The functions of `redis` in scripts that are not commands, and those the prelude needs to tell of errors.

use std::sync::{
    Arc,
    atomic::{AtomicU8, Ordering::Relaxed},
};

use bytes::Bytes;
use mlua::{Lua, Table, Value};

use super::{
    cache::sha1,
    native::{Args, Fault, PRELUDE, Told, register},
};
use crate::command::{self, REDIS_VERSION};

/// The same version as a number, a byte for each part.
const REDIS_VERSION_NUMBER: u32 = 0x0007_000F;
/// Highest level of `redis.log`.
const LOG_WARNING: f64 = 3.0;
/// Highest value of `redis.set_repl`.
const REPL_ALL: f64 = 3.0;

/// Puts them into `native`; `resp` is what `redis.setresp` sets.
pub(super) fn install(lua: &Lua, native: &Table, resp: &Arc<AtomicU8>) -> mlua::Result<()> {
    native.raw_set("version", REDIS_VERSION)?;
    native.raw_set("version_number", REDIS_VERSION_NUMBER)?;
    register(lua, native, "sha1hex", |lua, args| {
        if args.len() != 1 {
            return refuse("wrong number of arguments");
        }
        let text = match args.value(1) {
            Value::String(_) | Value::Integer(_) | Value::Number(_) => args.string(1)?,
            _ => lua.create_string("")?,
        };
        Ok(lua.create_string(sha1(&text.as_bytes()))?)
    })?;
    let resp = Arc::clone(resp);
    register(lua, native, "setresp", move |_, args| {
        if args.len() != 1 {
            return refuse("redis.setresp() requires one argument.");
        }
        match args.value(1) {
            Value::Integer(2) => resp.store(2, Relaxed),
            Value::Integer(3) => resp.store(3, Relaxed),
            _ => return refuse("RESP version must be 2 or 3."),
        }
        Ok(())
    })?;
    register(lua, native, "log", |_, args| log(args))?;
    // There is nobody to replicate to; what Redis accepts is accepted.
    register(lua, native, "set_repl", |_, args| {
        if args.len() != 1 {
            return refuse("redis.set_repl() requires one argument.");
        }
        let known = args
            .value(1)
            .as_number()
            .or(args.value(1).as_integer().map(float));
        if !known.is_some_and(|flags| (0.0..=REPL_ALL).contains(&flags)) {
            return refuse(
                "Invalid replication flags. Use REPL_AOF, REPL_REPLICA, REPL_ALL or REPL_NONE.",
            );
        }
        Ok(())
    })?;
    register(lua, native, "acl_check_cmd", |_, args| check_command(args))?;
    native.raw_set("position", lua.create_function(|lua, ()| position(lua))?)?;
    let told = lua.create_function(|_, failure: Value| {
        let told = match &failure {
            Value::Error(error) => Told::find(error),
            _ => None,
        };
        Ok((
            told.map(|told| told.text.clone()),
            told.is_some_and(|told| told.is_reply),
        ))
    })?;
    native.raw_set("told", told)
}

#[expect(clippy::cast_precision_loss, reason = "only small numbers matter")]
const fn float(number: i64) -> f64 {
    number as f64
}

/// Refuses as Redis's own functions do, with an error reply.
fn refuse<T>(text: &str) -> Result<T, Fault> {
    Err(Fault::Lua(Told::reply(format!("ERR {text}"))))
}

/// Whether it is a command; every user may run all.
fn check_command(args: &Args<'_>) -> Result<bool, Fault> {
    let word = |number| match args.value(number) {
        Value::String(word) => Bytes::copy_from_slice(&word.as_bytes()),
        _ => Bytes::new(),
    };
    let words: Vec<_> = (1..=args.len()).map(word).collect();
    match words.split_first() {
        None => refuse("Please specify at least one argument for this redis.acl_check_cmd() call"),
        Some((name, args)) if command::resolve(name, args).is_ok() => Ok(true),
        Some(_) => refuse("Invalid command passed to redis.acl_check_cmd()"),
    }
}

/// `redis.log`: what scripts say may hold what they read, so that only its beginning is shown, and never unless
/// debugging is on.
fn log(args: &Args<'_>) -> Result<(), Fault> {
    const SHOWN: usize = 256;
    if args.len() < 2 {
        return refuse("redis.log() requires two arguments or more.");
    }
    let level = match args.value(1) {
        Value::Integer(_) | Value::Number(_) => args.number(1)?,
        _ => return refuse("First argument must be a number (log level)."),
    };
    if !(0.0..=LOG_WARNING).contains(&level) {
        return refuse("Invalid debug level.");
    }
    let words = (2..=args.len()).filter_map(|number| args.string(number).ok());
    let words: Vec<_> = words.map(|word| word.to_string_lossy()).collect();
    let text: String = words.join(" ").chars().take(SHOWN).collect();
    tracing::debug!(level, ?text, "a session client's script says");
    Ok(())
}

/// The chunk and line of the innermost function that is a script's.
fn position(lua: &Lua) -> mlua::Result<(Option<String>, Option<i64>)> {
    /// Frames of ours above it, at most.
    const OWN: usize = 12;
    for level in 1..OWN {
        let found = lua.inspect_stack(level, |frame| {
            let source = frame.source();
            let ours = source.short_src.as_deref() == Some(PRELUDE);
            let name = source.source.map(|name| name.into_owned());
            let line = frame.current_line().filter(|_| !ours);
            name.zip(line)
        });
        match found {
            Some(Some((name, line))) => return Ok((Some(name), i64::try_from(line).ok())),
            Some(None) => {}
            None => break,
        }
    }
    Ok((None, None))
}
