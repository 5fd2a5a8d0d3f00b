//! The shape of functions that scripts call and Rust runs.
//!
//! What they raise reaches Lua as an object of the library that embeds it; the prelude turns it into what Lua's
//! own functions raise before a script sees it. They are called without a Lua function around them, because a
//! call in `return` would then leave no trace of the script's line.

use std::fmt;

use mlua::{IntoLuaMulti, Lua, LuaString, MultiValue, Table, Value};

use super::watch::Watch;

/// The name of the prelude's chunk in errors.
pub(super) const PRELUDE: &str = "redis";

/// Why a function failed.
#[derive(Debug)]
pub(super) enum Fault {
    /// Told to the script.
    Said(String),
    /// The machine's own failure, such as no memory.
    Lua(mlua::Error),
}

impl From<mlua::Error> for Fault {
    fn from(error: mlua::Error) -> Self {
        Self::Lua(error)
    }
}

/// A failure in so many words.
pub(super) fn said<T>(text: impl Into<String>) -> Result<T, Fault> {
    Err(Fault::Said(text.into()))
}

/// Puts a function into a table of native ones.
pub(super) fn register<R: IntoLuaMulti>(
    lua: &Lua,
    table: &Table,
    name: &'static str,
    run: impl Fn(&Lua, &Args<'_>) -> Result<R, Fault> + Send + Sync + 'static,
) -> mlua::Result<()> {
    let function = lua.create_function(move |lua, values: MultiValue| {
        let args = Args {
            lua,
            name,
            values: &values,
        };
        // Few instructions may make many long calls.
        if lua
            .app_data_ref::<Watch>()
            .is_some_and(|watch| watch.is_over())
        {
            return Err(mlua::Error::runtime("out of time"));
        }
        run(lua, &args).map_err(|fault| match fault {
            Fault::Said(text) => Told::of_script(lua, &text),
            Fault::Lua(error) => error,
        })
    })?;
    table.raw_set(name, function)
}

/// What a script is told when a function fails.
#[derive(Debug, Clone)]
pub(super) struct Told {
    /// In which words.
    pub(super) text: String,
    /// Whether it is an error reply, which scripts catch as a table.
    pub(super) is_reply: bool,
}

impl fmt::Display for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl std::error::Error for Told {}

impl Told {
    /// An error reply.
    pub(super) fn reply(text: String) -> mlua::Error {
        mlua::Error::external(Self {
            text,
            is_reply: true,
        })
    }

    /// A failure, with the place it was called from in front, as C functions have it.
    fn of_script(lua: &Lua, text: &str) -> mlua::Error {
        let place = |level| {
            lua.inspect_stack(level, |frame| {
                let source = frame.source();
                let name = source.short_src.map(|name| name.into_owned());
                (name.unwrap_or_default(), frame.current_line())
            })
        };
        let mut level = 1;
        let mut caller = place(level);
        while caller.as_ref().is_some_and(|(name, _)| name == PRELUDE) {
            level += 1;
            caller = place(level);
        }
        let text = match caller {
            Some((name, Some(line))) => format!("{name}:{line}: {text}"),
            _ => text.to_owned(),
        };
        mlua::Error::external(Self {
            text,
            is_reply: false,
        })
    }

    /// What an error was told as, if it was.
    pub(super) fn find(error: &mlua::Error) -> Option<&Self> {
        error.downcast_ref()
    }
}

/// The arguments of a call, counted from 1 and refused as Lua's own functions refuse them.
#[derive(Debug)]
pub(super) struct Args<'a> {
    lua: &'a Lua,
    name: &'static str,
    values: &'a MultiValue,
}

impl Args<'_> {
    /// How many.
    pub(super) fn len(&self) -> usize {
        self.values.len()
    }

    /// One of them; nil if there are fewer.
    pub(super) fn value(&self, number: usize) -> Value {
        let value = number.checked_sub(1).and_then(|n| self.values.get(n));
        value.cloned().unwrap_or(Value::Nil)
    }

    /// A string, or a number as a string.
    pub(super) fn string(&self, number: usize) -> Result<LuaString, Fault> {
        match self.value(number) {
            Value::String(text) => Ok(text),
            value @ (Value::Integer(_) | Value::Number(_)) => {
                match self.lua.coerce_string(value)? {
                    Some(text) => Ok(text),
                    None => self.mistyped(number, "string"),
                }
            }
            _ => self.mistyped(number, "string"),
        }
    }

    /// A number, or a string that reads as one.
    pub(super) fn number(&self, number: usize) -> Result<f64, Fault> {
        match self.lua.coerce_number(self.value(number))? {
            Some(value) => Ok(value),
            None => self.mistyped(number, "number"),
        }
    }

    /// A whole number, cut off towards zero.
    #[expect(
        clippy::cast_possible_truncation,
        reason = "a number beyond 64 bits becomes the nearest that fits"
    )]
    pub(super) fn integer(&self, number: usize) -> Result<i64, Fault> {
        Ok(self.number(number)? as i64)
    }

    /// A whole number, or what stands for it if there is none.
    pub(super) fn integer_or(&self, number: usize, default: i64) -> Result<i64, Fault> {
        match self.value(number) {
            Value::Nil => Ok(default),
            _ => self.integer(number),
        }
    }

    /// Refuses an argument. In `a:f(b)` the script means `b` by the first.
    pub(super) fn bad<T>(&self, number: usize, why: &str) -> Result<T, Fault> {
        let is_method = self
            .lua
            .inspect_stack(0, |frame| frame.names().name_what == Some("method"));
        let name = self.name;
        match number.checked_sub(usize::from(is_method == Some(true))) {
            Some(0) if number > 0 => said(format!("calling '{name}' on bad self ({why})")),
            number => {
                let number = number.unwrap_or(0);
                said(format!("bad argument #{number} to '{name}' ({why})"))
            }
        }
    }

    fn mistyped<T>(&self, number: usize, wanted: &str) -> Result<T, Fault> {
        let got = match self.value(number) {
            Value::Nil if number > self.values.len() => "no value",
            Value::LightUserData(_) => "userdata",
            Value::Integer(_) => "number",
            value => value.type_name(),
        };
        self.bad(number, &format!("{wanted} expected, got {got}"))
    }
}
