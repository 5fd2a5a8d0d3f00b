//! `bongsu-plugin new`: a folder with a plugin that builds, its recorded test, the SDK and the contract.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, bail};
use clap::{Args, ValueEnum};
use rust_embed::RustEmbed;

use crate::project::Language;

/// The examples, one folder per language and world.
#[derive(RustEmbed)]
#[folder = "$CARGO_MANIFEST_DIR/templates"]
struct Templates;

#[derive(RustEmbed)]
#[folder = "$CARGO_MANIFEST_DIR/../../wit"]
pub(crate) struct Contract;

#[derive(RustEmbed)]
#[folder = "$CARGO_MANIFEST_DIR/../guest"]
struct RustSdk;

#[derive(RustEmbed)]
#[folder = "$CARGO_MANIFEST_DIR/../python"]
pub(crate) struct PythonSdk;

#[derive(RustEmbed)]
#[folder = "$CARGO_MANIFEST_DIR/../javascript"]
pub(crate) struct JavaScriptSdk;

/// What a plugin does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum World {
    /// Raises findings
    Detector,
    /// Hides personal data
    Masker,
    /// Carries out approved actions
    Controller,
}

impl World {
    const fn folder(self) -> &'static str {
        match self {
            Self::Detector => "detector",
            Self::Masker => "masker",
            Self::Controller => "controller",
        }
    }
}

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The plugin's name: lower-case letters, digits and dashes; also the folder that is made
    name: String,
    /// What it is written in
    #[arg(long, value_enum)]
    lang: Language,
    /// What it does
    #[arg(long, value_enum, default_value = "detector")]
    world: World,
}

pub(crate) fn run(options: &Options) -> Result<()> {
    let name = options.name.as_str();
    let word = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if !name.starts_with(|c: char| c.is_ascii_lowercase())
        || name.len() > 64
        || !name.chars().all(word)
    {
        bail!(
            "`{name}` is no name for a plugin; hint: use lower-case letters, digits and dashes, such as slow-requests"
        );
    }
    let dir = PathBuf::from(name);
    if dir.exists() {
        bail!("`{name}` is there already; hint: choose another name, or remove it");
    }
    write(&dir, name, options.lang, options.world)?;
    println!("made {name}/");
    println!();
    println!("  cd {name}");
    println!("  bongsu-plugin test       # builds it, then replays tests/*.jsonl");
    println!();
    println!("README.md there says what comes next.");
    Ok(())
}

/// Writes a project into `dir`.
fn write(dir: &Path, name: &str, language: Language, world: World) -> Result<()> {
    let from = format!("{}/{}/", language.folder(), world.folder());
    let common = format!("{}/common/", language.folder());
    for path in Templates::iter() {
        let to = path
            .strip_prefix(&from)
            .or_else(|| path.strip_prefix(&common))
            .or_else(|| path.strip_prefix("common/"))
            .or_else(|| path.strip_prefix(&format!("tests/{}/", world.folder())));
        if let (Some(to), Some(file)) = (to, Templates::get(&path)) {
            // Under their own names, cargo, git and node would take some of them for files of this repository.
            let to = to.strip_suffix(".in").unwrap_or(to);
            put(dir, to, &named(&file.data, name))?;
        }
    }
    match language {
        Language::Rust => {
            copy::<RustSdk>(&dir.join(".bongsu/sdk/guest"), "src/")?;
            copy::<Contract>(&dir.join(".bongsu/wit"), "")?;
        }
        Language::Python => copy::<PythonSdk>(dir, "bongsu.py")?,
        Language::JavaScript => copy::<JavaScriptSdk>(dir, "bongsu.")?,
    }
    Ok(())
}

/// Puts the plugin's name where the template has its own.
fn named(template: &[u8], name: &str) -> Vec<u8> {
    let text = String::from_utf8_lossy(template);
    text.replace("{{name}}", name).into_bytes()
}

/// Writes the files of `E` that begin with `prefix`.
pub(crate) fn copy<E: RustEmbed>(dir: &Path, prefix: &str) -> Result<()> {
    for path in E::iter().filter(|path| path.starts_with(prefix)) {
        if let Some(file) = E::get(&path) {
            put(dir, &path, &file.data)?;
        }
    }
    Ok(())
}

/// Writes one file and the folders above it.
pub(crate) fn put(dir: &Path, path: &str, bytes: &[u8]) -> Result<()> {
    let file = dir.join(path);
    let failed = || format!("failed to write `{}`", file.display());
    if let Some(folder) = file.parent() {
        fs::create_dir_all(folder).with_context(failed)?;
    }
    fs::write(&file, bytes).with_context(failed)
}

#[cfg(test)]
mod tests {
    use bongsu_sdk_host::{Manifest, WorldKind};

    use super::*;

    #[test]
    fn every_language_has_every_world_with_a_sound_manifest_and_a_recorded_test() {
        for language in Language::ALL {
            for (world, kind) in [
                (World::Detector, WorldKind::Detector),
                (World::Masker, WorldKind::Masker),
                (World::Controller, WorldKind::Controller),
            ] {
                let folder = tempfile::tempdir().unwrap();
                write(folder.path(), "my-plugin", language, world).unwrap();
                let read = |file: &str| fs::read_to_string(folder.path().join(file)).unwrap();
                let manifest = Manifest::parse(read("plugin.json").as_bytes()).unwrap();
                assert_eq!(
                    (manifest.name.as_str(), manifest.world),
                    ("my-plugin", kind)
                );
                assert!(folder.path().join(language.main_file()).is_file());
                assert!(read("README.md").starts_with("# my-plugin"));
                let tests = fs::read_dir(folder.path().join("tests")).unwrap().count();
                assert!(tests > 0, "{language:?} {world:?}");
            }
        }
    }

    #[test]
    fn the_copied_sdk_builds_with_what_the_workspace_builds_with() {
        let ours = include_str!("../../../Cargo.toml");
        let theirs = Templates::get("rust/common/.bongsu/sdk/guest/Cargo.toml.in").unwrap();
        let theirs = String::from_utf8_lossy(&theirs.data).into_owned();
        let line = |text: &str| {
            let line = text.lines().find(|line| line.starts_with("wit-bindgen"));
            line.unwrap_or_default().to_owned()
        };
        assert_eq!(line(ours), line(&theirs));
    }

    #[test]
    fn a_bad_name_says_what_a_good_one_is() {
        for name in ["Slow", "../x", "", "1st", "a b"] {
            let options = Options {
                name: name.to_owned(),
                lang: Language::Python,
                world: World::Detector,
            };
            let said = format!("{:#}", run(&options).unwrap_err());
            assert!(said.contains("hint: use lower-case"), "{name}: {said}");
        }
    }
}
