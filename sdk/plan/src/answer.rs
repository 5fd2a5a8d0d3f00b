//! What an executed plan gives back: facts first, then words, tables and charts made of them.
//!
//! Nothing here holds a number that is not in a fact or derived from facts by a named operation.

use bongsu_sdk_model::{AppId, IdentityMode, InstanceId, Metric, SiteId, Unit, UrlTemplate};
use serde::{Deserialize, Serialize};

use crate::{Action, Agg, Plan, PlanWindow};

/// An answer to one plan.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Answer {
    /// What was executed.
    pub plan: Plan,
    /// The figures.
    pub facts: Vec<Fact>,
    /// Sentences; `[f1]` marks the fact a number is from.
    pub text: String,
    /// Tables.
    pub tables: Vec<Table>,
    /// Charts.
    pub charts: Vec<Chart>,
    /// Where to look further.
    pub links: Vec<Link>,
    /// Who was heard.
    pub coverage: Coverage,
    /// What limits the figures: mode, silent sites, assumptions.
    pub caveats: Vec<String>,
    /// An action waiting for approval.
    pub proposal: Option<Action>,
    /// Who understood the question: `planner`, or a model's name.
    pub by: String,
    /// Trace of the work, when there is one.
    pub trace_id: Option<String>,
}

/// One figure with everything needed to check it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Fact {
    /// `f1`, `f2`, … within the answer.
    pub id: String,
    /// Which figure.
    pub metric: Metric,
    /// Which figure of the window, where the metric has several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agg: Option<Agg>,
    /// Where.
    pub scope: FactScope,
    /// When; always an interval, also for `now`.
    pub window: PlanWindow,
    /// How identities were told apart.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mode: Option<IdentityMode>,
    /// The figure in `unit`.
    pub value: f64,
    /// Its unit.
    pub unit: Unit,
    /// Half width of the 95 % band in per cent of the value's size; none for exact figures.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error_pct_95: Option<f64>,
    /// Where it came from: `rollup:1m`, or `derived`.
    pub source: String,
    /// How it follows from other facts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub derived: Option<Derived>,
    /// What it was estimated from, for a figure nobody measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub estimate: Option<Estimate>,
    /// Identifies the measurement within the answer's plan.
    pub query_id: String,
}

/// What an estimated fact rests on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Estimate {
    /// What was estimated.
    pub kind: EstimateKind,
    /// Edges of the band that holds `share_pct` of 100, in the fact's unit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub band: Option<[f64; 2]>,
    /// How many of 100 values lie within the band.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub share_pct: Option<u8>,
    /// How many it was learnt from: days of what is usual, back-tests of what is to come.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub samples: Option<u32>,
    /// The level whose crossing the fact is the probability of, in the metric's unit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub threshold: Option<f64>,
}

/// What was estimated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EstimateKind {
    /// What the figure usually is.
    Usual,
    /// What the figure should have been, from the values right before.
    Expected,
    /// What the figure will be.
    Forecast,
    /// How likely the figure crosses a threshold, in per cent.
    Probability,
    /// What part of a change one member makes up, in per cent.
    Contribution,
    /// What is left of the error budget of an objective, whose target is the threshold.
    Objective,
    /// What one instance carries, or how many are needed, learnt from load and throughput.
    Capacity,
}

/// How a fact follows from others.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Derived {
    /// The operation.
    pub op: DerivedOp,
    /// Ids of its inputs, in order.
    pub inputs: Vec<String>,
}

/// Operations on facts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DerivedOp {
    /// First minus second.
    Difference,
    /// First minus second in per cent of the second.
    Change,
    /// First divided by second.
    Ratio,
    /// First in per cent of the second.
    Share,
    /// Mean of all inputs.
    Mean,
    /// What is left of an error budget, given what was kept.
    Budget,
    /// Rank correlation of the two inputs' courses, −1 to 1.
    Correlation,
}

/// The part of the fleet a fact is about; an absent field is not restricted.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct FactScope {
    /// One site.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub site: Option<SiteId>,
    /// Several sites together.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sites: Vec<SiteId>,
    /// Applications.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub apps: Vec<AppId>,
    /// URLs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub urls: Vec<UrlTemplate>,
    /// Running copies.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub instances: Vec<InstanceId>,
}

/// Who should have reported, and who did.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Coverage {
    /// Sites that should report.
    pub expected: u32,
    /// Sites that did.
    pub heard: u32,
    /// The silent ones.
    pub stale: Vec<StaleSite>,
}

/// A site that has not reported for more than three intervals.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StaleSite {
    /// Which.
    pub site: SiteId,
    /// Seconds since it was last heard; `None` when it never was.
    pub age_s: Option<u64>,
}

/// Rows to read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Table {
    /// What it shows.
    pub title: String,
    /// Column headings.
    pub columns: Vec<Column>,
    /// Rows, each as long as `columns`.
    pub rows: Vec<Vec<Cell>>,
}

/// A column of a table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Column {
    /// Heading.
    pub title: String,
    /// Unit of its numbers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<Unit>,
}

/// One cell: a string, a number, or null where there is no data.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Cell {
    /// A number in the column's unit.
    Number(f64),
    /// A word.
    Text(String),
    /// No data.
    Empty,
}

/// A chart to draw.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Chart {
    /// How.
    pub kind: ChartKind,
    /// What it shows.
    pub title: String,
    /// Unit of its values.
    pub unit: Unit,
    /// Names under the bars; empty for lines.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub categories: Vec<String>,
    /// One or more rows of values.
    pub series: Vec<ChartSeries>,
}

/// How a chart is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ChartKind {
    /// Over time.
    Line,
    /// Per category.
    Bar,
}

/// Values of a chart under one name.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ChartSeries {
    /// Name in the legend.
    pub name: String,
    /// For lines: milliseconds since the epoch (UTC) and value; `null` is a gap. A baseline's points carry
    /// the instants of the window they are compared with.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub points: Vec<(i64, Option<f64>)>,
    /// For bars: one value per category; `null` where there is none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<Option<f64>>,
}

/// Where to look further.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Link {
    /// What is there.
    pub title: String,
    /// Path and query within the web app.
    pub href: String,
}
