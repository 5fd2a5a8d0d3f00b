//! `cargo xtask eval rca`: root causes of labelled issues, and of simulated ones.
//!
//! The answers come from an example of `sdk/analysis`, which runs what the product runs. Then the same issues
//! under drawn names: the ranking must be the same, or the analysis lives on names. Then what is found in
//! periods without any fault, and incidents of random systems with known causes.

use std::{
    collections::HashMap,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

use super::{Options, find_in, folders};
use crate::{
    needs::python,
    shell::{self, say},
    workspace::Workspace,
};

/// The name of this evaluation.
pub(super) const NAME: &str = "rca";
const SCORER: &str = "score_rca.py";
/// Draws the names of the second run.
const SEED: &str = "20261120";
/// Simulated incidents, and the first of their seeds.
const SIMULATED: [&str; 2] = ["1000", "1"];
/// Scores this close, relative to their size, are a tie.
const TIE: f64 = 1e-9;

/// Answers, scores, repeats under other names, and simulates.
pub(super) fn run(workspace: &Workspace, options: &Options) -> Result<()> {
    let usual = workspace.root.join("../shared/data/petshop");
    let issues = options.dir.as_ref().unwrap_or(&usual);
    if !issues.is_dir() {
        bail!(
            "`{}` is not there; hint: name a folder of issues in the PetShop format with --dir",
            issues.display()
        );
    }
    let issues = issues.canonicalize()?;
    // The scorer stands beside the data, as `eval` beside `data/petshop`.
    let mut places = folders(workspace, options);
    places.push(issues.join("../../eval"));
    let scorer = find_in(&places, SCORER)?;
    let python = python::system().context("the scorer needs python3")?;
    let eval = workspace.target.join("eval");
    fs::create_dir_all(&eval)?;
    let out = options
        .out
        .clone()
        .unwrap_or_else(|| eval.join("rca-answers.jsonl"));

    say(format!("answering {}", issues.display()));
    let answers = answer(workspace, &issues)?;
    fs::write(&out, &answers).with_context(|| format!("failed to write {}", out.display()))?;
    say(format!("answers are in {}", out.display()));
    let scorer = |arguments: &[&str]| {
        let mut command = Command::new(&python);
        command.arg(&scorer).args(arguments);
        command
    };
    shell::run(
        scorer(&["score", "--misses", "--issues"])
            .arg(&issues)
            .arg("--answers")
            .arg(&out),
    )?;

    let renamed = eval.join("rca-renamed");
    let names = eval.join("rca-names.json");
    blind(
        scorer(&["blind", "--rename", SEED]),
        &issues,
        &renamed,
        &names,
    )?;
    same_under_other_names(&answers, &answer(workspace, &renamed)?, &names)?;

    say("asking about periods without a fault");
    shell::run(
        example(workspace, "root_cause_petshop")
            .arg("--quiet")
            .arg(&issues),
    )?;
    say("simulating");
    shell::run(example(workspace, "root_cause_simulated").args(SIMULATED))
}

fn example(workspace: &Workspace, name: &str) -> Command {
    let mut command = workspace.cargo();
    command
        .args(["run", "--quiet", "--package", "bongsu-sdk-analysis"])
        .args(["--example", name, "--"]);
    command
}

fn answer(workspace: &Workspace, issues: &Path) -> Result<String> {
    shell::output(example(workspace, "root_cause_petshop").arg(issues))
}

fn blind(mut command: Command, issues: &Path, out: &PathBuf, names: &Path) -> Result<()> {
    if out.exists() {
        fs::remove_dir_all(out)?;
    }
    shell::output(
        command
            .arg("--issues")
            .arg(issues)
            .arg("--base")
            .arg(issues)
            .arg("--out")
            .arg(out)
            .arg("--map")
            .arg(names),
    )?;
    Ok(())
}

/// Fails unless both rankings agree place by place, or differ only where scores tie.
fn same_under_other_names(plain: &str, renamed: &str, names: &Path) -> Result<()> {
    let names: HashMap<String, String> = serde_json::from_str(&fs::read_to_string(names)?)?;
    let renamed: HashMap<String, Ranking> = rankings(renamed)?.into_iter().collect();
    let plain = rankings(plain)?;
    for (issue, ranking) in &plain {
        let other = renamed
            .get(issue)
            .with_context(|| format!("no answer for `{issue}` under other names"))?;
        if !agree(ranking, other, &names) {
            bail!("the ranking of `{issue}` changes when components are renamed");
        }
    }
    say(format!(
        "{} rankings are the same under other names",
        plain.len()
    ));
    Ok(())
}

type Ranking = Vec<(String, f64)>;

fn rankings(answers: &str) -> Result<Vec<(String, Ranking)>> {
    answers
        .lines()
        .map(|line| {
            let answer: Value = serde_json::from_str(line)?;
            let list = |key| answer.get(key).and_then(Value::as_array);
            let (Some(issue), Some(ranked), Some(scores)) = (
                answer.get("issue").and_then(Value::as_str),
                list("ranked"),
                list("scores"),
            ) else {
                bail!("an answer without issue, ranked and scores");
            };
            let pair = |(name, score): (&Value, &Value)| {
                Some((name.as_str()?.to_owned(), score.as_f64()?))
            };
            let ranking = ranked.iter().zip(scores).filter_map(pair).collect();
            Ok((issue.to_owned(), ranking))
        })
        .collect()
}

fn agree(plain: &Ranking, renamed: &Ranking, names: &HashMap<String, String>) -> bool {
    let close = |a: f64, b: f64| (a - b).abs() <= TIE * a.abs().max(b.abs());
    let by_name: HashMap<_, _> = renamed.iter().map(|(n, s)| (n, *s)).collect();
    plain.len() == renamed.len()
        && plain
            .iter()
            .zip(renamed)
            .all(|((name, score), (_, there))| {
                let own = names.get(name).and_then(|name| by_name.get(name));
                close(*score, *there) && own.is_some_and(|own| close(*score, *own))
            })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ranking(places: &[(&str, f64)]) -> Ranking {
        places.iter().map(|(n, s)| ((*n).to_owned(), *s)).collect()
    }

    #[test]
    fn renamed_rankings_agree_up_to_ties() {
        let names = [("a", "x"), ("b", "y"), ("c", "z")].map(|(a, x)| (a.to_owned(), x.to_owned()));
        let names = HashMap::from(names);
        let plain = ranking(&[("a", 0.9), ("b", 0.5), ("c", 0.5)]);
        let tied = ranking(&[("x", 0.9), ("z", 0.5), ("y", 0.5)]);
        let turned = ranking(&[("y", 0.9), ("x", 0.5), ("z", 0.5)]);
        let shorter = ranking(&[("x", 0.9), ("y", 0.5)]);
        assert!(agree(&plain, &tied, &names));
        assert!(!agree(&plain, &turned, &names));
        assert!(!agree(&plain, &shorter, &names));
    }
}
