//! Statistics that a few wild values cannot move.
//!
//! Values that are not finite are left out before any of these is computed.

/// Makes the median absolute deviation of a Gaussian equal to its standard deviation.
pub(crate) const MAD_TO_SIGMA: f64 = 1.4826;

/// The finite values, sorted.
pub(crate) fn sorted(values: impl IntoIterator<Item = f64>) -> Vec<f64> {
    let mut values: Vec<f64> = values.into_iter().filter(|v| v.is_finite()).collect();
    values.sort_by(f64::total_cmp);
    values
}

/// The `q` quantile of sorted values, linear between the two nearest; `None` of nothing.
pub(crate) fn quantile(sorted: &[f64], q: f64) -> Option<f64> {
    let last = sorted.len().checked_sub(1)?;
    #[expect(clippy::cast_precision_loss, reason = "lengths are far below 2^53")]
    let at = q.clamp(0.0, 1.0) * last as f64;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "between 0 and the last index"
    )]
    let below = at.floor() as usize;
    let (low, high) = (sorted.get(below)?, sorted.get((below + 1).min(last))?);
    Some(low + (high - low) * at.fract())
}

/// The median; `None` of nothing.
pub(crate) fn median(values: impl IntoIterator<Item = f64>) -> Option<f64> {
    quantile(&sorted(values), 0.5)
}

/// The median and the standard deviation a Gaussian with the same median absolute deviation has.
pub(crate) fn centre_and_sigma(values: impl IntoIterator<Item = f64>) -> Option<(f64, f64)> {
    let sorted = sorted(values);
    let centre = quantile(&sorted, 0.5)?;
    let mad = median(sorted.iter().map(|value| (value - centre).abs()))?;
    Some((centre, mad * MAD_TO_SIGMA))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_wild_value_and_one_that_is_none_change_nothing() {
        let calm = centre_and_sigma([9.0, 10.0, 11.0, 10.0, 9.5, 10.5]).unwrap();
        let wild = centre_and_sigma([9.0, 10.0, 11.0, 10.0, 9.5, 10.5, 1e9, f64::NAN]).unwrap();
        assert_eq!(calm.0, wild.0);
        assert!((wild.1 / calm.1) < 2.1);
    }

    #[test]
    fn nothing_has_no_median() {
        assert_eq!(median([]), None);
        assert_eq!(median([f64::NAN]), None);
        assert_eq!(quantile(&[1.0, 3.0], 0.5), Some(2.0));
    }
}
