//! `bongsu-plugin test`: recorded batches through the real host, with the real limits.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::{Context as _, Result, bail};
use bongsu_sdk_host::{
    Batch, Controller, Detector, Engine, Field, Masker, Proposal, RecordedBatch,
};
use bongsu_sdk_model::{Finding, Severity, Timestamp};
use clap::Args;

use crate::{
    replay::{self, Carried, Expected, Facts, Step},
    run::{self, Plugin},
};

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The plugin's folder, or a component
    #[arg(default_value = ".")]
    plugin: PathBuf,
    /// Recorded batches; without it, the folder's tests/*.jsonl
    #[arg(long = "batches", value_name = "FILE")]
    batches: Vec<PathBuf>,
    /// A setting, as `key=value`
    #[arg(long = "set", value_name = "KEY=VALUE")]
    settings: Vec<String>,
}

pub(crate) fn run(options: &Options) -> Result<()> {
    let component = run::component(&options.plugin)?;
    let files = files(options)?;
    let bytes = run::read(&component)?;
    let engine = Engine::new()?;
    let mut failed = 0;
    for file in &files {
        println!("{}", file.display());
        // A fresh plugin for each file: what one recording taught it is not known to the next.
        let site = Arc::new(Facts::default());
        let plugin = run::load(&engine, &bytes, &options.settings, &site)?;
        let mut replay = Replay {
            plugin,
            site,
            first: None,
            found: Vec::new(),
            events: 0,
            unwanted: 0,
            faults: Vec::new(),
        };
        for (line, step) in replay::read(file)? {
            replay.step(line, step);
        }
        replay.report();
        failed += replay.faults.len();
    }
    if failed > 0 {
        bail!("{failed} expectation(s) failed");
    }
    Ok(())
}

fn files(options: &Options) -> Result<Vec<PathBuf>> {
    if !options.batches.is_empty() {
        return Ok(options.batches.clone());
    }
    let folder = if options.plugin.is_dir() {
        options.plugin.join("tests")
    } else {
        options
            .plugin
            .parent()
            .unwrap_or_else(|| Path::new("."))
            .join("tests")
    };
    let hint = || {
        format!(
            "there are no recorded batches in `{}`; hint: record some with `bongsu-edge record`, or name a file with --batches",
            folder.display()
        )
    };
    let mut files: Vec<PathBuf> = std::fs::read_dir(&folder)
        .with_context(hint)?
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .filter(|path| path.extension().is_some_and(|e| e == "jsonl"))
        .collect();
    files.sort();
    if files.is_empty() {
        bail!(hint());
    }
    Ok(files)
}

/// One file on its way through one plugin.
struct Replay {
    plugin: Plugin,
    site: Arc<Facts>,
    /// The first batch's instant, from which times are told.
    first: Option<Timestamp>,
    /// Since the last expectation.
    found: Vec<Finding>,
    events: u64,
    unwanted: u64,
    faults: Vec<String>,
}

impl Replay {
    fn step(&mut self, line: usize, step: Step) {
        match (step, &mut self.plugin) {
            (Step::Site(knowledge), _) => self.site.learn(knowledge),
            (Step::Expect(expected), Plugin::Detector(_)) => self.expect(line, &expected),
            (Step::Batch(batch), Plugin::Detector(detector)) => {
                let first = *self.first.get_or_insert(batch.window.from);
                match judge(detector, &batch) {
                    Ok(Some(found)) => {
                        self.events += len(&batch);
                        for finding in &found {
                            print(finding, first);
                        }
                        self.found.extend(found);
                    }
                    Ok(None) => self.unwanted += len(&batch),
                    Err(error) => self.fault(line, &error),
                }
            }
            (Step::Fields { fields, expect }, Plugin::Masker(masker)) => {
                self.events += fields.len() as u64;
                let fields: Vec<Field<'_>> = fields
                    .iter()
                    .map(|(kind, text)| Field { kind: *kind, text })
                    .collect();
                if let Err(error) = mask(masker, &fields, expect.as_deref()) {
                    self.fault(line, &error);
                }
            }
            (
                Step::Proposal {
                    proposal,
                    now_ms,
                    expect,
                },
                Plugin::Controller(controller),
            ) => {
                self.events += 1;
                let now = Timestamp::from_ms(now_ms);
                if let Err(error) = carry(controller, &proposal, now, expect.as_ref()) {
                    self.fault(line, &error);
                }
            }
            (_, plugin) => {
                let world = plugin.loaded().manifest.world.name();
                let error = anyhow::anyhow!("this line is not for a {world}");
                self.fault(line, &error);
            }
        }
    }

    fn fault(&mut self, line: usize, error: &anyhow::Error) {
        let fault = format!("line {line}: {error:#}");
        println!("  FAILED {fault}");
        self.faults.push(fault);
    }

    /// Compares what was found with what was expected, whatever the order.
    fn expect(&mut self, line: usize, expected: &[Expected]) {
        let mut found = std::mem::take(&mut self.found);
        for one in expected {
            match found.iter().position(|finding| fits(one, finding)) {
                Some(at) => {
                    found.swap_remove(at);
                }
                None => {
                    let about = one.subject.as_deref().unwrap_or("anything");
                    let error = anyhow::anyhow!("`{}` about {about} was not found", one.kind);
                    self.fault(line, &error);
                }
            }
        }
        for finding in found {
            let (kind, subject) = (&finding.kind, &finding.subject);
            let error = anyhow::anyhow!("`{kind}` about {subject} was not expected");
            self.fault(line, &error);
        }
    }

    fn report(&self) {
        let loaded = self.plugin.loaded();
        let counters = loaded.counters;
        let per_event = counters.busy.as_nanos() / u128::from(self.events.max(1));
        println!(
            "  {} events in {} calls, {per_event} ns per event, {} KiB of memory, {} host calls, {} failures",
            self.events,
            counters.calls,
            loaded.memory_bytes / 1024,
            counters.host_calls,
            counters.failures()
        );
        if self.unwanted > 0 {
            println!(
                "  {} events were of a kind the manifest does not ask for in `events`",
                self.unwanted
            );
        }
    }
}

fn judge(detector: &mut Detector, recorded: &RecordedBatch) -> Result<Option<Vec<Finding>>> {
    let batch = Batch::new(recorded.window, &recorded.events);
    if !detector.wants(batch.kind()) {
        return Ok(None);
    }
    Ok(Some(detector.check(&batch)?))
}

fn len(batch: &RecordedBatch) -> u64 {
    Batch::new(batch.window, &batch.events).len() as u64
}

fn fits(expected: &Expected, finding: &Finding) -> bool {
    expected.kind == finding.kind
        && expected
            .subject
            .as_ref()
            .is_none_or(|subject| *subject == finding.subject)
        && expected
            .severity
            .as_ref()
            .is_none_or(|severity| severity == name(finding.severity))
}

const fn name(severity: Severity) -> &'static str {
    match severity {
        Severity::Info => "info",
        Severity::Warning => "warning",
        Severity::Critical => "critical",
    }
}

fn print(finding: &Finding, first: Timestamp) {
    let seconds = finding.window.to.since(first).as_secs();
    let (hours, minutes, seconds) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
    println!(
        "  +{hours:02}:{minutes:02}:{seconds:02} {:<8} {} {}: {}",
        name(finding.severity),
        finding.kind,
        finding.subject,
        finding.summary
    );
}

fn mask(masker: &mut Masker, fields: &[Field<'_>], expect: Option<&[String]>) -> Result<()> {
    let masked = masker.mask(fields, Timestamp::from_ms(0))?;
    for (text, field) in masked.iter().zip(fields) {
        if text.text != field.text {
            println!("  {} -> {}", field.text, text.text);
        }
    }
    let Some(expect) = expect else {
        return Ok(());
    };
    if expect.len() != masked.len() {
        bail!(
            "{} texts are expected of {} fields",
            expect.len(),
            masked.len()
        );
    }
    for (wanted, got) in expect.iter().zip(&masked) {
        if *wanted != got.text {
            bail!("expected `{wanted}`, got `{}`", got.text);
        }
    }
    Ok(())
}

fn carry(
    controller: &mut Controller,
    proposal: &Proposal,
    now: Timestamp,
    expect: Option<&Carried>,
) -> Result<()> {
    let answer = controller.apply(proposal, now)?;
    match &answer {
        Ok(effects) => println!("  {}: {} effect(s)", proposal.id, effects.len()),
        Err(reason) => println!("  {}: refused: {reason}", proposal.id),
    }
    match (expect, answer) {
        (Some(Carried::Effects(count)), Ok(effects)) if effects.len() != *count => {
            bail!("expected {count} effects, got {}", effects.len())
        }
        (Some(Carried::Effects(_)), Err(reason)) => bail!("expected effects, refused: {reason}"),
        (Some(Carried::Refused(words)), Err(reason)) if !reason.contains(words) => {
            bail!("expected a refusal that says `{words}`, got: {reason}")
        }
        (Some(Carried::Refused(_)), Ok(_)) => bail!("expected a refusal, got effects"),
        _ => Ok(()),
    }
}
