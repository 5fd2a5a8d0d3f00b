//! Whether a component is what it was loaded as: its imports, its exports and what it says of itself; and the rules for
//! words and lines that come from a guest.

use wasmtime::component::{Component, Linker};

use crate::{
    Engine, PluginError, bindings::masker::bongsu::plugin::types, instance::InstanceState,
    sandbox::World,
};

/// What a plugin says it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Manifest {
    /// Lower-case letters, digits and dashes.
    pub name: String,
    /// The plugin's own version.
    pub version: String,
    /// What it does, in one sentence.
    pub summary: String,
}

/// Checks imports and exports against the world.
pub(crate) fn link<W: World>(
    engine: &Engine,
    plugin: &str,
    component: &Component,
) -> Result<W::Pre, PluginError> {
    let refused = |reason| PluginError::Contract {
        plugin: plugin.to_owned(),
        world: W::NAME,
        reason,
    };
    let asked = component.component_type();
    let foreign: Vec<&str> = asked
        .imports(engine.wasm())
        .map(|(name, _)| name)
        .filter(|name| !granted(name))
        .collect();
    if !foreign.is_empty() {
        return Err(refused(format!(
            "it imports {}, which is not granted; hint: build for wasm32-unknown-unknown, without WASI",
            shorten(&foreign.join(", "))
        )));
    }
    let mut linker = Linker::new(engine.wasm());
    InstanceState::link(&mut linker).map_err(|e| refused(first_line(&e)))?;
    let pre = linker
        .instantiate_pre(component)
        .map_err(|e| refused(first_line(&e)))?;
    W::prepare(pre).map_err(|e| refused(first_line(&e)))
}

fn granted(import: &str) -> bool {
    let name = import.strip_prefix("bongsu:plugin/").unwrap_or_default();
    name.starts_with("host@1.") || name.starts_with("types@1.")
}

/// Checks what a plugin says it is.
pub(crate) fn check<W: World>(said: types::Manifest) -> Result<Manifest, String> {
    if said.world != W::NAME {
        return Err(format!("it says that it is a `{}`", shorten(&said.world)));
    }
    if !is_word(&said.name, 64) {
        return Err(format!(
            "its name `{}` is not lower-case letters, digits and dashes",
            shorten(&said.name)
        ));
    }
    let version_char = |c: char| c.is_ascii_alphanumeric() || ".-+".contains(c);
    if said.version.is_empty() || said.version.len() > 32 || !said.version.chars().all(version_char)
    {
        return Err(format!(
            "its version `{}` is not a version",
            shorten(&said.version)
        ));
    }
    if said.summary.len() > 256 || said.summary.chars().any(char::is_control) {
        return Err("its summary is longer than 256 bytes or not one line".to_owned());
    }
    Ok(Manifest {
        name: said.name,
        version: said.version,
        summary: said.summary,
    })
}

/// A stable word: lower-case letters, digits, `-` and `_`.
pub(crate) fn is_word(text: &str, bytes: usize) -> bool {
    let word_char = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_';
    !text.is_empty() && text.len() <= bytes && text.chars().all(word_char)
}

/// The innermost cause, in one short line.
pub(crate) fn first_line(error: &wasmtime::Error) -> String {
    shorten(
        error
            .root_cause()
            .to_string()
            .lines()
            .next()
            .unwrap_or_default(),
    )
}

/// At most 200 bytes of what a guest or its author wrote, without control characters.
pub(crate) fn shorten(text: &str) -> String {
    let short = text
        .get(..text.floor_char_boundary(200))
        .unwrap_or_default();
    short
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect()
}
