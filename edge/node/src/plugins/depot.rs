//! Every version of every plugin by its hash, and which one serves: files under `data_dir/plugins`.
//!
//! A version is written once, under its hash, and read back only if it still has that hash. Which serves is one small
//! document, replaced as a whole.

use std::{
    collections::BTreeMap,
    fs, io,
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use bongsu_sdk_host::{ContentHash, PluginState, Signature};
use serde::{Deserialize, Serialize};

/// Which versions of one plugin matter.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Versions {
    /// The one that serves.
    pub(crate) current: Option<String>,
    /// The one before.
    #[serde(default)]
    pub(crate) before: Option<String>,
    /// Hash of the file in the watched directory when it was looked at last: only a new file is a new order.
    #[serde(default)]
    pub(crate) dropped: Option<String>,
}

/// The directory.
pub(crate) struct Depot {
    dir: PathBuf,
    bindings: BTreeMap<String, Versions>,
}

impl Depot {
    pub(crate) fn open(dir: &Path) -> anyhow::Result<Self> {
        for folder in ["versions", "state"] {
            let folder = dir.join(folder);
            let mut builder = fs::DirBuilder::new();
            let made = builder.recursive(true).mode(0o700).create(&folder);
            made.with_context(|| format!("failed to make `{}`", folder.display()))?;
        }
        let bindings = match fs::read(dir.join("bindings.json")) {
            Ok(bytes) => serde_json::from_slice(&bytes).with_context(|| {
                let path = dir.join("bindings.json");
                format!(
                    "`{}` is damaged, hint: remove it, plugins are then loaded from the directory",
                    path.display()
                )
            })?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => BTreeMap::new(),
            Err(error) => return Err(error).context("failed to read which plugins serve"),
        };
        Ok(Self {
            dir: dir.to_owned(),
            bindings,
        })
    }

    pub(crate) fn versions(&self, name: &str) -> Versions {
        self.bindings.get(name).cloned().unwrap_or_default()
    }

    pub(crate) fn names(&self) -> Vec<String> {
        self.bindings.keys().cloned().collect()
    }

    pub(crate) fn set(&mut self, name: &str, versions: Versions) -> anyhow::Result<()> {
        self.bindings.insert(name.to_owned(), versions);
        let bytes = serde_json::to_vec_pretty(&self.bindings)?;
        write(&self.dir.join("bindings.json"), &bytes).context("failed to note which plugin serves")
    }

    /// Keeps a version and the signature beside it.
    pub(crate) fn keep(&self, bytes: &[u8], signature: Option<&Signature>) -> anyhow::Result<()> {
        let path = self.version(&ContentHash::of(bytes).to_string());
        write(&path, bytes).context("failed to keep the plugin")?;
        if let Some(signature) = signature {
            write(
                &path.with_extension("sig"),
                signature.to_string().as_bytes(),
            )?;
        }
        Ok(())
    }

    /// A version that was kept, if it still is what it was.
    pub(crate) fn read(&self, hash: &str) -> anyhow::Result<(Vec<u8>, Option<Signature>)> {
        let path = self.version(hash);
        let bytes = fs::read(&path).with_context(|| format!("version {hash} is not kept here"))?;
        anyhow::ensure!(
            ContentHash::of(&bytes).to_string() == hash,
            "`{}` was damaged, hint: install the plugin again",
            path.display()
        );
        let beside = fs::read_to_string(path.with_extension("sig")).ok();
        let signature = beside.map(|text| text.parse()).transpose()?;
        Ok((bytes, signature))
    }

    /// The state of a plugin; empty if there is none or it is damaged.
    pub(crate) fn state(&self, name: &str) -> PluginState {
        let Ok(bytes) = fs::read(self.state_file(name)) else {
            return PluginState::default();
        };
        PluginState::decode(&bytes).unwrap_or_else(|error| {
            tracing::warn!(plugin = name, "its state is lost: {error}");
            PluginState::default()
        })
    }

    pub(crate) fn keep_state(&self, name: &str, state: &PluginState) -> anyhow::Result<()> {
        write(&self.state_file(name), &state.encode())
            .with_context(|| format!("failed to keep the state of plugin `{name}`"))
    }

    fn version(&self, hash: &str) -> PathBuf {
        self.dir.join("versions").join(hash).with_extension("wasm")
    }

    /// A plugin's name is lower-case letters, digits and dashes: safe as a file's.
    fn state_file(&self, name: &str) -> PathBuf {
        self.dir.join("state").join(name)
    }
}

/// Replaces a file as a whole, readable by this user only.
fn write(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    use io::Write as _;
    let part = path.with_extension("part");
    let mut file = fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&part)
        .with_context(|| format!("failed to write `{}`", part.display()))?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&part, path).with_context(|| format!("failed to write `{}`", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_kept_by_hash_and_damage_is_noticed() {
        let dir = tempfile::tempdir().unwrap();
        let mut depot = Depot::open(dir.path()).unwrap();
        let hash = ContentHash::of(b"one").to_string();
        depot.keep(b"one", None).unwrap();
        let versions = Versions {
            current: Some(hash.clone()),
            ..Versions::default()
        };
        depot.set("p", versions.clone()).unwrap();
        let depot = Depot::open(dir.path()).unwrap();
        assert_eq!(depot.versions("p"), versions);
        assert_eq!(depot.read(&hash).unwrap().0, b"one");
        fs::write(depot.version(&hash), b"two").unwrap();
        assert!(
            depot
                .read(&hash)
                .unwrap_err()
                .to_string()
                .contains("damaged")
        );
    }
}
