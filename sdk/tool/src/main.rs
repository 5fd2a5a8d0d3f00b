//! `bongsu-plugin`: what the author of a plugin runs, from an empty folder to a finding on a running edge.
//!
//! ```text
//! bongsu-plugin new slow-requests --lang python --world detector
//! cd slow-requests
//! bongsu-plugin test                  # builds, then replays tests/*.jsonl through the real host
//! bongsu-plugin push slow-requests.wasm --edge http://127.0.0.1:7070 --token-file admin-token
//! ```
//!
//! One file per command. Everything a project needs (the SDK, the contract) is inside this program and written into the
//! project by `new`, so that a plugin builds against the release it was begun with, also without a network to ours.
//! What compiles is each language's own tool, fetched on first use where it is not there.
//!
//! It never decides what a plugin may do: limits, checks and verdicts are the host's (`sdk/host`), the same code as in an
//! edge.
//!
//! ## Decisions
//!
//! - **The SDK is copied into the project.** Rejected: packages in each language's registry, which would have to be published
//!   in step with every release and reached from networks that reach nothing.
//! - **Templates are the examples**: what `new` writes is what the tests of this crate build and run, in every language.
//! - **`test` builds first** if a source is newer than the component: nobody wonders why a change had no effect.

#![forbid(unsafe_code)]
#![expect(
    clippy::print_stdout,
    reason = "the results of a command are its standard output"
)]

mod bench;
mod build;
mod inspect;
mod new;
mod project;
mod push;
mod replay;
mod run;
mod sign;
mod test;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Makes, tries, signs and delivers plugins for Bongsu.
#[derive(Debug, Parser)]
#[command(name = "bongsu-plugin", version, disable_help_subcommand = true)]
struct Cli {
    #[command(subcommand)]
    command: Task,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// Begin a plugin from an example
    New(new::Options),
    /// Compile a project to one component
    Build(build::Options),
    /// Replay recorded batches through the real host and print what was found
    Test(test::Options),
    /// Measure time and memory with the real limits
    Bench(bench::Options),
    /// Show manifest, needs, imports, size and hash
    Inspect(inspect::Options),
    /// Make an ed25519 key to sign with
    Key(sign::KeyOptions),
    /// Sign a component
    Sign(sign::Options),
    /// Deliver a component to an edge
    Push(push::Options),
}

fn main() -> ExitCode {
    let done = match Cli::parse().command {
        Task::New(options) => new::run(&options),
        Task::Build(options) => build::run(&options),
        Task::Test(options) => test::run(&options),
        Task::Bench(options) => bench::run(&options),
        Task::Inspect(options) => inspect::run(&options),
        Task::Key(options) => sign::make_key(&options),
        Task::Sign(options) => sign::run(&options),
        Task::Push(options) => push::run(&options),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bongsu-plugin: {error:#}");
            ExitCode::FAILURE
        }
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
