//! Covers a window with the coarsest blocks that tile it, each instant once.

use std::collections::{BTreeMap, btree_map};

use bongsu_sdk_model::{SiteId, Tier, Timestamp, Window};
use bongsu_sdk_sketch::Block;

use crate::{
    History, HistoryError,
    keep::{Gone, Shelf},
    keys,
};

impl History {
    /// Hands blocks of `site` that together cover `window` to `visit`: derived hours and five minutes where they
    /// are whole, up to date and allowed by `coarsest`, else minutes, and for minutes that have not come yet the live
    /// 2-second blocks. Where finer ones are no longer kept, coarser ones. A block belongs to the window in
    /// which it **starts**, so that adjacent windows share none.
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
        let mut covered = Vec::new();
        let mut at = window.from;
        {
            let _shelves = self.read_shelves();
            let gone = self.gone()?;
            let mut reader = Reader::new(self, site);
            while at < window.to {
                let rest = Window::new(at, window.to);
                if let Some(block) = reader.tile(rest, coarsest)? {
                    at = block.window().to;
                    visit(block);
                    continue;
                }
                let five = Tier::FiveMinutes.interval(Tier::FiveMinutes.floor(at));
                let part = Window::new(at, five.to.min(window.to));
                at = part.to;
                reader.visit_part(part, gone, &mut |block| {
                    covered.push(block.window());
                    visit(block);
                })?;
            }
        }
        self.visit_live(site, window, &covered, visit);
        Ok(())
    }

    fn visit_live(
        &self,
        site: &SiteId,
        window: Window,
        covered: &[Window],
        visit: &mut dyn FnMut(Block),
    ) {
        let all = self.live();
        let Some(live) = all.get(site) else { return };
        for (start, block) in live.blocks.range(window.from..window.to) {
            let is_covered = covered.iter().any(|part| part.contains(*start));
            if !is_covered && !self.is_in_an_hour(site, *start) {
                visit(block.clone());
            }
        }
    }

    fn is_in_an_hour(&self, site: &SiteId, at: Timestamp) -> bool {
        let key = keys::of_site_instant(site, Tier::Hour.floor(at));
        self.hour.contains_key(key).unwrap_or(false)
    }
}

/// Reads one site; keeps the pack of each width it read last, for a window goes through it block by block.
pub(crate) struct Reader<'a> {
    history: &'a History,
    site: &'a SiteId,
    packs: BTreeMap<Tier, Pack>,
}

/// When a pack begins, and its blocks.
type Pack = (Timestamp, BTreeMap<Timestamp, Block>);

impl<'a> Reader<'a> {
    pub(crate) const fn new(history: &'a History, site: &'a SiteId) -> Self {
        Self {
            history,
            site,
            packs: BTreeMap::new(),
        }
    }

    /// The widest derived block that starts where `rest` does and ends within it.
    fn tile(&mut self, rest: Window, coarsest: Tier) -> Result<Option<Block>, HistoryError> {
        for tier in [Tier::Hour, Tier::FiveMinutes] {
            let interval = tier.interval(rest.from);
            let fits =
                tier <= coarsest && tier.floor(rest.from) == rest.from && interval.to <= rest.to;
            if fits && let Some(block) = self.block(tier, rest.from)? {
                return Ok(Some(block));
            }
        }
        Ok(None)
    }

    /// What begins within a part of five minutes, in the finest width that is still kept.
    fn visit_part(
        &mut self,
        part: Window,
        gone: Gone,
        visit: &mut dyn FnMut(Block),
    ) -> Result<(), HistoryError> {
        if part.from >= gone.minute {
            return self.visit_base(part, visit);
        }
        let tier = if part.from >= gone.five {
            Tier::FiveMinutes
        } else {
            Tier::Hour
        };
        if tier.floor(part.from) == part.from
            && let Some(block) = self.block(tier, part.from)?
        {
            visit(block);
        }
        Ok(())
    }

    /// What was received: minutes, and what came coarser, in order of time.
    pub(crate) fn visit_base(
        &mut self,
        window: Window,
        visit: &mut dyn FnMut(Block),
    ) -> Result<(), HistoryError> {
        let key = |at| keys::of_site_instant(self.site, at);
        let range = key(window.from)..key(window.to);
        let mut minutes = BTreeMap::new();
        for item in self.history.minute.range(range.clone()) {
            let block = History::decode(&item?.1)?;
            minutes.insert(block.start, block);
        }
        let shelf = self.history.shelf(Tier::Minute);
        for (start, packed) in self
            .pack(&shelf, window.from)?
            .range(window.from..window.to)
        {
            let held = minutes.entry(*start);
            held.and_modify(|held| held.merge(packed))
                .or_insert_with(|| packed.clone());
        }
        minutes.into_values().for_each(&mut *visit);
        for item in self.history.wide.range(range) {
            visit(History::decode(&item?.1)?);
        }
        Ok(())
    }

    /// A derived block: what lies loose, united with what is packed.
    fn block(&mut self, tier: Tier, start: Timestamp) -> Result<Option<Block>, HistoryError> {
        let shelf = self.history.shelf(tier);
        let loose = shelf.loose.get(keys::of_site_instant(self.site, start))?;
        let mut block = loose.map(|bytes| History::decode(&bytes)).transpose()?;
        if let Some(packed) = self.pack(&shelf, start)?.get(&start) {
            match &mut block {
                Some(block) => block.merge(packed),
                None => block = Some(packed.clone()),
            }
        }
        Ok(block)
    }

    /// The pack that would hold `at`; empty if there is none.
    fn pack(
        &mut self,
        shelf: &Shelf,
        at: Timestamp,
    ) -> Result<&BTreeMap<Timestamp, Block>, HistoryError> {
        let group = shelf.group_of(at);
        let read = || -> Result<Pack, HistoryError> {
            let key = keys::of_site_instant(self.site, group);
            let bytes = shelf.packed.get(key)?;
            let blocks = bytes
                .map(|bytes| History::decode_pack(&bytes))
                .transpose()?;
            let blocks = blocks.into_iter().flatten().map(|b| (b.start, b));
            Ok((group, blocks.collect()))
        };
        let pack = match self.packs.entry(shelf.tier) {
            btree_map::Entry::Vacant(place) => place.insert(read()?),
            btree_map::Entry::Occupied(held) => {
                let held = held.into_mut();
                if held.0 != group {
                    *held = read()?;
                }
                held
            }
        };
        Ok(&pack.1)
    }
}
