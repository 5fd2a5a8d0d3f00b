//! What stood out of a figure: the detector run over its stored series, with a past before the window to
//! know it by.

use std::time::Duration;

use bongsu_sdk_model::{Timestamp, Window};
use bongsu_sdk_plan::{OddKind, Oddity, Query, Source as _, SourceError};

use super::{RollUpSource, usual::bounds};
use crate::{
    Blocks,
    anomaly::{Anomaly, Change, Detector, Kind, Settings},
};

const FIVE_MINUTES: Duration = Duration::from_secs(300);
const HOUR: Duration = Duration::from_secs(3_600);
const DAY: Duration = Duration::from_secs(86_400);
/// A series as a source gives it.
type Points = Vec<(Timestamp, Option<f64>)>;
/// Steps before the window from which a series is known well enough to be called odd.
const LEAST_KNOWN: usize = 100;

impl<B: Blocks> RollUpSource<B> {
    /// What began or went on in the query's window; `None` when too little of the series is known.
    pub(super) fn stood_out(&self, query: &Query) -> Result<Option<Vec<Oddity>>, SourceError> {
        let (step, series) = self.known_series(query)?;
        let first = series.iter().position(|(_, value)| value.is_some());
        let known = series
            .iter()
            .filter(|(at, value)| value.is_some() && *at < query.window.from);
        if known.count() < LEAST_KNOWN {
            return Ok(None);
        }
        let offset = self.calendar.offset_ms(query.window.to);
        let mut detector = Detector::new(Settings {
            utc_offset_ms: offset,
            ..Settings::every(step)
        });
        let mut found = Vec::new();
        for (at, value) in series.into_iter().skip(first.unwrap_or(0)) {
            match detector.observe(at, value).change {
                Some(Change::Began(anomaly)) => found.push(anomaly),
                Some(Change::Became(anomaly) | Change::Ended(anomaly)) => {
                    match found.last_mut().filter(|last| last.from == anomaly.from) {
                        Some(last) => *last = anomaly,
                        None => found.push(anomaly),
                    }
                }
                None => {}
            }
        }
        if let Some((open, last)) = detector.open().zip(found.last_mut()) {
            *last = *open;
        }
        let touched = |anomaly: &Anomaly| {
            let window = anomaly.window(query.window.to);
            window.from < query.window.to && window.to > query.window.from
        };
        Ok(Some(
            found
                .iter()
                .filter(|anomaly| touched(anomaly))
                .map(|anomaly| oddity(anomaly, query, step))
                .collect(),
        ))
    }
}

impl<B: Blocks> RollUpSource<B> {
    /// The series with a past before the window: five minutes of a day from a week before, of longer windows
    /// hours from six weeks before. Where the store no longer holds five minutes, hours too: a series mostly
    /// of gaps would be told as one long dropout.
    fn known_series(&self, query: &Query) -> Result<(Duration, Points), SourceError> {
        let of = |step: Duration, before: Duration| {
            let window = Window::new(query.window.from.minus(before), query.window.to);
            let query = Query {
                window,
                ..query.clone()
            };
            self.series(&query, step)
        };
        if query.window.width() <= DAY {
            let fine = of(FIVE_MINUTES, DAY * 7)?;
            let since_first = fine.iter().skip_while(|(_, value)| value.is_none());
            let (mut steps, mut values) = (0_usize, 0_usize);
            for (_, value) in since_first {
                steps += 1;
                values += usize::from(value.is_some());
            }
            if values * 2 > steps {
                return Ok((FIVE_MINUTES, fine));
            }
        }
        Ok((HOUR, of(HOUR, DAY * 42)?))
    }
}

fn oddity(anomaly: &Anomaly, query: &Query, step: Duration) -> Oddity {
    let (floor, ceiling) = bounds(query.metric);
    let rows = anomaly.false_alarm_every;
    Oddity {
        kind: match anomaly.kind {
            Kind::Spike => OddKind::Spike,
            Kind::LevelShift => OddKind::LevelShift,
            Kind::Dropout => OddKind::Dropout,
            Kind::Pattern => OddKind::Pattern,
        },
        window: anomaly.window(query.window.to),
        goes_on: anomaly.to.is_none(),
        expected: anomaly.expected.value.clamp(floor, ceiling),
        low: anomaly.expected.low.clamp(floor, ceiling),
        high: anomaly.expected.high.clamp(floor, ceiling),
        observed: anomaly.observed,
        strength: anomaly.strength,
        false_alarm_every: rows.is_finite().then(|| step.mul_f64(rows)),
    }
}
