//! Plans become answers: measured facts first, then words, tables and charts made of them.
//!
//! Deterministic: equal plan, source and instant give an equal answer. It never guesses a figure the source
//! does not have, never compares figures that tell users apart in different ways, and says what it left out.

mod anomalies;
mod build;
mod clock;
mod compare;
mod correlate;
mod explain;
mod facts;
mod forecast;
mod groups;
mod holidays;
mod list;
mod notices;
mod propose;
mod report;
mod series;
mod sizing;
mod top;
mod usual;
mod value;
mod week;
mod window;

use bongsu_sdk_model::Timestamp;
use jiff::tz::TimeZone;

use self::build::Builder;
use crate::{Answer, Faults, Lang, Op, Plan, Source, SourceError, Vocabulary, word::Sentence};

/// Executes plans for one installation.
#[derive(Debug, Clone)]
pub struct Executor {
    vocabulary: Vocabulary,
    zone: TimeZone,
}

/// Why a plan has no answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExecuteError {
    /// The plan is not well formed.
    #[error("the plan cannot be executed: {0}")]
    Invalid(#[from] Faults),
    /// The operation is understood but not available here.
    #[error("`{}` is not available here", .0.name())]
    Unsupported(Op),
    /// The operation is available, but not with this part of the plan.
    #[error("`{}` is not available here with `{part}`", .op.name())]
    UnsupportedPart {
        /// The operation.
        op: Op,
        /// The field of the plan, with its value where that matters.
        part: String,
    },
    /// The source does not hold what is asked, or failed.
    #[error(transparent)]
    Source(#[from] SourceError),
}

impl Executor {
    /// An executor that names things by `vocabulary` and shows time in `zone`.
    #[must_use]
    pub const fn new(vocabulary: Vocabulary, zone: TimeZone) -> Self {
        Self { vocabulary, zone }
    }

    /// Executes a plan at the instant `now`, worded in `lang`.
    ///
    /// # Errors
    /// [`ExecuteError`]; [`Executor::decline`] turns one into an answer that says so.
    pub fn execute(
        &self,
        plan: &Plan,
        source: &dyn Source,
        now: Timestamp,
        lang: Lang,
    ) -> Result<Answer, ExecuteError> {
        plan.validate()?;
        let mut builder = Builder::new(self, plan, source, now, lang);
        match plan.op {
            Op::Value => value::run(&mut builder)?,
            Op::Series => series::run(&mut builder)?,
            Op::Peak => series::peak(&mut builder)?,
            Op::Compare => compare::run(&mut builder)?,
            Op::Top => top::run(&mut builder)?,
            Op::Anomalies => anomalies::run(&mut builder)?,
            Op::Forecast => forecast::run(&mut builder)?,
            Op::Correlate => correlate::run(&mut builder)?,
            Op::Explain => explain::run(&mut builder)?,
            Op::Sizing => sizing::run(&mut builder)?,
            Op::Report => report::run(&mut builder)?,
            Op::List => list::run(&mut builder)?,
            Op::Locate => list::locate(&mut builder)?,
            Op::Trace => list::trace(&mut builder),
            Op::Act => propose::run(&mut builder),
            Op::Clarify => builder.say(Sentence::Clarify(plan.missing.clone())),
            Op::Refuse => {
                builder.say(Sentence::Refuse(
                    plan.reason.unwrap_or(crate::Reason::OutOfDomain),
                ));
            }
            op => return Err(ExecuteError::Unsupported(op)),
        }
        Ok(builder.finish())
    }

    /// An answer without facts that says truthfully why a plan was not executed.
    #[must_use]
    pub fn decline(&self, plan: &Plan, error: &ExecuteError, lang: Lang) -> Answer {
        let sentence = match error {
            ExecuteError::Unsupported(op) => Sentence::Unsupported {
                op: *op,
                part: None,
            },
            ExecuteError::UnsupportedPart { op, part } => Sentence::Unsupported {
                op: *op,
                part: Some(part.clone()),
            },
            ExecuteError::Source(SourceError::NotHeld { what }) => Sentence::NotHeld(what.clone()),
            ExecuteError::Invalid(_) | ExecuteError::Source(_) => Sentence::Failed,
        };
        Answer {
            plan: plan.clone(),
            facts: Vec::new(),
            text: crate::word::render(&[sentence], lang),
            tables: Vec::new(),
            charts: Vec::new(),
            links: Vec::new(),
            coverage: crate::Coverage::default(),
            caveats: Vec::new(),
            proposal: None,
            by: "planner".to_owned(),
            trace_id: None,
        }
    }
}
