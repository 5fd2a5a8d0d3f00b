//! What is to come of a figure: its stored series, and the forecast made from it.
//!
//! Less than three hours ahead is told in steps of five minutes from the last week, farther ahead in hours
//! from the last six weeks: a finer history of six weeks would cost seconds to read.

use std::time::Duration;

use bongsu_sdk_model::{Timestamp, Window};
use bongsu_sdk_plan::{Outlook, Query, Source as _, SourceError, StepAhead, Threshold};

use super::{RollUpSource, usual::bounds};
use crate::{
    Blocks,
    forecast::{Ask, Refusal, Side, forecast},
};

const FIVE_MINUTES: Duration = Duration::from_secs(300);
const HOUR: Duration = Duration::from_secs(3_600);
const DAY: Duration = Duration::from_secs(86_400);
/// From here on hours are told.
const FAR: Duration = Duration::from_secs(3 * 3_600);

/// Values of five minutes of a week below which hours tell more: a week of hours has 168.
const LEAST_FINE: usize = 200;

impl<B: Blocks> RollUpSource<B> {
    /// The figure of each step until the query's window ends.
    pub(super) fn ahead(
        &self,
        query: &Query,
        threshold: Option<Threshold>,
    ) -> Result<Outlook, SourceError> {
        let (mut step, mut points) = (HOUR, Vec::new());
        if query.window.width() < FAR {
            step = FIVE_MINUTES;
            points = self.past(query, step, DAY * 7)?;
        }
        // A store that no longer holds five minutes has one value an hour.
        if points.len() < LEAST_FINE {
            step = HOUR;
            points = self.past(query, step, DAY * 42)?;
        }
        let until = floor(query.window.from, step);
        let known = points.last().map_or(until, |(at, _)| at.plus(step));
        let (floor, ceiling) = bounds(query.metric);
        let ask = Ask {
            step,
            horizon: Window::new(known, query.window.to).width().max(step),
            floor: Some(floor),
            ceiling: Some(ceiling),
        };
        let made = forecast(&points, ask, &self.calendar).map_err(refused)?;
        let crossing = threshold.map(|threshold| {
            let side = if threshold.below {
                Side::Below
            } else {
                Side::Above
            };
            made.crossing(threshold.level, side, ask.horizon)
                .probability
        });
        Ok(Outlook {
            steps: made
                .steps
                .iter()
                .map(|step| StepAhead {
                    at: step.at,
                    value: step.value,
                    low: step.band_80.0,
                    high: step.band_80.1,
                })
                .collect(),
            step: made.step,
            history: made.history,
            tests: u32::try_from(made.tests).unwrap_or(u32::MAX),
            mean_error: made.mean_error,
            crossing,
        })
    }
}

impl<B: Blocks> RollUpSource<B> {
    /// The values known in the whole steps before the query's window.
    fn past(
        &self,
        query: &Query,
        step: Duration,
        reach: Duration,
    ) -> Result<Vec<(Timestamp, f64)>, SourceError> {
        let window = Window::ending_at(floor(query.window.from, step), reach);
        let query = Query {
            window,
            ..query.clone()
        };
        let points = self.series(&query, step)?.into_iter();
        Ok(points
            .filter_map(|(at, value)| Some((at, value?)))
            .collect())
    }
}

/// The start of the step that holds `at`.
fn floor(at: Timestamp, step: Duration) -> Timestamp {
    let step = i64::try_from(step.as_millis()).unwrap_or(i64::MAX).max(1);
    Timestamp::from_ms(at.as_ms().div_euclid(step) * step)
}

fn refused(refusal: Refusal) -> SourceError {
    match refusal {
        Refusal::TooShort { tests, needed } => SourceError::TooLittleHistory { tests, needed },
        Refusal::Empty => SourceError::TooLittleHistory {
            tests: 0,
            needed: crate::forecast::LEAST_PATHS,
        },
        Refusal::Horizon { horizon, .. } => SourceError::NotHeld {
            what: format!("a forecast {} s ahead", horizon.as_secs()),
        },
    }
}
