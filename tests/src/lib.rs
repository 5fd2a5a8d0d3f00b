//! Tests of the whole: real processes, real clients, and the rules that no single crate can check.
//!
//! One file per behaviour in `tests/`, one bench per file in `benches/`. This library is what they stand on:
//! it starts [`Edge`] and [`Center`] as an operator would, with configuration files, certificates and ports of
//! their own, speaks to them only over their sockets, and ends them when dropped. It never sleeps for a
//! result: [`until`] looks again until a condition holds or a deadline passes.
//!
//! What a test stands on besides Rust comes from `cargo xtask test` by environment variable; [`provided`] reads
//! one. A test never installs anything and never guesses where a program is.
//!
//! ## Decisions
//!
//! - **Tools by environment variable, set by one command.** `cargo test` alone stays usable on a bare
//!   machine: what it cannot run it names. Rejected: tests that install what they need, which would run
//!   package managers in parallel and hide what a machine lacks.
//! - **Processes, not handles.** Only a process can be killed without warning, and only its binary reads a
//!   configuration file. Rejected: the crates' own `start`, which their tests use already.

#![forbid(unsafe_code)]

mod answer;
mod center;
mod edge;
mod family;
mod http;
mod link;
mod otlp;
mod process;
mod redis;
mod resp;
mod time;

pub use answer::{fact, facts, range};
pub use center::{Authority, Center};
pub use edge::{ADMIN_TOKEN, Edge};
pub use family::lives;
pub use http::{Reply, Web};
pub use link::{Link, Weather};
pub use otlp::{Visit, encode};
pub use process::{Process, binary, free_port, plugins};
pub use redis::Redis;
pub use resp::Resp;
pub use time::{MINUTE_MS, moment, now_ms, this_minute_ms, until};

use std::{env, path::PathBuf};

use anyhow::{Result, ensure};

/// The place that `cargo xtask test` put into `variable`, such as `BONGSU_NGINX`.
///
/// None, after saying on standard error what is left out, when the variable is not set: the test then
/// returns early.
///
/// # Errors
/// When it is not set and `CI=true`, where nothing may be left out.
pub fn provided(variable: &str) -> Result<Option<PathBuf>> {
    let place = env::var_os(variable).map(PathBuf::from);
    if place.is_none() {
        let in_ci = env::var("CI").is_ok_and(|value| value == "true" || value == "1");
        ensure!(
            !in_ci,
            "{variable} is not set; hint: run `cargo xtask test`"
        );
        eprintln!("SKIPPED: {variable} is not set; hint: run `cargo xtask test`");
    }
    Ok(place)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_provided_is_found() -> Result<()> {
        let here = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
        ensure!(provided("CARGO_MANIFEST_DIR")? == Some(here));
        Ok(())
    }
}
