//! How often the detector alarms where nothing is wrong: rows per alarm, by strength and family of series.
//!
//! `false_alarms [SERIES]`: per family that many series (default 12) of 14 000 rows, the first 1 000 of each
//! not counted. The worst family is what `anomaly/rate.rs` states.

#![expect(clippy::print_stdout, reason = "the table is what this program is for")]

#[path = "../tests/support/normal.rs"]
mod normal;

use std::time::Duration;

use bongsu_sdk_analysis::anomaly::{Detector, Settings};
use bongsu_sdk_model::Timestamp;

/// The first seed: the table in `anomaly/rate.rs` was made from seeds 0 to 39, these are others.
const UNSEEN: u64 = 1_000;
const ROWS: usize = 14_000;
const HEAD: usize = 1_000;
const STRENGTHS: [f64; 9] = [2.0, 3.0, 4.0, 5.0, 7.0, 10.0, 15.0, 20.0, 30.0];

fn main() {
    let series: u64 = std::env::args()
        .nth(1)
        .and_then(|n| n.parse().ok())
        .unwrap_or(12);
    println!("rows per false alarm, by strength ({series} series of {ROWS} rows each)");
    let head: String = STRENGTHS.map(|s| format!("{s:>9.1}")).concat();
    println!("{:<16}{head}", "family");
    let mut worst = [f64::INFINITY; STRENGTHS.len()];
    for family in normal::FAMILIES {
        let mut alarms = [0_u32; STRENGTHS.len()];
        for seed in UNSEEN..UNSEEN + series {
            count(family, seed, &mut alarms);
        }
        let rows = (ROWS - HEAD) as f64 * series as f64;
        let every = alarms.map(|n| rows / f64::from(n));
        for (worst, every) in worst.iter_mut().zip(every) {
            *worst = worst.min(every);
        }
        print(family, &every);
    }
    print("worst", &worst);
    let stated = STRENGTHS.map(Settings::false_alarm_every_at);
    print("stated", &stated);
}

fn count(family: &str, seed: u64, alarms: &mut [u32]) {
    let step = Duration::from_secs(300);
    let mut detector = Detector::new(Settings::every(step));
    for (row, value) in normal::series(family, seed, ROWS).into_iter().enumerate() {
        let at = Timestamp::from_ms(row as i64 * 300_000);
        let strength = detector.observe(at, Some(value)).strength;
        for (n, least) in alarms.iter_mut().zip(STRENGTHS) {
            *n += u32::from(row >= HEAD && strength >= least);
        }
    }
}

fn print(family: &str, every: &[f64]) {
    let cells: String = every.iter().map(|e| format!("{e:>9.0}")).collect();
    println!("{family:<16}{cells}");
}
