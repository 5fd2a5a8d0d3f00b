//! Question plans: the one language between a question and the data.
//!
//! A question, however it was understood, becomes a [`Plan`]; a plan executed over a [`Source`] becomes an
//! [`Answer`]. Equal plan, source and instant give an equal answer, so a plan can be stored, shown, tested and
//! replayed, and a model that words answers cannot change a number in them.
//!
//! ```text
//! question ─► Planner ─► Plan ─► Executor ─► Answer { facts, text, tables, charts, coverage, caveats }
//!             (or a model)          │
//!                                   └─► Source: measure, series, members, coverage, usual, forecast,
//!                                       anomalies, explain, pools, notices, rows (center, edge)
//! ```
//!
//! - [`Planner`] understands Korean and English without a model: it reads words by a lexicon, fills slots, decides
//!   the operation by a table of rules, and says what it assumed. What it does not understand becomes a question
//!   back or a refusal.
//! - [`Executor`] measures, compares, ranks, tells what a source foresees or found odd, and words. Facts carry
//!   their window, identification mode, error and provenance; derived facts name their operation and inputs. It proposes no action and never mixes modes.
//! - [`ungrounded`] finds numbers in a text that no fact supports, whoever wrote the text.
//!
//! ## What the public plan language has beyond its first edition
//!
//! | addition | means |
//! |---|---|
//! | `op: anomalies` | what stood out of the metrics named (or the main ones) in a window, day or place; no cause is looked for. "이상한 점" with a place or system still becomes `explain` |
//! | `estimate` of a fact | the figure was not measured: `usual`, `expected`, `forecast`, `probability`, `contribution` (per cent of a change), `capacity` (what a server carries, how many are needed; band = load and head-room in per cent, samples = spare), `objective` (threshold = target in per cent) |
//! | derived `correlation`, `budget` | rank correlation of two courses; what is left of an error budget |
//! | `sla` | share of requests answered without error, per cent |
//! | `group_by` of `hour`, `weekday`, `day` | of `value` and `top`: the mean of that part on each day of the window |
//!
//! `report` needs no new form: its text is for a head of department, its tables are for engineers. `act` only
//! puts the action into the answer's `proposal`.
//!
//! Nothing here does I/O, reads a clock or knows a network: the instant and the source are parameters.
//!
//! ```
//! use bongsu_sdk_plan::{Moment, Op, Planner, Vocabulary};
//!
//! let zone = jiff::tz::TimeZone::fixed(jiff::tz::offset(9));
//! let planner = Planner::new(Vocabulary::nationwide([]), zone);
//! let now = Moment::parse("2026-11-20T14:30:00+09:00")?.at();
//! let plan = planner.plan("부산 동시접속자를 어제 같은 시간대와 비교해줘", now).plan;
//! assert_eq!(plan.op, Op::Compare);
//! # Ok::<(), bongsu_sdk_plan::MomentError>(())
//! ```
//!
//! ## Decisions
//!
//! - **Words, slots, then a table of rules.** A word means the same wherever it stands, one slot is one file, and
//!   the operation is decided last by the first rule that holds. Rejected: patterns over whole sentences (they fit
//!   the examples they were written from), and a morphological analyser (a dictionary of tens of megabytes for
//!   text in which particles and a few hundred nouns decide).
//! - **Misspelt words are corrected only when one meaning is clearly nearest**, over jamo in Korean. Rejected:
//!   fuzzy matching of everything, which turns unknown words into wrong answers.
//! - **A window keeps the offset it was said in** ([`Moment`]), everything below is UTC. Rejected: a zone name per
//!   plan, which a stored plan could not keep when the zone's rules change.
//! - **Concurrency over more than five minutes is its peak**, because the union of a day is another metric
//!   (`users.distinct`) and a mean needs every step. The answer says "peak"; `agg` asks for another figure.
//! - **The change of a percentage is told in points only.** "8 % more CPU" can be read in two ways.
//! - **What nobody measured is a fact too, and says what it rests on** ([`Estimate`]: the usual level, a
//!   forecast, a probability). The source estimates, this crate only words it: the arithmetic of seasons has
//!   no place in a language. Rejected: figures computed in sentences, which nothing could check.
//! - **The mean of weekdays names every day as its input.** Four weeks are 28 facts; who doubts the mean can
//!   see which day made it.
//! - **An explanation names scopes and windows, and its figures are measured again here.** What a cause rests on
//!   is then the same number a plain question gives. Rejected: taking the analysis' own levels, which are
//!   weighted along the symptom and agree with nothing else on the page.
//! - **The grounding check reads digits, not meaning.** It is cheap enough to run on every answer, ours included;
//!   a number spelled out in words passes. Rejected: trusting whoever worded the answer.

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
    Answer, Cell, Chart, ChartKind, ChartSeries, Column, Coverage, Derived, DerivedOp, Estimate,
    EstimateKind, Fact, FactScope, Link, StaleSite, Table,
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
pub use source::{
    Basis, Check, Contribution, Deviation, Doubt, Expected, Explanation, Listed, Listing, Measured,
    Notice, OddKind, Oddity, Outlook, Pattern, Pool, PoolAdvice, PoolRefusal, Query, Source,
    SourceError, StepAhead, Suspect, SuspectPart, Threshold, Verdict, Wanted, Weakness,
};
pub use span::{Span, SpanError};
pub use vocabulary::{Alias, Named, Vocabulary};
