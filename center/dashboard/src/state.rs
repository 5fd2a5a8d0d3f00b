//! What the handlers share: the backend, the clock, and the limits on how much of the backend is used at once.

use std::sync::{Arc, Mutex, PoisonError};

use axum::body::Bytes;
use bongsu_sdk_model::{Clock, Timestamp};
use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{counter::Counter, family::Family},
};
use tokio::{
    sync::{Notify, OwnedSemaphorePermit, Semaphore},
    task::spawn_blocking,
    time::timeout,
};

use bongsu_center_control::Control;

use crate::{Backend, BackendError, Config, problem::Problem};

/// Each takes 19 MiB and a core for some ten milliseconds.
const SIGNING_IN: usize = 2;

/// Shared by all requests.
pub(crate) struct State {
    pub(crate) backend: Arc<dyn Backend>,
    pub(crate) control: Arc<Control>,
    /// Told when a proposal was decided, so that its orders leave at once.
    pub(crate) decided: Arc<Notify>,
    /// Passwords verified at one time.
    pub(crate) signing_in: Arc<Semaphore>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) config: Config,
    /// The OpenAPI document.
    pub(crate) openapi: Bytes,
    /// Responses by route and status.
    pub(crate) responses: Family<Route, Counter>,
    questions: Arc<Semaphore>,
    overviews: Arc<Semaphore>,
    latest: Mutex<Option<(Timestamp, Bytes)>>,
}

/// Labels of the response counter. The path is the route's pattern, so it has few values.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct Route {
    pub(crate) path: String,
    pub(crate) status: u16,
}

impl State {
    pub(crate) fn new(
        config: Config,
        backend: Arc<dyn Backend>,
        (control, decided): (Arc<Control>, Arc<Notify>),
        clock: Arc<dyn Clock>,
        openapi: Bytes,
    ) -> Self {
        Self {
            backend,
            control,
            decided,
            signing_in: Arc::new(Semaphore::new(SIGNING_IN)),
            clock,
            openapi,
            responses: Family::default(),
            questions: Arc::new(Semaphore::new(config.questions)),
            overviews: Arc::new(Semaphore::new(1)),
            latest: Mutex::new(None),
            config,
        }
    }

    /// Does `work` with the backend when a question's turn comes. The turn ends with the work, not with the
    /// request: a client that goes away does not make room for another one to pile up.
    pub(crate) async fn ask<T: Send + 'static>(
        self: &Arc<Self>,
        work: impl FnOnce(&dyn Backend) -> Result<T, BackendError> + Send + 'static,
    ) -> Result<T, Problem> {
        let turn = timeout(
            self.config.question_wait,
            self.questions.clone().acquire_owned(),
        )
        .await;
        let Ok(Ok(turn)) = turn else {
            let detail = "other questions are being answered, hint: ask again in a second";
            return Err(Problem::new(
                axum::http::StatusCode::SERVICE_UNAVAILABLE,
                "busy",
                detail,
            ));
        };
        let state = self.clone();
        blocking(turn, move || work(state.backend.as_ref())).await
    }

    /// The latest overview as JSON, made again when it is too old, by one request at a time.
    pub(crate) async fn overview(self: &Arc<Self>) -> Result<Bytes, Problem> {
        if let Some(fresh) = self.fresh() {
            return Ok(fresh);
        }
        let turn = self
            .overviews
            .clone()
            .acquire_owned()
            .await
            .map_err(|_| Problem::internal())?;
        if let Some(fresh) = self.fresh() {
            return Ok(fresh);
        }
        let state = self.clone();
        blocking(turn, move || {
            let now = state.clock.now();
            let overview = state.backend.overview(now)?;
            let json =
                serde_json::to_vec(&overview).map_err(|error| BackendError(error.to_string()))?;
            let json = Bytes::from(json);
            *state.latest.lock().unwrap_or_else(PoisonError::into_inner) =
                Some((now, json.clone()));
            Ok(json)
        })
        .await
    }

    fn fresh(&self) -> Option<Bytes> {
        let now = self.clock.now();
        let latest = self.latest.lock().unwrap_or_else(PoisonError::into_inner);
        let (at, json) = latest.as_ref()?;
        (*at <= now && now.since(*at) < self.config.overview_every).then(|| json.clone())
    }
}

/// Runs `work` where blocking is fine and keeps its turn until it has ended.
async fn blocking<T: Send + 'static>(
    turn: OwnedSemaphorePermit,
    work: impl FnOnce() -> Result<T, BackendError> + Send + 'static,
) -> Result<T, Problem> {
    let done = spawn_blocking(move || {
        let done = work();
        drop(turn);
        done
    });
    match done.await {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(error)) => {
            tracing::error!(%error, "the dashboard's backend failed");
            Err(Problem::internal())
        }
        Err(error) => {
            tracing::error!(%error, "work for the dashboard ended early");
            Err(Problem::internal())
        }
    }
}
