//! What a site's day takes at the center: fresh, and once its minutes are packed.
//!
//! Whole hours of a site are applied as they would come, derived, flushed and packed; bytes of the folder are taken at
//! each step and scaled to a day. What sled itself takes before anything is stored is left out.

use std::{path::Path, time::Duration};

use bongsu_center_history::{Entry, History, Retention};
use bongsu_sdk_model::{SiteId, Tier, Timestamp, Window};

use crate::{
    figure::{folder_bytes, print},
    site::Extent,
    wan::{START, minutes},
};

const HOUR: Duration = Duration::from_secs(3_600);

pub(crate) fn measure(hours: u32) {
    let blocks = minutes(Extent::LARGE, 3, hours * 60);
    let folder = tempfile::tempdir().expect("a folder");
    let site = SiteId::new("busan").expect("an id");
    let end = START.plus(HOUR * hours);
    let a_day = |bytes: u64| bytes as f64 / f64::from(hours) * 24.0 / 1e6;
    let encoded = blocks
        .iter()
        .map(|b| b.encode().expect("a block").len() as u64);
    let minutes_alone = a_day(encoded.sum());
    let how = "encoded minutes alone";
    print("minutes_per_site_day", minutes_alone, "MB", how, None);

    let history = History::open(folder.path()).expect("a store");
    history.flush().expect("a flush");
    let empty = folder_bytes(folder.path());
    let disk = || a_day(folder_bytes(folder.path()).saturating_sub(empty));
    for (sequence, block) in (1..).zip(blocks) {
        let entry = Entry {
            sequence,
            rollups: vec![block],
            findings: Vec::new(),
        };
        history.apply(&site, 1, vec![entry], end).expect("applied");
    }
    history.derive_hours(end, 1_000).expect("derived");
    history.flush().expect("a flush");
    drop(history);
    let how = "10 apps x 200 URLs, 5 000 concurrent users all day; bytes of the folder";
    print("disk_fresh_site_day", disk(), "MB", how, Some(150.0));
    print_held("held_fresh_site_day", folder.path(), a_day, None);

    let history = History::open(folder.path()).expect("the store");
    let later = end.plus(HOUR * 25);
    history
        .compact(later, &Retention::default(), 1_000)
        .expect("packed");
    drop(history);
    print("disk_older_site_day", disk(), "MB", how, None);
    print_held("held_older_site_day", folder.path(), a_day, Some(15.0));
    reads_and_receiving(folder.path(), &site, end);
}

/// Prints what is held, apart from what the store's files take for it, and its larger parts.
fn print_held(figure: &str, folder: &Path, a_day: impl Fn(u64) -> f64, bar: Option<f64>) {
    let trees = held(folder);
    let all = trees.iter().map(|(_, bytes)| bytes).sum();
    print(figure, a_day(all), "MB", "keys and values", bar);
    for (tree, bytes) in trees {
        print(
            &format!("{figure}_{tree}"),
            a_day(bytes),
            "MB",
            "of it",
            None,
        );
    }
}

/// Keys and values of every tree.
fn held(folder: &Path) -> Vec<(String, u64)> {
    let db = sled::open(folder).expect("the store");
    let mut trees = Vec::new();
    for name in db.tree_names() {
        let tree = db.open_tree(&name).expect("a tree");
        let bytes: usize = tree
            .iter()
            .map(|item| item.expect("an entry"))
            .map(|(key, value)| key.len() + value.len())
            .sum();
        if bytes > 10_000 {
            trees.push((String::from_utf8_lossy(&name).into_owned(), bytes as u64));
        }
    }
    trees
}

/// Latency of applying a frame, alone and while four threads read without pause.
fn reads_and_receiving(folder: &Path, site: &SiteId, end: Timestamp) {
    let history = History::open(folder).expect("the store");
    let blocks = minutes(
        Extent {
            urls: 20,
            users: 500,
        },
        4,
        40,
    );
    let busy = std::sync::atomic::AtomicBool::new(false);
    let done = std::sync::atomic::AtomicBool::new(false);
    let order = std::sync::atomic::Ordering::SeqCst;
    let other = SiteId::new("jeju").expect("an id");
    let mut p99 = [0.0, 0.0];
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let window = Window::new(START, end);
                while !done.load(order) {
                    if busy.load(order) {
                        history
                            .visit(site, window, Tier::Minute, &mut |block| drop(block))
                            .expect("a read");
                    } else {
                        std::thread::yield_now();
                    }
                }
            });
        }
        let mut sequence = 0;
        for (round, p99) in p99.iter_mut().enumerate() {
            busy.store(round == 1, order);
            let mut took: Vec<f64> = Vec::new();
            for block in blocks.iter().cycle().take(100) {
                sequence += 1;
                let entry = Entry {
                    sequence,
                    rollups: vec![block.clone()],
                    findings: Vec::new(),
                };
                let begun = std::time::Instant::now();
                history.apply(&other, 1, vec![entry], end).expect("applied");
                took.push(begun.elapsed().as_secs_f64() * 1e3);
            }
            took.sort_by(f64::total_cmp);
            *p99 = took[took.len() * 99 / 100];
        }
        done.store(true, order);
    });
    print("apply_p99_alone", p99[0], "ms", "a frame, durable", None);
    print(
        "apply_p99_beside_readers",
        p99[1],
        "ms",
        "four threads reading packed hours without pause",
        None,
    );
}
