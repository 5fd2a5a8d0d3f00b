//! A process and those it started, as Linux's `/proc` tells: a web server such as gunicorn is several.

use std::fs;

use anyhow::{Context as _, Result};
use rustix::process::{Pid, Signal, kill_process};

/// Kills what the process `id` has started, directly or not; the process itself is stopped for it, so that it
/// can't start more. Gives the ids.
///
/// # Errors
/// If the process is not ours.
pub(crate) fn kill_what_it_started(id: u32) -> Result<Vec<u32>> {
    signal(id, Signal::STOP)?;
    let started = started_by(id);
    for id in &started {
        // It may have ended by itself.
        let _ = signal(*id, Signal::KILL);
    }
    Ok(started)
}

/// Whether the process `id` is there and has not ended.
#[must_use]
pub fn lives(id: u32) -> bool {
    // `id (name) state …`, where the name may hold anything.
    let stat = fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
    let state = stat
        .rsplit_once(") ")
        .and_then(|(_, rest)| rest.chars().next());
    state.is_some_and(|state| !matches!(state, 'Z' | 'X'))
}

fn signal(id: u32, signal: Signal) -> Result<()> {
    let id = i32::try_from(id).ok().and_then(Pid::from_raw);
    Ok(kill_process(id.context("not a process id")?, signal)?)
}

fn started_by(id: u32) -> Vec<u32> {
    let (mut all, mut parents) = (Vec::new(), vec![id]);
    while let Some(parent) = parents.pop() {
        let threads = fs::read_dir(format!("/proc/{parent}/task"))
            .into_iter()
            .flatten();
        for thread in threads.flatten() {
            // Gone meanwhile is fine.
            let children = fs::read_to_string(thread.path().join("children")).unwrap_or_default();
            let children = children
                .split_whitespace()
                .filter_map(|id| id.parse::<u32>().ok());
            let before = all.len();
            all.extend(children);
            parents.extend(all.iter().skip(before));
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use anyhow::{Result, ensure};

    use super::*;
    use crate::{Process, until};

    #[test]
    fn what_a_process_started_ends_with_it() -> Result<()> {
        let folder = tempfile::tempdir()?;
        let mut command = Command::new("sh");
        command.args(["-c", "sleep 1000 & sleep 1000 & wait"]);
        let process = Process::start(&mut command, &folder.path().join("log"))?;
        let started = until("it has started two", || {
            let started = started_by(process.id());
            Ok((started.len() == 2).then_some(started))
        })?;
        ensure!(started.iter().all(|id| lives(*id)));
        process.kill()?;
        ensure!(!started.iter().any(|id| lives(*id)));
        Ok(())
    }
}
