//! What a question wants to be changed. Everything here ends as a proposal, a question back or a refusal.

mod command;

use bongsu_sdk_model::{AppId, Metric};

use super::{
    concept::{Cue, Noun, Verb},
    condition::{self, Limit},
    place::Places,
    reading::Reading,
    token::{Quantity, Unit, whole},
};
use crate::{Action, Cmp, Condition, Field, Number, Slot, Trigger};

/// What became of a wish for action.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Wish {
    /// Well described.
    Propose(Action),
    /// Something must be known first.
    Missing(Vec<Slot>),
    /// Would hit nearly everything.
    TooBroad,
    /// Not one of the actions there are.
    NotAllowed,
    /// Asks and acts.
    Mixed,
}

/// What an action is made of.
struct Parts<'a, 'r> {
    reading: &'a Reading<'r>,
    places: &'a Places,
    limits: &'a [Limit],
    conditions: &'a [Condition],
    claimed: &'a [bool],
}

/// The wish for action, if the question is one.
pub(super) fn read(
    reading: &Reading<'_>,
    places: &Places,
    limits: &[Limit],
    conditions: &[Condition],
    claimed: &[bool],
) -> Option<Wish> {
    let verb = command::verb(reading, limits)?;
    let parts = Parts {
        reading,
        places,
        limits,
        conditions,
        claimed,
    };
    // "알려줘" belongs to an alert, not to a query.
    let asks = verb != Verb::Notify
        && reading.any(&[Cue::Show, Cue::Find, Cue::List])
        && query_stands_apart(reading);
    if asks {
        return Some(Wish::Mixed);
    }
    Some(match verb {
        Verb::Kill => parts.kill(),
        Verb::Block => parts.block(),
        Verb::Redirect => parts.redirect(),
        Verb::Limit => parts.limit(),
        Verb::Grow | Verb::Shrink | Verb::Set => parts.scale(verb),
        Verb::Rollback => parts.rollback(),
        Verb::Notify => parts.alert(),
    })
}

/// Whether what is asked is more than an opener of the action ("check and block").
fn query_stands_apart(reading: &Reading<'_>) -> bool {
    !reading
        .tokens
        .iter()
        .enumerate()
        .filter(|(_, t)| matches!(t.cue(), Some(Cue::Show | Cue::Find | Cue::List)))
        .all(|(k, _)| {
            // "목록" right before a verb of action names its target.
            reading.get(k + 1).is_some_and(|next| next.verb().is_some())
                && reading.get(k).is_some_and(|t| t.cue() == Some(Cue::List))
        })
}

/// Kinds of things an action can be about.
#[derive(PartialEq, Eq)]
enum Thing {
    User,
    Session,
    Url,
    Address,
}

impl Parts<'_, '_> {
    fn user(&self) -> Option<String> {
        self.places.scope.users.first().cloned()
    }

    fn url(&self) -> Option<String> {
        self.places
            .scope
            .urls
            .first()
            .map(|url| url.as_str().to_owned())
    }

    fn app(&self) -> Option<AppId> {
        self.places.scope.apps.first().cloned()
    }

    fn all(&self, nouns: &[Noun]) -> bool {
        self.reading.has(Cue::All)
            && (self.reading.any_noun(nouns) || !self.reading.nouns().any(|_| true))
    }

    /// For how long: a length of time that nothing else claimed.
    fn duration_s(&self) -> Option<u64> {
        let free = |k: &usize| !self.claimed.get(*k).copied().unwrap_or(false);
        let lengths = self
            .reading
            .tokens
            .iter()
            .enumerate()
            .filter_map(|(k, token)| Some((k, token.quantity()?)));
        lengths
            .filter(|(k, quantity)| free(k) && quantity.is_time() && quantity.unit != Unit::Ms)
            .find_map(|(_, quantity)| quantity.whole_seconds())
            .or_else(|| {
                self.reading
                    .time(super::concept::Time::RollingDay)
                    .then_some(86_400)
            })
            .or_else(|| {
                self.reading
                    .time(super::concept::Time::RollingWeek)
                    .then_some(604_800)
            })
            .or_else(|| {
                self.reading
                    .time(super::concept::Time::RollingHour)
                    .then_some(3_600)
            })
    }

    /// What is missing when a thing is not named: what was pointed at, else the thing itself.
    fn missing(&self, slot: Slot) -> Wish {
        let mut slots: Vec<Slot> = self
            .places
            .missing
            .iter()
            .copied()
            .map(|s| if s == Slot::Session { Slot::User } else { s })
            .collect();
        slots.retain(|pointed| {
            matches!(
                (slot, *pointed),
                (Slot::User, Slot::User | Slot::Url)
                    | (Slot::Url, Slot::Url)
                    | (Slot::Cidr, Slot::Cidr)
                    | (Slot::App, Slot::App)
            )
        });
        if slots.is_empty() {
            slots.push(slot);
        }
        Wish::Missing(slots)
    }

    fn kill(&self) -> Wish {
        let scope = &self.places.scope;
        if scope.users.is_empty()
            && scope.sessions.is_empty()
            && self.reading.any_noun(&[
                Noun::Server,
                Noun::Pod,
                Noun::App,
                Noun::Service,
                Noun::System,
            ])
            && !self.reading.any_noun(&[Noun::User, Noun::Session])
        {
            return Wish::NotAllowed;
        }
        if let Some(session) = scope.sessions.first().cloned() {
            return Wish::Propose(Action::SessionKill {
                user: None,
                session: Some(session),
                conditions: Vec::new(),
            });
        }
        if let Some(user) = self.user() {
            return Wish::Propose(Action::SessionKill {
                user: Some(user),
                session: None,
                conditions: Vec::new(),
            });
        }
        let mut conditions: Vec<Condition> = self
            .limits
            .iter()
            .filter_map(|limit| limit.condition(self.reading, true))
            .collect();
        conditions.extend(
            self.conditions
                .iter()
                .filter(|c| c.field != Field::Service)
                .cloned(),
        );
        if !conditions.is_empty() {
            return Wish::Propose(Action::SessionKill {
                user: None,
                session: None,
                conditions,
            });
        }
        if self.all(&[Noun::User, Noun::Session]) {
            return Wish::TooBroad;
        }
        self.missing(Slot::User)
    }

    /// What is to be blocked, by what is named and what is only mentioned.
    fn thing(&self) -> Thing {
        let scope = &self.places.scope;
        if !scope.users.is_empty() {
            return Thing::User;
        }
        if !scope.ips.is_empty() || self.places.bad_address {
            return Thing::Address;
        }
        if !scope.sessions.is_empty() {
            return Thing::Session;
        }
        if !scope.urls.is_empty() {
            return Thing::Url;
        }
        if self.places.missing.contains(&Slot::User)
            || (self.reading.noun(Noun::User) && !self.reading.any_noun(&[Noun::Ip, Noun::Url]))
        {
            return Thing::User;
        }
        if self.reading.noun(Noun::Ip) {
            Thing::Address
        } else {
            Thing::Url
        }
    }

    fn block(&self) -> Wish {
        let duration_s = self.duration_s();
        match self.thing() {
            Thing::Address => match self.places.scope.ips.first() {
                Some(ip) if too_wide(ip) => Wish::TooBroad,
                Some(ip) => Wish::Propose(Action::IpBlock {
                    cidr: cidr(ip),
                    duration_s,
                }),
                None => Wish::Missing(vec![Slot::Cidr]).or_broad(self.all(&[Noun::Ip])),
            },
            Thing::User => match self.user() {
                Some(user) => Wish::Propose(Action::UserDeny {
                    user,
                    url: self.url(),
                    duration_s,
                }),
                None if self.url().is_some() && !self.conditions.is_empty() => {
                    self.block_url(duration_s)
                }
                None => self.missing(Slot::User).or_broad(self.all(&[Noun::User])),
            },
            Thing::Session => self.kill(),
            Thing::Url => self.block_url(duration_s),
        }
    }

    fn block_url(&self, duration_s: Option<u64>) -> Wish {
        match self.url() {
            Some(url) if everything(&url) => Wish::TooBroad,
            Some(url) => {
                let user_agent = self
                    .conditions
                    .iter()
                    .find_map(|c| match (&c.field, &c.value) {
                        (Field::UserAgent, crate::Value::Text(agent)) => Some(agent.clone()),
                        _ => None,
                    });
                Wish::Propose(Action::UrlBlock {
                    url,
                    user_agent,
                    duration_s,
                })
            }
            None if self.all(&[
                Noun::Url,
                Noun::Transaction,
                Noun::System,
                Noun::App,
                Noun::Service,
                Noun::Region,
                Noun::Ip,
            ]) =>
            {
                Wish::TooBroad
            }
            None => self.missing(Slot::Url),
        }
    }

    fn redirect(&self) -> Wish {
        let urls: Vec<String> = self
            .places
            .scope
            .urls
            .iter()
            .map(|url| url.as_str().to_owned())
            .collect();
        match urls.as_slice() {
            [url, ..] if everything(url) => Wish::TooBroad,
            [url, to, ..] => Wish::Propose(Action::UrlRedirect {
                url: url.clone(),
                to: to.clone(),
                duration_s: self.duration_s(),
            }),
            [_] => Wish::Missing(vec![Slot::To]),
            [] => self.missing(Slot::Url).or_broad(self.all(&[
                Noun::Url,
                Noun::Transaction,
                Noun::User,
            ])),
        }
    }

    fn limit(&self) -> Wish {
        let Some(url) = self.url() else {
            return self.missing(Slot::Url).or_broad(
                self.all(&[Noun::Url, Noun::Transaction])
                    && !self.places.missing.contains(&Slot::Url),
            );
        };
        if everything(&url) {
            return Wish::TooBroad;
        }
        let quantities = || {
            self.reading
                .tokens
                .iter()
                .filter_map(super::token::Token::quantity)
        };
        let low = &self.reading.text.low;
        let per = if low.contains("분당") || low.contains("per minute") || low.contains("a minute")
        {
            Some(60.0)
        } else {
            None
        };
        let rated = low.contains("초당")
            || low.contains("per second")
            || low.contains("a second")
            || low.contains("tps")
            || low.contains("rps")
            || per.is_some();
        let rate = quantities().find(|q| {
            matches!(q.unit, Unit::PerSecond)
                || (rated && matches!(q.unit, Unit::Piece | Unit::None | Unit::Times))
        });
        if let Some(rps) = rate.and_then(|q| Number::new(q.value / per.unwrap_or(1.0))) {
            return Wish::Propose(Action::UrlLimit {
                url,
                max_ms: None,
                rps: Some(rps),
            });
        }
        let longest = quantities()
            .find(|q| matches!(q.unit, Unit::Ms | Unit::Second | Unit::Minute))
            .and_then(Quantity::seconds);
        match longest.and_then(|seconds| whole(seconds * 1_000.0)) {
            Some(max_ms) => Wish::Propose(Action::UrlLimit {
                url,
                max_ms: Some(max_ms),
                rps: None,
            }),
            None => Wish::Missing(vec![Slot::Threshold]),
        }
    }

    fn scale(&self, verb: Verb) -> Wish {
        let Some(app) = self.app() else {
            return Wish::Missing(vec![Slot::App]);
        };
        let mut triggers = self.limits.iter().filter_map(Limit::trigger);
        let (when, until) = (triggers.next(), triggers.next());
        let scale = |to, by, factor| {
            Wish::Propose(Action::Scale {
                app: Some(app.clone()),
                to,
                by,
                factor,
                when,
                until,
            })
        };
        let factor = self
            .reading
            .tokens
            .iter()
            .filter_map(super::token::Token::quantity)
            .find(|q| q.unit == Unit::Times)
            .and_then(|q| Number::new(q.value))
            .or_else(|| self.factor_word());
        if let Some(factor) = factor {
            return scale(None, None, Some(factor));
        }
        let found = self
            .reading
            .tokens
            .iter()
            .enumerate()
            .find_map(|(k, token)| {
                let quantity = token
                    .quantity()
                    .filter(|q| matches!(q.unit, Unit::Machine | Unit::Piece | Unit::None))?;
                let free = !self.claimed.get(k).copied().unwrap_or(false);
                Some((k, quantity.count()?)).filter(|_| free)
            });
        let Some((k, count)) = found else {
            return Wish::Missing(vec![Slot::To]);
        };
        let target = verb == Verb::Set || self.says_target(k);
        match (target, i32::try_from(count)) {
            (true, _) => scale(Some(count), None, None),
            (false, Ok(count)) => scale(
                None,
                Some(if verb == Verb::Shrink { -count } else { count }),
                None,
            ),
            (false, Err(_)) => Wish::Missing(vec![Slot::To]),
        }
    }

    /// "5대로", "3개까지", "to 8": the number is where to, not how many more.
    fn says_target(&self, k: usize) -> bool {
        let Some(token) = self.reading.get(k) else {
            return false;
        };
        let rest = self.reading.text.from(token.end);
        let before = self
            .reading
            .content_before(k)
            .and_then(|i| self.reading.get(i));
        ["로", "으로", "까지"]
            .iter()
            .any(|particle| rest.starts_with(particle))
            || before.is_some_and(|token| token.time() == Some(super::concept::Time::Until))
    }

    fn factor_word(&self) -> Option<Number> {
        let low = &self.reading.text.low;
        let words = [("double", 2_u32), ("triple", 3)];
        let whole = words
            .iter()
            .find(|(word, _)| low.contains(word))
            .map(|(_, factor)| Number::from(*factor));
        whole.or_else(|| {
            if low.contains("절반") || low.contains("halve") || low.contains("by half") {
                Number::new(0.5)
            } else {
                None
            }
        })
    }

    fn rollback(&self) -> Wish {
        match self.app() {
            Some(app) => Wish::Propose(Action::Rollback { app }),
            None => Wish::Missing(vec![Slot::App]),
        }
    }

    fn alert(&self) -> Wish {
        let named = || {
            super::metric::named(self.reading)
                .into_iter()
                .find(|metric| *metric != Metric::Alerts)
        };
        let trigger = self.limits.iter().find_map(Limit::trigger).or_else(|| {
            let limit = self.limits.first()?;
            let metric = named().or_else(|| super::metric::implied(self.reading))?;
            Some(Trigger {
                metric,
                cmp: limit.cmp,
                value: condition::level(metric, limit.quantity)?,
            })
        });
        match trigger {
            Some(Trigger { metric, cmp, value }) if cmp != Cmp::Matches => {
                Wish::Propose(Action::AlertRule { metric, cmp, value })
            }
            _ if named().is_none() => Wish::Missing(vec![Slot::Metric]),
            _ => Wish::Missing(vec![Slot::Threshold]),
        }
    }
}

impl Wish {
    /// Too broad instead of missing, when everything was meant.
    fn or_broad(self, broad: bool) -> Self {
        if broad { Self::TooBroad } else { self }
    }
}

/// A URL pattern that is every URL.
fn everything(url: &str) -> bool {
    url.trim_matches(['/', '*']).is_empty()
}

/// A range wider than /16 (IPv4) or /32 (IPv6).
fn too_wide(ip: &str) -> bool {
    let Some((address, bits)) = ip.split_once('/') else {
        return false;
    };
    let least = if address.contains(':') { 32 } else { 16 };
    bits.parse::<u8>().is_ok_and(|bits| bits < least)
}

/// An address as a range.
fn cidr(ip: &str) -> String {
    if ip.contains('/') {
        ip.to_owned()
    } else if ip.contains(':') {
        format!("{ip}/128")
    } else {
        format!("{ip}/32")
    }
}
