//! `MULTI` to `EXEC`: all or nothing, as one, and only if what was watched is unchanged.

use std::time::Duration;

use crate::client::{Client, START, Store, request};

const ABORTED: &str = "EXECABORT Transaction discarded because of previous errors.";

#[tokio::test]
async fn a_watched_key_that_changes_ends_the_transaction() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::start(dir.path(), "").await;
    let (mut client, mut other) = (store.connect().await, store.connect().await);
    // Before the watch, by another after it, and whether the transaction runs all the same.
    let cases = [
        ("DEL k", "PING", true),
        ("DEL k", "SET k v", false),
        ("SET k v", "SET k v", false),
        ("SET k v", "GET k", true),
        ("SET k v", "SET k w NX", true),
        ("SET k v", "DEL k", false),
        ("SET k v", "EXPIRE k 100", false),
        ("SET k v", "RENAME k l", false),
        ("SET l v", "RENAME l k", false),
        ("SET k v", "FLUSHDB", false),
        ("SET k v", "FLUSHALL", false),
        ("DEL k", "FLUSHALL", true),
        ("DEL k", "HSET k f v", false),
        ("DEL k", "SET other v", true),
    ];
    for (before, meanwhile, runs) in cases {
        client.call(before).await;
        assert_eq!(client.call("WATCH k").await, "OK");
        other.call(meanwhile).await;
        client.call("MULTI").await;
        client.call("ECHO ran").await;
        let expected = if runs { "[\"ran\"]" } else { "nil" };
        assert_eq!(client.call("EXEC").await, expected, "{before}, {meanwhile}");
        client.call("FLUSHALL").await;
    }
    store.handle.shutdown().await;
}

#[tokio::test]
async fn a_watched_key_that_expires_ends_the_transaction() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::start(dir.path(), "").await;
    let mut client = store.connect().await;
    client.call("SET k v PX 100").await;
    client.call("WATCH k").await;
    client.call("MULTI").await;
    client.call("PING").await;
    store.clock.set(START.plus(Duration::from_millis(100)));
    assert_eq!(client.call("EXEC").await, "nil");
    client.call("WATCH k").await;
    client.call("MULTI").await;
    client.call("PING").await;
    assert_eq!(client.call("EXEC").await, "[PONG]");
    store.handle.shutdown().await;
}

#[tokio::test]
async fn what_is_forgotten_is_not_watched() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::start(dir.path(), "").await;
    let mut client = store.connect().await;
    for forgets in ["UNWATCH", "DISCARD", "EXEC", "RESET"] {
        client.call("WATCH k").await;
        if forgets == "DISCARD" || forgets == "EXEC" {
            client.call("MULTI").await;
        }
        client.call(forgets).await;
        let figures = client.call("INFO clients").await;
        assert!(
            figures.contains("total_watched_keys:0"),
            "{forgets}: {figures}"
        );
        client.call("SET k v").await;
        client.call("MULTI").await;
        assert_eq!(client.call("EXEC").await, "[]", "{forgets}");
    }
    store.handle.shutdown().await;
}

#[tokio::test]
async fn nobody_sees_half_of_a_transaction() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::start(dir.path(), "durability = \"os\"").await;
    let mut writers = Vec::new();
    for _ in 0..4 {
        let mut client = store.connect().await;
        writers.push(tokio::spawn(async move {
            for _ in 0..200 {
                client
                    .send(b"MULTI\r\nINCR a\r\nINCR b\r\nHINCRBY h f 1\r\nEXEC\r\n")
                    .await;
                for _ in 0..4 {
                    client.reply().await;
                }
                let all = client.reply().await;
                let numbers: Vec<_> = all.trim_matches(['[', ']']).split(' ').collect();
                assert!(numbers.len() == 3 && numbers.iter().all(|one| one == &numbers[0]));
            }
        }));
    }
    let mut reader = store.connect().await;
    for _ in 0..200 {
        let both = reader.call("MGET a b").await;
        let (a, b) = both.trim_matches(['[', ']']).split_once(' ').unwrap();
        assert_eq!(a, b);
    }
    for writer in writers {
        writer.await.unwrap();
    }
    assert_eq!(reader.call("MGET a b").await, "[\"800\" \"800\"]");
    store.handle.shutdown().await;
}

#[tokio::test]
async fn optimistic_counters_lose_no_increment() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::start(dir.path(), "durability = \"os\"").await;
    let mut counters = Vec::new();
    for _ in 0..8 {
        let mut client = store.connect().await;
        counters.push(tokio::spawn(async move {
            for _ in 0..50 {
                loop {
                    client.call("WATCH n").await;
                    let now = client.call("GET n").await;
                    let now: u32 = now.trim_matches('"').parse().unwrap_or(0);
                    client.call("MULTI").await;
                    client.call(&format!("SET n {}", now + 1)).await;
                    if client.call("EXEC").await != "nil" {
                        break;
                    }
                }
            }
        }));
    }
    for counter in counters {
        counter.await.unwrap();
    }
    assert_eq!(store.connect().await.call("GET n").await, "\"400\"");
    store.handle.shutdown().await;
}

#[tokio::test]
async fn a_transaction_is_there_after_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::start(dir.path(), "").await;
    let mut client = store.connect().await;
    client
        .send(b"MULTI\r\nSET a 1\r\nSELECT 2\r\nSET b 2\r\nDEL a\r\nSET a 3\r\nEXEC\r\n")
        .await;
    for _ in 0..6 {
        client.reply().await;
    }
    assert_eq!(client.reply().await, "[OK OK OK 0 OK]");
    assert_eq!(client.call("GET a").await, "\"3\"");
    store.handle.shutdown().await;
    let store = Store::start(dir.path(), "").await;
    let mut client = store.connect().await;
    assert_eq!(client.call("GET a").await, "\"1\"");
    client.call("SELECT 2").await;
    assert_eq!(client.call("MGET a b").await, "[\"3\" \"2\"]");
    store.handle.shutdown().await;
}

/// Queues so many commands; the reply of `EXEC`, shortened.
async fn queue(client: &mut Client, count: usize) -> String {
    assert_eq!(client.call("MULTI").await, "OK");
    let (command, mut sent) = (request(&["INCR", "n"]), 0);
    while sent < count {
        let part = (count - sent).min(10_000);
        client.send(&command.repeat(part)).await;
        for _ in 0..part {
            client.reply().await;
        }
        sent += part;
    }
    let reply = client.call("EXEC").await;
    reply.get(..60).unwrap_or(&reply).to_owned()
}

#[tokio::test]
async fn a_hundred_thousand_commands_are_one_transaction_and_too_many_are_none() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::start(dir.path(), "durability = \"os\"").await;
    let mut client = store.connect().await;
    assert!(queue(&mut client, 100_000).await.starts_with("[1 2 3 4 "));
    assert_eq!(client.call("GET n").await, "\"100000\"");
    assert_eq!(queue(&mut client, 500_000).await, ABORTED);
    assert_eq!(client.call("GET n").await, "\"100000\"");
    store.handle.shutdown().await;
}

#[tokio::test]
async fn queued_commands_count_as_unfinished_requests() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::start(dir.path(), "max_input = \"1MiB\"").await;
    let mut client = store.connect().await;
    client.call("MULTI").await;
    let value = "x".repeat(300_000);
    let mut last = "QUEUED".to_owned();
    while last == "QUEUED" {
        last = client.run(&["SET", "k", &value]).await;
    }
    assert_eq!(last, "ERR too many unfinished requests");
    assert!(client.is_closed().await);
    // What it held is given back.
    let mut client = store.connect().await;
    while client.call("CLIENT LIST").await.matches("id=").count() > 1 {
        tokio::task::yield_now().await;
    }
    client.call("MULTI").await;
    for _ in 0..3 {
        assert_eq!(client.run(&["SET", "k", &value]).await, "QUEUED");
    }
    assert_eq!(client.call("EXEC").await, "[OK OK OK]");
    store.handle.shutdown().await;
}

#[tokio::test]
async fn a_hundred_thousand_watched_keys_leave_nothing_behind() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::start(dir.path(), "").await;
    let mut client = store.connect().await;
    let keys: Vec<_> = (0..50_000).map(|key| format!("k{key}")).collect();
    for part in ["a", "b"] {
        let names: Vec<_> = keys.iter().map(|key| format!("{part}{key}")).collect();
        let words: Vec<_> = std::iter::once("WATCH")
            .chain(names.iter().map(String::as_str))
            .collect();
        assert_eq!(client.run(&words).await, "OK");
    }
    let mut other = store.connect().await;
    let figures = other.call("INFO clients").await;
    assert!(figures.contains("total_watched_keys:100000"), "{figures}");
    drop(client);
    while !other
        .call("INFO clients")
        .await
        .contains("total_watched_keys:0")
    {
        tokio::task::yield_now().await;
    }
    store.handle.shutdown().await;
}

#[tokio::test]
async fn a_transaction_makes_room_as_a_single_command_does() {
    let dir = tempfile::tempdir().unwrap();
    let settings = "max_memory = \"200KiB\"\n[applications.shop]\nkind = \"connect-redis\"\nnamespace = \"shop:\"\n";
    let store = Store::start(dir.path(), settings).await;
    let mut client = store.connect().await;
    let value = "x".repeat(2000);
    for number in 0..150 {
        client.call("MULTI").await;
        let key = format!("shop:{number}");
        assert_eq!(client.run(&["SET", &key, &value]).await, "QUEUED");
        assert_eq!(client.call("EXEC").await, "[OK]", "{number}");
    }
    // Nothing that may go is left.
    client.call("FLUSHALL").await;
    let large = "x".repeat(300_000);
    assert_eq!(client.run(&["SET", "other", &large]).await, "OK");
    client.call("MULTI").await;
    client.call("SET k v").await;
    assert_eq!(
        client.call("EXEC").await,
        "EXECABORT Transaction discarded because of: OOM command not allowed when used memory > 'maxmemory'."
    );
    assert_eq!(client.call("EXISTS k").await, "0");
    store.handle.shutdown().await;
}
