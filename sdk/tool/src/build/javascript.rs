//! JavaScript: componentize-qjs, which puts the QuickJS engine and the author's modules into one component. WASI is cut off,
//! so that the component imports only our interfaces.
//!
//! The toolchain exports an `init` of its own, which has done its work when the component is made. So the world's `init` is
//! compiled under another name of the same length, and the two are renamed afterwards.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result};
use bongsu_sdk_host::attach_manifest;

use super::{
    export,
    shell::{find, run, say, tool},
    workshop,
};
use crate::{
    new::{Contract, JavaScriptSdk, copy},
    project::Project,
};

/// The version the SDK was tried with.
const PACKAGE: &str = "componentize-qjs@0.4.5";

/// What `init` is called while it is compiled, and the toolchain's own afterwards.
const INIT: &str = "boot";
const THEIRS: &str = "done";

pub(super) fn build(project: &Project) -> Result<Vec<u8>> {
    let workshop = workshop(&project.dir)?;
    let wit = workshop.join("wit");
    copy::<Contract>(&wit, "")?;
    rename_init(&wit.join("worlds.wit"))?;
    let componentize = componentize(&workshop)?;
    say("compiling with componentize-qjs");
    let modules = stage(project, &workshop)?;
    let world = project.manifest.world.name();
    let out = workshop.join("plugin.wasm");
    run(Command::new(componentize)
        .arg("--wit")
        .arg(&wit)
        .args([
            "--world",
            world,
            "--sync",
            "--stub-wasi",
            "--js",
            "bongsu_entry.js",
        ])
        .arg("--module-root")
        .arg(&modules)
        .arg("--output")
        .arg(&out)
        .current_dir(&modules))
    .context("the plugin does not compile")?;
    let bytes = export::rename(fs::read(&out)?, "init", THEIRS)?;
    let bytes = export::rename(bytes, INIT, "init")?;
    Ok(attach_manifest(
        &project.manifest.name,
        &bytes,
        &project.manifest_json,
    )?)
}

fn rename_init(worlds: &Path) -> Result<()> {
    let text = fs::read_to_string(worlds)?;
    fs::write(
        worlds,
        text.replace("export init: func", &format!("export {INIT}: func")),
    )?;
    Ok(())
}

/// The author's modules and ours in one fresh folder, which is all that the component may import from.
fn stage(project: &Project, workshop: &Path) -> Result<PathBuf> {
    let modules = workshop.join("modules");
    if modules.exists() {
        fs::remove_dir_all(&modules)?;
    }
    copy::<JavaScriptSdk>(&modules, "entry/")?;
    let world = project.manifest.world.name();
    fs::rename(
        modules.join("entry").join(world).with_extension("js"),
        modules.join("bongsu_entry.js"),
    )?;
    fs::rename(modules.join("entry/trouble.js"), modules.join("trouble.js"))?;
    fs::remove_dir_all(modules.join("entry"))?;
    for entry in fs::read_dir(&project.dir)? {
        let path = entry?.path();
        let module = path
            .extension()
            .is_some_and(|extension| extension == "js" || extension == "mjs");
        if let (true, Some(name)) = (module, path.file_name()) {
            fs::copy(&path, modules.join(name))?;
        }
    }
    Ok(modules)
}

/// componentize-qjs, installed into the project if there is none.
fn componentize(workshop: &Path) -> Result<PathBuf> {
    let local = workshop.join("js/node_modules/.bin/componentize-qjs");
    if let Some(found) = tool("BONGSU_COMPONENTIZE_QJS", &local, "componentize-qjs") {
        return Ok(found);
    }
    say(&format!("installing {PACKAGE} into .bongsu/js (once)"));
    let npm = find("npm").context("there is no npm; hint: install Node 20 or later")?;
    let place = workshop.join("js");
    fs::create_dir_all(&place)?;
    fs::write(place.join("package.json"), "{\"private\": true}\n")?;
    run(Command::new(npm)
        .args([
            "install",
            "--no-audit",
            "--no-fund",
            "--loglevel=error",
            PACKAGE,
        ])
        .current_dir(&place))
    .context("hint: without a network, set BONGSU_COMPONENTIZE_QJS to an installed one")?;
    Ok(local)
}
