//! Three edges and a center as processes, each edge behind a link of its own whose weather changes; all four are
//! killed at random. An edge is killed only once what it took is on its disk: what it had in memory is another
//! promise's business.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use bongsu_sdk_model::IdentityMode;
use bongsu_sdk_sketch::{DistinctSketch, IdentityKey};
use bongsu_tests::{
    Center, Edge, Link, MINUTE_MS, Visit, Weather, fact, range, this_minute_ms, until,
};
use serde_json::{Value, json};

const SITES: [&str; 3] = ["seoul", "busan", "jeju"];
const WEATHERS: [Weather; 7] = [
    Weather::FAIR,
    Weather::CUT,
    Weather::LOSSY,
    Weather::MIXED,
    Weather::FAR,
    Weather::NARROW,
    Weather {
        lost: 50,
        delay: Duration::from_millis(150),
        ..Weather::MIXED
    },
];
/// The edges' own, from their harness.
const KEY: &str = "000102030405060708090a0b0c0d0e0f";

/// What was sent, and who sent it.
struct Generator {
    random: fastrand::Rng,
    key: IdentityKey,
    requests: u64,
    people: DistinctSketch,
    first_minute: i64,
}

impl Generator {
    /// Some visits over three minutes, to one edge, and on its disk when this returns.
    fn visit(&mut self, edge: &Edge) -> Result<()> {
        let before = this_minute_ms()?;
        let count = self.random.i64(3..200);
        let visits: Vec<Visit> = (0..count)
            .map(|n| {
                let person = format!("person-{}", self.random.u32(..5_000));
                let hash = self.key.hash(IdentityMode::Cookie, person.as_bytes());
                self.people.insert(hash);
                Visit::of(&person, before - 3 * MINUTE_MS + n * 3 * MINUTE_MS / count)
            })
            .collect();
        self.first_minute = self.first_minute.min(before - 3 * MINUTE_MS);
        self.requests += visits.len() as u64;
        // What is committed but not flushed a kill may still take.
        let next = |edge: &Edge| -> Result<u64> {
            Ok(edge.health()?["spool"]["durable"].as_u64().unwrap_or(0))
        };
        let stored = next(edge)? + 3;
        edge.export(&visits)?;
        until("the visits are stored", || {
            Ok((next(edge)? >= stored).then_some(()))
        })
    }
}

pub(crate) fn campaign(minutes: u64, seed: u64) -> Result<()> {
    let mut center = Center::start(&SITES)?;
    let mut links = Vec::new();
    let mut edges = Vec::new();
    for (number, site) in (0..).zip(SITES) {
        let link = Link::to(center.quic, seed + number)?;
        edges.push(Edge::start(site, &center.authority.ship(site, link.port)?)?);
        links.push(link);
    }
    let mut generator = Generator {
        random: fastrand::Rng::with_seed(seed),
        key: KEY.parse()?,
        requests: 0,
        people: DistinctSketch::default(),
        first_minute: i64::MAX,
    };
    let (mut kills, mut changes) = (0, 0);
    let begun = now();
    while begun.elapsed() < Duration::from_secs(minutes * 60) {
        let which = generator.random.usize(..edges.len());
        match generator.random.u32(..10) {
            0 => {
                center.kill()?;
                center.restart()?;
                kills += 1;
            }
            1 => {
                edges[which].kill()?;
                edges[which].restart()?;
                kills += 1;
            }
            // Flapping: cut and mended before the connection has noticed.
            2 => {
                for weather in [Weather::CUT, Weather::FAIR, Weather::CUT, Weather::FAIR] {
                    links[which].set(weather);
                    generator.visit(&edges[(which + 1) % edges.len()])?;
                }
            }
            3..6 => {
                let weather = WEATHERS[generator.random.usize(..WEATHERS.len())];
                links[which].set(weather);
                changes += 1;
            }
            _ => generator.visit(&edges[which])?,
        }
    }
    for link in &links {
        link.set(Weather::FAIR);
    }
    eprintln!(
        "{} requests, {kills} kills, {changes} changes of weather in {minutes} min, seed {seed}",
        generator.requests
    );
    judge(&center, &edges, &generator)
}

fn judge(center: &Center, edges: &[Edge], generator: &Generator) -> Result<()> {
    for edge in edges {
        until("everything is acknowledged", || {
            Ok((edge.health()?["spool"]["waiting"] == 0).then_some(()))
        })?;
    }
    let window = range(generator.first_minute, this_minute_ms()? + MINUTE_MS)?;
    let value = |metric: &str| -> Result<Value> {
        center.plan(&json!({ "op": "value", "metrics": [metric], "window": window }))
    };
    let requests = fact(&value("requests")?, "requests")?;
    ensure!(
        requests == generator.requests as f64,
        "{requests} requests at the center, {} were made",
        generator.requests
    );
    let users = fact(&value("users.distinct")?, "users.distinct")?;
    let reference = generator.people.estimate().value;
    ensure!(
        (users - reference).abs() < 1.0,
        "{users} distinct users at the center, a reference union has {reference}"
    );
    Ok(())
}

#[expect(clippy::disallowed_methods, reason = "a campaign takes real time")]
fn now() -> Instant {
    Instant::now()
}
