//! Covers a window with the coarsest blocks that tile it, each instant once.

use std::collections::BTreeSet;

use bongsu_sdk_model::{SiteId, Tier, Timestamp, Window};
use bongsu_sdk_sketch::Block;

use crate::{History, HistoryError, keys};

impl History {
    /// Hands blocks of `site` that together cover `window` to `visit`: derived hours and five minutes where they
    /// are whole, up to date and allowed by `coarsest`, else minutes, and for minutes that have not come yet the live 2-second blocks. A block
    /// belongs to the window in which it **starts**, so that adjacent windows share none.
    ///
    /// # Errors
    /// [`HistoryError`] if the store can't be read or a block is damaged.
    pub fn visit(
        &self,
        site: &SiteId,
        window: Window,
        coarsest: Tier,
        visit: &mut dyn FnMut(Block),
    ) -> Result<(), HistoryError> {
        let mut recent = BTreeSet::new();
        let mut at = window.from;
        while at < window.to {
            let rest = Window::new(at, window.to);
            if let Some(block) = self.derived(site, rest, coarsest)? {
                at = block.window().to;
                visit(block);
                continue;
            }
            let five = Tier::FiveMinutes.interval(Tier::FiveMinutes.floor(at));
            let part = Window::new(at, five.to.min(window.to));
            at = part.to;
            self.visit_minutes(site, part, &mut |block| {
                recent.insert(block.start);
                visit(block);
            })?;
        }
        self.visit_live(site, window, &recent, visit);
        Ok(())
    }

    /// The widest derived block that starts where `rest` does and ends within it.
    fn derived(
        &self,
        site: &SiteId,
        rest: Window,
        coarsest: Tier,
    ) -> Result<Option<Block>, HistoryError> {
        for (tier, tree) in [(Tier::Hour, &self.hour), (Tier::FiveMinutes, &self.five)] {
            let interval = tier.interval(rest.from);
            let fits =
                tier <= coarsest && tier.floor(rest.from) == rest.from && interval.to <= rest.to;
            if fits && let Some(bytes) = tree.get(keys::of_site_instant(site, rest.from))? {
                return Self::decode(&bytes).map(Some);
            }
        }
        Ok(None)
    }

    /// Derives up to `limit` hours that have changed and ended, each with its twelve times five minutes; gives
    /// how many it did. Call now and then.
    ///
    /// # Errors
    /// [`HistoryError`] if the store fails or a block is damaged.
    pub fn derive_hours(&self, now: Timestamp, limit: usize) -> Result<usize, HistoryError> {
        let mut derived = 0;
        for key in self.stale_hour.iter().keys() {
            let key = key?;
            let (site, start) = keys::site_instant_of(&key)?;
            let hour = Tier::Hour.interval(start);
            if hour.to > now {
                continue;
            }
            let _writing = self.lock_writing();
            let block = self.derive_fives(&site, hour)?;
            self.hour.insert(&key, Self::encode(&block)?)?;
            self.stale_hour.remove(&key)?;
            derived += 1;
            if derived == limit {
                break;
            }
        }
        Ok(derived)
    }

    /// Derives the five-minute blocks of an hour; gives the hour made of them.
    fn derive_fives(&self, site: &SiteId, hour: Window) -> Result<Block, HistoryError> {
        let mut whole = Block::new(Tier::Hour, hour.from);
        let mut start = hour.from;
        while start < hour.to {
            let five = Tier::FiveMinutes.interval(start);
            let mut block = Block::new(Tier::FiveMinutes, start);
            self.visit_minutes(site, five, &mut |minute| block.merge(&minute))?;
            if !block.scopes.is_empty() {
                self.five
                    .insert(keys::of_site_instant(site, start), Self::encode(&block)?)?;
                whole.merge(&block);
            }
            start = five.to;
        }
        Ok(whole)
    }

    fn visit_minutes(
        &self,
        site: &SiteId,
        window: Window,
        visit: &mut dyn FnMut(Block),
    ) -> Result<(), HistoryError> {
        let from = keys::of_site_instant(site, window.from);
        for item in self
            .minute
            .range(from..keys::of_site_instant(site, window.to))
        {
            visit(Self::decode(&item?.1)?);
        }
        Ok(())
    }

    fn visit_live(
        &self,
        site: &SiteId,
        window: Window,
        minutes: &BTreeSet<Timestamp>,
        visit: &mut dyn FnMut(Block),
    ) {
        let all = self.live();
        let Some(live) = all.get(site) else { return };
        for (start, block) in live.blocks.range(window.from..window.to) {
            if !minutes.contains(&Tier::Minute.floor(*start)) && !self.is_in_an_hour(site, *start) {
                visit(block.clone());
            }
        }
    }

    fn is_in_an_hour(&self, site: &SiteId, at: Timestamp) -> bool {
        let key = keys::of_site_instant(site, Tier::Hour.floor(at));
        self.hour.contains_key(key).unwrap_or(false)
    }
}
