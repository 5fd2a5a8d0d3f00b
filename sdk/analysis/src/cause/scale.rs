//! How an indicator is compared: durations and counts by ratio, shares by difference.

use bongsu_sdk_model::Window;

use super::case::{Indicator, Point, Series};

/// Which direction of an indicator is a fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Worse {
    /// Durations, errors, levels of resources.
    Higher,
    /// Availability.
    Lower,
    /// Requests: a surge and a drop-out both mean something.
    Either,
}

/// Which direction of `indicator` is a fault.
pub(super) fn worse(indicator: Indicator) -> Worse {
    match indicator {
        Indicator::Availability => Worse::Lower,
        Indicator::Requests => Worse::Either,
        _ => Worse::Higher,
    }
}

/// Smallest duration told apart from none, ms.
const SHORTEST_MS: f64 = 1e-3;

/// `value` on the scale it is compared on.
pub(super) fn scaled(indicator: Indicator, value: f64) -> f64 {
    match indicator {
        Indicator::Latency(_) | Indicator::NetworkDelay => value.max(SHORTEST_MS).ln(),
        Indicator::Requests
        | Indicator::GcPause
        | Indicator::ConnectionsWaiting
        | Indicator::Sessions
        | Indicator::SqlPerRequest
        | Indicator::OutOfMemory => value.max(0.0).ln_1p(),
        _ => value,
    }
}

/// The value that [`scaled`] came from.
pub(super) fn unscaled(indicator: Indicator, scaled: f64) -> f64 {
    match indicator {
        Indicator::Latency(_) | Indicator::NetworkDelay => scaled.exp(),
        Indicator::Requests
        | Indicator::GcPause
        | Indicator::ConnectionsWaiting
        | Indicator::Sessions
        | Indicator::SqlPerRequest
        | Indicator::OutOfMemory => scaled.exp_m1(),
        _ => scaled,
    }
}

/// The smallest spread believed, on the compared scale: 3 % of a duration or count, points of a share.
pub(super) fn floor(indicator: Indicator) -> f64 {
    match indicator {
        Indicator::Availability => 0.3,
        Indicator::OutOfMemory => 0.1,
        Indicator::ConnectionsWaiting => 0.25,
        Indicator::SqlPerRequest | Indicator::Sessions => 0.03,
        Indicator::GcPause => 0.1,
        indicator if indicator.is_resource() && indicator != Indicator::NetworkDelay => 2.0,
        _ => 0.03,
    }
}

/// The finite points of `series` in `window`.
pub(super) fn within(series: &Series, window: Window) -> impl Iterator<Item = Point> + '_ {
    series
        .points
        .iter()
        .copied()
        .filter(move |p| window.contains(p.at) && p.value.is_finite())
}
