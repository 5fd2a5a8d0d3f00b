//! `cargo xtask check`: format, lints, documentation, licences and advisories. Every part runs even when an
//! earlier one failed, so that one run names every fault.

use std::{env, process::Command};

use anyhow::{Result, bail};

use crate::{
    needs,
    shell::{self, find, say},
    workspace::Workspace,
};

/// Runs every part.
pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    let part = |what: &str, words: &[&str], variable: Option<(&str, &str)>| {
        say(what);
        let mut cargo = workspace.cargo();
        cargo.args(words).envs(variable);
        shell::run(&mut cargo)
            .map_err(|error| say(format!("{error:#}")))
            .is_ok()
    };
    let results = [
        part("format", &["fmt", "--all", "--check"], None),
        part(
            "lints",
            &["clippy", "--all-targets", "--", "-D", "warnings"],
            None,
        ),
        part(
            "documentation",
            &["doc", "--no-deps"],
            Some(("RUSTDOCFLAGS", "-D warnings")),
        ),
        deny(workspace)?,
    ];
    let failed = results.iter().filter(|passed| !**passed).count();
    if failed > 0 {
        bail!("{failed} of {} parts failed", results.len());
    }
    Ok(())
}

/// Licences, advisories, bans and sources. cargo-deny takes minutes to build, so it is installed only
/// when `CI_DENY=1` asks for it.
fn deny(workspace: &Workspace) -> Result<bool> {
    if find("cargo-deny").is_none() {
        if !env::var("CI_DENY").is_ok_and(|value| value == "1") {
            needs::skip(
                "licences and advisories",
                "cargo-deny is missing, install with: cargo install --locked cargo-deny (or set CI_DENY=1)",
            )?;
            return Ok(true);
        }
        say("installing cargo-deny");
        let mut install = workspace.cargo();
        shell::run(install.args(["install", "--locked", "cargo-deny"]))?;
    }
    say("licences and advisories");
    let mut check = Command::new("cargo-deny");
    check
        .args(["--workspace", "check"])
        .current_dir(&workspace.root);
    Ok(shell::run(&mut check)
        .map_err(|error| say(format!("{error:#}")))
        .is_ok())
}
