//! What a source found when it looked for a cause: a symptom, candidates, and what speaks for and against them.
//!
//! Scopes and windows, not figures, wherever a figure can be measured: the executor measures each of them again,
//! so that a number in an explanation is the number a plain question would give.

use std::time::Duration;

use bongsu_sdk_model::{Metric, Severity, SiteId, Timestamp, Window};

use super::Query;
use crate::Dimension;

/// What was found in a window and scope.
#[derive(Debug, Clone, PartialEq)]
pub struct Explanation {
    /// What can be said at all.
    pub verdict: Verdict,
    /// The figure that left its usual range most; none when none did.
    pub symptom: Option<Deviation>,
    /// Other places or figures that left theirs at the same time, strongest first.
    pub also: Vec<Deviation>,
    /// Candidates, most suspicious first.
    pub suspects: Vec<Suspect>,
    /// Days of the past the window was held against.
    pub days: u32,
    /// Width of the rows looked at.
    pub step: Duration,
    /// What the explanation suffers from.
    pub weaknesses: Vec<Weakness>,
}

/// What can be said at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Every figure is within its usual range.
    NothingStandsOut,
    /// The symptom is real, and nothing measured accounts for it.
    Unexplained,
    /// The first candidate accounts for the symptom.
    Explained,
    /// There is nothing to hold the window against, or nothing was heard.
    NotMeasured,
}

/// A figure out of its usual range.
#[derive(Debug, Clone, PartialEq)]
pub struct Deviation {
    /// The figure, its scope, and the interval in which it was out.
    pub query: Query,
    /// What it usually is then, in the metric's unit.
    pub usual: f64,
    /// How far out, in spreads of its own noise.
    pub strength: f64,
}

/// One candidate.
#[derive(Debug, Clone, PartialEq)]
pub struct Suspect {
    /// The scope it belongs to; its metric and window are the symptom's.
    pub query: Query,
    /// Which part of that scope.
    pub part: SuspectPart,
    /// What the ranking goes by; not a probability.
    pub score: f64,
    /// Known patterns its figures show, most telling first.
    pub patterns: Vec<Pattern>,
    /// Figures that speak for it, strongest first.
    pub evidence: Vec<Deviation>,
    /// Members that make up most of what was added.
    pub contributions: Vec<Contribution>,
    /// What speaks against it.
    pub doubts: Vec<Doubt>,
    /// What would settle it.
    pub check: Check,
}

/// Which part of a scope a candidate is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SuspectPart {
    /// The whole site.
    Site,
    /// The application itself.
    App,
    /// The databases the application asks.
    Database,
    /// What the application calls elsewhere.
    External,
}

/// A member of a dimension that makes up most of what was added.
#[derive(Debug, Clone, PartialEq)]
pub struct Contribution {
    /// Which dimension.
    pub dimension: Dimension,
    /// The member.
    pub member: String,
    /// What was added: requests, time or errors, told by their metric.
    pub metric: Metric,
    /// Its part of what was added, per cent.
    pub share_pct: f64,
}

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$item:meta])* $variant:ident,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum $name { $($(#[$item])* $variant,)* }
    };
}

words! {
    /// A fault that is known by its marks.
    Pattern {
        /// The heap stays full after collection.
        HeapExhaustion,
        /// Much more time stopped for garbage collection.
        GarbageCollection,
        /// Worker threads are all busy.
        ThreadStarvation,
        /// The connection pool is empty.
        ConnectionStarvation,
        /// Statements take longer.
        SlowSql,
        /// Many more statements a request.
        NPlusOne,
        /// Many more requests, from everywhere.
        TrafficSurge,
        /// Many more requests, most from one client.
        Attack,
        /// Most of what was added is one user's.
        HotUser,
        /// It began with another version.
        BadRelease,
        /// The way became longer.
        NetworkDelay,
        /// A database or something outside does not answer as usual.
        DependencyFailure,
        /// CPU or memory of the machine is used up.
        HostSaturation,
        /// Many more sessions.
        SessionExplosion,
    }
}

words! {
    /// What speaks against a candidate.
    Doubt {
        /// It deviates hardly more than its noise.
        WithinNoise,
        /// Something it calls explains most of its change.
        ExplainedByCallee,
        /// Its change is too small for the symptom.
        SmallShare,
        /// It began after the symptom.
        BeganLater,
        /// It is asked more because its callers are.
        LoadPassedDown,
        /// No known call leads to it from the symptom.
        OutOfReach,
        /// Errors for a symptom of time, or the other way round.
        OtherKind,
    }
}

words! {
    /// What would settle whether a candidate is the cause.
    Check {
        /// Take a heap histogram and compare it with an hour ago.
        HeapHistogram,
        /// Read the garbage collector's log.
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
        /// Look at what the user does.
        UserActivity,
        /// Compare the versions side by side.
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
        /// Open slow traces of the window and see where the time is spent.
        SlowTraces,
    }
}

words! {
    /// What an explanation suffers from.
    Weakness {
        /// There is no earlier day to hold the window against.
        NoPast,
        /// The days before are at another level than the well part of the window.
        MovedLevel,
        /// The window has few rows.
        FewRows,
    }
}

/// What a detector said, as a source keeps it.
#[derive(Debug, Clone, PartialEq)]
pub struct Notice {
    /// At which site.
    pub site: SiteId,
    /// When it ended.
    pub at: Timestamp,
    /// The interval it is about.
    pub window: Window,
    /// How much it matters.
    pub severity: Severity,
    /// Its kind, a stable word such as `login-brute-force`.
    pub kind: String,
    /// Whom or what it is about, as a token.
    pub subject: String,
    /// The detector's own sentence.
    pub summary: String,
}
