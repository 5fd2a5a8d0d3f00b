//! How well forecasts keep their word: made at instants of the past, compared with what came.
//!
//! `calibrate_forecast [DATA]`: on generated series with a day, a week, holidays, growth and incidents, and,
//! if named, on `DATA/CATEGORY/NAME.csv` (timestamp,value). Prints, per kind of series, of all claims "the
//! threshold is crossed with 80–90 %" the share that came true, the Brier score (and that of always saying
//! the overall share), and the coverage of the 80 and 95 % intervals.

#![expect(clippy::print_stdout, reason = "the table is what this program is for")]

#[path = "../tests/support/normal.rs"]
mod normal;

use std::{error::Error, fs, path::Path, time::Duration};

use bongsu_sdk_analysis::{
    calendar::Calendar,
    forecast::{Ask, Forecast, Side, forecast},
};
use bongsu_sdk_model::Timestamp;
use jiff::{civil::DateTime, tz::TimeZone};

type Points = Vec<(Timestamp, f64)>;

const HOUR: u64 = 3_600;
/// Instants a series is forecast at.
const INSTANTS: usize = 16;
/// Thresholds: quantiles of the greatest values of earlier windows as long as the horizon; and shares of the
/// greatest value of the same clock window a day before, which are the hard ones.
const THRESHOLDS: [f64; 5] = [0.2, 0.5, 0.7, 0.85, 0.95];
const OF_YESTERDAY: [f64; 3] = [0.95, 1.0, 1.05];

#[derive(Default)]
struct Tally {
    forecasts: u32,
    refused: u32,
    steps: u32,
    in_80: u32,
    in_95: u32,
    claims: Vec<(f64, bool)>,
}

fn main() -> Result<(), Box<dyn Error>> {
    let seoul = Calendar::korea(TimeZone::get("Asia/Seoul")?);
    for hours in [3, 24] {
        let horizon = Duration::from_secs(hours * HOUR);
        let mut tally = Tally::default();
        for seed in 0..6 {
            measure(&generated(seed, &seoul), horizon, &seoul, &mut tally);
        }
        print(&format!("generated, {hours} h ahead"), &tally);
        if let Some(data) = std::env::args().nth(1) {
            let plain = Calendar::plain(TimeZone::UTC);
            let mut tally = Tally::default();
            for file in files(Path::new(&data))? {
                measure(&read(&file)?, horizon, &plain, &mut tally);
            }
            print(&format!("recorded series, {hours} h ahead"), &tally);
        }
    }
    Ok(())
}

/// Six weeks of 5-minute points from 2026-08-31 on: Chuseok is in the fourth.
fn generated(seed: u64, calendar: &Calendar) -> Points {
    let mut rng = fastrand::Rng::with_seed(seed);
    let start = 1_788_102_000_000;
    let growth = rng.f64() * 0.01;
    let (mut drift, mut incident) = (0.0, 0.0);
    (0..42 * normal::DAY)
        .map(|row| {
            let at = Timestamp::from_ms(start + row as i64 * 300_000);
            let hour = calendar.season_hour(at);
            let of_day = (row % normal::DAY) as f64 / normal::DAY as f64;
            let wave = 1.0 - (of_day * std::f64::consts::TAU).cos();
            let season = 30.0 + wave * if hour.day >= 5 { 40.0 } else { 100.0 };
            drift = 0.98 * drift + 0.01 * normal::gaussian(&mut rng);
            incident *= 0.95;
            if rng.f64() < 1.0 / 2_000.0 {
                incident = rng.f64() * 0.5;
            }
            let grown = 1.0 + growth * row as f64 / normal::DAY as f64;
            let noise = 0.03 * normal::gaussian(&mut rng);
            (at, season * grown * (1.0 + drift + incident + noise))
        })
        .collect()
}

fn measure(points: &Points, horizon: Duration, calendar: &Calendar, tally: &mut Tally) {
    let later = points.iter().skip(1);
    let mut apart: Vec<Duration> = points
        .iter()
        .zip(later)
        .map(|(a, b)| b.0.since(a.0))
        .collect();
    apart.sort();
    let usual = apart.get(apart.len() / 2).copied().unwrap_or_default();
    let step = usual.max(Duration::from_secs(60));
    let first = points.len() / 2;
    for n in 0..INSTANTS {
        let now = first + (points.len() - first) * n / INSTANTS;
        let (past, future) = points.split_at(now);
        let Some((start, _)) = future.first() else {
            continue;
        };
        let came: Vec<_> = future
            .iter()
            .take_while(|(at, _)| at.since(*start) < horizon)
            .copied()
            .collect();
        // A horizon that ends after the series cannot be judged.
        if future.len() == came.len() {
            continue;
        }
        let ask = Ask {
            step,
            horizon,
            floor: None,
            ceiling: None,
        };
        match forecast(past, ask, calendar) {
            Ok(made) => {
                tally.forecasts += 1;
                intervals(&made, &came, tally);
                claims(&made, past, &came, horizon, tally);
            }
            Err(_) => tally.refused += 1,
        }
    }
}

fn intervals(made: &Forecast, came: &[(Timestamp, f64)], tally: &mut Tally) {
    for step in &made.steps {
        let end = step.at.plus(made.step);
        let of: Vec<f64> = came
            .iter()
            .filter(|(at, _)| (step.at..end).contains(at))
            .map(|(_, value)| *value)
            .collect();
        if of.is_empty() {
            continue;
        }
        let value = of.iter().sum::<f64>() / of.len() as f64;
        tally.steps += 1;
        tally.in_80 += u32::from((step.band_80.0..=step.band_80.1).contains(&value));
        tally.in_95 += u32::from((step.band_95.0..=step.band_95.1).contains(&value));
    }
}

/// Claims are about steps, which are means of points when the horizon is long.
fn claims(
    made: &Forecast,
    past: &[(Timestamp, f64)],
    came: &[(Timestamp, f64)],
    horizon: Duration,
    tally: &mut Tally,
) {
    let mut maxima: Vec<f64> = windows(past, horizon, made.step);
    maxima.sort_by(f64::total_cmp);
    let Some(most) = windows(came, horizon * 2, made.step).first().copied() else {
        return;
    };
    let of_maxima = THRESHOLDS.map(|q| maxima.get((maxima.len() as f64 * q) as usize).copied());
    let day = Duration::from_secs(24 * HOUR);
    let Some((start, _)) = came.first().copied() else {
        return;
    };
    let yesterday: Vec<_> = past
        .iter()
        .filter(|(at, _)| start.since(*at) <= day && at.plus(day) < start.plus(horizon))
        .copied()
        .collect();
    let most_yesterday = windows(&yesterday, horizon * 2, made.step).first().copied();
    let of_yesterday = OF_YESTERDAY.map(|share| Some(share * most_yesterday?));
    for threshold in of_maxima.into_iter().chain(of_yesterday).flatten() {
        let claim = made.crossing(threshold, Side::Above, horizon).probability;
        tally.claims.push((claim, most > threshold));
    }
}

/// The greatest step of each window of `width`, half overlapping.
fn windows(points: &[(Timestamp, f64)], width: Duration, step: Duration) -> Vec<f64> {
    let ms = step.as_millis() as i64;
    let mut steps: Vec<(i64, f64, f64)> = Vec::new();
    for (at, value) in points {
        let n = at.as_ms().div_euclid(ms);
        match steps.last_mut().filter(|last| last.0 == n) {
            Some(last) => {
                last.1 += value;
                last.2 += 1.0;
            }
            None => steps.push((n, *value, 1.0)),
        }
    }
    let long = ((width.as_millis() / step.as_millis()) as usize).max(1);
    let most = |of: &[(i64, f64, f64)]| {
        let means = of.iter().map(|(_, sum, count)| sum / count);
        means.fold(f64::NEG_INFINITY, f64::max)
    };
    if steps.len() <= long {
        return if steps.is_empty() {
            Vec::new()
        } else {
            vec![most(&steps)]
        };
    }
    steps
        .windows(long)
        .step_by((long / 2).max(1))
        .map(most)
        .collect()
}

fn files(data: &Path) -> Result<Vec<std::path::PathBuf>, Box<dyn Error>> {
    let mut files = Vec::new();
    for category in fs::read_dir(data)? {
        for file in fs::read_dir(category?.path())? {
            files.push(file?.path());
        }
    }
    files.sort();
    Ok(files)
}

fn read(path: &Path) -> Result<Points, Box<dyn Error>> {
    let text = fs::read_to_string(path)?;
    let rows = text.lines().skip(1).filter_map(|line| line.split_once(','));
    rows.map(|(time, value)| {
        let civil: DateTime = time.trim().parse()?;
        let at = civil.to_zoned(TimeZone::UTC)?.timestamp().as_millisecond();
        Ok((Timestamp::from_ms(at), value.trim().parse()?))
    })
    .collect()
}

fn print(title: &str, tally: &Tally) {
    let share = |part: u32, of: u32| 100.0 * f64::from(part) / f64::from(of.max(1));
    println!(
        "\n{title}: {} forecasts, {} refused",
        tally.forecasts, tally.refused
    );
    println!(
        "intervals over {} steps: 80 % holds {:.1} %, 95 % holds {:.1} %",
        tally.steps,
        share(tally.in_80, tally.steps),
        share(tally.in_95, tally.steps)
    );
    println!("claimed      claims   mean claim   came true");
    let mut wrong = 0.0;
    for tenth in 0..10_u32 {
        let low = f64::from(tenth) / 10.0;
        let of: Vec<_> = tally
            .claims
            .iter()
            .filter(|(claim, _)| ((claim * 10.0) as u32).min(9) == tenth)
            .collect();
        let mean = of.iter().map(|(claim, _)| claim).sum::<f64>() / of.len().max(1) as f64;
        let came = of.iter().filter(|(_, came)| *came).count() as f64 / of.len().max(1) as f64;
        wrong += (mean - came).abs() * of.len() as f64;
        println!(
            "{:>3.0}–{:<3.0} %   {:>7}     {:>6.1} %    {:>6.1} %",
            low * 100.0,
            low * 100.0 + 10.0,
            of.len(),
            mean * 100.0,
            came * 100.0
        );
    }
    let n = tally.claims.len().max(1) as f64;
    let truth = |came: bool| f64::from(u8::from(came));
    let base = tally
        .claims
        .iter()
        .map(|(_, came)| truth(*came))
        .sum::<f64>()
        / n;
    let brier = tally
        .claims
        .iter()
        .map(|(p, came)| (p - truth(*came)).powi(2))
        .sum::<f64>()
        / n;
    println!(
        "Brier {brier:.4} (always {:.0} %: {:.4}); mean miscalibration {:.1} points",
        base * 100.0,
        base * (1.0 - base),
        100.0 * wrong / n
    );
}
