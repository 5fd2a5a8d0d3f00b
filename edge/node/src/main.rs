//! `bongsu-edge`: reads `edge.toml`, runs the edge, drains it on SIGTERM or Ctrl-C.

#![forbid(unsafe_code)]

use std::{path::PathBuf, process::ExitCode, sync::Arc, time::SystemTime};

use anyhow::Context as _;
use bongsu_edge_node::{Config, RecordOptions, record, start};
use bongsu_sdk_model::{Clock, Timestamp};
use clap::{Parser, Subcommand};
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;
use tracing_subscriber::EnvFilter;

/// The system allocator keeps an arena per thread: after a back-fill the center held 750 MB, of which it used 250.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

/// Exit code of a configuration that can't be used (`EX_USAGE`).
const BAD_CONFIG: u8 = 64;

/// The edge of one site: session store, collection, user counting, plugins, local answers.
#[derive(Debug, Parser)]
#[command(version)]
struct Args {
    /// Configuration file.
    #[arg(long, default_value = "edge.toml")]
    config: PathBuf,
    /// Only checks the configuration and reports every fault.
    #[arg(long)]
    check: bool,
    #[command(subcommand)]
    task: Option<Task>,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// Prints what the running edge gives its detectors, one batch per line, for `bongsu-plugin test`.
    Record(RecordOptions),
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
    let config = match read(&args.config) {
        Ok(config) => config,
        Err(faults) => {
            for fault in &faults {
                tracing::error!("{}: {fault}", args.config.display());
            }
            tracing::error!(
                "{} fault(s), hint: mend them and try `--check`",
                faults.len()
            );
            return ExitCode::from(BAD_CONFIG);
        }
    };
    if args.check {
        tracing::info!("{} is sound", args.config.display());
        return ExitCode::SUCCESS;
    }
    let done = match &args.task {
        None => run(config),
        Some(Task::Record(options)) => listen(&config, options),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!("failed to run: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn read(path: &PathBuf) -> Result<Config, Vec<String>> {
    let text = std::fs::read_to_string(path)
        .map_err(|error| vec![format!("{error}, hint: `--config` names the file")])?;
    Config::parse(&text)
}

#[tokio::main(flavor = "current_thread")]
async fn listen(config: &Config, options: &RecordOptions) -> anyhow::Result<()> {
    record(config.http, options).await
}

#[tokio::main]
async fn run(config: Config) -> anyhow::Result<()> {
    let site = config.site.clone();
    let edge = start(config, Arc::new(SystemClock)).await?;
    tracing::info!(
        "edge {site} is up: RESP {}, OTLP {} and {}, page http://{}",
        edge.resp,
        edge.otlp_grpc,
        edge.otlp_http,
        edge.http
    );
    let stop = CancellationToken::new();
    tokio::select! {
        () = edge.watch(&stop) => {}
        stopped = stop_signal() => stopped?,
    }
    tracing::info!("stopping");
    edge.shutdown().await;
    Ok(())
}

async fn stop_signal() -> anyhow::Result<()> {
    let mut terminate = signal(SignalKind::terminate()).context("failed to listen for SIGTERM")?;
    tokio::select! {
        _ = terminate.recv() => Ok(()),
        interrupted = tokio::signal::ctrl_c() => interrupted.context("failed to listen for Ctrl-C"),
    }
}
