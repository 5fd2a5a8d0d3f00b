//! When a question looks: now, or a half-open interval.

use serde::{Deserialize, Serialize};

use crate::Moment;

/// `{"kind":"now"}`, or `{"from": …, "to": …}` with `to` not inside.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Raw", into = "Raw")]
pub enum PlanWindow {
    /// The present: the last 5 minutes at execution.
    Now,
    /// `[from, to)`.
    Range {
        /// First instant inside.
        from: Moment,
        /// First instant after.
        to: Moment,
    },
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    kind: Option<Kind>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    from: Option<Moment>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    to: Option<Moment>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Kind {
    Now,
}

impl TryFrom<Raw> for PlanWindow {
    type Error = &'static str;
    fn try_from(raw: Raw) -> Result<Self, Self::Error> {
        match raw {
            Raw {
                kind: Some(Kind::Now),
                from: None,
                to: None,
            } => Ok(Self::Now),
            Raw {
                kind: None,
                from: Some(from),
                to: Some(to),
            } => Ok(Self::Range { from, to }),
            _ => Err("a window is {\"kind\":\"now\"} or has both from and to"),
        }
    }
}

impl From<PlanWindow> for Raw {
    fn from(window: PlanWindow) -> Self {
        match window {
            PlanWindow::Now => Self {
                kind: Some(Kind::Now),
                from: None,
                to: None,
            },
            PlanWindow::Range { from, to } => Self {
                kind: None,
                from: Some(from),
                to: Some(to),
            },
        }
    }
}
