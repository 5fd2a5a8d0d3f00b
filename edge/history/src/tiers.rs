//! Coarser roll-ups of the site's own minutes: five minutes and hours, made once an hour has ended and read
//! instead of the minutes that they tile.
//!
//! A commit marks the hours of its minutes as stale, in its transaction; a stale hour is read as its minutes
//! until it has been made again. So late data, and a restart in mid-interval, need nothing of their own. What
//! comes so late that its minutes are gone is added to the hour that is there.
//!
//! A calendar day is no tier: it depends on a zone, and is 24 hours to read.

use std::{collections::BTreeSet, time::Duration};

use bongsu_sdk_model::{Tier, Timestamp, Window};
use bongsu_sdk_sketch::Block;
use sled::{
    Batch, Db, Tree,
    transaction::{ConflictableTransactionError, TransactionError, Transactional as _},
};

use crate::{
    History, HistoryError,
    history::{decode, encode},
    keys,
};

/// The trees of the coarser tiers.
#[derive(Debug)]
pub(crate) struct Tiers {
    five: Tree,
    hour: Tree,
    /// Starts of hours whose minutes have changed since they were made.
    pub(crate) stale: Tree,
}

impl Tiers {
    /// Opens them; of a database that has none every hour is stale.
    pub(crate) fn open(db: &Db, minute: &Tree) -> Result<Self, HistoryError> {
        let tiers = Self {
            five: db.open_tree("five-minutes")?,
            hour: db.open_tree("hour")?,
            stale: db.open_tree("stale-hour")?,
        };
        if tiers.hour.is_empty() && tiers.stale.is_empty() {
            let mut stale = Batch::default();
            for start in minute.iter().keys() {
                let hour = Tier::Hour.floor(keys::instant_of(&start?)?);
                stale.insert(&keys::of_instant(hour), &[]);
            }
            tiers.stale.apply_batch(stale)?;
        }
        Ok(tiers)
    }

    fn is_stale(&self, at: Timestamp) -> Result<bool, HistoryError> {
        let hour = keys::of_instant(Tier::Hour.floor(at));
        Ok(self.stale.contains_key(hour)?)
    }

    /// The widest block that starts where `rest` does and ends within it, and is no wider than `coarsest`.
    fn widest(&self, rest: Window, coarsest: Tier) -> Result<Option<Block>, HistoryError> {
        for (tier, tree) in [(Tier::Hour, &self.hour), (Tier::FiveMinutes, &self.five)] {
            let fits = tier <= coarsest
                && tier.floor(rest.from) == rest.from
                && tier.interval(rest.from).to <= rest.to;
            if fits
                && let Some(bytes) = tree.get(keys::of_instant(rest.from))?
                && !self.is_stale(rest.from)?
            {
                return decode(&bytes).map(Some);
            }
        }
        Ok(None)
    }

    /// Removes what started before: five minutes, hours.
    pub(crate) fn prune(&self, fives: Timestamp, hours: Timestamp) -> Result<(), HistoryError> {
        for (tree, oldest) in [(&self.five, fives), (&self.hour, hours)] {
            let mut gone = Batch::default();
            for key in tree.range(..keys::of_instant(oldest)).keys() {
                gone.remove(key?);
            }
            tree.apply_batch(gone)?;
        }
        Ok(())
    }
}

impl History {
    /// Hands blocks that together cover `window` once to `visit`: hours and five minutes where they are made and
    /// no wider than `coarsest`, else minutes. A block belongs to the window in which it starts. Gives the starts
    /// of the minutes, made into something wider or not, that were covered last.
    ///
    /// # Errors
    /// [`HistoryError`] if the store can't be read or a block is damaged.
    pub fn cover(
        &self,
        window: Window,
        coarsest: Tier,
        visit: &mut dyn FnMut(Block),
    ) -> Result<BTreeSet<Timestamp>, HistoryError> {
        let mut minutes = BTreeSet::new();
        let mut at = window.from;
        while let Some(first) = self.first_of(Window::new(at, window.to))? {
            at = first;
            if let Some(block) = self.tiers.widest(Window::new(at, window.to), coarsest)? {
                at = block.window().to;
                visit(block);
                continue;
            }
            let five = Tier::FiveMinutes.interval(Tier::FiveMinutes.floor(at));
            let part = Window::new(at, five.to.min(window.to));
            self.visit(Tier::Minute, part, &mut |block| {
                minutes.insert(block.start);
                visit(block);
            })?;
            at = part.to;
        }
        Ok(minutes)
    }

    /// Where the next block starts: a question may be about all time, and an edge may have stood still.
    fn first_of(&self, window: Window) -> Result<Option<Timestamp>, HistoryError> {
        let mut first: Option<Timestamp> = None;
        for tree in [&self.tiers.hour, &self.tiers.five, &self.minute] {
            let range = keys::of_instant(window.from)..keys::of_instant(window.to);
            if let Some(item) = tree.range(range).keys().next() {
                let start = keys::instant_of(&item?)?;
                first = Some(first.map_or(start, |first| first.min(start)));
            }
        }
        Ok(first)
    }

    /// Makes up to `limit` hours that are stale and have ended, each with its five minutes; gives how many. With
    /// minutes kept for `kept`, what is of an older hour is added to it.
    ///
    /// # Errors
    /// [`HistoryError`] if the store fails or a block is damaged.
    pub fn make_hours(
        &self,
        now: Timestamp,
        kept: Duration,
        limit: usize,
    ) -> Result<usize, HistoryError> {
        let mut made = 0;
        for key in self.tiers.stale.iter().keys() {
            let key = key?;
            let hour = Tier::Hour.interval(keys::instant_of(&key)?);
            if hour.to > now || made == limit {
                break;
            }
            let _writing = self.lock_writing();
            let adds = hour.from < Tier::Hour.floor(now.minus(kept));
            self.make_hour(hour, adds)?;
            made += 1;
        }
        Ok(made)
    }

    fn make_hour(&self, hour: Window, adds: bool) -> Result<(), HistoryError> {
        let held = |tree: &Tree, start: Timestamp| {
            let bytes = tree.get(keys::of_instant(start))?.filter(|_| adds);
            bytes.map(|bytes| decode(&bytes)).transpose()
        };
        let empty = |tier, start| Block::new(tier, start);
        let mut whole =
            held(&self.tiers.hour, hour.from)?.unwrap_or_else(|| empty(Tier::Hour, hour.from));
        let (mut fives, mut gone) = (Vec::new(), Vec::new());
        let mut at = hour.from;
        while at < hour.to {
            let five = Tier::FiveMinutes.interval(at);
            let mut block =
                held(&self.tiers.five, at)?.unwrap_or_else(|| empty(Tier::FiveMinutes, at));
            let mut any = false;
            self.visit(Tier::Minute, five, &mut |minute| {
                any = true;
                gone.push(keys::of_instant(minute.start));
                block.merge(&minute);
                whole.merge(&minute);
            })?;
            if any {
                fives.push((keys::of_instant(at), encode(&block)?));
            }
            at = five.to;
        }
        let (key, bytes) = (keys::of_instant(hour.from), encode(&whole)?);
        let Tiers { five, hour, stale } = &self.tiers;
        (five, hour, stale, &self.minute)
            .transaction(|(five, hour, stale, minute)| {
                for (start, block) in &fives {
                    five.insert(start, block.as_slice())?;
                }
                hour.insert(&key, bytes.as_slice())?;
                stale.remove(&key)?;
                // Added now, they must not be added again.
                for start in gone.iter().filter(|_| adds) {
                    minute.remove(start)?;
                }
                Ok::<_, ConflictableTransactionError>(())
            })
            .map_err(|error: TransactionError| match error {
                TransactionError::Storage(error) | TransactionError::Abort(error) => {
                    HistoryError::Store(error)
                }
            })
    }
}

#[cfg(test)]
mod tests {
    use bongsu_sdk_model::{IdentityMode, Scope};
    use bongsu_sdk_sketch::IdentityHash;

    use super::*;
    use crate::Commit;

    const MINUTE: i64 = 60_000;
    const HOUR: i64 = 60 * MINUTE;
    const KEPT: Duration = Duration::from_secs(100 * 3_600);

    fn at(ms: i64) -> Timestamp {
        Timestamp::from_ms(ms)
    }

    fn commit(history: &History, start: i64, users: std::ops::Range<u64>) {
        let mut block = Block::new(Tier::Minute, at(start));
        let site = block.entry(Scope::Site);
        for user in users {
            site.counters.requests += 1;
            let hash = IdentityHash::from_uniform(user.wrapping_mul(0x9e37_79b9_7f4a_7c15));
            site.users_mut(IdentityMode::Cookie).insert(hash);
        }
        let minutes = vec![block];
        history
            .commit(&Commit {
                minutes,
                ..Commit::default()
            })
            .unwrap();
    }

    /// Blocks by tier, requests and users of a window.
    fn cover(history: &History, from: i64, to: i64) -> (Vec<&'static str>, u64, u64) {
        let (mut tiers, mut sum) = (Vec::new(), Block::new(Tier::Hour, at(0)));
        history
            .cover(Window::new(at(from), at(to)), Tier::Hour, &mut |block| {
                tiers.push(block.tier.name());
                sum.merge(&block);
            })
            .unwrap();
        let site = sum.entry(Scope::Site);
        let users = site.users(IdentityMode::Cookie).estimate().value.round();
        (tiers, site.counters.requests, users as u64)
    }

    #[test]
    fn a_range_is_read_in_the_widest_blocks_and_its_sums_are_those_of_its_minutes() {
        let dir = tempfile::tempdir().unwrap();
        let history = History::open(dir.path(), at(1)).unwrap();
        for minute in 0..150_u64 {
            commit(&history, minute.cast_signed() * MINUTE, minute..minute + 3);
        }
        let by_minutes = cover(&history, 0, 150 * MINUTE);
        assert_eq!(
            (by_minutes.0.len(), by_minutes.1, by_minutes.2),
            (150, 450, 152)
        );
        assert_eq!(history.make_hours(at(150 * MINUTE), KEPT, 9).unwrap(), 2);
        let tiled = cover(&history, 0, 150 * MINUTE);
        assert_eq!((tiled.1, tiled.2), (450, 152));
        assert_eq!(
            (tiled.0.len(), tiled.0[0], tiled.0[1], tiled.0[2]),
            (32, "1h", "1h", "1m")
        );
        let from_within = cover(&history, 50 * MINUTE, 150 * MINUTE);
        assert_eq!(from_within.0[..4], ["5m", "5m", "1h", "1m"]);
        assert_eq!(from_within.1, 300);
        assert_eq!(cover(&history, i64::MIN, i64::MAX).1, 450);
    }

    #[test]
    fn late_data_makes_an_hour_stale_until_it_is_made_again() {
        let dir = tempfile::tempdir().unwrap();
        let history = History::open(dir.path(), at(1)).unwrap();
        commit(&history, 0, 0..5);
        assert_eq!(history.make_hours(at(HOUR - 1), KEPT, 9).unwrap(), 0);
        assert_eq!(history.make_hours(at(HOUR), KEPT, 9).unwrap(), 1);
        commit(&history, MINUTE, 3..9);
        let stale = cover(&history, 0, HOUR);
        assert_eq!(stale, (vec!["1m", "1m"], 11, 9));
        assert_eq!(history.make_hours(at(HOUR), KEPT, 9).unwrap(), 1);
        assert_eq!(cover(&history, 0, HOUR), (vec!["1h"], 11, 9));
    }

    #[test]
    fn what_comes_when_its_minutes_are_gone_is_added_once() {
        let dir = tempfile::tempdir().unwrap();
        let history = History::open(dir.path(), at(1)).unwrap();
        let (kept, now) = (Duration::from_secs(7_200), at(10 * HOUR));
        commit(&history, 0, 0..5);
        history.make_hours(at(HOUR), kept, 9).unwrap();
        history.prune(now, kept, KEPT).unwrap();
        assert_eq!(cover(&history, 0, HOUR), (vec!["1h"], 5, 5));
        commit(&history, MINUTE, 5..6);
        for _ in 0..2 {
            history.make_hours(now, kept, 9).unwrap();
            assert_eq!(cover(&history, 0, HOUR), (vec!["1h"], 6, 6));
        }
        history.prune(at(200 * HOUR), kept, KEPT).unwrap();
        assert_eq!(cover(&history, 0, HOUR).1, 0);
    }

    #[test]
    fn minutes_that_no_hour_holds_yet_are_not_pruned() {
        let dir = tempfile::tempdir().unwrap();
        let history = History::open(dir.path(), at(1)).unwrap();
        commit(&history, 0, 0..5);
        let kept = Duration::from_secs(7_200);
        history.prune(at(9 * HOUR), kept, KEPT).unwrap();
        assert_eq!(cover(&history, 0, HOUR).1, 5);
        history.make_hours(at(9 * HOUR), kept, 9).unwrap();
        history.prune(at(9 * HOUR), kept, KEPT).unwrap();
        assert_eq!(cover(&history, 0, HOUR), (vec!["1h"], 5, 5));
    }
}
