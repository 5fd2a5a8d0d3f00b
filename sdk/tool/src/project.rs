//! A plugin's folder: which language it is in, what its manifest says, where its component is.

use std::{
    fs,
    path::{Path, PathBuf},
    time::SystemTime,
};

use anyhow::{Context as _, Result, bail};
use bongsu_sdk_host::Manifest;
use clap::ValueEnum;

/// What a plugin is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Language {
    /// Rust
    Rust,
    /// Python
    Python,
    /// JavaScript
    #[value(name = "js", alias = "javascript")]
    JavaScript,
}

impl Language {
    /// Every language.
    pub(crate) const ALL: [Self; 3] = [Self::Rust, Self::Python, Self::JavaScript];

    /// The file by which a project of this language is known.
    pub(crate) const fn main_file(self) -> &'static str {
        match self {
            Self::Rust => "Cargo.toml",
            Self::Python => "plugin.py",
            Self::JavaScript => "plugin.js",
        }
    }

    /// Its folder among the templates.
    pub(crate) const fn folder(self) -> &'static str {
        match self {
            Self::Rust => "rust",
            Self::Python => "python",
            Self::JavaScript => "js",
        }
    }
}

/// A plugin's folder.
#[derive(Debug)]
pub(crate) struct Project {
    pub(crate) dir: PathBuf,
    pub(crate) language: Language,
    pub(crate) manifest: Manifest,
    /// The manifest as it is written.
    pub(crate) manifest_json: Vec<u8>,
}

impl Project {
    /// Reads a folder.
    pub(crate) fn open(dir: &Path) -> Result<Self> {
        let shown = dir.display();
        let language = Language::ALL
            .into_iter()
            .find(|language| dir.join(language.main_file()).is_file());
        let Some(language) = language else {
            bail!(
                "`{shown}` holds no plugin (no Cargo.toml, plugin.py or plugin.js); hint: begin one with `bongsu-plugin new NAME --lang python`"
            );
        };
        let file = dir.join("plugin.json");
        let manifest_json =
            fs::read(&file).with_context(|| format!("failed to read `{}`", file.display()))?;
        let manifest = Manifest::parse(&manifest_json)
            .map_err(|reason| anyhow::anyhow!("`{}`: {reason}", file.display()))?;
        Ok(Self {
            dir: dir.to_owned(),
            language,
            manifest,
            manifest_json,
        })
    }

    /// Where `build` puts the component.
    pub(crate) fn component(&self) -> PathBuf {
        self.dir.join(&self.manifest.name).with_extension("wasm")
    }

    /// Whether the component is there and no source is newer.
    pub(crate) fn is_built(&self) -> bool {
        let built = fs::metadata(self.component()).and_then(|found| found.modified());
        built.is_ok_and(|built| !newer(&self.dir, built))
    }
}

/// Folders that hold no sources.
const NO_SOURCES: [&str; 5] = [".bongsu", "target", "tests", "node_modules", "__pycache__"];

fn newer(dir: &Path, than: SystemTime) -> bool {
    let Ok(entries) = fs::read_dir(dir) else {
        return true;
    };
    entries.filter_map(Result::ok).any(|entry| {
        let (name, path) = (entry.file_name(), entry.path());
        if path.is_dir() {
            return !NO_SOURCES.iter().any(|skipped| name == *skipped) && newer(&path, than);
        }
        let source = path.extension().is_some_and(|e| {
            ["rs", "toml", "lock", "py", "js", "json"]
                .iter()
                .any(|s| e == *s)
        });
        source
            && entry
                .metadata()
                .and_then(|found| found.modified())
                .is_ok_and(|changed| changed > than)
    })
}
