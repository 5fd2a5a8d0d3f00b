//! What a figure usually is: the same figure of like windows of the last eight weeks.
//!
//! Every earlier window is measured as the asked one is, so the figures compare whatever the metric, the
//! width or the `agg`; [`Usual`] makes a middle and a band of them. Rejected: a profile of hourly figures,
//! whose sum or peak over a window is not the window's.

use std::time::Duration;

use bongsu_sdk_model::{Metric, Unit, Window};
use bongsu_sdk_plan::{Basis, Expected, Query, Source as _, SourceError};

use super::RollUpSource;
use crate::{
    Blocks,
    baseline::usual::{LearntFrom, Usual},
    calendar::{Calendar, CalendarStep},
};

/// How far back is looked.
const DAYS: u16 = 56;
const DAY: Duration = Duration::from_secs(86_400);

impl<B: Blocks> RollUpSource<B> {
    /// What the query's figure usually is; `None` where nothing like its window was ever heard.
    pub(super) fn usually(&self, query: &Query) -> Result<Option<Expected>, SourceError> {
        let window = query.window;
        // Windows of several days are compared by whole weeks, so that each has as many Sundays.
        let is_long = window.width() > DAY;
        let (step, calendar) = if is_long {
            let weeks = window.width().as_secs().div_ceil(7 * DAY.as_secs());
            let days = u16::try_from(weeks.saturating_mul(7)).unwrap_or(u16::MAX);
            (days, Calendar::plain(self.calendar.zone().clone()))
        } else {
            (1, self.calendar.clone())
        };
        let mut points = Vec::new();
        let mut learnt: Option<Window> = None;
        for back in (step..=DAYS).step_by(usize::from(step)) {
            let Some(there) = self.days_before(window, back) else {
                break;
            };
            let measured = self.measure(&Query {
                window: there,
                ..query.clone()
            })?;
            if let Some(measured) = measured {
                points.push((there.from, measured.value));
                let until = learnt.map_or(there.to, |known| known.to);
                learnt = Some(Window::new(there.from, until));
            }
        }
        let expectation = Usual::learn(points, calendar).at(window.from);
        let (low, high) = bounds(query.metric);
        Ok(expectation.zip(learnt).map(|(usual, learnt)| Expected {
            value: usual.value,
            low: usual.low.clamp(low, high),
            high: usual.high.clamp(low, high),
            days: usual.days,
            basis: match usual.from {
                LearntFrom::SameHour => Basis::SameWeekday,
                LearntFrom::Sundays => Basis::Sundays,
                LearntFrom::AlikeDays => Basis::AlikeDays,
            },
            learnt,
        }))
    }

    /// The same clock window so many days earlier.
    fn days_before(&self, window: Window, days: u16) -> Option<Window> {
        let step = CalendarStep::Days(days);
        Some(Window::new(
            self.calendar.earlier(window.from, step)?,
            self.calendar.earlier(window.to, step)?,
        ))
    }
}

/// Between which values a metric can be at all.
pub(super) const fn bounds(metric: Metric) -> (f64, f64) {
    match metric.unit() {
        Unit::Percent => (0.0, 100.0),
        Unit::Score => (0.0, 1.0),
        _ => (0.0, f64::INFINITY),
    }
}
