//! The same random commands to this store and to a real Redis, and the same replies from both.
//!
//! Needs a `redis-server` of version 7.0 (`BONGSU_REDIS_SERVER`, or one on the `PATH`); says so and passes
//! where there is none. `BONGSU_DIFFERENTIAL_SEED` and `_COMMANDS` choose another run. What is answered in no
//! promised order is compared without order, what is left to chance by where it comes from, and times to
//! within two seconds. Known differences are not generated; the list is in `commands`.

mod commands;
mod peer;

use std::{fmt::Write as _, path::Path};

use bongsu_sdk_model::Timestamp;
use fastrand::Rng;

use self::{
    commands::Generator,
    peer::{Node, Peer, Redis},
};
use crate::client::Store;

/// Commands between two comparisons of everything there is.
const ROUND: usize = 100;

fn number(variable: &str, default: u64) -> u64 {
    let text = std::env::var(variable).ok();
    text.map_or(default, |text| text.parse().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn replies_are_those_of_a_real_redis() {
    let dir = tempfile::tempdir().unwrap();
    let Some((mut pair, _redis)) = start(dir.path()).await else {
        return;
    };
    let seed = number("BONGSU_DIFFERENTIAL_SEED", 20_240_601);
    let commands = number("BONGSU_DIFFERENTIAL_COMMANDS", 10_000);
    for protocol in ["2", "3"] {
        pair.call(&["HELLO", protocol]).await;
        let mut generator = Generator::new(seed);
        for number in 0..commands / 2 {
            if number.is_multiple_of(ROUND as u64) {
                pair.synchronise().await;
            }
            pair.compare(&generator.command()).await;
        }
        pair.synchronise().await;
    }
    pair.finish(&format!("seed {seed}")).await;
}

/// A pair of a store and a Redis; none, and why, if there is no Redis.
async fn start(dir: &Path) -> Option<(Pair, Redis)> {
    let Some(redis) = Redis::start(dir) else {
        eprintln!("SKIPPED: no redis-server to compare with (BONGSU_REDIS_SERVER)");
        return None;
    };
    let store = Store::start(&dir.join("ours"), "durability = \"memory\"").await;
    let pair = Pair {
        ours: Peer::connect(store.handle.addr()).await,
        theirs: Peer::connect(redis.address).await,
        store,
        differences: Vec::new(),
    };
    Some((pair, redis))
}

#[tokio::test(flavor = "multi_thread")]
async fn large_values_answer_as_in_a_real_redis() {
    const MEMBERS: usize = 3_000;
    let dir = tempfile::tempdir().unwrap();
    let Some((mut pair, _redis)) = start(dir.path()).await else {
        return;
    };
    let mut random = Rng::with_seed(number("BONGSU_DIFFERENTIAL_SEED", 20_240_601));
    for start in (0..MEMBERS).step_by(100) {
        let mut lines = ["HSET h", "SADD s", "ZADD z", "ZADD lex"].map(str::to_owned);
        for number in start..start + 100 {
            let score = random.u32(..500);
            let _ = write!(lines[0], " f{number} {score}");
            let _ = write!(lines[1], " m{number}");
            let _ = write!(lines[2], " {score} m{number}");
            let _ = write!(lines[3], " 0 m{number}");
            pair.line(&format!("SET key:{number} v")).await;
        }
        for line in lines {
            pair.line(&line).await;
        }
        let sketched: Vec<_> = (0..200).map(|_| random.u32(..40_000).to_string()).collect();
        pair.line(&format!("PFADD p{} {}", start % 3, sketched.join(" ")))
            .await;
        pair.line("PFCOUNT p0 p1 p2").await;
    }
    for line in [
        "HSCAN h 0 COUNT 7",
        "SSCAN s 0 COUNT 100 MATCH *7",
        "ZSCAN z 0",
        "SCAN 0 COUNT 50 TYPE string",
        "SRANDMEMBER s 200",
        "SRANDMEMBER s 2900",
        "HRANDFIELD h -200",
        "ZRANDMEMBER z 3000 WITHSCORES",
        "SINTERCARD 2 s lex",
        "ZINTERCARD 2 s z LIMIT 1000",
        "ZUNIONSTORE both 2 z lex WEIGHTS 3 1",
        "PFMERGE p p0 p1 p2",
        "PFCOUNT p",
    ] {
        pair.line(line).await;
    }
    for _ in 0..400 {
        for line in range_commands(&mut random) {
            pair.line(&line).await;
        }
    }
    pair.finish("large values").await;
}

/// Ranges and changes over the sorted sets of the test above.
fn range_commands(random: &mut Rng) -> [String; 11] {
    let [a, b, c] = [0; 3].map(|_| random.u32(..500));
    let [m, n] = [0; 2].map(|_| random.u32(..3_000));
    [
        format!("ZRANK z m{m}"),
        format!("ZREVRANK both m{m}"),
        format!("ZRANGE z {m} {n} WITHSCORES"),
        format!("ZRANGEBYSCORE z ({a} {b} LIMIT {c} 20"),
        format!("ZREVRANGEBYSCORE both {a} {b} WITHSCORES LIMIT 2 {c}"),
        format!("ZCOUNT z {a} ({b}"),
        format!("ZLEXCOUNT lex [m{m} (m{n}"),
        format!("ZREVRANGEBYLEX lex [m{m} (m{n} LIMIT 0 5"),
        format!("ZADD z XX CH {b} m{m}"),
        format!("ZREM z m{n}"),
        "ZPOPMIN both 2".to_owned(),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn commands_are_described_as_redis_describes_them() {
    let dir = tempfile::tempdir().unwrap();
    let Some((mut pair, _redis)) = start(dir.path()).await else {
        return;
    };
    let (ours, theirs) = (&mut pair.ours, &mut pair.theirs);
    let list = ours.call(&["COMMAND".to_owned(), "LIST".to_owned()]).await;
    assert!(list.items.len() > 120);
    for name in &list.items {
        let words = ["COMMAND", "INFO", &name.text()].map(str::to_owned);
        let [ours, theirs] = [ours.call(&words).await, theirs.call(&words).await];
        let described = |reply: &Node| {
            let mut parts = reply.items[0].items[..6].to_vec();
            parts[2].sort(1);
            parts.iter().map(Node::show).collect::<String>()
        };
        if theirs.items[0].kind == 'N' {
            assert!(name.text().starts_with("bongsu"), "{}", name.text());
            continue;
        }
        // How far keys of this form reach cannot be told by a range; ours says so.
        if !["object", "memory"].contains(&name.text().as_str()) {
            assert_eq!(described(&ours), described(&theirs));
        }
    }
    pair.finish("descriptions").await;
}

struct Pair {
    ours: Peer,
    theirs: Peer,
    store: Store,
    differences: Vec<String>,
}

/// How the replies to a command are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Manner {
    Exact,
    Unordered,
    UnorderedPairs,
    Chance,
    Near,
    Iteration,
    Kind,
    /// Texts for people are our own.
    Help,
}

fn manner(words: &[String]) -> Manner {
    match words[0].to_ascii_uppercase().as_str() {
        "SMEMBERS" | "SINTER" | "SUNION" | "SDIFF" | "KEYS" | "HKEYS" | "HVALS" => {
            Manner::Unordered
        }
        "HGETALL" => Manner::UnorderedPairs,
        "SPOP" | "SRANDMEMBER" | "HRANDFIELD" | "ZRANDMEMBER" | "RANDOMKEY" => Manner::Chance,
        "TTL" | "PTTL" | "EXPIRETIME" | "PEXPIRETIME" => Manner::Near,
        "OBJECT" if words.get(1).is_some_and(|word| word == "HELP") => Manner::Help,
        "COMMAND" if words.len() < 3 => Manner::Help,
        // A key that was given an end in the past counts until it is found.
        "DBSIZE" => Manner::Near,
        "OBJECT" if words.get(1).is_some_and(|word| word == "IDLETIME") => Manner::Near,
        "SCAN" | "HSCAN" | "SSCAN" | "ZSCAN" => Manner::Iteration,
        "MEMORY" => Manner::Kind,
        _ => Manner::Exact,
    }
}

impl Pair {
    /// Fails with every difference there was.
    async fn finish(self, what: &str) {
        let differences = self.differences;
        assert!(
            differences.is_empty(),
            "{what}: {} differences\n{}",
            differences.len(),
            differences.join("\n")
        );
        self.store.handle.shutdown().await;
    }

    async fn line(&mut self, line: &str) {
        let words: Vec<_> = line.split(' ').map(str::to_owned).collect();
        self.compare(&words).await;
    }

    async fn call(&mut self, words: &[&str]) -> (Node, Node) {
        let words: Vec<_> = words.iter().map(|word| (*word).to_owned()).collect();
        (self.ours.call(&words).await, self.theirs.call(&words).await)
    }

    async fn compare(&mut self, words: &[String]) {
        let (mut ours, mut theirs) = (self.ours.call(words).await, self.theirs.call(words).await);
        let (shown_ours, shown_theirs) = (ours.show(), theirs.show());
        let same = match manner(words) {
            Manner::Exact => ours == theirs,
            Manner::Unordered => {
                ours.sort(1);
                theirs.sort(1);
                ours == theirs
            }
            Manner::UnorderedPairs => {
                ours.sort(2);
                theirs.sort(2);
                ours == theirs
            }
            Manner::Help => ours.kind == theirs.kind,
            Manner::Kind => ours.kind == theirs.kind && (ours.kind != '-' || ours == theirs),
            Manner::Near => {
                let tolerance = if words[0].starts_with('P') { 2_000 } else { 2 };
                ours.is_near(&theirs, tolerance)
            }
            Manner::Chance => self.chance(words, &ours, &theirs).await,
            Manner::Iteration => {
                ours.kind == theirs.kind
                    && match ours.kind {
                        '-' => ours == theirs,
                        _ => {
                            iteration(&mut self.ours, words, ours).await
                                == iteration(&mut self.theirs, words, theirs).await
                        }
                    }
            }
        };
        if !same {
            self.differ(&words.join(" "), &shown_ours, &shown_theirs)
                .await;
        }
    }

    /// As many, and ours from among what Redis has there too. What was popped is then taken away on both.
    async fn chance(&mut self, words: &[String], ours: &Node, theirs: &Node) -> bool {
        if theirs.kind == '-' || theirs.kind == '_' {
            return ours == theirs;
        }
        let popped = words[0].eq_ignore_ascii_case("SPOP");
        let mut universe = String::new();
        if let Some(key) = words.get(1) {
            let lists = [
                ["SMEMBERS", key, "", ""],
                ["HGETALL", key, "", ""],
                ["ZRANGE", key, "0", "-1"],
                ["ZRANGE", key, "0", "-1"],
            ];
            for (number, list) in lists.iter().enumerate() {
                let mut list: Vec<_> = list
                    .iter()
                    .filter(|word| !word.is_empty())
                    .copied()
                    .collect();
                if number == 3 {
                    list.push("WITHSCORES");
                }
                let (_, there) = self.call(&list).await;
                universe.push_str(&there.show());
            }
        } else {
            universe = self.call(&["KEYS", "*"]).await.1.show();
        }
        if popped {
            // Redis has lost what it popped itself.
            universe.push_str(&theirs.show());
            universe.push_str(&self.call(&["SMEMBERS", &words[1]]).await.1.show());
            self.call(&["DEL", &words[1]]).await;
        }
        ours.shape() == theirs.shape()
            && ours
                .leaves()
                .iter()
                .all(|leaf| universe.contains(&leaf.show()))
    }

    async fn differ(&mut self, what: &str, ours: &str, theirs: &str) {
        let mut text = String::new();
        let _ = write!(text, "{what}\n  ours   {ours}\n  theirs {theirs}");
        self.differences.push(text);
        self.call(&["FLUSHALL"]).await;
        assert!(
            self.differences.len() < 40,
            "too many differences:\n{}",
            self.differences.join("\n")
        );
    }

    /// Compares everything there is and sets our clock to theirs.
    async fn synchronise(&mut self) {
        let time = self.theirs.call(&["TIME".to_owned()]).await;
        let seconds: i64 = time.items[0].text().parse().unwrap();
        let micros: i64 = time.items[1].text().parse().unwrap();
        self.store
            .clock
            .set(Timestamp::from_ms(seconds * 1000 + micros / 1000));
        let (_, keys) = self.call(&["KEYS", "*"]).await;
        let mut all = vec![vec!["KEYS".to_owned(), "*".to_owned()]];
        for key in &keys.items {
            let key = key.text();
            let (_, kind) = self.call(&["TYPE", &key]).await;
            let read: &[&str] = match kind.text().as_str() {
                "string" => &["GET", &key],
                "hash" => &["HGETALL", &key],
                "set" => &["SMEMBERS", &key],
                _ => &["ZRANGE", &key, "0", "-1", "WITHSCORES"],
            };
            for words in [read, &["TYPE", &key], &["PTTL", &key]] {
                all.push(words.iter().map(|word| (*word).to_owned()).collect());
            }
        }
        for words in all {
            self.compare(&words).await;
        }
    }
}

/// Goes on with an iteration until it ends and gives all that was met, once.
async fn iteration(peer: &mut Peer, words: &[String], first: Node) -> Vec<String> {
    let at = usize::from(!words[0].eq_ignore_ascii_case("SCAN")) + 1;
    let pairs = matches!(words[0].as_str(), "HSCAN" | "ZSCAN");
    let (mut words, mut page, mut met) = (words.to_vec(), first, Vec::new());
    loop {
        let items = &page.items[1].items;
        met.extend(
            items
                .chunks(if pairs { 2 } else { 1 })
                .map(|chunk| chunk.iter().map(Node::show).collect::<String>()),
        );
        words[at] = page.items[0].text();
        if words[at] == "0" {
            break;
        }
        page = peer.call(&words).await;
    }
    met.sort();
    met.dedup();
    met
}
