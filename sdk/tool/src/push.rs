//! `bongsu-plugin push`: delivers a component, signed or not, to an edge's API.

use std::{fs, path::PathBuf};

use anyhow::{Context as _, Result, bail};
use bongsu_sdk_host::Manifest;
use clap::Args;

use crate::run;

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The component
    file: PathBuf,
    /// The edge's address
    #[arg(long, default_value = "http://127.0.0.1:7070")]
    edge: String,
    /// File with the token that orders must present (`[http] admin_token_file` of the edge)
    #[arg(long)]
    token_file: PathBuf,
}

pub(crate) fn run(options: &Options) -> Result<()> {
    let component = run::read(&options.file)?;
    let manifest = Manifest::read(&options.file.display().to_string(), &component)?;
    let token = fs::read_to_string(&options.token_file)
        .with_context(|| format!("failed to read `{}`", options.token_file.display()))?;
    let edge = options.edge.trim_end_matches('/');
    let address = format!("{edge}/api/plugins");
    let request = ureq::post(&address)
        .header("Authorization", &format!("Bearer {}", token.trim()))
        .header("Content-Type", "application/wasm")
        .config()
        .http_status_as_error(false)
        .build();
    let mut response = request.send(&component[..]).with_context(|| {
        format!("`{edge}` cannot be reached; hint: `--edge` names the address of `[http] bind`")
    })?;
    let status = response.status();
    let said = response.body_mut().read_to_string().unwrap_or_default();
    if !status.is_success() {
        bail!("`{edge}` refused it: {status} {}", detail(&said));
    }
    println!("{} {} is at {edge}", manifest.name, manifest.version);
    Ok(())
}

/// What a problem document says, or all that was said.
fn detail(said: &str) -> String {
    let problem: Option<serde_json::Value> = serde_json::from_str(said).ok();
    let text = |key: &str| problem.as_ref()?.get(key)?.as_str().map(str::to_owned);
    text("detail")
        .or_else(|| text("title"))
        .unwrap_or_else(|| said.trim().to_owned())
}
