//! The state machine: from a row to its strength.

use std::collections::VecDeque;

use bongsu_sdk_model::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    Anomaly, Change, Evidence, Expected, Kind, Reading, Settings, daily::Daily, event::Event,
    memory::Memory, rate, shape::Shape, tail::Tail,
};
use crate::robust::{centre_and_sigma, median};

/// Weights of the evidence: how far a surprise of each counts against a value never had before. Chosen on
/// the public development series, where anything from 0.3 to 0.5 does about as well.
const WEIGHTS: [(Evidence, f64); 5] = [
    (Evidence::Value, 1.0),
    (Evidence::Hour, 0.5),
    (Evidence::Level, 0.3),
    (Evidence::Course, 0.4),
    (Evidence::Jump, 0.3),
];
/// Rows within which only a stronger row is another alarm.
const REFRACTORY: usize = 100;
/// Strengths below this are not remembered as alarms.
const WEAK: f64 = 2.0;
/// Alarms remembered.
const ALARMS: usize = 512;
/// What each e-fold of earlier alarms as strong takes from a strength.
const CROWD: f64 = 0.5;
/// Rows the band is taken from while the season is not known, and its half width in their spread.
const RECENT: usize = 96;
const RECENT_SIGMAS: f64 = 3.0;
/// Magnitudes beyond this are cut, so that no arithmetic on `f32` overflows.
const HUGEST: f64 = 1e30;

/// Watches one metric of one scope. Everything it knows is in it: store it, load it, go on.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Detector {
    settings: Settings,
    threshold: f64,
    last: Option<(Timestamp, f32)>,
    values: Memory,
    jumps: Memory,
    daily: Daily,
    shape: Shape,
    tails: [Tail; 5],
    strengths: VecDeque<f32>,
    alarms: VecDeque<f32>,
    event: Event,
    /// Rows of an open dropout that are not learnt unless they turn out to be the new normal.
    withheld: Vec<Row>,
}

/// A row as it is learnt.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Row {
    local_ms: i64,
    value: f32,
    jump: Option<f32>,
    distances: [Option<f64>; 5],
}

impl Detector {
    /// A detector that has seen nothing.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        Self {
            settings,
            threshold: rate::strength(settings.false_alarm_every),
            last: None,
            values: Memory::new(512),
            jumps: Memory::new(256),
            daily: Daily::new(),
            shape: Shape::default(),
            tails: Default::default(),
            strengths: VecDeque::new(),
            alarms: VecDeque::new(),
            event: Event::default(),
            withheld: Vec::new(),
        }
    }

    /// Takes the value of the interval that starts at `at`; `None` when none came (not a number is none).
    /// A row that is not later than the last one changes nothing. Rows left out count as silent.
    pub fn observe(&mut self, at: Timestamp, value: Option<f64>) -> Reading {
        if self.last.is_some_and(|(last, _)| at <= last) {
            return Reading::NOTHING;
        }
        #[expect(
            clippy::cast_possible_truncation,
            reason = "seven digits are enough to be remembered by"
        )]
        let value = value
            .filter(|value| value.is_finite())
            .map(|value| value.clamp(-HUGEST, HUGEST) as f32);
        let Some(value) = value else {
            return self.silent(at);
        };
        let expected = self.expected(at);
        let missed = self.missed(at);
        let row = self.row(at, value);
        let (surprise, evidence) = self.surprise(&row);
        let strength = self.alone(surprise);
        self.last = Some((at, value));
        let change = self.event.value(
            (at, f64::from(value)),
            expected,
            missed,
            (strength >= self.threshold).then_some((strength, evidence)),
        );
        self.learn_or_withhold(row, change);
        Reading {
            strength,
            evidence,
            expected,
            change,
        }
    }

    /// The anomaly that goes on, if one does.
    #[must_use]
    pub const fn open(&self) -> Option<&Anomaly> {
        self.event.open()
    }

    /// The strength from which a row is an alarm at the stated rate.
    #[must_use]
    pub const fn threshold(&self) -> f64 {
        self.threshold
    }

    fn silent(&mut self, at: Timestamp) -> Reading {
        let expected = self.expected(at);
        let change = self.event.silence(at, expected);
        Reading {
            evidence: Evidence::Silence,
            expected,
            change,
            ..Reading::NOTHING
        }
    }

    /// When rows before `at` were left out: the first of them and how many.
    fn missed(&self, at: Timestamp) -> Option<(Timestamp, u32)> {
        let (last, _) = self.last?;
        let step = self.settings.step.as_millis().max(1);
        // Clocks are not exact: a row counts as left out when the distance is nearer two steps than one.
        let steps = (at.since(last).as_millis() + step / 2) / step;
        let missed = u32::try_from(steps.saturating_sub(1)).unwrap_or(u32::MAX);
        (missed > 0).then(|| (last.plus(self.settings.step), missed))
    }

    /// How far `value` is from all that is known.
    fn row(&mut self, at: Timestamp, value: f32) -> Row {
        let local_ms = at
            .as_ms()
            .saturating_add(i64::from(self.settings.utc_offset_ms));
        let jump = self.last.map(|(_, last)| value - last);
        self.shape.add(value);
        let level = self.daily.level(local_ms);
        Row {
            local_ms,
            value,
            jump,
            distances: [
                self.values.distance(value),
                self.daily.distance(local_ms, value),
                level.map(|level| (f64::from(value) - level).abs()),
                self.shape.distance(),
                jump.and_then(|jump| self.jumps.distance(jump)),
            ],
        }
    }

    /// The greatest weighted surprise of a row.
    fn surprise(&self, row: &Row) -> (f64, Evidence) {
        let mut most = (0.0, Evidence::Value);
        for ((tail, distance), (evidence, weight)) in
            self.tails.iter().zip(row.distances).zip(WEIGHTS)
        {
            let weighted = tail.surprise(distance.unwrap_or(0.0)) * weight;
            if weighted > most.0 {
                most = (weighted, evidence);
            }
        }
        most
    }

    /// A dropout's values are not learnt, or the same outage would be normal the next time. One that stays
    /// until its anomaly settles is learnt then, all of it.
    fn learn_or_withhold(&mut self, row: Row, change: Option<Change>) {
        let value = f64::from(row.value);
        match (change, self.event.open().copied()) {
            (_, Some(open)) if open.kind == Kind::Dropout && !open.expected.holds(value) => {
                self.withheld.push(row);
            }
            (Some(Change::Ended(over)), _) if !over.expected.holds(value) => {
                for row in std::mem::take(&mut self.withheld) {
                    self.learn(&row);
                }
                self.learn(&row);
            }
            (_, open) => {
                if open.is_none() {
                    self.withheld.clear();
                }
                self.learn(&row);
            }
        }
    }

    fn learn(&mut self, row: &Row) {
        self.values.add(row.value);
        self.daily.add(row.local_ms, row.value);
        if let Some(jump) = row.jump {
            self.jumps.add(jump);
        }
        for (tail, distance) in self.tails.iter_mut().zip(row.distances) {
            // Too early to tell: learns nothing, so that the first distance is not measured by zeros.
            if let Some(distance) = distance {
                tail.add(distance);
            }
        }
    }

    /// What is left of a surprise when the row is to be an alarm of its own.
    fn alone(&mut self, surprise: f64) -> f64 {
        #[expect(clippy::cast_possible_truncation, reason = "compared, not added")]
        let short = surprise as f32;
        let stronger = self.strengths.iter().all(|earlier| short > *earlier);
        self.strengths.push_back(short);
        if self.strengths.len() > REFRACTORY {
            self.strengths.pop_front();
        }
        if !stronger || surprise < WEAK {
            return 0.0;
        }
        let as_strong = self.alarms.iter().filter(|alarm| **alarm >= short).count();
        self.alarms.push_back(short);
        if self.alarms.len() > ALARMS {
            self.alarms.pop_front();
        }
        #[expect(clippy::cast_precision_loss, reason = "at most 512")]
        let crowd = CROWD * (as_strong as f64).ln_1p();
        (surprise - crowd).max(0.0)
    }

    /// What the row at `at` should be, from what came before it.
    fn expected(&self, at: Timestamp) -> Option<Expected> {
        let local = at
            .as_ms()
            .saturating_add(i64::from(self.settings.utc_offset_ms));
        let [_, _, levels, ..] = &self.tails;
        if let (Some(value), Some(half)) = (self.daily.level(local), levels.quantile()) {
            return Some(band(value, half, true));
        }
        let (_, sigma) = centre_and_sigma(self.shape.last(RECENT))?;
        let value = median(self.shape.last(RECENT))?;
        Some(band(value, RECENT_SIGMAS * sigma, false))
    }
}

fn band(value: f64, half: f64, seasonal: bool) -> Expected {
    Expected {
        value,
        low: value - half,
        high: value + half,
        seasonal,
    }
}
