//! What root-cause analysis is given: components, who calls whom, their measurements, and a symptom.
//!
//! Plain data, filled from roll-ups and traces by the caller. Nothing is required beyond a symptom: series,
//! baselines, columns and rows may be missing, and no name is ever looked at.

use bongsu_sdk_model::{Timestamp, Unit, Window};

/// One incident to explain.
#[derive(Debug, Clone, PartialEq)]
pub struct Case {
    /// Everything measured or called.
    pub components: Vec<Component>,
    /// Who calls whom; a call that names a component out of range is ignored.
    pub calls: Vec<Call>,
    /// A period without this incident, where one is known. It may be at another level (months ago).
    pub normal: Option<Window>,
    /// The rows around the symptom, with some before it where possible.
    pub incident: Window,
    /// What was noticed.
    pub symptom: Symptom,
}

/// What was noticed, where and when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Symptom {
    /// Index into [`Case::components`].
    pub component: usize,
    /// The indicator that went wrong.
    pub indicator: Indicator,
    /// When it was noticed.
    pub at: Timestamp,
}

/// `from` calls `to`, or runs on it (a host).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Call {
    /// The caller.
    pub from: usize,
    /// What it calls.
    pub to: usize,
}

/// Something that can be a cause.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Component {
    /// Its name; carried through, never interpreted.
    pub name: String,
    /// What it is, where known.
    pub kind: Kind,
    /// Its measurements, at most one series an indicator.
    pub series: Vec<Series>,
    /// Who or what made up its work, then and now.
    pub contributions: Vec<Contribution>,
    /// When another version of it began to run.
    pub releases: Vec<Timestamp>,
}

/// What a component is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Kind {
    /// Not known.
    #[default]
    Unknown,
    /// An application or service.
    Service,
    /// A database, table, cache or queue.
    Database,
    /// Outside of what is operated here.
    External,
    /// A machine, node or pod others run on.
    Host,
}

/// Measurements of one indicator, oldest first.
#[derive(Debug, Clone, PartialEq)]
pub struct Series {
    /// What is measured.
    pub indicator: Indicator,
    /// The measurements; a missing one is left out, never zero.
    pub points: Vec<Point>,
    /// Where they come from, as in a fact's `source` (`rollup:5m`).
    pub source: String,
}

/// One measurement.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    /// The row's instant; rows of all series share instants.
    pub at: Timestamp,
    /// The value in [`Indicator::unit`].
    pub value: f64,
}

/// A standard indicator.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Indicator {
    /// Duration of a request, ms.
    Latency(Statistic),
    /// Requests in the row.
    Requests,
    /// Requests without error, %.
    Availability,
    /// CPU in use, %.
    Cpu,
    /// Memory in use, %.
    Memory,
    /// Heap after garbage collection, % of its maximum.
    HeapAfterGc,
    /// Time stopped for garbage collection in the row, ms.
    GcPause,
    /// Busy worker threads, % of their maximum.
    ThreadsBusy,
    /// Connections in use, % of the pool.
    ConnectionsInUse,
    /// Requests waiting for a connection.
    ConnectionsWaiting,
    /// Sessions that have not expired.
    Sessions,
    /// SQL statements per request.
    SqlPerRequest,
    /// Round trip to the component, ms.
    NetworkDelay,
    /// Processes ended for want of memory in the row.
    OutOfMemory,
}

impl Indicator {
    /// Unit of the values.
    #[must_use]
    pub const fn unit(self) -> Unit {
        match self {
            Self::Latency(_) | Self::GcPause | Self::NetworkDelay => Unit::Ms,
            Self::Availability
            | Self::Cpu
            | Self::Memory
            | Self::HeapAfterGc
            | Self::ThreadsBusy
            | Self::ConnectionsInUse => Unit::Percent,
            Self::Requests
            | Self::ConnectionsWaiting
            | Self::Sessions
            | Self::SqlPerRequest
            | Self::OutOfMemory => Unit::Count,
        }
    }

    /// Whether it is a level of a resource, not of the requests.
    #[must_use]
    pub const fn is_resource(self) -> bool {
        !matches!(self, Self::Latency(_) | Self::Requests | Self::Availability)
    }
}

/// Which figure of a row's requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Statistic {
    /// Mean.
    Average,
    /// Median.
    P50,
    /// 90th percentile.
    P90,
    /// 95th percentile.
    P95,
    /// 99th percentile.
    P99,
}

impl Statistic {
    /// Every statistic, the one that adds up first.
    pub const ALL: [Self; 5] = [Self::Average, Self::P50, Self::P90, Self::P95, Self::P99];
}

/// One value of a dimension, and how much of the component's work it was, then and now.
#[derive(Debug, Clone, PartialEq)]
pub struct Contribution {
    /// Which dimension.
    pub dimension: Dimension,
    /// Its value: a URL template, a user's token, a statement, an instance, a version, a client.
    pub value: String,
    /// In the normal period, where known.
    pub normal: Option<Work>,
    /// In the incident.
    pub incident: Work,
}

/// Work per second.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Work {
    /// Requests, or executions of a statement, per second.
    pub requests: f64,
    /// Time spent, ms per second.
    pub time_ms: f64,
    /// Errors per second.
    pub errors: f64,
}

/// What a component's work can be divided by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Dimension {
    /// URL template.
    Url,
    /// User's token.
    User,
    /// SQL statement.
    Sql,
    /// Running copy.
    Instance,
    /// Version of the component.
    Version,
    /// Client address or network.
    Client,
}
