//! From alarms to an anomaly with a beginning, a kind and an end.

use bongsu_sdk_model::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Anomaly, Change, Evidence, Expected, Kind, rate};

/// Silent rows that make a dropout, and rows within the band that end an anomaly.
const THREE: u32 = 3;
/// Rows outside the band after which a level has shifted.
const SHIFTED: u32 = 12;
/// Rows after which the new level is the normal one.
const SETTLED: u32 = 288;
/// Below this share of what was expected, a value is as good as none.
const AS_GOOD_AS_NONE: f64 = 0.05;

/// At most one anomaly at a time.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Event {
    open: Option<Anomaly>,
    /// Rows since it began.
    rows: u32,
    /// Rows outside the band since it began.
    outside: u32,
    /// Latest rows within the band, and the first of them.
    calm: u32,
    calm_since: Timestamp,
    /// Silent rows on end, and the first of them.
    silent: u32,
    silent_since: Timestamp,
}

impl Event {
    pub(super) const fn open(&self) -> Option<&Anomaly> {
        self.open.as_ref()
    }

    pub(super) fn silence(&mut self, at: Timestamp, expected: Option<Expected>) -> Option<Change> {
        if self.silent == 0 {
            self.silent_since = at;
        }
        self.silent = self.silent.saturating_add(1);
        let expected = expected?;
        if self.silent != THREE {
            return None;
        }
        match &mut self.open {
            Some(open) if open.kind == Kind::Dropout => None,
            Some(open) => {
                open.kind = Kind::Dropout;
                Some(Change::Became(*open))
            }
            None => Some(self.begin(dropout(self.silent_since, expected))),
        }
    }

    /// A value, and whether it is an alarm; `missed` are rows before it that never came.
    pub(super) fn value(
        &mut self,
        (at, value): (Timestamp, f64),
        expected: Option<Expected>,
        missed: Option<(Timestamp, u32)>,
        alarm: Option<(f64, Evidence)>,
    ) -> Option<Change> {
        let told = self.silent > 0;
        self.silent = 0;
        if let Some(open) = self.open {
            return if open.evidence == Evidence::Silence {
                self.end(at)
            } else {
                self.follow(open, at, value)
            };
        }
        if let Some((strength, evidence)) = alarm {
            let expected = expected?;
            return Some(self.begin(Anomaly {
                kind: kind(value, expected),
                from: at,
                to: None,
                expected,
                observed: Some(value),
                evidence,
                strength,
                false_alarm_every: rate::rows(strength),
            }));
        }
        // Nobody said that rows were missing while they were: the dropout is known when it is over.
        let (since, rows) = missed.filter(|_| !told)?;
        (rows >= THREE).then_some(())?;
        Some(Change::Ended(Anomaly {
            to: Some(at),
            ..dropout(since, expected?)
        }))
    }

    fn begin(&mut self, anomaly: Anomaly) -> Change {
        (self.rows, self.outside, self.calm) = (0, 0, 0);
        self.open = Some(anomaly);
        Change::Began(anomaly)
    }

    fn follow(&mut self, mut open: Anomaly, at: Timestamp, value: f64) -> Option<Change> {
        self.rows = self.rows.saturating_add(1);
        let apart = |value: f64| (value - open.expected.value).abs();
        if open.observed.is_none_or(|most| apart(value) > apart(most)) {
            open.observed = Some(value);
        }
        self.open = Some(open);
        if open.expected.holds(value) {
            if self.calm == 0 {
                self.calm_since = at;
            }
            self.calm += 1;
        } else {
            self.calm = 0;
            self.outside += 1;
        }
        if self.calm >= THREE {
            return self.end(self.calm_since);
        }
        if self.rows >= SETTLED {
            return self.end(at);
        }
        let shifted = self.outside == SHIFTED && matches!(open.kind, Kind::Spike | Kind::Pattern);
        if shifted {
            open.kind = Kind::LevelShift;
            self.open = Some(open);
        }
        shifted.then_some(Change::Became(open))
    }

    fn end(&mut self, at: Timestamp) -> Option<Change> {
        let open = self.open.take()?;
        Some(Change::Ended(Anomaly {
            to: Some(at),
            ..open
        }))
    }
}

fn kind(value: f64, expected: Expected) -> Kind {
    let none = expected.value * AS_GOOD_AS_NONE;
    if expected.low > none && value.abs() <= none {
        Kind::Dropout
    } else if expected.holds(value) {
        Kind::Pattern
    } else {
        Kind::Spike
    }
}

const fn dropout(from: Timestamp, expected: Expected) -> Anomaly {
    Anomaly {
        kind: Kind::Dropout,
        from,
        to: None,
        expected,
        observed: None,
        evidence: Evidence::Silence,
        strength: 0.0,
        // Silence is counted, not estimated: it is never a false alarm of the series.
        false_alarm_every: f64::INFINITY,
    }
}
