//! The library `bit`: whole numbers of 32 bits with sign.

use mlua::{Lua, Table};

use super::native::{Args, Fault, register};

/// The library.
pub(super) fn library(lua: &Lua) -> mlua::Result<Table> {
    let table = lua.create_table()?;
    let one = |name, run: fn(u32) -> u32| {
        register(lua, &table, name, move |_, args| {
            Ok(signed(run(bits(args, 1)?)))
        })
    };
    one("tobit", |bits| bits)?;
    one("bnot", |bits| !bits)?;
    one("bswap", u32::swap_bytes)?;
    let many = |name, run: fn(u32, u32) -> u32| {
        register(lua, &table, name, move |_, args| {
            let mut result = bits(args, 1)?;
            for number in 2..=args.len() {
                result = run(result, bits(args, number)?);
            }
            Ok(signed(result))
        })
    };
    many("band", |a, b| a & b)?;
    many("bor", |a, b| a | b)?;
    many("bxor", |a, b| a ^ b)?;
    let shift = |name, run: fn(u32, u32) -> u32| {
        register(lua, &table, name, move |_, args| {
            Ok(signed(run(bits(args, 1)?, bits(args, 2)? & 31)))
        })
    };
    shift("lshift", |bits, by| bits << by)?;
    shift("rshift", |bits, by| bits >> by)?;
    shift("arshift", |bits, by| {
        (bits.cast_signed() >> by).cast_unsigned()
    })?;
    shift("rol", u32::rotate_left)?;
    shift("ror", u32::rotate_right)?;
    register(lua, &table, "tohex", hex)?;
    Ok(table)
}

fn signed(bits: u32) -> i64 {
    i64::from(bits.cast_signed())
}

/// The nearest whole number, modulo 2^32.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the remainder fits"
)]
fn bits(args: &Args<'_>, number: usize) -> Result<u32, Fault> {
    Ok(args
        .number(number)?
        .round_ties_even()
        .rem_euclid(4_294_967_296.0) as u32)
}

fn hex(_: &Lua, args: &Args<'_>) -> Result<String, Fault> {
    let number = bits(args, 1)?;
    let width = args.integer_or(2, 8)?;
    let digits = usize::try_from(width.unsigned_abs().min(8)).unwrap_or(8);
    let all = match width < 0 {
        true => format!("{number:08X}"),
        false => format!("{number:08x}"),
    };
    Ok(all.get(8 - digits..).unwrap_or_default().to_owned())
}
