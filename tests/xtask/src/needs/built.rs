//! Programs of the tests in other languages: built outside the checkout, once per content of their sources.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::Result;

use crate::{
    needs::{self, GO, JAVA, MAVEN},
    shell::{output, run, say},
    stamp,
    workspace::Workspace,
};

/// The folder with every Java application built, each with its packages; made on first use. None when it
/// can't be made, which has then been reported as a skip.
///
/// # Errors
/// If the sources cannot be read; with `CI=true`, if the applications cannot be built.
pub(crate) fn java(workspace: &Workspace, sources: &Path) -> Result<Option<PathBuf>> {
    let (Some(java), Some(maven)) = (JAVA.place(), MAVEN.place()) else {
        return Ok(None);
    };
    let version = output(Command::new(java).arg("--version"))?;
    let repository = format!(
        "-Dmaven.repo.local={}",
        workspace.cache.join("maven").display()
    );
    once(workspace, "java", sources, &version, |place| {
        let mut command = Command::new(maven);
        command.args(["--batch-mode", "--quiet", "--strict-checksums"]);
        run(command.args([&repository, "package"]).current_dir(place))
    })
}

/// The built Go application, as [`java`].
///
/// # Errors
/// As [`java`].
pub(crate) fn go(workspace: &Workspace, sources: &Path) -> Result<Option<PathBuf>> {
    let Some(go) = GO.place() else {
        return Ok(None);
    };
    let version = output(Command::new(&go).arg("version"))?;
    let place = once(workspace, "go", sources, &version, |place| {
        let mut command = Command::new(go);
        // A module's own wish for a newer Go would be a download of one.
        command.env("GOTOOLCHAIN", "local").env("CGO_ENABLED", "0");
        command.env("GOPATH", workspace.cache.join("go"));
        command.env("GOCACHE", workspace.cache.join("go-build"));
        command.args([
            "build",
            "-trimpath",
            "-modcacherw",
            "-o",
            "application",
            ".",
        ]);
        run(command.current_dir(place))
    })?;
    Ok(place.map(|place| place.join("application")))
}

fn once(
    workspace: &Workspace,
    language: &str,
    sources: &Path,
    version: &str,
    build: impl FnOnce(&Path) -> Result<()>,
) -> Result<Option<PathBuf>> {
    let digest = stamp::of_texts(&[&stamp::of_folder(sources, &["target"])?, version]);
    let place = workspace.cache.join(format!("{language}-{digest}"));
    let complete = place.join(".complete");
    if complete.exists() {
        return Ok(Some(place));
    }
    say(format!("building {} (once)", sources.display()));
    fs::create_dir_all(&place)?;
    run(Command::new("cp")
        .arg("-R")
        .arg(sources.join("."))
        .arg(&place))?;
    match build(&place) {
        Ok(()) => {
            fs::write(complete, version)?;
            Ok(Some(place))
        }
        Err(error) => {
            needs::skip(
                &format!("the {language} applications"),
                &format!("{error:#}"),
            )?;
            Ok(None)
        }
    }
}
