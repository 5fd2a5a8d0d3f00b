//! What applications reported besides requests, masked: `GET /api/statements`, `/api/errors`, `/api/deployments`,
//! each with `from`, `to`, and if wanted `app` and `limit` (100, at most 1 000). Statements and errors are
//! added up by the hour: the hours that the interval touches count.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Query as Params, State as Extract, rejection::QueryRejection},
};
use bongsu_edge_history::{Deployed, ErrorGroup, Statement};
use bongsu_sdk_model::{AppId, Window};
use bongsu_sdk_plan::Moment;
use serde::{Deserialize, Serialize};

use super::{
    State,
    problem::Problem,
    transactions::{bad_request, read, within},
};

const ROWS: usize = 100;
const MOST_ROWS: usize = 1_000;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Asked {
    from: Moment,
    to: Moment,
    app: Option<AppId>,
    limit: Option<usize>,
}

/// The first of all that there are.
#[derive(Debug, Serialize)]
pub(super) struct Rows<T> {
    /// How many there are.
    total: usize,
    rows: Vec<T>,
}

type Answer<T> = Result<Json<Rows<T>>, Problem>;

pub(super) async fn statements(
    Extract(state): Extract<Arc<State>>,
    asked: Result<Params<Asked>, QueryRejection>,
) -> Answer<Statement> {
    let asked = Wanted::of(asked)?;
    let window = asked.window;
    let all = read(&state, move |state| state.history.statements(window));
    Ok(asked.rows(all.await?, |one| &one.app))
}

pub(super) async fn errors(
    Extract(state): Extract<Arc<State>>,
    asked: Result<Params<Asked>, QueryRejection>,
) -> Answer<ErrorGroup> {
    let asked = Wanted::of(asked)?;
    let window = asked.window;
    let all = read(&state, move |state| state.history.errors(window));
    Ok(asked.rows(all.await?, |one| &one.app))
}

pub(super) async fn deployments(
    Extract(state): Extract<Arc<State>>,
    asked: Result<Params<Asked>, QueryRejection>,
) -> Answer<Deployed> {
    let asked = Wanted::of(asked)?;
    let window = asked.window;
    let all = read(&state, move |state| state.history.deployments(window));
    Ok(asked.rows(all.await?, |one| &one.app))
}

struct Wanted {
    window: Window,
    app: Option<AppId>,
    limit: usize,
}

impl Wanted {
    fn of(asked: Result<Params<Asked>, QueryRejection>) -> Result<Self, Problem> {
        let Params(asked) = asked.map_err(|error| bad_request(error.body_text()))?;
        Ok(Self {
            window: Window::new(asked.from.at(), asked.to.at()),
            app: asked.app,
            limit: within(asked.limit, ROWS, MOST_ROWS)?,
        })
    }

    fn rows<T>(&self, mut all: Vec<T>, app: impl Fn(&T) -> &AppId) -> Json<Rows<T>> {
        all.retain(|one| self.app.as_ref().is_none_or(|asked| app(one) == asked));
        let total = all.len();
        all.truncate(self.limit);
        Json(Rows { total, rows: all })
    }
}
