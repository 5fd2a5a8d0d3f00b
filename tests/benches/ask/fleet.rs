//! The synthetic fleet: the same from the same seed.

use bongsu_center_history::{Entry, History};
use bongsu_sdk_model::{
    AppId, GaugeKind, IdentityMode, InstanceId, Scope, SiteId, Tier, Timestamp, UrlTemplate,
};
use bongsu_sdk_plan::Named;
use bongsu_sdk_sketch::{Block, IdentityHash, RollUp};

/// Applications of every site.
pub(crate) const APPS: [&str; 4] = ["minwon", "tax", "welfare", "course"];
const URLS: u64 = 50;
const HOUR: i64 = 3_600_000;
const FIVE: i64 = 300_000;
const DAY: i64 = 24 * HOUR;

/// A Friday afternoon in Seoul, a few seconds after a row.
pub(crate) fn now() -> Timestamp {
    Timestamp::from_ms(1_795_152_600_000 + 5_000)
}

pub(crate) fn sites(count: usize) -> Vec<SiteId> {
    (0..count)
        .map(|n| SiteId::new(&format!("site-{n}")).unwrap())
        .collect()
}

pub(crate) fn names(count: usize) -> Vec<Named<SiteId>> {
    let named = |id: SiteId| Named {
        ko: id.to_string(),
        en: id.to_string(),
        id,
        aliases: Vec::new(),
    };
    sites(count).into_iter().map(named).collect()
}

/// Fills `history`; gives how many blocks were put in.
pub(crate) fn fill(history: &History, count: usize) -> u64 {
    let end = Tier::FiveMinutes.floor(now()).as_ms();
    let mut blocks = 0;
    for (index, site) in sites(count).iter().enumerate() {
        let mut sequence = 0;
        let mut at = Tier::Hour.floor(Timestamp::from_ms(end - 40 * DAY)).as_ms();
        let mut entries = Vec::new();
        while at < end {
            let is_fine = at >= end - 2 * DAY;
            let width = if is_fine { FIVE } else { HOUR };
            sequence += 1;
            blocks += 1;
            entries.push(Entry {
                sequence,
                rollups: vec![block(index as u64, at, width, at >= end - DAY)],
                findings: Vec::new(),
            });
            at += width;
            if entries.len() == 64 || at >= end {
                history
                    .apply(site, 1, std::mem::take(&mut entries), now())
                    .unwrap();
            }
        }
        history.flush().unwrap();
    }
    while history.derive_hours(now(), 1_000).unwrap() > 0 {}
    history.flush().unwrap();
    blocks
}

/// What a site did in an interval, told in its first minute.
fn block(site: u64, at: i64, width: i64, has_urls: bool) -> Block {
    let mut random = Random(site.wrapping_mul(0x9e37_79b9) ^ at.cast_unsigned());
    let mut block = Block::new(Tier::Minute, Timestamp::from_ms(at));
    let hour = (at + 9 * HOUR).rem_euclid(DAY) / HOUR;
    let season = [
        2, 1, 1, 1, 1, 2, 4, 8, 16, 24, 26, 24, 18, 22, 25, 25, 23, 20, 12, 9, 8, 7, 5, 3,
    ];
    let busy = season[usize::try_from(hour).unwrap()] * (8 + site % 5);
    let scale = u64::try_from(width / FIVE).unwrap();
    for (n, app) in APPS.iter().enumerate() {
        let app = AppId::new(app).unwrap();
        let requests = busy * scale * (4 - n as u64) + random.below(20);
        let users = busy.min(400) / (n as u64 + 1) + 3;
        let add = |rollup: &mut RollUp, requests: u64, users: u64, random: &mut Random| {
            rollup.counters.requests += requests;
            rollup.counters.errors += requests / 200;
            rollup.counters.duration_us += requests * (90_000 + random.below(20_000));
            rollup.counters.sql_us += requests * 30_000;
            rollup.counters.satisfied += requests - requests / 200;
            for _ in 0..requests.min(30) {
                rollup.durations.add(40_000 + random.below(200_000));
            }
            for _ in 0..users {
                let user = random.below(20_000) + site * 20_000;
                let hash = user.wrapping_mul(0x9e37_79b9_7f4a_7c15);
                rollup
                    .users_mut(IdentityMode::Cookie)
                    .insert(IdentityHash::from_uniform(hash));
            }
        };
        add(block.entry(Scope::Site), requests, users, &mut random);
        add(
            block.entry(Scope::App(app.clone())),
            requests,
            users,
            &mut random,
        );
        for instance in 0..2 {
            let id = InstanceId::new(&format!("{app}-{instance}")).unwrap();
            let rollup = block.entry(Scope::Instance(app.clone(), id));
            add(rollup, requests / 2, 0, &mut random);
            let load = 12.0 + busy as f64 / 6.0 + random.below(400) as f64 / 100.0;
            rollup
                .gauges
                .add_sample(GaugeKind::Cpu, load, Timestamp::from_ms(at));
            let memory = 40.0 + random.below(500) as f64 / 100.0;
            rollup
                .gauges
                .add_sample(GaugeKind::Memory, memory, Timestamp::from_ms(at));
        }
        if has_urls {
            for url in 0..URLS / 4 {
                let url = UrlTemplate::new(&format!("/{app}/page-{url}")).unwrap();
                let rollup = block.entry(Scope::Url(app.clone(), url));
                add(rollup, requests / 12, users / 12 + 1, &mut random);
            }
        }
    }
    block
}

/// Xorshift: the same from the same seed.
struct Random(u64);

impl Random {
    const fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % end
    }
}
