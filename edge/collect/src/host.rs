//! Samples CPU and memory of the machine the edge runs on, as application `host`.
//!
//! Reads the system's own figures only; a container's limits are not taken into account. A sample that
//! finds the channel full is dropped: a later one says the same.

use std::{sync::Arc, time::Duration};

use bongsu_sdk_model::{AppId, Clock, GaugeKind, InstanceId};
use sysinfo::System;
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

use crate::{Collected, Sink, field::name, stats::Counts};

/// Samples every `every` until `stop`. The first CPU figure comes after one interval: it is a difference.
pub(crate) async fn sample(
    every: Duration,
    clock: Arc<dyn Clock>,
    sink: Sink,
    counts: Arc<Counts>,
    stop: CancellationToken,
) {
    let Some(app) = name(Some("host"), AppId::new) else {
        return;
    };
    let host = System::host_name();
    let Some(instance) = name(host.as_deref(), InstanceId::new) else {
        return;
    };
    let mut system = System::new();
    system.refresh_cpu_usage();
    let mut ticks = tokio::time::interval(every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks.tick().await;
    while stop.run_until_cancelled(ticks.tick()).await.is_some() {
        system.refresh_cpu_usage();
        system.refresh_memory();
        let at = clock.now();
        let samples = [
            (GaugeKind::Cpu, f64::from(system.global_cpu_usage())),
            (
                GaugeKind::Memory,
                share(system.used_memory(), system.total_memory()),
            ),
        ];
        let batch = samples.map(|(kind, value)| Collected::Gauge {
            app: app.clone(),
            instance: instance.clone(),
            kind,
            value: value.clamp(0.0, 100.0),
            at,
        });
        match sink.try_send(batch.to_vec()) {
            Ok(()) => counts.gauges.add(samples.len()),
            Err(_) => counts.gauges_dropped.add(samples.len()),
        }
    }
}

/// `part` of `whole` in percent; 0 of nothing.
#[expect(
    clippy::cast_precision_loss,
    reason = "bytes of memory are far below 2^53"
)]
fn share(part: u64, whole: u64) -> f64 {
    if whole == 0 {
        0.0
    } else {
        part as f64 * 100.0 / whole as f64
    }
}

#[cfg(test)]
mod tests {
    use bongsu_sdk_model::{ManualClock, Timestamp};
    use tokio::sync::mpsc;

    use super::*;

    #[tokio::test]
    async fn a_sample_has_cpu_and_memory_of_the_host() {
        let (sink, mut batches) = mpsc::channel(1);
        let clock = Arc::new(ManualClock::at(Timestamp::from_ms(7)));
        let (counts, stop) = (Arc::new(Counts::default()), CancellationToken::new());
        let sampler = tokio::spawn(sample(
            Duration::from_millis(5),
            clock,
            sink,
            counts.clone(),
            stop.clone(),
        ));
        let batch = batches.recv().await.unwrap();
        let kinds: Vec<_> = batch
            .iter()
            .map(|one| match one {
                Collected::Gauge {
                    app,
                    kind,
                    value,
                    at,
                    ..
                } => {
                    assert!((0.0..=100.0).contains(value), "{value}");
                    assert_eq!((app.as_str(), at.as_ms()), ("host", 7));
                    *kind
                }
                _ => panic!("a host makes no transactions"),
            })
            .collect();
        assert_eq!(kinds, [GaugeKind::Cpu, GaugeKind::Memory]);
        stop.cancel();
        sampler.await.unwrap();
        assert!(counts.read().gauges >= 2);
    }

    #[test]
    fn a_share_of_nothing_is_nothing() {
        assert_eq!((share(1, 4), share(1, 0)), (25.0, 0.0));
    }
}
