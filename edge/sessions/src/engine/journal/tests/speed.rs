//! How fast it is: prints figures, judges nothing. Run with `--ignored --nocapture`.

use std::{
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    time::Instant,
};

use super::*;

const TASKS: u64 = 50;
const RECORD: usize = 1100;

async fn write(journal: Arc<Journal>, left: Arc<AtomicU64>) {
    let record = vec![b'x'; RECORD];
    while left
        .fetch_update(Relaxed, Relaxed, |left| left.checked_sub(1))
        .is_ok()
    {
        let at = journal.append(&record);
        journal.settled(at).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "prints figures"]
#[expect(clippy::disallowed_methods, reason = "it measures")]
async fn appends_per_second() {
    for _ in 0..3 {
        for (durability, count) in [(Durability::Group, 300_000), (Durability::Os, 600_000)] {
            let dir = tempfile::tempdir_in(env!("CARGO_MANIFEST_DIR")).unwrap();
            let journal =
                Journal::open(dir.path(), durability, Pace::default(), |_| Ok(())).unwrap();
            let left = Arc::new(AtomicU64::new(count));
            let start = Instant::now();
            let tasks: Vec<_> = (0..TASKS)
                .map(|_| tokio::spawn(write(Arc::clone(&journal), Arc::clone(&left))))
                .collect();
            for task in tasks {
                task.await.unwrap();
            }
            let seconds = start.elapsed().as_secs_f64();
            println!(
                "{durability:?}: {:.0} appends/s of {RECORD} bytes, {TASKS} tasks",
                count as f64 / seconds
            );
        }
    }
}
