//! A spool that is too small loses resolution, never totals; what it must drop it names; and whatever was
//! given out before stays as it was, so that a ledger counts everything once.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use bongsu_edge_history::{Block, Commit, History};
use bongsu_sdk_model::{AppId, Finding, IdentityMode, Scope, Tier, Timestamp, UrlTemplate, Window};
use bongsu_sdk_sketch::{IdentityHash, RollUp};
use bongsu_sdk_wire::Payload;
use proptest::prelude::*;
use tempfile::TempDir;

const MINUTE: i64 = 60_000;
const NOW: Timestamp = Timestamp::from_ms(1_000_000_000);

/// A minute in which `users` identities from `first` on made a request each.
fn minute(number: i64, first: u64, users: u64) -> Block {
    let mut block = Block::new(Tier::Minute, Timestamp::from_ms(number * MINUTE));
    let app = AppId::new("minwon").unwrap();
    for user in first..first + users {
        let hash = IdentityHash::from_uniform((user + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let url = UrlTemplate::new(&format!("/{}", user % 7)).unwrap();
        for scope in [
            Scope::Site,
            Scope::App(app.clone()),
            Scope::Url(app.clone(), url),
        ] {
            let rollup = block.entry(scope);
            rollup.counters.requests += 1;
            rollup.durations.add(user * 1_000);
            rollup.users_mut(IdentityMode::Cookie).insert(hash);
        }
    }
    block
}

fn store(history: &History, block: &Block) {
    let payload = Payload::RollUps(block.encode().unwrap()).encode().unwrap();
    let commit = Commit {
        batches: vec![payload],
        ..Commit::default()
    };
    history.commit(&commit).unwrap();
    history.flush().unwrap();
}

/// A center that never forgets: a position, and the union of what came after it.
#[derive(Default)]
struct Center {
    position: u64,
    total: Option<Block>,
    tiers: Vec<Tier>,
    findings: Vec<Finding>,
}

impl Center {
    /// Takes up to `most` batches of what the spool gives.
    fn take(&mut self, history: &History, most: usize) {
        let batches = history.read_spool(self.position, 1 << 20).unwrap();
        for (sequence, payload) in batches.into_iter().take(most) {
            assert_eq!(sequence, self.position + 1, "a gap or a repetition");
            self.position = sequence;
            match Payload::decode(&payload).unwrap() {
                Payload::RollUps(bytes) => self.count(&Block::decode(&bytes).unwrap()),
                Payload::Findings(findings) => self.findings.extend(findings),
            }
        }
    }

    fn count(&mut self, block: &Block) {
        self.tiers.push(block.tier);
        merge(&mut self.total, block);
    }

    fn take_all(&mut self, history: &History) {
        while self.position + 1 < history.spool().unwrap().next {
            self.take(history, usize::MAX);
        }
    }
}

fn merge(total: &mut Option<Block>, block: &Block) {
    total
        .get_or_insert_with(|| Block::new(Tier::Hour, Timestamp::from_ms(0)))
        .merge(block);
}

fn site(block: &Block) -> &RollUp {
    block.scopes.get(&Scope::Site).unwrap()
}

fn opened() -> (TempDir, History) {
    let folder = tempfile::tempdir().unwrap();
    let history = History::open(folder.path(), NOW).unwrap();
    (folder, history)
}

#[test]
fn minutes_become_five_minutes_then_hours_the_oldest_first_and_keep_their_totals() {
    let (_folder, history) = opened();
    let mut reference = None;
    for number in 0..600 {
        let block = minute(number, number as u64 * 3, 40);
        merge(&mut reference, &block);
        store(&history, &block);
    }
    let full = history.shrink_spool(u64::MAX, NOW).unwrap();
    assert_eq!((full.merged, full.dropped), (0, 0));
    let fives = history.shrink_spool(full.bytes * 7 / 10, NOW).unwrap();
    assert!(
        fives.merged > 0 && fives.bytes <= full.bytes * 7 / 10,
        "{fives:?}"
    );

    let hours = history.shrink_spool(full.bytes * 3 / 10, NOW).unwrap();
    assert!(hours.bytes <= full.bytes * 3 / 10, "{hours:?}");
    assert_eq!(hours.dropped, 0);
    let mut center = Center::default();
    center.take_all(&history);
    assert_eq!(center.total, reference);
    let first_fine = center.tiers.iter().position(|tier| *tier < Tier::Hour);
    let hours = center.tiers.iter().take(first_fine.unwrap_or(usize::MAX));
    assert!(
        hours.count() >= 2,
        "the oldest are hours: {:?}",
        center.tiers
    );
    assert!(
        center.tiers.is_sorted_by(|a, b| a >= b),
        "{:?}",
        center.tiers
    );
}

#[test]
fn only_when_hours_do_not_fit_are_the_oldest_dropped_and_a_finding_has_interval_and_totals() {
    let (_folder, history) = opened();
    for number in 0..600 {
        store(&history, &minute(number, number as u64 * 3, 40));
    }
    // Six hundred empty places of the numbering and some of the hours.
    let shrunk = history.shrink_spool(28_000, NOW).unwrap();
    assert!(shrunk.dropped > 0, "{shrunk:?}");
    history.flush().unwrap();
    let mut center = Center::default();
    center.take_all(&history);
    let counted = site(center.total.as_ref().unwrap()).counters.requests;
    let [finding] = center.findings.as_slice() else {
        panic!("{:?}", center.findings)
    };
    assert_eq!(finding.kind, "spool-overflow");
    let hours = shrunk.dropped as i64 * 60;
    let lost = Window::new(Timestamp::from_ms(0), Timestamp::from_ms(hours * MINUTE));
    assert_eq!(finding.window, lost);
    let (_, requests) = finding.evidence.first().unwrap();
    assert_eq!(*requests, (hours * 40) as f64);
    assert_eq!(
        counted + *requests as u64,
        600 * 40,
        "all is counted or named"
    );
    assert_eq!(
        history.findings(lost.later(), 9).unwrap(),
        std::slice::from_ref(finding)
    );
}

trait Later {
    /// Findings are found by the end of their window.
    fn later(self) -> Self;
}

impl Later for Window {
    fn later(self) -> Self {
        Self::new(self.to, Timestamp::from_ms(self.to.as_ms() + 1))
    }
}

#[test]
fn what_was_given_out_is_not_rewritten_even_after_a_restart() {
    let (folder, history) = opened();
    for number in 0..20 {
        store(&history, &minute(number, 0, 40));
    }
    let given = history.read_spool(0, 3_000).unwrap();
    assert!((2..10).contains(&given.len()), "{}", given.len());
    drop(history);
    let history = History::open(folder.path(), NOW).unwrap();
    assert_eq!(history.spool().unwrap().given, given.len() as u64);
    assert!(history.shrink_spool(1, NOW).unwrap().merged > 0);
    let again = history.read_spool(0, 3_000).unwrap();
    assert!(again.starts_with(&given), "rewritten after it was given");
}

#[test]
fn a_spool_from_before_the_mark_is_left_as_it_is() {
    let (folder, history) = opened();
    for number in 0..20 {
        store(&history, &minute(number, 0, 40));
    }
    drop(history);
    let db = sled::open(folder.path()).unwrap();
    db.open_tree("meta").unwrap().remove("given").unwrap();
    db.flush().unwrap();
    drop(db);
    let history = History::open(folder.path(), NOW).unwrap();
    let shrunk = history.shrink_spool(1, NOW).unwrap();
    assert_eq!((shrunk.merged, shrunk.dropped), (0, 0));
}

#[derive(Debug, Clone)]
enum Step {
    Store {
        minutes: u8,
        users: u8,
    },
    Give {
        most: u8,
    },
    /// Given, and perhaps applied, but the acknowledgement is lost.
    GiveUnheard {
        most: u8,
        applied: bool,
    },
    Acknowledge,
    Shrink {
        keep_pct: u8,
    },
    Restart,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (1..30_u8, 0..40_u8).prop_map(|(minutes, users)| Step::Store { minutes, users }),
        1 => (1..9_u8).prop_map(|most| Step::Give { most }),
        1 => (1..9_u8, any::<bool>()).prop_map(|(most, applied)| Step::GiveUnheard { most, applied }),
        1 => Just(Step::Acknowledge),
        3 => (30..100_u8).prop_map(|keep_pct| Step::Shrink { keep_pct }),
        1 => Just(Step::Restart),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn totals_are_the_same_whatever_was_merged_between(steps in proptest::collection::vec(step(), 1..14)) {
        let folder = tempfile::tempdir().unwrap();
        let mut history = History::open(folder.path(), NOW).unwrap();
        let (mut center, mut reference, mut number) = (Center::default(), None, 0_i64);
        for step in steps {
            match step {
                Step::Store { minutes, users } => for _ in 0..minutes {
                    let block = minute(number, number as u64, u64::from(users));
                    merge(&mut reference, &block);
                    store(&history, &block);
                    // Now and then a second delta of the same minute.
                    number += i64::from(number % 7 != 3 || users % 2 == 0);
                },
                Step::Give { most } => center.take(&history, most.into()),
                Step::GiveUnheard { most, applied } => {
                    let before = center.position;
                    if applied { center.take(&history, most.into()) } else {
                        history.read_spool(before, usize::from(most) * 1_000).unwrap();
                    }
                }
                Step::Acknowledge => history.acknowledge(center.position).unwrap(),
                Step::Shrink { keep_pct } => {
                    let bytes = history.shrink_spool(u64::MAX, NOW).unwrap().bytes;
                    // Never so small that something must go: hours always fit.
                    let keep = (bytes * u64::from(keep_pct) / 100).max(60_000);
                    prop_assert_eq!(history.shrink_spool(keep, NOW).unwrap().dropped, 0);
                }
                Step::Restart => {
                    drop(history);
                    history = History::open(folder.path(), NOW).unwrap();
                }
            }
        }
        center.take_all(&history);
        prop_assert_eq!(center.total, reference);
    }
}
