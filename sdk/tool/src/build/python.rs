//! Python: componentize-py. It compiles the author's `plugin.py`, the SDK and an entry of ours, and cuts off WASI, so that
//! the component imports only our interfaces.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result};
use bongsu_sdk_host::attach_manifest;

use super::{
    shell::{find, run, say, tool},
    workshop,
};
use crate::{
    new::{Contract, PythonSdk, copy},
    project::Project,
};

/// The version the SDK was tried with.
const PACKAGE: &str = "componentize-py==0.25.1";

pub(super) fn build(project: &Project) -> Result<Vec<u8>> {
    let workshop = workshop(&project.dir)?;
    copy::<Contract>(&workshop.join("wit"), "")?;
    copy::<PythonSdk>(&workshop, "entry/")?;
    let componentize = componentize(&workshop)?;
    say("compiling with componentize-py (some ten seconds)");
    let world = project.manifest.world.name();
    // The application must not be called as a world is.
    let entry = workshop.join("app");
    fs::create_dir_all(&entry)?;
    fs::copy(
        workshop.join("entry").join(world).with_extension("py"),
        entry.join("bongsu_entry.py"),
    )?;
    fs::copy(workshop.join("entry/trouble.py"), entry.join("trouble.py"))?;
    let out = workshop.join("plugin.wasm");
    run(Command::new(componentize)
        .arg("--wit-path")
        .arg(workshop.join("wit"))
        .args([
            "--world",
            world,
            "componentize",
            "bongsu_entry",
            "--stub-wasi",
        ])
        .arg("--python-path")
        .arg(&entry)
        .arg("--python-path")
        .arg(project.dir.canonicalize()?)
        .arg("--output")
        .arg(&out)
        .current_dir(&workshop)
        .env_remove("VIRTUAL_ENV"))
    .context("the plugin does not compile")?;
    let bytes = fs::read(&out)?;
    Ok(attach_manifest(
        &project.manifest.name,
        &bytes,
        &project.manifest_json,
    )?)
}

/// componentize-py, installed into the project if there is none.
fn componentize(workshop: &Path) -> Result<PathBuf> {
    let local = workshop.join("python/bin/componentize-py");
    if let Some(found) = tool("BONGSU_COMPONENTIZE_PY", &local, "componentize-py") {
        return Ok(found);
    }
    say(&format!("installing {PACKAGE} into .bongsu/python (once)"));
    let python =
        find("python3").context("there is no python3; hint: install Python 3.10 or later")?;
    let place = workshop.join("python");
    run(Command::new(python).args(["-m", "venv"]).arg(&place))
        .context("hint: on Debian, `apt-get install python3-venv`")?;
    run(Command::new(place.join("bin/python")).args([
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        PACKAGE,
    ]))
    .context("hint: without a network, set BONGSU_COMPONENTIZE_PY to an installed one")?;
    Ok(local)
}
