//! `bongsu-demo`: the whole platform on one machine. A real center and three real edges (서울, 부산, 제주) as
//! separate processes with real TLS, per site a web application behind nginx whose sessions live in the edge
//! and whose traces arrive by OTLP, people who use it, and 35 days of history.
//!
//! Started by `cargo xtask demo`, which builds what it runs. It never listens anywhere but on the loopback
//! address, and leaves no process behind, however it ends.
//!
//! ## Decisions
//!
//! - **History is made of requests, not of roll-ups**: each goes through the edge's own masker, aggregation,
//!   store and spool under a simulated clock, and reaches the center over QUIC. Rejected: writing finished
//!   roll-ups into the center, which would show nothing of the platform.
//! - **The demo judges the answers by figures of its own** ([`truth`]): what it fed, what it sent, what the
//!   kernel says. Rejected: comparing the platform's answers with each other.

#![forbid(unsafe_code)]
#![expect(
    clippy::print_stdout,
    reason = "addresses, answers and verdicts are its output"
)]

mod api;
mod backfill;
mod clock;
mod configs;
mod cpu;
mod layout;
mod leash;
mod live;
mod ports;
mod process;
mod progress;
mod questions;
mod run;
mod season;
mod site;
mod stack;
mod truth;

use std::{
    env,
    ffi::OsString,
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Context as _, Result};
use clap::{Args, Parser, Subcommand};

use layout::Given;

/// The whole platform on one machine.
#[derive(Parser)]
#[command(name = "bongsu-demo", version, args_conflicts_with_subcommands = true)]
struct Cli {
    #[command(flatten)]
    options: Options,
    #[command(subcommand)]
    hidden: Option<Hidden>,
}

#[derive(Args)]
struct Options {
    /// Run for so many seconds without a person, ask three questions, fail if an answer is wrong
    #[arg(long, value_name = "SECONDS")]
    headless: Option<u64>,
    /// Days of history: three for the third question, and no more than an edge keeps
    #[arg(long, value_name = "DAYS", default_value_t = 35, value_parser = clap::value_parser!(u16).range(3..=39))]
    days: u16,
    /// Another seed gives other people of the same habits
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Folder of bongsu-edge and bongsu-center [default: this program's]
    #[arg(long, value_name = "DIR")]
    bin: Option<PathBuf>,
    /// Folder of the built plugins [default: ../plugins of that]
    #[arg(long, value_name = "DIR")]
    plugins: Option<PathBuf>,
    /// Python with the packages of deploy/demo/app/requirements.txt
    #[arg(long, value_name = "FILE", default_value = "python3")]
    python: PathBuf,
    /// nginx
    #[arg(long, value_name = "FILE", default_value = "nginx")]
    nginx: PathBuf,
    /// Folder of everything that is written; emptied at the start [default: a temporary one]
    #[arg(long, value_name = "DIR")]
    state: Option<PathBuf>,
}

#[derive(Subcommand)]
enum Hidden {
    /// Run a program until standard input closes
    #[command(hide = true)]
    Leash {
        #[arg(last = true)]
        words: Vec<OsString>,
    },
}

fn main() -> ExitCode {
    run(Cli::parse()).unwrap_or_else(|error| {
        eprintln!("bongsu-demo: {error:#}");
        ExitCode::FAILURE
    })
}

fn run(cli: Cli) -> Result<ExitCode> {
    if let Some(Hidden::Leash { words }) = cli.hidden {
        return leash::run(&words);
    }
    let options = cli.options;
    let plan = run::Plan {
        headless: options.headless,
        days: options.days,
        seed: options.seed,
    };
    let given = given(options)?;
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?
        .block_on(run::until_stopped(given, plan))
}

fn given(options: Options) -> Result<Given> {
    let program = env::current_exe().context("failed to find this program")?;
    let bin = options
        .bin
        .or_else(|| program.parent().map(Path::to_owned))
        .context("no folder of programs")?;
    let plugins = options.plugins.unwrap_or_else(|| bin.join("../plugins"));
    let state = options
        .state
        .unwrap_or_else(|| env::temp_dir().join("bongsu-demo"));
    let absolute = |path: PathBuf| std::path::absolute(path).context("no current folder");
    Ok(Given {
        bin: absolute(bin)?,
        plugins: absolute(plugins)?,
        python: options.python,
        nginx: options.nginx,
        state: absolute(state)?,
    })
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        super::Cli::command().debug_assert();
    }
}
