//! Conditions on rows and groups.

use bongsu_sdk_model::Metric;
use serde::{Deserialize, Serialize};

use crate::Number;

/// `field cmp value`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Condition {
    /// What is looked at.
    pub field: Field,
    /// How it is compared.
    pub cmp: Cmp,
    /// With what.
    pub value: Value,
}

/// A comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Cmp {
    /// Greater.
    #[serde(rename = ">")]
    Gt,
    /// Greater or equal.
    #[serde(rename = ">=")]
    Ge,
    /// Less.
    #[serde(rename = "<")]
    Lt,
    /// Less or equal.
    #[serde(rename = "<=")]
    Le,
    /// Equal.
    #[serde(rename = "=")]
    Eq,
    /// Not equal.
    #[serde(rename = "!=")]
    Ne,
    /// Matches a pattern.
    #[serde(rename = "~")]
    Matches,
}

impl Cmp {
    /// Whether two numbers stand in this relation; a pattern never fits a number.
    #[must_use]
    pub fn holds(self, left: f64, right: f64) -> bool {
        match self {
            Self::Gt => left > right,
            Self::Ge => left >= right,
            Self::Lt => left < right,
            Self::Le => left <= right,
            Self::Eq => left == right,
            Self::Ne => left != right,
            Self::Matches => false,
        }
    }
}

/// What a condition compares with.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Value {
    /// Yes or no.
    Bool(bool),
    /// A number in the field's unit.
    Number(Number),
    /// A word.
    Text(String),
}

/// What a condition looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "&'static str")]
pub enum Field {
    /// How long the request took, milliseconds.
    DurationMs,
    /// HTTP status.
    Status,
    /// How long the session has existed, seconds.
    SessionAgeS,
    /// `mobile`, `desktop` or a family of browsers.
    UserAgent,
    /// HTTP method.
    Method,
    /// Whether it failed.
    Error,
    /// A service that is not a known application.
    Service,
    /// A group of users.
    Group,
    /// The level of a metric.
    Metric(Metric),
}

const FIELDS: [(&str, Field); 8] = [
    ("duration_ms", Field::DurationMs),
    ("status", Field::Status),
    ("session_age_s", Field::SessionAgeS),
    ("user_agent", Field::UserAgent),
    ("method", Field::Method),
    ("error", Field::Error),
    ("service", Field::Service),
    ("group", Field::Group),
];

/// A field that no condition can look at.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "no condition can look at `{0}`; hint: use a metric or one of duration_ms, status, session_age_s, user_agent, method, error, service, group"
)]
pub struct UnknownField(String);

impl TryFrom<String> for Field {
    type Error = UnknownField;
    fn try_from(name: String) -> Result<Self, UnknownField> {
        if let Some((_, field)) = FIELDS.iter().find(|(known, _)| *known == name) {
            return Ok(*field);
        }
        name.parse()
            .map(Self::Metric)
            .map_err(|_| UnknownField(name.chars().take(64).collect()))
    }
}

impl From<Field> for &'static str {
    fn from(field: Field) -> Self {
        match field {
            Field::Metric(metric) => metric.name(),
            other => FIELDS
                .iter()
                .find(|(_, known)| *known == other)
                .map_or("", |(name, _)| name),
        }
    }
}
