//! The site's plugins: their configuration here, what runs them in [`slots`] (on the pipeline's thread), what loads them
//! in [`keeper`] (on a thread of its own), what keeps their versions in [`depot`].
//!
//! ```text
//! file dropped ─┐                                   ┌─► Slots ─► masker, detectors (between two batches)
//! API, center  ─┴─► Keeper: trust, compile, try ────┘      │
//!                      │  ▲                                └─ rolled back, quarantined ─► audit
//!                      ▼  └── Depot: every version by its hash, which one serves
//! ```
//!
//! ## Decisions
//!
//! - **Compiling has a thread of its own, swapping has none.** A Python plugin compiles for seconds; the pipeline takes
//!   a finished version in between two batches, which costs a move. No batch is lost or judged twice because
//!   one thread does one thing after the other.
//! - **A plugin that cannot be loaded does not keep the edge from starting**: sessions must live. It is listed as refused, and
//!   without a masker request targets are not kept.
//! - **Built-ins are trusted by the list `built-in.sha256` beside them**: whoever may write that directory is whoever may
//!   write the edge's configuration. What comes over the API is never judged by that list's directory, only by its hashes.

pub(crate) mod audit;
pub(crate) mod depot;
pub(crate) mod keeper;
pub(crate) mod slots;

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use bongsu_sdk_config::Section;
use bongsu_sdk_host::{ContentHash, Limits, Need, PublicKey, Trust};

/// What happens to a batch when its plugin fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FailurePolicy {
    /// The batch goes on without it.
    Open,
    /// A masker hides everything; a detector's failure is itself a finding.
    Closed,
    /// The version before is asked; without one as for `closed`.
    LastGood,
}

/// Where plugins are, whom to trust and what each is told. The section `plugins`: `dir` (default `plugins`) is watched for
/// components; `keys` are the trusted public keys in hexadecimal; `unsigned` is `refuse` or `allow`;
/// `[plugins.settings.<name>]` holds the settings of each, `[plugins.bindings.<name>]` its `failure`
/// policy (`open`, `closed`, `last-good`), further `grants` (`baselines`, `sessions`, `targets`) and limits.
#[derive(Debug, Clone)]
pub struct PluginConfig {
    dir: PathBuf,
    /// Versions, state and compiled code.
    pub(crate) store: PathBuf,
    keys: BTreeSet<PublicKey>,
    unsigned: bool,
    settings: Vec<(String, Vec<(String, String)>)>,
    bindings: Vec<(String, Binding)>,
}

/// What the operator decided about one plugin.
#[derive(Debug, Clone, Default)]
pub(crate) struct Binding {
    pub(crate) failure: Option<FailurePolicy>,
    pub(crate) grants: BTreeSet<Need>,
    pub(crate) deadline: Option<Duration>,
    pub(crate) memory_bytes: Option<usize>,
}

impl PluginConfig {
    pub(crate) fn read(section: Section, data_dir: &Path) -> Self {
        let dir = section.path("dir", "plugins");
        let keys = section
            .texts("keys", &[])
            .iter()
            .filter_map(|key| {
                let key = key.parse();
                key.map_err(|error| section.fault("keys", error)).ok()
            })
            .collect();
        let unsigned = section.text("unsigned", "refuse");
        if !["refuse", "allow"].contains(&unsigned.as_str()) {
            let hint = "hint: use \"refuse\" or, while developing, \"allow\"";
            section.fault("unsigned", format!("`{unsigned}` is unknown, {hint}"));
        }
        let all = section.section("settings");
        let settings = all
            .names()
            .into_iter()
            .map(|name| (name.clone(), all.section(&name).settings()))
            .collect();
        let all = section.section("bindings");
        let bindings = all
            .names()
            .into_iter()
            .map(|name| (name.clone(), Binding::read(all.section(&name))))
            .collect();
        section.finish();
        Self {
            dir,
            store: data_dir.join("plugins"),
            keys,
            unsigned: unsigned == "allow",
            settings,
            bindings,
        }
    }

    pub(crate) fn dir(&self) -> &Path {
        &self.dir
    }

    /// Whom to trust now: the list of built-ins is read anew, as it changes with an upgrade.
    pub(crate) fn trust(&self) -> Trust {
        let list = fs::read_to_string(self.dir.join("built-in.sha256")).unwrap_or_default();
        let hash = |line: &str| -> Option<ContentHash> { line.split(' ').next()?.parse().ok() };
        Trust {
            keys: self.keys.clone(),
            listed: list.lines().filter_map(hash).collect(),
            unsigned: self.unsigned,
        }
    }

    pub(crate) fn settings_of(&self, name: &str) -> Vec<(String, String)> {
        let found = self.settings.iter().find(|(of, _)| of == name);
        found.map_or_else(Vec::new, |(_, settings)| settings.clone())
    }

    pub(crate) fn binding_of(&self, name: &str) -> Binding {
        let found = self.bindings.iter().find(|(of, _)| of == name);
        found.map_or_else(Binding::default, |(_, binding)| binding.clone())
    }
}

impl Binding {
    fn read(section: Section) -> Self {
        let failure = section.optional_text("failure").and_then(|text| {
            let policy = match text.as_str() {
                "open" => Some(FailurePolicy::Open),
                "closed" => Some(FailurePolicy::Closed),
                "last-good" => Some(FailurePolicy::LastGood),
                _ => None,
            };
            if policy.is_none() {
                let hint = "hint: use \"open\", \"closed\" or \"last-good\"";
                section.fault("failure", format!("`{text}` is unknown, {hint}"));
            }
            policy
        });
        let grants = section
            .texts("grants", &[])
            .iter()
            .filter_map(|text| {
                let need = Need::ALL.into_iter().find(|need| need.name() == text);
                if need.is_none() {
                    let names = Need::ALL.map(Need::name).join(", ");
                    section.fault("grants", format!("`{text}` is unknown, hint: use {names}"));
                }
                need
            })
            .collect();
        let deadline = section
            .has("time_ms")
            .then(|| Duration::from_millis(section.integer("time_ms", 500, 1..=60_000)));
        let memory_bytes = section.has("memory_mib").then(|| {
            usize::try_from(section.integer("memory_mib", 32, 1..=1_024) << 20)
                .unwrap_or(usize::MAX)
        });
        section.finish();
        Self {
            failure,
            grants,
            deadline,
            memory_bytes,
        }
    }

    /// The host's defaults; what the operator set is applied after the plugin's wishes.
    pub(crate) fn limits(&self) -> Limits {
        let mut limits = Limits::default();
        limits.fixed_deadline = self.deadline;
        limits.fixed_memory_bytes = self.memory_bytes;
        limits
    }
}
