//! What is really so: the demo's own exact figures, from the season it fed, the traffic it made and the CPU
//! time it measured. Nothing here asks the platform.

use std::{collections::HashSet, sync::Arc, time::Duration};

use anyhow::Result;
use bongsu_sdk_model::{Timestamp, Window};

use crate::{clock, cpu::CpuMeter, live::Seen, season::Season, site::Site};

/// How far apart the demo's and the platform's idea of a request's end may be: the way back through nginx to
/// the load generator, on a busy machine.
const IN_FLIGHT: Duration = Duration::from_secs(3);

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
    /// Distinct people in `window`, at one site or everywhere. Exact where the window is over and was fed;
    /// where live traffic crosses its ends, bounds.
    pub(crate) fn people(&self, window: Window, site: Option<&str>) -> Bounds {
        let narrow = Window::new(window.from.plus(IN_FLIGHT), window.to.minus(IN_FLIGHT));
        let wide = Window::new(window.from.minus(IN_FLIGHT), window.to.plus(IN_FLIGHT));
        let fed: HashSet<String> = self.fed_cookies(window, site);
        let with = |live: HashSet<String>| fed.union(&live).count();
        Bounds {
            least: with(self.seen.cookies(narrow, site)),
            most: with(self.seen.cookies(wide, site)),
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
