//! How much a plugin may use.

use std::time::Duration;

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
    /// Most log lines of one call; the rest is dropped and counted. Default 16.
    pub log_lines: u32,
    /// Most bytes of one log line; the rest is cut. Default 512.
    pub log_line_bytes: usize,
    /// Most findings of one batch. Default 100.
    pub findings: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            deadline: Duration::from_millis(500),
            memory_bytes: 32 << 20,
            answer_bytes: 8 << 20,
            log_lines: 16,
            log_line_bytes: 512,
            findings: 100,
        }
    }
}
