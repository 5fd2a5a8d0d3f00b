//! Question plans: the one language between a question and the data.

#![forbid(unsafe_code)]

mod answer;
mod moment;
mod number;
mod plan;
mod source;
mod span;

pub use answer::{
    Answer, Cell, Chart, ChartKind, ChartSeries, Column, Coverage, Derived, DerivedOp, Fact,
    FactScope, Link, StaleSite, Table,
};
pub use moment::{Moment, MomentError};
pub use number::Number;
pub use plan::{
    Action, Agg, Baseline, BaselineKind, Cmp, Condition, Dimension, Fault, Faults, Field, Op,
    Order, Plan, PlanError, PlanScope, PlanWindow, Present, Reason, Report, Slot, Target, Then,
    Trigger, UnknownField, Value,
};
pub use source::{Measured, Query, Source, SourceError};
pub use span::{Span, SpanError};
