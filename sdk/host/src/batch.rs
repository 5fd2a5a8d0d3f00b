//! What a detector is given: events whose identities are tokens, and the form in which they cross into a guest.
//!
//! A [`Batch`] is made once and given to every detector. Each text crosses once per batch, however often it occurs: a
//! thousand transactions of fifty URLs are some hundred strings instead of eight thousand.

use std::collections::HashMap;

use bongsu_sdk_model::{
    AppId, InstanceId, LoginOutcome, Metric, Scope, SessionEventKind, Timestamp, UrlTemplate,
    Window,
};
use serde::{Deserialize, Serialize};

use crate::{
    EventKind,
    bindings::detector::{bongsu::plugin::types, exports::bongsu::plugin::detection as wire},
};

/// A finished request as a detector may see it: masked, identities are tokens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MaskedTransaction {
    /// When it ended.
    pub ended: Timestamp,
    /// How long it took, in microseconds.
    pub duration_us: u64,
    /// Of that in databases, in microseconds.
    #[serde(default)]
    pub sql_us: u64,
    /// Of that in other services, in microseconds.
    #[serde(default)]
    pub external_us: u64,
    /// Which application served it.
    pub app: AppId,
    /// Which copy of it.
    pub instance: InstanceId,
    /// The application's version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub release: Option<String>,
    /// URL without variable parts.
    pub url: UrlTemplate,
    /// Request target, masked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    /// HTTP method, upper case.
    pub method: String,
    /// HTTP status; 0 when unknown.
    pub status: u16,
    /// Span status ERROR, whatever the HTTP status.
    #[serde(default)]
    pub failed: bool,
    /// Token of the client's address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client: Option<String>,
    /// Token of the session.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<String>,
    /// Token of the user.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// Set when this was an attempt to log in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub login: Option<LoginOutcome>,
}

/// Something that happened to a session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MaskedSessionEvent {
    /// When.
    pub at: Timestamp,
    /// What.
    pub change: SessionEventKind,
    /// Token of the session.
    pub session: String,
    /// Token of its user.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// Its application.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub app: Option<String>,
}

/// The figures of one scope over a closed interval.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ScopeFigures {
    /// What they are of.
    pub scope: Scope,
    /// The interval.
    pub window: Window,
    /// Each metric and its value.
    pub measures: Vec<(Metric, f64)>,
}

/// What a batch holds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Events {
    /// Finished requests.
    Transactions(Vec<MaskedTransaction>),
    /// What happened to sessions.
    SessionEvents(Vec<MaskedSessionEvent>),
    /// A closed minute.
    RollUps(Vec<ScopeFigures>),
}

/// A batch as it is recorded and replayed: one per line, as JSON.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RecordedBatch {
    /// From the batch of the same kind before to the instant of this one.
    pub window: Window,
    /// What it holds.
    #[serde(flatten)]
    pub events: Events,
}

/// A batch in the form in which it crosses into a guest.
#[derive(Debug)]
pub struct Batch {
    window: Window,
    texts: Vec<String>,
    /// How many of the texts are not targets; those come behind.
    plain_texts: usize,
    rows: Rows,
}

#[derive(Debug)]
enum Rows {
    Transactions {
        plain: Vec<wire::Transaction>,
        /// The same with their targets; empty if there are none.
        with_targets: Vec<wire::Transaction>,
    },
    SessionEvents(Vec<wire::SessionEvent>),
    RollUps(Vec<RollUpRow>),
}

#[derive(Debug)]
struct RollUpRow {
    window: types::Window,
    app: Option<u32>,
    instance: Option<u32>,
    url: Option<u32>,
    measures: Vec<wire::Measure>,
}

impl Batch {
    /// Makes a batch. `window.to` is the instant of the batch.
    #[must_use]
    pub fn new(window: Window, events: &Events) -> Self {
        let mut texts = Texts::default();
        let mut plain_texts = None;
        let rows = match events {
            Events::Transactions(all) => {
                let plain: Vec<_> = all.iter().map(|t| transaction(t, &mut texts)).collect();
                plain_texts = Some(texts.all.len());
                let with_targets = if all.iter().any(|t| t.target.is_some()) {
                    let rows = plain.iter().zip(all);
                    rows.map(|(row, t)| wire::Transaction {
                        target: texts.optional(t.target.as_deref()),
                        ..*row
                    })
                    .collect()
                } else {
                    Vec::new()
                };
                Rows::Transactions {
                    plain,
                    with_targets,
                }
            }
            Events::SessionEvents(all) => {
                Rows::SessionEvents(all.iter().map(|e| session_event(e, &mut texts)).collect())
            }
            Events::RollUps(all) => {
                Rows::RollUps(all.iter().map(|r| roll_up(r, &mut texts)).collect())
            }
        };
        Self {
            window,
            plain_texts: plain_texts.unwrap_or(texts.all.len()),
            texts: texts.all.into_iter().map(str::to_owned).collect(),
            rows,
        }
    }

    /// What kind it is.
    #[must_use]
    pub const fn kind(&self) -> EventKind {
        match self.rows {
            Rows::Transactions { .. } => EventKind::Transactions,
            Rows::SessionEvents(_) => EventKind::SessionEvents,
            Rows::RollUps(_) => EventKind::RollUps,
        }
    }

    /// How many events it holds.
    #[must_use]
    pub const fn len(&self) -> usize {
        match &self.rows {
            Rows::Transactions { plain, .. } => plain.len(),
            Rows::SessionEvents(rows) => rows.len(),
            Rows::RollUps(rows) => rows.len(),
        }
    }

    /// Whether it holds nothing.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The instant of the batch.
    #[must_use]
    pub const fn now(&self) -> Timestamp {
        self.window.to
    }

    /// Hands the batch over, with targets only to who may see them.
    pub(crate) fn lower<R>(&self, targets: bool, give: impl FnOnce(wire::Batch<'_>) -> R) -> R {
        let texts: Vec<&str> = self.texts.iter().map(String::as_str).collect();
        let plain_texts = texts.get(..self.plain_texts).unwrap_or_default();
        let window = wire_window(self.window);
        match &self.rows {
            Rows::Transactions {
                plain,
                with_targets,
            } => {
                let with = targets && !with_targets.is_empty();
                give(wire::Batch {
                    window,
                    texts: if with { &texts } else { plain_texts },
                    events: wire::Events::Transactions(if with { with_targets } else { plain }),
                })
            }
            Rows::SessionEvents(rows) => give(wire::Batch {
                window,
                texts: &texts,
                events: wire::Events::SessionEvents(rows),
            }),
            Rows::RollUps(rows) => {
                let rows: Vec<wire::RollUp<'_>> = rows.iter().map(RollUpRow::lower).collect();
                give(wire::Batch {
                    window,
                    texts: &texts,
                    events: wire::Events::RollUps(&rows),
                })
            }
        }
    }
}

impl RollUpRow {
    fn lower(&self) -> wire::RollUp<'_> {
        wire::RollUp {
            window: self.window,
            app: self.app,
            instance: self.instance,
            url: self.url,
            measures: &self.measures,
        }
    }
}

/// The texts of a batch, each once.
#[derive(Default)]
struct Texts<'a> {
    all: Vec<&'a str>,
    places: HashMap<&'a str, u32>,
}

impl<'a> Texts<'a> {
    fn place(&mut self, text: &'a str) -> u32 {
        *self.places.entry(text).or_insert_with(|| {
            self.all.push(text);
            u32::try_from(self.all.len() - 1).unwrap_or(u32::MAX)
        })
    }

    fn optional(&mut self, text: Option<&'a str>) -> Option<u32> {
        text.map(|text| self.place(text))
    }
}

fn transaction<'a>(t: &'a MaskedTransaction, texts: &mut Texts<'a>) -> wire::Transaction {
    wire::Transaction {
        ended_ms: t.ended.as_ms(),
        duration_us: t.duration_us,
        sql_us: t.sql_us,
        external_us: t.external_us,
        app: texts.place(t.app.as_str()),
        instance: texts.place(t.instance.as_str()),
        release: texts.optional(t.release.as_deref()),
        url: texts.place(t.url.as_str()),
        target: None,
        method: texts.place(&t.method),
        status: t.status,
        failed: t.failed,
        client: texts.optional(t.client.as_deref()),
        session: texts.optional(t.session.as_deref()),
        user: texts.optional(t.user.as_deref()),
        login: t.login.map(|outcome| match outcome {
            LoginOutcome::Succeeded => wire::Login::Succeeded,
            LoginOutcome::Failed => wire::Login::Failed,
        }),
    }
}

fn session_event<'a>(e: &'a MaskedSessionEvent, texts: &mut Texts<'a>) -> wire::SessionEvent {
    wire::SessionEvent {
        at_ms: e.at.as_ms(),
        change: match e.change {
            SessionEventKind::Created => wire::SessionChange::Created,
            SessionEventKind::Destroyed => wire::SessionChange::Destroyed,
            SessionEventKind::Expired => wire::SessionChange::Expired,
            SessionEventKind::Rejected => wire::SessionChange::Rejected,
        },
        session: texts.place(&e.session),
        user: texts.optional(e.user.as_deref()),
        app: texts.optional(e.app.as_deref()),
    }
}

fn roll_up<'a>(figures: &'a ScopeFigures, texts: &mut Texts<'a>) -> RollUpRow {
    let (app, instance, url) = match &figures.scope {
        Scope::Site => (None, None, None),
        Scope::App(app) => (Some(app), None, None),
        Scope::Instance(app, instance) => (Some(app), Some(instance), None),
        Scope::Url(app, url) => (Some(app), None, Some(url)),
    };
    RollUpRow {
        window: wire_window(figures.window),
        app: texts.optional(app.map(AppId::as_str)),
        instance: texts.optional(instance.map(InstanceId::as_str)),
        url: texts.optional(url.map(UrlTemplate::as_str)),
        measures: figures
            .measures
            .iter()
            .map(|(metric, value)| wire::Measure {
                metric: texts.place(metric.name()),
                value: *value,
            })
            .collect(),
    }
}

const fn wire_window(window: Window) -> types::Window {
    types::Window {
        from_ms: window.from.as_ms(),
        to_ms: window.to.as_ms(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn recorded(target: &str) -> RecordedBatch {
        serde_json::from_str(&format!(
            r#"{{"window":{{"from":0,"to":1000}},"transactions":[
                {{"ended":5,"duration_us":7,"app":"shop","instance":"was-1","url":"/a","method":"GET","status":200,
                  "client":"c1"{target}}},
                {{"ended":6,"duration_us":7,"app":"shop","instance":"was-1","url":"/a","method":"GET","status":200,
                  "client":"c2"}}]}}"#
        ))
        .unwrap()
    }

    fn texts_of(batch: &Batch, targets: bool) -> Vec<String> {
        batch.lower(targets, |given| {
            given.texts.iter().map(|t| (*t).to_owned()).collect()
        })
    }

    #[test]
    fn a_text_crosses_once_however_often_it_occurs() {
        let recorded = recorded("");
        let batch = Batch::new(recorded.window, &recorded.events);
        assert_eq!(
            texts_of(&batch, true),
            ["shop", "was-1", "/a", "GET", "c1", "c2"]
        );
        assert_eq!((batch.len(), batch.kind()), (2, EventKind::Transactions));
    }

    #[test]
    fn targets_cross_only_to_who_may_see_them() {
        let recorded = recorded(r#","target":"/a?q=1""#);
        let batch = Batch::new(recorded.window, &recorded.events);
        assert!(!texts_of(&batch, false).contains(&"/a?q=1".to_owned()));
        assert!(texts_of(&batch, true).contains(&"/a?q=1".to_owned()));
        let seen = |targets| {
            batch.lower(targets, |given| match given.events {
                wire::Events::Transactions([first, ..]) => first.target,
                _ => None,
            })
        };
        assert_eq!((seen(false), seen(true)), (None, Some(6)));
    }

    #[test]
    fn a_recorded_batch_is_read_as_it_was_written() {
        let one = recorded(r#","target":"/a?q=1""#);
        let line = serde_json::to_string(&one).unwrap();
        assert_eq!(serde_json::from_str::<RecordedBatch>(&line).unwrap(), one);
    }
}
