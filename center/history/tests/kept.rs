//! Whatever is packed, sealed, late or coarse: a window that can still be read gives the same totals, and what is
//! past its time is gone from the disk.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::time::Duration;

use bongsu_center_history::{Compacted, Entry, History, Retention};
use bongsu_sdk_model::{AppId, IdentityMode, Scope, SiteId, Tier, Timestamp, UrlTemplate, Window};
use bongsu_sdk_sketch::{Block, IdentityHash};

const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

fn at(ms: i64) -> Timestamp {
    Timestamp::from_ms(ms)
}

fn busan() -> SiteId {
    SiteId::new("busan").unwrap()
}

fn url() -> Scope {
    let url = UrlTemplate::new("/minwon").unwrap();
    Scope::Url(AppId::new("minwon").unwrap(), url)
}

fn block(tier: Tier, start_ms: i64, requests: u64) -> Block {
    let mut block = Block::new(tier, at(start_ms));
    for scope in [Scope::Site, url()] {
        let rollup = block.entry(scope);
        rollup.counters.requests = requests;
        let hash = (start_ms as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        rollup
            .users_mut(IdentityMode::Ip)
            .insert(IdentityHash::from_uniform(hash));
    }
    block
}

struct Center {
    history: History,
    sequence: u64,
    _folder: tempfile::TempDir,
}

impl Center {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self {
            history: History::open(folder.path()).unwrap(),
            sequence: 0,
            _folder: folder,
        }
    }

    fn apply(&mut self, rollups: Vec<Block>) {
        self.sequence += 1;
        let entry = Entry {
            sequence: self.sequence,
            rollups,
            findings: vec![],
        };
        self.history.apply(&busan(), 7, vec![entry], at(1)).unwrap();
    }

    /// Requests, distinct users of the URL, and how many blocks were read.
    fn read(&self, from_ms: i64, to_ms: i64, coarsest: Tier) -> (u64, f64, usize) {
        let mut whole = Block::new(Tier::Hour, at(0));
        let mut blocks = 0;
        let window = Window::new(at(from_ms), at(to_ms));
        self.history
            .visit(&busan(), window, coarsest, &mut |block| {
                whole.merge(&block);
                blocks += 1;
            })
            .unwrap();
        let requests = whole.entry(Scope::Site).counters.requests;
        let users = whole.entry(url()).users(IdentityMode::Ip).estimate().value;
        (requests, users.round(), blocks)
    }

    fn derive(&self, now_ms: i64) {
        while self.history.derive_hours(at(now_ms), 100).unwrap() == 100 {}
    }

    fn compact(&self, now_ms: i64) -> Compacted {
        self.history
            .compact(at(now_ms), &Retention::default(), 1_000)
            .unwrap()
    }

    /// Reads a day in every width and from edges in the middle of one.
    fn requests_in_all_ways(&self, from: i64, to: i64) -> Vec<u64> {
        let tiers = [Tier::Minute, Tier::FiveMinutes, Tier::Hour];
        let whole = tiers.map(|tier| self.read(from, to, tier).0);
        let cut = from + 90 * MINUTE;
        let halves = tiers.map(|tier| self.read(from, cut, tier).0 + self.read(cut, to, tier).0);
        [whole, halves].concat()
    }
}

#[test]
fn a_day_reads_the_same_loose_packed_and_with_what_comes_late() {
    let mut center = Center::new();
    for hour in 0..24 {
        let minutes = (0..60).map(|m| block(Tier::Minute, hour * HOUR + m * MINUTE, 1));
        center.apply(minutes.collect());
    }
    center.derive(DAY);
    assert_eq!(center.compact(DAY), Compacted::default());
    assert_eq!(center.requests_in_all_ways(0, DAY), [1_440; 6]);

    let done = center.compact(2 * DAY);
    assert_eq!((done.packed, done.removed), (24, 0));
    assert_eq!(center.requests_in_all_ways(0, DAY), [1_440; 6]);
    assert_eq!(center.read(0, HOUR, Tier::Minute), (60, 0.0, 60));
    assert_eq!(center.read(0, HOUR, Tier::Hour), (60, 60.0, 1));

    center.apply(vec![block(Tier::Minute, 7 * MINUTE, 5)]);
    assert_eq!(center.requests_in_all_ways(0, DAY), [1_445; 6]);
    assert_eq!(center.derive(2 * DAY), ());
    assert_eq!(center.compact(2 * DAY).packed, 1);
    assert_eq!(center.requests_in_all_ways(0, DAY), [1_445; 6]);
    assert_eq!(center.compact(2 * DAY).packed, 0);
}

#[test]
fn each_width_ends_in_its_turn_and_the_hours_still_know_everything() {
    let mut center = Center::new();
    for hour in 0..24 {
        let minutes = (0..60).map(|m| block(Tier::Minute, hour * HOUR + m * MINUTE, 1));
        center.apply(minutes.collect());
    }
    center.derive(DAY);
    center.compact(2 * DAY);
    let done = center.compact(10 * DAY);
    assert_eq!(
        (done.packed, done.removed),
        (24, 24),
        "fives packed, minutes gone"
    );
    assert_eq!(center.read(0, DAY, Tier::Minute), (1_440, 0.0, 288));
    assert_eq!(center.read(0, DAY, Tier::Hour), (1_440, 1_440.0, 24));
    let (half, rest) = (
        center.read(0, 7 * MINUTE, Tier::Hour).0,
        center.read(7 * MINUTE, HOUR, Tier::Hour).0,
    );
    assert_eq!(half + rest, 60, "each instant once");

    center.apply(vec![block(Tier::Minute, 7 * MINUTE, 5)]);
    assert_eq!(center.requests_in_all_ways(0, DAY), [1_445; 6]);
    center.compact(10 * DAY);
    assert_eq!(center.requests_in_all_ways(0, DAY), [1_445; 6]);

    center.compact(50 * DAY);
    assert_eq!(center.read(0, DAY, Tier::Minute), (1_445, 1_440.0, 24));
    center.apply(vec![block(Tier::Minute, 9 * MINUTE, 1)]);
    center.compact(500 * DAY);
    assert_eq!(center.read(0, DAY, Tier::Hour), (1_446, 0.0, 24));
    center.compact(800 * DAY);
    assert_eq!(center.read(0, DAY, Tier::Hour), (0, 0.0, 0));
}

#[test]
fn what_a_full_spool_made_coarse_counts_in_every_width() {
    let mut center = Center::new();
    center.apply(vec![block(Tier::Hour, 0, 600)]);
    center.apply(vec![block(Tier::FiveMinutes, HOUR, 50)]);
    center.apply(vec![block(Tier::Minute, HOUR, 1)]);
    center.apply(vec![block(Tier::FiveMinutes, HOUR, 9)]);
    for _ in 0..2 {
        assert_eq!(center.requests_in_all_ways(0, 3 * HOUR), [660; 6]);
        center.derive(3 * HOUR);
    }
    center.compact(2 * DAY);
    assert_eq!(center.requests_in_all_ways(0, 3 * HOUR), [660; 6]);
    center.apply(vec![block(Tier::Hour, HOUR, 40)]);
    assert_eq!(center.requests_in_all_ways(0, 3 * HOUR), [700; 6]);
    center.compact(10 * DAY);
    assert_eq!(center.requests_in_all_ways(0, 3 * HOUR), [700; 6]);
    center.compact(50 * DAY);
    assert_eq!(center.read(0, 3 * HOUR, Tier::Hour).0, 700);
}

#[test]
fn nothing_is_packed_before_its_hour_is_derived() {
    let mut center = Center::new();
    center.apply(vec![block(Tier::Minute, 0, 3)]);
    assert_eq!(center.compact(3 * DAY).packed, 0);
    center.derive(3 * DAY);
    let kept = Retention::default().minute.urls;
    assert_eq!(kept, Duration::from_secs(86_400));
    assert_eq!(center.compact(3 * DAY).packed, 1);
}

#[test]
fn a_store_from_before_there_were_packs_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let hex = include_str!("../../../sdk/sketch/tests/fixtures/block-v1.hex").trim();
    let digits = (0..hex.len()).step_by(2).map(|at| &hex[at..at + 2]);
    let bytes: Vec<u8> = digits
        .map(|two| u8::from_str_radix(two, 16).unwrap())
        .collect();
    let start = 1_700_000_040_000_i64;
    let instant = (start.cast_unsigned() ^ (1 << 63)).to_be_bytes();
    let key = [b"busan".as_slice(), &[0], &instant].concat();
    let number = [b"busan".as_slice(), &[0], &7_u64.to_be_bytes()].concat();
    {
        let db = sled::open(folder.path()).unwrap();
        db.open_tree("minute").unwrap().insert(key, bytes).unwrap();
        let ledger = db.open_tree("ledger").unwrap();
        ledger.insert(number, &41_u64.to_be_bytes()).unwrap();
        db.flush().unwrap();
    }
    let history = History::open(folder.path()).unwrap();
    let mut center = Center {
        history,
        sequence: 41,
        _folder: folder,
    };
    assert_eq!(center.history.position(&busan(), 7).unwrap(), 41);
    center.apply(vec![block(Tier::Minute, start, 1)]);
    assert_eq!(center.read(start, start + MINUTE, Tier::Minute).0, 13);
}
