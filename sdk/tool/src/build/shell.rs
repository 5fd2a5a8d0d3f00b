//! Starting the tools of other people, and saying so.

use std::{
    env,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result, bail};

/// One line about what happens now, on standard error.
pub(super) fn say(what: &str) {
    eprintln!("bongsu-plugin: {what}");
}

/// Runs a program; shows what it printed only if it failed.
pub(super) fn run(command: &mut Command) -> Result<String> {
    let line = line_of(command);
    let output = command
        .output()
        .with_context(|| format!("failed to start `{line}`"))?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    if !output.status.success() {
        let trouble = String::from_utf8_lossy(&output.stderr);
        bail!("`{line}` ended with {}:\n{said}{trouble}", output.status);
    }
    Ok(said)
}

/// Finds a program in `PATH`.
pub(super) fn find(program: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    env::split_paths(&path)
        .map(|folder| folder.join(program))
        .find(|file| file.is_file())
}

/// A program named by an environment variable, in a folder of the project, or in `PATH`.
pub(super) fn tool(variable: &str, local: &Path, program: &str) -> Option<PathBuf> {
    env::var_os(variable)
        .map(PathBuf::from)
        .or_else(|| local.is_file().then(|| local.to_owned()))
        .or_else(|| find(program))
}

fn line_of(command: &Command) -> String {
    [command.get_program()]
        .into_iter()
        .chain(command.get_args())
        .map(|word| word.to_string_lossy().into_owned())
        .collect::<Vec<_>>()
        .join(" ")
}
