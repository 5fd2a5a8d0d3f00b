//! Tests of the whole: real processes, real clients, and the rules that no single crate can check.
//!
//! One file per behaviour in `tests/`, one bench per file in `benches/`. What a test stands on besides
//! Rust comes from `cargo xtask test` by environment variable; [`provided`] reads one. A test never
//! installs anything and never guesses where a program is.
//!
//! ## Decisions
//!
//! - **Tools by environment variable, set by one command.** `cargo test` alone stays usable on a bare
//!   machine: what it cannot run it names. Rejected: tests that install what they need, which would run
//!   package managers in parallel and hide what a machine lacks.

#![forbid(unsafe_code)]

use std::{env, path::PathBuf};

/// The place that `cargo xtask test` put into `variable`, such as `BONGSU_NGINX`.
///
/// None, after saying on standard error what is left out, when the variable is not set: the test then
/// returns early.
#[must_use]
pub fn provided(variable: &str) -> Option<PathBuf> {
    let place = env::var_os(variable).map(PathBuf::from);
    if place.is_none() {
        eprintln!("SKIPPED: {variable} is not set; hint: run `cargo xtask test`");
    }
    place
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_provided_is_none() {
        assert_eq!(provided("BONGSU_NO_SUCH_TOOL"), None);
        assert_eq!(
            provided("CARGO_MANIFEST_DIR"),
            Some(env!("CARGO_MANIFEST_DIR").into())
        );
    }
}
