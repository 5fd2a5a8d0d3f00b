//! Peers that send nonsense, too much, or too little. They are told and cut off; their neighbours live on.

use crate::client::{Client, Store, request};

const SETTINGS: &str =
    "max_bulk = \"64KiB\"\nmax_request = \"128KiB\"\nmax_args = 1000\nmax_output = \"256KiB\"\n";

/// A store and a neighbour with a value in it.
async fn store(dir: &tempfile::TempDir, settings: &str) -> (Store, Client) {
    let store = Store::start(dir.path(), settings).await;
    let mut neighbour = store.connect().await;
    assert_eq!(neighbour.call("SET sess:neighbour alive").await, "OK");
    (store, neighbour)
}

async fn is_alive(neighbour: &mut Client) {
    assert_eq!(neighbour.call("GET sess:neighbour").await, "\"alive\"");
    assert_eq!(neighbour.call("SET written v").await, "OK");
}

/// Waits until the neighbour is the only connection.
async fn is_alone(neighbour: &mut Client) {
    while neighbour.call("CLIENT LIST").await.matches("id=").count() > 1 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn nonsense_is_answered_once_and_cut_off() {
    let dir = tempfile::tempdir().unwrap();
    let (store, mut neighbour) = store(&dir, SETTINGS).await;
    let nested = b"*1\r\n".repeat(100_000);
    let endless = [b'a'; 70_000];
    let cases: &[(&[u8], &str)] = &[
        (
            b"*1\r\n$10737418240\r\n",
            "ERR Protocol error: invalid bulk length",
        ),
        (
            b"*2\r\n$3\r\nGET\r\n$65537\r\n",
            "ERR Protocol error: invalid bulk length",
        ),
        (
            b"*1000000\r\n$1\r\na\r\n",
            "ERR Protocol error: invalid multibulk length",
        ),
        (
            b"*99999999999999999999\r\n",
            "ERR Protocol error: invalid multibulk length",
        ),
        (b"*1\r\n$-5\r\n", "ERR Protocol error: invalid bulk length"),
        (&nested, "ERR Protocol error: expected '$', got '*'"),
        (&endless, "ERR Protocol error: too big inline request"),
        (b"*3\r\n:1\r\n", "ERR Protocol error: expected '$', got ':'"),
        (
            b"SET \"k\r\n",
            "ERR Protocol error: unbalanced quotes in request",
        ),
    ];
    for (bytes, expected) in cases {
        let mut peer = store.connect().await;
        peer.send(bytes).await;
        // A peer cut off while it still sends may lose the reply to the reset that follows.
        let reply = peer.reply().await;
        assert!(
            reply == *expected || (bytes.len() > 10_000 && reply == "closed"),
            "{reply}"
        );
        assert!(peer.is_closed().await, "{expected}");
        is_alive(&mut neighbour).await;
    }
    store.handle.shutdown().await;
}

#[tokio::test]
async fn binary_noise_is_an_unknown_command_or_a_protocol_error() {
    let dir = tempfile::tempdir().unwrap();
    let (store, mut neighbour) = store(&dir, SETTINGS).await;
    let mut state = 1_u32;
    for _ in 0..50 {
        let noise: Vec<u8> = std::iter::repeat_with(|| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            u8::try_from(state >> 24).unwrap()
        })
        .take(300)
        .chain(*b"\r\n")
        .collect();
        let mut peer = store.connect().await;
        peer.send(&noise).await;
        let reply = peer.reply().await;
        assert!(reply.starts_with("ERR "), "{reply}");
    }
    is_alive(&mut neighbour).await;
    store.handle.shutdown().await;
}

#[tokio::test]
async fn a_request_cut_short_has_no_effect() {
    let dir = tempfile::tempdir().unwrap();
    let (store, mut neighbour) = store(&dir, SETTINGS).await;
    let whole = request(&["SET", "sess:half", "value"]);
    for length in 1..whole.len() {
        let mut peer = store.connect().await;
        peer.send(&whole[..length]).await;
    }
    is_alone(&mut neighbour).await;
    assert_eq!(neighbour.call("EXISTS sess:half").await, "0");
    store.handle.shutdown().await;
}

#[tokio::test]
async fn many_arguments_within_the_limit_are_served() {
    let dir = tempfile::tempdir().unwrap();
    let (store, _) = store(&dir, SETTINGS).await;
    let mut peer = store.connect().await;
    let keys = ["none"; 999];
    assert_eq!(peer.run(&[&["EXISTS"][..], &keys].concat()).await, "0");
    let (long, longer) = ("x".repeat(65_536), "x".repeat(65_537));
    assert_eq!(peer.run(&["SET", "long", &long]).await, "OK");
    assert_eq!(
        peer.run(&["APPEND", "long", "x"]).await,
        "ERR string exceeds maximum allowed size (proto-max-bulk-len)"
    );
    assert_eq!(
        peer.run(&["SET", "longer", &longer]).await,
        "ERR Protocol error: invalid bulk length"
    );
    store.handle.shutdown().await;
}

#[tokio::test]
async fn slow_peers_run_out_of_time() {
    let dir = tempfile::tempdir().unwrap();
    let settings = format!("{SETTINGS}request_timeout = \"200ms\"");
    let (store, mut neighbour) = store(&dir, &settings).await;
    for part in [&b"*3\r\n$3\r\nSET\r\n$1"[..], b"*", b"PIN"] {
        let mut peer = store.connect().await;
        peer.send(part).await;
        assert!(peer.is_closed().await);
    }
    // One that goes on, a little at a time, has no more time for it.
    let mut peer = store.connect().await;
    peer.send(b"*1\r\n$60000\r\n").await;
    let dripping = async {
        while neighbour.call("CLIENT LIST").await.matches("id=").count() > 1 {
            peer.send(b"x").await;
        }
    };
    dripping.await;
    assert!(peer.is_closed().await);
    is_alive(&mut neighbour).await;
    store.handle.shutdown().await;
}

#[tokio::test]
async fn idle_peers_are_closed_if_so_configured() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::start(dir.path(), "idle_timeout = \"50ms\"").await;
    let mut peer = store.connect().await;
    assert_eq!(peer.call("PING").await, "PONG");
    assert!(peer.is_closed().await);
    store.handle.shutdown().await;
}

#[tokio::test]
async fn strangers_get_little_room_and_little_time() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("password");
    std::fs::write(&file, "secret").unwrap();
    let settings = format!("password_file = {file:?}\nrequest_timeout = \"300ms\"");
    let store = Store::start(&dir.path().join("log"), &settings).await;
    for (bytes, expected) in [
        (
            &b"*11\r\n"[..],
            "ERR Protocol error: unauthenticated multibulk length",
        ),
        (
            b"*1\r\n$20000\r\n",
            "ERR Protocol error: unauthenticated bulk length",
        ),
    ] {
        let mut peer = store.connect().await;
        peer.send(bytes).await;
        assert_eq!(peer.reply().await, expected);
        assert!(peer.is_closed().await);
    }
    assert!(store.connect().await.is_closed().await);
    let mut friend = store.connect().await;
    let mut wire = request(&["AUTH", "secret"]);
    wire.extend(request(&["SET", "k", &"x".repeat(20_000)]));
    friend.send(&wire).await;
    assert_eq!([friend.reply().await, friend.reply().await], ["OK", "OK"]);
    store.handle.shutdown().await;
}

#[tokio::test]
async fn a_peer_that_takes_no_replies_is_closed() {
    let dir = tempfile::tempdir().unwrap();
    let (store, mut neighbour) = store(&dir, "request_timeout = \"200ms\"").await;
    neighbour.run(&["SET", "big", &"x".repeat(60_000)]).await;
    let mut peer = store.connect().await;
    for _ in 0..500 {
        peer.send(b"GET big\r\n").await;
    }
    is_alone(&mut neighbour).await;
    is_alive(&mut neighbour).await;
    store.handle.shutdown().await;
}

#[tokio::test]
async fn replies_beyond_the_output_limit_end_the_connection() {
    let dir = tempfile::tempdir().unwrap();
    let (store, mut neighbour) = store(&dir, SETTINGS).await;
    neighbour.run(&["SET", "big", &"x".repeat(60_000)]).await;
    let mut peer = store.connect().await;
    peer.send(&[&b"*0\r\n".repeat(50)[..], &b"GET big\r\n".repeat(100)].concat())
        .await;
    let mut served = 0;
    while peer.reply().await != "closed" {
        served += 1;
    }
    assert!(served < 100, "{served}");
    is_alive(&mut neighbour).await;
    store.handle.shutdown().await;
}

#[tokio::test]
async fn unfinished_requests_share_one_budget() {
    let dir = tempfile::tempdir().unwrap();
    let (store, mut neighbour) = store(&dir, "max_input = \"100KiB\"").await;
    let mut peers = Vec::new();
    for _ in 0..4 {
        let mut peer = store.connect().await;
        peer.send(&[&b"*2\r\n$4\r\nECHO\r\n$1000000\r\n"[..], &[b'x'; 60_000]].concat())
            .await;
        peers.push(peer);
        is_alive(&mut neighbour).await;
    }
    // Four times 60 000 bytes do not fit, so at least one was turned away; those that stay are closed by us.
    let mut refused = String::new();
    for peer in &mut peers {
        refused = tokio::select! { biased; reply = peer.reply() => reply, _ = is_alive(&mut neighbour) => continue };
        break;
    }
    assert_eq!(refused, "ERR too many unfinished requests");
    store.handle.shutdown().await;
}

#[tokio::test]
async fn one_connection_too_many_is_told_so() {
    let dir = tempfile::tempdir().unwrap();
    let (store, mut neighbour) = store(&dir, "max_clients = 2").await;
    let mut second = store.connect().await;
    assert_eq!(second.call("PING").await, "PONG");
    let mut third = store.connect().await;
    assert_eq!(third.reply().await, "ERR max number of clients reached");
    assert!(third.is_closed().await);
    second.call("QUIT").await;
    is_alone(&mut neighbour).await;
    is_alive(&mut neighbour).await;
    store.handle.shutdown().await;
}

#[tokio::test]
async fn numbers_beyond_every_limit_are_refused_without_room_made_for_them() {
    let dir = tempfile::tempdir().unwrap();
    let (store, mut neighbour) = store(&dir, "").await;
    for (bytes, what) in [
        (&b"*9223372036854775808\r\n"[..], "multibulk"),
        (b"*9223372036854775807\r\n", "multibulk"),
        (b"*18446744073709551616\r\n", "multibulk"),
        (b"*1\r\n$9223372036854775808\r\n", "bulk"),
        (b"*1\r\n$9223372036854775807\r\n", "bulk"),
        (b"*1\r\n$18446744073709551615\r\n", "bulk"),
    ] {
        let mut peer = store.connect().await;
        peer.send(bytes).await;
        let expected = format!("ERR Protocol error: invalid {what} length");
        assert_eq!(peer.reply().await, expected);
        assert!(peer.is_closed().await);
    }
    for command in [
        "SETRANGE k 9223372036854775807 x",
        "SETRANGE k 4294967295 x",
        "SRANDMEMBER none -9223372036854775808",
        "HRANDFIELD none -9223372036854775808 WITHVALUES",
        "SPOP none 9223372036854775808",
        "SCAN 0 COUNT 9223372036854775808",
        "ZRANGE none -9223372036854775808 9223372036854775807 x",
        "EVAL return(1) 9223372036854775807 k",
        "EXPIRE sess:neighbour 9223372036854775807",
        "ZUNIONSTORE k 9223372036854775807 a",
    ] {
        let reply = neighbour.call(command).await;
        assert!(reply.starts_with("ERR"), "{command}: {reply}");
    }
    is_alive(&mut neighbour).await;
    store.handle.shutdown().await;
}

#[tokio::test]
async fn a_huge_pipeline_is_answered_in_order() {
    const REQUESTS: usize = 50_000;
    let dir = tempfile::tempdir().unwrap();
    let (store, mut neighbour) = store(&dir, "").await;
    let peer = tokio::net::TcpStream::connect(store.handle.addr());
    let (reading, mut writing) = peer.await.unwrap().into_split();
    let send = async {
        let wire = request(&["INCR", "count"]).repeat(REQUESTS);
        tokio::io::AsyncWriteExt::write_all(&mut writing, &wire)
            .await
            .unwrap();
    };
    let receive = async {
        let mut peer = Client::of(tokio::io::join(reading, tokio::io::sink()));
        for number in 1..=REQUESTS {
            assert_eq!(peer.reply().await, number.to_string());
            if number % 5000 == 0 {
                is_alive(&mut neighbour).await;
            }
        }
    };
    tokio::join!(send, receive);
    store.handle.shutdown().await;
}

#[tokio::test]
async fn a_deep_transaction_is_carried_out_up_to_the_limit_of_requests() {
    let dir = tempfile::tempdir().unwrap();
    let (store, mut neighbour) = store(&dir, "").await;
    let mut peer = store.connect().await;
    assert_eq!(peer.call("MULTI").await, "OK");
    for _ in 0..20 {
        peer.send(&request(&["INCR", "n"]).repeat(500)).await;
        for _ in 0..500 {
            assert_eq!(peer.reply().await, "QUEUED");
        }
    }
    assert_eq!(
        peer.call("MULTI").await,
        "ERR MULTI calls can not be nested"
    );
    let results = peer.call("EXEC").await;
    assert!(results.ends_with(" 10000]"), "{:.60}", results);
    // One that would be held until the memory is gone.
    peer.call("MULTI").await;
    let large = "x".repeat(1 << 20);
    let mut reply = String::new();
    for _ in 0..40 {
        reply = peer.run(&["SET", "k", &large]).await;
        if reply != "QUEUED" {
            break;
        }
    }
    assert!(reply.starts_with("ERR") || reply == "closed", "{reply}");
    is_alive(&mut neighbour).await;
    store.handle.shutdown().await;
}

#[tokio::test]
async fn a_script_that_returns_too_much_is_ended_and_others_are_served() {
    let dir = tempfile::tempdir().unwrap();
    let (store, mut neighbour) = store(&dir, "").await;
    for script in [
        "return string.rep('x', 100*1024*1024)",
        "local t = {} for i = 1, 100 do t[i] = string.rep('x', 1024*1024) end return t",
        "local s = string.rep('x', 1024*1024) local t = {} for i = 1, 100 do t[i] = s end return t",
        "local t = {} for i = 1, 50 do t = {t, t} end return t",
    ] {
        let mut peer = store.connect().await;
        let reply = peer.run(&["EVAL", script, "0"]).await;
        assert!(
            reply.starts_with("ERR") || reply == "closed",
            "{script}: {:.80}",
            reply
        );
        is_alive(&mut neighbour).await;
    }
    store.handle.shutdown().await;
}

#[tokio::test]
async fn a_listing_of_a_hundred_thousand_keys_and_a_hash_of_sixty_thousand_fields_are_served() {
    let dir = tempfile::tempdir().unwrap();
    let (store, mut neighbour) = store(&dir, "durability = \"os\"").await;
    let mut peer = store.connect().await;
    for part in 0..100 {
        let keys: Vec<_> = (0..1000).map(|n| format!("key:{part}:{n}")).collect();
        let words = keys.iter().flat_map(|key| [key.as_str(), "v"]);
        let words: Vec<_> = std::iter::once("MSET").chain(words).collect();
        assert_eq!(peer.run(&words).await, "OK");
    }
    let listed = peer.call("KEYS key:*").await;
    assert_eq!(listed.matches("\"key:").count(), 100_000);
    is_alive(&mut neighbour).await;
    for (from, added) in [(0, 30_000), (30_000, 30_000)] {
        let fields: Vec<_> = (from..from + added).map(|n| format!("f{n}")).collect();
        let words = fields.iter().flat_map(|field| [field.as_str(), "v"]);
        let words: Vec<_> = ["HSET", "sess:large"].into_iter().chain(words).collect();
        assert_eq!(peer.run(&words).await, added.to_string());
    }
    let all = peer.call("HGETALL sess:large").await;
    assert_eq!(all.matches("\"f").count(), 60_000);
    assert_eq!(peer.call("HSET sess:large f1 w").await, "0");
    is_alive(&mut neighbour).await;
    store.handle.shutdown().await;
    let store = Store::start(dir.path(), "durability = \"os\"").await;
    let mut peer = store.connect().await;
    assert_eq!(peer.call("HLEN sess:large").await, "60000");
    assert_eq!(peer.call("HGET sess:large f1").await, "\"w\"");
    store.handle.shutdown().await;
}

#[tokio::test]
async fn connections_that_come_and_go_by_the_thousand_leave_nothing_behind() {
    let dir = tempfile::tempdir().unwrap();
    let (store, mut neighbour) = store(&dir, "max_clients = 50").await;
    let descriptors = || std::fs::read_dir("/proc/self/fd").unwrap().count();
    let before = descriptors();
    for round in 0..100 {
        let mut peers = Vec::new();
        for _ in 0..100 {
            peers.push(store.connect().await);
        }
        drop(peers);
        if round % 10 == 0 {
            is_alive(&mut neighbour).await;
        }
    }
    is_alone(&mut neighbour).await;
    is_alive(&mut neighbour).await;
    // Other tests of this process open and close files meanwhile; ten thousand left open would show all the same.
    while descriptors() > before + 1000 {
        tokio::task::yield_now().await;
    }
    store.handle.shutdown().await;
}

#[tokio::test]
async fn a_subscriber_that_takes_no_messages_is_closed_and_holds_nobody_back() {
    let dir = tempfile::tempdir().unwrap();
    let (store, mut neighbour) = store(&dir, "max_output = \"256KiB\"").await;
    let mut peer = store.connect().await;
    assert_eq!(
        peer.call("SUBSCRIBE news").await,
        "[\"subscribe\" \"news\" 1]"
    );
    let message = "x".repeat(10_000);
    while neighbour.run(&["PUBLISH", "news", &message]).await == "1" {}
    is_alone(&mut neighbour).await;
    is_alive(&mut neighbour).await;
    store.handle.shutdown().await;
}
