//! Order statistics that one wild value cannot move.

/// The `q` quantile (0–1) of `sorted`, linear between neighbours; `None` if empty.
pub(super) fn quantile(sorted: &[f64], q: f64) -> Option<f64> {
    let last = sorted.len().checked_sub(1)?;
    let place = q.clamp(0.0, 1.0) * last as f64;
    let below = sorted.get(place.floor() as usize)?;
    let above = sorted.get(place.ceil() as usize)?;
    Some(below + (above - below) * place.fract())
}

/// The values in order, without what is not a number.
pub(super) fn sorted(values: impl IntoIterator<Item = f64>) -> Vec<f64> {
    let mut values: Vec<f64> = values.into_iter().filter(|v| v.is_finite()).collect();
    values.sort_by(f64::total_cmp);
    values
}

/// The median; `None` if empty.
pub(super) fn median(values: impl IntoIterator<Item = f64>) -> Option<f64> {
    quantile(&sorted(values), 0.5)
}

/// One standard deviation as the middle half shows it or as the outer twentieth does, whichever is wider: a
/// series that spikes every hour is not surprising when it spikes. `None` below four values.
pub(super) fn spread(sorted: &[f64]) -> Option<f64> {
    if sorted.len() < 4 {
        return None;
    }
    let between = |low, high| Some(quantile(sorted, high)? - quantile(sorted, low)?);
    let middle = between(0.25, 0.75)? / 1.349;
    let outer = between(0.025, 0.975)? / 3.92;
    Some(middle.max(outer))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_wild_value_does_not_move_the_median_or_the_spread() {
        let calm = sorted((0..101).map(f64::from));
        let wild = sorted((0..100).map(f64::from).chain([1e9]));
        assert_eq!(quantile(&calm, 0.5), Some(50.0));
        assert_eq!(quantile(&wild, 0.5), Some(50.0));
        assert_eq!(spread(&calm), spread(&wild));
    }

    #[test]
    fn a_series_that_often_spikes_has_a_wide_spread() {
        let spiky = sorted((0..100).map(|i| if i % 12 == 0 { 100.0 } else { 1.0 }));
        assert!(spread(&spiky).unwrap() > 20.0);
    }

    #[test]
    fn what_is_not_a_number_is_left_out() {
        assert_eq!(median([f64::NAN, 3.0, f64::INFINITY, 1.0]), Some(2.0));
        assert_eq!(median([]), None);
    }
}
