//! `bongsu-center audit …`: the record without the center, which may run meanwhile.

use std::path::PathBuf;

use anyhow::{Context as _, bail};
use bongsu_center_control::{Audit, Format};
use clap::Subcommand;

/// What is to be done with the record.
#[derive(Debug, Subcommand)]
pub(crate) enum AuditCommand {
    /// Finds any edit, gap or change of order; prints the last hash, to be kept elsewhere.
    Verify {
        /// The record; default: that of the configuration.
        #[arg(long)]
        file: Option<PathBuf>,
        /// A hash that was kept: it must be in the record.
        #[arg(long)]
        head: Option<String>,
    },
    /// Writes the record to standard output.
    Export {
        /// The record; default: that of the configuration.
        #[arg(long)]
        file: Option<PathBuf>,
        /// `jsonl` or `cef`.
        #[arg(long, default_value = "jsonl")]
        format: Format,
        /// From this number on.
        #[arg(long, default_value_t = 1)]
        from: u64,
    },
}

impl AuditCommand {
    /// Does it; `kept` is where the configuration has the record.
    #[expect(clippy::print_stdout, reason = "the result is what was asked for")]
    pub(crate) fn run(self, kept: impl FnOnce() -> anyhow::Result<PathBuf>) -> anyhow::Result<()> {
        match self {
            Self::Verify { file, head } => {
                let file = file.map_or_else(kept, Ok)?;
                match Audit::verify(&file, head.as_deref()) {
                    Ok(verified) => println!(
                        "whole: {} entries, head {}",
                        verified.entries, verified.head
                    ),
                    Err(flaw) => bail!("{}: {flaw}", file.display()),
                }
            }
            Self::Export { file, format, from } => {
                let file = file.map_or_else(kept, Ok)?;
                Audit::export(&file, format, from, std::io::stdout().lock())
                    .context("failed to export")?;
            }
        }
        Ok(())
    }
}
