//! A disk without room, end to end: sessions are served, writes are refused clearly, and with room everything goes
//! on by itself; nothing acknowledged is lost, whenever the process dies in between.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use tokio::{task::yield_now, time::timeout};

use crate::{
    client::{Client, Store},
    process::Process,
    restart::image,
};

/// A small file system of its own, if we may mount one.
struct Small(tempfile::TempDir);

impl Small {
    fn mount(size: &str) -> Option<Self> {
        let dir = tempfile::tempdir().unwrap();
        let mut mount = Command::new("mount");
        let mounted = mount
            .args(["-t", "tmpfs", "-o", &format!("size={size}"), "tmpfs"])
            .arg(dir.path())
            .output();
        if mounted.is_ok_and(|output| output.status.success()) {
            return Some(Self(dir));
        }
        eprintln!("SKIPPED: no right to mount a file system here");
        None
    }

    fn data(&self) -> PathBuf {
        self.0.path().join("data")
    }

    /// Takes this much of the room.
    fn load(&self, bytes: usize) {
        // Less is taken if there is less.
        let _ = fs::write(self.ballast(), vec![1; bytes]);
    }

    fn unload(&self) {
        fs::remove_file(self.ballast()).unwrap();
    }

    fn ballast(&self) -> PathBuf {
        self.0.path().join("ballast")
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        // Lazily: a store that failed the test may still have files open.
        let _ = Command::new("umount").arg("-l").arg(self.0.path()).status();
    }
}

/// What the client knows to be stored.
type Acknowledged = BTreeMap<String, String>;

/// Writes session `number`; whether that was acknowledged.
async fn write(client: &mut Client, number: usize, known: &mut Acknowledged) -> bool {
    let key = format!("sess:{}", number % 97);
    let value = format!("{number}-{}", "x".repeat(3000));
    let reply = client.run(&["SET", &key, &value]).await;
    if reply == "OK" {
        known.insert(key, value);
        return true;
    }
    assert!(
        reply.starts_with("MISCONF Errors writing to the session journal: ")
            && reply.contains("No space left")
            && reply.ends_with("hint: free the disk"),
        "{reply}"
    );
    // What a refused write left is unknown until the key is written again.
    known.remove(&key);
    false
}

/// Every acknowledged write is served.
async fn holds(client: &mut Client, known: &Acknowledged) {
    for (key, value) in known {
        let held = client.run(&["GET", key]).await;
        assert!(held == format!("{value:?}"), "{key} holds {:.40}", held);
    }
}

/// A store on a copy of the directory, as it would be after a kill just now, holds every acknowledged write.
async fn survives_a_kill(data: &Path, settings: &str, known: &Acknowledged) {
    let copy = tempfile::tempdir().unwrap();
    image(data, copy.path());
    starts_with(copy.path(), settings, known).await;
}

/// A store that starts on the directory holds every acknowledged write.
async fn starts_with(data: &Path, settings: &str, known: &Acknowledged) {
    let store = Store::start(data, settings).await;
    holds(&mut store.connect().await, known).await;
    store.handle.shutdown().await;
}

/// Waits until `INFO` says so.
async fn until_info(client: &mut Client, wanted: impl Fn(&str) -> bool) {
    let wait = async {
        while !wanted(&client.call("INFO persistence").await) {
            yield_now().await;
        }
    };
    timeout(Duration::from_secs(30), wait).await.unwrap();
}

fn journal_bytes(info: &str) -> u64 {
    let line = info.split("bongsu_journal_bytes:").nth(1).unwrap();
    let digits = line.split(|c: char| !c.is_ascii_digit()).next().unwrap();
    digits.parse().unwrap()
}

async fn refuses_and_recovers(durability: &str) {
    let Some(small) = Small::mount("8m") else {
        return;
    };
    let settings = format!("durability = \"{durability}\"");
    let store = Store::start(&small.data(), &settings).await;
    let mut client = store.connect().await;
    let (mut known, mut number) = (Acknowledged::new(), 0);
    for _ in 0..2 {
        small.load(4 << 20);
        while write(&mut client, number, &mut known).await {
            number += 1;
        }
        holds(&mut client, &known).await;
        assert!(!write(&mut client, number, &mut known).await);
        assert!(store.handle.refuses_writes());
        until_info(&mut client, |info| {
            info.contains("bongsu_journal_status:err")
                && info.contains("aof_last_write_status:err")
                && info.contains("bongsu_journal_error:No space left")
        })
        .await;
        survives_a_kill(&small.data(), &settings, &known).await;
        small.unload();
        until_info(&mut client, |info| {
            info.contains("bongsu_journal_status:ok")
        })
        .await;
        assert!(!store.handle.refuses_writes());
        for _ in 0..10 {
            number += 1;
            assert!(write(&mut client, number, &mut known).await);
        }
        holds(&mut client, &known).await;
        survives_a_kill(&small.data(), &settings, &known).await;
    }
    store.handle.shutdown().await;
    starts_with(&small.data(), &settings, &known).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_refuses_writes_and_serves_reads_until_there_is_room() {
    refuses_and_recovers("group").await;
    refuses_and_recovers("os").await;
}

/// A fold writes what the journal holds a second time, so it may meet the end of the disk before the journal does.
async fn folds_again(durability: &str) {
    let Some(small) = Small::mount("24m") else {
        return;
    };
    let elsewhere = tempfile::tempdir().unwrap();
    let data = small.data();
    let settings = format!("durability = \"{durability}\"\njournal_size = \"1MiB\"");
    let mut store = Process::start(elsewhere.path(), &data, &settings).await;
    let mut client = store.connect().await;
    let (mut known, mut number) = (Acknowledged::new(), 0);
    for round in 0..3 {
        // Room for the journal to go on, not for much of an image, or for neither.
        small.load(24 << 20);
        let ballast = fs::File::options().write(true).open(small.ballast());
        let ballast = ballast.unwrap();
        let taken = ballast.metadata().unwrap().len();
        let left = [5 << 19, 1 << 20, 64 << 10][round];
        ballast.set_len(taken.saturating_sub(left)).unwrap();
        drop(ballast);
        while write(&mut client, number, &mut known).await {
            number += 1;
        }
        // Long enough for several folds to be tried in vain.
        let until = tokio::time::Instant::now() + Duration::from_secs(2);
        while tokio::time::Instant::now() < until {
            holds(&mut client, &known).await;
            write(&mut client, number, &mut known).await;
            number += 1;
        }
        assert!(store.is_alive());
        let copy = tempfile::tempdir().unwrap();
        store.copy(&data, copy.path());
        starts_with(copy.path(), &settings, &known).await;
        small.unload();
        until_info(&mut client, |info| {
            info.contains("bongsu_journal_status:ok")
        })
        .await;
        assert!(write(&mut client, number, &mut known).await);
        number += 1;
        until_info(&mut client, |info| journal_bytes(info) < 1 << 20).await;
        holds(&mut client, &known).await;
        let copy = tempfile::tempdir().unwrap();
        store.copy(&data, copy.path());
        starts_with(copy.path(), &settings, &known).await;
    }
    store.end();
    starts_with(&data, &settings, &known).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fold_that_meets_a_full_disk_is_done_again_when_there_is_room() {
    folds_again("group").await;
    folds_again("os").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_kill_at_any_instant_of_a_fold_loses_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let settings = "durability = \"os\"\njournal_size = \"256KiB\"";
    let store = Process::start(dir.path(), &data, settings).await;
    let mut client = store.connect().await;
    let (mut known, mut number, mut copies) = (Acknowledged::new(), 0, 0);
    let segments = || fs::read_dir(data.join("journal")).unwrap().count();
    while copies < 20 {
        assert!(write(&mut client, number, &mut known).await);
        number += 1;
        // Two segments: a fold is at work.
        if journal_bytes(&client.call("INFO persistence").await) > 256 << 10 && segments() > 1 {
            let copy = tempfile::tempdir().unwrap();
            store.copy(&data, copy.path());
            copies += 1;
            starts_with(copy.path(), settings, &known).await;
        }
    }
    store.end();
    starts_with(&data, settings, &known).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_start_on_a_full_disk_says_so_and_loses_nothing() {
    let Some(small) = Small::mount("8m") else {
        return;
    };
    let store = Store::start(&small.data(), "").await;
    let (mut client, mut known) = (store.connect().await, Acknowledged::new());
    for number in 0..200 {
        assert!(write(&mut client, number, &mut known).await);
    }
    drop(client);
    let copy = tempfile::tempdir().unwrap();
    image(&small.data(), copy.path());
    store.handle.shutdown().await;
    fs::remove_dir_all(small.data()).unwrap();
    image(copy.path(), &small.data());
    small.load(8 << 20);
    let error = Store::try_start(&small.data(), "").await;
    let error = error.err().unwrap();
    assert!(error.contains("No space left"), "{error}");
    small.unload();
    starts_with(&small.data(), "", &known).await;
}
