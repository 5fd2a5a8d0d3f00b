//! A plugin in the real host, with the limits an edge gives it.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::{Context as _, Result, bail};
use bongsu_sdk_host::{
    Controller, Detector, Engine, Limits, Loaded, Manifest, Masker, Setup, WorldKind,
};

use crate::{build, project::Project, replay::Facts};

/// A loaded plugin of any world.
pub(crate) enum Plugin {
    Detector(Detector),
    Masker(Masker),
    Controller(Controller),
}

impl Plugin {
    pub(crate) fn loaded(&self) -> Loaded<'_> {
        match self {
            Self::Detector(plugin) => plugin.loaded(),
            Self::Masker(plugin) => plugin.loaded(),
            Self::Controller(plugin) => plugin.loaded(),
        }
    }
}

/// A component's file: what was named, or what the named folder builds.
pub(crate) fn component(path: &Path) -> Result<PathBuf> {
    if !path.is_dir() {
        return Ok(path.to_owned());
    }
    let project = Project::open(path)?;
    if project.is_built() {
        Ok(project.component())
    } else {
        build::build(&project)
    }
}

/// Reads a component.
pub(crate) fn read(file: &Path) -> Result<Vec<u8>> {
    fs::read(file).with_context(|| format!("failed to read `{}`", file.display()))
}

/// Loads a component with what its manifest needs granted and wishes for.
pub(crate) fn load(
    engine: &Engine,
    bytes: &[u8],
    settings: &[String],
    site: &Arc<Facts>,
) -> Result<Plugin> {
    let manifest = Manifest::read("plugin", bytes)?;
    let site: Arc<dyn bongsu_sdk_host::Site> = Arc::<Facts>::clone(site);
    let setup = Setup {
        limits: Limits::default().with_wishes(&manifest.limits),
        grants: manifest.needs.clone(),
        settings: pairs(settings)?,
        site,
        ..Setup::new(&manifest.name)
    };
    Ok(match manifest.world {
        WorldKind::Detector => Plugin::Detector(Detector::load(engine, bytes, &setup)?),
        WorldKind::Masker => Plugin::Masker(Masker::load(engine, bytes, &setup)?),
        WorldKind::Controller => Plugin::Controller(Controller::load(engine, bytes, &setup)?),
    })
}

fn pairs(settings: &[String]) -> Result<Vec<(String, String)>> {
    settings
        .iter()
        .map(|setting| match setting.split_once('=') {
            Some((key, value)) => Ok((key.to_owned(), value.to_owned())),
            None => bail!("`{setting}` is no setting; hint: write --set key=value"),
        })
        .collect()
}
