//! Orders over a link that is cut and between machines that are killed at every step: each is carried out
//! once, in the order given within its kind, and both ends agree on what became of it.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]

use std::collections::BTreeMap;

use bongsu_sdk_model::{SiteId, Timestamp};
use bongsu_sdk_wire::{
    Ask, Attempt, Call, Decoder, Dispatch, End, Ending, Frame, FrameError, Gathering, Handed,
    Handing, Intake, Join, Joined, MAX_PIECE_BYTES, NewOrder, Next, OrderId, OrderKind, OrderState,
    OrderStatus, Outcome, PublicKey, Record, Reply, encode,
};
use proptest::prelude::*;

const PIECE: usize = 3;
const DAY: i64 = 86_400_000;

fn order(kind: &str, key: &str, body: &[u8]) -> NewOrder {
    NewOrder {
        kind: OrderKind::new(kind).unwrap(),
        key: key.to_owned(),
        body: body.to_vec(),
        expires: Timestamp::from_ms(DAY),
    }
}

fn status(number: u64, order: &NewOrder) -> OrderStatus {
    OrderStatus {
        number,
        site: SiteId::new("busan").unwrap(),
        id: order.id(),
        kind: order.kind.clone(),
        key: order.key.clone(),
        bytes: order.body.len() as u64,
        given: Timestamp::from_ms(0),
        expires: order.expires,
        state: OrderState::Queued,
        since: Timestamp::from_ms(0),
    }
}

/// What survives a crash on either side, and what was really done.
#[derive(Default)]
struct World {
    queue: Vec<(OrderStatus, Vec<u8>)>,
    ledger: BTreeMap<OrderId, Record>,
    /// Effects in the order in which they came about.
    done: Vec<OrderId>,
    /// Steps until the link is cut or a machine killed.
    fuel: usize,
}

/// The link was cut, or one of the machines was killed.
struct Cut;

impl World {
    fn step(&mut self) -> Result<(), Cut> {
        self.fuel = self.fuel.checked_sub(1).ok_or(Cut)?;
        Ok(())
    }

    /// One connection: hands over everything that is due until it is cut or all is settled.
    fn connect(&mut self, fuel: usize) -> Result<(), Cut> {
        self.fuel = fuel;
        let mut dispatch = Dispatch::default();
        loop {
            let due = dispatch.due(self.queue.iter().map(|(status, _)| status.clone()));
            if due.is_empty() {
                return Ok(());
            }
            for order in due {
                self.hand(&order)?;
                dispatch.settled(order.id);
            }
        }
    }

    fn hand(&mut self, order: &OrderStatus) -> Result<(), Cut> {
        let mut handing = Handing::of(order.bytes);
        self.step()?;
        let known = self.ledger.get(&order.id).cloned();
        let head = order.head(Timestamp::from_ms(1));
        let (mut intake, mut next) = Intake::begin(head, known).unwrap();
        let mut body = Vec::new();
        loop {
            self.step()?;
            next = match next {
                Next::Send(reply) => {
                    let Ok(Handed::SendFrom(from)) = handing.take(reply) else {
                        panic!("the body was not asked for")
                    };
                    self.set(order.id, OrderState::Delivered);
                    let all = self.body(order.id);
                    body = all
                        .get(from..)
                        .unwrap()
                        .chunks(PIECE)
                        .map(<[u8]>::to_vec)
                        .collect();
                    body.reverse();
                    intake.complete().unwrap()
                }
                Next::Read => intake.take(Call::Body(body.pop().unwrap())).unwrap(),
                Next::CarryOut(order, attempt) => {
                    self.ledger.insert(order.id, Record::Begun);
                    self.step()?;
                    // What carries it out is told when it has to look first.
                    if attempt == Attempt::First || !self.done.contains(&order.id) {
                        self.done.push(order.id);
                    }
                    self.step()?;
                    let outcome = Outcome::Applied { note: order.key };
                    self.ledger
                        .insert(order.id, Record::Settled(outcome.clone()));
                    Next::Report(Reply::Report(outcome))
                }
                Next::Settle(outcome) => {
                    self.ledger
                        .insert(order.id, Record::Settled(outcome.clone()));
                    Next::Report(Reply::Report(outcome))
                }
                Next::Report(reply) => {
                    let Ok(Handed::Settled(outcome)) = handing.take(reply) else {
                        panic!("that was no report")
                    };
                    self.set(order.id, OrderState::Settled(outcome));
                    return Ok(());
                }
            };
        }
    }

    fn set(&mut self, id: OrderId, state: OrderState) {
        for (status, _) in &mut self.queue {
            if status.id == id && !status.state.is_final() {
                status.state = state.clone();
            }
        }
    }

    fn body(&self, id: OrderId) -> Vec<u8> {
        let found = self.queue.iter().find(|(status, _)| status.id == id);
        found.unwrap().1.clone()
    }
}

proptest! {
    #[test]
    fn every_order_is_carried_out_once_and_in_turn(
        kinds in prop::collection::vec((0..3_usize, 0..20_usize), 1..12),
        cuts in prop::collection::vec(0..40_usize, 0..30),
    ) {
        let mut world = World::default();
        for (number, (kind, len)) in kinds.iter().enumerate() {
            let name = ["action", "plugin", "policy"][*kind];
            let order = order(name, &format!("k{number}"), &vec![7; *len]);
            world.queue.push((status(number as u64 + 1, &order), order.body));
        }
        for fuel in cuts {
            let _ = world.connect(fuel);
        }
        prop_assert!(world.connect(usize::MAX).is_ok());
        for (status, _) in &world.queue {
            let times = world.done.iter().filter(|id| **id == status.id).count();
            prop_assert_eq!(times, 1, "{} was carried out {} times", status.key, times);
            let applied = Outcome::Applied { note: status.key.clone() };
            prop_assert_eq!(&status.state, &OrderState::Settled(applied));
        }
        for kind in ["action", "plugin", "policy"] {
            let given: Vec<_> = world.queue.iter().filter(|(s, _)| s.kind.as_str() == kind).map(|(s, _)| s.id).collect();
            let done: Vec<_> = world.done.iter().filter(|id| given.contains(id)).copied().collect();
            prop_assert_eq!(given, done);
        }
    }
}

#[test]
fn a_center_restored_from_a_copy_sends_again_and_is_only_told() {
    let mut world = World::default();
    let order = order("action", "a", b"end");
    world.queue.push((status(1, &order), order.body.clone()));
    let older = world.queue.clone();
    assert!(world.connect(100).is_ok());
    world.queue = older;
    assert!(world.connect(100).is_ok());
    assert_eq!(world.done.len(), 1);
    assert_eq!(world.queue[0].0.state.name(), "applied");
}

#[test]
fn a_body_that_is_not_the_orders_own_is_refused() {
    let order = order("plugin", "p@2", b"wasm");
    let head = status(1, &order).head(Timestamp::from_ms(0));
    let begin = || Intake::begin(head.clone(), None).unwrap().0;
    for (body, why) in [
        (b"wosm".as_slice(), "another body"),
        (b"wasm!", "too long"),
        (b"", "an empty piece"),
        (&[0; MAX_PIECE_BYTES + 1], "too long a piece"),
    ] {
        assert!(begin().take(Call::Body(body.to_vec())).is_err(), "{why}");
    }
    assert!(begin().take(Call::Renew).is_err());
    let huge = bongsu_sdk_wire::OrderHead {
        bytes: u64::MAX,
        ..head.clone()
    };
    assert!(Intake::begin(huge, None).is_err());
}

#[test]
fn what_is_too_late_expires_unless_it_was_begun() {
    let order = order("action", "a", b"");
    let late = status(1, &order).head(Timestamp::from_ms(DAY));
    let next = |record| Intake::begin(late.clone(), record).unwrap().1;
    assert_eq!(next(None), Next::Settle(Outcome::Expired));
    assert_eq!(
        next(Some(Record::Begun)),
        Next::Send(Reply::Want { from: 0 })
    );
    let queued = status(1, &order);
    let expired = Some(OrderState::Settled(Outcome::Expired));
    assert_eq!(Dispatch::overdue(&queued, Timestamp::from_ms(DAY)), expired);
    assert_eq!(
        Dispatch::overdue(&queued, Timestamp::from_ms(DAY - 1)),
        None
    );
    let sent = OrderStatus {
        state: OrderState::Delivered,
        ..queued
    };
    assert_eq!(Dispatch::overdue(&sent, Timestamp::from_ms(DAY)), None);
}

#[test]
fn an_edge_that_breaks_the_rules_of_an_order_is_refused() {
    let long = "x".repeat(bongsu_sdk_wire::MAX_NOTE_BYTES + 1);
    for frames in [
        vec![Reply::Want { from: 5 }],
        vec![Reply::Want { from: 0 }, Reply::Want { from: 0 }],
        vec![Reply::Part(vec![1])],
        vec![Reply::Report(Outcome::Applied { note: long })],
        vec![
            Reply::Report(Outcome::Expired),
            Reply::Report(Outcome::Expired),
        ],
    ] {
        let mut handing = Handing::of(4);
        let broken = frames
            .clone()
            .into_iter()
            .map(|frame| handing.take(frame))
            .any(|taken| taken.is_err());
        assert!(broken, "{frames:?}");
    }
}

#[test]
fn an_answer_keeps_what_came_and_refuses_more_than_was_asked_for() {
    let mut gathering = Gathering::new(4);
    assert_eq!(gathering.take(Reply::Part(vec![1, 2, 3])), Ok(None));
    assert_eq!(
        gathering.take(Reply::Part(vec![4, 5])),
        Err(FrameError::TooLong { len: 2, limit: 1 })
    );
    let answer = gathering.finish(End::short(Ending::Deadline, "late"));
    assert_eq!(answer.parts, [vec![1, 2, 3]]);
    assert!(!answer.is_complete());
}

fn call_frames() -> Vec<Call> {
    let order = order("plugin", "p@2", b"wasm");
    vec![
        Call::Order(status(1, &order).head(Timestamp::from_ms(0))),
        Call::Body(order.body),
        Call::Ask(Ask {
            kind: order.kind,
            body: vec![1; 9],
            within_ms: 5,
            max_bytes: 6,
        }),
        Call::Renew,
        Call::Certificate("pem".to_owned()),
    ]
}

fn reply_frames() -> Vec<Reply> {
    vec![
        Reply::Want { from: 0 },
        Reply::Part(vec![3; 20]),
        Reply::Report(Outcome::Applied {
            note: "done".to_owned(),
        }),
        Reply::End(End::complete()),
        Reply::Kept,
    ]
}

/// Feeds `bytes` to whoever reads such frames; gives how many were read.
fn read_all<F: Frame>(bytes: &[u8], mut take: impl FnMut(F)) -> usize {
    let mut decoder = Decoder::<F>::new(MAX_PIECE_BYTES);
    decoder.push(bytes);
    let mut frames = 0;
    while let Ok(Some(frame)) = decoder.next() {
        frames += 1;
        take(frame);
    }
    frames
}

fn edge_reads(bytes: &[u8]) -> usize {
    let mut intake = None;
    read_all(bytes, |frame| match (&mut intake, frame) {
        (None, Call::Order(head)) => intake = Intake::begin(head, None).ok().map(|(it, _)| it),
        (Some(intake), frame) => {
            let _ = intake.take(frame);
        }
        _ => {}
    })
}

fn center_reads(bytes: &[u8]) -> usize {
    let (mut handing, mut gathering) = (Handing::of(4), Gathering::new(16));
    read_all(bytes, |frame: Reply| {
        let _ = handing.take(frame.clone());
        let _ = gathering.take(frame);
    })
}

fn bytes_of<F: Frame>(frames: &[F]) -> Vec<u8> {
    let frames = frames.iter().map(|frame| encode(frame).unwrap());
    frames.flatten().collect()
}

proptest! {
    #[test]
    fn perturbed_frames_of_the_downlink_never_panic(
        flips in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6),
        cut in any::<prop::sample::Index>(),
    ) {
        let join = Join {
            token: [1; 8],
            secret: [2; 24],
            site: SiteId::new("busan").unwrap(),
            key: PublicKey { point: vec![4; 65], proof: vec![5; 70] },
        };
        for mut bytes in [bytes_of(&call_frames()), bytes_of(&reply_frames()), bytes_of(&[join])] {
            let len = bytes.len();
            for (at, with) in &flips {
                bytes[at.index(len)] ^= with;
            }
            bytes.truncate(cut.index(len + 1));
            edge_reads(&bytes);
            center_reads(&bytes);
            read_all(&bytes, |_: Join| {});
            read_all(&bytes, |_: Joined| {});
            let _ = (Record::decode(&bytes), OrderStatus::decode(&bytes));
        }
    }
}

#[test]
fn unharmed_frames_of_the_downlink_are_all_read() {
    assert_eq!(edge_reads(&bytes_of(&call_frames())), 5);
    assert_eq!(center_reads(&bytes_of(&reply_frames())), 5);
}
