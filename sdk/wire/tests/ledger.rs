//! Sender and receiver over a link that cuts anywhere, with a center that restarts and is restored from an
//! older copy. Whatever happens, every sequence ends up applied exactly once or reported lost.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use bongsu_sdk_model::{SiteId, Timestamp};
use bongsu_sdk_wire::{
    Decoder, Down, Heard, MAX_FRAME_BYTES, Received, Receiver, SendWindow, Sender, Up, encode,
};
use proptest::prelude::*;

/// The spool: what was produced and not acknowledged.
#[derive(Default)]
struct Spool {
    held: BTreeMap<u64, Vec<u8>>,
    next: u64,
}

impl Spool {
    fn produce(&mut self, bytes: usize) {
        self.held.insert(
            self.next,
            vec![u8::try_from(self.next % 256).unwrap(); bytes],
        );
        self.next += 1;
    }

    fn oldest(&self) -> u64 {
        self.held.keys().next().copied().unwrap_or(self.next)
    }

    fn acknowledged(&mut self, through: u64) {
        assert!(
            through < self.next,
            "acknowledged {through}, which was never produced"
        );
        self.held.retain(|sequence, _| *sequence > through);
    }
}

/// What the center has made durable: one transaction moves both together.
#[derive(Default, Clone)]
struct Store {
    position: u64,
    applied: Vec<u64>,
    lost: BTreeSet<u64>,
}

impl Store {
    fn skip(&mut self, through: u64) {
        self.lost.extend(self.position + 1..=through);
        self.position = through;
    }
}

/// Both ends and the bytes between them. Time moves by one millisecond per step.
struct World {
    spool: Spool,
    sender: Sender,
    from_center: Decoder<Down>,
    upward: VecDeque<u8>,
    downward: VecDeque<u8>,
    center: Option<(Decoder<Up>, Receiver)>,
    /// Accepted, not durable yet: gone when the center stops.
    pending: Vec<u64>,
    store: Store,
    backup: Store,
    now: Timestamp,
}

impl World {
    fn new(window: SendWindow) -> Self {
        Self {
            spool: Spool {
                held: BTreeMap::new(),
                next: 1,
            },
            sender: Sender::new(window),
            from_center: Decoder::new(MAX_FRAME_BYTES),
            upward: VecDeque::new(),
            downward: VecDeque::new(),
            center: None,
            pending: Vec::new(),
            store: Store::default(),
            backup: Store::default(),
            now: Timestamp::from_ms(0),
        }
    }

    fn connect(&mut self) {
        self.cut();
        self.center = Some((Decoder::new(MAX_FRAME_BYTES), Receiver::new()));
        let site = SiteId::new("jeju").unwrap();
        let hello = self.sender.hello(site, 1, self.spool.oldest(), self.now);
        self.upward.extend(encode(&hello).unwrap());
    }

    /// The connection is gone with everything under way, in both directions.
    fn cut(&mut self) {
        self.upward.clear();
        self.downward.clear();
        self.from_center = Decoder::new(MAX_FRAME_BYTES);
        self.center = None;
        self.pending.clear();
    }

    /// The edge reads its spool as far as the window allows.
    fn send(&mut self) {
        while let Some(room) = self.sender.room() {
            let Some((sequence, payload)) = self.spool.held.range(room.after + 1..).next() else {
                return;
            };
            let frame = self.sender.batch(*sequence, payload.clone()).unwrap();
            self.upward.extend(encode(&frame).unwrap());
        }
    }

    /// Up to `limit` bytes arrive at the center.
    fn deliver_up(&mut self, limit: usize) {
        let limit = limit.min(self.upward.len());
        let bytes: Vec<u8> = self.upward.drain(..limit).collect();
        let Some((decoder, receiver)) = &mut self.center else {
            return;
        };
        decoder.push(&bytes);
        while let Some(frame) = decoder.next().unwrap() {
            match receiver.handle(frame).unwrap() {
                Received::Hello(_) => {
                    let opened = receiver.open(self.store.position, self.now).unwrap();
                    if let Some(lost) = opened.lost {
                        assert_eq!(lost.from, self.store.position + 1);
                        self.store.skip(lost.through);
                    }
                    self.downward.extend(encode(&opened.welcome).unwrap());
                }
                Received::Batch(batch) => self.pending.push(batch.sequence),
                Received::Duplicate(ack) => self.downward.extend(encode(&ack).unwrap()),
                Received::Pulse(_) | Received::Lane(_) => panic!("neither was sent"),
            }
        }
    }

    /// The center makes what is pending durable and acknowledges it.
    fn apply(&mut self) {
        let (Some((_, receiver)), Some(last)) = (&mut self.center, self.pending.last().copied())
        else {
            return;
        };
        self.store.applied.append(&mut self.pending);
        self.store.position = last;
        self.downward
            .extend(encode(&receiver.applied(last)).unwrap());
    }

    /// Up to `limit` bytes arrive at the edge.
    fn deliver_down(&mut self, limit: usize) {
        let limit = limit.min(self.downward.len());
        let bytes: Vec<u8> = self.downward.drain(..limit).collect();
        self.from_center.push(&bytes);
        while let Some(frame) = self.from_center.next().unwrap() {
            match self.sender.handle(frame, self.now).unwrap() {
                Heard::Welcomed { through, .. } | Heard::Acknowledged { through } => {
                    self.spool.acknowledged(through)
                }
                Heard::Nothing => {}
                Heard::Refused(refusal) => panic!("{refusal}"),
            }
        }
    }

    fn step(&mut self, step: &Step) {
        self.now = Timestamp::from_ms(self.now.as_ms() + 1);
        match *step {
            Step::Produce(bytes) => self.spool.produce(bytes),
            Step::Connect => self.connect(),
            Step::Send => self.send(),
            Step::DeliverUp(limit) => self.deliver_up(limit),
            Step::Apply => self.apply(),
            Step::DeliverDown(limit) => self.deliver_down(limit),
            Step::Cut => self.cut(),
            Step::BackUp => self.backup = self.store.clone(),
            Step::Restore => {
                self.cut();
                self.store = self.backup.clone();
            }
        }
    }

    /// A good link until nothing is left to do.
    fn settle(&mut self) {
        self.connect();
        while !self.spool.held.is_empty() {
            self.send();
            self.deliver_up(usize::MAX);
            self.apply();
            self.deliver_down(usize::MAX);
        }
        // An empty spool still learns and reports what a restored center misses.
        self.connect();
        self.deliver_up(usize::MAX);
        self.deliver_down(usize::MAX);
    }
}

#[derive(Debug, Clone)]
enum Step {
    Produce(usize),
    Connect,
    Send,
    DeliverUp(usize),
    Apply,
    DeliverDown(usize),
    Cut,
    BackUp,
    Restore,
}

fn step(restores: bool) -> impl Strategy<Value = Step> {
    let restore = if restores { 1 } else { 0 };
    prop_oneof![
        6 => (0_usize..60).prop_map(Step::Produce),
        2 => Just(Step::Connect),
        6 => Just(Step::Send),
        6 => (1_usize..200).prop_map(Step::DeliverUp),
        4 => Just(Step::Apply),
        4 => (1_usize..20).prop_map(Step::DeliverDown),
        1 => Just(Step::Cut),
        restore => Just(Step::BackUp),
        restore => Just(Step::Restore),
    ]
}

fn window() -> impl Strategy<Value = SendWindow> {
    (1_usize..10, 1_usize..300).prop_map(|(batches, bytes)| SendWindow { batches, bytes })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    #[test]
    fn every_sequence_is_applied_exactly_once(window in window(), steps in prop::collection::vec(step(false), 0..150)) {
        let mut world = World::new(window);
        steps.iter().for_each(|step| world.step(step));
        world.settle();
        let produced: Vec<u64> = (1..world.spool.next).collect();
        prop_assert_eq!(&world.store.applied, &produced, "in order, once each");
        prop_assert!(world.store.lost.is_empty());
    }

    #[test]
    fn after_a_restore_every_sequence_is_applied_once_or_reported_lost(
        window in window(),
        steps in prop::collection::vec(step(true), 0..200),
    ) {
        let mut world = World::new(window);
        steps.iter().for_each(|step| world.step(step));
        world.settle();
        let produced: BTreeSet<u64> = (1..world.spool.next).collect();
        let applied: BTreeSet<u64> = world.store.applied.iter().copied().collect();
        prop_assert_eq!(applied.len(), world.store.applied.len(), "none twice");
        prop_assert!(applied.is_disjoint(&world.store.lost));
        let accounted: BTreeSet<u64> = applied.union(&world.store.lost).copied().collect();
        prop_assert_eq!(accounted, produced);
    }
}

fn wide() -> World {
    World::new(SendWindow {
        batches: 100,
        bytes: 10_000,
    })
}

#[test]
fn a_lost_acknowledgement_costs_a_repetition_and_nothing_else() {
    let mut world = wide();
    (0..3).for_each(|_| world.spool.produce(5));
    world.connect();
    world.deliver_up(usize::MAX);
    world.deliver_down(usize::MAX);
    world.send();
    world.deliver_up(usize::MAX);
    world.apply();
    world.cut();
    assert_eq!(world.spool.held.len(), 3, "the edge has not heard");
    world.connect();
    world.deliver_up(usize::MAX);
    world.deliver_down(usize::MAX);
    assert!(world.spool.held.is_empty(), "the welcome says so");
    assert_eq!(world.store.applied, [1, 2, 3]);
}

#[test]
fn a_connection_may_stop_at_any_byte() {
    let mut whole = wide();
    (0..4).for_each(|_| whole.spool.produce(9));
    whole.connect();
    whole.deliver_up(usize::MAX);
    whole.deliver_down(usize::MAX);
    whole.send();
    let length = whole.upward.len();
    assert!(length > 40);
    for stop in 0..=length {
        let mut world = wide();
        (0..4).for_each(|_| world.spool.produce(9));
        world.connect();
        world.deliver_up(usize::MAX);
        world.deliver_down(usize::MAX);
        world.send();
        world.deliver_up(stop);
        world.apply();
        world.settle();
        assert_eq!(
            world.store.applied,
            [1, 2, 3, 4],
            "stopped after {stop} bytes"
        );
    }
}

#[test]
fn a_center_restored_from_an_older_copy_reports_exactly_what_is_gone() {
    let mut world = wide();
    world.spool.produce(1);
    world.settle();
    world.step(&Step::BackUp);
    (0..3).for_each(|_| world.spool.produce(1));
    world.settle();
    world.step(&Step::Restore);
    world.spool.produce(1);
    world.settle();
    assert_eq!(world.store.applied, [1, 5]);
    assert_eq!(world.store.lost, BTreeSet::from([2, 3, 4]));
}
