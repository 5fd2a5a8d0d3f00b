//! Everything known of one scope and interval.

use bongsu_sdk_model::{Counters, Gauges, IdentityMode, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{DistinctSketch, Histogram};

/// The highest `users.concurrent` (5-minute sliding window) reached inside an interval. Kept apart because
/// it can't be recovered from the union.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Peak {
    /// Distinct identities.
    pub users: f64,
    /// The instant at which the window ended.
    pub at: Timestamp,
}

/// Sums, levels, durations and distinct users of one scope and interval.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct RollUp {
    /// What is added up.
    pub counters: Counters,
    /// What is sampled.
    pub gauges: Gauges,
    /// Durations of requests whose source reports them.
    pub durations: Histogram,
    pub(crate) users: [DistinctSketch; 3],
    pub(crate) peaks: [Option<Peak>; 3],
}

impl RollUp {
    /// The distinct users of one mode.
    #[must_use]
    pub const fn users(&self, mode: IdentityMode) -> &DistinctSketch {
        let [ip, session, cookie] = &self.users;
        match mode {
            IdentityMode::Ip => ip,
            IdentityMode::Session => session,
            IdentityMode::Cookie => cookie,
        }
    }

    /// The distinct users of one mode, to add to.
    pub const fn users_mut(&mut self, mode: IdentityMode) -> &mut DistinctSketch {
        let [ip, session, cookie] = &mut self.users;
        match mode {
            IdentityMode::Ip => ip,
            IdentityMode::Session => session,
            IdentityMode::Cookie => cookie,
        }
    }

    /// Forgets who it was, and keeps everything else.
    pub fn forget_users(&mut self) {
        self.users = Default::default();
    }

    /// The highest concurrent users of one mode inside the interval, where the scope keeps it.
    #[must_use]
    pub fn peak(&self, mode: IdentityMode) -> Option<Peak> {
        self.peaks.get(mode.index()).copied().flatten()
    }

    /// Keeps `peak` if it is higher than what is held; of equal ones the earlier stays.
    pub fn offer_peak(&mut self, mode: IdentityMode, peak: Peak) {
        if let Some(held) = self.peaks.get_mut(mode.index()) {
            let better = held.is_none_or(|held| {
                peak.users > held.users || (peak.users == held.users && peak.at < held.at)
            });
            if better {
                *held = Some(peak);
            }
        }
    }

    /// Takes in another part of the same scope: a later interval, another site, or late data of the same
    /// interval. Counters add, sketches unite, peaks keep the highest **within one site**; across sites a
    /// peak of the union is not the higher of two peaks, and callers must not read it.
    pub fn merge(&mut self, other: &Self) {
        self.counters.add(&other.counters);
        self.gauges.merge(&other.gauges);
        self.durations.merge(&other.durations);
        for mode in IdentityMode::ALL {
            self.users_mut(mode).union(other.users(mode));
            if let Some(peak) = other.peak(mode) {
                self.offer_peak(mode, peak);
            }
        }
    }

    /// The best identification mode that saw anyone, in the order cookie, session, ip.
    #[must_use]
    pub fn best_mode(&self) -> Option<IdentityMode> {
        let best_first = [
            IdentityMode::Cookie,
            IdentityMode::Session,
            IdentityMode::Ip,
        ];
        best_first
            .into_iter()
            .find(|mode| !self.users(*mode).is_empty())
    }
}
