//! What only shows in large numbers: a hundred thousand sessions that end in one second, and the live view of
//! a million. They print figures, for the report; what they assert is that nothing is missing.
//!
//! `cargo test -p bongsu-edge-sessions --test store heavy -- --ignored --nocapture --test-threads 1`

#![expect(clippy::print_stdout, reason = "its report")]

use std::{
    collections::HashSet,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::Duration,
};

use bongsu_edge_sessions::{Query, Sort};
use tokio::time::Instant;

use crate::{
    client::{Client, Store, request},
    process::Process,
};

const APPLICATION: &str = "[applications.shop]\nkeys = [\"shop:\"]\nuser = \"json:user\"\n";
/// Requests sent before their replies are read.
const AHEAD: usize = 500;

/// Puts sessions, every fourth of them somebody's; `tail` are further words of each `SET`.
async fn put(client: &mut Client, count: usize, tail: impl Fn(usize) -> Vec<String>) {
    for from in (0..count).step_by(AHEAD) {
        let numbers = from..count.min(from + AHEAD);
        let mut wire = Vec::new();
        for number in numbers.clone() {
            let user = if number % 4 == 0 {
                format!("\"u{}\"", number / 8)
            } else {
                "null".to_owned()
            };
            let key = format!("shop:{number:032}");
            let value = format!("{{\"user\":{user},\"cart\":\"{}\"}}", "x".repeat(100));
            let tail = tail(number);
            let mut words = vec!["SET", &key, &value];
            words.extend(tail.iter().map(String::as_str));
            wire.extend(request(&words));
        }
        client.send(&wire).await;
        for _ in numbers {
            assert_eq!(client.reply().await, "OK");
        }
    }
}

/// How long commands take, one after the other, until told to stop.
async fn measure(mut client: Client, stop: Arc<AtomicBool>) -> Vec<Duration> {
    let mut times = Vec::new();
    while !stop.load(Relaxed) {
        let key = format!("other:{}", times.len() % 500);
        let begun = Instant::now();
        assert_eq!(client.run(&["SET", &key, "value"]).await, "OK");
        assert_eq!(client.run(&["GET", &key]).await, "\"value\"");
        times.push(begun.elapsed() / 2);
    }
    times
}

fn print(what: &str, mut times: Vec<Duration>) {
    times.sort();
    let at = |part: f64| times[((times.len() - 1) as f64 * part) as usize];
    println!(
        "{what}: {} pairs of commands, p50 {:?} p99 {:?} p99.9 {:?} longest {:?}",
        times.len(),
        at(0.5),
        at(0.99),
        at(0.999),
        at(1.0)
    );
}

async fn expire(durability: &str) {
    const COUNT: usize = 100_000;
    let dir = tempfile::tempdir().unwrap();
    let settings = format!("durability = \"{durability}\"\nmax_memory = \"2GiB\"\n{APPLICATION}");
    let store = Process::start(dir.path(), &dir.path().join("data"), &settings).await;
    let mut client = store.connect().await;
    let mut subscriber = store.connect().await;
    subscriber.call("SUBSCRIBE __keyevent@0__:expired").await;
    put(&mut client, COUNT, |_| {
        vec!["EX".to_owned(), "1000".to_owned()]
    })
    .await;
    let normal = Arc::new(AtomicBool::new(false));
    let measured = tokio::spawn(measure(store.connect().await, Arc::clone(&normal)));
    let now = client.call("TIME").await;
    let now: u64 = now.split('"').nth(1).unwrap().parse().unwrap();
    // All within the second that begins in twelve seconds.
    for from in (0..COUNT).step_by(AHEAD) {
        let mut wire = Vec::new();
        for number in from..from + AHEAD {
            let at = (now + 12) * 1000 + (number * 1000 / COUNT) as u64;
            let key = format!("shop:{number:032}");
            wire.extend(request(&["PEXPIREAT", &key, &at.to_string()]));
        }
        client.send(&wire).await;
        for _ in from..from + AHEAD {
            assert_eq!(client.reply().await, "1");
        }
    }
    normal.store(true, Relaxed);
    drop(measured.await.unwrap());
    let quiet = Arc::new(AtomicBool::new(false));
    let measured = tokio::spawn(measure(store.connect().await, Arc::clone(&quiet)));
    let first = subscriber.reply().await;
    quiet.store(true, Relaxed);
    print(&format!("{durability}, before"), measured.await.unwrap());
    let busy = Arc::new(AtomicBool::new(false));
    let measured = tokio::spawn(measure(store.connect().await, Arc::clone(&busy)));
    let begun = Instant::now();
    let mut told = HashSet::from([first]);
    while told.len() < COUNT {
        assert!(told.insert(subscriber.reply().await));
    }
    println!(
        "{durability}: all told {:?} after the first",
        begun.elapsed()
    );
    busy.store(true, Relaxed);
    print(&format!("{durability}, during"), measured.await.unwrap());
    let info = client.call("INFO sessions").await;
    assert!(
        info.contains(&format!("sessions_expired:{COUNT}")),
        "{info}"
    );
    assert_eq!(client.call("BONGSU.SESSIONS u0").await, "[]");
    assert!(client.call("KEYS shop:*").await == "[]");
    store.end();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "measures"]
async fn heavy_a_hundred_thousand_sessions_end_in_one_second() {
    expire("os").await;
    expire("group").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "measures"]
async fn heavy_a_page_of_a_million_sessions() {
    const COUNT: usize = 1_000_000;
    let dir = tempfile::tempdir().unwrap();
    let settings = format!("durability = \"memory\"\nmax_memory = \"4GiB\"\n{APPLICATION}");
    let store = Store::start_with(dir.path(), &settings, 1).await;
    let mut client = store.connect().await;
    put(&mut client, COUNT, |_| {
        vec!["EX".to_owned(), "1000".to_owned()]
    })
    .await;
    let stop = Arc::new(AtomicBool::new(false));
    let measured = tokio::spawn(measure(store.connect().await, Arc::clone(&stop)));
    while store.handle.counts().active < COUNT as u64 {
        tokio::task::yield_now().await;
    }
    let alone = Arc::new(AtomicBool::new(false));
    let mut begun = Instant::now();
    while begun.elapsed() < Duration::from_secs(3) {
        tokio::task::yield_now().await;
    }
    stop.store(true, Relaxed);
    print("nobody looks", measured.await.unwrap());
    let measured = tokio::spawn(measure(store.connect().await, Arc::clone(&alone)));
    for sort in [Sort::Idle, Sort::User, Sort::Age, Sort::Bytes].repeat(2) {
        let control = store.handle.control();
        begun = Instant::now();
        let query = Query {
            sort,
            page: 50,
            ..Query::default()
        };
        let page = tokio::task::spawn_blocking(move || control.live(&query));
        let page = page.await.unwrap();
        println!("{sort:?}: {:?}", begun.elapsed());
        assert_eq!((page.rows.len(), page.matching), (50, COUNT));
    }
    alone.store(true, Relaxed);
    print("while pages are made", measured.await.unwrap());
    store.handle.shutdown().await;
}
