//! `cargo xtask`: the one command a newcomer has to know.
//!
//! Each command is one file and does the set-up it needs on a bare Debian machine with Rust, saying what it
//! does (see [`needs`]). Nothing here is part of the product, and nothing here knows how a product crate
//! works inside: it starts cargo, npm, pip, tar and our own binaries.
//!
//! ## Decisions
//!
//! - **A Rust program, not a Makefile or shell scripts.** A machine that can build Bongsu can run it, and it
//!   is read, linted and tested like the rest. The price is some seconds of compilation, so its
//!   dependencies stay at argument parsing, errors and JSON.

#![forbid(unsafe_code)]
#![expect(
    clippy::print_stdout,
    reason = "the results of a command are its standard output"
)]

mod bench;
mod chaos;
mod check;
mod demo;
mod dist;
mod eval;
mod needs;
mod plugins;
mod shell;
mod stamp;
mod test;
mod web;
mod workspace;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use workspace::Workspace;

/// Everything a developer of Bongsu runs.
#[derive(Parser)]
#[command(
    name = "cargo xtask",
    bin_name = "cargo xtask",
    disable_help_subcommand = true
)]
struct Cli {
    #[command(subcommand)]
    command: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Run the whole platform: a center, three sites, traffic, 35 days of history
    Demo(demo::Options),
    /// Run everything a change must pass
    Test,
    /// Check format, lints, documentation, licences and advisories
    Check,
    /// Build every Wasm plugin
    Plugins,
    /// Build the web application of the dashboard
    Web,
    /// Measure, one JSON line per figure
    Bench(bench::Options),
    /// Run the fault campaign at length
    Chaos(chaos::Options),
    /// Run an evaluation set and score it
    Eval(eval::Options),
    /// Build release archives
    Dist,
}

fn main() -> ExitCode {
    match run(Cli::parse().command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            shell::say(format!("{error:#}"));
            ExitCode::FAILURE
        }
    }
}

fn run(task: Task) -> anyhow::Result<()> {
    let workspace = Workspace::find()?;
    match task {
        Task::Demo(options) => demo::run(&workspace, &options),
        Task::Test => test::run(&workspace),
        Task::Check => check::run(&workspace),
        Task::Plugins => plugins::run(),
        Task::Web => web::run(&workspace),
        Task::Bench(options) => bench::run(&workspace, &options),
        Task::Chaos(options) => chaos::run(&workspace, &options),
        Task::Eval(options) => eval::run(&workspace, &options),
        Task::Dist => dist::run(&workspace),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        super::Cli::command().debug_assert();
    }
}
