//! The center under a fleet, and after a cut: what applying costs. Frames are decoded, applied and made durable by
//! the center's own store; QUIC and TLS are not part of it.

use std::{
    sync::{Mutex, atomic::AtomicUsize, atomic::Ordering},
    time::{Duration, Instant},
};

use bongsu_center_history::{Entry, History};
use bongsu_edge_history::{Commit, History as Spool};
use bongsu_sdk_model::{SiteId, Tier, Timestamp};
use bongsu_sdk_sketch::Block;
use bongsu_sdk_wire::Payload;

use crate::{
    figure::{cpu_s, print, resident_mib},
    site::Extent,
    wan::{START, minutes},
};

const MINUTE: Duration = Duration::from_secs(60);
/// 10 Mbit/s in bytes per second.
const LINK: f64 = 10e6 / 8.0;

fn site(number: usize) -> SiteId {
    SiteId::new(&format!("site-{number}")).expect("an id")
}

fn entry(sequence: u64, payload: &[u8]) -> Entry {
    let mut entry = Entry {
        sequence,
        rollups: Vec::new(),
        findings: Vec::new(),
    };
    match Payload::decode(payload).expect("a payload") {
        Payload::RollUps(bytes) => entry.rollups.push(Block::decode(&bytes).expect("a block")),
        Payload::Findings(findings) => entry.findings = findings,
    }
    entry
}

/// An encoded minute as if it had been `later` minutes later.
fn moved(block: &Block, later: u32) -> Vec<u8> {
    let mut block = block.clone();
    block.start = block.start.plus(MINUTE * later);
    let bytes = block.encode().expect("a block");
    Payload::RollUps(bytes).encode().expect("a payload")
}

/// So many sites with 200 URLs, one frame a minute each, on four threads as receiving has them.
pub(crate) fn fleet(sites: usize, rounds: u32, figures: &str, bar: Option<f64>) {
    let extent = Extent {
        urls: 20,
        users: 500,
    };
    let blocks = minutes(extent, 5, rounds);
    let folder = tempfile::tempdir().expect("a folder");
    let history = History::open(folder.path()).expect("a store");
    let took = Mutex::new(Vec::new());
    let (before, begun) = (cpu_s(), Instant::now());
    for (sequence, block) in (1..).zip(&blocks) {
        round(&history, sites, sequence, &moved(block, 0), &took);
    }
    let frames = f64::from(sites as u32 * rounds);
    let (cpu, wall) = (cpu_s() - before, begun.elapsed().as_secs_f64());
    let mut took = took.into_inner().expect("the times");
    took.sort_by(f64::total_cmp);
    let how = "frames of 200 URLs and 500 users, decoded, applied, durable; without QUIC";
    let print = |name: &str, value, unit, how, bar| {
        print(&format!("{figures}_{name}"), value, unit, how, bar);
    };
    let share = cpu / f64::from(rounds) / 60.0 * 100.0;
    print("cpu", share, "% of a core", how, bar);
    print("frames", frames / wall, "frames/s", how, None);
    let p99 = took[took.len() * 99 / 100];
    print("apply_p99", p99, "ms", "all sites at once", None);
    print("memory", resident_mib(), "MiB", "of this program", None);
    let end = START.plus(MINUTE * 61);
    let before = cpu_s();
    let derived = history.derive_hours(end, usize::MAX).expect("derived");
    let each = (cpu_s() - before) / derived.max(1) as f64;
    print(
        "derive_hour",
        each * 1e3,
        "ms of CPU",
        "one site's hour",
        None,
    );
}

/// One frame of every site.
fn round(history: &History, sites: usize, sequence: u64, payload: &[u8], took: &Mutex<Vec<f64>>) {
    let next = AtomicUsize::new(0);
    let work = || {
        loop {
            let number = next.fetch_add(1, Ordering::SeqCst);
            if number >= sites {
                break;
            }
            let begun = Instant::now();
            history
                .apply(&site(number), 1, vec![entry(sequence, payload)], START)
                .expect("applied");
            let ms = begun.elapsed().as_secs_f64() * 1e3;
            took.lock().expect("the times").push(ms);
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(work);
        }
    });
}

/// A spool of `max_bytes` after 72 hours without a center, and how long it takes to catch up.
pub(crate) fn catch_up(hours: u32, max_bytes: u64) {
    let kept = minutes(Extent::LARGE, 6, 20);
    let folder = tempfile::tempdir().expect("a folder");
    let now = START.plus(MINUTE * 60 * hours);
    let spool = Spool::open(&folder.path().join("edge"), START).expect("a spool");
    let mut requests = 0;
    let begun = Instant::now();
    for minute in 0..hours * 60 {
        let at = minute % 20;
        let block = &kept[at as usize];
        requests += block.scopes[&bongsu_sdk_model::Scope::Site]
            .counters
            .requests;
        let commit = Commit {
            batches: vec![moved(block, minute - at)],
            ..Commit::default()
        };
        spool.commit(&commit).expect("committed");
        spool.shrink_spool(max_bytes, now).expect("shrunk");
    }
    spool.flush().expect("a flush");
    let name = format!("catch_up_{}mb", max_bytes >> 20);
    let how = format!(
        "{hours} h of 10 apps x 200 URLs in a spool of {} MB",
        max_bytes >> 20
    );
    print(
        &format!("{name}_edge_cpu"),
        begun.elapsed().as_secs_f64() / f64::from(hours),
        "s per hour cut",
        &how,
        None,
    );
    deliver(
        &spool,
        &folder.path().join("center"),
        &name,
        &how,
        (requests, now),
    );
}

/// The link is a token bucket: a chunk arrives when its bytes have passed, and is applied when the one before is.
fn deliver(
    spool: &Spool,
    center: &std::path::Path,
    name: &str,
    how: &str,
    (requests, now): (u64, Timestamp),
) {
    let history = History::open(center).expect("a store");
    let site = site(0);
    let (mut through, mut arrived, mut applied, mut bytes) = (0, 0.0_f64, 0.0_f64, 0);
    let mut tiers = std::collections::BTreeMap::<Tier, u32>::new();
    loop {
        let batches = spool.read_spool(through, 1 << 20).expect("a read");
        let Some((last, _)) = batches.last() else {
            break;
        };
        through = *last;
        let chunk: usize = batches.iter().map(|(_, payload)| payload.len()).sum();
        bytes += chunk;
        arrived += chunk as f64 / LINK;
        let begun = Instant::now();
        let entries: Vec<Entry> = batches.iter().map(|(s, p)| entry(*s, p)).collect();
        for block in entries.iter().flat_map(|entry| &entry.rollups) {
            *tiers.entry(block.tier).or_default() += 1;
        }
        history.apply(&site, 1, entries, now).expect("applied");
        applied = arrived.max(applied) + begun.elapsed().as_secs_f64();
        spool.acknowledge(through).expect("acknowledged");
    }
    let mut counted = 0;
    let window = bongsu_sdk_model::Window::new(START, now);
    history
        .visit(&site, window, Tier::Hour, &mut |block| {
            counted += block.scopes[&bongsu_sdk_model::Scope::Site]
                .counters
                .requests;
        })
        .expect("a read");
    assert_eq!(counted, requests, "lost or doubled");
    let widths: Vec<_> = tiers
        .iter()
        .map(|(tier, n)| format!("{n} x {}", tier.name()))
        .collect();
    let how = format!("{how}, 10 Mbit/s; arrived as {}", widths.join(", "));
    print(
        &format!("{name}_bytes"),
        bytes as f64 / 1e6,
        "MB",
        &how,
        None,
    );
    print(name, applied, "s", &how, Some(300.0));
}
