//! The way down: orders that are carried out once whatever restarts, and questions that end in time.

use std::{
    path::Path,
    sync::{Arc, Mutex, mpsc},
    time::Duration,
};

use bongsu_center_receive::{AskError, Question, Sites};
use bongsu_edge_ship::{Answers, Asked, Attempt, CarriesOut, Downlink, Order, Unanswered};
use bongsu_sdk_model::{Clock, ManualClock};
use bongsu_sdk_wire::{Ending, NewOrder, OrderKind, OrderState, Outcome};

use crate::rig::{Edge, LIMIT, MemoryInbox, MemoryOutbox, NOON, Pki, center_of, roll_up, site};

const HOUR: Duration = Duration::from_secs(3_600);

fn clock() -> Arc<dyn Clock> {
    Arc::new(ManualClock::at(NOON))
}

fn sites_in(directory: &Path) -> Sites {
    Sites::open(directory, clock()).unwrap()
}

fn order(kind: &str, key: &str, body: &[u8]) -> NewOrder {
    NewOrder {
        kind: OrderKind::new(kind).unwrap(),
        key: key.to_owned(),
        body: body.to_vec(),
        expires: NOON.plus(HOUR),
    }
}

/// Notes what it is told to do, and fails what is called `bad`.
#[derive(Default)]
struct Notes(Mutex<Vec<(String, usize, Attempt)>>);

impl Notes {
    fn keys(&self) -> Vec<String> {
        let notes = self.0.lock().unwrap();
        notes.iter().map(|(key, ..)| key.clone()).collect()
    }
}

impl CarriesOut for Notes {
    fn carry_out(&self, order: &Order, attempt: Attempt) -> Result<String, String> {
        let noted = (order.key.clone(), order.body.len(), attempt);
        self.0.lock().unwrap().push(noted);
        match order.key.as_str() {
            "bad" => Err("there is no such session".to_owned()),
            "panic" => panic!("a plugin of somebody's"),
            key => Ok(format!("did {key}")),
        }
    }
}

fn downlink(directory: &Path, notes: &Arc<Notes>) -> Downlink {
    // The last one's tasks may still be on their way out.
    let opened = std::iter::repeat_with(|| Downlink::open(directory, NOON).ok())
        .take(600)
        .inspect(|opened| {
            if opened.is_none() {
                std::thread::sleep(Duration::from_millis(100));
            }
        })
        .find_map(|opened| opened);
    let mut downlink = opened.expect("the ledger of orders is still in use");
    for kind in ["action", "plugin"] {
        let who = Arc::clone(notes) as Arc<dyn CarriesOut>;
        downlink.carries_out(kind, who).unwrap();
    }
    downlink
}

async fn settled(sites: &Sites, order: &NewOrder) -> OrderState {
    let busan = site("busan");
    let outcome = tokio::time::timeout(LIMIT, sites.outcome(&busan, order.id()));
    let status = outcome.await.expect("the order was never settled");
    status.unwrap().unwrap().state
}

#[tokio::test(flavor = "multi_thread")]
async fn orders_wait_for_their_site_are_carried_out_in_turn_and_only_once() {
    let (pki, inbox, busan) = (Pki::new(), Arc::new(MemoryInbox::default()), site("busan"));
    let (kept, ledger) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let copy = tempfile::tempdir().unwrap();
    let given: Vec<NewOrder> = (0..5)
        .map(|n| order("action", &format!("a{n}"), b"end"))
        .chain([
            order("plugin", "p", &vec![7; 3_000_000]),
            order("action", "bad", b""),
        ])
        .collect();
    {
        // The center is stopped before the site was ever there.
        let sites = sites_in(kept.path());
        for order in &given {
            assert_eq!(
                sites.order(&busan, order).unwrap().state,
                OrderState::Queued
            );
        }
    }
    copy_all(kept.path(), copy.path());
    let notes = Arc::new(Notes::default());
    // Twice: with what the center kept, and with a copy of it from before anything was sent.
    for directory in [kept.path(), copy.path()] {
        let sites = sites_in(directory);
        let center = center_of(pki.receive(), &inbox, clock(), &sites).await;
        let edge = Edge::start_with(
            pki.ship("busan", center.address()),
            "busan",
            &MemoryOutbox::with(0, roll_up),
            NOON,
            downlink(ledger.path(), &notes),
        );
        for order in &given {
            let note = format!("did {}", order.key);
            let expected = match order.key.as_str() {
                "bad" => Outcome::Failed {
                    reason: "there is no such session".to_owned(),
                },
                _ => Outcome::Applied { note },
            };
            assert_eq!(settled(&sites, order).await, OrderState::Settled(expected));
        }
        // The same order again is the same order.
        let again = sites.order(&busan, &given[0]).unwrap();
        assert_eq!(again.state.name(), "applied");
        edge.handle.shutdown().await;
        center.shutdown().await;
    }
    let actions: Vec<String> = notes.keys().into_iter().filter(|key| key != "p").collect();
    assert_eq!(actions, ["a0", "a1", "a2", "a3", "a4", "bad"]);
    assert_eq!(notes.keys().len(), 7, "each once");
    assert!(
        notes
            .0
            .lock()
            .unwrap()
            .contains(&("p".to_owned(), 3_000_000, Attempt::First))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nobody_can_carry_out_fails_with_a_reason_and_holds_nothing_up() {
    let (pki, inbox, busan) = (Pki::new(), Arc::new(MemoryInbox::default()), site("busan"));
    let (kept, ledger) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (sites, notes) = (sites_in(kept.path()), Arc::new(Notes::default()));
    let center = center_of(pki.receive(), &inbox, clock(), &sites).await;
    let edge = Edge::start_with(
        pki.ship("busan", center.address()),
        "busan",
        &MemoryOutbox::with(0, roll_up),
        NOON,
        downlink(ledger.path(), &notes),
    );
    let given = [
        order("policy", "x", b""),
        order("action", "panic", b""),
        order("action", "after", b""),
    ];
    for order in &given {
        sites.order(&busan, order).unwrap();
    }
    let mut names = Vec::new();
    for order in &given {
        names.push(settled(&sites, order).await.name());
    }
    assert_eq!(names, ["failed", "failed", "applied"]);
    let late = NewOrder {
        expires: NOON,
        ..order("action", "late", b"")
    };
    assert!(
        sites.order(&busan, &late).is_err(),
        "it has expired already"
    );
    let other = site("jeju");
    let waiting = order("action", "waiting", b"");
    sites.order(&other, &waiting).unwrap();
    let taken = sites.withdraw(&other, waiting.id()).unwrap().unwrap();
    assert_eq!(taken.state, OrderState::Withdrawn);
    edge.handle.shutdown().await;
    center.shutdown().await;
}

/// Says as many numbers as the question's length, then waits until it is let go if the question ends so.
struct Counts(Mutex<mpsc::Receiver<()>>);

impl Answers for Counts {
    fn answer(&self, body: &[u8], asked: &mut Asked) -> Result<(), Unanswered> {
        for n in 0..body.len() {
            asked.part(vec![u8::try_from(n).unwrap_or(0); 100])?;
        }
        match body.last() {
            Some(b'?') => Err(Unanswered::Bad("what?".to_owned())),
            Some(b'~') => {
                let _ = self.0.lock().unwrap().recv();
                Ok(())
            }
            _ => Ok(()),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_is_answered_in_part_rather_than_not_at_all() {
    let (pki, inbox, busan) = (Pki::new(), Arc::new(MemoryInbox::default()), site("busan"));
    let (kept, ledger) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let sites = sites_in(kept.path());
    let center = center_of(pki.receive(), &inbox, clock(), &sites).await;
    let (let_go, held) = mpsc::channel();
    let mut downlink = Downlink::open(ledger.path(), NOON).unwrap();
    let counts = Arc::new(Counts(Mutex::new(held)));
    downlink.answers("count", counts).unwrap();
    let outbox = MemoryOutbox::with(1, roll_up);
    let config = pki.ship("busan", center.address());
    let question = |kind: &str, body: &[u8], max_bytes| Question {
        kind: OrderKind::new(kind).unwrap(),
        body: body.to_vec(),
        max_bytes,
    };
    let nobody = sites.ask(&busan, question("count", b"", 9), LIMIT).await;
    assert_eq!(nobody, Err(AskError::Offline { since: None }));

    let edge = Edge::start_with(config, "busan", &outbox, NOON, downlink);
    edge.until_acknowledged(1).await;
    for (kind, body, max_bytes, deadline, parts, how) in [
        (
            "count",
            b"aaa".as_slice(),
            1_000,
            LIMIT,
            3,
            Ending::Complete,
        ),
        ("count", b"aaa", 250, LIMIT, 2, Ending::Size),
        ("count", b"a?", 1_000, LIMIT, 2, Ending::BadQuestion),
        ("weather", b"", 1_000, LIMIT, 0, Ending::UnknownKind),
        (
            "count",
            b"aa~",
            1_000,
            Duration::from_secs(2),
            3,
            Ending::Deadline,
        ),
    ] {
        let asked = sites.ask(&busan, question(kind, body, max_bytes), deadline);
        let answer = asked.await.unwrap();
        assert_eq!(
            (answer.parts.len(), answer.end.how),
            (parts, how),
            "{answer:?}"
        );
    }
    drop(let_go);
    edge.handle.shutdown().await;
    inbox.until(&busan, |known| !known.connected).await;
    let gone = sites.ask(&busan, question("count", b"", 9), LIMIT).await;
    assert_eq!(gone, Err(AskError::Offline { since: Some(NOON) }));
    center.shutdown().await;
}

fn copy_all(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        match entry.file_type().unwrap().is_dir() {
            true => copy_all(&entry.path(), &to),
            false => {
                std::fs::copy(entry.path(), to).unwrap();
            }
        }
    }
}
