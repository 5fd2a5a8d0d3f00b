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
