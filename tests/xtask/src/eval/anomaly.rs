//! `cargo xtask eval anomaly`: the product's detector over labelled series, and over series without anomalies.
//!
//! Needs `data/CATEGORY/NAME.csv` and `windows.json` in `--dir` (default `../shared/data/nab` beside the
//! checkout) and the scorer (there, or in `eval` beside `data`); `--out` is a folder for the results. Prints the score at the best threshold, at
//! the threshold the product ships with, and of each half of the files at the other half's best threshold.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result};
use serde_json::Value;

use super::{Options, find_in, folders};
use crate::{
    needs::python,
    shell::{self, say},
    workspace::Workspace,
};

/// The name of this evaluation.
pub(super) const NAME: &str = "anomaly";

struct Scorer {
    python: PathBuf,
    script: PathBuf,
    data: PathBuf,
    results: PathBuf,
}

/// Scores the labelled series, then counts false alarms.
pub(super) fn run(workspace: &Workspace, options: &Options) -> Result<()> {
    let usual = workspace.root.join("../shared/data/nab");
    let folder = options.dir.clone().unwrap_or(usual);
    let windows = find_in(std::slice::from_ref(&folder), "windows.json")?;
    let results = options
        .out
        .clone()
        .unwrap_or_else(|| workspace.target.join("eval/anomaly"));
    fs::create_dir_all(&results)?;
    let scorer = Scorer {
        python: python::system().context("the scorer needs python3")?,
        script: find_in(
            &[folders(workspace, options), vec![folder.join("../../eval")]].concat(),
            "score_nab.py",
        )?,
        data: folder.join("data").canonicalize()?,
        results: results.canonicalize()?,
    };
    say(format!("scoring each row of {}", scorer.data.display()));
    let mut detector = example(workspace, "score_series");
    let threshold = shell::output(detector.args([&scorer.data, &scorer.results]))?;
    scorer.print(&windows, &["--optimize"])?;
    println!("\nat the threshold the product ships with:");
    scorer.print(&windows, &["--threshold", threshold.trim()])?;
    halves(&scorer, &windows)?;
    println!();
    shell::run(&mut example(workspace, "false_alarms"))
}

/// Two halves of the files, each scored at its own best threshold and at the other's.
fn halves(scorer: &Scorer, windows: &Path) -> Result<()> {
    let all: BTreeMap<String, Value> = serde_json::from_str(&fs::read_to_string(windows)?)?;
    let mut families: Vec<String> = all.keys().map(|name| family(name)).collect();
    families.dedup();
    let mut best = Vec::new();
    let mut files = Vec::new();
    for half in 0..2 {
        let mine = |name: &String| {
            let place = families.iter().position(|one| *one == family(name));
            place.is_some_and(|place| place % 2 == half)
        };
        let some: BTreeMap<_, _> = all.iter().filter(|(name, _)| mine(name)).collect();
        let file = scorer.results.join(format!("half-{half}.json"));
        fs::write(&file, serde_json::to_string(&some)?)?;
        best.push(scorer.score(&file, &["--optimize"])?);
        files.push(file);
    }
    println!("\nhalves: own best threshold, and the other half's");
    for (half, (own, other)) in best.iter().zip(best.iter().rev()).enumerate() {
        let Some(file) = files.get(half) else {
            continue;
        };
        let crossed = scorer.score(file, &["--threshold", &other.0.to_string()])?;
        println!("half {half}: {:.2} own, {:.2} crossed", own.1, crossed.1);
    }
    Ok(())
}

/// Series whose names hold the same numbers are of one sensor or campaign and stay together.
fn family(name: &str) -> String {
    let category = name.split('/').next().unwrap_or_default();
    let file = name.rsplit('/').next().unwrap_or_default();
    let numbers: Vec<&str> = file
        .split(|c: char| !c.is_ascii_digit())
        .filter(|part| !part.is_empty())
        .collect();
    if numbers.is_empty() {
        name.to_owned()
    } else {
        format!("{category}/{}", numbers.join("-"))
    }
}

impl Scorer {
    fn command(&self, windows: &Path, more: &[&str]) -> Command {
        let mut command = Command::new(&self.python);
        command.arg(&self.script).arg("--data").arg(&self.data);
        command.arg("--windows").arg(windows);
        command.arg("--results").arg(&self.results).args(more);
        command
    }

    fn print(&self, windows: &Path, more: &[&str]) -> Result<()> {
        shell::run(&mut self.command(windows, more))
    }

    /// Threshold and score.
    fn score(&self, windows: &Path, more: &[&str]) -> Result<(f64, f64)> {
        let told = self.results.join("score.json");
        shell::output(self.command(windows, more).arg("--json").arg(&told))?;
        let told: Value = serde_json::from_str(&fs::read_to_string(told)?)?;
        let number = |pointer: &str| {
            let number = told.pointer(pointer).and_then(Value::as_f64);
            number.with_context(|| format!("the scorer did not tell `{pointer}`"))
        };
        Ok((number("/threshold")?, number("/overall/score")?))
    }
}

/// A program of the analysis crate: the code the product runs.
pub(super) fn example(workspace: &Workspace, name: &str) -> Command {
    let mut cargo = workspace.cargo();
    cargo.args(["run", "--quiet", "--package", "bongsu-sdk-analysis"]);
    cargo.args(["--example", name, "--"]);
    cargo
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_metrics_of_one_sensor_are_one_family() {
        assert_eq!(
            family("realTraffic/speed_6005.csv"),
            family("realTraffic/occupancy_6005.csv")
        );
        assert_ne!(
            family("realTraffic/speed_6005.csv"),
            family("realTraffic/speed_7578.csv")
        );
        assert_ne!(family("a/x.csv"), family("a/y.csv"));
    }
}
