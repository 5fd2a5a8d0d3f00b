//! What a well-formed plan must also satisfy. Every fault is reported, each with what to do.

use std::fmt;

use super::{Action, BaselineKind, Op, Plan, PlanWindow};

/// One thing wrong with a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The field at fault.
    pub field: &'static str,
    /// What is wrong and what to do.
    pub message: String,
}

/// Everything wrong with a plan; never empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Faults(pub Vec<Fault>);

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, fault) in self.0.iter().enumerate() {
            let separator = if i == 0 { "" } else { "; " };
            write!(f, "{separator}`{}` {}", fault.field, fault.message)?;
        }
        Ok(())
    }
}

impl std::error::Error for Faults {}

/// Most entries any list of a plan may have.
const MAX_ENTRIES: usize = 256;

impl Plan {
    /// Checks what the types cannot.
    ///
    /// # Errors
    /// [`Faults`] with everything that is wrong.
    pub fn validate(&self) -> Result<(), Faults> {
        let mut faults = Vec::new();
        let mut fault = |field, message: String| faults.push(Fault { field, message });
        self.required(&mut fault);
        self.times(&mut fault);
        self.sizes(&mut fault);
        if let Some(action) = &self.action {
            action.faults(&mut fault);
        }
        if faults.is_empty() {
            Ok(())
        } else {
            Err(Faults(faults))
        }
    }

    fn required(&self, fault: &mut impl FnMut(&'static str, String)) {
        for (field, message) in needs(self.op) {
            if self.lacks(field) {
                fault(field, format!("{message} for `{}`", self.op.name()));
            }
        }
        if self.action.is_some() && !matches!(self.op, Op::Act | Op::Refuse | Op::Clarify) {
            fault(
                "action",
                format!("does not belong to `{}`; use `act`", self.op.name()),
            );
        }
    }

    /// Whether a field that an operation may need is empty.
    fn lacks(&self, field: &str) -> bool {
        match field {
            "metrics" => self.metrics.is_empty(),
            "baseline" => self.baseline.is_none(),
            "group_by" => self.group_by.is_empty(),
            "target" => self.target.is_none(),
            "report" => self.report.is_none(),
            "action" => self.action.is_none(),
            "name" => self.name.is_none(),
            "scope" => self.scope.is_empty(),
            "reason" => self.reason.is_none(),
            "missing" => self.missing.is_empty(),
            _ => false,
        }
    }

    fn times(&self, fault: &mut impl FnMut(&'static str, String)) {
        if let Some(PlanWindow::Range { from, to }) = self.window
            && from.at() >= to.at()
        {
            fault(
                "window",
                format!("is empty: `from` {from} must be before `to` {to}"),
            );
        }
        let Some(baseline) = self.baseline else {
            return;
        };
        match (baseline.kind, baseline.from, baseline.to) {
            (BaselineKind::Range, Some(from), Some(to)) if from.at() < to.at() => {}
            (BaselineKind::Range, ..) => {
                fault(
                    "baseline",
                    "of kind `range` needs `from` before `to`".to_owned(),
                );
            }
            (_, None, None) => {}
            _ => fault(
                "baseline",
                "has `from` or `to`; only kind `range` takes them".to_owned(),
            ),
        }
    }

    fn sizes(&self, fault: &mut impl FnMut(&'static str, String)) {
        let scope = &self.scope;
        let lists = [
            ("metrics", self.metrics.len()),
            ("where", self.conditions.len()),
            ("group_by", self.group_by.len()),
            ("scope.sites", scope.sites.len()),
            ("scope.apps", scope.apps.len()),
            ("scope.urls", scope.urls.len()),
            ("scope.users", scope.users.len()),
            ("scope.sessions", scope.sessions.len()),
            ("scope.ips", scope.ips.len()),
            ("scope.traces", scope.traces.len()),
            ("scope.instances", scope.instances.len()),
        ];
        for (field, entries) in lists
            .into_iter()
            .filter(|(_, entries)| *entries > MAX_ENTRIES)
        {
            fault(
                field,
                format!("has {entries} entries, the limit is {MAX_ENTRIES}"),
            );
        }
        if self.step.is_some_and(|step| step.as_seconds() == 0) {
            fault("step", "must be longer than zero".to_owned());
        }
        if self.limit == Some(0) {
            fault("limit", "must be at least 1".to_owned());
        }
    }
}

/// The fields an operation cannot do without, and what must be in them.
const fn needs(op: Op) -> &'static [(&'static str, &'static str)] {
    match op {
        Op::Value | Op::Series | Op::Correlate => &[("metrics", "must name at least one metric")],
        Op::Peak | Op::Forecast => &[("metrics", "must name the metric")],
        Op::Compare => &[
            ("metrics", "must name at least one metric"),
            (
                "baseline",
                "must say what to compare with, as {\"kind\":\"previous_day\"}",
            ),
        ],
        Op::Top => &[
            ("metrics", "must name the metric to rank by"),
            ("group_by", "must name the dimension to rank, as [\"site\"]"),
        ],
        Op::List => &[("target", "must say what to list, as \"sessions\"")],
        Op::Report => &[("report", "must name the kind, as \"weekly\"")],
        Op::Act => &[("action", "must hold the action to propose")],
        Op::Alias => &[
            ("name", "must hold the name to remember"),
            ("scope", "must hold what the name stands for"),
        ],
        Op::Refuse => &[("reason", "must say why")],
        Op::Clarify => &[("missing", "must name what is missing")],
        Op::Locate
        | Op::Anomalies
        | Op::Explain
        | Op::Sizing
        | Op::Trace
        | Op::Approve
        | Op::Deny => &[],
    }
}

impl Action {
    fn faults(&self, fault: &mut impl FnMut(&'static str, String)) {
        match self {
            Self::SessionKill {
                user,
                session,
                conditions,
            } => {
                let targets = [user.is_some(), session.is_some(), !conditions.is_empty()];
                if targets.iter().filter(|named| **named).count() != 1 {
                    fault(
                        "action",
                        "session.kill takes exactly one of user, session, where".to_owned(),
                    );
                }
            }
            Self::UrlLimit { max_ms, rps, .. } if max_ms.is_some() == rps.is_some() => {
                fault(
                    "action",
                    "url.limit takes exactly one of max_ms, rps".to_owned(),
                );
            }
            Self::Scale { to, by, factor, .. } => {
                let sizes = [to.is_some(), by.is_some(), factor.is_some()];
                if sizes.iter().filter(|named| **named).count() != 1 {
                    fault(
                        "action",
                        "scale takes exactly one of to, by, factor".to_owned(),
                    );
                }
            }
            _ => {}
        }
    }
}
