//! What the dashboard needs from the rest of the center, and nothing more.
//!
//! The dashboard does not know how history is kept or how a question is understood. It calls a [`Backend`]
//! on threads where blocking is fine, within its own limits on how many calls run at once.

use bongsu_center_control::Preview;
use bongsu_sdk_model::{AppId, SiteId, Timestamp};
use bongsu_sdk_plan::{Action, Answer, Lang, Plan};
use prometheus_client::registry::Registry;

use crate::Overview;

/// The center behind the dashboard. Calls may block; they are made off the async threads.
pub trait Backend: Send + Sync + 'static {
    /// The whole country at the instant `now`.
    ///
    /// # Errors
    /// [`BackendError`] if the figures can't be read at all. A silent site is not an error: it is stale.
    fn overview(&self, now: Timestamp) -> Result<Overview, BackendError>;

    /// Answers a question in words, in `lang` or in the question's own language.
    ///
    /// # Errors
    /// [`BackendError`] if no answer can be made. A question that is refused or not understood has an answer
    /// that says so.
    fn question(
        &self,
        question: &str,
        lang: Option<Lang>,
        now: Timestamp,
    ) -> Result<Answer, BackendError>;

    /// Executes a valid plan, worded in `lang`.
    ///
    /// # Errors
    /// As [`Backend::question`].
    fn plan(&self, plan: &Plan, lang: Lang, now: Timestamp) -> Result<Answer, BackendError>;

    /// The sites an action may name.
    fn sites(&self) -> Vec<SiteId>;

    /// What an action would touch, measured over the last hour. What can't be told is said, not guessed.
    ///
    /// # Errors
    /// [`BackendError`] if the figures can't be read at all.
    fn preview(
        &self,
        action: &Action,
        sites: &[SiteId],
        app: Option<&AppId>,
        now: Timestamp,
    ) -> Result<Preview, BackendError>;

    /// Adds the center's own figures to a registry that is made for one reading of `/metrics`.
    fn register(&self, registry: &mut Registry);
}

/// Why the backend can't serve; the text is logged and never shown to a client.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct BackendError(pub String);
