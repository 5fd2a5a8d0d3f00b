//! Published messages and notices of keys: who gets them, in which order, and what happens to who does not read.

use std::time::Duration;

use tokio::net::TcpSocket;

use crate::client::{Client, START, Store, request};

async fn subscriber(store: &Store, words: &str) -> Client {
    let mut client = store.connect().await;
    client.call(words).await;
    client
}

#[tokio::test]
async fn a_message_reaches_everyone_who_listens() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::start(dir.path(), "").await;
    let mut two = subscriber(&store, "SUBSCRIBE news").await;
    let mut three = store.connect().await;
    three.call("HELLO 3").await;
    three.call("PSUBSCRIBE n*").await;
    let mut shard = subscriber(&store, "SSUBSCRIBE news").await;
    let mut publisher = store.connect().await;
    assert_eq!(publisher.call("PUBLISH news hi").await, "2");
    assert_eq!(publisher.call("SPUBLISH news there").await, "1");
    assert_eq!(publisher.call("PUBLISH other hi").await, "0");
    assert_eq!(two.reply().await, "[\"message\" \"news\" \"hi\"]");
    assert_eq!(
        three.reply().await,
        ">[\"pmessage\" \"n*\" \"news\" \"hi\"]"
    );
    assert_eq!(shard.reply().await, "[\"smessage\" \"news\" \"there\"]");
    let figures = publisher.call("INFO stats").await;
    assert!(
        figures.contains("pubsub_channels:1\\r\\npubsub_patterns:1"),
        "{figures}"
    );
    store.handle.shutdown().await;
}

#[tokio::test]
async fn messages_keep_their_order_for_everyone() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::start(dir.path(), "durability = \"os\"").await;
    let mut listeners = Vec::new();
    for _ in 0..4 {
        listeners.push(subscriber(&store, "SUBSCRIBE c").await);
    }
    let mut publishers = Vec::new();
    for publisher in 0..4 {
        let mut client = store.connect().await;
        publishers.push(tokio::spawn(async move {
            for number in 0..200 {
                let count = client
                    .call(&format!("PUBLISH c {publisher}:{number}"))
                    .await;
                assert_eq!(count, "4");
            }
        }));
    }
    let mut heard = Vec::new();
    for listener in &mut listeners {
        let mut all = Vec::new();
        for _ in 0..800 {
            all.push(listener.reply().await);
        }
        heard.push(all);
    }
    for publisher in publishers {
        publisher.await.unwrap();
    }
    assert!(heard.iter().all(|all| *all == heard[0]));
    for publisher in 0..4 {
        let name = format!("\"{publisher}:");
        let own: Vec<_> = heard[0].iter().filter(|one| one.contains(&name)).collect();
        let expected: Vec<_> = (0..200)
            .map(|number| format!("[\"message\" \"c\" \"{publisher}:{number}\"]"))
            .collect();
        assert_eq!(own, expected.iter().collect::<Vec<_>>());
    }
    store.handle.shutdown().await;
}

#[tokio::test]
async fn a_message_arrives_while_a_request_is_half_sent() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::start(dir.path(), "").await;
    let mut listener = store.connect().await;
    listener.call("HELLO 3").await;
    listener.call("SUBSCRIBE c").await;
    let whole = request(&["SET", "k", "v"]);
    let (first, rest) = whole.split_at(17);
    listener.send(first).await;
    let mut publisher = store.connect().await;
    for round in 0..3 {
        publisher.call(&format!("PUBLISH c {round}")).await;
        let told = listener.reply().await;
        assert_eq!(told, format!(">[\"message\" \"c\" \"{round}\"]"));
    }
    listener.send(rest).await;
    assert_eq!(listener.reply().await, "OK");
    assert_eq!(listener.call("GET k").await, "\"v\"");
    store.handle.shutdown().await;
}

#[tokio::test]
async fn what_was_published_before_comes_before_the_end_of_a_subscription() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::start(dir.path(), "").await;
    let mut listener = subscriber(&store, "SUBSCRIBE c d").await;
    listener.reply().await;
    let mut publisher = store.connect().await;
    for round in 0..100 {
        publisher.call(&format!("PUBLISH c {round}")).await;
    }
    listener.send(&request(&["UNSUBSCRIBE", "c"])).await;
    for round in 0..100 {
        let told = listener.reply().await;
        assert_eq!(told, format!("[\"message\" \"c\" \"{round}\"]"));
    }
    assert_eq!(listener.reply().await, "[\"unsubscribe\" \"c\" 1]");
    assert_eq!(publisher.call("PUBLISH c more").await, "0");
    store.handle.shutdown().await;
}

#[tokio::test]
async fn one_that_publishes_to_itself_is_told_before_it_leaves() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::start(dir.path(), "").await;
    let mut client = store.connect().await;
    client.call("HELLO 3").await;
    let pipeline = [
        "PUBLISH c early",
        "SUBSCRIBE c",
        "PUBLISH c mine",
        "GET k",
        "UNSUBSCRIBE c",
        "PUBLISH c late",
    ];
    let wire: Vec<_> = pipeline
        .iter()
        .flat_map(|words| request(&words.split(' ').collect::<Vec<_>>()))
        .collect();
    client.send(&wire).await;
    for expected in [
        "0",
        ">[\"subscribe\" \"c\" 1]",
        "1",
        ">[\"message\" \"c\" \"mine\"]",
        "nil",
        ">[\"unsubscribe\" \"c\" 0]",
        "0",
    ] {
        assert_eq!(client.reply().await, expected);
    }
    store.handle.shutdown().await;
}

#[tokio::test]
async fn ten_thousand_subscriptions_leave_nothing_behind() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::start(dir.path(), "").await;
    let mut watcher = store.connect().await;
    for round in 0..2 {
        let mut listener = store.connect().await;
        let names: Vec<_> = (0..10_000).map(|number| format!("c{number}")).collect();
        let words: Vec<_> = std::iter::once("SUBSCRIBE")
            .chain(names.iter().map(String::as_str))
            .collect();
        listener.send(&request(&words)).await;
        for (number, name) in (1..).zip(&names) {
            let told = listener.reply().await;
            assert_eq!(told, format!("[\"subscribe\" {name:?} {number}]"));
        }
        assert_eq!(watcher.call("PUBLISH c9999 hi").await, "1");
        if round == 0 {
            listener.send(b"UNSUBSCRIBE\r\n").await;
            assert_eq!(listener.reply().await, "[\"message\" \"c9999\" \"hi\"]");
            for left in (0..10_000).rev() {
                let told = listener.reply().await;
                assert!(told.ends_with(&format!(" {left}]")), "{told}");
            }
            assert_eq!(listener.call("PING").await, "PONG");
        }
        drop(listener);
        while watcher.call("PUBSUB CHANNELS").await != "[]" {
            tokio::task::yield_now().await;
        }
    }
    store.handle.shutdown().await;
}

#[tokio::test]
async fn subscriptions_have_a_limit() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::start(dir.path(), "max_bulk = \"30KiB\"\nmax_request = \"64KiB\"").await;
    let mut greedy = store.connect().await;
    let [one, two, three] = ["a", "b", "c"].map(|letter| letter.repeat(30_000));
    assert!(greedy.run(&["SUBSCRIBE", &one]).await.ends_with(" 1]"));
    assert!(greedy.run(&["SUBSCRIBE", &two]).await.ends_with(" 2]"));
    let refused = greedy.run(&["SUBSCRIBE", &three]).await;
    assert_eq!(refused, "ERR too many subscriptions");
    assert!(greedy.run(&["UNSUBSCRIBE", &two]).await.ends_with(" 1]"));
    assert!(greedy.run(&["SUBSCRIBE", &three]).await.ends_with(" 2]"));
    store.handle.shutdown().await;
}

#[tokio::test]
async fn who_does_not_read_is_cut_off_and_a_thousand_others_get_everything() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::start(dir.path(), "max_output = \"1MiB\"").await;
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4096).unwrap();
    let stuck = socket.connect(store.handle.addr()).await.unwrap();
    let mut stuck = Client::of(stuck);
    stuck.send(&request(&["SUBSCRIBE", "all", "flood"])).await;

    let mut readers = Vec::new();
    for _ in 0..1000 {
        let mut reader = subscriber(&store, "SUBSCRIBE all").await;
        readers.push(tokio::spawn(async move {
            for round in 0..100 {
                let told = reader.reply().await;
                assert_eq!(told, format!("[\"message\" \"all\" \"{round}\"]"));
            }
        }));
    }
    let mut publisher = store.connect().await;
    while publisher.call("PUBSUB NUMSUB flood").await != "[\"flood\" 1]" {
        tokio::task::yield_now().await;
    }
    let flood = "x".repeat(64 << 10);
    for round in 0..100 {
        let count = publisher.call(&format!("PUBLISH all {round}")).await;
        assert!(count == "1001" || count == "1000", "{count}");
        publisher.run(&["PUBLISH", "flood", &flood]).await;
    }
    for reader in readers {
        reader.await.unwrap();
    }
    // More than the buffers of the system and the outbox hold has been sent to the one that does not read.
    while publisher.run(&["PUBLISH", "flood", &flood]).await != "0" {}
    store.handle.shutdown().await;
}

#[tokio::test]
async fn an_expired_key_is_told_without_being_touched() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::start(dir.path(), "notify_keyspace_events = \"Kx\"").await;
    let mut listener = subscriber(&store, "PSUBSCRIBE __key*").await;
    let mut client = store.connect().await;
    let flags = client.call("CONFIG GET notify-keyspace-events").await;
    assert_eq!(flags, "[\"notify-keyspace-events\" \"xK\"]");
    client.call("SELECT 3").await;
    client.call("SET sess:1 v PX 100").await;
    store.clock.set(START.plus(Duration::from_millis(100)));
    assert_eq!(
        listener.reply().await,
        "[\"pmessage\" \"__key*\" \"__keyspace@3__:sess:1\" \"expired\"]"
    );
    assert_eq!(
        client.call("CONFIG SET notify-keyspace-events Ex").await,
        "OK"
    );
    client.call("SET sess:2 v PX 100").await;
    store.clock.set(START.plus(Duration::from_millis(200)));
    assert_eq!(
        listener.reply().await,
        "[\"pmessage\" \"__key*\" \"__keyevent@3__:expired\" \"sess:2\"]"
    );
    store.handle.shutdown().await;
}

#[tokio::test]
async fn ten_thousand_keys_that_end_at_once_are_told_once_each() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::start(
        dir.path(),
        "notify_keyspace_events = \"Ex\"\ndurability = \"os\"",
    )
    .await;
    let mut listener = subscriber(&store, "SUBSCRIBE __keyevent@0__:expired").await;
    let mut client = store.connect().await;
    let mut wire = Vec::new();
    for key in 0..10_000 {
        wire.extend(request(&["SET", &format!("k{key}"), "v", "PX", "1000"]));
    }
    client.send(&wire).await;
    for _ in 0..10_000 {
        assert_eq!(client.reply().await, "OK");
    }
    store.clock.set(START.plus(Duration::from_secs(1)));
    let mut told = std::collections::BTreeSet::new();
    for _ in 0..10_000 {
        assert!(told.insert(listener.reply().await));
    }
    assert_eq!(client.call("DBSIZE").await, "0");
    store.handle.shutdown().await;
}

#[tokio::test]
async fn a_subscriber_may_be_idle_and_others_may_not() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::start(dir.path(), "idle_timeout = \"50ms\"").await;
    let mut listener = subscriber(&store, "SUBSCRIBE c").await;
    let mut idle = store.connect().await;
    assert_eq!(idle.call("PING").await, "PONG");
    assert!(idle.is_closed().await);
    let mut publisher = store.connect().await;
    assert_eq!(publisher.call("PUBLISH c hi").await, "1");
    assert_eq!(listener.reply().await, "[\"message\" \"c\" \"hi\"]");
    store.handle.shutdown().await;
}

#[tokio::test]
async fn what_a_script_or_a_transaction_publishes_arrives_and_leaving_ends_it_all() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::start(dir.path(), "").await;
    let (mut listener, mut client) = (store.connect().await, store.connect().await);
    assert_eq!(
        listener.call("SUBSCRIBE c").await,
        "[\"subscribe\" \"c\" 1]"
    );
    let script = "redis.call('SET','k','v'); return redis.call('PUBLISH','c',ARGV[1])";
    assert_eq!(client.run(&["EVAL", script, "0", "one"]).await, "1");
    assert_eq!(listener.reply().await, "[\"message\" \"c\" \"one\"]");
    client.call("MULTI").await;
    client.run(&["EVAL", script, "0", "two"]).await;
    client.call("PUBLISH c three").await;
    assert_eq!(client.call("EXEC").await, "[1 1]");
    for word in ["two", "three"] {
        let expected = format!("[\"message\" \"c\" \"{word}\"]");
        assert_eq!(listener.reply().await, expected);
    }
    let refused = client
        .run(&["EVAL_RO", "return redis.call('PUBLISH','c','x')", "0"])
        .await;
    assert!(refused.starts_with("ERR Write commands are not allowed from read-only scripts."));
    // Published messages are no replies.
    assert!(client.call("HELLO 3").await.starts_with("{"));
    client
        .send(b"SUBSCRIBE c\r\nCLIENT REPLY OFF\r\nPUBLISH c four\r\n")
        .await;
    assert_eq!(client.reply().await, ">[\"subscribe\" \"c\" 1]");
    assert_eq!(client.reply().await, ">[\"message\" \"c\" \"four\"]");
    assert_eq!(listener.reply().await, "[\"message\" \"c\" \"four\"]");
    client
        .send(b"MULTI\r\nSUBSCRIBE d\r\nRESET\r\nEXEC\r\n")
        .await;
    assert_eq!(client.reply().await, "RESET");
    assert_eq!(client.reply().await, "ERR EXEC without MULTI");
    assert_eq!(client.call("PUBSUB NUMSUB c d").await, "[\"c\" 1 \"d\" 0]");
    client.send(b"MULTI\r\nCLIENT ID\r\nQUIT\r\n").await;
    for expected in ["OK", "QUEUED", "OK"] {
        assert_eq!(client.reply().await, expected);
    }
    assert!(client.is_closed().await);
    store.handle.shutdown().await;
}

#[tokio::test]
async fn a_shard_channel_may_be_called_like_a_session() {
    let dir = tempfile::tempdir().unwrap();
    let settings = "[applications.shop]\nkind = \"connect-redis\"\nnamespace = \"shop:\"\nexpiry.max = \"1h\"\n";
    let store = Store::start(dir.path(), settings).await;
    let mut client = store.connect().await;
    assert_eq!(client.call("SPUBLISH shop:1 m").await, "0");
    for call in [
        "WAIT 0 0",
        "TIME",
        "SCRIPT EXISTS x",
        "PUBLISH shop:1 m",
        "SCRIPT KILL",
    ] {
        assert_ne!(client.call(call).await, "", "{call}");
    }
    store.handle.shutdown().await;
}
