//! What a plugin says of itself: a JSON document in the custom section `bongsu:manifest` of the component, readable
//! without running it.
//!
//! Exactly one such section is in a component, wherever a toolchain puts it: in the component itself, or in the core module
//! inside (which is where Rust's linker leaves it).

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use wasmparser::{Parser, Payload};

use crate::{
    PluginError, SettingSpec,
    contract::{first_line_of, is_word, shorten},
};

/// The contract this host speaks: a plugin of any `1.x` up to this one loads.
pub const CONTRACT: &str = "bongsu:plugin@1.0.0";

/// The custom section that holds the manifest.
pub const MANIFEST_SECTION: &str = "bongsu:manifest";

/// Longest manifest.
const MOST_BYTES: usize = 64 << 10;
/// Most settings, authors, needs.
const MOST_ENTRIES: usize = 64;

/// Which of the three worlds a plugin implements.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum WorldKind {
    /// Raises findings.
    Detector,
    /// Hides personal data.
    Masker,
    /// Turns approved proposals into effects.
    Controller,
}

impl WorldKind {
    /// The name of the world in the contract.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Detector => "detector",
            Self::Masker => "masker",
            Self::Controller => "controller",
        }
    }
}

/// Something the operator has to grant. Log, clock and metrics need no grant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Need {
    /// A bounded key-value store of its own.
    State,
    /// What figures usually are.
    Baselines,
    /// Looking sessions up by token.
    Sessions,
    /// Masked request targets in transactions.
    Targets,
}

impl Need {
    /// Every need.
    pub const ALL: [Self; 4] = [Self::State, Self::Baselines, Self::Sessions, Self::Targets];

    /// Its name in manifests and configuration.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::State => "state",
            Self::Baselines => "baselines",
            Self::Sessions => "sessions",
            Self::Targets => "targets",
        }
    }
}

/// A kind of batch that a detector is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EventKind {
    /// Finished requests.
    Transactions,
    /// What happened to sessions.
    SessionEvents,
    /// Closed minutes.
    RollUps,
}

/// Limits a plugin wishes for; the operator's have the last word. Absent ones are the host's defaults.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wishes {
    /// Longest call, milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time_ms: Option<u64>,
    /// Most memory, MiB.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory_mib: Option<u64>,
    /// Most state, KiB.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state_kib: Option<u64>,
    /// Most findings of one batch.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub findings: Option<u64>,
    /// Most host calls of one batch.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host_calls: Option<u64>,
}

/// What a plugin says it is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// The contract it was built for, for example `bongsu:plugin@1.0.0`.
    pub contract: String,
    /// Lower-case letters, digits and dashes, at most 64 bytes.
    pub name: String,
    /// The plugin's own version, for example `1.2.0`; at most 32 bytes.
    pub version: String,
    /// The world it implements.
    pub world: WorldKind,
    /// What it does, in one sentence; at most 256 bytes.
    pub summary: String,
    /// Who wrote it.
    #[serde(default)]
    pub authors: Vec<String>,
    /// SPDX expression.
    #[serde(default)]
    pub licence: String,
    /// Kinds of batches a detector wants; transactions if it says nothing.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub events: BTreeSet<EventKind>,
    /// What has to be granted for it to work.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub needs: BTreeSet<Need>,
    /// Limits it wishes for.
    #[serde(default)]
    pub limits: Wishes,
    /// Its settings.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub settings: Vec<SettingSpec>,
}

impl Manifest {
    /// Reads the manifest of a component without running it. `plugin` is what errors call it.
    ///
    /// # Errors
    /// [`PluginError::NotComponent`] or [`PluginError::Manifest`].
    pub fn read(plugin: &str, component: &[u8]) -> Result<Self, PluginError> {
        if !is_component(component) {
            return Err(PluginError::NotComponent {
                plugin: plugin.to_owned(),
                reason: what_it_is(component).to_owned(),
            });
        }
        let sections = sections(component).map_err(|reason| PluginError::NotComponent {
            plugin: plugin.to_owned(),
            reason,
        })?;
        let refused = |reason: String| PluginError::Manifest {
            plugin: plugin.to_owned(),
            reason,
        };
        match sections.as_slice() {
            [] => Err(refused(format!(
                "there is no custom section `{MANIFEST_SECTION}`; hint: build it with `bongsu-plugin build`"
            ))),
            [one] => Self::parse(one).map_err(refused),
            more => Err(refused(format!("it has {} manifests", more.len()))),
        }
    }

    /// Reads a manifest from the JSON an author writes.
    ///
    /// # Errors
    /// What is wrong with it, for its author.
    pub fn parse(json: &[u8]) -> Result<Self, String> {
        if json.len() > MOST_BYTES {
            return Err(format!("it is longer than {MOST_BYTES} bytes"));
        }
        let mut manifest: Self =
            serde_json::from_slice(json).map_err(|e| shorten(&e.to_string()))?;
        manifest.check()?;
        if manifest.world == WorldKind::Detector && manifest.events.is_empty() {
            manifest.events.insert(EventKind::Transactions);
        }
        Ok(manifest)
    }

    /// `name@version`.
    #[must_use]
    pub fn signature(&self) -> String {
        format!("{}@{}", self.name, self.version)
    }

    fn check(&self) -> Result<(), String> {
        check_contract(&self.contract)?;
        if !is_word(&self.name, 64) {
            return Err(format!(
                "its name `{}` is not lower-case letters, digits and dashes",
                shorten(&self.name)
            ));
        }
        let version_char = |c: char| c.is_ascii_alphanumeric() || ".-+".contains(c);
        if self.version.is_empty()
            || self.version.len() > 32
            || !self.version.chars().all(version_char)
        {
            return Err(format!(
                "its version `{}` is not a version",
                shorten(&self.version)
            ));
        }
        let one_line = |what: &str, text: &str, bytes: usize| {
            if text.len() > bytes || text.chars().any(char::is_control) {
                return Err(format!(
                    "its {what} is longer than {bytes} bytes or not one line"
                ));
            }
            Ok(())
        };
        one_line("summary", &self.summary, 256)?;
        one_line("licence", &self.licence, 64)?;
        if self.authors.len() > MOST_ENTRIES || self.settings.len() > MOST_ENTRIES {
            return Err(format!(
                "it has more than {MOST_ENTRIES} authors or settings"
            ));
        }
        for author in &self.authors {
            one_line("author", author, 128)?;
        }
        for (i, setting) in self.settings.iter().enumerate() {
            setting.check()?;
            if self.settings.iter().take(i).any(|s| s.key == setting.key) {
                return Err(format!("setting `{}` is declared twice", setting.key));
            }
        }
        if self.world == WorldKind::Detector {
            Ok(())
        } else if self.events.is_empty() {
            self.check_needs()
        } else {
            Err("only a detector has `events`".to_owned())
        }
    }

    fn check_needs(&self) -> Result<(), String> {
        let may = |need: &&Need| match self.world {
            WorldKind::Detector => true,
            WorldKind::Masker => false,
            WorldKind::Controller => matches!(need, Need::State | Need::Sessions),
        };
        match self.needs.iter().find(|need| !may(need)) {
            None => Ok(()),
            Some(need) => Err(format!(
                "a {} cannot have `{}`",
                self.world.name(),
                need.name()
            )),
        }
    }
}

/// Within 1.x everything is only added, so an older minor version is fine and a newer one is not.
fn check_contract(contract: &str) -> Result<(), String> {
    let version = |text: &str| {
        let mut parts = text.strip_prefix("bongsu:plugin@")?.splitn(3, '.');
        let major: u32 = parts.next()?.parse().ok()?;
        let minor: u32 = parts.next()?.parse().ok()?;
        Some((major, minor))
    };
    let (Some(asked), Some(spoken)) = (version(contract), version(CONTRACT)) else {
        return Err(format!(
            "its contract `{}` is not like `{CONTRACT}`",
            shorten(contract)
        ));
    };
    if asked.0 != spoken.0 || asked.1 > spoken.1 {
        return Err(format!(
            "it was built for `{}` and this host speaks `{CONTRACT}`; hint: build it with this release's SDK, or update the host",
            shorten(contract)
        ));
    }
    Ok(())
}

/// A component's preamble: a module's differs in its version and layer.
fn is_component(bytes: &[u8]) -> bool {
    bytes.starts_with(b"\0asm\x0d\0\x01\0")
}

/// For the author: what was put here by mistake.
fn what_it_is(bytes: &[u8]) -> &'static str {
    match bytes {
        [] => "it is empty",
        [0, b'a', b's', b'm', 1, 0, 0, 0, ..] => "it is a core module, not a component",
        [b'P', b'K', 3, 4, ..] => "it is a zip archive",
        [0x1f, 0x8b, ..] => "it is a gzip archive",
        [0x7f, b'E', b'L', b'F', ..] => "it is a program of this machine",
        _ => "it does not begin as a component does",
    }
}

/// The contents of every manifest section, nested modules included.
fn sections(component: &[u8]) -> Result<Vec<Vec<u8>>, String> {
    let mut found = Vec::new();
    for payload in Parser::new(0).parse_all(component) {
        match payload {
            Ok(Payload::CustomSection(section)) if section.name() == MANIFEST_SECTION => {
                found.push(section.data().to_vec());
            }
            Ok(_) => {}
            Err(error) => return Err(first_line_of(&error.to_string())),
        }
    }
    Ok(found)
}

/// Appends a manifest to a component that has none: for toolchains that cannot place a custom section.
///
/// # Errors
/// [`PluginError::NotComponent`] or [`PluginError::Manifest`].
pub fn attach_manifest(
    plugin: &str,
    component: &[u8],
    json: &[u8],
) -> Result<Vec<u8>, PluginError> {
    match Manifest::read(plugin, component) {
        Err(PluginError::Manifest { .. }) if sections(component).is_ok_and(|s| s.is_empty()) => {}
        Err(error @ PluginError::NotComponent { .. }) => return Err(error),
        _ => {
            return Err(PluginError::Manifest {
                plugin: plugin.to_owned(),
                reason: "it has a manifest already".to_owned(),
            });
        }
    }
    Manifest::parse(json).map_err(|reason| PluginError::Manifest {
        plugin: plugin.to_owned(),
        reason,
    })?;
    let mut whole = component.to_vec();
    whole.extend(custom_section(MANIFEST_SECTION, json));
    Ok(whole)
}

/// A custom section as bytes, ready to be appended.
pub(crate) fn custom_section(name: &str, payload: &[u8]) -> Vec<u8> {
    let mut body = leb128(name.len());
    body.extend_from_slice(name.as_bytes());
    body.extend_from_slice(payload);
    let mut section = vec![0];
    section.extend(leb128(body.len()));
    section.extend(body);
    section
}

/// Unsigned LEB128, as section sizes are written.
fn leb128(mut value: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    loop {
        let low = u8::try_from(value & 0x7f).unwrap_or(0);
        value >>= 7;
        if value == 0 {
            bytes.push(low);
            return bytes;
        }
        bytes.push(low | 0x80);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"{"contract":"bongsu:plugin@1.0.0","name":"x","version":"1.0.0","world":"detector","summary":"s"}"#;

    fn refusal(json: &str) -> String {
        Manifest::parse(json.as_bytes()).err().unwrap_or_default()
    }

    #[test]
    fn a_detector_that_says_nothing_wants_transactions() {
        let manifest = Manifest::parse(GOOD.as_bytes()).unwrap();
        assert_eq!(manifest.events, BTreeSet::from([EventKind::Transactions]));
        assert_eq!(manifest.signature(), "x@1.0.0");
    }

    #[test]
    fn faults_are_named_for_the_author() {
        for (from, to, says) in [
            ("@1.0.0\"", "@2.0.0\"", "this host speaks"),
            ("@1.0.0\"", "@1.1.0\"", "this host speaks"),
            ("bongsu:plugin@1.0.0", "plugin", "is not like"),
            (r#""name":"x""#, r#""name":"X y""#, "its name `X y`"),
            (r#""version":"1.0.0""#, r#""version":"one two""#, "version"),
            (r#""world":"detector""#, r#""world":"mascot""#, "mascot"),
            (r#""summary":"s""#, r#""summary":"a\nb""#, "summary"),
            (
                r#""summary":"s""#,
                r#""summary":"s","need":["state"]"#,
                "`need`",
            ),
            (
                r#""world":"detector""#,
                r#""world":"masker","needs":["state"]"#,
                "a masker cannot have `state`",
            ),
        ] {
            let said = refusal(&GOOD.replacen(from, to, 1));
            assert!(said.contains(says), "{to}: {said}");
        }
    }

    #[test]
    fn what_is_no_component_is_called_what_it_is() {
        for (bytes, says) in [
            (&b""[..], "empty"),
            (b"PK\x03\x04....", "zip"),
            (b"\0asm\x01\0\0\0", "core module"),
            (b"#!/bin/sh\n", "does not begin"),
        ] {
            let error = Manifest::read("p", bytes).unwrap_err().to_string();
            assert!(error.contains(says), "{error}");
        }
    }

    #[test]
    fn a_manifest_is_attached_once_and_read_back() {
        let empty = b"\0asm\x0d\0\x01\0".to_vec();
        assert!(matches!(
            Manifest::read("p", &empty),
            Err(PluginError::Manifest { .. })
        ));
        let whole = attach_manifest("p", &empty, GOOD.as_bytes()).unwrap();
        assert_eq!(Manifest::read("p", &whole).unwrap().name, "x");
        assert!(attach_manifest("p", &whole, GOOD.as_bytes()).is_err());
        assert!(attach_manifest("p", &empty, b"{}").is_err());
    }
}
