//! Answers a folder of root-cause issues in the PetShop format, as the product would.
//!
//! `root_cause_petshop DIR` prints an answer a line, in the scorer's format with the scores beside the names;
//! `--explain` prints what speaks for and against the first candidates, `--quiet` asks about the normal
//! periods instead. Of a `target.json` it reads the `target` only: the cause and the injected command stand
//! in the same file and must not reach the analysis.

#![expect(
    clippy::indexing_slicing,
    reason = "a tool for developers, over indices of its own making"
)]

mod quiet;
mod read;

use std::{
    error::Error,
    io::{self, Write},
    path::PathBuf,
};

use bongsu_sdk_analysis::cause::{Diagnosis, diagnose};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

fn main() -> Result<()> {
    let (mut explain, mut quiet) = (false, false);
    let mut dir = None;
    for argument in std::env::args().skip(1) {
        match argument.as_str() {
            "--explain" => explain = true,
            "--quiet" => quiet = true,
            other => dir = Some(PathBuf::from(other)),
        }
    }
    let dir = dir.ok_or("usage: root_cause_petshop [--explain | --quiet] DIR")?;
    let mut issues = Vec::new();
    read::find_issues(&dir, &mut issues)?;
    issues.sort();
    if issues.is_empty() {
        return Err(format!("no target.json under `{}`", dir.display()).into());
    }
    let mut out = io::stdout().lock();
    if quiet {
        return quiet::false_alarms(&dir, &issues, &mut out);
    }
    for issue in issues {
        let id = read::id(&dir, &issue)?;
        let diagnosis = diagnose(&read::read(&dir, &issue)?);
        if explain {
            shown(&id, &diagnosis, &mut out)?;
            continue;
        }
        let ranked: Vec<_> = diagnosis.causes.iter().map(|c| c.name.as_str()).collect();
        let scores: Vec<_> = diagnosis.causes.iter().map(|c| c.blame.score).collect();
        let answer = serde_json::json!({"issue": id, "ranked": ranked, "scores": scores});
        writeln!(out, "{answer}")?;
    }
    Ok(())
}

fn shown(id: &str, diagnosis: &Diagnosis, out: &mut impl Write) -> Result<()> {
    writeln!(
        out,
        "{id}: {:?}, {:?}",
        diagnosis.verdict, diagnosis.caveats
    )?;
    if let Some(symptom) = &diagnosis.symptom {
        writeln!(
            out,
            "  symptom {:?} {:.3} against {:.3}, {:.1} spreads",
            symptom.indicator, symptom.value, symptom.baseline, symptom.strength
        )?;
    }
    for cause in diagnosis.causes.iter().take(3) {
        let b = &cause.blame;
        writeln!(
            out,
            "  {:.3} {} (confidence {:.2}, share {:.2}, own {:.2}, load {:.2}) {:?} against {:?} check {:?}",
            b.score,
            cause.name,
            b.confidence,
            b.share,
            b.own,
            b.load,
            cause.patterns,
            cause.against,
            cause.check
        )?;
        for fact in cause.evidence.iter().take(3) {
            writeln!(out, "      {fact:?}")?;
        }
    }
    Ok(())
}
