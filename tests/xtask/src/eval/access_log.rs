//! `cargo xtask eval access-log`: a real log through a real edge, against counts made elsewhere.

use std::path::Path;

use anyhow::{Result, bail};

use crate::{
    shell::{self, say},
    workspace::Workspace,
};

/// The name of this evaluation.
pub(super) const NAME: &str = "access-log";
/// What is true of a log, in the folder of the log.
const TRUTH: &str = "truth.json";

/// Replays `items`, or the log that comes with the evaluation sets; the table is the example's.
pub(super) fn run(workspace: &Workspace, items: Option<&Path>) -> Result<()> {
    let usual = workspace
        .root
        .join("../shared/data/access-logs/apache_logs");
    let log = items.unwrap_or(&usual);
    let truth = log.with_file_name(TRUTH);
    for file in [log, &truth] {
        if !file.is_file() {
            bail!(
                "`{}` is not there; hint: name a log with --items, its {TRUTH} beside it",
                file.display()
            );
        }
    }
    let (log, truth) = (log.canonicalize()?, truth.canonicalize()?);
    crate::plugins::run()?;
    say("building");
    shell::run(
        workspace
            .cargo()
            .args(["build", "--quiet", "--package", "bongsu-edge-node"]),
    )?;
    say(format!("replaying {}", log.display()));
    shell::run(
        workspace
            .cargo()
            .args(["run", "--quiet", "--package", "bongsu-tests"])
            .args(["--example", "replay_access_log", "--"])
            .args([&log, &truth])
            .env("BONGSU_BIN", workspace.target.join("debug"))
            .env("BONGSU_PLUGINS", workspace.plugins()),
    )
}
