//! Access logs, followed as files on disk.

use std::{
    fs::{self, OpenOptions},
    io::Write,
    path::Path,
};

use bongsu_sdk_model::{LoginOutcome, Transaction};

use crate::site::Site;

fn config(dir: &Path, rest: &str) -> String {
    let (log, data) = (dir.join("access.log"), dir.join("data"));
    format!(
        "data_dir = {data:?}\n[[logs]]\npath = {log:?}\napp = \"shop\"\nfrom = \"start\"\npoll = \"5ms\"\n{rest}"
    )
}

fn append(dir: &Path, text: &str) {
    let log = dir.join("access.log");
    let mut file = OpenOptions::new()
        .create(true)
        .append(true)
        .open(log)
        .unwrap();
    file.write_all(text.as_bytes()).unwrap();
}

fn lines(numbers: std::ops::Range<u64>) -> String {
    numbers
        .map(|n| format!("10.0.0.7 - - [17/May/2015:10:05:03 +0000] \"GET /p HTTP/1.1\" 200 {n} \"-\" \"x\"\n"))
        .collect()
}

fn numbers(transactions: &[Transaction]) -> Vec<u64> {
    transactions
        .iter()
        .map(|transaction| transaction.response_bytes)
        .collect()
}

#[tokio::test]
async fn a_restart_goes_on_at_the_byte_where_it_stopped() {
    let dir = tempfile::tempdir().unwrap();
    append(dir.path(), &lines(0..3));
    append(dir.path(), lines(3..4).trim_end());
    let mut site = Site::start(&config(dir.path(), ""), 8).await;
    assert_eq!(numbers(&site.transactions(3).await), [0, 1, 2]);
    site.handle.shutdown().await;

    append(dir.path(), "\n");
    fs::rename(
        dir.path().join("access.log"),
        dir.path().join("access.log.1"),
    )
    .unwrap();
    append(dir.path(), &lines(4..6));
    let mut site = Site::start(&config(dir.path(), ""), 8).await;
    let mut seen = numbers(&site.transactions(3).await);
    seen.sort_unstable();
    assert_eq!(seen, [3, 4, 5]);
    site.handle.shutdown().await;

    append(dir.path(), &lines(6..7));
    let mut site = Site::start(&config(dir.path(), ""), 8).await;
    assert_eq!(numbers(&site.transactions(1).await), [6]);
    assert_eq!(site.handle.stats().log_lines, 1);
}

#[tokio::test]
async fn a_full_channel_makes_the_follower_wait_and_a_shutdown_then_loses_nothing() {
    let dir = tempfile::tempdir().unwrap();
    append(dir.path(), &lines(0..20_000));
    let mut seen = Vec::new();
    while seen.len() < 20_000 {
        let mut site = Site::start(&config(dir.path(), ""), 1).await;
        let first = site.batches.recv().await.unwrap();
        site.handle.shutdown().await;
        let mut batches = vec![first];
        while let Some(batch) = site.batches.recv().await {
            batches.push(batch);
        }
        seen.extend(batches.into_iter().flatten().map(|one| match one {
            bongsu_edge_collect::Collected::Transaction(transaction) => transaction.response_bytes,
            other => panic!("no line is {other:?}"),
        }));
    }
    assert_eq!(seen, (0..20_000).collect::<Vec<_>>());
}

#[tokio::test]
async fn lines_that_are_none_are_counted_and_leave_their_neighbours() {
    let dir = tempfile::tempdir().unwrap();
    append(dir.path(), &lines(0..1));
    append(dir.path(), "\u{0}\u{1}garbage\n\n-\n");
    append(dir.path(), &"x".repeat(10 << 20));
    append(dir.path(), "\n");
    append(dir.path(), &lines(1..2));
    let mut site = Site::start(&config(dir.path(), ""), 8).await;
    assert_eq!(numbers(&site.transactions(2).await), [0, 1]);
    let stats = site.handle.stats();
    assert_eq!(
        (
            stats.log_lines,
            stats.log_lines_unparsed,
            stats.log_lines_too_long
        ),
        (4, 2, 1)
    );
}

#[tokio::test]
async fn the_format_with_cookies_has_identities_and_time() {
    let dir = tempfile::tempdir().unwrap();
    append(
        dir.path(),
        "10.0.0.7 - - [17/May/2015:10:05:03 +0000] \"POST /login HTTP/1.1\" 302 0 \"-\" \"x\" 0.125 \
         \"session=s-1\" \"visitor=v-1\"\n",
    );
    let rest =
        "format = \"nginx-cookie\"\nsession_cookie = \"session\"\nuser_cookie = \"visitor\"\n";
    let mut site = Site::start(&config(dir.path(), rest), 8).await;
    let taken = site.transactions(1).await.remove(0);
    assert_eq!(
        (taken.session.as_deref(), taken.cookie.as_deref()),
        (Some("s-1"), Some("v-1"))
    );
    assert_eq!(
        (taken.duration_us, taken.login),
        (125_000, Some(LoginOutcome::Succeeded))
    );
}
