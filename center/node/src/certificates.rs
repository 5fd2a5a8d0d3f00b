//! `bongsu-center ca`: the authority that vouches for the center and the edges.

use std::path::PathBuf;

use anyhow::{Context as _, bail};
use bongsu_center_receive::ca::Ca;
use bongsu_sdk_model::{SiteId, Timestamp};
use clap::Subcommand;

/// What to do with the authority.
#[derive(Debug, Subcommand)]
pub(crate) enum CaCommand {
    /// Makes a new authority: `ca.pem`, and `ca.key` which stays at the center.
    Init {
        /// Its directory.
        #[arg(long, default_value = "tls")]
        dir: PathBuf,
    },
    /// Issues `<site>.pem` and `.key` for an edge, or `center.pem` and `.key` for the center.
    Issue {
        /// The authority's directory.
        #[arg(long, default_value = "tls")]
        dir: PathBuf,
        /// The edge's site.
        #[arg(long, conflicts_with = "center")]
        site: Option<SiteId>,
        /// Names or addresses under which edges reach the center.
        #[arg(long, num_args = 1..)]
        center: Vec<String>,
        /// Where to write; default: the authority's directory.
        #[arg(long)]
        out: Option<PathBuf>,
    },
}

impl CaCommand {
    /// Does it and says what was written.
    pub(crate) fn run(self, now: Timestamp) -> anyhow::Result<()> {
        match self {
            Self::Init { dir } => {
                Ca::create(&dir, now)?;
                tracing::info!(
                    "authority made in `{}`; keep ca.key at the center",
                    dir.display()
                );
            }
            Self::Issue {
                dir,
                site,
                center,
                out,
            } => {
                let ca = Ca::open(&dir).context("failed to open the authority")?;
                let (issued, stem) = match site {
                    Some(site) => (ca.issue_edge(&site, now)?, site.to_string()),
                    None if center.is_empty() => {
                        bail!("nothing to issue, hint: `--site busan` or `--center center.example`")
                    }
                    None => (ca.issue_center(&center, now)?, "center".to_owned()),
                };
                let (certificate, key) = issued.write(&out.unwrap_or(dir), &stem)?;
                tracing::info!("wrote `{}` and `{}`", certificate.display(), key.display());
            }
        }
        Ok(())
    }
}
