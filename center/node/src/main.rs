//! `bongsu-center`: reads `center.toml`, runs the center, drains it on SIGTERM or Ctrl-C.
//!
//! ```text
//! edges ──QUIC──► center/receive ──► center/history ◄── center/ask ◄── center/dashboard ◄── browsers
//! ```
//!
//! Only wiring stands here: the parts don't know each other.
//!
//! ## Decisions
//!
//! - **The adapters between the parts live here** (`inbox`, `backend`), so that receiving does not know how
//!   history is kept and the dashboard does not know how questions are answered. Rejected: shared traits in a
//!   crate of their own, which would have one implementation each.

#![forbid(unsafe_code)]

mod actions;
mod admission;
mod audit;
mod backend;
mod certificates;
mod config;
mod inbox;
mod preview;
mod run;

use std::{path::PathBuf, process::ExitCode, sync::Arc, time::SystemTime};

use bongsu_sdk_model::{Clock, Timestamp};
use clap::{Parser, Subcommand};
use tracing_subscriber::EnvFilter;

use crate::{
    admission::{SiteCommand, TokenCommand},
    audit::AuditCommand,
    certificates::CaCommand,
    config::Config,
};

/// The system allocator keeps an arena per thread: after a back-fill the center held 750 MB, of which it used 250.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

/// Exit code of a configuration that can't be used (`EX_USAGE`).
const BAD_CONFIG: u8 = 64;

/// The center: receives what edges ship, answers questions about the whole fleet.
#[derive(Debug, Parser)]
#[command(version)]
struct Args {
    /// Configuration file.
    #[arg(long, default_value = "center.toml", global = true)]
    config: PathBuf,
    /// Only checks the configuration and reports every fault.
    #[arg(long)]
    check: bool,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Makes the authority and its certificates.
    #[command(subcommand)]
    Ca(CaCommand),
    /// Verifies or exports the record of who did what.
    #[command(subcommand)]
    Audit(AuditCommand),
    /// Makes, lists and revokes the tokens with which edges enrol.
    #[command(subcommand)]
    Token(TokenCommand),
    /// Shuts a site out or lets it in again.
    #[command(subcommand)]
    Site(SiteCommand),
}

struct SystemClock;

impl Clock for SystemClock {
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place where this program reads the clock"
    )]
    fn now(&self) -> Timestamp {
        let since = SystemTime::now()
            .duration_since(SystemTime::UNIX_EPOCH)
            .unwrap_or_default();
        Timestamp::from_ms(0).plus(since)
    }
}

fn main() -> ExitCode {
    let args = Args::parse();
    let filter = EnvFilter::try_from_env("BONGSU_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .init();
    let done = match args.command {
        Some(Command::Ca(command)) => command.run(SystemClock.now()),
        Some(Command::Audit(command)) => command.run(|| {
            let config =
                read(&args.config).map_err(|faults| anyhow::anyhow!("{}", faults.join("; ")))?;
            Ok(config.data_dir.join("control/audit.jsonl"))
        }),
        command => match (read(&args.config), command) {
            (Err(faults), _) => return report(&args.config, &faults),
            (Ok(config), Some(Command::Token(command))) => command.run(&config, SystemClock.now()),
            (Ok(config), Some(Command::Site(command))) => command.run(&config, SystemClock.now()),
            (Ok(_), _) if args.check => {
                tracing::info!("{} is sound", args.config.display());
                Ok(())
            }
            (Ok(config), _) => run::run(config, Arc::new(SystemClock)),
        },
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

fn read(path: &PathBuf) -> Result<Config, Vec<String>> {
    let text = std::fs::read_to_string(path)
        .map_err(|error| vec![format!("{error}, hint: `--config` names the file")])?;
    Config::parse(&text)
}

fn report(path: &std::path::Path, faults: &[String]) -> ExitCode {
    for fault in faults {
        tracing::error!("{}: {fault}", path.display());
    }
    tracing::error!(
        "{} fault(s), hint: mend them and try `--check`",
        faults.len()
    );
    ExitCode::from(BAD_CONFIG)
}
