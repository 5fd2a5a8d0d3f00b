//! `cargo xtask eval <name>`: answers an evaluation set as the product would, and scores the answers.
//!
//! The sets and their scorers are not part of the project: they are looked for in `--dir`, beside
//! `--items`, and in `../shared/eval` next to the checkout.

mod access_log;
mod anomaly;
mod forecast;
mod rca;

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result, bail};
use clap::Args;

use crate::{
    needs::python,
    shell::{self, say},
    workspace::Workspace,
};

/// Options of `cargo xtask eval`.
#[derive(Args)]
pub(crate) struct Options {
    /// Which set: questions, pii, access-log, anomaly, forecast, rca
    name: String,
    /// The items, instead of the set's own
    #[arg(long, value_name = "FILE", conflicts_with = "dir")]
    items: Option<PathBuf>,
    /// Folder with items and scorer
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
    /// Where to keep the answers [default: the target directory]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// A kind of evaluation: an example program reads the items' path and prints one answer per line.
struct Set {
    name: &'static str,
    package: &'static str,
    example: &'static str,
    items: &'static str,
    scorer: &'static str,
}

const SETS: [Set; 2] = [
    Set {
        name: "questions",
        package: "bongsu-sdk-plan",
        example: "plan_questions",
        items: "questions.jsonl",
        scorer: "score_questions.py",
    },
    Set {
        name: "pii",
        package: "bongsu-sdk-host",
        example: "mask_jsonl",
        items: "pii.jsonl",
        scorer: "score_pii.py",
    },
];

/// Answers and scores.
pub(crate) fn run(workspace: &Workspace, options: &Options) -> Result<()> {
    match options.name.as_str() {
        access_log::NAME => return access_log::run(workspace, options.items.as_deref()),
        anomaly::NAME => return anomaly::run(workspace, options),
        forecast::NAME => return forecast::run(workspace, options),
        rca::NAME => return rca::run(workspace, options),
        _ => {}
    }
    let Some(set) = SETS.iter().find(|set| set.name == options.name) else {
        let names = [
            &SETS.map(|set| set.name)[..],
            &[access_log::NAME, anomaly::NAME, forecast::NAME, rca::NAME],
        ]
        .concat()
        .join(", ");
        bail!(
            "no evaluation is called `{}`; there are: {names}",
            options.name
        );
    };
    let folders = folders(workspace, options);
    let items = match &options.items {
        Some(file) => file.clone(),
        None => find_in(&folders, set.items)?,
    };
    let out = options.out.clone().unwrap_or_else(|| {
        workspace
            .target
            .join("eval")
            .join(format!("{}-answers.jsonl", set.name))
    });
    answer(workspace, set, &items, &out)?;
    score(&folders, set, &items, &out)
}

fn folders(workspace: &Workspace, options: &Options) -> Vec<PathBuf> {
    let beside = options
        .items
        .as_deref()
        .and_then(Path::parent)
        .map(Path::to_owned);
    let shared = workspace.root.join("../shared/eval");
    options
        .dir
        .clone()
        .into_iter()
        .chain(beside)
        .chain([shared])
        .collect()
}

fn find_in(folders: &[PathBuf], name: &str) -> Result<PathBuf> {
    folders
        .iter()
        .map(|folder| folder.join(name))
        .find(|file| file.is_file())
        .with_context(|| {
            let places = folders
                .iter()
                .map(|f| f.display().to_string())
                .collect::<Vec<_>>()
                .join(", ");
            format!("no `{name}` in {places}; hint: name its folder with --dir")
        })
}

fn answer(workspace: &Workspace, set: &Set, items: &Path, out: &Path) -> Result<()> {
    if set.name == "pii" {
        crate::plugins::run()?;
    }
    say(format!("answering {}", items.display()));
    let items = items
        .canonicalize()
        .with_context(|| format!("failed to open {}", items.display()))?;
    let answers = shell::output(
        workspace
            .cargo()
            .args([
                "run",
                "--quiet",
                "--package",
                set.package,
                "--example",
                set.example,
                "--",
            ])
            .arg(items)
            .env("BONGSU_PLUGINS", workspace.plugins()),
    )?;
    if let Some(folder) = out.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write(out, answers).with_context(|| format!("failed to write {}", out.display()))?;
    say(format!("answers are in {}", out.display()));
    Ok(())
}

fn score(folders: &[PathBuf], set: &Set, items: &Path, out: &Path) -> Result<()> {
    let scorer = find_in(folders, set.scorer)?;
    let python = python::system().context("the scorer needs python3")?;
    shell::run(Command::new(python).arg(scorer).arg(items).arg(out))
}
