//! A center that is set back to an older copy of itself, and an edge that goes on: what the copy lacks is
//! sent again if the edge still has it, named as lost if not, and nothing is counted twice.
//!
//! The edge's half is the wire's sender and a list that stands for its spool; the center's is its real store.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests"
)]

use std::{collections::BTreeMap, fs, path::Path};

use bongsu_center_history::{Entry, History};
use bongsu_sdk_model::{Scope, SiteId, Tier, Timestamp, Window};
use bongsu_sdk_sketch::Block;
use bongsu_sdk_wire::{Down, Heard, Received, Receiver, SendWindow, Sender};

const EPOCH: u64 = 7;
const NOW: Timestamp = Timestamp::from_ms(1);

fn busan() -> SiteId {
    SiteId::new("busan").unwrap()
}

/// Batch `n` counts `2^n` requests, so that a sum says which were counted, and how often.
fn payload(sequence: u64) -> Vec<u8> {
    let mut block = Block::new(Tier::Minute, Timestamp::from_ms(60_000));
    block.entry(Scope::Site).counters.requests = 1 << sequence;
    block.encode().unwrap()
}

struct Edge {
    spool: BTreeMap<u64, Vec<u8>>,
    next: u64,
    sender: Sender,
}

impl Edge {
    fn new() -> Self {
        let window = SendWindow {
            batches: 100,
            bytes: 1 << 20,
        };
        Self {
            spool: BTreeMap::new(),
            next: 1,
            sender: Sender::new(window),
        }
    }

    fn store(&mut self, batches: u64) {
        for _ in 0..batches {
            self.spool.insert(self.next, payload(self.next));
            self.next += 1;
        }
    }

    fn hear(&mut self, frame: Down) {
        match self.sender.handle(frame, NOW).unwrap() {
            Heard::Welcomed { through, .. } | Heard::Acknowledged { through } => {
                self.spool = self.spool.split_off(&(through + 1));
            }
            Heard::Nothing => {}
            refused @ Heard::Refused(_) => panic!("{refused:?}"),
        }
    }

    /// A connection on which everything is sent, twice, and acknowledged if `acknowledged`.
    fn ship(&mut self, history: &History, acknowledged: bool) {
        let mut receiver = Receiver::new();
        let oldest = self.spool.keys().next().copied().unwrap_or(self.next);
        let hello = self.sender.hello(busan(), EPOCH, oldest, NOW);
        receiver.handle(hello).unwrap();
        let position = history.position(&busan(), EPOCH).unwrap();
        let opened = receiver.open(position, NOW).unwrap();
        if let Some(lost) = opened.lost {
            history
                .skip(&busan(), EPOCH, lost.through, "not held")
                .unwrap();
        }
        self.hear(opened.welcome);
        let after = self.sender.room().unwrap().after;
        let waiting: Vec<_> = self
            .spool
            .range(after + 1..)
            .map(|(s, p)| (*s, p.clone()))
            .collect();
        for (sequence, payload) in waiting {
            let frame = self.sender.batch(sequence, payload).unwrap();
            for frame in [frame.clone(), frame] {
                let ack = match receiver.handle(frame).unwrap() {
                    Received::Batch(batch) => {
                        let entry = Entry {
                            sequence: batch.sequence,
                            rollups: vec![Block::decode(&batch.payload).unwrap()],
                            findings: vec![],
                        };
                        let through = history.apply(&busan(), EPOCH, vec![entry], NOW).unwrap();
                        receiver.applied(through)
                    }
                    Received::Duplicate(ack) => ack,
                    other => panic!("{other:?}"),
                };
                if acknowledged {
                    self.hear(ack);
                }
            }
        }
    }
}

fn requests(history: &History) -> u64 {
    let mut requests = 0;
    let window = Window::new(Timestamp::from_ms(0), Timestamp::from_ms(3_600_000));
    history
        .visit(&busan(), window, Tier::Minute, &mut |block| {
            requests += block.scopes[&Scope::Site].counters.requests;
        })
        .unwrap();
    requests
}

fn sum(sequences: impl IntoIterator<Item = u64>) -> u64 {
    sequences.into_iter().map(|sequence| 1 << sequence).sum()
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

#[test]
fn an_older_copy_is_brought_up_to_date_and_what_no_one_has_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let (live, backup) = (folder.path().join("live"), folder.path().join("backup"));
    let mut edge = Edge::new();
    {
        let history = History::open(&live).unwrap();
        edge.store(3);
        edge.ship(&history, true);
        assert_eq!(requests(&history), sum(1..=3));
    }
    copy(&live, &backup);
    {
        let history = History::open(&live).unwrap();
        edge.store(2);
        edge.ship(&history, true);
        // These two are counted, but the edge never hears of it.
        edge.store(2);
        edge.ship(&history, false);
        assert_eq!(requests(&history), sum(1..=7));
    }
    edge.store(1);
    let restored = History::open(&backup).unwrap();
    assert_eq!(restored.position(&busan(), EPOCH).unwrap(), 3);
    edge.ship(&restored, true);
    // 4 and 5 were acknowledged, so the edge let them go.
    assert_eq!(requests(&restored), sum([1, 2, 3, 6, 7, 8]));
    let losses = restored.losses(&busan()).unwrap();
    let lost: Vec<_> = losses
        .iter()
        .map(|loss| (loss.from, loss.through))
        .collect();
    assert_eq!(lost, [(4, 5)]);
    edge.store(1);
    edge.ship(&restored, true);
    assert_eq!(requests(&restored), sum([1, 2, 3, 6, 7, 8, 9]));
}

#[test]
fn a_connection_that_is_repeated_without_ever_being_heard_counts_once() {
    let folder = tempfile::tempdir().unwrap();
    let history = History::open(folder.path()).unwrap();
    let mut edge = Edge::new();
    for _ in 0..5 {
        edge.store(2);
        edge.ship(&history, false);
        edge.ship(&history, false);
    }
    edge.ship(&history, true);
    assert_eq!(requests(&history), sum(1..=10));
    assert_eq!(edge.spool.len(), 0);
}
