//! What the rest of the edge is told of sessions.

use std::{collections::BTreeSet, time::Duration};

use bongsu_sdk_model::SessionEventKind::{Created, Destroyed, Expired, Rejected};

use crate::client::{START, Store};

#[tokio::test]
async fn a_session_is_created_once_and_ends_once() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = Store::start(dir.path(), "").await;
    let mut client = store.connect().await;
    for command in [
        "SET sess:a v EX 10",
        "SET sess:a w EX 10",
        "SET cart:a v",
        "HSET spring:session:sessions:b f v",
        "SET spring:session:sessions:expires:b x",
        "HDEL spring:session:sessions:b f",
        "SET session:c v",
        "RENAME session:c session:d",
        "GETDEL session:d",
    ] {
        client.call(command).await;
    }
    store.clock.set(START.plus(Duration::from_secs(10)));
    let mut told = Vec::new();
    for _ in 0..8 {
        let event = store.events.recv().await.unwrap();
        told.push((event.kind, event.session));
    }
    let expected = [
        (Created, "a"),
        (Created, "b"),
        (Destroyed, "b"),
        (Created, "c"),
        (Destroyed, "c"),
        (Created, "d"),
        (Destroyed, "d"),
        (Expired, "a"),
    ];
    assert_eq!(
        told,
        expected.map(|(kind, session)| (kind, session.to_owned()))
    );
    let counts = store.handle.counts();
    assert_eq!(
        (
            counts.active,
            counts.created,
            counts.destroyed,
            counts.expired
        ),
        (0, 4, 3, 1)
    );
    store.handle.shutdown().await;
}

#[tokio::test]
async fn expiry_is_active_and_tells_when() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = Store::start(dir.path(), "").await;
    let mut client = store.connect().await;
    for key in 0..100 {
        client
            .call(&format!("SET sess:{key} v PX {}", 1000 + key))
            .await;
        store.events.recv().await.unwrap();
    }
    let noon = START.plus(Duration::from_millis(1050));
    store.clock.set(noon);
    let mut told = BTreeSet::new();
    for _ in 0..=50 {
        let event = store.events.recv().await.unwrap();
        assert_eq!((event.kind, event.at), (Expired, noon));
        told.insert(event.session.parse::<u32>().unwrap());
    }
    assert_eq!(told, (0..=50).collect());
    assert_eq!(client.call("DBSIZE").await, "49");
    store.handle.shutdown().await;
}

#[tokio::test]
async fn a_listener_that_is_full_loses_events_and_holds_nobody_up() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::start_with(dir.path(), "", 4).await;
    let mut client = store.connect().await;
    for key in 0..10 {
        assert_eq!(client.call(&format!("SET sess:{key} v")).await, "OK");
    }
    assert_eq!(client.call("FLUSHALL").await, "OK");
    let lost = store.handle.lost_events();
    let counts = store.handle.counts();
    assert_eq!((counts.created, counts.destroyed), (10, 10));
    store.handle.shutdown().await;
    assert_eq!(lost, 16);
}

#[tokio::test]
async fn full_memory_refuses_what_adds_and_nothing_else() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = Store::start(
        dir.path(),
        "max_memory = \"4KiB\"\nmax_memory_policy = \"refuse\"",
    )
    .await;
    let mut client = store.connect().await;
    client.run(&["SET", "sess:big", &"x".repeat(5000)]).await;
    let oom = "OOM command not allowed when used memory > 'maxmemory'.";
    for (command, expected) in [
        ("SET sess:new v", oom),
        ("HSET sess:hash f v", oom),
        ("APPEND sess:big more", oom),
        ("STRLEN sess:big", "5000"),
        ("EXPIRE sess:big 100", "1"),
        ("DEL sess:big", "1"),
        ("SET sess:new v", "OK"),
    ] {
        assert_eq!(client.call(command).await, expected, "{command}");
    }
    let counts = store.handle.counts();
    assert_eq!((counts.active, counts.rejected), (1, 2));
    let mut told = Vec::new();
    for _ in 0..5 {
        told.push(store.events.recv().await.unwrap().kind);
    }
    assert_eq!(told, [Created, Rejected, Rejected, Destroyed, Created]);
    store.handle.shutdown().await;
}
