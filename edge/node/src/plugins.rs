//! Loads every component found in the plugin directory, whatever it implements.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use bongsu_sdk_config::Section;
use bongsu_sdk_host::{Detector, Engine, Manifest, Masker, Setup, WorldKind};

/// Settings of one plugin: its file's stem, and names and values of its own.
type Settings = (String, Vec<(String, String)>);

/// Where plugins are and what they are told. The section `plugins`: `dir` (default `plugins`) holds the
/// components, `[plugins.settings.<file stem>]` the settings of each.
#[derive(Debug, Clone)]
pub struct PluginConfig {
    dir: PathBuf,
    settings: Vec<Settings>,
}

impl PluginConfig {
    pub(crate) fn read(section: Section) -> Self {
        let dir = section.path("dir", "plugins");
        let all = section.section("settings");
        let settings = all
            .names()
            .into_iter()
            .map(|name| (name.clone(), all.section(&name).settings()))
            .collect();
        section.finish();
        Self { dir, settings }
    }

    /// The components in order of their names. A directory that is not there holds none.
    fn files(&self) -> anyhow::Result<Vec<PathBuf>> {
        let dir = self.dir.display();
        let entries = match fs::read_dir(&self.dir) {
            Ok(entries) => entries,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                tracing::warn!(
                    "no plugins: `{dir}` does not exist; request targets will not be kept"
                );
                return Ok(Vec::new());
            }
            Err(error) => return Err(error).with_context(|| format!("failed to list `{dir}`")),
        };
        let mut files: Vec<PathBuf> = entries
            .filter_map(|entry| entry.ok().map(|entry| entry.path()))
            .filter(|path| {
                path.extension()
                    .is_some_and(|extension| extension == "wasm")
            })
            .collect();
        files.sort_unstable();
        Ok(files)
    }

    fn settings_of(&self, name: &str) -> &[(String, String)] {
        self.settings
            .iter()
            .find(|(of, _)| of == name)
            .map_or(&[], |(_, settings)| settings)
    }
}

/// The plugins of a running pipeline.
pub(crate) struct Plugins {
    pub(crate) maskers: Vec<Masker>,
    pub(crate) detectors: Vec<Detector>,
    /// Keeps their deadlines ticking; must outlive them.
    pub(crate) engine: Engine,
}

impl Plugins {
    /// Compiles and starts all of them.
    pub(crate) fn load(config: &PluginConfig) -> anyhow::Result<Self> {
        let engine = Engine::new().context("failed to start the plugin engine")?;
        let mut plugins = Self {
            maskers: Vec::new(),
            detectors: Vec::new(),
            engine,
        };
        for file in config.files()? {
            plugins
                .load_one(&file, config)
                .with_context(|| format!("failed to load plugin `{}`", file.display()))?;
        }
        Ok(plugins)
    }

    fn load_one(&mut self, file: &Path, config: &PluginConfig) -> anyhow::Result<()> {
        let bytes = fs::read(file)?;
        let name = file.file_stem().unwrap_or_default().to_string_lossy();
        let mut setup = Setup::new(&name);
        setup.settings = config.settings_of(&name).to_vec();
        let manifest = Manifest::read(&name, &bytes)?;
        match manifest.world {
            WorldKind::Masker => {
                let masker = Masker::load(&self.engine, &bytes, &setup)?;
                self.maskers.push(masker);
            }
            WorldKind::Detector => {
                let detector = Detector::load(&self.engine, &bytes, &setup)?;
                self.detectors.push(detector);
            }
            WorldKind::Controller => {
                anyhow::bail!("controllers are not carried out by this edge")
            }
        }
        tracing::info!(
            "{} {name} {} is loaded",
            manifest.world.name(),
            manifest.version
        );
        Ok(())
    }
}
