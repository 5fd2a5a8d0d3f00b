//! What may be found when a journal is opened.

use std::{
    fs,
    os::unix::fs::{MetadataExt, PermissionsExt},
};

use super::*;
use crate::engine::journal::frame::{self, Before, MAX_RECORD, PREAMBLE};

#[tokio::test]
async fn records_come_back_in_order_over_many_starts_and_segments() {
    for durability in BOTH {
        let dir = tempfile::tempdir().unwrap();
        let mut written = Records::new();
        for start in 0..4_u8 {
            let (journal, records) = open(dir.path(), durability);
            assert_eq!(records, written);
            for number in 0..10 {
                written.push([start, number].repeat(number.into()));
                let at = journal.append(written.last().unwrap());
                match number {
                    3 => assert!(journal.rotate().is_ok() && journal.is_settled(at)),
                    5 => journal.settled(at).await.unwrap(),
                    _ => {}
                }
            }
        }
        assert_eq!(found(dir.path()).unwrap(), written);
    }
}

#[tokio::test]
async fn what_is_forgotten_is_gone_and_the_backlog_shrinks() {
    for durability in BOTH {
        let dir = tempfile::tempdir().unwrap();
        let (journal, _) = open(dir.path(), durability);
        assert_eq!(journal.backlog(), PREAMBLE as u64);
        put(&journal, b"old").await;
        let mark = journal.rotate().unwrap();
        put(&journal, b"new").await;
        assert_eq!(journal.backlog(), 2 * (PREAMBLE as u64 + 11));
        journal.forget(mark).unwrap();
        journal.forget(mark).unwrap();
        assert_eq!(journal.backlog(), PREAMBLE as u64 + 11);
        drop(journal);
        let (journal, records) = open(dir.path(), durability);
        assert_eq!(records, [b"new"]);
        assert_eq!(journal.backlog(), 2 * PREAMBLE as u64 + 11);
        let mark = journal.rotate().unwrap();
        journal.forget(mark).unwrap();
        assert_eq!(segments(dir.path()).len(), 1);
        assert_eq!(journal.backlog(), PREAMBLE as u64);
    }
}

#[tokio::test]
async fn a_closed_journal_has_everything_on_disk_and_takes_nothing_more() {
    for durability in BOTH {
        let dir = tempfile::tempdir().unwrap();
        let (journal, _) = open(dir.path(), durability);
        let at = journal.append(b"nobody waits");
        journal.close();
        journal.close();
        journal.settled(at).await.unwrap();
        let late = journal.append(b"late");
        assert_eq!(
            journal.settled(late).await.unwrap_err().to_string(),
            "the journal is closed"
        );
        assert!(journal.rotate().is_err() && journal.refusal().is_some());
        assert_eq!(found(dir.path()).unwrap(), [b"nobody waits"]);
    }
}

#[tokio::test]
async fn a_record_nobody_waits_for_settles_too() {
    for durability in BOTH {
        let dir = tempfile::tempdir().unwrap();
        let (journal, _) = open(dir.path(), durability);
        let at = journal.append(b"expired");
        until("settled by the thread", || journal.is_settled(at)).await;
        assert_eq!(found_in_copy(dir.path()), [b"expired"]);
    }
}

#[tokio::test]
async fn a_record_too_long_to_keep_never_settles_and_harms_no_other() {
    let dir = tempfile::tempdir().unwrap();
    let (journal, _) = open(dir.path(), Durability::Os);
    let at = journal.append(&vec![0; MAX_RECORD + 1]);
    assert!(!journal.is_settled(at));
    assert!(
        journal
            .settled(at)
            .await
            .unwrap_err()
            .to_string()
            .contains("1 GiB")
    );
    assert_eq!(journal.refusal(), None);
    put(&journal, b"short").await;
}

#[tokio::test]
async fn memory_makes_no_file_and_leaves_a_journal_alone() {
    let dir = tempfile::tempdir().unwrap();
    let (journal, _) = open(dir.path(), Durability::Memory);
    put(&journal, b"gone").await;
    let mark = journal.rotate().unwrap();
    journal.forget(mark).unwrap();
    assert_eq!((journal.backlog(), journal.refusal()), (0, None));
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
    put(&open(dir.path(), Durability::Group).0, b"kept").await;
    let (journal, records) = open(dir.path(), Durability::Memory);
    journal.close();
    assert!(records.is_empty());
    assert_eq!(found(dir.path()).unwrap(), [b"kept"]);
}

#[test]
fn only_the_owner_may_read() {
    let dir = tempfile::tempdir().unwrap();
    drop(open(dir.path(), Durability::Group));
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&dir.path().join("journal")), 0o700);
    assert_eq!(mode(&segments(dir.path())[0]), 0o600);
}

#[test]
fn a_second_process_is_kept_out() {
    let dir = tempfile::tempdir().unwrap();
    let (journal, _) = open(dir.path(), Durability::Group);
    let error = Journal::open(dir.path(), Durability::Os, FAST, |_| Ok(())).unwrap_err();
    assert!(
        error.to_string().contains("is another process using"),
        "{error}"
    );
    drop(journal);
    open(dir.path(), Durability::Os);
}

#[test]
fn what_the_reader_refuses_ends_the_start() {
    let dir = tempfile::tempdir().unwrap();
    open(dir.path(), Durability::Os).0.append(b"odd");
    let refuse = |_: &[u8]| Err(Error::Engine("odd record".to_owned()));
    let error = Journal::open(dir.path(), Durability::Os, FAST, refuse).unwrap_err();
    assert!(error.to_string().contains("odd record"), "{error}");
}

#[tokio::test]
async fn foreign_files_are_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("journal");
    fs::create_dir(&folder).unwrap();
    let names = [
        "notes.txt",
        "1.journal",
        "000000000000000x.journal",
        "0000000000000001.journal~",
    ];
    for name in names {
        fs::write(folder.join(name), name).unwrap();
    }
    let (journal, _) = open(dir.path(), Durability::Group);
    put(&journal, b"ours").await;
    let mark = journal.rotate().unwrap();
    journal.forget(mark).unwrap();
    drop(journal);
    for name in names {
        assert_eq!(fs::read_to_string(folder.join(name)).unwrap(), name);
    }
    assert!(open(dir.path(), Durability::Group).1.is_empty());
}

#[tokio::test]
async fn a_segment_that_never_began_is_removed_only_where_it_can_be_one() {
    for content in [&b""[..], &[0; 10], &[0; 4096]] {
        let dir = tempfile::tempdir().unwrap();
        put(&open(dir.path(), Durability::Group).0, b"kept").await;
        let next = dir.path().join("journal/0000000000000002.journal");
        fs::write(&next, content).unwrap();
        let (journal, records) = open(dir.path(), Durability::Group);
        assert_eq!(records, [b"kept"]);
        put(&journal, b"more").await;
        drop(journal);
        assert_eq!(found(dir.path()).unwrap(), [&b"kept"[..], b"more"]);
        fs::write(&segments(dir.path())[0], content).unwrap();
        let error = found(dir.path()).unwrap_err();
        assert!(error.to_string().contains("damaged at byte 0"), "{error}");
    }
}

#[tokio::test]
async fn a_missing_segment_a_foreign_one_and_a_newer_format_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    for record in [b"1", b"2", b"3"] {
        put(&open(dir.path(), Durability::Os).0, record).await;
    }
    let last = dir.path().join("journal/0000000000000003.journal");
    let kept = fs::read(&last).unwrap();
    let mut newer = frame::preamble(Before {
        length: 41,
        sure: 41,
    })
    .to_vec();
    newer[8] = 2;
    fs::write(&last, newer).unwrap();
    let error = Journal::open(dir.path(), Durability::Os, FAST, |_| Ok(())).unwrap_err();
    assert!(
        error.to_string().contains("journal format 2, not 1"),
        "{error}"
    );
    fs::write(&last, [9; 100]).unwrap();
    let error = found(dir.path()).unwrap_err().to_string();
    assert!(
        error.contains("0000000000000003.journal") && error.contains("hint:"),
        "{error}"
    );
    fs::write(&last, kept).unwrap();
    fs::remove_file(dir.path().join("journal/0000000000000002.journal")).unwrap();
    let error = found(dir.path()).unwrap_err().to_string();
    assert!(error.contains("0000000000000002.journal"), "{error}");
}

#[test]
fn a_place_where_nothing_can_be_written_is_named() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("journal"), "a file").unwrap();
    let inode = fs::metadata(dir.path().join("journal")).unwrap().ino();
    let error = Journal::open(dir.path(), Durability::Group, FAST, |_| Ok(())).unwrap_err();
    assert!(
        error.to_string().contains("cannot create the directory"),
        "{error}"
    );
    assert_eq!(
        fs::metadata(dir.path().join("journal")).unwrap().ino(),
        inode
    );
}
