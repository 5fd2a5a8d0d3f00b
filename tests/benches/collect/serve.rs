//! The process under measurement: collects as a configuration says, and counts what comes into roll-ups.

use std::{sync::Arc, time::SystemTime};

use anyhow::{Context as _, Result, bail};
use bongsu_edge_collect::{Collected, Config};
use bongsu_edge_rollup::{Aggregator, Caps, Lateness};
use bongsu_sdk_config::{Faults, Section};
use bongsu_sdk_model::{Clock, Timestamp};
use tokio::sync::mpsc;

struct Now;

impl Clock for Now {
    fn now(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        Timestamp::from_ms(i64::try_from(since.unwrap_or_default().as_millis()).unwrap_or(0))
    }
}

/// Prints the address of OTLP/gRPC, then the number of transactions whenever no more are waiting; until killed.
pub(crate) fn serve(config: &str) -> Result<()> {
    let faults = Faults::default();
    let config = Config::read(Section::parse(config, &faults));
    if !faults.is_empty() {
        bail!("{}", faults.lines().join("\n"));
    }
    let (sink, mut batches) = mpsc::channel(64);
    let runtime = tokio::runtime::Runtime::new()?;
    let handle = runtime.block_on(bongsu_edge_collect::bind(config, Arc::new(Now), sink))?;
    println!("{}", handle.grpc_addr());
    let key = "000102030405060708090a0b0c0d0e0f".parse().context("key")?;
    let mut aggregator = Aggregator::new(key, Lateness::Unlimited, Caps::default());
    let mut transactions = 0_usize;
    while let Some(batch) = batches.blocking_recv() {
        let now = Now.now();
        for one in batch {
            if let Collected::Transaction(transaction) = one {
                aggregator.add(&transaction, now);
                transactions += 1;
            }
        }
        if batches.is_empty() {
            println!("{transactions}");
        }
    }
    Ok(())
}
