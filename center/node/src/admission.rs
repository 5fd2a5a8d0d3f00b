//! `bongsu-center token` and `bongsu-center site`: who may come. They change files that the running center looks
//! at, so they work whether it runs or not.

use std::{io::Write as _, time::Duration};

use anyhow::{Context as _, bail};
use bongsu_center_receive::{Registry, ca::Ca};
use bongsu_sdk_model::{SiteId, Timestamp};
use clap::Subcommand;

use crate::config::Config;

const HOUR: Duration = Duration::from_secs(3_600);

/// What to do with tokens.
#[derive(Debug, Subcommand)]
pub(crate) enum TokenCommand {
    /// Makes a token with which one edge of a site enrols once, and prints it.
    Create {
        /// The edge's site.
        #[arg(long)]
        site: SiteId,
        /// How long it is good, in hours; at most 720.
        #[arg(long, default_value_t = 24)]
        hours: u32,
    },
    /// Lists the tokens that have not been used.
    List,
    /// Makes a token worthless.
    Revoke {
        /// Its id, as `list` shows it.
        id: String,
    },
}

/// What to do with a site.
#[derive(Debug, Subcommand)]
pub(crate) enum SiteCommand {
    /// Shuts a site out: its certificates are worthless at once, an open connection is dropped within a second.
    Revoke {
        /// The site.
        #[arg(long)]
        site: SiteId,
    },
    /// Lets a site in again, with the certificates it had.
    Restore {
        /// The site.
        #[arg(long)]
        site: SiteId,
    },
    /// Lists the sites that are shut out.
    Revoked,
}

impl TokenCommand {
    /// Does it.
    pub(crate) fn run(self, config: &Config, now: Timestamp) -> anyhow::Result<()> {
        let registry = registry(config)?;
        match self {
            Self::Create { site, hours } => {
                if !config.sites.iter().any(|known| known.id == site) {
                    bail!("`{site}` is no site of this center, hint: list it in [[sites]]");
                }
                let receive = &config.receive;
                let ca = Ca::open_files(&receive.ca, &receive.ca_key).context(
                    "enrolment needs the center's own authority, hint: `bongsu-center ca init`",
                )?;
                let token = registry.create_token(&site, ca.fingerprint()?, HOUR * hours, now)?;
                say(&token.to_string())
            }
            Self::List => {
                for (id, token) in registry.tokens()? {
                    let state = if token.expires <= now {
                        "expired"
                    } else {
                        "good"
                    };
                    let until = moment(token.expires, config);
                    say(&format!("{id}  {}  {state}  until {until}", token.site))?;
                }
                Ok(())
            }
            Self::Revoke { id } => Ok(registry.revoke_token(&id)?),
        }
    }
}

impl SiteCommand {
    /// Does it.
    pub(crate) fn run(self, config: &Config, now: Timestamp) -> anyhow::Result<()> {
        let registry = registry(config)?;
        match self {
            Self::Revoke { site } => {
                registry.revoke_site(&site, now)?;
                tracing::info!("{site} is shut out; a new token lets a new edge of it in");
            }
            Self::Restore { site } => registry.restore_site(&site)?,
            Self::Revoked => {
                for (site, at) in registry.revoked() {
                    say(&format!("{site}  since {}", moment(at, config)))?;
                }
            }
        }
        Ok(())
    }
}

fn registry(config: &Config) -> anyhow::Result<Registry> {
    let directory = config.data_dir.join("sites");
    Ok(Registry::open(&directory)?)
}

fn moment(at: Timestamp, config: &Config) -> String {
    jiff::Timestamp::from_millisecond(at.as_ms())
        .map(|at| at.to_zoned(config.zone.clone()).to_string())
        .unwrap_or_default()
}

fn say(line: &str) -> anyhow::Result<()> {
    writeln!(std::io::stdout(), "{line}").context("failed to print")
}
