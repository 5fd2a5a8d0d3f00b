//! The journal as its user sees it: crashes are copies of its directory, disks that fail are told to.

mod crash;
mod failure;
mod speed;
mod start;

use std::{fs, path::Path, sync::Arc, time::Duration};

use tokio::{task::yield_now, time::timeout};

use super::{Durability, Journal, Pace, Position, replay::replay};
use crate::Error;

const BOTH: [Durability; 2] = [Durability::Group, Durability::Os];
/// So that no test waits for a second to pass.
const FAST: Pace = Pace {
    sync_every: Duration::from_millis(1),
    retry_every: Duration::from_millis(1),
};

type Records = Vec<Vec<u8>>;

fn open(dir: &Path, durability: Durability) -> (Arc<Journal>, Records) {
    let mut records = Records::new();
    let journal = Journal::open(dir, durability, FAST, |record| {
        records.push(record.to_vec());
        Ok(())
    });
    (journal.unwrap(), records)
}

/// What a start would find.
fn found(dir: &Path) -> Result<Records, Error> {
    let mut records = Records::new();
    replay(&dir.join("journal"), |record| {
        records.push(record.to_vec());
        Ok(())
    })?;
    Ok(records)
}

/// What a start would find after a crash just now.
fn found_in_copy(dir: &Path) -> Records {
    let copy = tempfile::tempdir().unwrap();
    copy_journal(dir, copy.path());
    found(copy.path()).unwrap()
}

fn segments(dir: &Path) -> Vec<std::path::PathBuf> {
    let entries = fs::read_dir(dir.join("journal")).unwrap();
    let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}

fn copy_journal(from: &Path, to: &Path) {
    fs::create_dir(to.join("journal")).unwrap();
    // Newest first: a segment says how the one before it ended, so that one must not be copied from before.
    for path in segments(from).iter().rev() {
        fs::copy(path, to.join("journal").join(path.file_name().unwrap())).unwrap();
    }
}

async fn put(journal: &Journal, record: &[u8]) -> Position {
    let at = journal.append(record);
    journal.settled(at).await.unwrap();
    assert!(journal.is_settled(at));
    at
}

async fn until(what: &str, condition: impl Fn() -> bool) {
    let wait = async {
        while !condition() {
            yield_now().await;
        }
    };
    timeout(Duration::from_secs(30), wait).await.expect(what);
}
