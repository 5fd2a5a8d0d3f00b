//! What words mean to the planner.

use bongsu_sdk_model::Metric;

use crate::{Agg, Cmp, Dimension, Target};

/// The meaning of a word or phrase.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Concept {
    /// A metric.
    Metric(Metric),
    /// Something that exists and can be counted, listed or grouped by.
    Noun(Noun),
    /// A word about time.
    Time(Time),
    /// Which figure of a window.
    Agg(Agg),
    /// A comparison with a number.
    Cmp(Cmp),
    /// A kind of client.
    Agent(&'static str),
    /// A hint at what is wanted.
    Cue(Cue),
    /// A verb that changes something.
    Verb(Verb),
    /// Index into the vocabulary's sites.
    Site(usize),
    /// Index into the vocabulary's applications.
    App(usize),
    /// Index into the known names of scopes.
    Alias(usize),
    /// Known and without weight.
    Filler,
}

/// Things.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Noun {
    Region,
    App,
    Server,
    Url,
    User,
    Session,
    Ip,
    Browser,
    Service,
    Hour,
    Weekday,
    Day,
    Version,
    Sql,
    ErrorKind,
    Transaction,
    Alert,
    Deployment,
    Action,
    ModelCall,
    Trace,
    Group,
    Pod,
    Status,
    System,
}

impl Noun {
    /// What figures are split by when split by this.
    pub(super) const fn dimension(self) -> Option<Dimension> {
        Some(match self {
            Self::Region => Dimension::Site,
            Self::App => Dimension::App,
            Self::Server | Self::Pod => Dimension::Instance,
            Self::Url => Dimension::Url,
            Self::User => Dimension::User,
            Self::Session => Dimension::Session,
            Self::Ip => Dimension::Ip,
            Self::Browser => Dimension::Browser,
            Self::Service => Dimension::Service,
            Self::Hour => Dimension::Hour,
            Self::Weekday => Dimension::Weekday,
            Self::Day => Dimension::Day,
            Self::Version => Dimension::Version,
            Self::Sql => Dimension::Sql,
            Self::ErrorKind => Dimension::Error,
            _ => return None,
        })
    }

    /// What a list of these is.
    pub(super) const fn target(self) -> Option<Target> {
        Some(match self {
            Self::User => Target::Users,
            Self::Session => Target::Sessions,
            Self::Transaction => Target::Transactions,
            Self::Url => Target::Urls,
            Self::Alert => Target::Alerts,
            Self::Deployment | Self::Version => Target::Deployments,
            Self::Action => Target::Actions,
            Self::ModelCall => Target::ModelCalls,
            _ => return None,
        })
    }

    /// The metric that counts these.
    pub(super) const fn counted(self) -> Option<Metric> {
        Some(match self {
            Self::User => Metric::UsersConcurrent,
            Self::Session => Metric::SessionsActive,
            Self::Transaction | Self::Url => Metric::Requests,
            Self::Alert => Metric::Alerts,
            Self::ErrorKind => Metric::ErrorsCount,
            _ => return None,
        })
    }
}

/// Words about time.
#[expect(
    clippy::enum_variant_names,
    reason = "the sameness of time, weekday and period are three words"
)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Time {
    Now,
    /// Whole days from today: 0 today, −1 yesterday.
    Day(i8),
    /// Whole weeks from this one.
    Week(i8),
    Month(i8),
    Quarter(i8),
    Year(i8),
    /// Rolling windows named without a number: last hour, past day.
    RollingHour,
    RollingDay,
    RollingWeek,
    RollingMonth,
    /// 1 Monday … 7 Sunday.
    Weekday(i8),
    Workdays,
    Weekend,
    /// Parts of a day, from and to hour.
    Am,
    Pm,
    /// Other parts of a day: from hour, to hour.
    Part(i8, i8),
    Noon,
    Midnight,
    LastNight,
    /// Saturday and Sunday, weeks from this one.
    WeekendOf(i8),
    /// First or second half of a year.
    HalfYear(i8),
    /// January is 1; English month names.
    MonthName(i8),
    SameTime,
    SameWeekday,
    SamePeriod,
    Recent,
    From,
    Until,
    Between,
    During,
    Within,
    Since,
    Before,
    Ago,
    Later,
    Next,
    Usual,
    Past,
    /// "the day before" relative to the window.
    PreviousDay,
    PreviousWeek,
    PreviousMonth,
    PreviousYear,
    /// "last" before a weekday or a number.
    Last,
}

/// Hints at what is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cue {
    Show,
    Find,
    List,
    Count,
    HowMuch,
    Which,
    Who,
    Where,
    When,
    What,
    Most,
    Top,
    Bottom,
    High,
    Low,
    Slow,
    Fast,
    Busy,
    Quiet,
    Used,
    Per,
    PerBefore,
    Step,

    Trend,
    Statistics,
    State,
    Chart,
    Table,
    Pdf,
    Xlsx,
    Markdown,
    Report,
    Weekly,
    Monthly,
    Compare,
    Versus,
    Change,
    SideBySide,
    Correlate,
    Why,
    Analyse,
    Trouble,
    WhatsUp,
    Anomaly,
    Surge,
    /// Different from everything around it.
    StandsOut,
    AtTime,
    Peak,
    Forecast,
    Probability,
    WillIt,
    Threshold,
    Sizing,
    Need,
    Journey,
    Stay,
    Located,
    Failed,
    Created,
    Destroyed,
    Duplicate,
    LongLived,
    Connected,
    Took,
    If,
    All,
    Deictic,
    Same,
    Follow,
    Approve,
    Deny,
    Undo,
    Proposal,
    Remember,
    Means,
    Model,
    Access,
    Forbidden,
    Develop,
    Outside,
    Injection,
    Only,
    /// Measured elsewhere, not here.
    Unmeasured,
}

/// Verbs that change something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verb {
    Kill,
    Block,
    Redirect,
    Limit,
    Grow,
    Shrink,
    Set,
    Rollback,
    Notify,
}
