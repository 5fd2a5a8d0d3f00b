//! What is really so: the demo's own exact figures, from the season it fed, the traffic it made and the CPU
//! time it measured. Nothing here asks the platform.

use std::{collections::HashSet, sync::Arc, time::Duration};

use anyhow::Result;
use bongsu_sdk_model::{Tier, Timestamp, Window};

use crate::{clock, cpu::CpuMeter, live::Seen, season::Season, site::Site};

/// Time from a request's end, as the load generator sees it, until the center knows of it: the application
/// sends its spans twice a second, the edge its live figures every one.
const IN_FLIGHT: Duration = Duration::from_secs(5);

/// One site's part of the truth.
pub(crate) struct SiteTruth {
    /// The site.
    pub(crate) site: &'static Site,
    /// What was fed of its past.
    pub(crate) season: Season,
    /// Its application's use of CPU since live traffic began.
    pub(crate) cpu: CpuMeter,
}

/// The truth about the country.
pub(crate) struct Truth {
    /// Each site.
    pub(crate) sites: Vec<SiteTruth>,
    /// The window the season was fed for.
    pub(crate) fed: Window,
    /// Live requests.
    pub(crate) seen: Arc<Seen>,
}

/// Bounds of a count: some requests at the window's ends may be counted or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Bounds {
    /// Least.
    pub(crate) least: usize,
    /// Most.
    pub(crate) most: usize,
}

impl Truth {
    /// Distinct people in `window`, at one site or everywhere. Exact where the window is over and of whole
    /// minutes: history is kept in minutes, and what is live is on its way for a while.
    pub(crate) fn people(&self, window: Window, site: Option<&str>) -> Bounds {
        let minute = Tier::Minute.width();
        let floor = |at| Tier::Minute.floor(at);
        let ceil = |at: Timestamp| {
            if floor(at) == at {
                at
            } else {
                floor(at).plus(minute)
            }
        };
        let least = (
            self.fed_cookies(Window::new(ceil(window.from), floor(window.to)), site),
            Window::new(window.from.plus(IN_FLIGHT), window.to.minus(IN_FLIGHT)),
        );
        let most = (
            self.fed_cookies(Window::new(floor(window.from), ceil(window.to)), site),
            Window::new(window.from.minus(IN_FLIGHT), window.to.plus(IN_FLIGHT)),
        );
        let count = |(fed, live): (HashSet<String>, Window)| {
            fed.union(&self.seen.cookies(live, site)).count()
        };
        Bounds {
            least: count(least),
            most: count(most),
        }
    }

    /// Each site's use of CPU, % of one CPU, highest first.
    pub(crate) fn cpu(&self) -> Result<Vec<(&'static str, f64)>> {
        let now: Timestamp = clock::now();
        let mut measured = Vec::new();
        for site in &self.sites {
            measured.push((site.site.id, site.cpu.percent(now)?));
        }
        measured.sort_by(|a, b| b.1.total_cmp(&a.1));
        Ok(measured)
    }

    fn fed_cookies(&self, window: Window, site: Option<&str>) -> HashSet<String> {
        let inside = Window::new(window.from.max(self.fed.from), window.to.min(self.fed.to));
        let wanted = self
            .sites
            .iter()
            .filter(|truth| site.is_none_or(|site| site == truth.site.id));
        wanted
            .flat_map(|truth| truth.season.cookies(inside))
            .collect()
    }
}
