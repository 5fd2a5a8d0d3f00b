//! Whatever was done, a store that is opened again is the store that was left: keys, ends, bindings, denies, counts
//! and weight, from the journal alone, from the image alone, and from a journal over an image that is ahead of it.

use std::{collections::BTreeMap, fmt::Write as _, fs, path::Path, time::Duration};

use proptest::{prelude::*, test_runner::TestCaseResult};

use crate::{
    client::{Client, START, Store},
    restart::image,
};

const SETTINGS: &str = "durability = \"os\"\n\
    [applications.shop]\nkind = \"connect-redis\"\nnamespace = \"shop:\"\nuser = \"json:user\"\n\
    login = \"limit\"\nlimit = 2\nbeyond = \"end-oldest\"\n\
    [applications.tomcat]\nkind = \"redisson\"\nuser = \"field:user\"\nlogin = \"deny-new\"\n\
    [applications.spring]\nlogin = \"end-oldest\"\n";

/// `K`: a key of any kind, `F`: a field or member, `U`: a user, `N`: a number, `D`: a database, `S` and `C`: a
/// session of Spring and what goes with it, `I`: Spring's index of a user.
#[rustfmt::skip]
const COMMANDS: &[&str] = &[
    "SET K {\"user\":\"U\"}", "SET K {} EX N", "SET K F KEEPTTL", "APPEND K {}", "MSET K {\"user\":\"U\"} K F", "GETDEL K",
    "SETRANGE K N F", "INCR K", "DEL K K", "EXPIRE K N", "PEXPIRE K 1", "PERSIST K", "RENAME K K", "RENAMENX K K",
    "COPY K K REPLACE", "COPY K K DB D REPLACE", "HSET K user U F N", "HSET K F F F N", "HDEL K F user", "HDEL K F", "HINCRBY K F N",
    "SADD K F F", "SREM K F", "SPOP K", "SMOVE K K F", "SUNIONSTORE K K K", "SDIFFSTORE K K K", "ZADD K N F N F", "ZINCRBY K N F",
    "ZREM K F", "ZPOPMIN K", "ZUNIONSTORE K 2 K K", "ZREMRANGEBYRANK K 0 N", "PFADD K F F", "PFMERGE K K K",
    "HSET S F N", "APPEND C F", "SADD I 1 2", "SREM I 1", "SADD I 2", "EXPIRE C N", "EXPIRE S N", "DEL C", "RENAME S S",
    "BONGSU.BIND K U shop", "BONGSU.BIND K U", "BONGSU.UNBIND K", "BONGSU.KILL USER U", "BONGSU.KILL SESSION K",
    "BONGSU.DENY U N why", "BONGSU.DENY U N why shop", "BONGSU.ALLOW U", "FLUSHDB", "FLUSHALL", "SELECT D", "MULTI", "EXEC", "EXEC", "WATCH K",
    "CLOCK", "CLOCK", "CLOCK", "SELECT 0", "SELECT 0",
];
const KEYS: &[&str] = &[
    "shop:1",
    "shop:2",
    "shop:3",
    "redisson:tomcat_session:1",
    "redisson:tomcat_session:2",
    "a",
    "b",
];
const SPRING: &str = "spring:session:sessions:";
const INDEX: &str = "spring:session:index:org.springframework.session.FindByIndexNameSessionRepository.PRINCIPAL_NAME_INDEX_NAME:";

/// A command with its places filled.
fn words(template: &str, seed: u64) -> Vec<String> {
    let mut seed = seed | 1;
    let mut draw = |below: u64| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (seed >> 33) % below
    };
    let mut fill = |word: &str| match word {
        "K" => KEYS[usize::try_from(draw(KEYS.len() as u64)).unwrap()].to_owned(),
        "F" => format!("f{}", draw(3)),
        "N" => (1 + draw(9)).to_string(),
        "D" => draw(2).to_string(),
        "U" => ["kim", "lee"][usize::try_from(draw(2)).unwrap()].to_owned(),
        "S" => format!("{SPRING}{}", 1 + draw(2)),
        "C" => format!("{SPRING}expires:{}", 1 + draw(2)),
        "I" => format!(
            "{INDEX}{}",
            ["kim", "lee"][usize::try_from(draw(2)).unwrap()]
        ),
        "{\"user\":\"U\"}" => format!(
            "{{\"user\":\"{}\"}}",
            ["kim", "lee"][usize::try_from(draw(2)).unwrap()]
        ),
        other => other.to_owned(),
    };
    template.split(' ').map(&mut fill).collect()
}

async fn ask(client: &mut Client, words: &[&str]) -> String {
    client.run(words).await
}

/// What a key holds, in one order.
async fn value(client: &mut Client, key: &str, kind: &str) -> String {
    match kind {
        "string" => ask(client, &["GET", key]).await,
        "zset" => ask(client, &["ZRANGE", key, "0", "-1", "WITHSCORES"]).await,
        "set" => {
            let members = ask(client, &["SMEMBERS", key]).await;
            let mut members: Vec<_> = members.trim_matches(['[', ']', '~']).split(' ').collect();
            members.sort_unstable();
            format!("{members:?}")
        }
        _ => {
            let members = ask(client, &["HGETALL", key]).await;
            let words: Vec<_> = members.trim_matches(['[', ']']).split(' ').collect();
            let pairs: BTreeMap<_, _> = words.chunks(2).map(|pair| (pair[0], pair[1])).collect();
            format!("{pairs:?}")
        }
    }
}

/// Everything there is to see of a store.
async fn dump(store: &Store) -> String {
    let mut out = String::new();
    let mut client = store.connect().await;
    for db in ["0", "1"] {
        ask(&mut client, &["SELECT", db]).await;
        let listed = ask(&mut client, &["KEYS", "*"]).await;
        let mut keys: Vec<_> = listed
            .trim_matches(['[', ']'])
            .split(' ')
            .map(|key| key.trim_matches('"').to_owned())
            .collect();
        keys.sort();
        for key in keys.iter().filter(|key| !key.is_empty()) {
            let kind = ask(&mut client, &["TYPE", key]).await;
            let value = value(&mut client, key, &kind).await;
            let end = ask(&mut client, &["PEXPIRETIME", key]).await;
            let _ = writeln!(out, "{db} {key} {kind} {value} {end}");
        }
    }
    let control = store.handle.control();
    for user in ["kim", "lee"] {
        let mut bound: Vec<_> = control
            .sessions_of(user)
            .into_iter()
            .map(|one| format!("{one:?}"))
            .collect();
        bound.sort();
        let _ = writeln!(out, "{user} {bound:#?}");
    }
    let mut denies: Vec<_> = control
        .denies()
        .into_iter()
        .map(|one| format!("{one:?}"))
        .collect();
    denies.sort();
    let _ = writeln!(out, "{denies:#?} {:?}", control.bound());
    out
}

/// Waits until what runs out without being touched has gone on both sides, and compares them.
async fn same(left: &Store, right: &Store) -> TestCaseResult {
    let weighs = |store: &Store| (store.handle.counts().active, store.handle.counts().bytes);
    let settles = async {
        while weighs(left) != weighs(right) {
            tokio::task::yield_now().await;
        }
    };
    let settled = tokio::time::timeout(Duration::from_secs(3), settles).await;
    prop_assert_eq!(dump(left).await, dump(right).await);
    prop_assert!(
        settled.is_ok(),
        "active and bytes: {:?}, {:?}",
        weighs(left),
        weighs(right)
    );
    Ok(())
}

async fn run(store: &Store, commands: &[(u8, usize, u64)], at: &mut u64) {
    let mut clients = [store.connect().await, store.connect().await];
    for (client, template, seed) in commands {
        let template = COMMANDS[template % COMMANDS.len()];
        if template == "CLOCK" {
            *at += 500 + seed % 1500;
            store.clock.set(START.plus(Duration::from_millis(*at)));
            continue;
        }
        let words = words(template, *seed);
        let words: Vec<_> = words.iter().map(String::as_str).collect();
        let reply = clients[usize::from(client % 2)].run(&words).await;
        assert!(!reply.starts_with("ERR unknown"), "{words:?} {reply}");
    }
}

async fn open(dir: &Path, at: u64) -> Store {
    let store = Store::start(dir, SETTINGS).await;
    store.clock.set(START.plus(Duration::from_millis(at)));
    store
}

async fn check(commands: Vec<(u8, usize, u64)>) -> TestCaseResult {
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| dir.path().join(name);
    let (mut at, middle) = (0, commands.len() / 2);
    let mut store = open(&path("live"), at).await;
    for (round, commands) in [&commands[..middle], &commands[middle..]]
        .into_iter()
        .enumerate()
    {
        run(&store, commands, &mut at).await;
        // As a killed process leaves it: in the second round a journal over an image.
        let [killed, ahead] = ["killed", "ahead"].map(|name| path(&format!("{name}{round}")));
        image(&path("live"), &killed);
        let journal = path(&format!("journal{round}"));
        image(&path("live").join("journal"), &journal);
        let reopened = open(&killed, at).await;
        same(&store, &reopened).await?;
        reopened.handle.shutdown().await;
        let folded = open(&killed, at).await;
        same(&store, &folded).await?;
        // A fold that did everything but forget the journal: it is read again over what it made.
        store.handle.shutdown().await;
        image(&path("live"), &ahead);
        fs::remove_dir_all(ahead.join("journal")).unwrap();
        image(&journal, &ahead.join("journal"));
        let again = open(&ahead, at).await;
        same(&folded, &again).await?;
        store = open(&path("live"), at).await;
        same(&folded, &store).await?;
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, max_shrink_iters: 60, ..ProptestConfig::default() })]
    #[test]
    fn a_store_that_is_opened_again_is_the_one_that_was_left(
        commands in proptest::collection::vec((any::<u8>(), any::<usize>(), any::<u64>()), 20..200)
    ) {
        tokio::runtime::Runtime::new().unwrap().block_on(check(commands))?;
    }
}
