//! One Lua machine with everything a script may see, and how a script runs in it.
//!
//! It keeps compiled scripts, nothing of their runs. It never touches a key: that is for the commands a script
//! calls, see `bridge`.

use std::{
    cell::RefCell,
    sync::{
        Arc,
        atomic::{AtomicU8, Ordering::Relaxed},
    },
    time::Duration,
};

use bytes::Bytes;
use mlua::{
    Function, HookTriggers, Lua, LuaOptions, LuaString, MultiValue, StdLib, Table, Value, VmState,
    chunk::ChunkMode,
};

use super::{
    api, bits,
    bridge::Bridge,
    cache::Sha,
    convert::Replier,
    json, msgpack,
    native::{Fault, PRELUDE, register},
    random::Random,
    structs, text,
    watch::Watch,
};
use crate::protocol::Reply;

const PRELUDE_TEXT: &str = include_str!("prelude.lua");
/// The name Redis gives to scripts in errors.
const NAME: &str = "@user_script";
/// Instructions between two looks at the watch.
const INSTRUCTIONS: u32 = 200;

/// How a run ended.
#[derive(Debug)]
pub(super) enum End {
    /// With a value.
    Returned(Reply),
    /// With an error; and the chunk and line that raised it.
    Raised(String, Option<(String, i64)>),
    /// It did not compile.
    NotCompiled(String),
    /// Its time ran out. The machine should not be used again.
    OutOfTime,
    /// Its memory ran out. The machine should not be used again.
    OutOfMemory,
}

impl From<mlua::Error> for End {
    fn from(error: mlua::Error) -> Self {
        match error {
            mlua::Error::MemoryError(_) => Self::OutOfMemory,
            mlua::Error::SyntaxError { message, .. } => Self::NotCompiled(message),
            mlua::Error::CallbackError { cause, .. } => match &*cause {
                mlua::Error::MemoryError(_) => Self::OutOfMemory,
                other => Self::Raised(format!("ERR {other}"), None),
            },
            other => Self::Raised(format!("ERR {other}"), None),
        }
    }
}

/// A script to be run.
#[derive(Debug)]
pub(super) struct Run<'a> {
    /// Its name.
    pub(super) sha: &'a Sha,
    /// Its text, without a header.
    pub(super) text: &'a [u8],
    /// Whether it is worth keeping what it compiles to.
    pub(super) keep: bool,
    /// `KEYS`.
    pub(super) keys: &'a [Bytes],
    /// `ARGV`.
    pub(super) argv: &'a [Bytes],
    /// Longest it may take.
    pub(super) limit: Duration,
}

/// A Lua machine.
#[derive(Debug)]
pub(super) struct Machine {
    lua: Lua,
    watch: Watch,
    random: Random,
    /// The version of RESP that commands answer the script in.
    resp: Arc<AtomicU8>,
    memory: usize,
    /// Runs a compiled script.
    run: Function,
    /// Compiled scripts by their names.
    compiled: Table,
    /// The name of all chunks, kept because the compiler does not hold on to it while it works.
    _name: LuaString,
}

impl Machine {
    /// Builds one that uses `memory` bytes at most.
    pub(super) fn new(memory: usize) -> mlua::Result<Self> {
        let lua = Lua::new_with(
            StdLib::TABLE | StdLib::STRING | StdLib::MATH,
            LuaOptions::default(),
        )?;
        let strings: Table = lua.globals().raw_get("string")?;
        lua.set_named_registry_value("format", strings.raw_get::<Function>("format")?)?;
        let (watch, random) = (Watch::new(), Random::default());
        let resp = Arc::new(AtomicU8::new(2));
        lua.set_app_data(watch.clone());
        let native = natives(&lua, &watch, memory)?;
        random.install(&lua, &native)?;
        api::install(&lua, &native, &resp)?;
        let run = lua
            .load(PRELUDE_TEXT)
            .set_name(format!("={PRELUDE}"))
            .call(native)?;
        let machine = Self {
            compiled: lua.create_table()?,
            _name: lua.create_string(NAME)?,
            watch,
            random,
            resp,
            memory,
            run,
            lua,
        };
        machine.lua.set_memory_limit(memory)?;
        Ok(machine)
    }

    /// Compiles a script that will be run later.
    pub(super) fn compile(&self, sha: &Sha, text: &[u8]) -> Result<(), End> {
        self.function(sha, text, true).map(|_| ())
    }

    /// Forgets a compiled script.
    pub(super) fn forget(&self, sha: &Sha) -> mlua::Result<()> {
        self.compiled
            .raw_set(self.lua.create_string(sha)?, Value::Nil)
    }

    /// Whether so much memory is in use even without garbage that it is better to begin anew.
    pub(super) fn is_crowded(&self) -> bool {
        let half = self.memory / 2;
        self.lua.used_memory() > half
            && (self.lua.gc_collect().is_err() || self.lua.used_memory() > half)
    }

    fn function(&self, sha: &Sha, text: &[u8], keep: bool) -> Result<Function, End> {
        let name = self.lua.create_string(sha)?;
        if let Value::Function(function) = self.compiled.raw_get(&name)? {
            return Ok(function);
        }
        let function = compile(&self.lua, text, NAME)?;
        if keep {
            self.compiled.raw_set(name, &function)?;
        }
        Ok(function)
    }

    /// Runs a script.
    pub(super) fn run(&self, run: &Run<'_>, bridge: &mut Bridge<'_, '_>) -> End {
        self.random.reset();
        self.resp.store(2, Relaxed);
        self.watch.start(run.limit);
        let end = self.start(run, bridge).unwrap_or_else(|end| end);
        if self.watch.ran_out() {
            End::OutOfTime
        } else {
            end
        }
    }

    fn start(&self, run: &Run<'_>, bridge: &mut Bridge<'_, '_>) -> Result<End, End> {
        self.hook(INSTRUCTIONS)?;
        let script = self.function(run.sha, run.text, run.keep)?;
        let (keys, argv) = (self.strings(run.keys)?, self.strings(run.argv)?);
        let bridge = RefCell::new(bridge);
        let command = |lua: &Lua, args, raises| match bridge.try_borrow_mut() {
            Ok(mut bridge) if !self.watch.is_over() => {
                bridge.call(lua, args, self.resp.load(Relaxed), raises)
            }
            _ => Err(mlua::Error::runtime("out of time")),
        };
        let results: MultiValue = self.lua.scope(|scope| {
            let call = scope.create_function(|lua, args| command(lua, args, true))?;
            let pcall = scope.create_function(|lua, args| command(lua, args, false))?;
            self.run.call((script, call, pcall, keys, argv))
        })?;
        let mut results = results.into_iter();
        let succeeded = results.next() == Some(Value::Boolean(true));
        let result = results.next().unwrap_or(Value::Nil);
        if !succeeded {
            return Ok(raised(result, results.next(), results.next()));
        }
        let mut replier = Replier {
            resp3: self.resp.load(Relaxed) == 3,
            room: self.memory,
        };
        Ok(End::Returned(replier.reply(result, 0)?))
    }

    fn strings(&self, values: &[Bytes]) -> mlua::Result<Table> {
        let table = self.lua.create_table_with_capacity(values.len(), 0)?;
        for (position, value) in (1_i64..).zip(values) {
            table.raw_set(position, self.lua.create_string(value)?)?;
        }
        Ok(table)
    }

    /// Looks at the watch now and then; from the moment it is over at every instruction, so that a script
    /// cannot go on in what catches the error.
    fn hook(&self, instructions: u32) -> mlua::Result<()> {
        fn set(lua: &Lua, watch: Watch, instructions: u32) -> mlua::Result<()> {
            let triggers = HookTriggers::new().every_nth_instruction(instructions);
            lua.set_global_hook(triggers, move |lua, _| {
                if !watch.is_over() {
                    return Ok(VmState::Continue);
                }
                set(lua, watch.clone(), 1)?;
                Err(mlua::Error::runtime("out of time"))
            })
        }
        set(&self.lua, self.watch.clone(), instructions)
    }
}

fn raised(failure: Value, source: Option<Value>, line: Option<Value>) -> End {
    let text = match failure {
        Value::Error(error) => return End::from(*error),
        Value::String(text) => text.to_string_lossy(),
        other => format!("ERR {}", other.type_name()),
    };
    if text.ends_with("not enough memory") {
        return End::OutOfMemory;
    }
    match (source, line) {
        (Some(Value::String(source)), Some(Value::Integer(line))) => {
            End::Raised(text, Some((source.to_string_lossy(), line)))
        }
        _ => End::Raised(text, None),
    }
}

fn compile(lua: &Lua, text: &[u8], name: &str) -> mlua::Result<Function> {
    lua.load(text)
        .set_name(name)
        .set_mode(ChunkMode::Text)
        .into_function()
}

/// What the prelude is given, but for what it needs of a run.
fn natives(lua: &Lua, watch: &Watch, memory: usize) -> mlua::Result<Table> {
    let native = lua.create_table()?;
    text::install(lua, &native, watch, memory)?;
    let own = watch.clone();
    native.raw_set(
        "is_over",
        lua.create_function(move |_, ()| Ok(own.is_over()))?,
    )?;
    native.raw_set("bit", bits::library(lua)?)?;
    native.raw_set("cjson", json::library(lua, memory)?)?;
    native.raw_set("cmsgpack", msgpack::library(lua, memory)?)?;
    native.raw_set("struct", structs::library(lua, memory)?)?;
    register(lua, &native, "compile", |lua, args| {
        let (text, name) = (args.string(1)?, args.string(2)?);
        // The name is among the arguments and so outlives the compiler's work.
        match compile(lua, &text.as_bytes(), &name.to_string_lossy()) {
            Ok(function) => Ok((Some(function), None)),
            Err(mlua::Error::SyntaxError { message, .. }) => Ok((None, Some(message))),
            Err(error) => Err(Fault::Lua(error)),
        }
    })?;
    Ok(native)
}
