//! Values of scripts to replies and back, as Redis documents it.

use std::borrow::Cow;

use bytes::Bytes;
use mlua::{Lua, LuaString, Table, Value};

use crate::protocol::{Reply, double};

/// Bookkeeping of a value in a reply, bytes.
const EACH: usize = 48;
/// Deepest nesting of a reply.
const MAX_DEPTH: usize = 500;

/// What a script sees of a command's reply. In version 2 there are no maps, doubles or booleans.
pub(super) fn to_lua(lua: &Lua, reply: Reply, resp: u8) -> mlua::Result<Value> {
    let resp3 = resp == 3;
    Ok(match reply {
        Reply::Status(text) => tagged(lua, "ok", string(lua, text.as_bytes())?)?,
        Reply::Line(text) => tagged(lua, "ok", string(lua, text.as_bytes())?)?,
        Reply::Error(text) => tagged(lua, "err", string(lua, text.as_bytes())?)?,
        Reply::Integer(number) => Value::Integer(number),
        Reply::Bulk(value) => string(lua, &value)?,
        Reply::Null | Reply::NullArray if resp3 => Value::Nil,
        Reply::Null | Reply::NullArray => Value::Boolean(false),
        Reply::Boolean(yes) if resp3 => Value::Boolean(yes),
        Reply::Boolean(yes) => Value::Integer(i64::from(yes)),
        Reply::Double(number) if resp3 => tagged(lua, "double", Value::Number(number))?,
        Reply::Double(number) => string(lua, double(number).as_bytes())?,
        Reply::BigNumber(digits) if resp3 => {
            tagged(lua, "big_number", string(lua, digits.as_bytes())?)?
        }
        Reply::BigNumber(digits) => string(lua, digits.as_bytes())?,
        Reply::Text(text) if resp3 => {
            let verbatim = lua.create_table()?;
            verbatim.raw_set("format", "txt")?;
            verbatim.raw_set("string", text)?;
            tagged(lua, "verbatim_string", Value::Table(verbatim))?
        }
        Reply::Text(text) => string(lua, text.as_bytes())?,
        Reply::Set(items) if resp3 => {
            let set = lua.create_table()?;
            for item in items {
                set.raw_set(to_lua(lua, item, resp)?, true)?;
            }
            tagged(lua, "set", Value::Table(set))?
        }
        Reply::Map(pairs) if resp3 => {
            let map = lua.create_table()?;
            for (key, value) in pairs {
                map.raw_set(to_lua(lua, key, resp)?, to_lua(lua, value, resp)?)?;
            }
            tagged(lua, "map", Value::Table(map))?
        }
        Reply::Pairs(pairs) if resp3 => {
            let pair = |(first, second)| Reply::Array(vec![first, second]);
            list(lua, pairs.into_iter().map(pair), resp)?
        }
        Reply::Map(pairs) | Reply::Pairs(pairs) => list(
            lua,
            pairs.into_iter().flat_map(|(key, value)| [key, value]),
            resp,
        )?,
        Reply::Array(items) | Reply::Set(items) | Reply::Push(items) | Reply::Each(items) => {
            list(lua, items, resp)?
        }
        // Only ever sent to those who listen.
        Reply::Message(_) => Value::Nil,
    })
}

fn string(lua: &Lua, bytes: &[u8]) -> mlua::Result<Value> {
    lua.create_string(bytes).map(Value::String)
}

fn tagged(lua: &Lua, tag: &str, value: Value) -> mlua::Result<Value> {
    let table = lua.create_table()?;
    table.raw_set(tag, value)?;
    Ok(Value::Table(table))
}

fn list(lua: &Lua, items: impl IntoIterator<Item = Reply>, resp: u8) -> mlua::Result<Value> {
    let table = lua.create_table()?;
    for (position, item) in (1..).zip(items) {
        table.raw_set(position, to_lua(lua, item, resp)?)?;
    }
    Ok(Value::Table(table))
}

/// Makes replies of what a script returned, until they outgrow a limit: a table may contain itself.
#[derive(Debug)]
pub(super) struct Replier {
    /// Whether the script chose RESP3.
    pub(super) resp3: bool,
    /// Bytes and bookkeeping still allowed.
    pub(super) room: usize,
}

impl Replier {
    /// The reply for a value.
    pub(super) fn reply(&mut self, value: Value, depth: usize) -> mlua::Result<Reply> {
        if depth > MAX_DEPTH || self.room < EACH {
            return Ok(Reply::Error("ERR reached lua stack limit".into()));
        }
        self.room -= EACH;
        Ok(match value {
            Value::String(text) => {
                self.room = self.room.saturating_sub(text.as_bytes().len());
                Reply::Bulk(Bytes::copy_from_slice(&text.as_bytes()))
            }
            Value::Integer(number) => Reply::Integer(number),
            Value::Number(number) => Reply::Integer(truncated(number)),
            Value::Boolean(yes) if self.resp3 => Reply::Boolean(yes),
            Value::Boolean(true) => Reply::Integer(1),
            Value::Table(table) => self.table(&table, depth + 1)?,
            _ => Reply::Null,
        })
    }

    fn table(&mut self, table: &Table, depth: usize) -> mlua::Result<Reply> {
        if let Value::String(text) = table.raw_get("err")? {
            return Ok(Reply::Error(lossy(&text).into()));
        }
        if let Value::String(text) = table.raw_get("ok")? {
            return Ok(Reply::Line(lossy(&text)));
        }
        match table.raw_get("double")? {
            Value::Number(number) => return Ok(Reply::Double(number)),
            #[expect(clippy::cast_precision_loss, reason = "it was a double before")]
            Value::Integer(number) => return Ok(Reply::Double(number as f64)),
            _ => {}
        }
        if let Value::Table(map) = table.raw_get("map")? {
            return self.map(&map, depth);
        }
        if let Value::Table(set) = table.raw_get("set")? {
            let mut items = Vec::new();
            for pair in set.pairs::<Value, Value>() {
                items.push(self.reply(pair?.0, depth)?);
                if self.room < EACH {
                    return Ok(too_large());
                }
            }
            return Ok(Reply::Set(items));
        }
        if let Value::String(digits) = table.raw_get("big_number")? {
            return Ok(Reply::BigNumber(lossy(&digits)));
        }
        if let Value::Table(verbatim) = table.raw_get("verbatim_string")?
            && let Value::String(text) = verbatim.raw_get("string")?
        {
            return Ok(Reply::Text(lossy(&text)));
        }
        self.array(table, depth)
    }

    fn map(&mut self, map: &Table, depth: usize) -> mlua::Result<Reply> {
        let mut pairs = Vec::new();
        for pair in map.pairs::<Value, Value>() {
            let (key, value) = pair?;
            pairs.push((self.reply(key, depth)?, self.reply(value, depth)?));
            if self.room < EACH {
                return Ok(too_large());
            }
        }
        Ok(Reply::Map(pairs))
    }

    /// The items up to the first nil.
    fn array(&mut self, table: &Table, depth: usize) -> mlua::Result<Reply> {
        let mut items = Vec::new();
        for position in 1_i64.. {
            let value: Value = table.raw_get(position)?;
            if value.is_nil() {
                break;
            }
            items.push(self.reply(value, depth)?);
            if self.room < EACH {
                return Ok(too_large());
            }
        }
        Ok(Reply::Array(items))
    }
}

const fn too_large() -> Reply {
    Reply::Error(Cow::Borrowed("ERR the script's reply is too large"))
}

fn lossy(text: &LuaString) -> String {
    String::from_utf8_lossy(&text.as_bytes()).into_owned()
}

/// As C converts it on the machines Redis runs on: what does not fit is the lowest number.
#[expect(
    clippy::cast_possible_truncation,
    reason = "only what fits is converted"
)]
fn truncated(number: f64) -> i64 {
    const BEYOND: f64 = 9_223_372_036_854_775_808.0;
    if (-BEYOND..BEYOND).contains(&number) {
        number as i64
    } else {
        i64::MIN
    }
}
