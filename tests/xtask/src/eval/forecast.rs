//! `cargo xtask eval forecast`: how well forecasts and their probabilities keep their word.
//!
//! On generated series, and on the recorded ones in `--dir` (default `../shared/data/nab`) when they are
//! there. The table is the example's; there is nothing to score against but what came.

use anyhow::Result;

use super::{Options, anomaly::example};
use crate::{
    shell::{self, say},
    workspace::Workspace,
};

/// The name of this evaluation.
pub(super) const NAME: &str = "forecast";

/// Back-tests and prints.
pub(super) fn run(workspace: &Workspace, options: &Options) -> Result<()> {
    let usual = workspace.root.join("../shared/data/nab");
    let data = options.dir.clone().unwrap_or(usual).join("data");
    let mut backtest = example(workspace, "calibrate_forecast");
    if data.is_dir() {
        backtest.arg(data.canonicalize()?);
    } else {
        say("no recorded series; generated ones only");
    }
    say("forecasting the past");
    shell::run(&mut backtest)
}
