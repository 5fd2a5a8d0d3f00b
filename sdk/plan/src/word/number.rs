//! Numbers with separators, units and error bands.

use bongsu_sdk_model::Unit;

use crate::{Fact, Lang};

/// `value` with thousands separators and so many decimals.
pub(super) fn grouped(value: f64, decimals: usize) -> String {
    let text = format!("{:.decimals$}", value.abs());
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    let mut out = String::new();
    for (i, digit) in whole.chars().enumerate() {
        if i > 0 && (whole.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    if !fraction.is_empty() {
        out.push('.');
        out.push_str(fraction);
    }
    let zero = out.chars().all(|c| matches!(c, '0' | '.' | ','));
    if value < 0.0 && !zero {
        format!("-{out}")
    } else {
        out
    }
}

/// Decimals worth showing.
fn decimals(value: f64, unit: Unit) -> usize {
    match unit {
        Unit::Users | Unit::Sessions | Unit::Count => {
            usize::from(value.fract() != 0.0 && value.abs() < 10.0)
        }
        Unit::Score => 2,
        Unit::Percent => 1,
        Unit::Ms | Unit::PerSecond if value.abs() < 10.0 => 2,
        Unit::Ms | Unit::PerSecond if value.abs() < 1_000.0 => 1,
        Unit::Ms | Unit::PerSecond => 0,
    }
}

const fn unit(unit: Unit, lang: Lang) -> &'static str {
    match (unit, lang) {
        (Unit::Users, Lang::Ko) => "명",
        (Unit::Users, Lang::En) => " users",
        (Unit::Sessions, Lang::Ko) => "개",
        (Unit::Sessions, Lang::En) => " sessions",
        (Unit::Count, Lang::Ko) => "건",
        (Unit::Count, Lang::En) => "",
        (Unit::PerSecond, Lang::Ko) => "건/초",
        (Unit::PerSecond, Lang::En) => " per second",
        (Unit::Ms, _) => " ms",
        (Unit::Percent, _) => "%",
        (Unit::Score, _) => "",
    }
}

/// The size of a fact's value without sign: `410명`, `8.5%`.
pub(crate) fn size(fact: &Fact, lang: Lang) -> String {
    let value = fact.value.abs();
    format!(
        "{}{}",
        grouped(value, decimals(value, fact.unit)),
        unit(fact.unit, lang)
    )
}

/// The size of a fact's value without sign; per cent and milliseconds keep their unit: `410`, `8.5%`.
pub(super) fn bare(fact: &Fact) -> String {
    let value = fact.value.abs();
    let unit = match fact.unit {
        Unit::Percent | Unit::Ms => unit(fact.unit, Lang::En),
        _ => "",
    };
    format!("{}{unit}", grouped(value, decimals(value, fact.unit)))
}

/// A fact's value with unit, and "about" with its band where it is an estimate:
/// `약 5,210명(±1.6%)`, `about 5,210 users (±1.6%)`.
pub(crate) fn figure(fact: &Fact, lang: Lang) -> String {
    let sign = if fact.value < 0.0 { "-" } else { "" };
    let size = size(fact, lang);
    match fact.error_pct_95 {
        Some(error) if error >= 0.05 => {
            let error = grouped(error, 1);
            lang.pick(
                format!("약 {sign}{size}(±{error}%)"),
                format!("about {sign}{size} (±{error}%)"),
            )
        }
        _ => format!("{sign}{size}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_thousands() {
        for (value, decimals, text) in [
            (0.0, 0, "0"),
            (999.0, 0, "999"),
            (1_000.0, 0, "1,000"),
            (1_234_567.891, 1, "1,234,567.9"),
            (-1_234.5, 1, "-1,234.5"),
            (-0.04, 1, "0.0"),
            (999.96, 1, "1,000.0"),
        ] {
            assert_eq!(grouped(value, decimals), text);
        }
    }
}
