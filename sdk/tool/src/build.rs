//! `bongsu-plugin build`: a folder becomes one component with its manifest inside.

mod export;
mod javascript;
mod python;
mod rust;
mod shell;

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result};
use clap::Args;

use crate::project::{Language, Project};

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The plugin's folder
    #[arg(default_value = ".")]
    dir: PathBuf,
}

pub(crate) fn run(options: &Options) -> Result<()> {
    let project = Project::open(&options.dir)?;
    let component = build(&project)?;
    let size = fs::metadata(&component)?.len();
    println!("{} ({} KiB)", component.display(), size.div_ceil(1024));
    Ok(())
}

/// Builds the component and says where it is.
pub(crate) fn build(project: &Project) -> Result<PathBuf> {
    let bytes = match project.language {
        Language::Rust => rust::build(project)?,
        Language::Python => python::build(project)?,
        Language::JavaScript => javascript::build(project)?,
    };
    // What it claims to be is checked here, not first on an edge.
    bongsu_sdk_host::Manifest::read(&project.manifest.name, &bytes)?;
    let to = project.component();
    let part = to.with_extension("part");
    fs::write(&part, bytes).with_context(|| format!("failed to write `{}`", part.display()))?;
    fs::rename(&part, &to).with_context(|| format!("failed to write `{}`", to.display()))?;
    Ok(to)
}

/// The folder of a project that is not the author's.
fn workshop(dir: &Path) -> Result<PathBuf> {
    let folder = dir.join(".bongsu");
    fs::create_dir_all(&folder)
        .with_context(|| format!("failed to make `{}`", folder.display()))?;
    Ok(folder.canonicalize()?)
}
