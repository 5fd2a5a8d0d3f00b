//! The library `cjson`: tables to and from JSON. Strings are written byte by byte as they are; what is read
//! must be UTF-8.

use std::fmt;

use mlua::{IntoLua, Lua, LuaString, Table, Value};
use serde::de::{DeserializeSeed, Error as _, MapAccess, SeqAccess, Visitor};

use super::native::{Args, Fault, register, said};

/// Deepest nesting that is written. Reading has serde_json's own limit, 128.
const MAX_DEPTH: usize = 1000;
/// An array may have this many holes per item, and more if it is short.
const SPARSE: (usize, usize) = (2, 10);

/// The library; what it writes is shorter than `memory`.
pub(super) fn library(lua: &Lua, memory: usize) -> mlua::Result<Table> {
    let table = lua.create_table()?;
    register(lua, &table, "encode", move |lua, args| {
        encode(lua, args, memory)
    })?;
    register(lua, &table, "decode", decode)?;
    table.raw_set("null", Value::NULL)?;
    Ok(table)
}

fn encode(lua: &Lua, args: &Args<'_>, memory: usize) -> Result<LuaString, Fault> {
    if args.len() != 1 {
        return args.bad(1, "expected 1 argument");
    }
    let mut writer = Writer {
        lua,
        out: Vec::new(),
        memory,
    };
    writer.value(&args.value(1), 0)?;
    Ok(lua.create_string(writer.out)?)
}

struct Writer<'a> {
    lua: &'a Lua,
    out: Vec<u8>,
    memory: usize,
}

impl Writer<'_> {
    fn value(&mut self, value: &Value, depth: usize) -> Result<(), Fault> {
        if self.out.len() >= self.memory {
            return said("not enough memory");
        }
        match value {
            Value::Nil => self.out.extend_from_slice(b"null"),
            Value::LightUserData(_) if value.is_null() => self.out.extend_from_slice(b"null"),
            Value::Boolean(true) => self.out.extend_from_slice(b"true"),
            Value::Boolean(false) => self.out.extend_from_slice(b"false"),
            Value::Integer(_) | Value::Number(_) => self.number(value)?,
            Value::String(text) => self.string(&text.as_bytes()),
            Value::Table(table) => self.table(table, depth + 1)?,
            other => {
                let kind = other.type_name();
                return said(format!("Cannot serialise {kind}: type not supported"));
            }
        }
        Ok(())
    }

    fn number(&mut self, value: &Value) -> Result<(), Fault> {
        if value.as_number().is_some_and(|number| !number.is_finite()) {
            return said("Cannot serialise number: must not be NaN or Inf");
        }
        if let Some(text) = self.lua.coerce_string(value.clone())? {
            self.out.extend_from_slice(&text.as_bytes());
        }
        Ok(())
    }

    fn string(&mut self, text: &[u8]) {
        self.out.push(b'"');
        for &byte in text {
            let short = match byte {
                b'"' | b'\\' | b'/' => byte,
                8 => b'b',
                9 => b't',
                10 => b'n',
                12 => b'f',
                13 => b'r',
                0..=31 | 127 => {
                    self.out
                        .extend_from_slice(format!("\\u{byte:04x}").as_bytes());
                    continue;
                }
                _ => {
                    self.out.push(byte);
                    continue;
                }
            };
            self.out.extend_from_slice(&[b'\\', short]);
        }
        self.out.push(b'"');
    }

    fn table(&mut self, table: &Table, depth: usize) -> Result<(), Fault> {
        if depth > MAX_DEPTH {
            return said(format!("Cannot serialise, excessive nesting ({depth})"));
        }
        let Some(length) = array_length(table)? else {
            return self.object(table, depth);
        };
        self.out.push(b'[');
        for position in 1..=length {
            if position > 1 {
                self.out.push(b',');
            }
            self.value(&table.raw_get(position)?, depth)?;
        }
        self.out.push(b']');
        Ok(())
    }

    fn object(&mut self, table: &Table, depth: usize) -> Result<(), Fault> {
        self.out.push(b'{');
        for (position, pair) in table.pairs::<Value, Value>().enumerate() {
            let (key, value) = pair?;
            if position > 0 {
                self.out.push(b',');
            }
            match &key {
                Value::String(text) => self.string(&text.as_bytes()),
                Value::Integer(_) | Value::Number(_) => {
                    self.out.push(b'"');
                    self.number(&key)?;
                    self.out.push(b'"');
                }
                other => {
                    let kind = other.type_name();
                    return said(format!(
                        "Cannot serialise {kind}: table key must be a number or string"
                    ));
                }
            }
            self.out.push(b':');
            self.value(&value, depth)?;
        }
        self.out.push(b'}');
        Ok(())
    }
}

/// The length of a table whose keys are all whole numbers from 1; none if it is an object.
fn array_length(table: &Table) -> Result<Option<usize>, Fault> {
    let (mut length, mut items) = (0, 0);
    for pair in table.pairs::<Value, Value>() {
        let (Value::Integer(key @ 1..), _) = pair? else {
            return Ok(None);
        };
        length = length.max(usize::try_from(key).unwrap_or(usize::MAX));
        items += 1;
    }
    if length > SPARSE.1 && length > items * SPARSE.0 {
        return said("Cannot serialise table: excessively sparse array");
    }
    Ok((length > 0).then_some(length))
}

fn decode(lua: &Lua, args: &Args<'_>) -> Result<Value, Fault> {
    if args.len() != 1 {
        return args.bad(1, "expected 1 argument");
    }
    let text = args.string(1)?;
    let text = text.as_bytes();
    let mut reader = serde_json::Deserializer::from_slice(&text);
    let value = Seed(lua).deserialize(&mut reader);
    match value.and_then(|value| reader.end().map(|()| value)) {
        Ok(value) => Ok(value),
        Err(error) => said(format!(
            "Expected value but found invalid token at character {} (line {})",
            error.column(),
            error.line()
        )),
    }
}

/// Builds what is read in the machine itself.
#[derive(Clone, Copy)]
struct Seed<'a>(&'a Lua);

impl<'de> DeserializeSeed<'de> for Seed<'_> {
    type Value = Value;

    fn deserialize<D: serde::Deserializer<'de>>(self, reader: D) -> Result<Value, D::Error> {
        reader.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Seed<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Boolean(value))
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::NULL)
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Integer(value))
    }

    #[expect(
        clippy::cast_precision_loss,
        reason = "a script's numbers have 53 bits"
    )]
    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value as f64))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Value::Number(value))
    }

    fn visit_str<E: serde::de::Error>(self, value: &str) -> Result<Value, E> {
        let text = self.0.create_string(value);
        text.and_then(|text| text.into_lua(self.0))
            .map_err(E::custom)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let table = self.0.create_table().map_err(A::Error::custom)?;
        let mut position = 1;
        while let Some(item) = items.next_element_seed(self)? {
            table.raw_set(position, item).map_err(A::Error::custom)?;
            position += 1;
        }
        Ok(Value::Table(table))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut pairs: A) -> Result<Value, A::Error> {
        let table = self.0.create_table().map_err(A::Error::custom)?;
        while let Some(key) = pairs.next_key::<std::borrow::Cow<'de, str>>()? {
            let value = pairs.next_value_seed(self)?;
            table.raw_set(&*key, value).map_err(A::Error::custom)?;
        }
        Ok(Value::Table(table))
    }
}
