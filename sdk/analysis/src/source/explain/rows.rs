//! What each scope did in each row.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use bongsu_sdk_model::{GaugeKind, Gauges, Scope, SiteId, Tier, Timestamp, Window};
use bongsu_sdk_sketch::Block;

/// The rows looked at: those of the window, and of the same clock times of earlier days.
#[derive(Debug, Clone)]
pub(super) struct Grid {
    pub(super) step: Duration,
    pub(super) window: Window,
    /// Each as long as `window`, the nearest first.
    pub(super) earlier: Vec<Window>,
}

/// One scope in one row.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Row {
    pub(super) requests: u64,
    pub(super) errors: u64,
    pub(super) duration_us: u64,
    pub(super) sql_us: u64,
    pub(super) external_us: u64,
    pub(super) gauges: Gauges,
}

/// A scope of a site.
pub(super) type Place = (SiteId, Scope);

/// Rows by scope, then by start.
#[derive(Debug, Default)]
pub(super) struct Rows {
    pub(super) of: BTreeMap<Place, BTreeMap<Timestamp, Row>>,
    /// Earlier windows, by their index, of which anything was heard.
    earlier: BTreeSet<usize>,
    in_window: bool,
}

impl Grid {
    /// The coarsest blocks that fit a row.
    pub(super) fn tier(&self) -> Tier {
        if self.step >= Tier::Hour.width() {
            Tier::Hour
        } else {
            Tier::FiveMinutes
        }
    }

    /// The start of the row that holds `at`.
    pub(super) fn row(&self, at: Timestamp) -> Timestamp {
        let step = i64::try_from(self.step.as_millis()).unwrap_or(1).max(1);
        Timestamp::from_ms(at.as_ms().div_euclid(step) * step)
    }

    /// The starts of the window's rows.
    pub(super) fn starts(&self) -> Vec<Timestamp> {
        let mut starts = Vec::new();
        let mut at = self.window.from;
        while at < self.window.to {
            starts.push(at);
            at = at.plus(self.step);
        }
        starts
    }

    /// The same row, and its neighbours, of each earlier day.
    pub(super) fn like(&self, start: Timestamp) -> impl Iterator<Item = Timestamp> + '_ {
        let into = start.since(self.window.from);
        self.earlier.iter().flat_map(move |window| {
            let at = window.from.plus(into);
            [at.minus(self.step), at, at.plus(self.step)]
        })
    }
}

impl Rows {
    /// Takes in the scopes of a block that are wanted.
    pub(super) fn add(
        &mut self,
        site: &SiteId,
        block: &Block,
        grid: &Grid,
        wanted: &dyn Fn(&Scope) -> bool,
    ) {
        let start = grid.row(block.start);
        self.in_window |= grid.window.contains(block.start);
        let day = grid.earlier.iter().position(|w| w.contains(block.start));
        self.earlier.extend(day);
        for (scope, rollup) in block.scopes.iter().filter(|(scope, _)| wanted(scope)) {
            let place = (site.clone(), scope.clone());
            let row = self.of.entry(place).or_default().entry(start).or_default();
            let counters = &rollup.counters;
            row.requests += counters.requests;
            row.errors += counters.errors;
            row.duration_us += counters.duration_us;
            row.sql_us += counters.sql_us;
            row.external_us += counters.external_us;
            row.gauges.merge(&rollup.gauges);
        }
    }

    /// Whether anything was heard in the window.
    pub(super) const fn is_heard(&self) -> bool {
        self.in_window
    }

    /// Earlier days of which anything was heard.
    pub(super) fn days(&self) -> usize {
        self.earlier.len()
    }
}

impl Row {
    /// Adds another place's row of the same interval.
    pub(super) fn add(&mut self, other: &Self) {
        self.requests += other.requests;
        self.errors += other.errors;
        self.duration_us += other.duration_us;
        self.sql_us += other.sql_us;
        self.external_us += other.external_us;
        self.gauges.merge(&other.gauges);
    }

    /// Milliseconds of `us` per request.
    pub(super) fn each(&self, us: u64) -> Option<f64> {
        (self.requests > 0 && us > 0).then(|| float(us) / 1_000.0 / float(self.requests))
    }

    /// The mean of a level.
    pub(super) fn level(&self, kind: GaugeKind) -> Option<f64> {
        self.gauges.of(kind).map(bongsu_sdk_model::Gauge::mean)
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts and µs of a row")]
pub(super) const fn float(count: u64) -> f64 {
    count as f64
}
