//! What is kept how long: packs what is past its detail, removes what is past its time.
//!
//! It never changes a total that is still readable in its width: a pack holds what its blocks held but the
//! users of single URLs. Packing is worked out beside the receive path, and thrown away if a late delta came
//! meanwhile; only the swap holds what receiving holds.

use std::{collections::BTreeMap, time::Duration};

use bongsu_sdk_config::Section;
use bongsu_sdk_model::{Scope, SiteId, Tier, Timestamp};
use bongsu_sdk_sketch::Block;
use sled::{
    IVec,
    transaction::{ConflictableTransactionError, Transactional as _},
};

use crate::{History, HistoryError, keys, ledger::store_error};

const HOUR_MS: i64 = 3_600_000;
const DAY_MS: i64 = 24 * HOUR_MS;
const DAY: Duration = Duration::from_secs(86_400);

/// How long one width is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kept {
    /// With the distinct users of single URLs.
    pub urls: Duration,
    /// At all.
    pub all: Duration,
}

/// How long each width is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    /// Minutes; default 24 h with the users of URLs, 8 days.
    pub minute: Kept,
    /// Five minutes; default 8 days, 40 days.
    pub five: Kept,
    /// Hours; default 400 days, 2 years.
    pub hour: Kept,
    /// Findings; default 2 years.
    pub findings: Duration,
}

impl Default for Retention {
    fn default() -> Self {
        let days = |urls, all| Kept {
            urls: DAY * urls,
            all: DAY * all,
        };
        Self {
            minute: days(1, 8),
            five: days(8, 40),
            hour: days(400, 731),
            findings: DAY * 731,
        }
    }
}

impl Retention {
    /// `[history]`: `minutes`, `minutes_urls`, `five_minutes`, `five_minutes_urls`, `hours`, `hours_urls`,
    /// `findings`; each a duration. The users of URLs are most of the bytes.
    #[must_use]
    pub fn read(section: Section) -> Self {
        let default = Self::default();
        let kept = |name: &str, default: Kept| {
            let kept = Kept {
                urls: section.duration(&format!("{name}_urls"), default.urls),
                all: section.duration(name, default.all),
            };
            if kept.urls > kept.all {
                let what = format!("is longer than `{name}`, hint: keep `{name}` at least as long");
                section.fault(&format!("{name}_urls"), what);
            }
            kept
        };
        let retention = Self {
            minute: kept("minutes", default.minute),
            five: kept("five_minutes", default.five),
            hour: kept("hours", default.hour),
            findings: section.duration("findings", default.findings),
        };
        section.finish();
        retention
    }
}

/// What one compaction did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Compacted {
    /// Packs written.
    pub packed: usize,
    /// Packs and coarse blocks removed, past their time.
    pub removed: usize,
}

/// What began before is no longer kept in this width.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Gone {
    pub(crate) minute: Timestamp,
    pub(crate) five: Timestamp,
}

/// Where the blocks of one width lie.
pub(crate) struct Shelf<'a> {
    pub(crate) tier: Tier,
    pub(crate) loose: &'a sled::Tree,
    pub(crate) packed: &'a sled::Tree,
    /// Width of what is packed together.
    group_ms: i64,
}

impl Shelf<'_> {
    pub(crate) const fn group_of(&self, at: Timestamp) -> Timestamp {
        Timestamp::from_ms(at.as_ms() - at.as_ms().rem_euclid(self.group_ms))
    }
}

impl History {
    pub(crate) const fn shelf(&self, tier: Tier) -> Shelf<'_> {
        let (loose, packed, group_ms) = match tier {
            Tier::TwoSeconds | Tier::Minute => (&self.minute, &self.packed_minute, HOUR_MS),
            Tier::FiveMinutes => (&self.five, &self.packed_five, HOUR_MS),
            Tier::Hour => (&self.hour, &self.packed_hour, DAY_MS),
        };
        Shelf {
            tier,
            loose,
            packed,
            group_ms,
        }
    }

    pub(crate) fn gone(&self) -> Result<Gone, HistoryError> {
        let of = |tier: Tier| -> Result<Timestamp, HistoryError> {
            let value = self.gone.get(tier.name())?;
            value.map_or(Ok(Timestamp::from_ms(i64::MIN)), |value| {
                keys::instant_of(&value)
            })
        };
        Ok(Gone {
            minute: of(Tier::Minute)?,
            five: of(Tier::FiveMinutes)?,
        })
    }

    /// Whether the hour that holds `at` can no longer be derived from its minutes.
    pub(crate) fn is_sealed(
        &self,
        site: &SiteId,
        at: Timestamp,
        gone: Gone,
    ) -> Result<bool, HistoryError> {
        let hour = Tier::Hour.floor(at);
        let key = keys::of_site_instant(site, hour);
        Ok(hour < gone.minute || self.packed_minute.contains_key(key)?)
    }

    /// Packs what is past its detail, at most `limit` packs in one go, and removes what is past its time.
    /// Call it now and then, from one thread at a time; give `limit` back as `packed` means there is more.
    ///
    /// # Errors
    /// [`HistoryError`] if the store fails or a block is damaged.
    pub fn compact(
        &self,
        now: Timestamp,
        retention: &Retention,
        limit: usize,
    ) -> Result<Compacted, HistoryError> {
        self.check_sound()?;
        let mut done = Compacted::default();
        let sites = self.sites()?;
        let tiers = [
            (Tier::Minute, retention.minute),
            (Tier::FiveMinutes, retention.five),
            (Tier::Hour, retention.hour),
        ];
        for (tier, kept) in tiers {
            let shelf = self.shelf(tier);
            let until = shelf.group_of(now.minus(kept.urls));
            for site in &sites {
                done.packed += self.pack_site(&shelf, site, until, limit - done.packed)?;
            }
            if done.packed < limit {
                let until = shelf.group_of(now.minus(kept.all));
                done.removed += self.remove(&shelf, &sites, until)?;
            }
        }
        let old = ..keys::of_instant(now.minus(retention.findings)).to_vec();
        for key in self.finding.range(old).keys() {
            self.finding.remove(key?)?;
        }
        Ok(done)
    }

    fn sites(&self) -> Result<Vec<SiteId>, HistoryError> {
        let site = |key: Result<IVec, sled::Error>| {
            let damaged = || HistoryError::Damaged("a site's id".into());
            let text = key?;
            let text = std::str::from_utf8(&text).map_err(|_| damaged())?;
            SiteId::new(text).map_err(|_| damaged())
        };
        self.heard.iter().keys().map(site).collect()
    }

    fn pack_site(
        &self,
        shelf: &Shelf,
        site: &SiteId,
        until: Timestamp,
        limit: usize,
    ) -> Result<usize, HistoryError> {
        let mut packed = 0;
        let mut from = Timestamp::from_ms(i64::MIN);
        let key = |at| keys::of_site_instant(site, at);
        while packed < limit
            && let Some(first) = shelf.loose.range(key(from)..key(until)).keys().next()
        {
            let (_, start) = keys::site_instant_of(&first?)?;
            let group = shelf.group_of(start);
            let end = Timestamp::from_ms(group.as_ms() + shelf.group_ms);
            let mut stale = self.stale_hour.range(key(group)..key(end));
            if stale.next().is_none() {
                packed += usize::from(self.pack(shelf, site, group, end)?);
            }
            from = end;
        }
        Ok(packed)
    }

    /// Packs the loose blocks of one group with those packed before; gives whether nothing came between.
    fn pack(
        &self,
        shelf: &Shelf,
        site: &SiteId,
        group: Timestamp,
        end: Timestamp,
    ) -> Result<bool, HistoryError> {
        let key = keys::of_site_instant(site, group);
        let range = key.clone()..keys::of_site_instant(site, end);
        let loose = || {
            shelf
                .loose
                .range(range.clone())
                .collect::<Result<Vec<_>, _>>()
        };
        let taken = loose()?;
        let mut blocks: BTreeMap<Timestamp, Block> = BTreeMap::new();
        if let Some(bytes) = shelf.packed.get(&key)? {
            blocks.extend(Self::decode_pack(&bytes)?.into_iter().map(|b| (b.start, b)));
        }
        for (_, bytes) in &taken {
            let mut block = Self::decode(bytes)?;
            for (scope, rollup) in &mut block.scopes {
                if matches!(scope, Scope::Url(..)) {
                    rollup.forget_users();
                }
            }
            let held = blocks.entry(block.start);
            held.and_modify(|held| held.merge(&block)).or_insert(block);
        }
        let blocks: Vec<_> = blocks.into_values().collect();
        let packed = Block::encode_pack(&blocks)
            .map_err(|error| HistoryError::Damaged(error.to_string()))?;
        let _writing = self.lock_writing();
        if loose()? != taken || self.stale_hour.contains_key(&key)? {
            return Ok(false);
        }
        let _swapping = self.swap_shelves();
        (shelf.loose, shelf.packed)
            .transaction(|(loose, shelf)| {
                for (key, _) in &taken {
                    loose.remove(key)?;
                }
                shelf.insert(key.as_slice(), packed.as_slice())?;
                Ok::<_, ConflictableTransactionError>(())
            })
            .map_err(store_error)?;
        Ok(true)
    }

    /// Removes packs before `until`, and with minutes the coarse blocks beside them.
    fn remove(
        &self,
        shelf: &Shelf,
        sites: &[SiteId],
        until: Timestamp,
    ) -> Result<usize, HistoryError> {
        let _writing = self.lock_writing();
        let _swapping = self.swap_shelves();
        self.gone
            .insert(shelf.tier.name(), &keys::of_instant(until))?;
        let mut removed = 0;
        let beside = (shelf.tier == Tier::Minute).then_some(&self.wide);
        for site in sites {
            let key = |at| keys::of_site_instant(site, at);
            let old = key(Timestamp::from_ms(i64::MIN))..key(until);
            for tree in [Some(shelf.packed), beside].into_iter().flatten() {
                let mut batch = sled::Batch::default();
                for key in tree.range(old.clone()).keys() {
                    batch.remove(key?);
                    removed += 1;
                }
                tree.apply_batch(batch)?;
            }
        }
        Ok(removed)
    }
}
