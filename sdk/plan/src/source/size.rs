//! What a source knows of the instances of an application: how many, what each carries, what is to be carried.

use bongsu_sdk_model::{AppId, SiteId, Timestamp, Window};

/// The instances of one application at one site.
#[derive(Debug, Clone, PartialEq)]
pub struct Pool {
    /// At which site.
    pub site: SiteId,
    /// Of which application.
    pub app: AppId,
    /// Instances heard in the query's window.
    pub have: u32,
    /// Their mean load in the query's window, per cent.
    pub load: f64,
    /// What follows, or why nothing does.
    pub advice: Result<PoolAdvice, PoolRefusal>,
}

/// How many instances a pool needs, with the arithmetic.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PoolAdvice {
    /// Transactions a second one instance carries at `load_at_most`.
    pub tps_per_instance: f64,
    /// The load that was taken at, per cent: the target, or less because the knee comes first.
    pub load_at_most: f64,
    /// Load of an idle instance, per cent.
    pub idle_load: f64,
    /// Points of load per transaction a second.
    pub load_per_tps: f64,
    /// Observations (instance × interval) that was learnt from.
    pub observations: u32,
    /// When they were made.
    pub learnt: Window,
    /// The demand that decides, transactions a second, at its upper edge.
    pub demand_tps: f64,
    /// When that demand is.
    pub demand_at: Timestamp,
    /// Whether it is a forecast; else it was measured.
    pub is_forecast: bool,
    /// Share kept free on top of the demand.
    pub headroom: f64,
    /// Instances that may fail.
    pub spare: u32,
    /// Instances needed, spares included.
    pub needed: u32,
    /// The first instant at which the present ones no longer do.
    pub by: Option<Timestamp>,
}

/// Why there is no advice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PoolRefusal {
    /// Too few observations.
    TooFew,
    /// Load and throughput were seen over too narrow a span.
    TooNarrow,
    /// Load does not follow throughput.
    Unrelated,
    /// No instance carries anything at the target load.
    OverTarget,
    /// Nothing is to be carried, or nothing was heard.
    NoDemand,
}
