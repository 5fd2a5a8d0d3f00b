//! How loading or calling a plugin fails.

use std::time::Duration;

/// Why a plugin was refused or a call failed. The text is for the operator and names the plugin.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PluginError {
    /// The engine itself could not be made.
    #[error("failed to start the plugin engine: {reason}")]
    Engine {
        /// What went wrong.
        reason: String,
    },
    /// The bytes are not a WebAssembly component.
    #[error(
        "plugin `{plugin}` is not a WebAssembly component: {reason}; hint: build it with `bongsu-plugin build`"
    )]
    NotComponent {
        /// The name it was loaded under.
        plugin: String,
        /// What the bytes are instead, or where they end.
        reason: String,
    },
    /// Its manifest is missing or wrong.
    #[error("plugin `{plugin}` has no usable manifest: {reason}")]
    Manifest {
        /// The name it was loaded under.
        plugin: String,
        /// What is wrong with it.
        reason: String,
    },
    /// Nobody the operator trusts vouches for it.
    #[error("plugin `{plugin}` may not run: {reason}")]
    Signature {
        /// The name it was loaded under.
        plugin: String,
        /// What is wrong with its signature.
        reason: String,
    },
    /// It needs something of the host that the operator has not granted, or called it without saying so in its manifest.
    #[error(
        "plugin `{plugin}` asks for `{interface}`, which it is not granted; hint: its manifest must need it, and the operator grant it"
    )]
    Ungranted {
        /// The name it was loaded under.
        plugin: String,
        /// What it asked for.
        interface: &'static str,
    },
    /// It is a component, but not of the world asked for: an import this host does not grant, an export missing or of
    /// another type, or a manifest that contradicts it.
    #[error("plugin `{plugin}` does not implement `bongsu:plugin/{world}@1.0.0`: {reason}")]
    Contract {
        /// The name it was loaded under.
        plugin: String,
        /// The world it was loaded as.
        world: &'static str,
        /// What does not fit.
        reason: String,
    },
    /// The plugin refused its settings.
    #[error("plugin `{plugin}` refused its settings: {reason}")]
    Settings {
        /// The name it was loaded under.
        plugin: String,
        /// In the plugin's own words.
        reason: String,
    },
    /// The call took longer than its deadline.
    #[error("plugin `{plugin}` was stopped after {limit:?}")]
    Deadline {
        /// The name it was loaded under.
        plugin: String,
        /// The deadline.
        limit: Duration,
    },
    /// The plugin wanted more memory than it may have, and gave up.
    #[error("plugin `{plugin}` needed more than {limit_bytes} bytes of memory")]
    Memory {
        /// The name it was loaded under.
        plugin: String,
        /// The limit.
        limit_bytes: usize,
    },
    /// The plugin called the host more often than it may.
    #[error("plugin `{plugin}` called the host more than {limit} times in one batch")]
    HostCalls {
        /// The name it was loaded under.
        plugin: String,
        /// The limit.
        limit: u32,
    },
    /// The plugin trapped.
    #[error("plugin `{plugin}` trapped: {reason}")]
    Trap {
        /// The name it was loaded under.
        plugin: String,
        /// The panic's text if the plugin reported one, else the kind of trap.
        reason: String,
    },
    /// The plugin answered something the contract forbids. Nothing of the answer was used.
    #[error("plugin `{plugin}` answered nonsense: {reason}")]
    Nonsense {
        /// The name it was loaded under.
        plugin: String,
        /// Which rule was broken.
        reason: String,
    },
}
