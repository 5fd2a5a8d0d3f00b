//! What root-cause analysis finds: ranked causes with their facts, objections and checks, and no wording.
//!
//! Everything a sentence could say stands here as a number with its unit, window, baseline and source; the
//! reader's language is somebody else's.

use bongsu_sdk_model::{Timestamp, Window};

use super::{
    blame::Blame,
    case::{Dimension, Indicator, Kind, Work},
};

/// The answer to a case.
#[derive(Debug, Clone, PartialEq)]
pub struct Diagnosis {
    /// What can be said at all.
    pub verdict: Verdict,
    /// The symptom against its own past; none when it was not measured.
    pub symptom: Option<SeriesFact>,
    /// Candidates, most suspicious first; with [`Verdict::NothingStandsOut`] they are no more than the
    /// largest of the usual fluctuations.
    pub causes: Vec<Cause>,
    /// What the answer suffers from.
    pub caveats: Vec<Caveat>,
}

/// What can be said at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The symptom is within its usual range.
    NothingStandsOut,
    /// The symptom is real, and nothing measured accounts for it.
    Unexplained,
    /// The first cause accounts for the symptom.
    Explained,
    /// The symptom has no measurements in the incident, or nothing to hold them against.
    NotMeasured,
}

/// One candidate.
#[derive(Debug, Clone, PartialEq)]
pub struct Cause {
    /// Index into the case's components.
    pub component: usize,
    /// Its name.
    pub name: String,
    /// What it is.
    pub kind: Kind,
    /// How the score is made; its `score` is what the ranking goes by, and is not a probability.
    pub blame: Blame,
    /// Known patterns that its measurements show, most telling first.
    pub patterns: Vec<Pattern>,
    /// What speaks for it, strongest first.
    pub evidence: Vec<Evidence>,
    /// What speaks against it.
    pub against: Vec<Objection>,
    /// What would settle it.
    pub check: Check,
}

/// A fact that speaks for a cause.
#[derive(Debug, Clone, PartialEq)]
pub enum Evidence {
    /// A series left its usual range.
    Series(SeriesFact),
    /// One value of a dimension makes up most of what was added.
    Contribution(ContributionFact),
    /// Another version began to run.
    Release {
        /// When.
        at: Timestamp,
    },
}

/// A series against its own past.
#[derive(Debug, Clone, PartialEq)]
pub struct SeriesFact {
    /// Index into the case's components.
    pub component: usize,
    /// What was measured; its unit is [`Indicator::unit`].
    pub indicator: Indicator,
    /// The rows looked at.
    pub window: Window,
    /// Level in the bad rows.
    pub value: f64,
    /// Level it is held against.
    pub baseline: f64,
    /// How much of the baseline is well rows of the same window (1) or the normal period (0).
    pub baseline_inside: f64,
    /// Difference in spreads of its own noise; positive is worse.
    pub strength: f64,
    /// First row at least half way to the level.
    pub onset: Option<Timestamp>,
    /// Where the measurements come from.
    pub source: String,
}

/// One value of a dimension against the others.
#[derive(Debug, Clone, PartialEq)]
pub struct ContributionFact {
    /// The dimension.
    pub dimension: Dimension,
    /// The value.
    pub value: String,
    /// What was added.
    pub measure: Measure,
    /// Its part of what was added, 0–1.
    pub share: f64,
    /// Its work in the normal period, where known.
    pub normal: Option<Work>,
    /// Its work in the incident.
    pub incident: Work,
}

/// What a contribution is measured by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Measure {
    /// Requests or executions.
    Requests,
    /// Time spent.
    Time,
    /// Errors.
    Errors,
}

/// A fault that is known by its marks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pattern {
    /// The heap stays full after collection, or processes end for want of memory.
    HeapExhaustion,
    /// Much more time stopped for garbage collection.
    GarbageCollection,
    /// Worker threads are all busy.
    ThreadStarvation,
    /// The connection pool is empty.
    ConnectionStarvation,
    /// One statement takes longer.
    SlowSql,
    /// Many more statements a request.
    NPlusOne,
    /// Many more requests, from everywhere.
    TrafficSurge,
    /// Many more requests, most of the added ones from one client.
    Attack,
    /// Most of what was added is one user's.
    HotUser,
    /// It began with another version, or only the new version suffers.
    BadRelease,
    /// The way to the component became longer.
    NetworkDelay,
    /// A database or something outside does not answer as usual.
    DependencyFailure,
    /// CPU or memory of the machine is used up.
    HostSaturation,
    /// Many more sessions.
    SessionExplosion,
}

/// What speaks against a cause.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Objection {
    /// It deviates hardly more than its noise.
    WithinNoise {
        /// How far, in spreads.
        strength: f64,
    },
    /// Something it calls explains most of its change.
    ExplainedBy {
        /// Index of the callee that explains most.
        component: usize,
        /// What is left to the candidate, 0–1.
        own: f64,
    },
    /// Its change is too small for the symptom.
    SmallShare {
        /// How much of the symptom it could make up, 0–1.
        share: f64,
    },
    /// It began after the symptom.
    BeganLater,
    /// It is asked more because its callers are.
    LoadPassedDown,
    /// No known call leads to it from the symptom.
    OutOfReach,
    /// Errors for a symptom of time, or the other way round.
    OtherKind,
}

/// What would settle whether a candidate is the cause.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Check {
    /// Take a heap histogram and compare it with an hour ago.
    HeapHistogram,
    /// Read the garbage collector's log of the window.
    GcLog,
    /// Take thread dumps some seconds apart.
    ThreadDumps,
    /// See who holds connections and for how long.
    ConnectionHolders,
    /// Explain the statement, and look for locks.
    SqlPlan,
    /// Count statements of one slow trace.
    SqlOfOneTrace,
    /// Break the added requests down by client, URL and status.
    RequestsByClient,
    /// Look at what the user does, and ask them.
    UserActivity,
    /// Compare the versions side by side, or roll one instance back.
    CompareVersions,
    /// Measure the round trip from the caller.
    RoundTrip,
    /// Ask the dependency's own measurements or its operator.
    DependencyStatus,
    /// See which processes use the machine.
    Processes,
    /// See which URL and client create the sessions.
    SessionCreators,
    /// Read its error log of the window, and what was changed in its configuration.
    ErrorLog,
    /// Open slow traces of the window and see whether the time is spent in it.
    SlowTraces,
}

/// What an answer suffers from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Caveat {
    /// There is no normal period: noise is guessed from few rows.
    NoNormalPeriod,
    /// The normal period is of another level than the well rows of the incident.
    MovedLevel,
    /// Fewer than six rows in the incident.
    FewRows,
    /// No call of the symptom's component is known: reach says nothing.
    NoCalls,
    /// So many components have no measurements in the incident.
    Unmeasured(usize),
}
