//! How much a plugin may use.

use std::time::Duration;

use crate::Wishes;

/// Limits of one loaded plugin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Longest a call may take, and longest an instance may take to start. Wall time, so leave room for a busy
    /// machine. Default 500 ms.
    pub deadline: Duration,
    /// Most linear memory of an instance, in bytes. Default 32 MiB.
    pub memory_bytes: usize,
    /// Most bytes of one answer, or of one host call's arguments. Default 8 MiB.
    pub answer_bytes: usize,
    /// Most keys and values of its state, in bytes. Default 1 MiB.
    pub state_bytes: usize,
    /// Most calls to the host of one batch. Default 100 000.
    pub host_calls: u32,
    /// Most log lines of one call; the rest is dropped and counted. Default 16.
    pub log_lines: u32,
    /// Most bytes of one log line; the rest is cut. Default 512.
    pub log_line_bytes: usize,
    /// Most findings of one batch. Default 100.
    pub findings: usize,
    /// Most figures of its own; further names are dropped and counted. Default 32.
    pub metrics: usize,
    /// The operator's deadline, in place of the default and the plugin's wish.
    pub fixed_deadline: Option<Duration>,
    /// The operator's memory, in place of the default and the plugin's wish.
    pub fixed_memory_bytes: Option<usize>,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            deadline: Duration::from_millis(500),
            memory_bytes: 32 << 20,
            answer_bytes: 8 << 20,
            state_bytes: 1 << 20,
            host_calls: 100_000,
            log_lines: 16,
            log_line_bytes: 512,
            findings: 100,
            metrics: 32,
            fixed_deadline: None,
            fixed_memory_bytes: None,
        }
    }
}

impl Limits {
    /// Longest call a plugin may wish for.
    const MOST_TIME_MS: u64 = 2_000;
    /// Most memory a plugin may wish for; script runtimes need some.
    const MOST_MEMORY_MIB: u64 = 256;
    /// Most state a plugin may wish for.
    const MOST_STATE_KIB: u64 = 16 << 10;
    /// Most findings a plugin may wish for.
    const MOST_FINDINGS: u64 = 1_000;
    /// Most host calls a plugin may wish for.
    const MOST_HOST_CALLS: u64 = 1_000_000;

    /// These limits, with what a plugin wishes for in place of the defaults, as far as a plugin may have it.
    #[must_use]
    pub fn with_wishes(&self, wishes: &Wishes) -> Self {
        let granted = |wish: Option<u64>, most: u64| wish.map(|wish| wish.clamp(1, most));
        let size = |value: u64| usize::try_from(value).unwrap_or(usize::MAX);
        let mut limits = self.clone();
        if let Some(ms) = granted(wishes.time_ms, Self::MOST_TIME_MS) {
            limits.deadline = Duration::from_millis(ms);
        }
        if let Some(mib) = granted(wishes.memory_mib, Self::MOST_MEMORY_MIB) {
            limits.memory_bytes = size(mib << 20);
        }
        if let Some(kib) = granted(wishes.state_kib, Self::MOST_STATE_KIB) {
            limits.state_bytes = size(kib << 10);
        }
        if let Some(findings) = granted(wishes.findings, Self::MOST_FINDINGS) {
            limits.findings = size(findings);
        }
        if let Some(calls) = granted(wishes.host_calls, Self::MOST_HOST_CALLS) {
            limits.host_calls = u32::try_from(calls).unwrap_or(u32::MAX);
        }
        limits.deadline = self.fixed_deadline.unwrap_or(limits.deadline);
        limits.memory_bytes = self.fixed_memory_bytes.unwrap_or(limits.memory_bytes);
        limits
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wishes_are_granted_as_far_as_a_plugin_may_have_them() {
        let wishes = Wishes {
            time_ms: Some(50),
            memory_mib: Some(1 << 40),
            findings: Some(0),
            ..Wishes::default()
        };
        let limits = Limits::default().with_wishes(&wishes);
        assert_eq!(limits.deadline, Duration::from_millis(50));
        assert_eq!(limits.memory_bytes, 256 << 20);
        assert_eq!(limits.findings, 1);
        assert_eq!(limits.state_bytes, Limits::default().state_bytes);
    }
}
