//! Question plans: the one language between a question and the data.

#![forbid(unsafe_code)]

mod answer;
mod execute;
mod ground;
mod lang;
mod moment;
mod number;
mod plan;
mod planner;
mod regions;
mod source;
mod span;
mod vocabulary;
mod word;

pub use answer::{
    Answer, Cell, Chart, ChartKind, ChartSeries, Column, Coverage, Derived, DerivedOp, Fact,
    FactScope, Link, StaleSite, Table,
};
pub use execute::{ExecuteError, Executor};
pub use ground::{Ungrounded, ungrounded};
pub use lang::Lang;
pub use moment::{Moment, MomentError};
pub use number::Number;
pub use plan::{
    Action, Agg, Baseline, BaselineKind, Cmp, Condition, Dimension, Fault, Faults, Field, Op,
    Order, Plan, PlanError, PlanScope, PlanWindow, Present, Reason, Report, Slot, Target, Then,
    Trigger, UnknownField, Value,
};
pub use planner::{Conversation, Planner, Understanding};
pub use regions::{REGIONS, Region};
pub use source::{Measured, Query, Source, SourceError};
pub use span::{Span, SpanError};
pub use vocabulary::{Alias, Named, Vocabulary};
