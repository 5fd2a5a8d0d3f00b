//! Nothing settled is lost, wherever a crash falls, and nothing broken is believed.

use std::{
    collections::HashSet,
    fs,
    sync::{
        Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
    },
};

use proptest::{collection::vec, prelude::*};
use tokio::sync::{
    Semaphore,
    mpsc::{UnboundedSender, unbounded_channel},
};

use super::*;
use crate::engine::journal::{
    core::lock,
    frame::{FRAME, PREAMBLE},
};

/// Writes segments of records; everything is settled. Returns them and the last file with its length in use.
fn write(dir: &Path, durability: Durability, segments: &[Records]) -> (std::path::PathBuf, usize) {
    let (journal, _) = open(dir, durability);
    for (index, records) in segments.iter().enumerate() {
        if index > 0 {
            journal.rotate().unwrap();
        }
        for record in records {
            journal.append(record);
        }
    }
    drop(journal);
    let last = segments.last().unwrap();
    let length = PREAMBLE
        + last
            .iter()
            .map(|record| FRAME + record.len())
            .sum::<usize>();
    (super::segments(dir).pop().unwrap(), length)
}

fn durability() -> impl Strategy<Value = Durability> {
    prop_oneof![Just(Durability::Group), Just(Durability::Os)]
}

fn records() -> impl Strategy<Value = Vec<Records>> {
    vec(vec(vec(any::<u8>(), 0..24), 0..6), 1..4)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn a_last_segment_cut_anywhere_keeps_every_record_before_the_cut(
        durability in durability(), segments in records(), zeros in 0..40_usize, again in any::<prop::sample::Index>(),
    ) {
        let dir = tempfile::tempdir().unwrap();
        let (last, length) = write(dir.path(), durability, &segments);
        let bytes = fs::read(&last).unwrap();
        let (tail, sealed) = segments.split_last().unwrap();
        let sealed = sealed.concat();
        let expected = |cut: usize| {
            let mut end = PREAMBLE;
            let kept = tail.iter().take_while(|record| {
                end += FRAME + record.len();
                end <= cut
            });
            sealed.iter().chain(kept).cloned().collect::<Records>()
        };
        for cut in 0..=length {
            for zeros in [0, zeros] {
                // A cut within the preamble that zeros fill up is not a crash: 32 bytes are never split by one.
                if zeros > 0 && cut > 0 && cut < PREAMBLE {
                    continue;
                }
                let torn = [&bytes[..cut], &vec![0; zeros]].concat();
                fs::write(&last, torn).unwrap();
                let found = found(dir.path()).unwrap();
                let expected = expected(cut);
                // Zeros may happen to be what was cut off.
                prop_assert!(found.starts_with(&expected), "cut at {cut}: {found:?} {expected:?}");
                prop_assert!(segments.concat().starts_with(&found), "cut at {cut}: {found:?}");
            }
        }
        // What was cut stays cut, whatever is written behind it.
        let cut = again.index(length + 1);
        fs::write(&last, &bytes[..cut]).unwrap();
        open(dir.path(), durability).0.append(b"after");
        let found = found(dir.path()).unwrap();
        prop_assert_eq!(found, [expected(cut), vec![b"after".to_vec()]].concat());
    }

    #[test]
    fn a_changed_byte_is_refused_or_cut_and_never_believed(
        durability in durability(), segments in records(), place in any::<prop::sample::Index>(), flip in 1..=255_u8,
    ) {
        let dir = tempfile::tempdir().unwrap();
        let (last, length) = write(dir.path(), durability, &segments);
        let paths = super::segments(dir.path());
        let path = place.get(&paths);
        let mut bytes = fs::read(path).unwrap();
        let used = paths.iter().position(|other| other == path).map(|index| {
            PREAMBLE + segments[index].iter().map(|record| FRAME + record.len()).sum::<usize>()
        }).unwrap();
        let at = place.index(used);
        bytes[at] ^= flip;
        fs::write(path, bytes).unwrap();
        match found(dir.path()) {
            Ok(found) => {
                prop_assert!(*path == last && (PREAMBLE..length).contains(&at), "{path:?} {at} {used}");
                prop_assert!(segments.concat().starts_with(&found));
                prop_assert!(found.len() >= segments[..segments.len() - 1].concat().len());
                prop_assert!(found.len() < segments.concat().len());
            }
            Err(error) => prop_assert!(*path != last || at < PREAMBLE, "{error}"),
        }
    }
}

/// What the engine does around the journal, reduced to a set of numbers.
struct World {
    journal: Arc<Journal>,
    /// The state, changed before its record is appended.
    state: Mutex<HashSet<u64>>,
    /// What was folded out of the journal; held while it forgets.
    image: Mutex<HashSet<u64>>,
    next: AtomicU64,
    /// How many may still be written.
    leave: Semaphore,
    over: AtomicBool,
}

async fn write_on(world: Arc<World>, acknowledged: UnboundedSender<u64>) {
    while let Ok(leave) = world.leave.acquire().await {
        leave.forget();
        let id = world.next.fetch_add(1, Relaxed);
        lock(&world.state).insert(id);
        let size = usize::try_from(id * 37 % 1500).unwrap();
        let at = world
            .journal
            .append(&[&id.to_le_bytes()[..], &vec![7; size]].concat());
        world.journal.settled(at).await.unwrap();
        acknowledged.send(id).unwrap();
    }
}

fn fold_on(world: &World) {
    while !world.over.load(Relaxed) {
        let mark = world.journal.rotate().unwrap();
        let mut image = lock(&world.image);
        image.clone_from(&lock(&world.state));
        world.journal.forget(mark).unwrap();
    }
}

fn id(record: &[u8]) -> u64 {
    u64::from_le_bytes(*record.first_chunk().unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn a_copy_at_any_instant_holds_everything_settled_while_segments_come_and_go() {
    for durability in BOTH {
        let dir = tempfile::tempdir().unwrap();
        let world = Arc::new(World {
            journal: open(dir.path(), durability).0,
            state: Mutex::default(),
            image: Mutex::default(),
            next: AtomicU64::default(),
            leave: Semaphore::new(0),
            over: AtomicBool::default(),
        });
        let (sender, mut heard) = unbounded_channel();
        let writers: Vec<_> = (0..20)
            .map(|_| tokio::spawn(write_on(Arc::clone(&world), sender.clone())))
            .collect();
        let folding = Arc::clone(&world);
        let folder = std::thread::spawn(move || fold_on(&folding));
        let mut acknowledged = Vec::new();
        for round in 0..30 {
            // Many more than are waited for, so that the copy is taken while they are written.
            world.leave.add_permits(200);
            heard.recv_many(&mut acknowledged, 50).await;
            let (mut kept, copied) = {
                let image = lock(&world.image);
                let copy = tempfile::tempdir().unwrap();
                copy_journal(dir.path(), copy.path());
                (image.clone(), copy)
            };
            kept.extend(
                found(copied.path())
                    .unwrap()
                    .iter()
                    .map(|record| id(record)),
            );
            let lost: Vec<_> = acknowledged
                .iter()
                .filter(|id| !kept.contains(id))
                .collect();
            assert!(lost.is_empty(), "{durability:?}, round {round}: {lost:?}");
        }
        world.leave.close();
        world.over.store(true, Relaxed);
        for writer in writers {
            writer.await.unwrap();
        }
        folder.join().unwrap();
        assert!(segments(dir.path()).len() <= 2);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_task_that_stops_waiting_disturbs_no_other() {
    for durability in BOTH {
        let dir = tempfile::tempdir().unwrap();
        let (journal, _) = open(dir.path(), durability);
        for round in 0..200_u32 {
            let at = journal.append(&round.to_le_bytes());
            let gone = Arc::clone(&journal);
            let gone = tokio::spawn(async move { gone.settled(at).await });
            gone.abort();
            journal.settled(at).await.unwrap();
        }
        drop(journal);
        assert_eq!(found(dir.path()).unwrap().len(), 200);
    }
}
