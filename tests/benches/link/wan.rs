//! What a site sends in an hour: minutes for the ledger, pulses for the live view, and beside them the same
//! transactions as OTLP.

use std::time::Duration;

use bongsu_edge_rollup::{Aggregator, Caps, Lateness};
use bongsu_sdk_model::{SessionCounts, Timestamp, Window};
use bongsu_sdk_sketch::Block;
use bongsu_sdk_wire::{Batch, Payload, Pulse, Up, encode};

use crate::{
    figure::print,
    otlp,
    site::{Extent, Site},
};

/// A whole hour, so that hours and minutes line up.
pub(crate) const START: Timestamp = Timestamp::from_ms(1_700_002_800_000);
/// The live ring's width, and most blocks of a pulse, as the edge has them.
const PULSE_EVERY: Duration = Duration::from_secs(1);
const PULSE_BLOCKS: usize = 30;
const KEY: &str = "00112233445566778899aabbccddeeff";

pub(crate) fn aggregator() -> Aggregator {
    let key = KEY.parse().expect("a key");
    Aggregator::new(key, Lateness::Unlimited, Caps::default())
}

/// Closed minutes of a site, one block each.
pub(crate) fn minutes(extent: Extent, seed: u64, count: u32) -> Vec<Block> {
    let (mut site, mut aggregator) = (Site::new(extent, seed), aggregator());
    let mut blocks = Vec::new();
    for minute in 0..count {
        let start = START.plus(Duration::from_secs(60) * minute);
        for transaction in site.minute(start) {
            aggregator.add(&transaction, transaction.ended);
        }
        blocks.extend(aggregator.close(start.plus(Duration::from_secs(64))));
    }
    blocks
}

pub(crate) fn measure(minutes: u32) {
    let (mut site, mut aggregator) = (Site::new(Extent::LARGE, 1), aggregator());
    let mut random = fastrand::Rng::with_seed(2);
    let (mut ledger, mut pulses, mut otlp, mut spans) = (0, 0, 0, 0);
    for minute in 0..minutes {
        let start = START.plus(Duration::from_secs(60) * minute);
        let transactions = site.minute(start);
        let (bytes, count) = otlp::bytes(&transactions, &mut random);
        otlp += bytes;
        spans += count;
        let mut next = start.plus(PULSE_EVERY);
        for transaction in &transactions {
            if transaction.ended >= next {
                pulses += pulse_bytes(aggregator.tell_changed_live(PULSE_BLOCKS), next);
                next = next.plus(PULSE_EVERY);
            }
            aggregator.add(transaction, transaction.ended);
        }
        for (sequence, block) in (1..).zip(aggregator.close(start.plus(Duration::from_secs(64)))) {
            let payload = Payload::RollUps(block.encode().expect("a block"));
            let payload = payload.encode().expect("a payload");
            ledger += encode(&Up::Batch(Batch { sequence, payload }))
                .expect("a frame")
                .len();
        }
    }
    report(
        minutes,
        [ledger, pulses, otlp].map(|bytes| bytes as f64),
        spans as f64,
    );
}

fn report(minutes: u32, [ledger, pulses, otlp]: [f64; 3], spans: f64) {
    let hour = 60.0 / f64::from(minutes) / 1e6;
    let transactions = f64::from(minutes) * 30_000.0;
    let peer = "OTLP/gRPC+zstd, 4 spans per transaction, batches of 512";
    let figure = |name, value, unit, how| print(name, value, unit, how, None);
    figure("otlp_per_site_hour", otlp * hour, "MB", peer);
    figure("otlp_per_span", otlp / spans, "bytes", peer);
    let how = "frames of closed minutes";
    figure("ledger_per_site_hour", ledger * hour, "MB", how);
    let how = "live view, each block told 4 times";
    figure("pulses_per_site_hour", pulses * hour, "MB", how);
    let how = "30 000 transactions a minute";
    figure(
        "ledger_per_transaction",
        ledger / transactions,
        "bytes",
        how,
    );
    let pct = |bytes: f64| bytes / otlp * 100.0;
    print("wan_ledger_vs_otlp", pct(ledger), "%", peer, Some(1.0));
    print(
        "wan_with_pulses_vs_otlp",
        pct(ledger + pulses),
        "%",
        peer,
        Some(1.0),
    );
}

fn pulse_bytes(blocks: Vec<Block>, now: Timestamp) -> usize {
    let pulse = Pulse {
        window: Window::ending_at(now, Duration::from_secs(60)),
        blocks: blocks
            .iter()
            .map(|block| block.encode().expect("a block"))
            .collect(),
        sessions: Some(SessionCounts::default()),
        health: String::new(),
    };
    encode(&Up::Pulse(pulse)).expect("a frame").len()
}
