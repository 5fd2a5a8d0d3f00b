//! A closed minute as detectors see it: each scope with its figures by name.

use bongsu_sdk_host::ScopeFigures;
use bongsu_sdk_model::{GaugeKind, IdentityMode, Metric, Tier, Window};
use bongsu_sdk_sketch::{Block, RollUp};

/// The figures of every scope of a block.
pub(crate) fn of(block: &Block) -> impl Iterator<Item = ScopeFigures> {
    let window = Window::new(block.start, block.start.plus(Tier::Minute.width()));
    block
        .scopes
        .iter()
        .map(move |(scope, roll_up)| ScopeFigures {
            scope: scope.clone(),
            window,
            measures: measures(roll_up, window),
        })
}

#[expect(
    clippy::cast_precision_loss,
    reason = "counts of a minute are far below 2^53"
)]
fn measures(roll_up: &RollUp, window: Window) -> Vec<(Metric, f64)> {
    let c = &roll_up.counters;
    let mut all = vec![
        (Metric::Requests, c.requests as f64),
        (
            Metric::Tps,
            c.requests as f64 / window.width().as_secs_f64(),
        ),
        (Metric::ErrorsCount, c.errors as f64),
        (Metric::Logins, c.logins as f64),
        (Metric::LoginsFailed, c.logins_failed as f64),
        (Metric::SessionsCreated, c.sessions_created as f64),
        (Metric::SessionsDestroyed, c.sessions_destroyed as f64),
    ];
    if c.requests > 0 {
        let per_request = |sum: u64| sum as f64 / c.requests as f64;
        all.push((Metric::ErrorsRate, per_request(c.errors) * 100.0));
        all.push((Metric::LatencyAvg, per_request(c.duration_us) / 1_000.0));
        all.push((Metric::DbLatency, per_request(c.sql_us) / 1_000.0));
    }
    for (metric, quantile) in [(Metric::LatencyP95, 0.95), (Metric::LatencyP99, 0.99)] {
        let at = roll_up.durations.quantile_us(quantile);
        all.extend(at.map(|us| (metric, us / 1_000.0)));
    }
    for (metric, kind) in [
        (Metric::Cpu, GaugeKind::Cpu),
        (Metric::Memory, GaugeKind::Memory),
        (Metric::JvmHeap, GaugeKind::Heap),
        (Metric::ThreadsBusy, GaugeKind::Threads),
        (Metric::DbConnections, GaugeKind::DbConnections),
        (Metric::SessionsActive, GaugeKind::SessionsActive),
    ] {
        all.extend(roll_up.gauges.of(kind).map(|gauge| (metric, gauge.mean())));
    }
    // The best mode there is, as for questions.
    let best = [
        IdentityMode::Cookie,
        IdentityMode::Session,
        IdentityMode::Ip,
    ];
    let users = best.map(|mode| roll_up.users(mode).estimate().value);
    if let Some(users) = users.into_iter().find(|users| *users > 0.0) {
        all.push((Metric::UsersDistinct, users));
    }
    all
}
