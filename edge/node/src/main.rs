//! `bongsu-edge`: reads `edge.toml`, runs the edge, drains it on SIGTERM or Ctrl-C.

#![forbid(unsafe_code)]

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Arc,
    time::SystemTime,
};

use anyhow::Context as _;
use bongsu_edge_node::{Config, RecordOptions, ask, record, start};
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
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Prints what the running edge gives its detectors, one batch per line, for `bongsu-plugin test`.
    Record(RecordOptions),
    /// Asks the edge that runs here a question in words, and prints the answer.
    Ask {
        /// The question, in Korean or English.
        question: String,
        /// Language of the answer, `ko` or `en`; default: the question's own.
        #[arg(long)]
        lang: Option<String>,
        /// Print the whole answer with plan and facts.
        #[arg(long)]
        json: bool,
    },
    /// Enrols this edge at a center: makes a key here and gets a certificate for it.
    Join {
        /// The center, `host:port`.
        #[arg(long)]
        center: String,
        /// File with the token that `bongsu-center token create` printed; `-` reads standard input.
        #[arg(long, conflicts_with = "token")]
        token_file: Option<PathBuf>,
        /// The token itself; others on this machine may see it in the list of processes.
        #[arg(long, required_unless_present = "token_file")]
        token: Option<String>,
        /// Where `edge.pem` (certificate and key) and `ca.pem` are written.
        #[arg(long, default_value = "tls")]
        dir: PathBuf,
    },
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
    let command = match args.command {
        Some(Command::Join {
            center,
            token_file,
            token,
            dir,
        }) => return enrol(&center, token, token_file, &dir),
        command => command,
    };
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
    let done = match command {
        Some(Command::Ask {
            question,
            lang,
            json,
        }) => return print_answer(ask(config.http, &question, lang.as_deref(), json)),
        Some(Command::Record(options)) => listen(&config, &options),
        _ => run(config),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!("failed to run: {error:#}");
            ExitCode::FAILURE
        }
    }
}

#[expect(clippy::print_stdout, reason = "the answer is what was asked for")]
fn print_answer(answer: anyhow::Result<String>) -> ExitCode {
    match answer {
        Ok(answer) => {
            println!("{answer}");
            ExitCode::SUCCESS
        }
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

fn enrol(center: &str, token: Option<String>, token_file: Option<PathBuf>, dir: &Path) -> ExitCode {
    match token_text(token, token_file).and_then(|token| join(center, &token, dir)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!("failed to join: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn token_text(token: Option<String>, file: Option<PathBuf>) -> anyhow::Result<String> {
    match (token, file) {
        (Some(token), _) => Ok(token),
        (None, Some(file)) if file.as_os_str() == "-" => {
            std::io::read_to_string(std::io::stdin()).context("failed to read standard input")
        }
        (None, Some(file)) => std::fs::read_to_string(&file)
            .with_context(|| format!("failed to read `{}`", file.display())),
        (None, None) => anyhow::bail!("no token, hint: --token-file"),
    }
}

#[tokio::main(flavor = "current_thread")]
async fn join(center: &str, token: &str, dir: &Path) -> anyhow::Result<()> {
    let token = token.parse()?;
    bongsu_edge_ship::join::join(center, &token, dir).await?;
    let dir = dir.display();
    tracing::info!(
        "enrolled; in edge.toml: [ship] center = \"{center}\", ca = \"{dir}/ca.pem\", cert = \"{dir}/edge.pem\""
    );
    Ok(())
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
