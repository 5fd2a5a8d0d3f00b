//! Generated series in which nothing is wrong, five minutes a row: what a false-alarm rate is measured on.

#![allow(dead_code, reason = "each test uses its own part")]

use fastrand::Rng;

/// The families, in the order they are printed.
pub(crate) const FAMILIES: [&str; 6] = [
    "gaussian",
    "autocorrelated",
    "heavy-tailed",
    "seasonal",
    "counts",
    "rare counts",
];

/// Rows a day.
pub(crate) const DAY: usize = 288;

/// `rows` values of a family.
pub(crate) fn series(family: &str, seed: u64, rows: usize) -> Vec<f64> {
    let mut rng = Rng::with_seed(seed);
    let mut before = 0.0;
    (0..rows)
        .map(|row| match family {
            "gaussian" => 100.0 + 10.0 * gaussian(&mut rng),
            "autocorrelated" => {
                before = 0.95 * before + gaussian(&mut rng);
                50.0 + before
            }
            // Student's t with three degrees of freedom.
            "heavy-tailed" => {
                let squares: f64 = (0..3).map(|_| gaussian(&mut rng).powi(2)).sum();
                20.0 + 5.0 * gaussian(&mut rng) / (squares / 3.0).sqrt()
            }
            "seasonal" => 200.0 * season(row) + 8.0 * gaussian(&mut rng),
            "counts" => poisson(&mut rng, 40.0 * season(row)),
            _ => poisson(&mut rng, 0.05),
        })
        .collect()
}

/// A working day and a quieter weekend, around 1.
pub(crate) fn season(row: usize) -> f64 {
    let of_day = (row % DAY) as f64 / DAY as f64;
    let weekend = (row / DAY + 3) % 7 >= 5;
    let wave = 1.0 - (of_day * std::f64::consts::TAU).cos();
    0.3 + wave * if weekend { 0.4 } else { 0.7 }
}

pub(crate) fn gaussian(rng: &mut Rng) -> f64 {
    let radius = (-2.0 * (1.0 - rng.f64()).ln()).sqrt();
    radius * (rng.f64() * std::f64::consts::TAU).cos()
}

pub(crate) fn poisson(rng: &mut Rng, mean: f64) -> f64 {
    let limit = (-mean).exp();
    let mut product = rng.f64();
    let mut count = 0.0;
    while product > limit {
        product *= rng.f64();
        count += 1.0;
    }
    count
}
