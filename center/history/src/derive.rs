//! Makes the five minutes and the hour of minutes, once these have ended.

use bongsu_sdk_model::{SiteId, Tier, Timestamp, Window};
use bongsu_sdk_sketch::Block;

use crate::{History, HistoryError, keys, read::Reader};

impl History {
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
        let mut reader = Reader::new(self, site);
        let mut whole = Block::new(Tier::Hour, hour.from);
        let mut start = hour.from;
        while start < hour.to {
            let five = Tier::FiveMinutes.interval(start);
            let mut block = Block::new(Tier::FiveMinutes, start);
            reader.visit_base(five, &mut |part| block.merge(&part))?;
            if !block.scopes.is_empty() {
                self.five
                    .insert(keys::of_site_instant(site, start), Self::encode(&block)?)?;
                whole.merge(&block);
            }
            start = five.to;
        }
        Ok(whole)
    }
}
