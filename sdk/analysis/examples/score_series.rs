//! Gives each row of labelled series its anomaly score, as the product would have at that row.
//!
//! `score_series DATA RESULTS`: reads `DATA/CATEGORY/NAME.csv` (timestamp,value), writes
//! `RESULTS/CATEGORY/NAME.csv` (timestamp,anomaly_score), and prints the score the product alarms at. A
//! row's score comes from it and earlier rows.

#![expect(
    clippy::print_stdout,
    reason = "the threshold is this program's result"
)]

use std::{
    error::Error,
    fs::{self, File},
    io::{BufWriter, Write as _},
    path::Path,
    time::Duration,
};

use bongsu_sdk_analysis::anomaly::{Detector, Reading, Settings};
use bongsu_sdk_model::Timestamp;
use jiff::civil::DateTime;

/// Rows the time between two is learnt from; none of them has a score.
const HEAD: usize = 16;

fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let (Some(data), Some(results)) = (args.next(), args.next()) else {
        return Err("usage: score_series DATA RESULTS".into());
    };
    for category in fs::read_dir(data)? {
        let category = category?;
        let into = Path::new(&results).join(category.file_name());
        fs::create_dir_all(&into)?;
        for file in fs::read_dir(category.path())? {
            let file = file?;
            score(&file.path(), &into.join(file.file_name()))?;
        }
    }
    let shipped = Detector::new(Settings::every(Duration::from_secs(300)));
    println!("{:.9}", Reading::score_of(shipped.threshold()));
    Ok(())
}

fn score(from: &Path, to: &Path) -> Result<(), Box<dyn Error>> {
    let text = fs::read_to_string(from)?;
    let rows: Vec<(&str, &str)> = text
        .lines()
        .skip(1)
        .filter_map(|line| line.split_once(','))
        .collect();
    let times = rows
        .iter()
        .map(|(time, _)| Ok(moment(time)?))
        .collect::<Result<Vec<_>, Box<dyn Error>>>()?;
    let mut out = BufWriter::new(File::create(to)?);
    writeln!(out, "timestamp,anomaly_score")?;
    let mut detector = None;
    for (n, ((text, value), at)) in rows.iter().zip(&times).enumerate() {
        let mut score = 0.0;
        if n + 1 == HEAD {
            let mut known = Detector::new(Settings {
                utc_offset_ms: 0,
                ..Settings::every(step(&times))
            });
            for ((_, value), at) in rows.iter().zip(&times).take(HEAD - 1) {
                known.observe(*at, value.parse().ok());
            }
            detector = Some(known);
        }
        if let Some(detector) = &mut detector {
            score = detector.observe(*at, value.parse().ok()).score();
        }
        writeln!(out, "{text},{score:.9}")?;
    }
    out.flush()?;
    Ok(())
}

/// The stamps have no zone; UTC is as good as any.
fn moment(text: &str) -> Result<Timestamp, jiff::Error> {
    let civil: DateTime = text.trim().parse()?;
    let at = civil.to_zoned(jiff::tz::TimeZone::UTC)?.timestamp();
    Ok(Timestamp::from_ms(at.as_millisecond()))
}

/// The usual time between two of the first rows.
fn step(times: &[Timestamp]) -> Duration {
    let head = times.iter().take(HEAD);
    let later = times.iter().take(HEAD).skip(1);
    let mut apart: Vec<Duration> = head.zip(later).map(|(a, b)| b.since(*a)).collect();
    apart.sort();
    apart.get(apart.len() / 2).copied().unwrap_or_default()
}
