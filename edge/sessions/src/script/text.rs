//! The functions on strings that could run for ever in C: patterns, and repeating.

use memchr::memmem;
use mlua::{IntoLua, Lua, MultiValue, Table, Value};

use super::{
    native::{Args, Fault, register, said},
    pattern::{Capture, Matcher},
    watch::Watch,
};

/// Puts the functions into `native`.
pub(super) fn install(lua: &Lua, native: &Table, watch: &Watch, memory: usize) -> mlua::Result<()> {
    let own = watch.clone();
    register(lua, native, "find", move |lua, args| find(lua, args, &own))?;
    let own = watch.clone();
    register(lua, native, "match", move |lua, args| {
        matched(lua, args, &own)
    })?;
    let own = watch.clone();
    register(lua, native, "seek", move |lua, args| seek(lua, args, &own))?;
    register(lua, native, "check", |_, args| {
        args.string(1).and(args.string(2)).map(|_| ())
    })?;
    register(lua, native, "expand", expand)?;
    register(lua, native, "rep", move |lua, args| {
        repeat(lua, args, memory)
    })?;
    let whole = |name, run: fn(&[u8]) -> Vec<u8>| {
        register(lua, native, name, move |lua, args| {
            Ok(lua.create_string(run(&args.string(1)?.as_bytes()))?)
        })
    };
    whole("upper", <[u8]>::to_ascii_uppercase)?;
    whole("lower", <[u8]>::to_ascii_lowercase)?;
    whole("reverse", |text| text.iter().rev().copied().collect())?;
    let plain = lua.create_function(|_, (text, part): (mlua::LuaString, mlua::LuaString)| {
        Ok(memmem::find(&text.as_bytes(), &part.as_bytes()))
    })?;
    native.raw_set("plain", plain)
}

/// Where to start, from 0, as `string.find` understands its third argument.
fn start(args: &Args<'_>, length: usize) -> Result<usize, Fault> {
    let from = args.integer_or(3, 1)?;
    let size = i64::try_from(length).unwrap_or(i64::MAX);
    let from = if from < 0 {
        size.saturating_add(from)
    } else {
        from.saturating_sub(1)
    };
    Ok(usize::try_from(from.max(0))
        .unwrap_or(usize::MAX)
        .min(length))
}

fn find(lua: &Lua, args: &Args<'_>, watch: &Watch) -> Result<MultiValue, Fault> {
    let (text, pattern) = (args.string(1)?, args.string(2)?);
    let (text, pattern) = (text.as_bytes(), pattern.as_bytes());
    let from = start(args, text.len())?;
    let plain = !matches!(args.value(4), Value::Nil | Value::Boolean(false));
    if plain || !pattern.iter().any(|byte| b"^$*+?.([%-".contains(byte)) {
        let rest = text.get(from..).unwrap_or_default();
        let found = memmem::find(rest, &pattern).map(|at| at + from);
        return Ok(match found {
            Some(at) => MultiValue::from_iter([position(at + 1), position(at + pattern.len())]),
            None => MultiValue::from_iter([Value::Nil]),
        });
    }
    let mut matcher = Matcher::new(&text, &pattern, watch);
    let Some((from, to, captures)) = matcher.seek(from, true)? else {
        return Ok(MultiValue::from_iter([Value::Nil]));
    };
    let mut results = MultiValue::from_iter([position(from + 1), position(to)]);
    for capture in captures {
        results.push_back(captured(lua, &text, *capture)?);
    }
    Ok(results)
}

fn matched(lua: &Lua, args: &Args<'_>, watch: &Watch) -> Result<MultiValue, Fault> {
    let (text, pattern) = (args.string(1)?, args.string(2)?);
    let (text, pattern) = (text.as_bytes(), pattern.as_bytes());
    let from = start(args, text.len())?;
    let mut matcher = Matcher::new(&text, &pattern, watch);
    let Some((from, to, captures)) = matcher.seek(from, true)? else {
        return Ok(MultiValue::from_iter([Value::Nil]));
    };
    let whole = [Capture::Text(from, to)];
    let captures = if captures.is_empty() {
        &whole
    } else {
        captures
    };
    let results = captures
        .iter()
        .map(|capture| captured(lua, &text, *capture));
    Ok(results.collect::<mlua::Result<_>>()?)
}

/// One step of `gmatch` and `gsub`: first, last, captures.
fn seek(lua: &Lua, args: &Args<'_>, watch: &Watch) -> Result<MultiValue, Fault> {
    let (text, pattern) = (args.string(1)?, args.string(2)?);
    let (text, pattern) = (text.as_bytes(), pattern.as_bytes());
    let from = usize::try_from(args.integer(3)? - 1).unwrap_or(0);
    let anchors = args.value(4) == Value::Boolean(true);
    let mut matcher = Matcher::new(&text, &pattern, watch);
    let Some((from, to, captures)) = matcher.seek(from, anchors)? else {
        return Ok(MultiValue::from_iter([Value::Nil]));
    };
    let mut results = MultiValue::from_iter([position(from + 1), position(to)]);
    for capture in captures {
        results.push_back(captured(lua, &text, *capture)?);
    }
    Ok(results)
}

fn captured(lua: &Lua, text: &[u8], capture: Capture) -> mlua::Result<Value> {
    match capture {
        Capture::Text(from, to) => lua
            .create_string(text.get(from..to).unwrap_or_default())?
            .into_lua(lua),
        Capture::Position(at) | Capture::Open(at) => Ok(position(at + 1)),
    }
}

fn position(at: usize) -> Value {
    Value::Integer(i64::try_from(at).unwrap_or(i64::MAX))
}

/// A replacement text with `%0` to `%9` filled in: text, whole match, captures.
fn expand(lua: &Lua, args: &Args<'_>) -> Result<Value, Fault> {
    let text = args.string(1)?;
    let text = text.as_bytes();
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = text.iter();
    while let Some(&byte) = bytes.next() {
        if byte != b'%' {
            out.push(byte);
            continue;
        }
        match bytes.next() {
            Some(b'0') => out.extend_from_slice(&args.string(2)?.as_bytes()),
            Some(&digit @ b'1'..=b'9') => {
                let number = usize::from(digit - b'0');
                // Without captures, the first is the whole match.
                let number = if number == 1 && args.len() == 2 {
                    2
                } else {
                    number + 2
                };
                if number > args.len() {
                    return said("invalid capture index");
                }
                out.extend_from_slice(&args.string(number)?.as_bytes());
            }
            Some(&other) => out.push(other),
            None => out.push(0),
        }
    }
    Ok(lua.create_string(out)?.into_lua(lua)?)
}

fn repeat(lua: &Lua, args: &Args<'_>, memory: usize) -> Result<Value, Fault> {
    let text = args.string(1)?;
    let text = text.as_bytes();
    let count = usize::try_from(args.integer(2)?).unwrap_or(0);
    let wanted = text.len().saturating_mul(count);
    if wanted >= memory {
        return said("not enough memory");
    }
    let repeated = if wanted == 0 {
        Vec::new()
    } else {
        text.repeat(count)
    };
    Ok(lua.create_string(repeated)?.into_lua(lua)?)
}
