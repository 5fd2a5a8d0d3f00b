//! The library `cmsgpack`: values to and from MessagePack.

use mlua::{IntoLua, Lua, LuaString, MultiValue, Table, Value};
use rmp::{Marker, decode, encode};

use super::native::{Args, Fault, register, said};

/// Tables nested deeper are written as nil, as in Redis.
const MAX_WRITTEN: usize = 16;
/// Deepest nesting that is read.
const MAX_READ: usize = 200;
/// Most values that are given back at once: Lua's stack takes no more.
const MAX_VALUES: usize = 7900;

/// The library; what it writes is shorter than `memory`.
pub(super) fn library(lua: &Lua, memory: usize) -> mlua::Result<Table> {
    let table = lua.create_table()?;
    register(lua, &table, "pack", move |lua, args| {
        pack(lua, args, memory)
    })?;
    register(lua, &table, "unpack", |lua, args| {
        let text = args.string(1)?;
        let (values, _) = read_all(lua, &text.as_bytes(), MAX_VALUES)?;
        Ok(MultiValue::from_vec(values))
    })?;
    register(lua, &table, "unpack_one", |lua, args| {
        part(lua, args, 1, args.integer_or(2, 0)?)
    })?;
    register(lua, &table, "unpack_limit", |lua, args| {
        part(lua, args, args.integer_or(2, 0)?, args.integer_or(3, 0)?)
    })?;
    Ok(table)
}

fn pack(lua: &Lua, args: &Args<'_>, memory: usize) -> Result<LuaString, Fault> {
    if args.len() == 0 {
        return args.bad(0, "MessagePack pack needs input.");
    }
    let mut out = Vec::new();
    for number in 1..=args.len() {
        write(&mut out, &args.value(number), 0, memory)?;
    }
    Ok(lua.create_string(out)?)
}

fn write(out: &mut Vec<u8>, value: &Value, depth: usize, memory: usize) -> Result<(), Fault> {
    if out.len() >= memory {
        return said("not enough memory");
    }
    // Writing to memory cannot fail.
    match value {
        Value::Boolean(yes) => drop(encode::write_bool(out, *yes)),
        Value::Integer(number) => drop(encode::write_sint(out, *number)),
        Value::Number(number) => write_double(out, *number),
        Value::String(text) => {
            let text = text.as_bytes();
            drop(encode::write_str_len(out, short(text.len())));
            out.extend_from_slice(&text);
        }
        Value::Table(table) if depth < MAX_WRITTEN => write_table(out, table, depth + 1, memory)?,
        _ => drop(encode::write_nil(out)),
    }
    Ok(())
}

#[expect(clippy::cast_possible_truncation, reason = "only if nothing is lost")]
fn write_double(out: &mut Vec<u8>, number: f64) {
    let single = number as f32;
    if f64::from(single) == number {
        drop(encode::write_f32(out, single));
    } else {
        drop(encode::write_f64(out, number));
    }
}

fn write_table(out: &mut Vec<u8>, table: &Table, depth: usize, memory: usize) -> Result<(), Fault> {
    let (mut count, mut highest, mut is_list) = (0, 0, true);
    for pair in table.pairs::<Value, Value>() {
        count += 1;
        match pair?.0 {
            Value::Integer(key @ 1..) => highest = key.max(highest),
            _ => is_list = false,
        }
    }
    if is_list && usize::try_from(highest) == Ok(count) {
        drop(encode::write_array_len(out, short(count)));
        for position in 1..=count {
            write(out, &table.raw_get(position)?, depth, memory)?;
        }
        return Ok(());
    }
    drop(encode::write_map_len(out, short(count)));
    for pair in table.pairs::<Value, Value>() {
        let (key, value) = pair?;
        write(out, &key, depth, memory)?;
        write(out, &value, depth, memory)?;
    }
    Ok(())
}

/// Lengths are far below 32 bits: the machine's memory is.
fn short(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}

/// Some values from an offset on, and the offset behind them; -1 at the end.
fn part(lua: &Lua, args: &Args<'_>, limit: i64, offset: i64) -> Result<MultiValue, Fault> {
    let text = args.string(1)?;
    let text = text.as_bytes();
    let (Ok(limit), Ok(offset)) = (usize::try_from(limit), usize::try_from(offset)) else {
        return said("Invalid request to unpack with a negative limit or offset");
    };
    let Some(rest) = text.get(offset..) else {
        return said(format!(
            "Start offset {offset} greater than input length {}.",
            text.len()
        ));
    };
    let limit = if limit == 0 {
        MAX_VALUES
    } else {
        limit.min(MAX_VALUES)
    };
    let (mut values, left) = read_all(lua, rest, limit)?;
    let next = if left == 0 {
        -1
    } else {
        i64::try_from(text.len() - left).unwrap_or(-1)
    };
    values.insert(0, Value::Integer(next));
    Ok(MultiValue::from_vec(values))
}

/// Up to `limit` values and how many bytes are left.
fn read_all(lua: &Lua, mut data: &[u8], limit: usize) -> Result<(Vec<Value>, usize), Fault> {
    let mut values = Vec::new();
    while !data.is_empty() && values.len() < limit {
        values.push(read(lua, &mut data, 0)?);
    }
    Ok((values, data.len()))
}

fn missing<E>(_: E) -> Fault {
    Fault::Said("Missing bytes in input.".to_owned())
}

#[expect(
    clippy::cast_precision_loss,
    reason = "a script's numbers have 53 bits"
)]
fn read(lua: &Lua, data: &mut &[u8], depth: usize) -> Result<Value, Fault> {
    let marker = match data.first() {
        Some(byte) if depth <= MAX_READ => Marker::from_u8(*byte),
        Some(_) => return said("Bad data format in input."),
        None => return Err(missing(())),
    };
    Ok(match marker {
        Marker::Null => decode::read_nil(data)
            .map(|()| Value::Nil)
            .map_err(missing)?,
        Marker::True | Marker::False => Value::Boolean(decode::read_bool(data).map_err(missing)?),
        Marker::F32 => Value::Number(f64::from(decode::read_f32(data).map_err(missing)?)),
        Marker::F64 => Value::Number(decode::read_f64(data).map_err(missing)?),
        Marker::U64 => Value::Number(decode::read_u64(data).map_err(missing)? as f64),
        Marker::FixStr(_) | Marker::Str8 | Marker::Str16 | Marker::Str32 => {
            let length = decode::read_str_len(data).map_err(missing)?;
            read_text(lua, data, length)?
        }
        Marker::Bin8 | Marker::Bin16 | Marker::Bin32 => {
            let length = decode::read_bin_len(data).map_err(missing)?;
            read_text(lua, data, length)?
        }
        Marker::FixArray(_) | Marker::Array16 | Marker::Array32 => {
            let length = decode::read_array_len(data).map_err(missing)?;
            let table = lua.create_table()?;
            for position in 1..=length {
                table.raw_set(position, read(lua, data, depth + 1)?)?;
            }
            Value::Table(table)
        }
        Marker::FixMap(_) | Marker::Map16 | Marker::Map32 => {
            let length = decode::read_map_len(data).map_err(missing)?;
            read_map(lua, data, length, depth)?
        }
        Marker::Reserved
        | Marker::Ext8
        | Marker::Ext16
        | Marker::Ext32
        | Marker::FixExt1
        | Marker::FixExt2
        | Marker::FixExt4
        | Marker::FixExt8
        | Marker::FixExt16 => return said("Bad data format in input."),
        _ => Value::Integer(decode::read_int(data).map_err(missing)?),
    })
}

fn read_text(lua: &Lua, data: &mut &[u8], length: u32) -> Result<Value, Fault> {
    let Some((text, rest)) = data.split_at_checked(length as usize) else {
        return Err(missing(()));
    };
    *data = rest;
    Ok(lua.create_string(text)?.into_lua(lua)?)
}

fn read_map(lua: &Lua, data: &mut &[u8], length: u32, depth: usize) -> Result<Value, Fault> {
    let table = lua.create_table()?;
    for _ in 0..length {
        let key = read(lua, data, depth + 1)?;
        let value = read(lua, data, depth + 1)?;
        if key.is_nil() || key.as_number().is_some_and(f64::is_nan) {
            return said("Bad data format in input.");
        }
        table.raw_set(key, value)?;
    }
    Ok(Value::Table(table))
}
