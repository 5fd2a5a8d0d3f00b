//! Words for facts, in Korean and English.
//!
//! Every number written here comes from a fact, a window, a plan or the coverage, in a form that
//! [`crate::ungrounded`] can trace back. Sentences are short; each figure carries its mark `[f1]`.

mod ahead;
mod cause;
mod en;
mod josa;
mod ko;
mod label;
mod number;
mod odd;
mod time;
mod usual;

use bongsu_sdk_model::{IdentityMode, Metric};

pub(crate) use self::{
    ahead::{Crossing, Forecast},
    cause::{
        added_label, check_label, doubt_label, member_label, part_label, pattern_label,
        weakness_note,
    },
    josa::with,
    label::{baseline_label, metric_label, op_label, slot_label, split_title},
    number::{figure, size},
    odd::{Odd, odd_label},
    time::{day, interval, moments},
    usual::{Against, Week},
};
use crate::{
    BaselineKind, Coverage, Dimension, Fact, Lang, Op, PlanScope, Reason, Slot, Vocabulary,
};

/// One thing an answer says.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Sentence {
    /// A figure of a place.
    Figure { place: String, fact: Fact },
    /// Nothing was measured.
    NoData { place: String, metric: Metric },
    /// Nobody reported anything.
    NothingHeard,
    /// No group fulfils the conditions.
    NoneFulfils,
    /// Only the first groups were named.
    RestInTable,
    /// A figure against its baseline.
    Compared(Box<Compared>),
    /// A figure whose baseline has no data.
    NoBaseline {
        place: String,
        now: Fact,
        kind: BaselineKind,
    },
    /// A figure against what is usual.
    Usual(Box<Against>),
    /// Weekdays against weekends.
    Week(Box<Week>),
    /// No whole weekday, or no whole day of a weekend.
    NoWholeDays,
    /// A figure that is to come.
    Forecast(Box<Forecast>),
    /// The past does not carry a forecast.
    TooLittleHistory { place: String, metric: Metric },
    /// Something stood out.
    Odd(Box<Odd>),
    /// Nothing did.
    NothingOdd { place: String, metrics: Vec<Metric> },
    /// Too little is known to say what is odd.
    TooLittleToCompare,
    /// The two sides tell users apart in different ways.
    ModesDiffer { place: String, metric: Metric },
    /// The first of a ranking.
    Best {
        place: String,
        fact: Fact,
        dimension: Option<Dimension>,
        desc: bool,
    },
    /// Who follows.
    Next(Vec<(String, Fact)>),
    /// The mean over all members.
    Mean(Fact),
    /// The highest or lowest interval.
    Extreme {
        place: String,
        fact: Fact,
        highest: bool,
    },
    /// More must be known.
    Clarify(Vec<Slot>),
    /// Will not be done.
    Refuse(Reason),
    /// Understood, but not available.
    Unsupported { op: Op, part: Option<String> },
    /// The source does not hold it.
    NotHeld(String),
    /// The source failed.
    Failed,
    /// Worded already, in the answer's language.
    Words(String),
}

/// A figure with its mark.
pub(crate) fn marked(fact: &Fact, lang: Lang) -> String {
    match lang {
        Lang::Ko => ko::marked(fact),
        Lang::En => en::marked(fact),
    }
}

/// The metric with which figure of the window it is.
pub(crate) fn named(fact: &Fact, lang: Lang) -> String {
    match lang {
        Lang::Ko => ko::named(fact),
        Lang::En => en::named(fact),
    }
}

/// A figure against its baseline.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Compared {
    pub(crate) place: String,
    pub(crate) now: Fact,
    pub(crate) base: Fact,
    pub(crate) difference: Fact,
    pub(crate) change: Option<Fact>,
    pub(crate) kind: BaselineKind,
    /// The two may be equal within their errors.
    pub(crate) within_error: bool,
}

/// The sentences as one text.
pub(crate) fn render(sentences: &[Sentence], lang: Lang) -> String {
    let say = match lang {
        Lang::Ko => ko::say,
        Lang::En => en::say,
    };
    sentences.iter().map(say).collect::<Vec<_>>().join(" ")
}

/// What a scope is called.
pub(crate) fn place(scope: &PlanScope, vocabulary: &Vocabulary, lang: Lang) -> String {
    let sites: Vec<&str> = scope
        .sites
        .iter()
        .map(|id| vocabulary.site_label(id, lang))
        .collect();
    let apps: Vec<&str> = scope
        .apps
        .iter()
        .map(|id| vocabulary.app_label(id, lang))
        .collect();
    let urls: Vec<&str> = scope
        .urls
        .iter()
        .map(bongsu_sdk_model::UrlTemplate::as_str)
        .collect();
    let instances: Vec<&str> = scope
        .instances
        .iter()
        .map(bongsu_sdk_model::InstanceId::as_str)
        .collect();
    let joined: Vec<String> = [sites, apps, urls, instances]
        .iter()
        .filter(|names| !names.is_empty())
        .map(|names| names.join(lang.pick("·", ", ")))
        .collect();
    if joined.is_empty() {
        lang.pick("전체", "All sites").to_owned()
    } else {
        joined.join(" ")
    }
}

/// Which sites are silent, if any.
pub(crate) fn stale(coverage: &Coverage, vocabulary: &Vocabulary, lang: Lang) -> Option<String> {
    if coverage.heard >= coverage.expected && coverage.stale.is_empty() {
        return None;
    }
    let names: Vec<&str> = coverage
        .stale
        .iter()
        .take(20)
        .map(|stale| vocabulary.site_label(&stale.site, lang))
        .collect();
    let (heard, expected, names) = (coverage.heard, coverage.expected, names.join(", "));
    Some(match (lang, names.is_empty()) {
        (Lang::Ko, true) => format!("{expected}곳 중 {heard}곳의 자료입니다."),
        (Lang::Ko, false) => {
            format!("{expected}곳 중 {heard}곳의 자료입니다. 소식이 없는 곳: {names}.")
        }
        (Lang::En, true) => format!("Data of {heard} of {expected} sites."),
        (Lang::En, false) => format!("Data of {heard} of {expected} sites. Silent: {names}."),
    })
}

/// An assumption as a caveat.
pub(crate) fn assumed(what: &str, lang: Lang) -> String {
    lang.pick(format!("가정: {what}"), format!("Assumed: {what}"))
}

/// How users were told apart, in both languages.
pub(crate) const fn mode_note(mode: IdentityMode) -> (&'static str, &'static str) {
    match mode {
        IdentityMode::Cookie => (
            "사용자는 쿠키로 구분했습니다. 쿠키가 없는 접속은 빠집니다.",
            "Users are told apart by cookie; clients without cookies are missed.",
        ),
        IdentityMode::Session => (
            "사용자는 세션으로 구분했습니다. 만료 후 다시 오면 두 번 셉니다.",
            "Users are told apart by session; a person is counted again after it expires.",
        ),
        IdentityMode::Ip => (
            "사용자는 IP로 구분했습니다. NAT 뒤의 사용자는 적게 셉니다.",
            "Users are told apart by address; those behind NAT are under-counted.",
        ),
    }
}
