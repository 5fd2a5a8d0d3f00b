//! The library `struct`: values to and from bytes, by a format. Redisson keeps its map entries this way.

use mlua::{IntoLua, Lua, LuaString, MultiValue, Table, Value};

use super::native::{Args, Fault, register, said};

/// Largest whole number of a format, bytes.
const LARGEST: usize = 32;
const DEFAULT_ALIGNMENT: usize = 8;

/// The library; what it packs is shorter than `memory`.
pub(super) fn library(lua: &Lua, memory: usize) -> mlua::Result<Table> {
    let table = lua.create_table()?;
    register(lua, &table, "pack", move |lua, args| {
        pack(lua, args, memory)
    })?;
    register(lua, &table, "unpack", unpack)?;
    register(lua, &table, "size", size)?;
    Ok(table)
}

/// Reads a format: letters with numbers behind some of them, and switches in between.
struct Format<'a> {
    rest: &'a [u8],
    big: bool,
    alignment: usize,
}

/// A letter of a format and the size it asks for.
type Item = (u8, usize);

impl<'a> Format<'a> {
    const fn new(text: &'a [u8]) -> Self {
        Self {
            rest: text,
            big: false,
            alignment: 1,
        }
    }

    /// The next letter that stands for a value or a byte of filling.
    fn next(&mut self, args: &Args<'_>) -> Result<Option<Item>, Fault> {
        while let Some((&letter, rest)) = self.rest.split_first() {
            self.rest = rest;
            let size = match letter {
                b'B' | b'b' | b'x' => 1,
                b'H' | b'h' => 2,
                b'f' => 4,
                b'L' | b'l' | b'T' | b'd' => 8,
                b's' => 0,
                b'c' => self.number(1)?,
                b'I' | b'i' => {
                    let size = self.number(4)?;
                    if size > LARGEST {
                        return said(format!(
                            "integral size {size} is larger than limit of {LARGEST}"
                        ));
                    }
                    size
                }
                _ => {
                    self.switch(letter, args)?;
                    continue;
                }
            };
            return Ok(Some((letter, size)));
        }
        Ok(None)
    }

    fn switch(&mut self, letter: u8, args: &Args<'_>) -> Result<(), Fault> {
        match letter {
            b' ' => {}
            b'>' => self.big = true,
            b'<' => self.big = false,
            b'!' => {
                let alignment = self.number(DEFAULT_ALIGNMENT)?;
                if !alignment.is_power_of_two() {
                    return said(format!("alignment {alignment} is not a power of 2"));
                }
                self.alignment = alignment;
            }
            other => {
                let why = format!("invalid format option '{}'", char::from(other));
                return args.bad(1, &why);
            }
        }
        Ok(())
    }

    fn number(&mut self, default: usize) -> Result<usize, Fault> {
        let digits = self
            .rest
            .iter()
            .take_while(|byte| byte.is_ascii_digit())
            .count();
        let (digits, rest) = self.rest.split_at(digits);
        self.rest = rest;
        if digits.is_empty() {
            return Ok(default);
        }
        match std::str::from_utf8(digits)
            .ok()
            .and_then(|text| text.parse::<u32>().ok())
        {
            Some(number) if number < i32::MAX.unsigned_abs() => Ok(number as usize),
            _ => said("integral size overflow"),
        }
    }

    /// Bytes of filling before an item at `position`.
    fn filling(&self, position: usize, (letter, size): Item) -> usize {
        let size = size.min(self.alignment);
        if size == 0 || letter == b'c' {
            return 0;
        }
        (size - (position & (size - 1))) & (size - 1)
    }
}

fn pack(lua: &Lua, args: &Args<'_>, memory: usize) -> Result<LuaString, Fault> {
    let format = args.string(1)?;
    let format = format.as_bytes();
    let mut format = Format::new(&format);
    let (mut out, mut number) = (Vec::new(), 2);
    while let Some((letter, size)) = format.next(args)? {
        out.resize(out.len() + format.filling(out.len(), (letter, size)), 0);
        match letter {
            b'x' => {
                out.push(0);
                continue;
            }
            b'f' => put(
                &mut out,
                &single(args.number(number)?).to_le_bytes(),
                format.big,
            ),
            b'd' => put(&mut out, &args.number(number)?.to_le_bytes(), format.big),
            b'c' | b's' => {
                let text = args.string(number)?;
                let text = text.as_bytes();
                let size = if size == 0 { text.len() } else { size };
                let Some(part) = text.get(..size) else {
                    return args.bad(number + 1, "string too short");
                };
                out.extend_from_slice(part);
                if letter == b's' {
                    out.push(0);
                }
            }
            _ => {
                let mut bytes = [0; LARGEST];
                for (to, from) in bytes
                    .iter_mut()
                    .zip(whole(args.number(number)?).to_le_bytes())
                {
                    *to = from;
                }
                put(&mut out, bytes.get(..size).unwrap_or_default(), format.big);
            }
        }
        number += 1;
        if out.len() >= memory {
            return said("not enough memory");
        }
    }
    Ok(lua.create_string(out)?)
}

fn put(out: &mut Vec<u8>, little: &[u8], big: bool) {
    match big {
        true => out.extend(little.iter().rev()),
        false => out.extend_from_slice(little),
    }
}

#[expect(clippy::cast_possible_truncation, reason = "`f` asks for 32 bits")]
const fn single(number: f64) -> f32 {
    number as f32
}

/// The bits of a whole number; one below zero in two's complement.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "what does not fit becomes the nearest that does"
)]
const fn whole(number: f64) -> u64 {
    if number < 0.0 {
        (number as i64).cast_unsigned()
    } else {
        number as u64
    }
}

fn unpack(lua: &Lua, args: &Args<'_>) -> Result<MultiValue, Fault> {
    let (format, data) = (args.string(1)?, args.string(2)?);
    let (format, data) = (format.as_bytes(), data.as_bytes());
    let mut format = Format::new(&format);
    let offset = args.integer_or(3, 1)?;
    let Some(mut at) = usize::try_from(offset)
        .ok()
        .and_then(|at| at.checked_sub(1))
    else {
        return args.bad(3, "offset must be 1 or greater");
    };
    let take = |at: usize, size: usize| match at.checked_add(size).and_then(|to| data.get(at..to)) {
        Some(part) => Ok(part),
        None => args.bad(2, "data string too short"),
    };
    let mut results = Vec::new();
    while let Some((letter, mut size)) = format.next(args)? {
        take(at, size)?;
        at += format.filling(at, (letter, size));
        let part = take(at, size)?;
        match letter {
            b'x' => {}
            b'f' => results.push(Value::Number(f64::from(f32::from_le_bytes(little(
                part, format.big,
            ))))),
            b'd' => results.push(Value::Number(f64::from_le_bytes(little(part, format.big)))),
            b'c' => {
                if size == 0 {
                    size = counted(results.pop())?;
                }
                results.push(lua.create_string(take(at, size)?)?.into_lua(lua)?);
            }
            b's' => {
                let rest = data.get(at..).unwrap_or_default();
                let Some(length) = memchr::memchr(0, rest) else {
                    return said("unfinished string in data");
                };
                let text = rest.get(..length).unwrap_or_default();
                results.push(lua.create_string(text)?.into_lua(lua)?);
                size = length + 1;
            }
            _ => results.push(Value::Number(read(
                part,
                format.big,
                letter.is_ascii_lowercase(),
            ))),
        }
        at += size;
        // Lua's stack takes no more.
        if results.len() > 7900 {
            return said("too many results");
        }
    }
    results.push(Value::Integer(i64::try_from(at + 1).unwrap_or(i64::MAX)));
    Ok(MultiValue::from_vec(results))
}

/// The first bytes of a number, lowest first.
fn little<const N: usize>(part: &[u8], big: bool) -> [u8; N] {
    let mut bytes = [0; N];
    for (position, byte) in part.iter().enumerate() {
        let place = if big {
            part.len() - 1 - position
        } else {
            position
        };
        if let Some(to) = bytes.get_mut(place) {
            *to = *byte;
        }
    }
    bytes
}

#[expect(
    clippy::cast_precision_loss,
    reason = "a number of a script has 53 bits, as in Redis"
)]
fn read(part: &[u8], big: bool, signed: bool) -> f64 {
    let number = u64::from_le_bytes(little(part, big));
    let unused = 64 - 8 * u32::try_from(part.len().clamp(1, 8)).unwrap_or(8);
    if signed {
        ((number << unused).cast_signed() >> unused) as f64
    } else {
        number as f64
    }
}

/// The size that an earlier item of the format gave for `c0`.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a size beyond the data is refused by whoever takes it"
)]
fn counted(value: Option<Value>) -> Result<usize, Fault> {
    match value {
        Some(Value::Number(size)) if size < 0.0 => Ok(usize::MAX),
        Some(Value::Number(size)) => Ok(size as usize),
        _ => said("format 'c0' needs a previous size"),
    }
}

fn size(_: &Lua, args: &Args<'_>) -> Result<i64, Fault> {
    let format = args.string(1)?;
    let format = format.as_bytes();
    let mut format = Format::new(&format);
    let mut position: usize = 0;
    while let Some((letter, size)) = format.next(args)? {
        position += format.filling(position, (letter, size));
        match (letter, size) {
            (b's', _) => return args.bad(1, "option 's' has no fixed size"),
            (b'c', 0) => return args.bad(1, "option 'c0' has no fixed size"),
            _ => position += size,
        }
    }
    Ok(i64::try_from(position).unwrap_or(i64::MAX))
}
