//! The session store on its own, with the system's clock: for trying clients by hand.
//!
//! ```text
//! cargo run -p bongsu-edge-sessions --example session_server -- edge.toml
//! ```
//!
//! The file (optional) has the keys of the edge's `[sessions]` section at its top level. Events of sessions
//! are logged; Ctrl-C ends the server.

use std::{sync::Arc, time::SystemTime};

use anyhow::{Context, bail};
use bongsu_edge_sessions::{Config, bind};
use bongsu_sdk_config::{Faults, Section};
use bongsu_sdk_model::{Clock, Timestamp};
use tokio::sync::mpsc;

/// Events that may wait to be logged.
const EVENTS: usize = 4096;

/// The allocator of the edge, so that what is measured here holds there.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        let since_epoch = SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default();
        Timestamp::from_ms(0).plus(since_epoch)
    }
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    tracing_subscriber::fmt()
        .with_max_level(tracing::Level::INFO)
        .init();
    let text = match std::env::args().nth(1) {
        Some(path) => {
            std::fs::read_to_string(&path).with_context(|| format!("cannot read `{path}`"))?
        }
        None => String::new(),
    };
    let faults = Faults::default();
    let config = Config::read(Section::parse(&text, &faults));
    if !faults.is_empty() {
        bail!("{}", faults.lines().join("\n"));
    }

    let (events, mut told) = mpsc::channel(EVENTS);
    let store = bind(config, Arc::new(SystemClock), events).await?;
    tracing::info!(address = %store.addr(), "the session store listens");
    loop {
        tokio::select! {
            Some(event) = told.recv() => tracing::info!(?event),
            stop = tokio::signal::ctrl_c() => break stop?,
        }
    }
    tracing::info!(counts = ?store.counts(), lost_events = store.lost_events(), "shutting down");
    store.shutdown().await;
    Ok(())
}
