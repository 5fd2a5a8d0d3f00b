//! The options of `SET` and `GETEX`: conditions and how long the key shall live.

use bongsu_sdk_model::Timestamp;
use bytes::Bytes;

use super::{
    Refusal,
    args::{integer, keyword},
};

/// In which unit and from which origin an expiry was given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Unit {
    /// Seconds, otherwise milliseconds.
    pub(super) seconds: bool,
    /// Since the epoch, otherwise from now.
    pub(super) absolute: bool,
}

impl Unit {
    /// `EX`: seconds from now.
    pub(super) const EX: Self = Self {
        seconds: true,
        absolute: false,
    };
    /// `PX`: milliseconds from now.
    pub(super) const PX: Self = Self {
        seconds: false,
        absolute: false,
    };
    /// `EXAT`: seconds since the epoch.
    pub(super) const EXAT: Self = Self {
        seconds: true,
        absolute: true,
    };
    /// `PXAT`: milliseconds since the epoch.
    pub(super) const PXAT: Self = Self {
        seconds: false,
        absolute: true,
    };

    /// The instant `amount` stands for; none: beyond the end of time.
    pub(super) fn instant(self, amount: i64, now: Timestamp) -> Option<Timestamp> {
        let ms = if self.seconds {
            amount.checked_mul(1000)?
        } else {
            amount
        };
        let ms = if self.absolute {
            ms
        } else {
            ms.checked_add(now.as_ms())?
        };
        Some(Timestamp::from_ms(ms))
    }
}

/// An expiry that was asked for; read late, since Redis complains of other things first.
#[derive(Debug, Clone, Copy)]
pub(super) struct Lifetime<'a> {
    unit: Unit,
    amount: &'a [u8],
}

impl<'a> Lifetime<'a> {
    /// `amount` of `unit`.
    pub(super) const fn new(unit: Unit, amount: &'a [u8]) -> Self {
        Self { unit, amount }
    }

    /// The instant it ends, which must lie after the epoch; `command` is named if not.
    pub(super) fn end(self, now: Timestamp, command: &'static str) -> Result<Timestamp, Refusal> {
        let amount = integer(self.amount)?;
        let end = self.unit.instant(amount, now).filter(|_| amount > 0);
        end.ok_or(Refusal::ExpireTime(command))
    }
}

/// The options of `SET` or `GETEX`.
#[derive(Debug, Default)]
pub(super) struct Options<'a> {
    /// `XX`: only if the key exists (true); `NX`: only if not (false).
    pub(super) exists: Option<bool>,
    /// `GET`: answer with the value before.
    pub(super) get: bool,
    /// `KEEPTTL`.
    pub(super) keep: bool,
    /// `PERSIST`.
    pub(super) persist: bool,
    /// `EX`, `PX`, `EXAT`, `PXAT`.
    pub(super) lifetime: Option<Lifetime<'a>>,
}

impl<'a> Options<'a> {
    /// Reads the options of `SET`, or of `GETEX` if not `set`.
    pub(super) fn read(mut args: &'a [Bytes], set: bool) -> Result<Self, Refusal> {
        let mut options = Self::default();
        while let [option, rest @ ..] = args {
            args = rest;
            match keyword(option).as_slice() {
                b"NX" if set && options.exists != Some(true) => options.exists = Some(false),
                b"XX" if set && options.exists != Some(false) => options.exists = Some(true),
                b"GET" if set => options.get = true,
                b"KEEPTTL" if set && options.lifetime.is_none() => options.keep = true,
                b"PERSIST" if !set && options.lifetime.is_none() => options.persist = true,
                b"EX" => args = options.read_lifetime(Unit::EX, rest)?,
                b"PX" => args = options.read_lifetime(Unit::PX, rest)?,
                b"EXAT" => args = options.read_lifetime(Unit::EXAT, rest)?,
                b"PXAT" => args = options.read_lifetime(Unit::PXAT, rest)?,
                _ => return Err(Refusal::Syntax),
            }
        }
        Ok(options)
    }

    fn read_lifetime(&mut self, unit: Unit, args: &'a [Bytes]) -> Result<&'a [Bytes], Refusal> {
        let other_unit = self.lifetime.is_some_and(|lifetime| lifetime.unit != unit);
        let (amount, rest) = args.split_first().ok_or(Refusal::Syntax)?;
        if self.keep || self.persist || other_unit {
            return Err(Refusal::Syntax);
        }
        self.lifetime = Some(Lifetime::new(unit, amount));
        Ok(rest)
    }
}
