//! Under which name, limits, grants and settings a plugin runs, and whom it may ask.

use std::{collections::BTreeSet, sync::Arc};

use bongsu_sdk_model::Window;

use crate::{Limits, Need, PluginState};

/// Everything about a plugin that is not in its file.
#[derive(Clone)]
pub struct Setup {
    /// The name it goes by in errors, logs and metrics.
    pub name: String,
    /// What it may use.
    pub limits: Limits,
    /// What it may ask for; a plugin that needs more does not load.
    pub grants: BTreeSet<Need>,
    /// What the operator set.
    pub settings: Vec<(String, String)>,
    /// Its state; shared by every instance and version of it.
    pub state: PluginState,
    /// Who answers its look-ups.
    pub site: Arc<dyn Site>,
}

impl Setup {
    /// Default limits, no settings, an empty state, every need but look-ups granted.
    #[must_use]
    pub fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            limits: Limits::default(),
            grants: BTreeSet::from([Need::State]),
            settings: Vec::new(),
            state: PluginState::default(),
            site: Arc::new(NoSite),
        }
    }

    /// The same with these settings.
    #[must_use]
    pub fn with_settings(mut self, settings: &[(&str, &str)]) -> Self {
        self.settings = settings
            .iter()
            .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
            .collect();
        self
    }
}

/// What a figure is of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FigureScope {
    /// Application; the whole site without.
    pub app: Option<String>,
    /// URL of the application.
    pub url: Option<String>,
}

/// What a figure usually is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct UsualFigure {
    /// The middle.
    pub value: f64,
    /// 95 of 100 normal values are above this.
    pub low: f64,
    /// 95 of 100 normal values are below this.
    pub high: f64,
    /// Days it was learnt from.
    pub days: u32,
}

/// A live session, by tokens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionFact {
    /// Token of the session.
    pub token: String,
    /// Token of its user.
    pub user: Option<String>,
    /// Its application.
    pub app: Option<String>,
    /// When it was created, milliseconds since the epoch.
    pub created_ms: i64,
    /// When it was last used, milliseconds since the epoch.
    pub last_ms: i64,
    /// URL of its last request.
    pub url: Option<String>,
}

/// Answers the look-ups of plugins. Called inside a call, under the plugin's deadline: must be quick.
pub trait Site: Send + Sync {
    /// What a figure usually is in a window like this one.
    fn usually(&self, scope: &FigureScope, metric: &str, window: Window) -> Option<UsualFigure>;

    /// The live session with this token.
    fn session(&self, token: &str) -> Option<SessionFact>;

    /// The live sessions of the user with this token.
    fn sessions_of(&self, user: &str, limit: usize) -> Vec<SessionFact>;
}

/// A site that knows nothing: for tests, and where look-ups are not wired.
#[derive(Debug, Clone, Copy)]
pub struct NoSite;

impl Site for NoSite {
    fn usually(&self, _: &FigureScope, _: &str, _: Window) -> Option<UsualFigure> {
        None
    }

    fn session(&self, _: &str) -> Option<SessionFact> {
        None
    }

    fn sessions_of(&self, _: &str, _: usize) -> Vec<SessionFact> {
        Vec::new()
    }
}
