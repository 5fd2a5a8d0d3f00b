//! Which operation a question asks for: an ordered table of rules over what was found in it.

mod mood;

use bongsu_sdk_model::Metric;

use super::{
    concept::{Concept, Cue, Noun, Time},
    condition::Limit,
    place::Places,
    reading::Reading,
    token::Kind,
    when::When,
};
use crate::{BaselineKind, Dimension, Op, PlanWindow};

/// Everything found in a question that decides what it asks.
pub(super) struct Found<'a, 'r> {
    pub(super) reading: &'a Reading<'r>,
    pub(super) places: &'a Places,
    pub(super) limits: &'a [Limit],
    /// All metrics, and those that no number restricts.
    pub(super) metrics: Vec<Metric>,
    pub(super) free_metrics: Vec<Metric>,
    pub(super) split: Vec<Dimension>,
    pub(super) ranked: Option<Dimension>,
    pub(super) stepped: bool,
    /// A word restricts the rows: a status, a method, a kind of client.
    pub(super) filtered: bool,
    /// Time read as one expression, and as the sides of a comparison.
    pub(super) plain: When,
    pub(super) sides: When,
}

/// What to do with a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Decision {
    Do(Op),
    /// Peak, then why.
    PeakWhy,
    /// Places, servers or anything else beside each other.
    ValueBeside,
    /// The groups whose figures fulfil a condition.
    ValueWhere,
    CompareWithWhat,
    NotUnderstood,
}

type Rule = (Decision, fn(&Found<'_, '_>) -> bool);

/// The first rule that holds decides.
const RULES: &[Rule] = &[
    (Decision::Do(Op::Trace), |f| {
        !f.places.scope.traces.is_empty()
            || (f.has(Cue::Journey)
                && (!f.places.scope.users.is_empty() || f.noun(Noun::Transaction)))
    }),
    (Decision::Do(Op::Report), |f| f.has(Cue::Report)),
    (Decision::Do(Op::Sizing), |f| f.sizing()),
    (Decision::Do(Op::Forecast), |f| f.forecast()),
    (Decision::Do(Op::Correlate), |f| {
        f.any(&[Cue::SideBySide, Cue::Correlate]) && f.metrics.len() >= 2 && !f.has(Cue::Why)
    }),
    (Decision::PeakWhy, |f| f.has(Cue::Peak) && f.has(Cue::Why)),
    (Decision::PeakWhy, |f| {
        f.has(Cue::Surge) && f.at_time() && f.asks_who_or_what() && !f.has(Cue::Why)
    }),
    (Decision::Do(Op::Explain), |f| {
        f.any(&[Cue::Why, Cue::WhatsUp]) && !f.list_cause()
    }),
    (Decision::Do(Op::Anomalies), |f| f.stands_out()),
    (Decision::Do(Op::Correlate), |f| {
        f.has(Cue::Surge) && f.metrics.len() >= 2
    }),
    (Decision::Do(Op::Compare), |f| f.compares()),
    (Decision::Do(Op::Peak), |f| f.peak()),
    (Decision::ValueBeside, |f| {
        f.comparison_word() && (f.places.scope.sites.len() >= 2 || f.places.scope.apps.len() >= 2)
    }),
    (Decision::Do(Op::Correlate), |f| {
        f.has(Cue::Compare) && f.metrics.len() >= 2
    }),
    (Decision::Do(Op::List), |f| {
        f.who_did_what() || f.long_connected()
    }),
    (Decision::Do(Op::Top), |f| f.ranks()),
    (Decision::ValueBeside, |f| {
        f.has(Cue::Compare) && !f.metrics.is_empty() && f.ranked.is_some()
    }),
    (Decision::ValueBeside, |f| {
        f.comparison_word() && f.places.scope.instances.len() >= 2
    }),
    (Decision::CompareWithWhat, |f| {
        f.has(Cue::Compare) && f.split.is_empty()
    }),
    (Decision::Do(Op::Locate), |f| {
        f.any(&[Cue::Located, Cue::Stay, Cue::Where])
            && (!f.places.scope.users.is_empty() || !f.places.scope.sessions.is_empty())
    }),
    (Decision::ValueWhere, |f| f.threshold_group()),
    (Decision::Do(Op::Explain), |f| {
        f.any(&[Cue::Trouble, Cue::Analyse]) && f.has(Cue::Analyse) && !f.has(Cue::List)
    }),
    (Decision::Do(Op::List), |f| f.lists()),
    (Decision::Do(Op::Value), |f| {
        f.has(Cue::Trouble) && f.any(&[Cue::Count, Cue::HowMuch]) && !f.metrics.is_empty()
    }),
    (Decision::Do(Op::Explain), |f| f.complains()),
    (Decision::Do(Op::Series), |f| f.series()),
    (Decision::Do(Op::Value), |f| {
        !f.metrics.is_empty()
            || super::metric::counted(f.reading, f.plain.window).is_some()
            || (!f.split.is_empty() && super::metric::of_thing(f.reading).is_some())
    }),
    (Decision::Do(Op::Value), |f| {
        f.has(Cue::State)
            && (f.named_place()
                || f.any_noun(&[
                    Noun::Session,
                    Noun::Server,
                    Noun::System,
                    Noun::App,
                    Noun::Service,
                    Noun::Region,
                ]))
    }),
    (Decision::Do(Op::Explain), |f| {
        f.any(&[Cue::Trouble, Cue::Anomaly])
    }),
    // "평소와 다른 게 있나": nothing is named, so everything is meant.
    (Decision::Do(Op::Anomalies), |f| {
        f.reading.time(Time::Usual) && f.metrics.is_empty()
    }),
];

impl Found<'_, '_> {
    /// Applies the table.
    pub(super) fn decide(&self) -> Decision {
        RULES
            .iter()
            .find(|(_, holds)| holds(self))
            .map_or(Decision::NotUnderstood, |(decision, _)| *decision)
    }

    fn has(&self, cue: Cue) -> bool {
        self.reading.has(cue)
    }

    fn any(&self, cues: &[Cue]) -> bool {
        self.reading.any(cues)
    }

    fn noun(&self, noun: Noun) -> bool {
        self.reading.noun(noun)
    }

    fn any_noun(&self, nouns: &[Noun]) -> bool {
        self.reading.any_noun(nouns)
    }

    fn named_place(&self) -> bool {
        !self.places.scope.is_empty()
    }

    fn ranged(&self) -> bool {
        matches!(self.plain.window, Some(PlanWindow::Range { .. }))
    }

    fn sizing(&self) -> bool {
        let machines = self.any_noun(&[Noun::Server, Noun::Pod])
            || self.reading.tokens.iter().any(|t| {
                t.quantity()
                    .is_some_and(|q| q.unit == super::token::Unit::Machine)
            });
        self.has(Cue::Sizing)
            || (self.has(Cue::Need) && machines && !self.any(&[Cue::List, Cue::Trend]))
    }

    fn forecast(&self) -> bool {
        let ahead = self.plain.horizon.is_some();
        let crossing = self.has(Cue::Threshold) || !self.limits.is_empty();
        self.has(Cue::Probability)
            || (self.has(Cue::Forecast) && !self.metrics.is_empty())
            || (self.has(Cue::WillIt) && !self.metrics.is_empty() && (ahead || crossing))
            || (ahead && !self.metrics.is_empty())
    }

    fn at_time(&self) -> bool {
        self.any(&[Cue::AtTime, Cue::Peak]) || self.noun(Noun::Hour)
    }

    fn asks_who_or_what(&self) -> bool {
        self.any(&[Cue::Which, Cue::Who, Cue::List, Cue::What])
            || self.any_noun(&[Noun::Url, Noun::User, Noun::Transaction])
    }

    /// "원인 목록", "error causes list" would be rows; nothing of the kind exists.
    fn list_cause(&self) -> bool {
        self.any(&[Cue::Report])
    }

    fn comparison_word(&self) -> bool {
        self.any(&[Cue::Compare, Cue::Versus, Cue::SideBySide])
            || self.reading.text.low.contains("between")
    }

    /// A comparison word, or one that needs a number and has none: "higher than usual".
    fn compares(&self) -> bool {
        let Some(baseline) = self.sides.baseline else {
            return false;
        };
        let unbound = self
            .reading
            .tokens
            .iter()
            .filter(|t| matches!(t.concept(), Some(Concept::Cmp(_))))
            .count()
            > self.limits.len();
        let usual = self.reading.time(Time::Usual);
        let explicit = self.any(&[Cue::Compare, Cue::Versus]) || unbound || usual;
        // "has it changed" compares only with something that is named as the other side.
        let changed = self.has(Cue::Change) && !matches!(baseline.kind, BaselineKind::Range);
        let subject = !self.metrics.is_empty()
            || self.any(&[Cue::Trouble, Cue::Trend, Cue::State, Cue::Compare])
            || super::metric::implied(self.reading).is_some();
        (explicit || changed) && subject
    }

    fn superlative(&self) -> bool {
        self.any(&[Cue::Most, Cue::High, Cue::Low, Cue::Top, Cue::Bottom])
    }

    fn peak(&self) -> bool {
        let when = self.has(Cue::When)
            || (self.noun(Noun::Hour) && !self.split.contains(&Dimension::Hour));
        let maximum = self.superlative()
            || self
                .reading
                .tokens
                .iter()
                .any(|t| t.concept() == Some(Concept::Agg(crate::Agg::Max)));
        self.has(Cue::Peak)
            || (when && maximum && !self.metrics.is_empty())
            || (when && self.has(Cue::Busy))
    }

    fn ranks(&self) -> bool {
        let Some(dimension) = self.ranked else {
            return false;
        };
        let slow = self.any(&[Cue::Slow, Cue::Busy, Cue::Fast, Cue::Quiet]);
        if self.has(Cue::LongLived) {
            return false;
        }
        let best = self.superlative()
            || self.has(Cue::Quiet)
            || (self.has(Cue::Used)
                && super::metric::implied(self.reading) == Some(Metric::Requests))
            || self.reading.tokens.iter().any(|t| {
                self.reading
                    .text
                    .low
                    .get(t.at..t.end)
                    .is_some_and(|word| word.ends_with("est"))
            })
            || self.reading.tokens.iter().any(|t| {
                matches!(
                    t.concept(),
                    Some(Concept::Agg(crate::Agg::Max | crate::Agg::Min))
                )
            });
        let measured =
            !self.metrics.is_empty() || slow || super::metric::implied(self.reading).is_some();
        // "Which users made the most requests": the count is in the noun.
        let counts = self.any_noun(&[
            Noun::Transaction,
            Noun::Alert,
            Noun::ErrorKind,
            Noun::Session,
            Noun::User,
        ]);
        let surged = self.has(Cue::Surge) && !self.at_time() && !self.metrics.is_empty();
        let complaint = slow
            && !best
            && matches!(dimension, Dimension::Site | Dimension::App)
            && !self.any(&[Cue::Which, Cue::Where, Cue::Show]);
        ((best && (measured || counts)) || (slow && measured && !complaint) || surged)
            && self.split.len() <= 1
    }

    /// "서버 중 메모리 80% 이상인 곳": groups that fulfil a condition on a metric.
    fn threshold_group(&self) -> bool {
        let bound = self.limits.iter().any(|limit| limit.metric.is_some());
        let rows = self.any_noun(&[Noun::Transaction, Noun::Session]);
        bound
            && !rows
            && (self
                .ranked
                .is_some_and(|d| !matches!(d, Dimension::User | Dimension::Session))
                || !self.split.is_empty())
    }

    /// "어떤 사용자가 어떤 기능에서 …": rows, unless the most of something is asked for.
    fn who_did_what(&self) -> bool {
        let asked = self
            .reading
            .tokens
            .iter()
            .filter(|t| matches!(t.cue(), Some(Cue::Which | Cue::Who)));
        asked.count() >= 2 && !self.any(&[Cue::Most, Cue::Top])
    }

    /// "장시간 접속자 누구야": those connected are named by the word that else is their number.
    fn long_connected(&self) -> bool {
        let people = self
            .metrics
            .iter()
            .all(|metric| matches!(metric, Metric::UsersConcurrent | Metric::SessionsActive));
        self.has(Cue::LongLived)
            && !self.metrics.is_empty()
            && people
            && !self.any(&[Cue::Count, Cue::HowMuch, Cue::Trend])
    }

    fn lists(&self) -> bool {
        let which = self
            .reading
            .tokens
            .iter()
            .filter(|t| matches!(t.cue(), Some(Cue::Which | Cue::Who | Cue::When | Cue::What)))
            .count();
        let target = super::list::target(self);
        let bare_condition =
            !self.limits.is_empty() && self.free_metrics.is_empty() && self.split.is_empty();
        let counting = self.any(&[Cue::Count, Cue::HowMuch]);
        let failed_rows =
            self.noun(Noun::Transaction) && self.free_metrics == [Metric::ErrorsCount];
        (which >= 2
            && (!counting || which >= 3)
            && (target.is_some() || self.free_metrics.is_empty()))
            || (target.is_some() && self.listed())
            || (target.is_some()
                && self.free_metrics.is_empty()
                && !counting
                && self.split.is_empty()
                && self.ends_in_rows())
            || (target.is_some()
                && (self.free_metrics.is_empty() || failed_rows)
                && !counting
                && self.split.is_empty()
                && self.list_verb())
            || (bare_condition && !counting)
            || (target.is_some()
                && self.filtered
                && self.free_metrics.is_empty()
                && !counting
                && self.split.is_empty())
            || (self.filtered && self.listed())
            || (self.has(Cue::Who) && !self.places.scope.urls.is_empty())
    }

    /// A list word, alone or as the end of a thing's name: "차단 이력".
    fn listed(&self) -> bool {
        self.has(Cue::List)
            || self.reading.tokens.iter().any(|token| {
                let word = self
                    .reading
                    .text
                    .low
                    .get(token.at..token.end)
                    .unwrap_or_default();
                token.noun().is_some()
                    && ["이력", "내역", "history"]
                        .iter()
                        .any(|end| word.ends_with(end))
            })
    }

    /// Whether the question is a noun with what describes it: "현재 접속 중인 모바일 사용자".
    fn ends_in_rows(&self) -> bool {
        let last = self
            .reading
            .tokens
            .iter()
            .rev()
            .find(|token| !matches!(token.kind, Kind::Word(Concept::Filler) | Kind::Stop));
        let row = last
            .and_then(super::token::Token::noun)
            .and_then(Noun::target)
            .is_some();
        row && (self.reading.tokens.len() >= 2)
            && (self.any(&[Cue::Connected, Cue::Failed, Cue::Slow, Cue::LongLived])
                || self.plain.window.is_some())
    }

    /// Whether the question names anything that is observed here.
    pub(super) fn about_us(&self) -> bool {
        !self.metrics.is_empty()
            || self.reading.nouns().any(|(_, noun)| {
                !matches!(noun, Noun::Day | Noun::Weekday | Noun::Hour | Noun::Group)
            })
            || !self.places.scope.apps.is_empty()
            || self.places.scope.names_subjects()
            || !self.places.scope.urls.is_empty()
            || self
                .reading
                .tokens
                .iter()
                .any(|t| matches!(t.kind, Kind::Word(Concept::Verb(_))))
    }
}
