//! 35 days of a site's requests, made up but with habits: the season that the back-fill plays through the
//! edge's own receive path.
//!
//! A pure function of seed, site and hour. Nothing is remembered, so the exact truth about any window is had
//! by making its requests once more ([`Season::cookies`]), and a back-fill of any length needs the memory of
//! one hour. It never reads a clock.

mod people;
mod rhythm;
mod sitemap;

use std::collections::HashSet;

use anyhow::Result;
use bongsu_sdk_model::{AppId, InstanceId, Tier, Timestamp, Transaction, Window};
use fastrand::Rng;

use crate::site::Site;
use people::{Group, Visit};
use sitemap::Sitemap;

/// The application every site runs.
pub(crate) const APP: &str = "minwon";

/// One minute of a site, ready to be fed.
#[derive(Debug)]
pub(crate) struct Minute {
    /// The first instant after it: what a clock shows when it is complete.
    pub(crate) until: Timestamp,
    /// Requests that ended in it, in the order in which they ended.
    pub(crate) transactions: Vec<Transaction>,
    /// CPU in use by the application, %.
    pub(crate) cpu: f64,
}

/// A site's season.
#[derive(Debug, Clone)]
pub(crate) struct Season {
    seed: u64,
    site: &'static Site,
    app: AppId,
    instance: InstanceId,
    sitemap: Sitemap,
}

impl Season {
    /// The season of `site`; other seeds give other requests of the same habits.
    pub(crate) fn new(seed: u64, site: &'static Site) -> Result<Self> {
        let instance = InstanceId::new(&format!("{APP}-{}-1", site.id))?;
        let (app, sitemap) = (AppId::new(APP)?, Sitemap::new()?);
        Ok(Self {
            seed: site.id.bytes().fold(seed, mix),
            site,
            app,
            instance,
            sitemap,
        })
    }

    /// The application its requests are of, and the copy of it.
    pub(crate) const fn instance(&self) -> (&AppId, &InstanceId) {
        (&self.app, &self.instance)
    }

    /// Every minute of `window`, which should begin and end on one.
    pub(crate) fn minutes(&self, window: Window) -> impl Iterator<Item = Minute> {
        starts(Tier::Hour, window).flat_map(move |hour| {
            let inside = clip(Tier::Hour.interval(hour), window);
            let mut rest = self.transactions(inside).into_iter().peekable();
            starts(Tier::Minute, inside)
                .map(|start| {
                    let until = clip(Tier::Minute.interval(start), inside).to;
                    let mut transactions = Vec::new();
                    while let Some(transaction) = rest.next_if(|t| t.ended < until) {
                        transactions.push(transaction);
                    }
                    Minute {
                        until,
                        transactions,
                        cpu: self.cpu(start),
                    }
                })
                .collect::<Vec<_>>()
        })
    }

    /// The identifying cookies of all who were there in `window`: the exact truth.
    pub(crate) fn cookies(&self, window: Window) -> HashSet<String> {
        let hours = starts(Tier::Hour, window);
        hours
            .flat_map(|hour| self.transactions(clip(Tier::Hour.interval(hour), window)))
            .filter_map(|transaction| transaction.cookie)
            .collect()
    }

    /// The requests that ended in `window`, which lies within one hour, in the order in which they ended.
    fn transactions(&self, window: Window) -> Vec<Transaction> {
        let hour = Tier::Hour.floor(window.from);
        // A visit is shorter than an hour: who is here now came in this hour or in the one before.
        let mut found: Vec<Transaction> = [hour.minus(Tier::Hour.width()), hour]
            .into_iter()
            .flat_map(|start| self.visits(start))
            .flat_map(|visit| visit.transactions(self))
            .filter(|transaction| window.contains(transaction.ended))
            .collect();
        found.sort_by_key(|transaction| transaction.ended);
        found
    }

    /// The visits that begin in the hour from `hour`.
    fn visits(&self, hour: Timestamp) -> Vec<Visit> {
        let mut rng = self.rng(hour, 0);
        let mut visits = Vec::new();
        for group in Group::ALL {
            let expected = f64::from(self.site.peak_visits) * group.share() * group.presence(hour);
            let noise = 0.92 + 0.16 * rng.f64();
            for _ in 0..whole(expected * noise, &mut rng) {
                visits.push(Visit::begin(self.site, group, hour, &mut rng));
            }
        }
        visits
    }

    /// CPU follows the visitors, with a floor and some noise.
    fn cpu(&self, minute: Timestamp) -> f64 {
        let presence: f64 = Group::ALL
            .iter()
            .map(|group| group.share() * group.presence(minute))
            .sum();
        let noise = self.rng(minute, 1).f64() * 4.0 - 2.0;
        (4.0 + (self.site.peak_cpu - 4.0) * presence + noise).clamp(1.0, 100.0)
    }

    fn rng(&self, at: Timestamp, purpose: u8) -> Rng {
        let seed = at.as_ms().to_le_bytes().into_iter().fold(self.seed, mix);
        Rng::with_seed(mix(seed, purpose))
    }
}

/// Starts of the intervals of `tier` that share an instant with `window`.
fn starts(tier: Tier, window: Window) -> impl Iterator<Item = Timestamp> {
    let mut next = tier.floor(window.from);
    std::iter::from_fn(move || {
        let start = next;
        next = tier.interval(start).to;
        (start < window.to).then_some(start)
    })
}

fn clip(interval: Window, within: Window) -> Window {
    Window::new(interval.from.max(within.from), interval.to.min(within.to))
}

/// `expected` as a whole number that is right on average.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "visits of an hour, never negative"
)]
fn whole(expected: f64, rng: &mut Rng) -> u32 {
    (expected + rng.f64()) as u32
}

/// One step of FNV-1a.
fn mix(state: u64, byte: u8) -> u64 {
    (state ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::site::SITES;

    /// Monday 2026-11-16, 00:00 in Seoul.
    const MONDAY: Timestamp = Timestamp::from_ms(1_794_754_800_000);

    fn hours(from: i64, count: i64) -> Window {
        let start = Timestamp::from_ms(MONDAY.as_ms() + from * 3_600_000);
        Window::new(start, Timestamp::from_ms(start.as_ms() + count * 3_600_000))
    }

    fn requests(site: usize, window: Window) -> usize {
        let season = Season::new(7, &SITES[site]).unwrap();
        season
            .minutes(window)
            .map(|minute| minute.transactions.len())
            .sum()
    }

    #[test]
    fn the_same_seed_gives_the_same_requests_and_another_one_others() {
        let all = |seed| {
            let season = Season::new(seed, &SITES[2]).unwrap();
            season
                .minutes(hours(9, 1))
                .flat_map(|minute| minute.transactions)
                .collect::<Vec<_>>()
        };
        assert_eq!(all(1), all(1));
        assert_ne!(all(1), all(2));
    }

    #[test]
    fn minutes_hold_what_ended_in_them_and_cut_windows_lose_nothing() {
        let season = Season::new(7, &SITES[1]).unwrap();
        let whole = hours(13, 2);
        let mut last = whole.from;
        for minute in season.minutes(whole) {
            assert_eq!(minute.until.since(last).as_secs(), 60);
            for transaction in &minute.transactions {
                assert!(last <= transaction.ended && transaction.ended < minute.until);
                assert!(transaction.started <= transaction.ended);
                last = last.max(transaction.ended);
            }
            last = minute.until;
        }
        let middle = Timestamp::from_ms(whole.from.as_ms() + 61 * 60_000);
        let parts = [
            Window::new(whole.from, middle),
            Window::new(middle, whole.to),
        ];
        assert_eq!(
            parts.map(|part| requests(1, part)).iter().sum::<usize>(),
            requests(1, whole)
        );
    }

    #[test]
    fn cookies_are_those_of_the_minutes() {
        let season = Season::new(7, &SITES[0]).unwrap();
        let window = hours(10, 1);
        let fed: HashSet<_> = season
            .minutes(window)
            .flat_map(|m| m.transactions)
            .filter_map(|t| t.cookie)
            .collect();
        assert_eq!(season.cookies(window), fed);
        assert!((150..400).contains(&fed.len()), "{}", fed.len());
    }

    #[test]
    fn days_are_busier_than_nights_and_weekdays_than_sundays() {
        for site in 0..SITES.len() {
            let per_minute = requests(site, hours(10, 1)) / 60;
            assert!((15..=75).contains(&per_minute), "{per_minute}");
            assert!(requests(site, hours(3, 1)) * 6 < requests(site, hours(10, 1)));
            assert!(requests(site, hours(6 * 24 + 10, 1)) * 3 < 2 * requests(site, hours(10, 1)));
        }
        assert!(requests(1, hours(10, 1)) > requests(0, hours(10, 1)));
        assert!(requests(0, hours(10, 1)) > requests(2, hours(10, 1)));
    }

    #[test]
    fn regulars_come_back_the_next_day_but_not_all_of_them() {
        let season = Season::new(7, &SITES[1]).unwrap();
        let (today, tomorrow) = (season.cookies(hours(10, 1)), season.cookies(hours(34, 1)));
        let both = today.intersection(&tomorrow).count();
        assert!(
            both * 20 > today.len() && both * 2 < today.len(),
            "{both} of {}",
            today.len()
        );
    }
}
