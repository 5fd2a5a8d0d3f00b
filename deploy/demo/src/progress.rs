//! What the person at the terminal sees: one line per step, and bars for what takes long.
//!
//! On a terminal a bar is redrawn in place; elsewhere a line is printed for every quarter.

use std::io::{IsTerminal as _, Write as _, stderr};

const WIDTH: usize = 30;

/// Says what happens now.
pub(crate) fn step(what: impl std::fmt::Display) {
    eprintln!("· {what}");
}

/// A bar that fills up.
pub(crate) struct Bar {
    what: String,
    terminal: bool,
    quarter: usize,
}

impl Bar {
    /// An empty bar.
    pub(crate) fn new(what: &str) -> Self {
        Self {
            what: what.to_owned(),
            terminal: stderr().is_terminal(),
            quarter: 0,
        }
    }

    /// Shows `done` of `total`.
    pub(crate) fn show(&mut self, done: u64, total: u64) {
        let share = Share {
            done: done.min(total),
            total: total.max(1),
        };
        let quarter = share.of(4);
        if self.terminal {
            let end = if share.done == share.total { "\n" } else { "" };
            eprint!(
                "\r· {} {} {:>3} %{end}",
                self.what,
                bar(&share),
                share.of(100)
            );
            // A terminal that went away is no reason to stop.
            let _flushed = stderr().flush();
        } else if quarter > self.quarter {
            eprintln!("· {} {:>3} %", self.what, share.of(100));
        }
        self.quarter = quarter;
    }
}

struct Share {
    done: u64,
    total: u64,
}

impl Share {
    /// This share of `whole`, rounded down.
    fn of(&self, whole: usize) -> usize {
        let part = u128::from(self.done) * whole as u128 / u128::from(self.total);
        usize::try_from(part).unwrap_or(whole)
    }
}

fn bar(share: &Share) -> String {
    let full = share.of(WIDTH);
    format!("{}{}", "█".repeat(full), "░".repeat(WIDTH - full))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bar_is_full_only_at_the_end() {
        let at = |done| bar(&Share { done, total: 1_000 });
        assert_eq!(at(0), "░".repeat(WIDTH));
        assert_eq!(at(999).matches('█').count(), WIDTH - 1);
        assert_eq!(at(1_000), "█".repeat(WIDTH));
    }
}
