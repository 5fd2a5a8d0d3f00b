//! `cargo xtask chaos [--minutes N] [--hours N] [--seed N]`: the long form of the fault campaign.
//!
//! The campaign itself is the test `chaos` of the `tests` package; `cargo xtask test` runs its short form. This
//! command builds what it needs and gives it the time: minutes of real processes on bad links, hours of
//! a simulated clock. It ends with 0 only if the center's counters equal the generator's exactly.

use anyhow::Result;
use clap::Args;

use crate::{
    plugins,
    shell::{self, say},
    workspace::Workspace,
};

/// Options of `cargo xtask chaos`.
#[derive(Args)]
pub(crate) struct Options {
    /// Real time for real processes, in minutes
    #[arg(long, default_value_t = 10)]
    minutes: u64,
    /// Simulated time for the stores, in hours
    #[arg(long, default_value_t = 72)]
    hours: u64,
    /// Repeats a run
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

/// Builds the binaries and runs both campaigns.
pub(crate) fn run(workspace: &Workspace, options: &Options) -> Result<()> {
    plugins::run()?;
    say("building");
    let binaries = ["bongsu-edge-node", "bongsu-center-node"];
    let build = binaries.iter().flat_map(|package| ["--package", package]);
    shell::run(workspace.cargo().arg("build").args(build))?;
    say(format!(
        "{} minutes of bad weather, {} simulated hours, seed {}",
        options.minutes, options.hours, options.seed
    ));
    let test = ["test", "--package", "bongsu-tests", "--test", "chaos"];
    let mut chaos = workspace.cargo();
    chaos
        .args(test)
        .args(["--", "--nocapture", "--test-threads", "1"])
        .env("BONGSU_BIN", workspace.target.join("debug"))
        .env("BONGSU_PLUGINS", workspace.plugins())
        .env("BONGSU_CHAOS_MINUTES", options.minutes.to_string())
        .env("BONGSU_CHAOS_HOURS", options.hours.to_string())
        .env("BONGSU_CHAOS_SEED", options.seed.to_string());
    shell::run(&mut chaos)
}
