//! Top-1 and top-3 of root-cause analysis on simulated incidents, by fault and place, beside simple rivals.
//!
//! `root_cause_simulated [INCIDENTS] [FIRST_SEED]`

#![expect(
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a developer's table, over arrays of three"
)]

#[path = "../tests/root_cause/incidents.rs"]
mod incidents;
#[path = "../tests/root_cause/measured.rs"]
mod measured;
#[path = "../tests/root_cause/rivals.rs"]
mod rivals;
#[path = "../tests/root_cause/system.rs"]
mod system;

use std::collections::BTreeMap;

use bongsu_sdk_analysis::cause::{Verdict, diagnose};

#[derive(Default, Clone, Copy)]
struct Tally {
    incidents: u32,
    first: [u32; 3],
    third: [u32; 3],
}

fn main() {
    let mut numbers = std::env::args().skip(1).map(|a| a.parse::<u64>());
    let count = numbers.next().and_then(Result::ok).unwrap_or(600);
    let first = numbers.next().and_then(Result::ok).unwrap_or(1);
    let (mut found, mut heard) = (0, 0);
    let mut table: BTreeMap<String, Tally> = BTreeMap::new();
    for seed in first..first + count {
        let incident = incidents::draw(seed);
        let quiet = diagnose(&incidents::quiet(seed));
        found += u32::from(quiet.verdict == Verdict::Explained);
        let diagnosis = diagnose(&incident.case);
        heard += u32::from(diagnosis.verdict == Verdict::Explained);
        let ours: Vec<usize> = diagnosis.causes.iter().map(|c| c.component).collect();
        let places = [
            ours,
            rivals::by_correlation(&incident.case),
            rivals::by_anomaly(&incident.case),
        ]
        .map(|r| r.iter().position(|c| *c == incident.cause));
        let short = if incident.case.normal.is_none() {
            "no normal period"
        } else {
            "with normal period"
        };
        for key in [
            "3 all".to_owned(),
            format!("0 {:?}", incident.fault),
            format!("1 {:?}", incident.place),
            format!("2 {short}"),
        ] {
            let tally = table.entry(key).or_default();
            tally.incidents += 1;
            for (i, place) in places.iter().enumerate() {
                tally.first[i] += u32::from(place.is_some_and(|p| p < 1));
                tally.third[i] += u32::from(place.is_some_and(|p| p < 3));
            }
        }
    }
    println!(
        "{:<20} {:>9}  {:>13}  {:>13}  {:>13}",
        "top-1 / top-3", "incidents", "root cause", "correlation", "most anomalous"
    );
    for (key, t) in &table {
        let part = |n: u32| f64::from(n) / f64::from(t.incidents);
        print!("{:<20} {:>9}", &key[2..], t.incidents);
        for i in 0..3 {
            print!("  {:>5.2} / {:>5.2}", part(t.first[i]), part(t.third[i]));
        }
        println!();
    }
    println!(
        "of {count} incidents {heard} stand out; of {count} quiet periods {found} do (false alarms)"
    );
}
