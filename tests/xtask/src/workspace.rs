//! Where things are: the checkout, cargo's target directory, the cache outside the checkout.
//!
//! Nothing else in xtask builds such a path, so `CARGO_TARGET_DIR` and `build.target-dir` are honoured
//! everywhere or nowhere.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result};

use crate::shell;

/// The places a command works in.
pub(crate) struct Workspace {
    /// The checkout.
    pub(crate) root: PathBuf,
    /// Where cargo puts what it builds.
    pub(crate) target: PathBuf,
    /// For downloads that outlive a checkout: `$BONGSU_CACHE`, else `$XDG_CACHE_HOME/bongsu`, else
    /// `~/.cache/bongsu`, else inside the target directory.
    pub(crate) cache: PathBuf,
}

impl Workspace {
    /// Asks cargo.
    pub(crate) fn find() -> Result<Self> {
        let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml");
        let text = shell::output(
            Command::new(cargo_program())
                .args([
                    "metadata",
                    "--no-deps",
                    "--format-version",
                    "1",
                    "--manifest-path",
                ])
                .arg(manifest),
        )?;
        let metadata: serde_json::Value = serde_json::from_str(&text).context("cargo metadata")?;
        let place = |key: &str| {
            metadata
                .get(key)
                .and_then(|v| v.as_str())
                .map(PathBuf::from)
                .context("cargo metadata: no path")
        };
        let (root, target) = (place("workspace_root")?, place("target_directory")?);
        let cache = writable_cache().unwrap_or_else(|| target.join("cache"));
        Ok(Self {
            root,
            target,
            cache,
        })
    }

    /// Cargo, run in the checkout.
    pub(crate) fn cargo(&self) -> Command {
        let mut cargo = Command::new(cargo_program());
        cargo.current_dir(&self.root);
        cargo
    }

    /// Where built plugins are.
    pub(crate) fn plugins(&self) -> PathBuf {
        self.target.join("plugins")
    }

    /// A binary of the dev profile.
    pub(crate) fn binary(&self, name: &str) -> PathBuf {
        self.target.join("debug").join(name)
    }
}

fn cargo_program() -> String {
    env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned())
}

fn writable_cache() -> Option<PathBuf> {
    let place = env::var_os("BONGSU_CACHE").map(PathBuf::from).or_else(|| {
        let base = env::var_os("XDG_CACHE_HOME")
            .map(PathBuf::from)
            .or_else(|| Some(Path::new(&env::var_os("HOME")?).join(".cache")))?;
        Some(base.join("bongsu"))
    })?;
    fs::create_dir_all(&place).ok()?;
    let writable = fs::metadata(&place).is_ok_and(|found| !found.permissions().readonly());
    writable.then_some(place)
}
