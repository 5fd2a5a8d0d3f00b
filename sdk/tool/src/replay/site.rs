//! A site that knows what the recorded file says.

use std::sync::{Mutex, PoisonError};

use bongsu_sdk_host::{FigureScope, SessionFact, Site, UsualFigure};
use bongsu_sdk_model::Window;
use serde::Deserialize;

/// What a site knows.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Knowledge {
    #[serde(default)]
    sessions: Vec<Session>,
    #[serde(default)]
    usual: Vec<Usual>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Session {
    token: String,
    user: Option<String>,
    app: Option<String>,
    created_ms: i64,
    last_ms: i64,
    url: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Usual {
    app: Option<String>,
    url: Option<String>,
    metric: String,
    value: f64,
    low: f64,
    high: f64,
    days: u32,
}

/// The site of a replay.
#[derive(Debug, Default)]
pub(crate) struct Facts(Mutex<Knowledge>);

impl Facts {
    /// From now on the site knows this, and nothing else.
    pub(crate) fn learn(&self, knowledge: Knowledge) {
        *self.lock() = knowledge;
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Knowledge> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Site for Facts {
    fn usually(&self, scope: &FigureScope, metric: &str, _: Window) -> Option<UsualFigure> {
        let known = self.lock();
        let usual = known.usual.iter().find(|usual| {
            usual.metric == metric && usual.app == scope.app && usual.url == scope.url
        })?;
        Some(UsualFigure {
            value: usual.value,
            low: usual.low,
            high: usual.high,
            days: usual.days,
        })
    }

    fn session(&self, token: &str) -> Option<SessionFact> {
        let known = self.lock();
        known
            .sessions
            .iter()
            .find(|session| session.token == token)
            .map(fact)
    }

    fn sessions_of(&self, user: &str, limit: usize) -> Vec<SessionFact> {
        let known = self.lock();
        let theirs = known
            .sessions
            .iter()
            .filter(|session| session.user.as_deref() == Some(user));
        theirs.take(limit).map(fact).collect()
    }
}

fn fact(session: &Session) -> SessionFact {
    SessionFact {
        token: session.token.clone(),
        user: session.user.clone(),
        app: session.app.clone(),
        created_ms: session.created_ms,
        last_ms: session.last_ms,
        url: session.url.clone(),
    }
}
