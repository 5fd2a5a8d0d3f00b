//! Everything that goes wrong on the way to the center, for a while, by a seed: at the end the center's counters
//! equal the generator's exactly, and nobody was counted twice.
//!
//! Two campaigns: real processes on a link of bad weather that are killed at random (a minute here,
//! `BONGSU_CHAOS_MINUTES` of it by `cargo xtask chaos`), and the stores and state machines themselves through
//! days of cuts and crashes under a simulated clock (six hours here, `BONGSU_CHAOS_HOURS` by `cargo xtask chaos`).
//! `BONGSU_CHAOS_SEED` repeats a run.

#![expect(
    clippy::indexing_slicing,
    reason = "JSON gives null where there is nothing"
)]

#[path = "chaos/real.rs"]
mod real;
#[path = "chaos/simulated.rs"]
mod simulated;

use std::env;

use anyhow::Result;

fn setting(variable: &str, default: u64) -> Result<u64> {
    match env::var(variable) {
        Ok(value) => Ok(value.parse()?),
        Err(_) => Ok(default),
    }
}

#[test]
fn bad_weather_and_kills_lose_and_double_nothing() -> Result<()> {
    let minutes = setting("BONGSU_CHAOS_MINUTES", 1)?;
    real::campaign(minutes, setting("BONGSU_CHAOS_SEED", 1)?)
}

#[test]
fn days_of_cuts_and_crashes_coarsen_but_lose_and_double_nothing() -> Result<()> {
    let hours = setting("BONGSU_CHAOS_HOURS", 6)?;
    simulated::campaign(hours, setting("BONGSU_CHAOS_SEED", 1)?)
}
