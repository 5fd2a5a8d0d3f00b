//! Questions about this site, answered here, WAN or no WAN.

use std::{collections::BTreeSet, sync::Arc};

use bongsu_edge_history::History;
use bongsu_sdk_analysis::Desk;
use bongsu_sdk_model::{AppId, SiteId, Timestamp};
use bongsu_sdk_plan::{Answer, Lang, Named, Plan, Vocabulary};
use jiff::tz::TimeZone;

use crate::local::{self, LocalBlocks, LocalRows};

/// Answers from the edge's own history.
#[derive(Clone)]
pub(crate) struct Ask {
    pub(crate) history: Arc<History>,
    pub(crate) site: SiteId,
    pub(crate) name: String,
    pub(crate) apps: Vec<AppId>,
    pub(crate) zone: TimeZone,
    pub(crate) rows: LocalRows,
}

impl Ask {
    /// Answers a question in its own language, or in `lang`. May take a while: call it where blocking is fine.
    pub(crate) fn question(&self, question: &str, lang: Option<Lang>, now: Timestamp) -> Answer {
        self.desk(now).answer(question, lang, self.blocks(now), now)
    }

    /// Executes a plan.
    pub(crate) fn plan(&self, plan: &Plan, lang: Lang, now: Timestamp) -> Answer {
        self.desk(now).execute(plan, self.blocks(now), now, lang)
    }

    /// This site's blocks as they are at `now`.
    pub(crate) fn blocks(&self, now: Timestamp) -> LocalBlocks {
        LocalBlocks {
            history: Arc::clone(&self.history),
            site: self.site.clone(),
            now,
            rows: self.rows.clone(),
        }
    }

    /// Applications can be named that are configured or were heard of lately.
    fn desk(&self, now: Timestamp) -> Desk {
        let site = Named {
            id: self.site.clone(),
            ko: self.name.clone(),
            en: self.site.to_string(),
            aliases: Vec::new(),
        };
        let heard = local::apps(&self.history, now).unwrap_or_default();
        let apps: BTreeSet<AppId> = self.apps.iter().cloned().chain(heard).collect();
        let vocabulary = Vocabulary {
            sites: vec![site],
            ..Vocabulary::of([], apps)
        };
        Desk::new(vocabulary, self.zone.clone())
    }
}
