//! `cargo xtask demo`: builds everything the demo runs, then becomes `bongsu-demo`.
//!
//! It replaces this process instead of waiting for it: Ctrl-C and SIGTERM then reach the program that has
//! to clean up, and its exit code is this command's.

use std::{os::unix::process::CommandExt as _, process::Command};

use anyhow::{Context as _, Result, bail};
use clap::Args;

use crate::{
    needs::{self, NGINX, python},
    plugins,
    shell::{self, find, say},
    web,
    workspace::Workspace,
};

/// Options of `cargo xtask demo`.
#[derive(Args)]
pub(crate) struct Options {
    /// Run for so many seconds without a person, ask the three questions, and fail if an answer is wrong
    #[arg(long, value_name = "SECONDS")]
    headless: Option<u64>,
    /// Passed to bongsu-demo as they are (see `bongsu-demo --help`)
    #[arg(last = true)]
    more: Vec<String>,
}

/// Builds and runs it; returns only when that failed.
pub(crate) fn run(workspace: &Workspace, options: &Options) -> Result<()> {
    needs::ensure(&[&NGINX])?;
    let nginx = find(NGINX.program).context("the demo needs nginx")?;
    let requirements = workspace.root.join("deploy/demo/app/requirements.txt");
    let Some(python) = python::environment(workspace, &requirements)? else {
        bail!(
            "the demo needs Python with the packages of {}",
            requirements.display()
        );
    };
    plugins::run()?;
    web::run(workspace)?;
    say("building (the first time takes some minutes)");
    shell::run(workspace.cargo().arg("build"))?;

    let mut demo = Command::new(workspace.binary("bongsu-demo"));
    demo.arg("--bin").arg(workspace.target.join("debug"));
    demo.arg("--plugins").arg(workspace.plugins());
    demo.arg("--python").arg(python);
    demo.arg("--nginx").arg(nginx);
    demo.arg("--state").arg(workspace.target.join("demo"));
    if let Some(seconds) = options.headless {
        demo.args(["--headless", &seconds.to_string()]);
    }
    demo.args(&options.more);
    Err(demo.exec()).context("failed to start bongsu-demo")
}
