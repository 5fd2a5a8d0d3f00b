//! `cargo xtask web`: the dashboard's web application, which the center embeds when it is built.
//!
//! Skipped when no source file changed since the last build; the stamp lies in `node_modules`, so deleting
//! that folder forces a fresh start.

use std::fs;

use anyhow::Result;

use crate::{needs::node::Node, shell::say, stamp, workspace::Workspace};

/// Builds it if need be.
pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    let folder = workspace.root.join("center/dashboard/web");
    if !folder.join("package.json").exists() {
        say("no web application in center/dashboard/web");
        return Ok(());
    }
    let digest = stamp::of_folder(&folder, &["node_modules", "dist"])?;
    let stamp = folder.join("node_modules/.bongsu-stamp");
    let built = folder.join("dist/index.html");
    if built.exists() && fs::read_to_string(&stamp).is_ok_and(|found| found == digest) {
        say("web application: nothing changed");
        return Ok(());
    }
    let Some(node) = Node::ensure(workspace)? else {
        return Ok(());
    };
    say("building the web application");
    node.npm(&folder, &["ci"])?;
    node.npm(&folder, &["run", "build"])?;
    fs::write(stamp, digest)?;
    Ok(())
}
