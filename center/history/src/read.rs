//! Covers a window with the coarsest blocks that tile it, each instant once.

use std::collections::BTreeSet;

use bongsu_sdk_model::{SiteId, Tier, Timestamp, Window};
use bongsu_sdk_sketch::Block;

use crate::{History, HistoryError, keys};

impl History {
    /// Hands blocks of `site` that together cover `window` to `visit`: derived hours where they are whole and
    /// up to date and `coarsest` allows them, else minutes, and for minutes that have not come yet the live 2-second blocks. A block
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
            let hour = Tier::Hour.interval(Tier::Hour.floor(at));
            let is_whole = coarsest >= Tier::Hour && at == hour.from && hour.to <= window.to;
            let part = Window::new(at, hour.to.min(window.to));
            at = part.to;
            match is_whole
                .then(|| self.hour.get(keys::of_site_instant(site, hour.from)))
                .transpose()?
            {
                Some(Some(bytes)) => visit(Self::decode(&bytes)?),
                _ => self.visit_minutes(site, part, &mut |block| {
                    recent.insert(block.start);
                    visit(block);
                })?,
            }
        }
        self.visit_live(site, window, &recent, visit);
        Ok(())
    }

    /// Derives up to `limit` hours that have changed and ended; gives how many it did. Call now and then.
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
            let mut block = Block::new(Tier::Hour, start);
            self.visit_minutes(&site, hour, &mut |minute| block.merge(&minute))?;
            self.hour.insert(&key, Self::encode(&block)?)?;
            self.stale_hour.remove(&key)?;
            derived += 1;
            if derived == limit {
                break;
            }
        }
        Ok(derived)
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
