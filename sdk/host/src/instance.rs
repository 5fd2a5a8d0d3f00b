//! What the host knows about one running instance: its budget, and the imports that spend it.

use wasmtime::{
    ResourceLimiter,
    component::{HasSelf, Linker},
};

use crate::{
    Limits,
    bindings::masker::bongsu::plugin::{
        host::{self, Level},
        types,
    },
};

/// How a guest's panic hook marks its line (see `sdk/guest`).
const PANIC: &str = "panic: ";

/// Most entries of all tables of an instance; a Rust guest needs some hundred.
const TABLE_ENTRIES: usize = 100_000;

/// Most memories, tables and core instances inside one component.
const PARTS: usize = 32;

/// The store's data.
pub(crate) struct InstanceState {
    plugin: String,
    limits: Limits,
    log_lines_left: u32,
    /// Lines dropped since the instance was made.
    pub(crate) log_lines_dropped: u64,
    /// The instance asked for more memory than it may have.
    pub(crate) memory_refused: bool,
    /// What its panic hook said last.
    pub(crate) panic: Option<String>,
}

impl InstanceState {
    pub(crate) fn new(plugin: &str, limits: &Limits) -> Self {
        Self {
            plugin: plugin.to_owned(),
            limits: limits.clone(),
            log_lines_left: limits.log_lines,
            log_lines_dropped: 0,
            memory_refused: false,
            panic: None,
        }
    }

    /// Gives the budgets that are per call.
    pub(crate) const fn begin_call(&mut self) {
        self.log_lines_left = self.limits.log_lines;
    }

    /// Everything a plugin may import.
    pub(crate) fn link(linker: &mut Linker<Self>) -> wasmtime::Result<()> {
        host::add_to_linker::<_, HasSelf<Self>>(linker, |state| state)?;
        types::add_to_linker::<_, HasSelf<Self>>(linker, |state| state)
    }
}

impl types::Host for InstanceState {}

impl host::Host for InstanceState {
    fn log(&mut self, level: Level, message: String) {
        let line = cut(&message, self.limits.log_line_bytes);
        if let Some(panic) = line.strip_prefix(PANIC) {
            self.panic = Some(panic.to_owned());
            return;
        }
        if self.log_lines_left == 0 {
            self.log_lines_dropped += 1;
            return;
        }
        self.log_lines_left -= 1;
        let plugin = &self.plugin;
        match level {
            Level::Debug => tracing::debug!(plugin, "{line}"),
            Level::Info => tracing::info!(plugin, "{line}"),
            Level::Warn => tracing::warn!(plugin, "{line}"),
            Level::Error => tracing::error!(plugin, "{line}"),
        }
    }
}

/// The first `bytes` bytes, less the rest of a character, and only its first line: a guest must not forge lines.
fn cut(message: &str, bytes: usize) -> String {
    let line = message
        .get(..message.floor_char_boundary(bytes))
        .unwrap_or_default();
    line.chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect()
}

impl ResourceLimiter for InstanceState {
    fn memory_growing(
        &mut self,
        _: usize,
        desired: usize,
        _: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let granted = desired <= self.limits.memory_bytes;
        self.memory_refused |= !granted;
        Ok(granted)
    }

    fn table_growing(
        &mut self,
        _: usize,
        desired: usize,
        _: Option<usize>,
    ) -> wasmtime::Result<bool> {
        Ok(desired <= TABLE_ENTRIES)
    }

    fn instances(&self) -> usize {
        PARTS
    }

    fn tables(&self) -> usize {
        PARTS
    }

    /// One, so that the limit of one memory is the limit of all.
    fn memories(&self) -> usize {
        1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_cut_at_characters_and_kept_to_one() {
        assert_eq!(cut("봉수\n  forged", 64), "봉수   forged");
        assert_eq!(cut("봉수", 4), "봉");
        assert_eq!(cut("봉수", 0), "");
    }

    #[test]
    fn lines_over_the_limit_are_dropped_and_counted() {
        let mut state = InstanceState::new(
            "p",
            &Limits {
                log_lines: 2,
                ..Limits::default()
            },
        );
        for _ in 0..5 {
            host::Host::log(&mut state, Level::Info, "line".to_owned());
        }
        assert_eq!(state.log_lines_dropped, 3);
        state.begin_call();
        host::Host::log(&mut state, Level::Info, "line".to_owned());
        assert_eq!(state.log_lines_dropped, 3);
    }
}
