//! What is acknowledged is there after the process dies. Death is simulated by an image of the directory
//! taken while the store runs: nothing of its shutdown has happened in it.

use std::{fs, path::Path, time::Duration};

use crate::client::{START, Store};

/// The files of `from` as a killed process would leave them.
pub(crate) fn image(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            image(&entry.path(), &target);
        } else {
            match fs::copy(entry.path(), target) {
                // Removed meanwhile: a segment that could not be filled.
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
                copied => drop(copied.unwrap()),
            }
        }
    }
}

/// Writes of every kind, among them some that undo or replace others.
const WRITES: &[&str] = &[
    "SET sess:1 one EX 100",
    "SET sess:2 two",
    "SET gone v",
    "DEL gone",
    "HSET h a 1 b 2 c 3",
    "HDEL h b",
    "HINCRBY h a 41",
    "SADD s x y z",
    "SREM s y",
    "SADD was-set m",
    "SET was-set string",
    "SET was-string v",
    "DEL was-string",
    "HSET was-string f v",
    "ZADD zs 1 a 2 b -inf low 0.1 c",
    "ZINCRBY zs 5 a",
    "ZREM zs b",
    "ZADD was-sorted 1 a",
    "ZUNIONSTORE was-sorted 1 zs",
    "PFADD sketch a b",
    "HSET from f v",
    "RENAME from to",
    "SELECT 3",
    "SET flushed v",
    "FLUSHDB",
    "SET elsewhere v",
    "SELECT 0",
    "EXPIRE sess:2 50",
    "SET kept v EX 10",
    "PERSIST kept",
];

#[tokio::test]
async fn acknowledged_writes_are_there_after_a_kill() {
    let dir = tempfile::tempdir().unwrap();
    let (live, killed) = (dir.path().join("live"), dir.path().join("killed"));
    let store = Store::start(&live, "").await;
    let mut client = store.connect().await;
    for write in WRITES {
        assert!(!client.call(write).await.starts_with("ERR"), "{write}");
    }
    image(&live, &killed);

    let reopened = Store::start(&killed, "").await;
    assert_eq!(reopened.handle.counts().active, 2);
    let mut client = reopened.connect().await;
    let table = [
        ("GET sess:1", "\"one\""),
        ("TTL sess:1", "100"),
        ("TTL sess:2", "50"),
        ("TTL kept", "-1"),
        ("EXISTS gone from", "0"),
        ("HGETALL h", "[\"a\" \"42\" \"c\" \"3\"]"),
        ("SMEMBERS s", "[\"x\" \"z\"]"),
        ("GET was-set", "\"string\""),
        ("HGETALL was-string", "[\"f\" \"v\"]"),
        ("HGETALL to", "[\"f\" \"v\"]"),
        (
            "ZRANGE zs 0 -1 WITHSCORES",
            "[\"low\" \"-inf\" \"c\" \"0.10000000000000001\" \"a\" \"6\"]",
        ),
        ("ZRANGE was-sorted 1 2", "[\"c\" \"a\"]"),
        ("PFCOUNT sketch", "2"),
        ("DBSIZE", "11"),
        ("SELECT 3", "OK"),
        ("KEYS *", "[\"elsewhere\"]"),
    ];
    for (command, expected) in table {
        assert_eq!(client.call(command).await, expected, "{command}");
    }
    store.handle.shutdown().await;
    reopened.handle.shutdown().await;
}

#[tokio::test]
async fn keys_that_ran_out_meanwhile_are_gone_and_their_sessions_are_told() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::start(dir.path(), "").await;
    store.clock.set(START.minus(Duration::from_secs(60)));
    let mut client = store.connect().await;
    client.call("SET sess:short v EX 30").await;
    client.call("SET sess:long v EX 90").await;
    store.handle.shutdown().await;

    let mut store = Store::start(dir.path(), "").await;
    let event = store.events.recv().await.unwrap();
    assert_eq!((event.session.as_str(), event.at), ("short", START));
    let mut client = store.connect().await;
    assert_eq!(client.call("KEYS *").await, "[\"sess:long\"]");
    assert_eq!(
        (store.handle.counts().active, store.handle.counts().expired),
        (1, 1)
    );
    store.handle.shutdown().await;
}

#[tokio::test]
async fn a_store_that_does_not_sync_keeps_everything_over_a_shutdown() {
    let dir = tempfile::tempdir().unwrap();
    for round in 1..4 {
        let store = Store::start(dir.path(), "durability = \"os\"").await;
        let mut client = store.connect().await;
        assert_eq!(client.call("INCR rounds").await, round.to_string());
        store.handle.shutdown().await;
    }
}

#[tokio::test]
async fn a_directory_serves_one_store_only() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::start(dir.path(), "").await;
    let faults = bongsu_sdk_config::Faults::default();
    let text = format!("bind = \"127.0.0.1:0\"\ndata_dir = {:?}", dir.path());
    let config =
        bongsu_edge_sessions::Config::read(bongsu_sdk_config::Section::parse(&text, &faults));
    let clock = std::sync::Arc::new(store.clock.clone());
    let second = bongsu_edge_sessions::bind(config, clock, tokio::sync::mpsc::channel(1).0).await;
    assert!(
        second
            .unwrap_err()
            .to_string()
            .starts_with("cannot open the session log at")
    );
    store.handle.shutdown().await;
}
