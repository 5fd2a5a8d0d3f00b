//! `bongsu-plugin bench`: time and memory of a plugin under the limits an edge gives it.
//!
//! The batch is made here and always the same: a thousand transactions of fifty URLs, or as many session events, or the
//! figures of a site's minute; for a masker, a thousand fields of about 200 bytes. Its figures compare plugins and versions
//! on one machine, not machines.

use std::{
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Result, bail};
use bongsu_sdk_host::{
    Batch, Detector, Engine, EventKind, Events, Field, FieldKind, Masker, RecordedBatch,
};
use bongsu_sdk_model::{Timestamp, Window};
use clap::Args;
use serde_json::{Value, json};

use crate::{
    replay::Facts,
    run::{self, Plugin},
};

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The plugin's folder, or a component
    #[arg(default_value = ".")]
    plugin: PathBuf,
    /// Calls that are measured
    #[arg(long, default_value_t = 200)]
    calls: u32,
    /// A setting, as `key=value`
    #[arg(long = "set", value_name = "KEY=VALUE")]
    settings: Vec<String>,
}

/// Calls before it counts.
const WARM_UP: u32 = 20;

const EVENTS: usize = 1_000;

/// Noon in Seoul on a Monday: a season begins somewhere.
const BEGIN_MS: i64 = 1_767_582_000_000;

pub(crate) fn run(options: &Options) -> Result<()> {
    let bytes = run::read(&run::component(&options.plugin)?)?;
    let engine = Engine::new()?;
    let begun = watch();
    let mut plugin = run::load(
        &engine,
        &bytes,
        &options.settings,
        &Arc::new(Facts::default()),
    )?;
    println!("load              {:.1?}", begun.elapsed());
    match &mut plugin {
        Plugin::Detector(detector) => detect(detector, options.calls)?,
        Plugin::Masker(masker) => mask(masker, options.calls)?,
        Plugin::Controller(_) => {
            bail!("a controller runs once per approval; there is nothing to measure")
        }
    }
    let loaded = plugin.loaded();
    println!(
        "memory            {} KiB of at most {} KiB",
        loaded.memory_bytes / 1024,
        loaded.limits.memory_bytes / 1024
    );
    println!("component         {} KiB", bytes.len() / 1024);
    if loaded.counters.failures() > 0 {
        bail!("{} calls failed", loaded.counters.failures());
    }
    Ok(())
}

fn detect(detector: &mut Detector, calls: u32) -> Result<()> {
    let wanted: Vec<EventKind> = detector.loaded().manifest.events.iter().copied().collect();
    for kind in wanted {
        let mut costs = Vec::new();
        let mut events = 1;
        for call in 0..WARM_UP + calls {
            let recorded = batch(kind, i64::from(call))?;
            let batch = Batch::new(recorded.window, &recorded.events);
            events = batch.len().max(1);
            let begun = watch();
            detector.check(&batch)?;
            if call >= WARM_UP {
                costs.push(begun.elapsed());
            }
        }
        let name = format!("{kind:?}");
        report(&name, costs, events);
    }
    Ok(())
}

fn mask(masker: &mut Masker, calls: u32) -> Result<()> {
    for (name, texts) in [("clean fields", clean()), ("personal fields", personal())] {
        let fields: Vec<Field<'_>> = texts
            .iter()
            .map(|text| Field {
                kind: FieldKind::Url,
                text,
            })
            .collect();
        let mut costs = Vec::new();
        for call in 0..WARM_UP + calls {
            let begun = watch();
            masker.mask(&fields, Timestamp::from_ms(BEGIN_MS))?;
            if call >= WARM_UP {
                costs.push(begun.elapsed());
            }
        }
        let bytes: usize = texts.iter().map(String::len).sum();
        let middle = report(name, costs, fields.len());
        println!(
            "                  {:.0} MB/s",
            bytes as f64 / 1e6 / middle.as_secs_f64()
        );
    }
    Ok(())
}

/// Prints the median and the worst call; gives the median.
fn report(name: &str, mut costs: Vec<Duration>, events: usize) -> Duration {
    costs.sort_unstable();
    let middle = costs.get(costs.len() / 2).copied().unwrap_or_default();
    let worst = costs.last().copied().unwrap_or_default();
    let each = middle.as_nanos() / events.max(1) as u128;
    println!(
        "{name:<17} {each} ns per event ({events} per call, median {middle:.1?}, worst {worst:.1?})"
    );
    middle
}

/// A batch of one kind, `call` seconds or minutes after the first.
fn batch(kind: EventKind, call: i64) -> Result<RecordedBatch> {
    let step = if kind == EventKind::RollUps {
        60_000
    } else {
        1_000
    };
    let from = BEGIN_MS + call * step;
    let window = Window::new(Timestamp::from_ms(from), Timestamp::from_ms(from + step));
    let rows: Vec<Value> = match kind {
        EventKind::Transactions => (0..EVENTS).map(|i| transaction(i, from)).collect(),
        EventKind::SessionEvents => (0..EVENTS).map(|i| session_event(i, from)).collect(),
        EventKind::RollUps => (0..EVENTS / 10).map(|i| roll_up(i, window)).collect(),
    };
    let rows = Value::Array(rows);
    Ok(RecordedBatch {
        window,
        events: match kind {
            EventKind::Transactions => Events::Transactions(serde_json::from_value(rows)?),
            EventKind::SessionEvents => Events::SessionEvents(serde_json::from_value(rows)?),
            EventKind::RollUps => Events::RollUps(serde_json::from_value(rows)?),
        },
    })
}

fn transaction(i: usize, from: i64) -> Value {
    let mut row = json!({
        "ended": from + (i % 1_000) as i64,
        "duration_us": 20_000 + (i * 7_919) % 300_000,
        "sql_us": (i * 31) % 20_000,
        "app": "minwon",
        "instance": format!("was-{}", i % 4),
        "release": "1.4.2",
        "url": format!("/minwon/{}/{{}}", i % 50),
        "target": format!("/minwon/{}/{}?page={}", i % 50, i % 300, i % 9),
        "method": if i.is_multiple_of(5) { "POST" } else { "GET" },
        "status": if i.is_multiple_of(50) { 500 } else if i.is_multiple_of(40) { 404 } else { 200 },
        "client": format!("client-{}", i % 200),
        "session": format!("session-{}", i % 300),
        "user": format!("user-{}", i % 250),
    });
    if let (0, Some(row)) = (i % 100, row.as_object_mut()) {
        let outcome = if i.is_multiple_of(200) {
            "Failed"
        } else {
            "Succeeded"
        };
        row.insert("login".to_owned(), outcome.into());
    }
    row
}

fn session_event(i: usize, from: i64) -> Value {
    json!({
        "at": from + i as i64,
        "change": if i.is_multiple_of(2) { "Created" } else { "Expired" },
        "session": format!("session-{i}"),
        "app": "minwon",
    })
}

fn roll_up(i: usize, window: Window) -> Value {
    let scope = match i {
        0 => json!("Site"),
        1 => json!({"App": "minwon"}),
        2..=5 => json!({"Instance": ["minwon", format!("was-{i}")]}),
        _ => json!({"Url": ["minwon", format!("/minwon/{i}")]}),
    };
    json!({
        "scope": scope,
        "window": window,
        "measures": [
            ["requests", 400 + i], ["errors.count", i % 3], ["errors.rate", 0.5],
            ["latency.p95", 180 + i % 40], ["latency.avg", 60.0], ["jvm.heap", 61.0],
        ],
    })
}

fn clean() -> Vec<String> {
    (0..EVENTS)
        .map(|i| {
            format!(
                "/minwon/search/list?page={}&sort=date&order=desc&category=civil-affairs&region=busan&keyword=passport+renewal+guide&view=table&rows=50&theme=default&lang=ko&from=menu&tab=all&compact=false&group=none",
                i % 9
            )
        })
        .collect()
}

fn personal() -> Vec<String> {
    (0..EVENTS)
        .map(|i| {
            format!(
                "/minwon/apply?name=%EA%B9%80%EB%AF%BC%EC%88%98&tel=010-{:04}-5678&email=user{i}@example.com&page=2&sort=date&category=civil-affairs&region=busan&view=table&rows=50&lang=ko",
                i % 10_000
            )
        })
        .collect()
}

#[expect(
    clippy::disallowed_methods,
    reason = "a measurement needs a clock; it decides nothing"
)]
fn watch() -> Instant {
    Instant::now()
}
