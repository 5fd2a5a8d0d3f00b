//! What is applied is applied once, survives a restart, and is read once however a window is cut.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "helpers of tests"
)]

use bongsu_center_history::{Entry, History, HistoryError};
use bongsu_sdk_model::{Scope, SiteId, Tier, Timestamp, Window};
use bongsu_sdk_sketch::Block;

const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;

fn at(ms: i64) -> Timestamp {
    Timestamp::from_ms(ms)
}

fn busan() -> SiteId {
    SiteId::new("busan").unwrap()
}

fn block(tier: Tier, start_ms: i64, requests: u64) -> Block {
    let mut block = Block::new(tier, at(start_ms));
    block.entry(Scope::Site).counters.requests = requests;
    block
}

fn entry(sequence: u64, start_ms: i64, requests: u64) -> Entry {
    Entry {
        sequence,
        rollups: vec![block(Tier::Minute, start_ms, requests)],
        findings: vec![],
    }
}

fn requests(history: &History, from_ms: i64, to_ms: i64) -> (u64, usize) {
    let (mut requests, mut blocks) = (0, 0);
    history
        .visit(
            &busan(),
            Window::new(at(from_ms), at(to_ms)),
            Tier::Hour,
            &mut |block| {
                requests += block.scopes[&Scope::Site].counters.requests;
                blocks += 1;
            },
        )
        .unwrap();
    (requests, blocks)
}

#[test]
fn repetitions_change_nothing_and_gaps_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let (site, epoch) = (busan(), 7);
    {
        let history = History::open(dir.path()).unwrap();
        let first = vec![entry(1, 0, 5), entry(2, MINUTE, 6)];
        assert_eq!(
            history.apply(&site, epoch, first.clone(), at(1)).unwrap(),
            2
        );
        assert_eq!(history.apply(&site, epoch, first, at(2)).unwrap(), 2);
        let overlapping = vec![entry(2, MINUTE, 6), entry(3, MINUTE, 1)];
        assert_eq!(history.apply(&site, epoch, overlapping, at(3)).unwrap(), 3);
        let gap = history.apply(&site, epoch, vec![entry(5, 0, 1)], at(4));
        assert!(
            matches!(
                gap,
                Err(HistoryError::Gap {
                    expected: 4,
                    got: 5
                })
            ),
            "{gap:?}"
        );
    }
    let history = History::open(dir.path()).unwrap();
    assert_eq!(history.position(&site, epoch).unwrap(), 3);
    assert_eq!(history.position(&site, 8).unwrap(), 0);
    assert_eq!(requests(&history, 0, HOUR).0, 12);
    assert_eq!(history.heard(&site).unwrap(), Some(at(3)));
}

#[test]
fn a_skip_is_recorded_and_the_next_entry_follows_it() {
    let dir = tempfile::tempdir().unwrap();
    let history = History::open(dir.path()).unwrap();
    history.skip(&busan(), 7, 4, "not held").unwrap();
    history.skip(&busan(), 7, 3, "not held").unwrap();
    assert_eq!(
        history
            .apply(&busan(), 7, vec![entry(5, 0, 1)], at(1))
            .unwrap(),
        5
    );
    let losses = history.losses(&busan()).unwrap();
    assert_eq!(
        losses
            .iter()
            .map(|l| (l.from, l.through))
            .collect::<Vec<_>>(),
        [(1, 4)]
    );
}

#[test]
fn hours_replace_their_minutes_and_late_minutes_undo_them() {
    let dir = tempfile::tempdir().unwrap();
    let history = History::open(dir.path()).unwrap();
    let minutes = (0..150)
        .map(|m| entry(m + 1, m as i64 * MINUTE, 1))
        .collect();
    history.apply(&busan(), 7, minutes, at(1)).unwrap();
    assert_eq!(requests(&history, 0, 3 * HOUR), (150, 150));

    assert_eq!(history.derive_hours(at(150 * MINUTE), 10).unwrap(), 2);
    assert_eq!(requests(&history, 0, 3 * HOUR), (150, 2 + 30));
    assert_eq!(requests(&history, 2 * MINUTE, HOUR), (58, 3 + 11));
    let cut = 90 * MINUTE;
    assert_eq!(
        requests(&history, 0, cut).0 + requests(&history, cut, 3 * HOUR).0,
        150
    );

    history
        .apply(&busan(), 7, vec![entry(151, 5 * MINUTE, 9)], at(2))
        .unwrap();
    assert_eq!(requests(&history, 0, HOUR), (69, 11 + 5));
    history.derive_hours(at(150 * MINUTE), 10).unwrap();
    assert_eq!(requests(&history, 0, HOUR), (69, 1));
}

#[test]
fn live_blocks_fill_minutes_that_have_not_come_and_only_those() {
    let dir = tempfile::tempdir().unwrap();
    let history = History::open(dir.path()).unwrap();
    let live = |start| block(Tier::TwoSeconds, start, 1);
    history.pulse(
        &busan(),
        vec![live(0), live(2_000), live(MINUTE)],
        None,
        String::new(),
        at(9),
    );
    history.pulse(&busan(), vec![live(2_000)], None, String::new(), at(10));
    assert_eq!(requests(&history, 0, HOUR), (3, 3));
    history
        .apply(&busan(), 7, vec![entry(1, 0, 2)], at(11))
        .unwrap();
    assert_eq!(requests(&history, 0, HOUR), (3, 2));
    assert_eq!(
        requests(&history, 1_000, HOUR).0,
        2,
        "the rest of a minute that began before"
    );
    assert_eq!(history.heard(&busan()).unwrap(), Some(at(11)));
}
