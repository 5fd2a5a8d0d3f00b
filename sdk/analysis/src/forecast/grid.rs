//! The history as equal steps: gaps are gaps, repeats are their mean.

use bongsu_sdk_model::{Timestamp, Window};

use crate::calendar::{Calendar, DayKind};

/// Most steps of history that are looked at, the latest: four weeks of five minutes and more.
const MOST: usize = 10_000;

/// What is known of one step: where in the season it lies, and its value.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cell {
    pub(super) value: Option<f64>,
    /// Step of the local day.
    pub(super) of_day: u32,
    /// Monday is 0; a holiday is a Sunday.
    pub(super) weekday: u8,
    /// Whether people work.
    pub(super) working: bool,
}

/// Steps of a history, and cells of the future for as long as asked.
#[derive(Debug, Clone)]
pub(super) struct Grid {
    start: i64,
    step: i64,
    known: usize,
    cells: Vec<Cell>,
}

impl Grid {
    /// `None` without a finite value.
    pub(super) fn of(points: &[(Timestamp, f64)], step: i64, calendar: &Calendar) -> Option<Self> {
        let finite = || points.iter().filter(|(_, value)| value.is_finite());
        let last = finite().map(|(at, _)| at.as_ms()).max()?.div_euclid(step);
        let first = finite().map(|(at, _)| at.as_ms()).min()?.div_euclid(step);
        let kept = i64::try_from(MOST).unwrap_or(i64::MAX) - 1;
        let first = first.max(last.saturating_sub(kept));
        let known = usize::try_from(last - first).ok()? + 1;
        let mut sums = vec![(0.0, 0.0); known];
        for (at, value) in finite() {
            let n = at.as_ms().div_euclid(step).checked_sub(first);
            let n = n.and_then(|n| usize::try_from(n).ok());
            if let Some((sum, count)) = n.and_then(|n| sums.get_mut(n)) {
                *sum += value;
                *count += 1.0;
            }
        }
        let values = sums
            .into_iter()
            .map(|(sum, count): (f64, f64)| (count > 0.0).then(|| sum / count));
        let ahead = 256;
        let start = first.checked_mul(step)?;
        let cells = values
            .chain(std::iter::repeat_n(None, ahead))
            .scan(start, |at, value| {
                let cell = cell(*at, step, value, calendar);
                *at = at.saturating_add(step);
                Some(cell)
            })
            .collect();
        Some(Self {
            start,
            step,
            known,
            cells,
        })
    }

    /// Steps of history.
    pub(super) const fn len(&self) -> usize {
        self.known
    }

    pub(super) const fn step(&self) -> i64 {
        self.step
    }

    pub(super) fn cell(&self, n: usize) -> Option<&Cell> {
        self.cells.get(n)
    }

    pub(super) fn value(&self, n: usize) -> Option<f64> {
        self.cells.get(n)?.value
    }

    pub(super) fn at(&self, n: usize) -> Timestamp {
        let n = i64::try_from(n).unwrap_or(i64::MAX);
        Timestamp::from_ms(self.start.saturating_add(n.saturating_mul(self.step)))
    }

    pub(super) fn window(&self) -> Window {
        Window::new(self.at(0), self.at(self.known))
    }

    /// How many steps a time is, at least one.
    pub(super) fn steps(&self, ms: i64) -> usize {
        usize::try_from(ms / self.step).unwrap_or(0).max(1)
    }
}

fn cell(at: i64, step: i64, value: Option<f64>, calendar: &Calendar) -> Cell {
    let instant = Timestamp::from_ms(at);
    let hour = calendar.season_hour(instant);
    let within = calendar.ms_of_day(instant);
    let day = calendar.kind(calendar.date(instant));
    Cell {
        value,
        of_day: u32::try_from(within / step).unwrap_or(0),
        weekday: hour.day.min(6),
        working: day == DayKind::Working,
    }
}
