//! The T-map: when each transaction ended and how long it took. Counts are always exact; of more points than
//! asked for, some of every cell are given, and how many each cell holds.

use bongsu_sdk_model::{AppId, Window};
use serde::Serialize;

use super::{TransactionId, Transactions};
use crate::{HistoryError, columns::Points};

/// Columns of the density, each an equal part of the window.
const COLUMNS: usize = 120;
/// Rows of the density: below 1 ms, then 12 to every factor of ten up to 1 000 s, then the rest.
const ROWS: usize = 74;
const PER_DECADE: f64 = 12.0;

/// Which points.
#[derive(Debug, Clone)]
pub struct Rectangle {
    /// Ended in here.
    pub window: Window,
    /// Shortest duration, microseconds.
    pub shortest_us: u64,
    /// Longest duration, microseconds, inclusive.
    pub longest_us: u64,
    /// Only of this application.
    pub app: Option<AppId>,
    /// Only errors.
    pub errors_only: bool,
}

impl Rectangle {
    /// Everything that ended in `window`.
    #[must_use]
    pub const fn of(window: Window) -> Self {
        Self {
            window,
            shortest_us: 0,
            longest_us: u64::MAX,
            app: None,
            errors_only: false,
        }
    }

    /// Hands the number of every row inside, and what a picture shows of it, to `take`.
    pub(super) fn select(&self, points: &Points, mut take: impl FnMut(usize, i64, u64, bool)) {
        let app = match &self.app {
            None => None,
            Some(app) => match points.apps.iter().position(|held| held == app) {
                None => return,
                position => position,
            },
        };
        let rows = points.ended().zip(&points.duration_us);
        let rows = rows.zip(points.errors()).zip(&points.app).enumerate();
        for (row, (((ended, duration_us), error), of)) in rows {
            let inside = self.window.contains(ended)
                && (self.shortest_us..=self.longest_us).contains(duration_us)
                && (error || !self.errors_only)
                && app.is_none_or(|app| app == *of as usize);
            if inside {
                take(row, ended.as_ms(), *duration_us, error);
            }
        }
    }
}

/// Points, column by column, and what they are part of.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TMap {
    /// Transactions in the rectangle, exact.
    pub total: u64,
    /// How many of them are errors, exact.
    pub errors: u64,
    /// Whether the points are only some of them; then `density` says how many there are where.
    pub thinned: bool,
    /// When each ended, milliseconds since the epoch.
    pub ended: Vec<i64>,
    /// How long each took, microseconds.
    pub duration_us: Vec<u64>,
    /// Whether each is an error.
    pub error: Vec<bool>,
    /// Which transaction each is.
    pub id: Vec<TransactionId>,
    /// Exact counts by cell; there when thinned.
    pub density: Option<Density>,
}

/// How many transactions are where.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Density {
    /// Edges of the columns, milliseconds since the epoch, one more than columns.
    pub ended: Vec<i64>,
    /// Lower edges of the rows, microseconds; the last row is open.
    pub duration_us: Vec<u64>,
    /// The cells that are not empty.
    pub cells: Vec<Cell>,
}

/// One cell of the density: column, row, transactions, errors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Cell(pub u32, pub u32, pub u64, pub u64);

impl Transactions {
    /// The picture of a rectangle with at most `most` points.
    ///
    /// # Errors
    /// [`HistoryError`] if the store can't be read.
    pub fn tmap(&self, rectangle: &Rectangle, most: usize) -> Result<TMap, HistoryError> {
        let mut canvas = Canvas::new(rectangle, most);
        let (blocks, open) = self.snapshot(rectangle.window);
        canvas.block(open.number, &crate::columns::of(&open.rows).0);
        for block in blocks {
            if let Some(points) = self.points(block)? {
                canvas.block(block, &points);
            }
        }
        Ok(canvas.finish())
    }
}

#[derive(Debug, Clone, Copy)]
struct Point {
    ended: i64,
    duration_us: u64,
    error: bool,
    id: TransactionId,
}

/// What is drawn: all points while they are few, and some of each cell in case they are not.
struct Canvas<'a> {
    rectangle: &'a Rectangle,
    most: usize,
    /// Points kept of one cell and kind.
    per_cell: u64,
    total: u64,
    errors: u64,
    all: Vec<Point>,
    some: Vec<Point>,
    /// Transactions and errors by cell.
    cells: Vec<(u64, u64)>,
    rows: Vec<u64>,
}

impl<'a> Canvas<'a> {
    fn new(rectangle: &'a Rectangle, most: usize) -> Self {
        let cells = COLUMNS * ROWS;
        Self {
            rectangle,
            most,
            per_cell: (most / cells).max(1) as u64,
            total: 0,
            errors: 0,
            all: Vec::new(),
            some: Vec::new(),
            cells: vec![(0, 0); cells],
            rows: rows(),
        }
    }

    fn block(&mut self, block: u64, points: &Points) {
        let rectangle = self.rectangle;
        rectangle.select(points, |row, ended, duration_us, error| {
            let id = TransactionId::new(block, row);
            self.point(Point {
                ended,
                duration_us,
                error,
                id,
            });
        });
    }

    fn point(&mut self, point: Point) {
        self.total += 1;
        self.errors += u64::from(point.error);
        let cell = self.cell(point);
        if let Some((count, errors)) = self.cells.get_mut(cell) {
            *count += 1;
            *errors += u64::from(point.error);
            // Of each kind apart, so that few errors among many others are seen.
            let of_kind = if point.error {
                *errors
            } else {
                *count - *errors
            };
            if of_kind <= self.per_cell {
                self.some.push(point);
            }
        }
        if self.all.len() <= self.most {
            self.all.push(point);
        }
    }

    fn cell(&self, point: Point) -> usize {
        let from = self.rectangle.window.from.as_ms();
        let width = self.rectangle.window.to.as_ms().saturating_sub(from).max(1);
        let into = i128::from(point.ended.saturating_sub(from)) * COLUMNS as i128;
        let column = usize::try_from(into / i128::from(width)).unwrap_or(0);
        let row = self.rows.partition_point(|edge| *edge <= point.duration_us);
        row.saturating_sub(1) * COLUMNS + column.min(COLUMNS - 1)
    }

    fn finish(mut self) -> TMap {
        let thinned = self.all.len() > self.most;
        let density = thinned.then(|| self.density());
        let mut points = std::mem::take(if thinned {
            &mut self.some
        } else {
            &mut self.all
        });
        // One of each cell and kind may be more than asked for; the density tells of what is left out.
        points.truncate(self.most);
        points.sort_unstable_by_key(|point| (point.ended, point.id));
        TMap {
            total: self.total,
            errors: self.errors,
            thinned,
            ended: points.iter().map(|point| point.ended).collect(),
            duration_us: points.iter().map(|point| point.duration_us).collect(),
            error: points.iter().map(|point| point.error).collect(),
            id: points.iter().map(|point| point.id).collect(),
            density,
        }
    }

    fn density(&self) -> Density {
        let window = self.rectangle.window;
        let width = i128::from(window.to.as_ms()) - i128::from(window.from.as_ms());
        let columns = COLUMNS as i128;
        let edge = |column: usize| {
            let into = (column as i128 * width + columns - 1) / columns;
            window
                .from
                .as_ms()
                .saturating_add(i64::try_from(into).unwrap_or(i64::MAX))
        };
        let cells = self.cells.iter().enumerate();
        Density {
            ended: (0..=COLUMNS).map(edge).collect(),
            duration_us: self.rows.clone(),
            cells: cells
                .filter(|(_, (count, _))| *count > 0)
                .filter_map(|(cell, (count, errors))| {
                    let column = u32::try_from(cell % COLUMNS).ok()?;
                    let row = u32::try_from(cell / COLUMNS).ok()?;
                    Some(Cell(column, row, *count, *errors))
                })
                .collect(),
        }
    }
}

/// Lower edges of the density's rows, microseconds.
fn rows() -> Vec<u64> {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "edges between 10^3 and 10^9"
    )]
    let edge = |step: usize| 10_f64.powf(3.0 + step as f64 / PER_DECADE).round() as u64;
    std::iter::once(0).chain((0..ROWS - 1).map(edge)).collect()
}
