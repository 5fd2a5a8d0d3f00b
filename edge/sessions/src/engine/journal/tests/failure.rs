//! Disks that fail and come back: what was acknowledged stays, what waits is told, and life goes on.

use std::{
    collections::HashMap,
    fs::{self, File},
    io,
    os::unix::fs::{FileExt, MetadataExt},
    path::PathBuf,
    process::Command,
    sync::{
        Mutex,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
};

use super::*;
use crate::engine::journal::{core::lock, files::Files};

/// A disk that can be told to fail the way disks do.
#[derive(Clone, Default)]
struct Faulty(Arc<Faults>);

#[derive(Default)]
struct Faults {
    /// Half of a write arrives.
    full: AtomicBool,
    /// A sync loses what was not synced before.
    lossy: AtomicBool,
    /// No file can be made.
    bare: AtomicBool,
    /// Size at the last sync, by inode.
    synced: Mutex<HashMap<u64, u64>>,
}

impl Files for Faulty {
    fn create(&self, path: &Path) -> io::Result<File> {
        if self.0.bare.load(SeqCst) {
            return Err(io::ErrorKind::QuotaExceeded.into());
        }
        File::create(path)
    }

    fn write(&self, file: &File, bytes: &[u8], offset: u64) -> io::Result<()> {
        if self.0.full.load(SeqCst) {
            file.write_all_at(&bytes[..bytes.len() / 2], offset)?;
            return Err(io::ErrorKind::StorageFull.into());
        }
        file.write_all_at(bytes, offset)
    }

    fn sync(&self, file: &File) -> io::Result<()> {
        let facts = file.metadata()?;
        if self.0.lossy.load(SeqCst) {
            let kept = lock(&self.0.synced).get(&facts.ino()).copied();
            if !facts.is_dir() {
                file.set_len(kept.unwrap_or(0))?;
            }
            return Err(io::Error::other("the disk lost pages"));
        }
        lock(&self.0.synced).insert(facts.ino(), facts.len());
        file.sync_data()
    }
}

fn open_on(disk: &Faulty, dir: &Path, durability: Durability) -> Arc<Journal> {
    Journal::open_on(Box::new(disk.clone()), dir, durability, FAST, |_| Ok(())).unwrap()
}

async fn survives(durability: Durability, fault: fn(&Faults) -> &AtomicBool) {
    let dir = tempfile::tempdir().unwrap();
    let disk = Faulty::default();
    let journal = open_on(&disk, dir.path(), durability);
    let mut acknowledged = Records::new();
    for round in 0..3 {
        let record = |name: &str| format!("{round} {name}").into_bytes();
        acknowledged.push(record("before"));
        put(&journal, &record("before")).await;
        fault(&disk.0).store(true, SeqCst);
        let first = journal.append(&record("first refused"));
        assert!(journal.settled(first).await.is_err());
        assert!(journal.refusal().is_some() && !journal.is_settled(first));
        let second = journal.append(&record("second refused"));
        assert!(journal.settled(second).await.is_err());
        assert!(journal.rotate().is_err());
        // The process dies now: all that was acknowledged is there.
        assert!(found_in_copy(dir.path()).starts_with(&acknowledged));
        fault(&disk.0).store(false, SeqCst);
        until("recovery", || journal.refusal().is_none()).await;
        journal.settled(first).await.unwrap();
        journal.settled(second).await.unwrap();
        acknowledged.extend([record("first refused"), record("second refused")]);
        assert_eq!(found_in_copy(dir.path()), acknowledged);
    }
    let mark = journal.rotate().unwrap();
    put(&journal, b"after").await;
    acknowledged.push(b"after".to_vec());
    drop(journal);
    assert_eq!(found(dir.path()).unwrap(), acknowledged);
    let journal = open_on(&disk, dir.path(), durability);
    let kept = journal.backlog();
    journal.forget(mark).unwrap();
    assert!(journal.backlog() < kept);
    drop(journal);
    assert_eq!(found(dir.path()).unwrap(), [b"after"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_refuses_writes_until_it_has_room_and_nothing_is_lost() {
    survives(Durability::Group, |faults| &faults.full).await;
    survives(Durability::Os, |faults| &faults.full).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages_lost_by_a_failed_sync_are_written_again_elsewhere() {
    survives(Durability::Group, |faults| &faults.lossy).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failed_sync_of_what_the_kernel_had_refuses_writes_and_the_next_start_goes_on_behind_the_hole()
 {
    let dir = tempfile::tempdir().unwrap();
    let disk = Faulty::default();
    let journal = open_on(&disk, dir.path(), Durability::Os);
    put(&journal, b"synced").await;
    // The thread syncs a new segment before it answers.
    journal.rotate().unwrap();
    disk.0.lossy.store(true, SeqCst);
    put(&journal, b"lost by the disk").await;
    until("the thread's sync", || journal.refusal().is_some()).await;
    let kept = journal.append(b"kept");
    assert!(journal.settled(kept).await.is_err());
    disk.0.lossy.store(false, SeqCst);
    until("recovery", || journal.refusal().is_none()).await;
    put(&journal, b"after").await;
    assert_eq!(
        found_in_copy(dir.path()),
        [&b"synced"[..], b"kept", b"after"]
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rotation_that_fails_leaves_nothing_that_hides_later_records() {
    for durability in BOTH {
        let dir = tempfile::tempdir().unwrap();
        let disk = Faulty::default();
        let journal = open_on(&disk, dir.path(), durability);
        put(&journal, b"1").await;
        disk.0.full.store(true, SeqCst);
        assert!(journal.rotate().is_err());
        let second = journal.append(b"2");
        assert!(journal.settled(second).await.is_err());
        disk.0.full.store(false, SeqCst);
        until("recovery", || journal.refusal().is_none()).await;
        journal.settled(second).await.unwrap();
        put(&journal, b"3").await;
        assert_eq!(found_in_copy(dir.path()), [b"1", b"2", b"3"]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_no_further_file_can_be_made_writing_goes_on_in_the_old_one() {
    for durability in BOTH {
        let dir = tempfile::tempdir().unwrap();
        let disk = Faulty::default();
        let journal = open_on(&disk, dir.path(), durability);
        disk.0.bare.store(true, SeqCst);
        put(&journal, b"1").await;
        assert!(journal.rotate().is_err());
        put(&journal, b"2").await;
        disk.0.bare.store(false, SeqCst);
        journal.rotate().unwrap();
        put(&journal, b"3").await;
        assert_eq!(found_in_copy(dir.path()), [b"1", b"2", b"3"]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_close_while_the_disk_fails_ends_and_tells_the_waiting() {
    for durability in BOTH {
        let dir = tempfile::tempdir().unwrap();
        let disk = Faulty::default();
        let journal = open_on(&disk, dir.path(), durability);
        put(&journal, b"acknowledged").await;
        disk.0.full.store(true, SeqCst);
        let at = journal.append(b"refused");
        assert!(journal.settled(at).await.is_err());
        journal.close();
        assert!(journal.settled(at).await.is_err());
        assert_eq!(found_in_copy(dir.path()), [b"acknowledged"]);
    }
}

/// A small file system of its own, if we may mount one.
struct Small(tempfile::TempDir);

impl Small {
    fn mount() -> Option<Self> {
        let dir = tempfile::tempdir().unwrap();
        let mut mount = Command::new("mount");
        let mounted = mount
            .args(["-t", "tmpfs", "-o", "size=512k", "tmpfs"])
            .arg(dir.path())
            .output();
        if mounted.is_ok_and(|output| output.status.success()) {
            return Some(Self(dir));
        }
        eprintln!("SKIPPED: no right to mount a file system here");
        None
    }

    fn path(&self) -> PathBuf {
        self.0.path().to_owned()
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(self.0.path()).status();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_really_full_file_system_refuses_writes_until_there_is_room_again() {
    for durability in BOTH {
        let Some(small) = Small::mount() else { return };
        let dir = small.path();
        fs::write(dir.join("ballast"), vec![1; 128 << 10]).unwrap();
        let (journal, _) = open(&dir, durability);
        let mut acknowledged = Records::new();
        let refused = loop {
            let record = vec![u8::try_from(acknowledged.len() % 251).unwrap(); 5000];
            let at = journal.append(&record);
            if journal.settled(at).await.is_err() {
                break (at, record);
            }
            acknowledged.push(record);
        };
        let reason = journal.refusal().unwrap().to_string();
        assert!(reason.contains("No space left"), "{reason}");
        assert!(acknowledged.len() > 10);
        assert_eq!(found_in_copy(&dir)[..acknowledged.len()], acknowledged);
        fs::remove_file(dir.join("ballast")).unwrap();
        until("recovery", || journal.refusal().is_none()).await;
        journal.settled(refused.0).await.unwrap();
        acknowledged.push(refused.1);
        acknowledged.push(b"after".to_vec());
        put(&journal, b"after").await;
        drop(journal);
        assert_eq!(found(&dir).unwrap(), acknowledged);
    }
}

#[test]
fn a_read_only_file_system_is_refused_at_the_start() {
    let Some(small) = Small::mount() else { return };
    drop(open(&small.path(), Durability::Group));
    let mut mount = Command::new("mount");
    assert!(
        mount
            .args(["-o", "remount,ro"])
            .arg(small.path())
            .status()
            .unwrap()
            .success()
    );
    let error = Journal::open(&small.path(), Durability::Group, FAST, |_| Ok(())).unwrap_err();
    assert!(
        error.to_string().contains("Read-only file system"),
        "{error}"
    );
    assert!(error.to_string().contains("hint:"), "{error}");
}
