//! Where figures come from: the one boundary between a plan and the data of a center or an edge.
//!
//! A source measures; it never words, ranks or compares. It says which roll-up a figure came from and how
//! far it may be off, and leaves a gap a gap: no data is `None`, never zero.

mod cause;
mod estimate;
mod rows;
mod size;

use std::time::Duration;

use bongsu_sdk_model::{
    AppId, IdentityMode, InstanceId, Metric, SiteId, Timestamp, UrlTemplate, Window,
};

use jiff::civil::Date;

pub use self::{
    cause::{
        Check, Contribution, Deviation, Doubt, Explanation, Notice, Pattern, Suspect, SuspectPart,
        Verdict, Weakness,
    },
    estimate::{Basis, Expected, OddKind, Oddity, Outlook, StepAhead, Threshold},
    rows::{Listed, Listing, Wanted},
    size::{Pool, PoolAdvice, PoolRefusal},
};
use crate::{Agg, Coverage, Dimension};

/// Answers measurements. Implemented by the center's history and by an edge's own.
pub trait Source {
    /// One figure for one metric over a union of scopes and a window; `None` when there is no data.
    /// Users are united, never summed, over everything the query spans.
    ///
    /// # Errors
    /// [`SourceError`] when the figure is not held at all or the store fails.
    fn measure(&self, query: &Query) -> Result<Option<Measured>, SourceError>;

    /// The figure of each interval of width `step`, in order of time; the instant is the interval's start.
    /// The first interval starts at the window's `from`, the last may be shorter.
    ///
    /// # Errors
    /// As [`Source::measure`].
    fn series(
        &self,
        query: &Query,
        step: Duration,
    ) -> Result<Vec<(Timestamp, Option<f64>)>, SourceError>;

    /// Names of the members of a dimension that have data in the query's scope and window, in any order.
    /// The query's metric may be used to leave out members that can have none.
    ///
    /// # Errors
    /// [`SourceError::NotHeld`] for a dimension this source does not split by.
    fn members(&self, dimension: Dimension, query: &Query) -> Result<Vec<String>, SourceError>;

    /// The query's figure of each member of a dimension that has one, in any order: as measuring each, but the
    /// data are gone through once.
    ///
    /// # Errors
    /// As [`Source::members`] and [`Source::measure`].
    fn measure_each(
        &self,
        dimension: Dimension,
        query: &Query,
    ) -> Result<Vec<(String, Measured)>, SourceError> {
        let mut each = Vec::new();
        for name in self.members(dimension, query)? {
            let Some(narrowed) = query.narrowed(dimension, &name) else {
                continue;
            };
            if let Some(measured) = self.measure(&narrowed)? {
                each.push((name, measured));
            }
        }
        Ok(each)
    }

    /// Which sites should have reported in the window, which did, and how old the silent ones are.
    fn coverage(&self, window: Window) -> Coverage;

    /// What the query's figure usually is over a window like the query's, learnt from before it; `None` when
    /// nothing like it was ever seen, and from a source that learns nothing.
    ///
    /// # Errors
    /// As [`Source::measure`].
    fn usual(&self, _query: &Query) -> Result<Option<Expected>, SourceError> {
        Ok(None)
    }

    /// What is to come of the query's figure until its window ends; the window starts now.
    ///
    /// # Errors
    /// [`SourceError::TooLittleHistory`] when the past does not carry a forecast that far,
    /// [`SourceError::NotHeld`] from a source that makes none, else as [`Source::measure`].
    fn forecast(
        &self,
        query: &Query,
        _threshold: Option<Threshold>,
    ) -> Result<Outlook, SourceError> {
        Err(SourceError::NotHeld {
            what: format!("a forecast of {}", query.metric.name()),
        })
    }

    /// What stood out of the query's figure in its window, in order of time; `None` when too little of it is
    /// known to say, and from a source that watches nothing.
    ///
    /// # Errors
    /// As [`Source::measure`].
    fn anomalies(&self, _query: &Query) -> Result<Option<Vec<Oddity>>, SourceError> {
        Ok(None)
    }

    /// What went wrong in the query's window and scope, and why; its metric does not matter.
    ///
    /// # Errors
    /// [`SourceError::NotHeld`] from a source that looks for no causes, else as [`Source::measure`].
    fn explain(&self, _query: &Query) -> Result<Explanation, SourceError> {
        Err(SourceError::NotHeld {
            what: "root-cause analysis".to_owned(),
        })
    }

    /// The instances of each application in the query's scope, and how many it needs; as if it had `servers`
    /// of them, if given. Those that need more first.
    ///
    /// # Errors
    /// As [`Source::explain`].
    fn pools(&self, _query: &Query, _servers: Option<u32>) -> Result<Vec<Pool>, SourceError> {
        Err(SourceError::NotHeld {
            what: "sizing".to_owned(),
        })
    }

    /// What detectors said in the query's window at its sites, newest first, at most `limit`.
    ///
    /// # Errors
    /// As [`Source::measure`].
    fn notices(&self, _query: &Query, _limit: usize) -> Result<Vec<Notice>, SourceError> {
        Ok(Vec::new())
    }

    /// Rows of sessions, users or transactions.
    ///
    /// # Errors
    /// [`SourceError::NotHeld`] from a source that keeps no such rows.
    fn rows(&self, wanted: &Wanted) -> Result<Listing, SourceError> {
        Err(SourceError::NotHeld {
            what: wanted.target.name().to_owned(),
        })
    }

    /// The public holidays a window touches, in order; none from a source without a calendar.
    fn holidays(&self, _window: Window) -> Vec<Date> {
        Vec::new()
    }
}

/// One measurement. Empty lists do not restrict; entries of one list are united, lists restrict each other.
#[derive(Debug, Clone, PartialEq)]
pub struct Query {
    /// Which figure.
    pub metric: Metric,
    /// At which sites.
    pub sites: Vec<SiteId>,
    /// Of which applications.
    pub apps: Vec<AppId>,
    /// Of which URLs; a trailing `*` stands for any rest.
    pub urls: Vec<UrlTemplate>,
    /// Of which running copies.
    pub instances: Vec<InstanceId>,
    /// When.
    pub window: Window,
    /// How identities are told apart; `None` lets the source take the best it has (cookie, session, ip).
    pub mode: Option<IdentityMode>,
    /// Which figure of the window; `None` is the metric's own: distinct users of the window, sum of a count,
    /// mean of a level or rate, exact percentile. For `users.concurrent` over more than 5 minutes the
    /// executor always says which.
    pub agg: Option<Agg>,
}

impl Query {
    /// This query for one member of a dimension of places; `None` for other dimensions and impossible names.
    #[must_use]
    pub fn narrowed(&self, dimension: Dimension, member: &str) -> Option<Self> {
        let mut query = self.clone();
        match dimension {
            Dimension::Site => query.sites = vec![SiteId::new(member).ok()?],
            Dimension::App | Dimension::Service => query.apps = vec![AppId::new(member).ok()?],
            Dimension::Url => query.urls = vec![UrlTemplate::new(member).ok()?],
            Dimension::Instance => query.instances = vec![InstanceId::new(member).ok()?],
            _ => return None,
        }
        Some(query)
    }
}

/// A figure with its provenance.
#[derive(Debug, Clone, PartialEq)]
pub struct Measured {
    /// In the metric's unit.
    pub value: f64,
    /// How identities were told apart, for figures about users.
    pub mode: Option<IdentityMode>,
    /// Half width of the 95 % band in per cent of the value; `None` for exact figures.
    pub error_pct_95: Option<f64>,
    /// Where it came from, as `rollup:1m`.
    pub source: String,
}

/// Why there is no measurement.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SourceError {
    /// This source does not hold such figures; another might.
    #[error("{what} is not held here")]
    NotHeld {
        /// The metric, dimension or scope.
        what: String,
    },
    /// The past is too short to learn from.
    #[error("only {tests} forecasts of the past can be tested, {needed} are needed")]
    TooLittleHistory {
        /// Forecasts of the past that could be tested.
        tests: usize,
        /// How many are needed.
        needed: usize,
    },
    /// The store failed.
    #[error("failed to read history: {0}")]
    Failed(String),
}
