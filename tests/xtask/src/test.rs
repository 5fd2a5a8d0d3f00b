//! `cargo xtask test`: everything a change must pass. Plugins and the web application first, then our
//! binaries, then cargo's tests, so that cargo's own summary comes last.
//!
//! What a test may stand on besides Rust it finds in the environment. A test whose variable is not set
//! says so and passes; with `CI=true` this command fails before it comes to that.
//!
//! | variable | is |
//! |---|---|
//! | `BONGSU_BIN` | folder with `bongsu-edge`, `bongsu-center`, `bongsu-demo` |
//! | `BONGSU_PLUGINS` | folder with the built plugins |
//! | `BONGSU_PYTHON` | interpreter with the packages of `tests/clients/requirements.txt` |
//! | `BONGSU_NODE`, `BONGSU_NODE_MODULES` | interpreter, and the packages of `tests/clients/package.json` |
//! | `BONGSU_NGINX`, `BONGSU_REDIS_SERVER` | the system's servers |

use std::{ffi::OsString, path::PathBuf};

use anyhow::Result;

use crate::{
    needs::{self, NGINX, REDIS, node::Node, python},
    plugins,
    shell::{self, find, say},
    web,
    workspace::Workspace,
};

/// Runs it all.
pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    needs::ensure(&[&NGINX, &REDIS])?;
    plugins::run()?;
    web::run(workspace)?;
    let environment = environment(workspace)?;
    // With every target, so that what the tests need of a dependency does not make a second build of it; with
    // the whole workspace, because the plugins' own tests run on the host.
    say("building");
    shell::run(
        workspace
            .cargo()
            .args(["build", "--workspace", "--all-targets"]),
    )?;
    say("testing");
    shell::run(
        workspace
            .cargo()
            .args(["test", "--workspace", "--no-fail-fast"])
            .envs(environment),
    )
}

/// The variables of the module's table, for what is there.
fn environment(workspace: &Workspace) -> Result<Vec<(&'static str, OsString)>> {
    let clients = workspace.root.join("tests/clients");
    let python = python::environment(workspace, &clients.join("requirements.txt"))?;
    let node = Node::ensure(workspace)?;
    let modules = match &node {
        Some(node) => node.modules(workspace, &clients)?,
        None => None,
    };
    let places: [(&str, Option<PathBuf>); 7] = [
        ("BONGSU_BIN", Some(workspace.target.join("debug"))),
        ("BONGSU_PLUGINS", Some(workspace.plugins())),
        ("BONGSU_PYTHON", python),
        ("BONGSU_NODE", node.map(|node| node.program())),
        ("BONGSU_NODE_MODULES", modules),
        ("BONGSU_NGINX", find(NGINX.program)),
        ("BONGSU_REDIS_SERVER", find(REDIS.program)),
    ];
    Ok(places
        .into_iter()
        .filter_map(|(name, place)| Some((name, place?.into_os_string())))
        .collect())
}
