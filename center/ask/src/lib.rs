//! Questions about the whole fleet, answered from the center's history.
//!
//! [`Ask`] understands a question with the planner (no model, no network), executes the plan over every
//! site's roll-ups and words the answer; [`Ask::source`] gives single figures by the same rules, so that a
//! tile on the dashboard and a sentence in an answer can't differ.
//!
//! Nothing here calls a model yet, opens a socket or reads a clock.
//!
//! ## Decisions
//!
//! - **The fleet's names are fixed at start, its applications are learned from what was heard**, so that a
//!   question can name an application the day it is deployed. Rejected: a list in `center.toml` to keep up.

#![forbid(unsafe_code)]

mod fleet;

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use bongsu_center_history::History;
use bongsu_sdk_analysis::{Desk, RollUpSource, calendar::Calendar};
use bongsu_sdk_model::{AppId, Scope, SiteId, Tier, Timestamp, Window};
use bongsu_sdk_plan::{Answer, Lang, Named, Plan, Source, Vocabulary};
use jiff::tz::TimeZone;

use crate::fleet::FleetBlocks;

/// How far back applications are remembered by name.
const APPS_KNOWN_FOR: Duration = Duration::from_secs(600);

/// Answers for all sites. Calls block while they read: make them where blocking is fine.
#[derive(Debug, Clone)]
pub struct Ask {
    history: Arc<History>,
    sites: Vec<Named<SiteId>>,
    zone: TimeZone,
}

impl Ask {
    /// An `Ask` over `history` for the sites of the fleet, which are also the ones coverage expects.
    #[must_use]
    pub const fn new(history: Arc<History>, sites: Vec<Named<SiteId>>, zone: TimeZone) -> Self {
        Self {
            history,
            sites,
            zone,
        }
    }

    /// The sites of the fleet.
    #[must_use]
    pub fn sites(&self) -> &[Named<SiteId>] {
        &self.sites
    }

    /// The zone in which instants are shown and days are cut.
    #[must_use]
    pub const fn zone(&self) -> &TimeZone {
        &self.zone
    }

    /// Answers a question in `lang`, or in its own language.
    #[must_use]
    pub fn question(&self, question: &str, lang: Option<Lang>, now: Timestamp) -> Answer {
        self.desk(now).answer(question, lang, self.blocks(), now)
    }

    /// Executes a plan, worded in `lang`.
    #[must_use]
    pub fn plan(&self, plan: &Plan, lang: Lang, now: Timestamp) -> Answer {
        self.desk(now).execute(plan, self.blocks(), now, lang)
    }

    /// The measurements behind the answers, for figures that stand alone. It keeps the blocks it has read:
    /// use one for figures of one instant, then drop it.
    #[must_use]
    pub fn source(&self, now: Timestamp) -> impl Source + '_ {
        RollUpSource::new(self.blocks(), now).with_calendar(Calendar::korea(self.zone.clone()))
    }

    fn blocks(&self) -> FleetBlocks<'_> {
        FleetBlocks {
            history: &self.history,
            sites: &self.sites,
        }
    }

    fn desk(&self, now: Timestamp) -> Desk {
        let apps = Vocabulary::of([], self.apps(now));
        let vocabulary = Vocabulary {
            sites: self.sites.clone(),
            ..apps
        };
        Desk::new(vocabulary, self.zone.clone())
    }

    /// Applications heard of lately. A store that fails here fails again, and is reported, in the answer.
    fn apps(&self, now: Timestamp) -> BTreeSet<AppId> {
        let mut apps = BTreeSet::new();
        let window = Window::ending_at(now, APPS_KNOWN_FOR);
        for site in &self.sites {
            let _ = self
                .history
                .visit(&site.id, window, Tier::Minute, &mut |block| {
                    apps.extend(block.scopes.keys().filter_map(Scope::app).cloned());
                });
        }
        apps
    }
}
