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
//! | `BONGSU_WASM_RUSTC` | compiler that builds plugins in Rust |
//! | `BONGSU_COMPONENTIZE_PY`, `BONGSU_COMPONENTIZE_QJS` | what builds plugins in Python and in JavaScript |
//! | `BONGSU_PYTHON` | interpreter with the packages of `tests/clients/requirements.txt` |
//! | `BONGSU_NODE`, `BONGSU_NODE_MODULES` | interpreter, and the packages of `tests/clients/package.json` |
//! | `BONGSU_JAVA`, `BONGSU_JAVA_CLIENTS` | virtual machine, and the folder with `tests/clients/java` built |
//! | `BONGSU_GO_CLIENT` | `tests/clients/go`, built |
//! | `BONGSU_PHP` | interpreter with the extension `redis` |
//! | `BONGSU_NGINX`, `BONGSU_HAPROXY`, `BONGSU_REDIS_SERVER` | the system's servers |

use std::{ffi::OsString, path::PathBuf};

use anyhow::Result;

use crate::{
    needs::{self, GO, HAPROXY, JAVA, MAVEN, NGINX, PHP, REDIS, built, node::Node, python},
    plugins,
    shell::{self, say},
    web,
    workspace::Workspace,
};

/// Runs it all.
pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    needs::ensure(&[&NGINX, &HAPROXY, &REDIS, &JAVA, &MAVEN, &PHP, &GO])?;
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
    let componentize_py = python::environment(
        workspace,
        &workspace.root.join("sdk/python/requirements.txt"),
    )?;
    let toolchain = workspace.root.join("sdk/javascript");
    let componentize_qjs = match &node {
        Some(node) => node.modules(workspace, &toolchain)?,
        None => None,
    };
    let places: [(&str, Option<PathBuf>); 15] = [
        ("BONGSU_BIN", Some(workspace.target.join("debug"))),
        ("BONGSU_PLUGINS", Some(workspace.plugins())),
        ("BONGSU_WASM_RUSTC", Some(plugins::compiler(workspace)?)),
        (
            "BONGSU_COMPONENTIZE_PY",
            componentize_py.map(|python| python.with_file_name("componentize-py")),
        ),
        (
            "BONGSU_COMPONENTIZE_QJS",
            componentize_qjs.map(|modules| modules.join(".bin/componentize-qjs")),
        ),
        ("BONGSU_PYTHON", python),
        ("BONGSU_NODE", node.map(|node| node.program())),
        ("BONGSU_NODE_MODULES", modules),
        ("BONGSU_JAVA", JAVA.place()),
        (
            "BONGSU_JAVA_CLIENTS",
            built::java(workspace, &clients.join("java"))?,
        ),
        (
            "BONGSU_GO_CLIENT",
            built::go(workspace, &clients.join("go"))?,
        ),
        ("BONGSU_PHP", PHP.place()),
        ("BONGSU_NGINX", NGINX.place()),
        ("BONGSU_HAPROXY", HAPROXY.place()),
        ("BONGSU_REDIS_SERVER", REDIS.place()),
    ];
    Ok(places
        .into_iter()
        .filter_map(|(name, place)| Some((name, place?.into_os_string())))
        .collect())
}
