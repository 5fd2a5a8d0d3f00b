//! From `redis.call` in a script to a command, and back with its reply.

use bytes::Bytes;
use mlua::{Function, Lua, MultiValue, Value};

use super::{convert::to_lua, native::Told};
use crate::{
    command::{self, Access, DATABASES, KeyspaceFn, Outcome, Refusal, Run, Spec},
    engine::{Call, Db},
    protocol::Reply,
};

/// The family whose commands a script cannot call: a script in a script would wait for itself.
const OWN_FAMILY: &str = "scripting";

/// Runs commands for one script.
#[derive(Debug)]
pub(super) struct Bridge<'a, 'db> {
    db: &'a mut Db<'db>,
    read_only: bool,
}

impl<'a, 'db> Bridge<'a, 'db> {
    /// Commands run on `db`; if `read_only`, none that writes.
    pub(super) const fn new(db: &'a mut Db<'db>, read_only: bool) -> Self {
        Self { db, read_only }
    }

    /// Runs a command with its arguments; an error is a value for `redis.pcall`, and raised for `redis.call`.
    pub(super) fn call(
        &mut self,
        lua: &Lua,
        args: MultiValue,
        resp: u8,
        raises: bool,
    ) -> mlua::Result<Value> {
        let reply = match words(lua, args)? {
            Ok(words) => self.run(words),
            Err(refusal) => Reply::from(refusal),
        };
        match reply {
            Reply::Error(text) if raises => Err(Told::reply(text.into_owned())),
            reply => to_lua(lua, reply, resp),
        }
    }

    fn run(&mut self, mut words: Vec<Bytes>) -> Reply {
        let name = words.remove(0);
        let (spec, run) = match self.find(&name, &words) {
            Ok(found) => found,
            Err(text) => return Reply::Error(text.into()),
        };
        let call = Call {
            spec,
            run,
            args: words,
            client: None,
            db: self.db.number,
        };
        let engine = self.db.engine;
        engine.call(self.db, &call)
    }

    fn find(
        &self,
        name: &[u8],
        args: &[Bytes],
    ) -> Result<(&'static Spec, KeyspaceFn), &'static str> {
        let Some(spec) = command::named(name) else {
            return Err("ERR Unknown Redis command called from script");
        };
        if command::resolve(name, args).is_err() {
            return Err("ERR Wrong number of args calling Redis command from script");
        }
        let run = match spec.run {
            Run::Keyspace(run) if spec.group != OWN_FAMILY => Some(run),
            Run::Keyspace(_) => None,
            Run::Client(_) => of_connection(spec.name),
            Run::Transaction => None,
        };
        let Some(run) = run else {
            return Err("ERR This Redis command is not allowed from script");
        };
        if self.read_only && matches!(spec.access, Access::Write | Access::Add | Access::Publish) {
            return Err("ERR Write commands are not allowed from read-only scripts.");
        }
        Ok((spec, run))
    }
}

/// The arguments of a call; numbers as Redis writes them.
fn words(lua: &Lua, args: MultiValue) -> mlua::Result<Result<Vec<Bytes>, Refusal>> {
    let refuse = |text: &str| Ok(Err(Refusal::Text(text.to_owned())));
    if args.is_empty() {
        return refuse("ERR Please specify at least one argument for this redis lib call");
    }
    let mut words = Vec::with_capacity(args.len());
    for arg in args {
        words.push(match arg {
            Value::String(text) => Bytes::copy_from_slice(&text.as_bytes()),
            // Beyond that, 17 digits do not tell all of it.
            Value::Integer(number) if number.unsigned_abs() < 100_000_000_000_000_000 => {
                number.to_string().into()
            }
            Value::Integer(_) | Value::Number(_) => exact(lua, arg)?,
            _ => return refuse("ERR Lua redis lib command arguments must be strings or integers"),
        });
    }
    Ok(Ok(words))
}

/// A number with 17 digits, as many as tell any two apart.
fn exact(lua: &Lua, number: Value) -> mlua::Result<Bytes> {
    let format: Function = lua.named_registry_value("format")?;
    let text: mlua::LuaString = format.call(("%.17g", number))?;
    Ok(Bytes::copy_from_slice(&text.as_bytes()))
}

/// Commands that concern the connection and that Redis allows in a script nevertheless. `SELECT` ends with the
/// script.
fn of_connection(name: &str) -> Option<KeyspaceFn> {
    match name {
        "ping" => Some(ping),
        "echo" => Some(echo),
        "select" => Some(select),
        _ => None,
    }
}

fn ping(_: &mut Db<'_>, args: &[Bytes]) -> Outcome {
    match args {
        [] => Ok(Reply::Status("PONG")),
        [message] => Ok(Reply::Bulk(message.clone())),
        _ => Err(Refusal::Arity("ping".into())),
    }
}

fn echo(_: &mut Db<'_>, args: &[Bytes]) -> Outcome {
    Ok(Reply::bulk_or_null(args.first().cloned()))
}

fn select(db: &mut Db<'_>, args: &[Bytes]) -> Outcome {
    let number = args.first().and_then(|text| std::str::from_utf8(text).ok());
    let Some(number) = number.and_then(|text| text.parse::<i32>().ok()) else {
        return Err(Refusal::NotInteger);
    };
    match u8::try_from(number)
        .ok()
        .filter(|number| *number < DATABASES)
    {
        Some(number) => {
            db.number = number;
            Ok(Reply::OK)
        }
        None => Err(Refusal::Text("ERR DB index is out of range".to_owned())),
    }
}
