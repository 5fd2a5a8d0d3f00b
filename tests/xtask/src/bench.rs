//! `cargo xtask bench <name> [--quick]`: runs a bench of the `tests` package and judges its figures.
//!
//! A bench is a program in `tests/benches/<name>.rs` that prints one JSON object per figure
//! (`bench`, `figure`, `value`, `unit`, and where they apply `peer`, `bar`, `ok`, `runs`, `min`, `max`).
//! This command passes the lines through, prints them again as a table, and fails when one is not `ok`.

use std::{fs, io::BufRead as _, io::BufReader, path::PathBuf, process::Stdio};

use anyhow::{Context as _, Result, bail};
use clap::Args;
use serde_json::Value;

use crate::{
    needs::{self, GO, GOACCESS, Part, REDIS},
    plugins,
    workspace::Workspace,
};

/// Options of `cargo xtask bench`.
#[derive(Args)]
pub(crate) struct Options {
    /// Which bench
    name: String,
    /// Fewer and shorter runs: a look, not a measurement
    #[arg(long)]
    quick: bool,
}

/// Runs the bench and prints what it found.
pub(crate) fn run(workspace: &Workspace, options: &Options) -> Result<()> {
    let names = names(workspace)?;
    if !names.contains(&options.name) {
        bail!(
            "no bench is called `{}`; there are: {}",
            options.name,
            names.join(", ")
        );
    }
    let peers = peers(workspace, &options.name)?;
    plugins::run()?;
    let figures = figures(workspace, options, peers)?;
    println!("\n{}", table(&figures));
    let missed = figures
        .iter()
        .filter(|figure| figure.get("ok") == Some(&Value::Bool(false)))
        .count();
    if missed > 0 {
        bail!("{missed} of {} figures miss their bar", figures.len());
    }
    Ok(())
}

/// What a bench compares with, as the environment that tells it.
fn peers(workspace: &Workspace, bench: &str) -> Result<Vec<(&'static str, PathBuf)>> {
    if bench != "collect" {
        if !needs::ensure(&[&REDIS])?.is_empty() {
            bail!("there is nothing to compare with; hint: install Redis");
        }
        return Ok(found("BONGSU_REDIS_SERVER", &REDIS));
    }
    needs::ensure(&[&GOACCESS, &GO])?;
    let sources = workspace.root.join("tests/benches/collect/collector");
    let collector = needs::built::go(workspace, &sources)?;
    let mut peers = found("BONGSU_GOACCESS", &GOACCESS);
    peers.extend(collector.map(|program| ("BONGSU_COLLECTOR", program)));
    Ok(peers)
}

fn found(name: &'static str, part: &Part) -> Vec<(&'static str, PathBuf)> {
    part.place()
        .map(|program| (name, program))
        .into_iter()
        .collect()
}

/// Names of the benches there are, sorted.
fn names(workspace: &Workspace) -> Result<Vec<String>> {
    let folder = workspace.root.join("tests/benches");
    let entries =
        fs::read_dir(&folder).with_context(|| format!("failed to list {}", folder.display()))?;
    let mut names = Vec::new();
    for entry in entries {
        let name = entry?.file_name().into_string().unwrap_or_default();
        names.extend(name.strip_suffix(".rs").map(str::to_owned));
    }
    names.sort();
    Ok(names)
}

fn figures(
    workspace: &Workspace,
    options: &Options,
    peers: Vec<(&'static str, PathBuf)>,
) -> Result<Vec<Value>> {
    let mut cargo = workspace.cargo();
    cargo.args([
        "bench",
        "--quiet",
        "--package",
        "bongsu-tests",
        "--bench",
        &options.name,
        "--",
    ]);
    cargo.args(options.quick.then_some("--quick"));
    cargo.env("BONGSU_PLUGINS", workspace.plugins());
    cargo.envs(peers);
    let mut bench = cargo
        .stdout(Stdio::piped())
        .spawn()
        .context("failed to start cargo")?;
    let mut figures = Vec::new();
    for line in BufReader::new(bench.stdout.take().context("no output")?).lines() {
        let line = line?;
        println!("{line}");
        figures.extend(
            serde_json::from_str::<Value>(&line)
                .ok()
                .filter(Value::is_object),
        );
    }
    let status = bench.wait()?;
    if !status.success() {
        bail!("the bench ended with {status}");
    }
    Ok(figures)
}

/// The figures in columns, for people.
fn table(figures: &[Value]) -> String {
    let text = |figure: &Value, key: &str| match figure.get(key) {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    };
    let header = ["figure", "value", "unit", "bar", "ok", "peer"]
        .map(str::to_owned)
        .to_vec();
    let rows: Vec<Vec<String>> = [header.clone()]
        .into_iter()
        .chain(
            figures
                .iter()
                .map(|figure| header.iter().map(|key| text(figure, key)).collect()),
        )
        .collect();
    let width = |column: usize| {
        rows.iter()
            .filter_map(|row| row.get(column))
            .map(|cell| cell.chars().count())
            .max()
            .unwrap_or(0)
    };
    let widths: Vec<usize> = (0..header.len()).map(width).collect();
    let line = |row: &Vec<String>| {
        let cells = row
            .iter()
            .zip(&widths)
            .map(|(cell, width)| format!("{cell:width$}"));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    rows.iter().map(line).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_lines_up_and_leaves_absent_values_empty() {
        let figures = [
            serde_json::json!({"figure": "get_1k", "value": 1.12, "unit": "ratio", "bar": ">= 1.0", "ok": true}),
            serde_json::json!({"figure": "a", "value": 40, "unit": "MiB", "ok": null}),
        ];
        assert_eq!(
            table(&figures),
            "figure  value  unit   bar     ok    peer\n\
             get_1k  1.12   ratio  >= 1.0  true\n\
             a       40     MiB"
        );
    }
}
