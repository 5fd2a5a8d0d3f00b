//! Two simple ways to rank causes, to know what the real one is worth.

#![expect(
    clippy::indexing_slicing,
    reason = "a test's model over indices of its own making"
)]

use std::collections::BTreeMap;

use bongsu_sdk_analysis::cause::{Case, Component, Indicator, Point, Series};
use bongsu_sdk_model::Window;

/// By the strongest correlation of a like series with the symptom, over the incident's rows.
pub(crate) fn by_correlation(case: &Case) -> Vec<usize> {
    let symptom = &case.components[case.symptom.component];
    let of = |c: &Component| {
        let target = symptom
            .series
            .iter()
            .find(|s| s.indicator == case.symptom.indicator)?;
        let target: BTreeMap<_, _> = rows(target, case.incident)
            .map(|p| (p.at, p.value))
            .collect();
        c.series
            .iter()
            .filter(|s| alike(s.indicator, case.symptom.indicator))
            .map(|s| {
                let pairs: Vec<_> = rows(s, case.incident)
                    .filter_map(|p| Some((p.value, *target.get(&p.at)?)))
                    .collect();
                pearson(&pairs)
            })
            .max_by(f64::total_cmp)
    };
    ranked(case, |i, c| {
        if i == case.symptom.component {
            0.0
        } else {
            of(c).unwrap_or(0.0)
        }
    })
}

/// By the largest deviation of any series from its past, in robust spreads.
pub(crate) fn by_anomaly(case: &Case) -> Vec<usize> {
    let of = |s: &Series| {
        let past: Vec<f64> = match case.normal {
            Some(normal) => rows(s, normal).map(|p| p.value).collect(),
            None => rows(s, case.incident)
                .filter(|p| p.at < case.symptom.at)
                .map(|p| p.value)
                .collect(),
        };
        let middle = median(past.clone())?;
        let spread = 1.4826 * median(past.iter().map(|v| (v - middle).abs()).collect())?;
        rows(s, case.incident)
            .map(|p| (p.value - middle).abs() / spread.max(0.01 * middle.abs()).max(1e-6))
            .max_by(f64::total_cmp)
    };
    ranked(case, |_, c| {
        c.series
            .iter()
            .filter_map(of)
            .max_by(f64::total_cmp)
            .unwrap_or(0.0)
    })
}

fn alike(a: Indicator, b: Indicator) -> bool {
    std::mem::discriminant(&a) == std::mem::discriminant(&b)
}

fn rows(series: &Series, window: Window) -> impl Iterator<Item = Point> + '_ {
    series
        .points
        .iter()
        .copied()
        .filter(move |p| window.contains(p.at))
}

fn ranked(case: &Case, score: impl Fn(usize, &Component) -> f64) -> Vec<usize> {
    let scores: Vec<f64> = case
        .components
        .iter()
        .enumerate()
        .map(|(i, c)| score(i, c))
        .collect();
    let mut order: Vec<usize> = (0..scores.len()).collect();
    order.sort_by(|a, b| scores[*b].total_cmp(&scores[*a]));
    order
}

fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied()
}

fn pearson(pairs: &[(f64, f64)]) -> f64 {
    let n = pairs.len() as f64;
    if n < 3.0 {
        return 0.0;
    }
    let (mx, my) = pairs
        .iter()
        .fold((0.0, 0.0), |(x, y), p| (x + p.0 / n, y + p.1 / n));
    let (mut xy, mut xx, mut yy) = (0.0, 0.0, 0.0);
    for (x, y) in pairs {
        xy += (x - mx) * (y - my);
        xx += (x - mx).powi(2);
        yy += (y - my).powi(2);
    }
    if xx > 0.0 && yy > 0.0 {
        xy / (xx * yy).sqrt()
    } else {
        0.0
    }
}
