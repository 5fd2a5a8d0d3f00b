//! CPU time of the sites' applications, read from the kernel: what the answer about load is judged by.

use std::{fs, path::Path};

use anyhow::{Context as _, Result};
use bongsu_sdk_model::Timestamp;

/// CPU time of a process and its children, since a start.
pub(crate) struct CpuMeter {
    pid_file: std::path::PathBuf,
    from: Timestamp,
    at_start_s: f64,
}

impl CpuMeter {
    /// Starts measuring the server whose main process wrote `pid_file`.
    pub(crate) fn start(pid_file: &Path, now: Timestamp) -> Result<Self> {
        Ok(Self {
            pid_file: pid_file.to_owned(),
            from: now,
            at_start_s: seconds(pid_file)?,
        })
    }

    /// Mean use of one CPU since the start, %.
    pub(crate) fn percent(&self, now: Timestamp) -> Result<f64> {
        let wall = now.since(self.from).as_secs_f64().max(1e-3);
        Ok((seconds(&self.pid_file)? - self.at_start_s) / wall * 100.0)
    }
}

/// CPU seconds of the process in `pid_file` and its children.
fn seconds(pid_file: &Path) -> Result<f64> {
    let text = fs::read_to_string(pid_file)
        .with_context(|| format!("failed to read {}", pid_file.display()))?;
    let main = text.trim();
    let children =
        fs::read_to_string(format!("/proc/{main}/task/{main}/children")).unwrap_or_default();
    let ticks: u64 = [main]
        .into_iter()
        .chain(children.split_whitespace())
        .filter_map(ticks_of)
        .sum();
    #[expect(clippy::cast_precision_loss, reason = "ticks of some hours")]
    Ok(ticks as f64 / rustix::param::clock_ticks_per_second() as f64)
}

fn ticks_of(pid: &str) -> Option<u64> {
    ticks_in(&fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)
}

/// `utime` + `stime`, fields 14 and 15 of proc(5)'s `stat`; the second field may hold blanks.
fn ticks_in(stat: &str) -> Option<u64> {
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace().skip(11);
    let (user, system): (u64, u64) = (fields.next()?.parse().ok()?, fields.next()?.parse().ok()?);
    Some(user + system)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_user_and_system_time() {
        let stat =
            "4242 (gun (corn) x) S 1 4242 4242 0 -1 4194560 100 0 0 0 250 31 7 9 20 0 9 0 1 2 3";
        assert_eq!(ticks_in(stat), Some(281));
        assert_eq!(ticks_in("nonsense"), None);
    }
}
