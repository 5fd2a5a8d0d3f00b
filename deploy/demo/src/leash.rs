//! A process between the demo and each program it starts, so that no way of ending the demo (Ctrl-C, a
//! panic, SIGKILL) leaves a program behind.
//!
//! The leash is this binary with the hidden command `leash`. Its standard input is a pipe whose other end
//! only the demo holds. When that end closes, for whatever reason, the kernel says so, and the leash ends
//! the program's whole process group: SIGTERM, then after a grace SIGKILL. The price is one small process
//! per program.

use std::{
    ffi::OsString,
    io::{self, Read as _},
    os::unix::process::{CommandExt as _, ExitStatusExt as _},
    process::{Command, ExitCode, Stdio},
    thread,
    time::Duration,
};

use anyhow::{Context as _, Result};
use rustix::process::{Pid, Signal, kill_process_group};

/// Time a program has to end by itself.
const GRACE: Duration = Duration::from_secs(8);

/// Runs `words` until it ends or standard input closes; gives back its exit code.
pub(crate) fn run(words: &[OsString]) -> Result<ExitCode> {
    let (program, rest) = words.split_first().context("no program to run")?;
    let mut child = Command::new(program)
        .args(rest)
        .stdin(Stdio::null())
        .process_group(0)
        .spawn()
        .with_context(|| format!("failed to start {}", program.display()))?;
    let group = Pid::from_child(&child);
    thread::spawn(move || {
        wait_for_end_of_input();
        signal(group, Signal::TERM);
        thread::sleep(GRACE);
        signal(group, Signal::KILL);
    });
    let status = child.wait()?;
    signal(group, Signal::KILL);
    let code = status
        .code()
        .or_else(|| status.signal().map(|signal| 128 + signal))
        .unwrap_or(1);
    Ok(ExitCode::from(u8::try_from(code).unwrap_or(1)))
}

fn wait_for_end_of_input() {
    let mut input = io::stdin().lock();
    let mut sink = [0_u8; 64];
    while matches!(input.read(&mut sink), Ok(1..)) {}
}

/// A group that is gone already is what was wanted.
fn signal(group: Pid, signal: Signal) {
    let _gone = kill_process_group(group, signal);
}
