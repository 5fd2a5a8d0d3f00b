//! Whether a component is what it was loaded as, in its imports and exports; and the rules for words and lines that come
//! from a guest.

use wasmtime::component::{Component, Linker};

use crate::{Engine, PluginError, instance::InstanceState, sandbox::World};

/// The interfaces of the contract that a component may import. Whether a call is granted is decided when it is made.
const INTERFACES: [&str; 7] = [
    "types",
    "log",
    "clock",
    "state",
    "metrics",
    "baselines",
    "sessions",
];

/// Checks imports and exports against the world.
pub(crate) fn link<W: World>(
    engine: &Engine,
    plugin: &str,
    component: &Component,
) -> Result<W::Pre, PluginError> {
    let refused = |reason| PluginError::Contract {
        plugin: plugin.to_owned(),
        world: W::KIND.name(),
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
    name.split_once("@1.")
        .is_some_and(|(name, _)| INTERFACES.contains(&name))
}

/// A stable word: lower-case letters, digits, `-` and `_`.
pub(crate) fn is_word(text: &str, bytes: usize) -> bool {
    let word_char = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_';
    !text.is_empty() && text.len() <= bytes && text.chars().all(word_char)
}

/// The innermost cause, in one short line.
pub(crate) fn first_line(error: &wasmtime::Error) -> String {
    first_line_of(&error.root_cause().to_string())
}

/// The first line of a text, short.
pub(crate) fn first_line_of(text: &str) -> String {
    shorten(text.lines().next().unwrap_or_default())
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
