//! Numbers with a fraction: how Redis reads them, and the 80-bit arithmetic of `INCRBYFLOAT`.
//!
//! Redis adds in the x87's extended precision and prints 17 decimals, so that 0.1 and 0.2 make 0.3. Counters
//! are compared as text by those who keep them, hence the same digits here, from a software implementation.

use rustc_apfloat::{Float as _, Round, ieee::X87DoubleExtended};

/// Longest text taken for a number; reading one takes time quadratic in its length.
const LONGEST: usize = 512;
/// Decimals printed.
const DECIMALS: u32 = 17;
/// What an exponent of the format is offset by, with the 63 bits of the fraction.
const BIAS: i32 = 16_383 + 63;

/// A number as C reads it, without leading spaces; neither NaN nor too large or too small for an `f64`.
pub(super) fn float(text: &[u8]) -> Option<f64> {
    let number: f64 = spelled(text)?.parse().ok()?;
    let digits = text.iter().any(u8::is_ascii_digit);
    let overflow = number.is_infinite() && digits;
    let mantissa = text.split(|byte| matches!(byte, b'e' | b'E')).next()?;
    let underflow = number == 0.0 && mantissa.iter().any(|byte| matches!(byte, b'1'..=b'9'));
    (!number.is_nan() && !overflow && !underflow).then_some(number)
}

fn spelled(text: &[u8]) -> Option<&str> {
    if text.len() > LONGEST {
        return None;
    }
    std::str::from_utf8(text).ok()
}

/// A number in the precision of `INCRBYFLOAT`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Extended(X87DoubleExtended);

impl Extended {
    /// Reads one; infinity is one, NaN is not.
    pub(super) fn read(text: &[u8]) -> Option<Self> {
        let text = spelled(text)?;
        let near: f64 = text.parse().ok()?;
        if near.is_nan() {
            return None;
        }
        if !text.bytes().any(|byte| byte.is_ascii_digit()) {
            let infinity = X87DoubleExtended::INFINITY;
            return Some(Self(if near < 0.0 { -infinity } else { infinity }));
        }
        let read = X87DoubleExtended::from_str_r(text, Round::NearestTiesToEven).ok()?;
        (!read.value.is_infinite()).then_some(Self(read.value))
    }

    /// Whether it is infinite.
    pub(super) fn is_infinite(self) -> bool {
        self.0.is_infinite()
    }

    /// The sum, unless it is infinite or no number.
    pub(super) fn plus(self, other: Self) -> Option<Self> {
        let sum = (self.0 + other.0).value;
        sum.is_finite().then_some(Self(sum))
    }

    /// The number with up to 17 decimals and without trailing zeros.
    pub(super) fn text(self) -> String {
        let bits = self.0.to_bits();
        let mantissa = bits & u128::from(u64::MAX);
        let exponent = i32::try_from((bits >> 64) & 0x7fff).unwrap_or(0) - BIAS;
        let digits = match u32::try_from(exponent) {
            Ok(exponent) => whole(mantissa, exponent),
            Err(_) => fraction(mantissa, exponent.unsigned_abs()),
        };
        let negative = bits >> 79 == 1 && digits != "0";
        format!("{}{digits}", if negative { "-" } else { "" })
    }
}

/// `mantissa` / 2^`shift` to the nearest of 17 decimals, ties to even as C prints them.
fn fraction(mantissa: u128, shift: u32) -> String {
    let scale = 10_u128.pow(DECIMALS);
    let scaled = mantissa * scale;
    let rounded = match scaled.checked_shr(shift) {
        None => 0,
        Some(whole) => {
            let rest = scaled & !(u128::MAX << shift);
            let half = 1_u128 << (shift - 1);
            whole + u128::from(rest > half || (rest == half && whole % 2 == 1))
        }
    };
    let text = format!("{}.{:017}", rounded / scale, rounded % scale);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// `mantissa` · 2^`exponent`, exactly.
fn whole(mantissa: u128, exponent: u32) -> String {
    const LIMB: u128 = 1_000_000_000;
    let mut limbs = Vec::new();
    let mut rest = mantissa;
    while rest > 0 {
        limbs.push(rest % LIMB);
        rest /= LIMB;
    }
    let mut left = exponent;
    while left > 0 {
        let step = left.min(64);
        let mut carry = 0;
        for limb in &mut limbs {
            let product = (*limb << step) + carry;
            (*limb, carry) = (product % LIMB, product / LIMB);
        }
        while carry > 0 {
            limbs.push(carry % LIMB);
            carry /= LIMB;
        }
        left -= step;
    }
    let mut text: String = limbs
        .iter()
        .rev()
        .map(|limb| format!("{limb:09}"))
        .collect();
    let zeros = text.len() - text.trim_start_matches('0').len();
    text.drain(..zeros);
    if text.is_empty() {
        "0".to_owned()
    } else {
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_have_the_digits_redis_prints() {
        let check = |a: &str, b: &str, sum: Option<&str>| {
            let added = Extended::read(a.as_bytes())
                .unwrap()
                .plus(Extended::read(b.as_bytes()).unwrap());
            assert_eq!(added.map(Extended::text).as_deref(), sum, "{a} + {b}");
        };
        check("0.1", "0.2", Some("0.3"));
        check("10.50", "0.1", Some("10.6"));
        check("5.0e3", "2.0e2", Some("5200"));
        check("-0.5", "0.5", Some("0"));
        check("-1.5", "0.25", Some("-1.25"));
        check("1e-300", "0", Some("0"));
        check("1e20", "1", Some("100000000000000000000"));
        check("3.0", "1.000000000000000005", Some("4.00000000000000001"));
        check("inf", "1", None);
        check("1e22", "0", Some("10000000000000000000000"));
        check(
            "1e40",
            "0",
            Some("9999999999999999999783686092270256259072"),
        );
    }

    #[test]
    fn floats_are_read_as_c_reads_them() {
        for (text, value) in [
            ("1", Some(1.0)),
            ("+1.5e3", Some(1500.0)),
            (".5", Some(0.5)),
            ("-inf", Some(f64::NEG_INFINITY)),
            ("Infinity", Some(f64::INFINITY)),
            ("0e5", Some(0.0)),
            ("nan", None),
            ("", None),
            (" 1", None),
            ("1 ", None),
            ("1e400", None),
            ("1e-400", None),
            ("one", None),
        ] {
            assert_eq!(float(text.as_bytes()), value, "{text:?}");
        }
    }
}
