//! `cargo xtask dist`: one release archive for this machine's platform, and its checksum.
//!
//! The archive is reproducible from its contents: names are sorted, owners are root, times are those of
//! the last commit.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result};

use crate::{
    plugins,
    shell::{output, run as sh, say},
    web,
    workspace::Workspace,
};

/// Files that go in beside binaries and plugins; one that the checkout lacks is an error.
const TEXTS: [&str; 3] = ["LICENSE", "README.md", "CHANGELOG.md"];

/// Builds the archive.
pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    plugins::run()?;
    web::run(workspace)?;
    say("building release binaries (some minutes)");
    let mut build = workspace.cargo();
    build.args(["build", "--release", "--locked"]);
    build.args([
        "--package",
        "bongsu-edge-node",
        "--package",
        "bongsu-center-node",
    ]);
    sh(&mut build)?;

    let name = format!("bongsu-{}-{}", env!("CARGO_PKG_VERSION"), host(workspace)?);
    let dist = workspace.target.join("dist");
    stage(workspace, &dist.join(&name))?;
    pack(workspace, &dist, &name)
}

fn host(workspace: &Workspace) -> Result<String> {
    let version = output(
        Command::new("rustc")
            .arg("-vV")
            .current_dir(&workspace.root),
    )?;
    let host = version.lines().find_map(|line| line.strip_prefix("host: "));
    host.map(str::to_owned)
        .context("rustc did not name its host")
}

fn stage(workspace: &Workspace, folder: &Path) -> Result<()> {
    if folder.exists() {
        fs::remove_dir_all(folder)?;
    }
    let release = workspace.target.join("release");
    for program in ["bongsu-edge", "bongsu-center"] {
        copy(&release.join(program), &folder.join("bin").join(program))?;
    }
    for plugin in listed(&workspace.plugins(), "wasm")? {
        copy(
            &plugin,
            &folder
                .join("plugins")
                .join(plugin.file_name().unwrap_or_default()),
        )?;
    }
    // By which edges trust the built-ins.
    let list = "built-in.sha256";
    copy(
        &workspace.plugins().join(list),
        &folder.join("plugins").join(list),
    )?;
    for config in listed(&workspace.root.join("deploy"), "toml")? {
        copy(
            &config,
            &folder
                .join("etc")
                .join(config.file_name().unwrap_or_default()),
        )?;
    }
    for text in TEXTS {
        copy(&workspace.root.join(text), &folder.join(text))?;
    }
    Ok(())
}

/// The files of a folder with this extension, sorted.
fn listed(folder: &Path, extension: &str) -> Result<Vec<PathBuf>> {
    let entries =
        fs::read_dir(folder).with_context(|| format!("failed to list {}", folder.display()))?;
    let mut files = Vec::new();
    for entry in entries {
        let file = entry?.path();
        if file.extension().is_some_and(|found| found == extension) {
            files.push(file);
        }
    }
    files.sort();
    Ok(files)
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    if let Some(folder) = to.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::copy(from, to).with_context(|| format!("failed to copy {}", from.display()))?;
    Ok(())
}

fn pack(workspace: &Workspace, dist: &Path, name: &str) -> Result<()> {
    let time = output(
        Command::new("git")
            .args(["log", "-1", "--format=%cI"])
            .current_dir(&workspace.root),
    )?;
    let archive = format!("{name}.tar.gz");
    sh(Command::new("tar")
        .current_dir(dist)
        .args(["--sort=name", "--owner=0", "--group=0", "--numeric-owner"])
        .arg(format!("--mtime={}", time.trim()))
        .args(["--use-compress-program=gzip -9n", "-cf", &archive, name]))?;
    let sums = output(Command::new("sha256sum").arg(&archive).current_dir(dist))?;
    fs::write(dist.join("SHA256SUMS"), &sums)?;
    println!("{}", dist.join(&archive).display());
    print!("{sums}");
    Ok(())
}
