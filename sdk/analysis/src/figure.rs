//! The figure of one tile.

use std::time::Duration;

use bongsu_sdk_model::{Counters, GaugeKind, IdentityMode, Metric};
use bongsu_sdk_plan::{Agg, SourceError};

use crate::accumulator::{Part, Tile, mean};

/// A value and its error.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Figure {
    pub(crate) value: f64,
    pub(crate) mode: Option<IdentityMode>,
    pub(crate) error_pct_95: Option<f64>,
}

/// A duration histogram's relative error, per cent.
const QUANTILE_ERROR_PCT: f64 = 1.0;

/// Which part of the roll-ups `metric` is made of.
pub(crate) fn part(metric: Metric) -> Result<Part, SourceError> {
    use Metric as M;
    match metric {
        M::UsersConcurrent | M::UsersDistinct => Ok(Part::Users),
        M::LatencyP95 | M::LatencyP99 | M::LatencyMax => Ok(Part::Durations),
        M::SessionsActive
        | M::Cpu
        | M::Memory
        | M::JvmHeap
        | M::ThreadsBusy
        | M::DbConnections
        | M::Load => Ok(Part::Levels),
        M::SessionsCreated
        | M::SessionsDestroyed
        | M::Logins
        | M::LoginsFailed
        | M::Tps
        | M::Requests
        | M::LatencyAvg
        | M::Apdex
        | M::ErrorsRate
        | M::ErrorsCount
        | M::Sla
        | M::DbLatency => Ok(Part::Counters),
        M::UsersInFlight
        | M::LoginsDuplicate
        | M::GcPause
        | M::NetworkLatency
        | M::Alerts
        | M::Oom => Err(SourceError::NotHeld {
            what: metric.to_string(),
        }),
    }
}

/// The figure of `tile`, which is `width` long; `None` when the tile cannot tell.
pub(crate) fn of(
    metric: Metric,
    tile: &Tile,
    width: Duration,
    mode: Option<IdentityMode>,
    agg: Option<Agg>,
) -> Option<Figure> {
    if tile.is_silent() {
        return None;
    }
    match metric {
        Metric::UsersConcurrent | Metric::UsersDistinct => {
            let mode = mode
                .or_else(|| best_mode(tile))
                .unwrap_or(IdentityMode::Cookie);
            let estimate = tile.users(mode).estimate();
            let error = Some(estimate.error_pct_95);
            Some(Figure {
                value: estimate.value.round(),
                mode: Some(mode),
                error_pct_95: error,
            })
        }
        Metric::LatencyP95 => quantile(tile, 0.95),
        Metric::LatencyP99 => quantile(tile, 0.99),
        Metric::LatencyMax => {
            exact((tile.durations.max_us() > 0).then(|| ms(tile.durations.max_us())))
        }
        _ => exact(level(metric, tile, agg).or_else(|| counted(metric, &tile.counters, width))),
    }
}

/// The best identification mode that saw anyone, in the order cookie, session, ip.
pub(crate) fn best_mode(tile: &Tile) -> Option<IdentityMode> {
    let best_first = [
        IdentityMode::Cookie,
        IdentityMode::Session,
        IdentityMode::Ip,
    ];
    best_first
        .into_iter()
        .find(|mode| !tile.users(*mode).is_empty())
}

fn exact(value: Option<f64>) -> Option<Figure> {
    value.map(|value| Figure {
        value,
        mode: None,
        error_pct_95: None,
    })
}

fn quantile(tile: &Tile, q: f64) -> Option<Figure> {
    let us = tile
        .durations
        .quantile_us(q)
        .filter(|_| tile.durations.max_us() > 0)?;
    Some(Figure {
        value: us / 1_000.0,
        mode: None,
        error_pct_95: Some(QUANTILE_ERROR_PCT),
    })
}

fn level(metric: Metric, tile: &Tile, agg: Option<Agg>) -> Option<f64> {
    let kind = match metric {
        Metric::Load => return mean(tile.site_loads().into_iter()),
        Metric::SessionsActive => return sessions_active(tile, agg),
        Metric::Cpu => GaugeKind::Cpu,
        Metric::Memory => GaugeKind::Memory,
        Metric::JvmHeap => GaugeKind::Heap,
        Metric::ThreadsBusy => GaugeKind::Threads,
        Metric::DbConnections => GaugeKind::DbConnections,
        _ => return None,
    };
    let gauges = tile.gauges(kind);
    match agg {
        Some(Agg::Max) => gauges.map(|gauge| gauge.max).max_by(f64::total_cmp),
        Some(Agg::Min) => gauges.map(|gauge| gauge.min).min_by(f64::total_cmp),
        Some(Agg::Last) => mean(gauges.map(|gauge| gauge.last)),
        _ => mean(gauges.map(bongsu_sdk_model::Gauge::mean)),
    }
}

/// The stores' counts are exact and of different sessions, so they add up over sites.
fn sessions_active(tile: &Tile, agg: Option<Agg>) -> Option<f64> {
    let mut gauges = tile.gauges(GaugeKind::SessionsActive).peekable();
    gauges.peek()?;
    Some(match agg {
        Some(Agg::Avg) => gauges.map(|gauge| gauge.mean()).sum(),
        Some(Agg::Max) => gauges.map(|gauge| gauge.max).sum(),
        Some(Agg::Min) => gauges.map(|gauge| gauge.min).sum(),
        _ => gauges.map(|gauge| gauge.last).sum(),
    })
}

#[expect(clippy::cast_precision_loss, reason = "counts are far below 2^53")]
fn counted(metric: Metric, c: &Counters, width: Duration) -> Option<f64> {
    let per_request = |sum: f64| (c.requests > 0).then(|| sum / c.requests as f64);
    match metric {
        Metric::SessionsCreated => Some(c.sessions_created as f64),
        Metric::SessionsDestroyed => Some(c.sessions_destroyed as f64),
        Metric::Logins => Some(c.logins as f64),
        Metric::LoginsFailed => Some(c.logins_failed as f64),
        Metric::Requests => Some(c.requests as f64),
        Metric::ErrorsCount => Some(c.errors as f64),
        Metric::Tps => (!width.is_zero()).then(|| c.requests as f64 / width.as_secs_f64()),
        Metric::ErrorsRate => per_request(c.errors as f64 * 100.0),
        Metric::Sla => per_request(c.requests.saturating_sub(c.errors) as f64 * 100.0),
        Metric::Apdex => per_request(c.satisfied as f64 + c.tolerating as f64 / 2.0),
        // A source that reports no durations leaves them 0: then there is no mean, not a mean of 0.
        Metric::LatencyAvg if c.duration_us > 0 => per_request(ms(c.duration_us)),
        Metric::DbLatency if c.sql_us > 0 => per_request(ms(c.sql_us)),
        _ => None,
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "a duration to 53 bits is exact enough"
)]
fn ms(us: u64) -> f64 {
    us as f64 / 1_000.0
}
