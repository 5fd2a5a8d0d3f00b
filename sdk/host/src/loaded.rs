//! What every loaded plugin can be asked, whatever its world.

use crate::{Counters, Limits, Manifest, PluginState, instance::Figures};

/// A loaded plugin as seen from outside.
#[derive(Clone, Copy)]
pub struct Loaded<'a> {
    /// The name it goes by.
    pub name: &'a str,
    /// What it says of itself.
    pub manifest: &'a Manifest,
    /// What it may use.
    pub limits: &'a Limits,
    /// What it has cost and how it has failed.
    pub counters: Counters,
    /// Size of the live instance's memory; 0 before its first call and after a trap.
    pub memory_bytes: usize,
    /// Its state.
    pub state: &'a PluginState,
    pub(crate) figures: &'a Figures,
}

impl<'a> Loaded<'a> {
    /// Counters of its own.
    pub fn reported_counters(&self) -> impl Iterator<Item = (&'a str, f64)> + use<'a> {
        let counters = &self.figures.counters;
        counters.iter().map(|(name, value)| (name.as_str(), *value))
    }

    /// Gauges of its own.
    pub fn reported_gauges(&self) -> impl Iterator<Item = (&'a str, f64)> + use<'a> {
        let gauges = &self.figures.gauges;
        gauges.iter().map(|(name, value)| (name.as_str(), *value))
    }
}
