//! Instants, half-open windows and the widths of roll-ups.

use std::{fmt, time::Duration};

use serde::{Deserialize, Serialize};

/// An instant: milliseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(i64);

impl Timestamp {
    /// From milliseconds since the epoch.
    #[must_use]
    pub const fn from_ms(ms: i64) -> Self {
        Self(ms)
    }

    /// Milliseconds since the epoch.
    #[must_use]
    pub const fn as_ms(self) -> i64 {
        self.0
    }

    /// This instant moved later by `by`, saturating at the ends of time.
    #[must_use]
    pub fn plus(self, by: Duration) -> Self {
        Self(
            self.0
                .saturating_add(i64::try_from(by.as_millis()).unwrap_or(i64::MAX)),
        )
    }

    /// This instant moved earlier by `by`, saturating at the ends of time.
    #[must_use]
    pub fn minus(self, by: Duration) -> Self {
        Self(
            self.0
                .saturating_sub(i64::try_from(by.as_millis()).unwrap_or(i64::MAX)),
        )
    }

    /// Time from `earlier` to this instant, zero if `earlier` is later.
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}ms", self.0)
    }
}

/// A half-open interval `[from, to)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Window {
    /// First instant inside.
    pub from: Timestamp,
    /// First instant after.
    pub to: Timestamp,
}

impl Window {
    /// The window from `from` up to but excluding `to`; empty if `to` is not later.
    #[must_use]
    pub fn new(from: Timestamp, to: Timestamp) -> Self {
        Self {
            from,
            to: to.max(from),
        }
    }

    /// The window of length `width` that ends at `to`.
    #[must_use]
    pub fn ending_at(to: Timestamp, width: Duration) -> Self {
        Self {
            from: to.minus(width),
            to,
        }
    }

    /// Length.
    #[must_use]
    pub fn width(self) -> Duration {
        self.to.since(self.from)
    }

    /// Whether `at` is inside.
    #[must_use]
    pub fn contains(self, at: Timestamp) -> bool {
        self.from <= at && at < self.to
    }

    /// Whether the two share an instant.
    #[must_use]
    pub fn overlaps(self, other: Self) -> bool {
        self.from < other.to && other.from < self.to
    }

    /// The window of the same width `by` earlier.
    #[must_use]
    pub fn earlier(self, by: Duration) -> Self {
        Self {
            from: self.from.minus(by),
            to: self.to.minus(by),
        }
    }
}

/// The widths of roll-ups, finest first; intervals are aligned to the Unix epoch in UTC. A calendar day is
/// not a tier: it depends on a zone, and is read as the hours that tile it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Tier {
    /// 2 seconds: live figures, kept at the edge.
    TwoSeconds,
    /// 1 minute: what an edge ships.
    Minute,
    /// 5 minutes.
    FiveMinutes,
    /// 1 hour: derived at the center.
    Hour,
}

impl Tier {
    /// Every tier, finest first.
    pub const ALL: [Self; 4] = [
        Self::TwoSeconds,
        Self::Minute,
        Self::FiveMinutes,
        Self::Hour,
    ];

    /// Width in milliseconds.
    #[must_use]
    pub const fn width_ms(self) -> i64 {
        match self {
            Self::TwoSeconds => 2_000,
            Self::Minute => 60_000,
            Self::FiveMinutes => 300_000,
            Self::Hour => 3_600_000,
        }
    }

    /// Width.
    #[must_use]
    pub const fn width(self) -> Duration {
        Duration::from_millis(self.width_ms().unsigned_abs())
    }

    /// Name used in answers' `source` and in metrics labels: `2s`, `1m`, `5m`, `1h`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::TwoSeconds => "2s",
            Self::Minute => "1m",
            Self::FiveMinutes => "5m",
            Self::Hour => "1h",
        }
    }

    /// Start of the interval of this width that holds `at`.
    #[must_use]
    pub const fn floor(self, at: Timestamp) -> Timestamp {
        Timestamp(at.0 - at.0.rem_euclid(self.width_ms()))
    }

    /// The interval of this width that starts at `start`.
    #[must_use]
    pub const fn interval(self, start: Timestamp) -> Window {
        Window {
            from: start,
            to: Timestamp(start.0.saturating_add(self.width_ms())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floors_before_and_after_the_epoch() {
        for (ms, floor) in [(0, 0), (59_999, 0), (60_000, 60_000), (-1, -60_000)] {
            assert_eq!(Tier::Minute.floor(Timestamp(ms)), Timestamp(floor), "{ms}");
        }
    }

    #[test]
    fn windows_are_half_open() {
        let w = Window::new(Timestamp(10), Timestamp(20));
        assert!(w.contains(Timestamp(10)) && !w.contains(Timestamp(20)));
        assert!(!w.overlaps(Window::new(Timestamp(20), Timestamp(30))));
        assert_eq!(
            Window::new(Timestamp(5), Timestamp(1)).width(),
            Duration::ZERO
        );
    }
}
