//! The programs of the demo: started on a [leash](crate::leash), each with its own log, stopped in order.

use std::{
    env, fs,
    fs::File,
    os::unix::process::CommandExt as _,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use anyhow::{Context as _, Result, bail};

/// Which programs stand on which: stopped from the top, so that each can still hand over what it holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Layer {
    /// Web servers and applications.
    Web,
    /// The sites' edges.
    Edge,
    /// The center.
    Center,
}

/// Every program that was started. Dropping it stops them all and waits for their end.
pub(crate) struct Processes {
    logs: PathBuf,
    running: Vec<Process>,
}

struct Process {
    name: String,
    layer: Layer,
    leash: Child,
    log: PathBuf,
}

impl Processes {
    /// None yet; their logs go to the folder `logs`.
    pub(crate) fn new(logs: &Path) -> Result<Self> {
        fs::create_dir_all(logs).with_context(|| format!("failed to make {}", logs.display()))?;
        Ok(Self {
            logs: logs.to_owned(),
            running: Vec::new(),
        })
    }

    /// Starts a program. Its arguments, environment and folder are taken from `command`; its output goes to
    /// `<name>.log`.
    pub(crate) fn start(&mut self, name: &str, layer: Layer, command: &Command) -> Result<()> {
        let log = self.logs.join(format!("{name}.log"));
        let file =
            File::create(&log).with_context(|| format!("failed to make {}", log.display()))?;
        let mut leash = Command::new(env::current_exe()?);
        leash.args(["leash", "--"]).arg(command.get_program());
        leash.args(command.get_args());
        leash.envs(
            command
                .get_envs()
                .filter_map(|(key, value)| Some((key, value?))),
        );
        // Logs are files: no colours.
        leash.env("NO_COLOR", "1");
        if let Some(folder) = command.get_current_dir() {
            leash.current_dir(folder);
        }
        let leash = leash
            .stdin(Stdio::piped())
            .stdout(file.try_clone()?)
            .stderr(file)
            .process_group(0)
            .spawn()
            .with_context(|| format!("failed to start {name}"))?;
        self.running.push(Process {
            name: name.to_owned(),
            layer,
            leash,
            log,
        });
        Ok(())
    }

    /// Folder of the logs, to be shown.
    pub(crate) fn logs(&self) -> std::path::Display<'_> {
        self.logs.display()
    }

    /// Whether every program still runs.
    ///
    /// # Errors
    /// If one has ended: with its name, its status and the end of its log.
    pub(crate) fn check(&mut self) -> Result<()> {
        for process in &mut self.running {
            if let Some(status) = process.leash.try_wait()? {
                bail!(
                    "{} ended with {status}; the end of {}:\n{}",
                    process.name,
                    process.log.display(),
                    tail(&process.log)
                );
            }
        }
        Ok(())
    }

    /// Stops everything, layer by layer, and waits until it is gone.
    pub(crate) fn stop(&mut self) {
        for layer in [Layer::Web, Layer::Edge, Layer::Center] {
            let mut stopping: Vec<Process> =
                self.running.extract_if(.., |p| p.layer == layer).collect();
            for process in &mut stopping {
                drop(process.leash.stdin.take());
            }
            for process in &mut stopping {
                if let Err(error) = process.leash.wait() {
                    eprintln!("failed to wait for {}: {error}", process.name);
                }
            }
        }
    }
}

impl Drop for Processes {
    fn drop(&mut self) {
        self.stop();
    }
}

fn tail(log: &Path) -> String {
    let text = fs::read(log).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let lines: Vec<&str> = text.lines().collect();
    lines
        .iter()
        .skip(lines.len().saturating_sub(12))
        .map(|line| format!("    {line}\n"))
        .collect()
}
