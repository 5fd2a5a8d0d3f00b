//! Python: one virtual environment per list of pinned requirements, kept outside the checkout.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result};

use crate::{
    needs::{self, PYTHON},
    shell::{find, output, run, say, succeeds},
    stamp,
    workspace::Workspace,
};

/// The first interpreter that can make a virtual environment with pip inside.
pub(crate) fn system() -> Option<PathBuf> {
    ["/usr/bin/python3".into()]
        .into_iter()
        .chain(find("python3"))
        .find(|python| succeeds(Command::new(python).args(["-c", "import venv, ensurepip"])))
}

/// The interpreter of an environment that holds exactly what `requirements` lists; made on first use.
/// None when Python is missing or the packages cannot be had, which has then been reported as a skip.
///
/// # Errors
/// If the requirements cannot be read; with `CI=true`, if the environment cannot be made.
pub(crate) fn environment(workspace: &Workspace, requirements: &Path) -> Result<Option<PathBuf>> {
    let list = fs::read_to_string(requirements)
        .with_context(|| format!("failed to read {}", requirements.display()))?;
    if !needs::ensure(&[&PYTHON])?.is_empty() {
        return Ok(None);
    }
    let Some(python) = system() else {
        return Ok(None);
    };
    let version = output(Command::new(&python).arg("--version"))?;
    let place = workspace
        .cache
        .join(format!("python-{}", stamp::of_texts(&[&list, &version])));
    let inside = place.join("bin/python");
    let complete = place.join(".complete");
    if complete.exists() && succeeds(Command::new(&inside).args(["-c", ""])) {
        return Ok(Some(inside));
    }
    say(format!(
        "making a Python environment from {} (once)",
        requirements.display()
    ));
    match make(&python, &place, requirements) {
        Ok(()) => {
            fs::write(complete, version)?;
            Ok(Some(inside))
        }
        Err(error) => {
            needs::skip("the Python environment", &format!("{error:#}"))?;
            Ok(None)
        }
    }
}

fn make(python: &Path, place: &Path, requirements: &Path) -> Result<()> {
    run(Command::new(python)
        .args(["-m", "venv", "--clear"])
        .arg(place))?;
    run(Command::new(place.join("bin/python"))
        .args([
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
            "--requirement",
        ])
        .arg(requirements))
}
