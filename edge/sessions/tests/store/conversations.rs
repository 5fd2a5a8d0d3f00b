//! The same conversations with this store and with a real redis-server (`BONGSU_REDIS_SERVER`, or one in `PATH`),
//! reply by reply, in both protocol versions. Without one there is nothing to compare with and the test says so.

use std::{
    net::SocketAddr,
    process::{Child, Command, Stdio},
    time::Duration,
};

use tokio::{net::TcpStream, time::timeout};

use crate::client::{Client, Store, request};

/// A server of its own, ended when dropped.
struct Redis {
    process: Child,
    address: SocketAddr,
    _dir: tempfile::TempDir,
}

impl Drop for Redis {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Redis {
    async fn start() -> Option<Self> {
        let program = std::env::var("BONGSU_REDIS_SERVER").unwrap_or("redis-server".to_owned());
        let dir = tempfile::tempdir().unwrap();
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = free.local_addr().unwrap();
        drop(free);
        let port = address.port().to_string();
        let process = Command::new(program)
            .args([
                "--port",
                &port,
                "--bind",
                "127.0.0.1",
                "--save",
                "",
                "--dir",
            ])
            .arg(dir.path())
            .stdout(Stdio::null())
            .spawn()
            .ok()?;
        let redis = Self {
            process,
            address,
            _dir: dir,
        };
        while TcpStream::connect(address).await.is_err() {
            tokio::task::yield_now().await;
        }
        Some(redis)
    }
}

/// One step: who says what, and whose replies come of it, one letter each; `-` is nobody's.
type Step = (&'static str, &'static str);

const CONVERSATIONS: &[&[Step]] = &[
    &[
        ("a SUBSCRIBE x y x", "aaa"),
        ("b PUBLISH x hi", "ba"),
        ("a PING", "a"),
        ("a PING hi", "a"),
        ("a PING a b", "a"),
        ("a PSUBSCRIBE x*", "a"),
        ("b PUBLISH x hi", "baa"),
        ("b PUBSUB CHANNELS z*", "b"),
        ("b PUBSUB CHANNELS y", "b"),
        ("b PUBSUB NUMSUB x y zz", "b"),
        ("b PUBSUB NUMSUB", "b"),
        ("b PUBSUB NUMPAT", "b"),
        ("b PUBSUB NUMPAT a", "b"),
        ("b PUBSUB FOO", "b"),
        ("b PUBSUB CHANNELS a b", "b"),
        ("b PUBSUB SHARDCHANNELS", "b"),
        ("a UNSUBSCRIBE x zzz", "aa"),
        ("a UNSUBSCRIBE", "a"),
        ("a UNSUBSCRIBE", "a"),
        ("a PUNSUBSCRIBE", "a"),
        ("a PUNSUBSCRIBE", "a"),
        ("a GET k", "a"),
        ("a SUBSCRIBE", "a"),
        ("a SSUBSCRIBE s", "a"),
        ("b SPUBLISH s m", "ba"),
        ("b PUBSUB SHARDNUMSUB s x", "b"),
        ("a SUNSUBSCRIBE s", "a"),
        ("a SUNSUBSCRIBE", "a"),
        ("b PUBLISH x", "b"),
        ("a SUBSCRIBE x", "a"),
        ("a RESET", "a"),
        ("a GET k", "a"),
    ],
    &[
        ("b MULTI", "b"),
        ("b MULTI", "b"),
        ("b WATCH k", "b"),
        ("b SET k 1", "b"),
        ("b INCR k", "b"),
        ("b HSET k f v", "b"),
        ("b SELECT 3", "b"),
        ("b GET k", "b"),
        ("b SELECT 0", "b"),
        ("b PUBLISH none m", "b"),
        ("b PING", "b"),
        ("b EXEC", "b"),
        ("b EXEC", "b"),
        ("b DISCARD", "b"),
        ("b MULTI", "b"),
        ("b SET a", "b"),
        ("b SET a 1", "b"),
        ("b EXEC", "b"),
        ("b MULTI", "b"),
        ("b NOPE", "b"),
        ("b DISCARD", "b"),
        ("b MULTI", "b"),
        ("b EXEC x", "b"),
        ("b EXEC", "b"),
        ("b MULTI x", "b"),
        ("b WATCH", "b"),
        ("b UNWATCH x", "b"),
        ("a WATCH k l", "a"),
        ("b SET l 1", "b"),
        ("a MULTI", "a"),
        ("a GET k", "a"),
        ("a EXEC", "a"),
        ("a WATCH k", "a"),
        ("b SET k 1", "b"),
        ("a UNWATCH", "a"),
        ("a MULTI", "a"),
        ("a EXEC", "a"),
        ("a WATCH k", "a"),
        ("a EXPIRE k 100", "a"),
        ("a MULTI", "a"),
        ("a EXEC", "a"),
        ("a WATCH k", "a"),
        ("a TOUCH k", "a"),
        ("b FLUSHALL", "b"),
        ("a MULTI", "a"),
        ("a EXEC", "a"),
        ("a WATCH k", "a"),
        ("b FLUSHALL", "b"),
        ("a MULTI", "a"),
        ("a EXEC", "a"),
        ("a MULTI", "a"),
        ("a SUBSCRIBE x", "a"),
        ("a RESET", "a"),
        ("a EXEC", "a"),
    ],
    &[
        ("a SET k v", "a"),
        ("a CONFIG SET maxmemory 1", "a"),
        ("a SET k w", "a"),
        ("a MULTI", "a"),
        ("a SET k w", "a"),
        ("a EXEC", "a"),
        ("a CONFIG SET maxmemory 0", "a"),
        ("a MULTI", "a"),
        ("a SET k w", "a"),
        ("b CONFIG SET maxmemory 1", "b"),
        ("a EXEC", "a"),
        ("a EXEC", "a"),
        ("a GET k", "a"),
        ("a CONFIG SET maxmemory 0", "a"),
    ],
    &[
        ("a CONFIG GET notify*", "a"),
        ("a CONFIG SET notify-keyspace-events KEA", "a"),
        ("a CONFIG GET notify-keyspace-events", "a"),
        ("a CONFIG SET notify-keyspace-events Kg$lshzxetdmn", "a"),
        ("a CONFIG GET notify-keyspace-events", "a"),
        ("a CONFIG SET notify-keyspace-events xyz", "a"),
        ("a CONFIG SET notify-keyspace-events Elgd", "a"),
        ("a CONFIG GET notify-keyspace-events nothing", "a"),
        ("a CONFIG GET", "a"),
        ("a CONFIG SET", "a"),
        ("a CONFIG SET timeout", "a"),
        ("a CONFIG SET timeout 3 timeout", "a"),
        ("a CONFIG SET timeout x", "a"),
        ("a CONFIG SET timeout -1", "a"),
        ("a CONFIG SET timeout 5 timeout 6", "a"),
        ("a CONFIG SET foo bar timeout 3", "a"),
        ("a CONFIG SET databases 3", "a"),
        ("a CONFIG SET maxmemory 100mb", "a"),
        ("a CONFIG GET maxmemory", "a"),
        ("a CONFIG SET maxmemory 10zz", "a"),
        ("a CONFIG SET maxmemory -1", "a"),
        ("a CONFIG SET maxmemory 0", "a"),
        ("a CONFIG RESETSTAT", "a"),
        ("a CONFIG RESETSTAT a", "a"),
        ("a CONFIG REWRITE", "a"),
        ("a CONFIG FOO", "a"),
        ("a CLIENT LIST TYPE foo", "a"),
        ("a CLIENT LIST TYPE pubsub", "a"),
        ("a CLIENT LIST TYPE", "a"),
        ("a CLIENT LIST ID x", "a"),
        ("a CLIENT LIST ID", "a"),
        ("a CLIENT LIST ID 100000", "a"),
        ("a CLIENT LIST FOO", "a"),
        ("a CLIENT KILL", "a"),
        ("a CLIENT KILL 1.2.3.4:5", "a"),
        ("a CLIENT KILL ID 100000", "a"),
        ("a CLIENT KILL ID x", "a"),
        ("a CLIENT KILL ID 0", "a"),
        ("a CLIENT KILL TYPE foo", "a"),
        ("a CLIENT KILL TYPE master", "a"),
        ("a CLIENT KILL USER nobody", "a"),
        ("a CLIENT KILL ADDR 1.2.3.4:5 SKIPME maybe", "a"),
        ("a CLIENT KILL ADDR 1.2.3.4:5 LADDR", "a"),
        ("a CLIENT KILL ADDR 1.2.3.4:5 FOO bar", "a"),
        ("a CLIENT NO-EVICT", "a"),
        ("a CLIENT NO-EVICT maybe", "a"),
        ("a CLIENT GETREDIR", "a"),
        ("a CLIENT TRACKINGINFO", "a"),
        ("a CLIENT TRACKING off", "a"),
        ("a CLIENT CACHING yes", "a"),
        ("a CLIENT UNBLOCK 100000", "a"),
        ("a CLIENT UNBLOCK x", "a"),
        ("a CLIENT REPLY", "a"),
        ("a CLIENT REPLY foo", "a"),
        ("a CLIENT REPLY OFF", "-"),
        ("a PING", "-"),
        ("a CLIENT REPLY ON", "a"),
        ("a CLIENT REPLY SKIP", "-"),
        ("a PING", "-"),
        ("a PING", "a"),
        ("a ACL WHOAMI", "a"),
        ("a ACL USERS", "a"),
        ("a ACL LIST", "a"),
        ("a ACL FOO", "a"),
        ("b CLIENT KILL TYPE normal", "ba"),
    ],
];

/// What only a subscriber that speaks RESP2 meets.
const SUBSCRIBER_OF_RESP2: &[Step] = &[
    ("a MULTI", "a"),
    ("a SUBSCRIBE x", "a"),
    ("a PING", "a"),
    ("a EXEC", "a"),
    ("a GET k", "a"),
    ("a EXEC", "a"),
    ("a MULTI", "a"),
    ("a GET", "a"),
    ("a HELLO 3", "a"),
    ("a QUIT", "aa"),
];

async fn transcript(address: SocketAddr, version: &str, steps: &[Step]) -> Vec<String> {
    let mut peers = Vec::new();
    for _ in 0..2 {
        let mut peer = Client::of(TcpStream::connect(address).await.unwrap());
        peer.call(&format!("HELLO {version}")).await;
        peers.push(peer);
    }
    let [a, b] = &mut peers[..] else { panic!() };
    let mut lines = Vec::new();
    for (said, heard) in steps {
        let (who, words) = said.split_once(' ').unwrap();
        let speaker = if who == "a" { &mut *a } else { &mut *b };
        let words: Vec<_> = words.split(' ').collect();
        speaker.send(&request(&words)).await;
        let mut line = format!("{said}:");
        for who in heard.chars().filter(|who| *who != '-') {
            let listener = if who == 'a' { &mut *a } else { &mut *b };
            let reply = timeout(Duration::from_secs(20), listener.reply()).await;
            line.push(' ');
            line.push_str(&reply.unwrap_or("nothing".to_owned()));
        }
        lines.push(line);
    }
    lines
}

#[tokio::test]
async fn conversations_are_as_with_redis() {
    let Some(redis) = Redis::start().await else {
        println!("no redis-server here, hint: set BONGSU_REDIS_SERVER");
        return;
    };
    let dir = tempfile::tempdir().unwrap();
    let store = Store::start(
        dir.path(),
        "durability = \"os\"\nnotify_keyspace_events = \"\"\nmax_memory_policy = \"refuse\"",
    )
    .await;
    let mut compared = 0;
    let everywhere = CONVERSATIONS
        .iter()
        .flat_map(|one| [("2", *one), ("3", *one)]);
    for (version, steps) in everywhere.chain([("2", SUBSCRIBER_OF_RESP2)]) {
        let ours = transcript(store.handle.addr(), version, steps).await;
        let theirs = transcript(redis.address, version, steps).await;
        for (ours, theirs) in ours.iter().zip(&theirs) {
            assert_eq!(ours, theirs, "RESP{version}");
        }
        compared += ours.len();
    }
    assert!(compared > 250, "{compared}");
    store.handle.shutdown().await;
}
