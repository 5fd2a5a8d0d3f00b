//! Processes under measurement: started, asked for their CPU time, and stopped.

use std::{
    fs,
    io::{BufRead as _, BufReader, Lines},
    process::{Child, ChildStdout, Command, Stdio},
};

use anyhow::{Context as _, Result};

/// Ticks of a second in `/proc`; Linux has no other.
const TICKS: f64 = 100.0;

/// A process that ends with this value.
pub(crate) struct Process {
    child: Child,
    output: Option<Lines<BufReader<ChildStdout>>>,
}

impl Process {
    /// Starts it with its output for [`Process::line`].
    pub(crate) fn start(command: &mut Command) -> Result<Self> {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .context("failed to start")?;
        let output = child
            .stdout
            .take()
            .map(|output| BufReader::new(output).lines());
        Ok(Self { child, output })
    }

    /// The next line that it prints.
    pub(crate) fn line(&mut self) -> Result<String> {
        let output = self.output.as_mut().context("no output")?;
        Ok(output.next().context("it ended")??)
    }

    /// Seconds of CPU that it has taken.
    pub(crate) fn cpu_seconds(&self) -> Result<f64> {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.child.id()))?;
        // The name, in parentheses, may hold anything.
        let (_, fields) = stat.rsplit_once(')').context("not a process's figures")?;
        let fields: Vec<&str> = fields.split_whitespace().collect();
        Ok((fields[11].parse::<f64>()? + fields[12].parse::<f64>()?) / TICKS)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
