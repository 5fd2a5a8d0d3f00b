//! The session store in front of Redis: a cluster that loses a primary under load, a group under Sentinel, a server
//! that goes away; login rules, the live view and bindings stay what they are with a store of our own.

use std::{
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread,
    time::Instant,
};

use anyhow::{Context as _, Result, anyhow, ensure};
use bongsu_edge_sessions::{Config, Handle, Query, bind};
use bongsu_sdk_config::{Faults, Section};
use bongsu_sdk_model::{Clock, SessionEvent, SessionEventKind, Timestamp};
use bongsu_tests::{Redis, Resp, now_ms, until};
use tokio::{runtime::Runtime, sync::mpsc};

const WRITERS: u64 = 8;
const BEFORE: u64 = 2_000;
const AFTER: u64 = 2_000;
const CLUSTER: [&str; 4] = ["--cluster-enabled", "yes", "--cluster-node-timeout", "1000"];

#[derive(Debug)]
struct Wall;

impl Clock for Wall {
    fn now(&self) -> Timestamp {
        Timestamp::from_ms(now_ms().unwrap_or_default())
    }
}

/// A session store in this process.
struct Store {
    runtime: Runtime,
    handle: Option<Handle>,
    events: mpsc::Receiver<SessionEvent>,
    port: u16,
}

impl Store {
    fn start(rules: &str, redis: &str) -> Result<Self> {
        let text =
            format!("bind = \"127.0.0.1:0\"\nbackend = \"redis\"\n{rules}\n[redis]\n{redis}");
        let faults = Faults::default();
        let config = Config::read(Section::parse(&text, &faults));
        ensure!(faults.is_empty(), "{:?}", faults.lines());
        let runtime = Runtime::new()?;
        let (sender, events) = mpsc::channel(100_000);
        let handle = runtime.block_on(bind(config, Arc::new(Wall), sender))?;
        let port = SocketAddr::port(&handle.addr());
        Ok(Self {
            runtime,
            handle: Some(handle),
            events,
            port,
        })
    }

    fn client(&self) -> Result<Resp> {
        Resp::connect(self.port)
    }

    fn handle(&self) -> Result<&Handle> {
        self.handle.as_ref().context("it was stopped")
    }

    fn stop(&mut self) -> Result<()> {
        let handle = self.handle.take().context("it was stopped")?;
        self.runtime.block_on(handle.shutdown());
        Ok(())
    }
}

#[expect(clippy::disallowed_methods, reason = "figures of real processes")]
fn instant() -> Instant {
    Instant::now()
}

/// What the writers of one store were told.
#[derive(Default)]
struct Ledger {
    acknowledged: Mutex<Vec<(String, String)>>,
    count: AtomicU64,
    refused: AtomicU64,
    unreplicated: AtomicU64,
    stop: AtomicBool,
}

fn write_until_told(ledger: &Ledger, port: u16, writer: u64) -> Result<()> {
    let mut client = Resp::connect(port)?;
    let mut number = 0;
    while !ledger.stop.load(Ordering::SeqCst) {
        number += 1;
        let (key, value) = (
            format!("sess:{writer}-{number}"),
            format!("{{\"n\":{number}}}"),
        );
        match client.run(&["SET", &key, &value, "EX", "3600"]) {
            Ok(reply) => {
                ensure!(reply.as_deref() == Some("OK"), "{reply:?}");
                let mut told = ledger
                    .acknowledged
                    .lock()
                    .map_err(|_| anyhow!("poisoned"))?;
                told.push((key, value));
                ledger.count.fetch_add(1, Ordering::SeqCst);
            }
            Err(error) => {
                let text = error.to_string();
                ensure!(text.starts_with("the store said"), "{text}");
                let counter = match text.contains("NOREPLICAS") {
                    true => &ledger.unreplicated,
                    false => &ledger.refused,
                };
                counter.fetch_add(1, Ordering::SeqCst);
            }
        }
    }
    Ok(())
}

fn reach(ledger: &Ledger, count: u64) -> Result<()> {
    until("sessions are acknowledged", || {
        Ok((ledger.count.load(Ordering::SeqCst) >= count).then_some(()))
    })
}

/// A key whose slot a primary has.
fn key_at(port: u16) -> Result<String> {
    let mut node = Resp::connect(port)?;
    for number in 0..1_000 {
        let key = format!("probe:{number}");
        // The primary of another slot says so.
        if node.run(&["GET", &key]).is_ok() {
            return Ok(key);
        }
    }
    Err(anyhow!("no slot is at {port}"))
}

#[test]
fn no_acknowledged_session_is_lost_when_a_primary_dies_under_load() -> Result<()> {
    let Some(mut cluster) = Redis::cluster()? else {
        return Ok(());
    };
    let redis = format!("nodes = [{}]\ntimeout = \"4s\"", cluster.nodes());
    let store = Store::start("", &redis)?;
    let ledger = Arc::new(Ledger::default());
    let begun = instant();
    let writers: Vec<_> = (0..WRITERS)
        .map(|writer| {
            let (ledger, port) = (Arc::clone(&ledger), store.port);
            thread::spawn(move || write_until_told(&ledger, port, writer))
        })
        .collect();
    let outcome = fail_over(&mut cluster, &store, &ledger, begun);
    ledger.stop.store(true, Ordering::SeqCst);
    for writer in writers {
        writer.join().map_err(|_| anyhow!("a writer panicked"))??;
    }
    outcome?;

    let told = ledger
        .acknowledged
        .lock()
        .map_err(|_| anyhow!("poisoned"))?;
    let (mut client, mut lost) = (store.client()?, 0);
    for (key, value) in told.iter() {
        if client.run(&["GET", key])?.as_deref() != Some(value) {
            lost += 1;
        }
    }
    eprintln!(
        "acknowledged {}, lost {lost}, answered with NOREPLICAS {}, with another error {}",
        told.len(),
        ledger.unreplicated.load(Ordering::SeqCst),
        ledger.refused.load(Ordering::SeqCst)
    );
    ensure!(
        lost == 0,
        "{lost} of {} acknowledged sessions are lost",
        told.len()
    );

    let seen = store.handle()?.control().live(&Query {
        page: 10,
        ..Query::default()
    });
    ensure!(
        seen.matching >= told.len(),
        "{} of {}",
        seen.matching,
        told.len()
    );
    ensure!(
        seen.rows
            .iter()
            .all(|row| row.bytes > 0 && row.expires.is_some()),
        "{seen:?}"
    );
    Ok(())
}

fn fail_over(cluster: &mut Redis, store: &Store, ledger: &Ledger, begun: Instant) -> Result<()> {
    reach(ledger, BEFORE)?;
    eprintln!(
        "{BEFORE} sessions of {WRITERS} clients in {:?}",
        begun.elapsed()
    );
    let dying = *cluster.ports.first().context("no ports")?;
    let key = key_at(dying)?;
    let mut client = store.client()?;
    client.run(&["SET", &key, "there"])?;
    cluster.kill(dying)?;
    let killed = instant();
    until("the dead primary's slots are read again", || {
        let read = client.run(&["GET", &key])?;
        ensure!(read.as_deref() == Some("there"), "{read:?}");
        Ok(Some(()))
    })?;
    eprintln!("read again {:?} after the kill", killed.elapsed());
    // As a replica of the one that took over: without it no write to those slots is acknowledged.
    cluster.revive(dying, &CLUSTER)?;
    until("the dead primary's slots are written again", || {
        Ok(client.run(&["SET", &key, "again"])?.map(drop))
    })?;
    eprintln!("written again {:?} after the kill", killed.elapsed());
    reach(ledger, ledger.count.load(Ordering::SeqCst) + AFTER)
}

const RULES: &str = r#"
[applications.one]
keys = ["one:{id}"]
user = "json:user"
login = "deny-new"
[applications.last]
keys = ["last:{id}"]
user = "field:user"
login = "end-oldest"
"#;
const RIVALS: usize = 16;
const ROUNDS: usize = 20;

/// Logs a user in from many clients at once and gives the keys whose login was acknowledged.
fn race(store: &Store, round: usize, words: fn(&str) -> Vec<String>) -> Result<Vec<String>> {
    let barrier = Arc::new(std::sync::Barrier::new(RIVALS));
    let rivals: Vec<_> = (0..RIVALS)
        .map(|rival| {
            let (port, barrier) = (store.port, Arc::clone(&barrier));
            thread::spawn(move || -> Result<Option<String>> {
                let mut client = Resp::connect(port)?;
                let id = format!("{round}-{rival}");
                let words = words(&id);
                let words: Vec<_> = words.iter().map(String::as_str).collect();
                barrier.wait();
                match client.run(&words) {
                    Ok(_) => Ok(Some(id)),
                    Err(error) => {
                        ensure!(error.to_string().contains("DUPLICATELOGIN"), "{error}");
                        Ok(None)
                    }
                }
            })
        })
        .collect();
    let mut admitted = Vec::new();
    for rival in rivals {
        admitted.extend(rival.join().map_err(|_| anyhow!("a rival panicked"))??);
    }
    Ok(admitted)
}

fn live(client: &mut Resp, prefix: &str, round: usize) -> Result<Vec<String>> {
    let mut found = Vec::new();
    for rival in 0..RIVALS {
        let id = format!("{round}-{rival}");
        if client
            .run(&["EXISTS", &format!("{prefix}{id}")])?
            .as_deref()
            == Some("1")
        {
            found.push(id);
        }
    }
    Ok(found)
}

#[test]
fn rules_for_logins_hold_and_bindings_outlive_the_edge() -> Result<()> {
    let Some(cluster) = Redis::cluster()? else {
        return Ok(());
    };
    let redis = format!("nodes = [{}]", cluster.nodes());
    let mut store = Store::start(RULES, &redis)?;
    let mut client = store.client()?;
    for round in 0..ROUNDS {
        let words = |id: &str| {
            [
                "SET",
                &format!("one:{id}"),
                r#"{"user":"kim"}"#,
                "EX",
                "600",
            ]
            .map(str::to_owned)
            .to_vec()
        };
        let admitted = race(&store, round, words)?;
        ensure!(admitted.len() == 1, "round {round}: {admitted:?}");
        ensure!(live(&mut client, "one:", round)? == admitted);
        if round + 1 < ROUNDS {
            client.run(&["DEL", &format!("one:{}", admitted.join(""))])?;
        }
        let words = |id: &str| {
            ["HSET", &format!("last:{id}"), "user", "lee"]
                .map(str::to_owned)
                .to_vec()
        };
        ensure!(race(&store, round, words)?.len() == RIVALS);
        let last = live(&mut client, "last:", round)?;
        ensure!(last.len() == 1, "round {round}: {last:?}");
        ensure!(round == 0 || live(&mut client, "last:", round - 1)?.is_empty());
    }
    client.run(&["BONGSU.DENY", "park", "600", "because"])?;
    ensure!(store.handle()?.control().bound() == (2, 2));
    ensure!(client.run(&["DBSIZE"])?.as_deref() == Some("2"));

    store.stop()?;
    let mut store = Store::start(RULES, &redis)?;
    let control = store.handle()?.control();
    ensure!(control.bound() == (2, 2), "{:?}", control.bound());
    ensure!(store.handle()?.counts().active == 2 && control.denies().len() == 1);
    let mut client = store.client()?;
    for (user, code) in [("kim", "DUPLICATELOGIN"), ("park", "USERDENIED")] {
        let value = format!("{{\"user\":\"{user}\"}}");
        let refused = client.run(&["SET", "one:late", &value]);
        let refused = refused.err().context("it was let in")?.to_string();
        ensure!(refused.contains(code), "{refused}");
    }
    ensure!(client.run(&["GET", "one:late"])?.is_none());
    let forged = client.run(&["SET", "bongsu:deny:x", "1"]);
    ensure!(
        forged
            .err()
            .context("forged")?
            .to_string()
            .contains("NOPERM")
    );
    ends_are_told(&mut store, &mut client)
}

/// A user whose session runs out or is deleted behind the edge's back may log in again.
fn ends_are_told(store: &mut Store, client: &mut Resp) -> Result<()> {
    let kim = store.handle()?.control().sessions_of("kim");
    let key = &kim.first().context("kim has no session")?.key;
    client.run(&["PEXPIRE", std::str::from_utf8(key)?, "150"])?;
    let told = until("the end of the session is told", || {
        while let Ok(event) = store.events.try_recv() {
            if event.kind == SessionEventKind::Expired {
                return Ok(Some(event));
            }
        }
        Ok(None)
    })?;
    ensure!(key.ends_with(told.session.as_bytes()), "{told:?}");
    client.run(&["SET", "one:again", r#"{"user":"kim"}"#, "EX", "600"])?;
    ensure!(
        store.handle()?.counts().active == 2,
        "{:?}",
        store.handle()?.counts()
    );
    Ok(())
}

#[test]
fn the_store_goes_on_when_sentinel_names_another_primary() -> Result<()> {
    let Some(mut group) = Redis::sentinel()? else {
        return Ok(());
    };
    let sentinel = *group.ports.last().context("no sentinel")?;
    let redis = format!(
        "mode = \"sentinel\"\nmaster = \"bongsu\"\nnodes = [\"127.0.0.1:{sentinel}\"]\ntimeout = \"8s\"\nwait_timeout = \"5s\""
    );
    let store = Store::start("", &redis)?;
    let mut client = store.client()?;
    for number in 0..500 {
        client.run(&["SET", &format!("sess:{number}"), "kept", "EX", "600"])?;
    }
    client.run(&["SELECT", "3"])?;
    client.run(&["SET", "sess:other", "kept", "EX", "600"])?;
    client.run(&["SELECT", "0"])?;
    let primary = *group.ports.first().context("no primary")?;
    group.kill(primary)?;
    let killed = instant();
    until("the store reads again", || client.run(&["GET", "sess:0"]))?;
    eprintln!("read again {:?} after the kill", killed.elapsed());
    for number in 0..500 {
        let kept = client.run(&["GET", &format!("sess:{number}")])?;
        ensure!(kept.as_deref() == Some("kept"), "sess:{number} is {kept:?}");
    }
    // It has no replica now, and says so rather than promise what it cannot keep.
    let refused = client.run(&["SET", "sess:0", "new"]);
    let refused = refused.err().context("it was acknowledged")?.to_string();
    ensure!(refused.contains("NOREPLICAS 0 of 1"), "{refused}");
    ensure!(store.handle()?.counts().active == 501);
    Ok(())
}

#[test]
fn a_backend_that_is_away_is_told_in_time_and_found_again() -> Result<()> {
    let Some(mut server) = Redis::single()? else {
        return Ok(());
    };
    let port = *server.ports.first().context("no server")?;
    let redis = format!(
        "mode = \"single\"\nnodes = [\"127.0.0.1:{port}\"]\ntimeout = \"500ms\"\nwait_replicas = 0"
    );
    let store = Store::start("", &redis)?;
    let mut client = store.client()?;
    client.run(&["HSET", "sess:a", "f", "v"])?;
    let script = client.run(&[
        "EVAL",
        "return redis.call('HGET', KEYS[1], 'f')",
        "1",
        "sess:a",
    ])?;
    ensure!(script.as_deref() == Some("v"), "{script:?}");
    let wrong = client
        .run(&["GET", "sess:a"])
        .err()
        .context("it has the wrong type")?;
    ensure!(
        wrong
            .to_string()
            .contains("WRONGTYPE Operation against a key"),
        "{wrong}"
    );

    server.kill(port)?;
    let killed = instant();
    let error = client
        .run(&["HGET", "sess:a", "f"])
        .err()
        .context("nobody is there")?;
    ensure!(
        error
            .to_string()
            .contains("the session backend does not answer"),
        "{error}"
    );
    eprintln!("told {:?} after the kill", killed.elapsed());
    let trouble = store.handle()?.backend().context("no backend")?;
    ensure!(
        trouble.trouble.is_some() && trouble.failed > 0,
        "{trouble:?}"
    );
    ensure!(client.run(&["PING"])?.is_some());

    server.revive(port, &[])?;
    until("the backend is found again", || {
        client.run(&["SET", "sess:b", "1", "EX", "600"])
    })?;
    let found = store.handle()?.backend().context("no backend")?;
    ensure!(found.trouble.is_none() && found.ready, "{found:?}");
    Ok(())
}
