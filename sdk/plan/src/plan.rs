//! The question plan: the one language between a question and the data.
//!
//! A plan is data. It never executes itself and never knows where figures come from; `act` only describes
//! what would be proposed. Canonical JSON leaves out what is empty, so equal plans are equal text.

mod action;
mod baseline;
mod condition;
mod scope;
mod validate;
mod window;
mod words;

use bongsu_sdk_model::Metric;
use serde::{Deserialize, Serialize};

pub use self::{
    action::{Action, Trigger},
    baseline::{Baseline, BaselineKind},
    condition::{Cmp, Condition, Field, UnknownField, Value},
    scope::PlanScope,
    validate::{Fault, Faults},
    window::PlanWindow,
    words::{Agg, Dimension, Op, Present, Reason, Report, Slot, Target, Then},
};
use crate::{Number, Span};

/// What was asked, ready to be executed. Fields that only some operations use are `None` or empty elsewhere.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// The operation.
    pub op: Op,
    /// Figures asked for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub metrics: Vec<Metric>,
    /// Where; empty means everywhere.
    #[serde(default, skip_serializing_if = "PlanScope::is_empty")]
    pub scope: PlanScope,
    /// When.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub window: Option<PlanWindow>,
    /// What the window is compared with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub baseline: Option<Baseline>,
    /// Conditions; all of them hold.
    #[serde(default, rename = "where", skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<Condition>,
    /// Dimensions the figures are split by.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub group_by: Vec<Dimension>,
    /// Width of a point of a series.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<Span>,
    /// Order of groups.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order: Option<Order>,
    /// At most this many rows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
    /// Which figure of the window is wanted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agg: Option<Agg>,
    /// Forms the question names.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub present: Vec<Present>,
    /// What a list holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<Target>,
    /// What follows a peak.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub then: Option<Then>,
    /// How far ahead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub horizon: Option<Span>,
    /// A level of the metric, in its unit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub threshold: Option<Number>,
    /// Servers there are now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub servers: Option<u32>,
    /// Kind of document.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub report: Option<Report>,
    /// The action to propose.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub action: Option<Action>,
    /// The name an alias gives to `scope`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Why the question is refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    /// What must be known before the question has an answer.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<Slot>,
    /// What was not said and had to be assumed, in words.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub assumed: Vec<String>,
}

/// Order of the groups of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Order {
    /// The metric that decides.
    pub by: Metric,
    /// Highest first.
    pub desc: bool,
}

/// A plan that could not be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PlanError {
    /// Not JSON, or not of the plan's shape.
    #[error("the plan cannot be read: {0}")]
    Shape(#[from] serde_json::Error),
    /// Of the right shape, but it says something impossible.
    #[error("the plan cannot be executed: {0}")]
    Invalid(#[from] Faults),
}

impl Plan {
    /// Longest accepted JSON text of a plan, in bytes.
    pub const MAX_BYTES: usize = 64 * 1024;

    /// An empty plan for an operation.
    #[must_use]
    pub fn new(op: Op) -> Self {
        Self {
            op,
            metrics: Vec::new(),
            scope: PlanScope::default(),
            window: None,
            baseline: None,
            conditions: Vec::new(),
            group_by: Vec::new(),
            step: None,
            order: None,
            limit: None,
            agg: None,
            present: Vec::new(),
            target: None,
            then: None,
            horizon: None,
            threshold: None,
            servers: None,
            report: None,
            action: None,
            name: None,
            reason: None,
            missing: Vec::new(),
            assumed: Vec::new(),
        }
    }

    /// Reads and validates a plan.
    ///
    /// # Errors
    /// [`PlanError::Shape`] for anything that is not a plan; [`PlanError::Invalid`] with every fault.
    pub fn from_json(text: &str) -> Result<Self, PlanError> {
        if text.len() > Self::MAX_BYTES {
            let message = format!(
                "it is {} bytes long, the limit is {}",
                text.len(),
                Self::MAX_BYTES
            );
            return Err(PlanError::Shape(serde::de::Error::custom(message)));
        }
        let plan: Self = serde_json::from_str(text)?;
        plan.validate()?;
        Ok(plan)
    }

    /// The canonical JSON text: fields in a fixed order, nothing empty, whole numbers without a fraction.
    #[must_use]
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}
