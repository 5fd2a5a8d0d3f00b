//! Single transactions, masked: the picture of an interval, a page of a rectangle, one, and those of a trace.
//!
//! | path | gives |
//! |---|---|
//! | `GET /api/tmap?from=…&to=…` | when each ended and how long it took, exact counts; thinned beyond `limit` points (20 000), and then exact counts by cell |
//! | `GET /api/transactions?from=…&to=…` | a page, last accepted first; `next` goes into `before` for the page after it; `limit` 100, at most 1 000 |
//! | `GET /api/transactions/{id}` | one, with the spans of its trace |
//! | `GET /api/traces/{id}` | what is kept of a trace of the last day, or of `from`, `to` |
//!
//! Both first take `app`, `min_ms`, `max_ms` and `errors=true`; the page also `url`, `instance`, and the tokens
//! `session`, `user`, `client`. Instants are RFC 3339 with an offset.

use std::{sync::Arc, time::Duration};

use axum::{
    Json,
    extract::{
        Path, Query as Params, State as Extract,
        rejection::{PathRejection, QueryRejection},
    },
    http::StatusCode,
};
use bongsu_edge_history::{
    Filter, Found, HistoryError, Page, Rectangle, Span, TMap, Token, TransactionId,
};
use bongsu_sdk_model::{AppId, Window};
use bongsu_sdk_plan::Moment;
use serde::{Deserialize, Serialize};

use super::{State, problem::Problem};

const DAY: Duration = Duration::from_secs(86_400);
/// Points of a picture, and most of them.
const POINTS: usize = 20_000;
const MOST_POINTS: usize = 200_000;
/// Transactions of a page, and most of them.
const ROWS: usize = 100;
const MOST_ROWS: usize = 1_000;
/// Transactions, and spans, of one trace.
const OF_TRACE: usize = 1_000;

/// What a picture or a page is asked for. The two share their names, so that a rectangle drawn on the one is
/// the question to the other.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Asked {
    from: Moment,
    to: Moment,
    app: Option<AppId>,
    min_ms: Option<f64>,
    max_ms: Option<f64>,
    #[serde(default)]
    errors: bool,
    limit: Option<usize>,
    url: Option<String>,
    instance: Option<String>,
    session: Option<String>,
    user: Option<String>,
    client: Option<String>,
    before: Option<String>,
}

impl Asked {
    fn rectangle(&self) -> Rectangle {
        Rectangle {
            window: Window::new(self.from.at(), self.to.at()),
            shortest_us: self.min_ms.map_or(0, micros),
            longest_us: self.max_ms.map_or(u64::MAX, micros),
            app: self.app.clone(),
            errors_only: self.errors,
        }
    }

    fn filter(&self) -> Result<Filter, Problem> {
        Ok(Filter {
            rectangle: self.rectangle(),
            url: self.url.clone(),
            instance: self.instance.clone(),
            session: token("session", self.session.as_deref())?,
            user: token("user", self.user.as_deref())?,
            client: token("client", self.client.as_deref())?,
        })
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a cast from a float saturates"
)]
fn micros(ms: f64) -> u64 {
    (ms * 1_000.0) as u64
}

fn token(name: &str, text: Option<&str>) -> Result<Option<Token>, Problem> {
    let parsed = text.map(str::parse::<Token>).transpose();
    parsed.map_err(|error| bad_request(format!("`{name}`: {error}")))
}

pub(super) async fn tmap(
    Extract(state): Extract<Arc<State>>,
    asked: Result<Params<Asked>, QueryRejection>,
) -> Result<Json<TMap>, Problem> {
    let asked = asked_for(asked)?;
    let only_of_pages = [
        &asked.url,
        &asked.instance,
        &asked.session,
        &asked.user,
        &asked.client,
        &asked.before,
    ];
    if only_of_pages.iter().any(|asked| asked.is_some()) {
        let known = "a picture is asked for by from, to, app, min_ms, max_ms, errors and limit";
        return Err(bad_request(known.into()));
    }
    let most = within(asked.limit, POINTS, MOST_POINTS)?;
    let rectangle = asked.rectangle();
    read(&state, move |state| {
        state.history.transactions().tmap(&rectangle, most)
    })
    .await
    .map(Json)
}

pub(super) async fn list(
    Extract(state): Extract<Arc<State>>,
    asked: Result<Params<Asked>, QueryRejection>,
) -> Result<Json<Page>, Problem> {
    let asked = asked_for(asked)?;
    let limit = within(asked.limit, ROWS, MOST_ROWS)?;
    let before = asked.before.as_deref().map(str::parse::<TransactionId>);
    let before = before
        .transpose()
        .map_err(|error| bad_request(format!("`before`: {error}")))?;
    let filter = asked.filter()?;
    read(&state, move |state| {
        state.history.transactions().list(&filter, before, limit)
    })
    .await
    .map(Json)
}

/// One transaction and the tree it belongs to.
#[derive(Debug, Serialize)]
pub(super) struct One {
    #[serde(flatten)]
    transaction: Found,
    /// What is kept of its trace.
    trace: Option<Trace>,
}

/// What is kept of a trace.
#[derive(Debug, Serialize)]
pub(super) struct Trace {
    transactions: Vec<Found>,
    /// As they began; `parent` makes the tree.
    spans: Vec<Span>,
}

pub(super) async fn one(
    Extract(state): Extract<Arc<State>>,
    id: Result<Path<String>, PathRejection>,
) -> Result<Json<One>, Problem> {
    let unknown = |error: &str| Problem {
        status: StatusCode::NOT_FOUND,
        code: "unknown_transaction",
        detail: format!("{error}, hint: ids come from /api/tmap and /api/transactions"),
    };
    let Path(id) = id.map_err(|error| bad_request(error.body_text()))?;
    let id: TransactionId = id.parse().map_err(unknown)?;
    let found = read(&state, move |state| {
        let Some(transaction) = state.history.transactions().one(id)? else {
            return Ok(None);
        };
        let of = &transaction.transaction;
        // Exporters' clocks differ, and a caller's span ends after ours.
        let around = Window::new(of.started.minus(DAY / 24), of.ended.plus(DAY / 24));
        let trace = of.trace_id.map(|id| trace_of(state, id, around));
        let trace = trace.transpose()?;
        Ok(Some(One { transaction, trace }))
    });
    found
        .await?
        .map(Json)
        .ok_or_else(|| unknown("there is no such transaction, or not any more"))
}

/// When to look for a trace.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct When {
    from: Option<Moment>,
    to: Option<Moment>,
}

pub(super) async fn trace(
    Extract(state): Extract<Arc<State>>,
    id: Result<Path<String>, PathRejection>,
    when: Result<Params<When>, QueryRejection>,
) -> Result<Json<Trace>, Problem> {
    let Path(id) = id.map_err(|error| bad_request(error.body_text()))?;
    let Params(when) = when.map_err(|error| bad_request(error.body_text()))?;
    let digits = id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit());
    let number = digits.then(|| u128::from_str_radix(&id, 16).ok()).flatten();
    let trace = number.ok_or_else(|| bad_request("a trace id is 32 hexadecimal digits".into()))?;
    let to = when
        .to
        .map_or_else(|| state.clock.now().plus(DAY), |to| to.at());
    let from = when
        .from
        .map_or_else(|| to.minus(DAY * 2), |from| from.at());
    let window = Window::new(from, to);
    let trace = read(&state, move |state| {
        trace_of(state, trace.to_be_bytes(), window)
    });
    let trace = trace.await?;
    if trace.transactions.is_empty() && trace.spans.is_empty() {
        return Err(Problem {
            status: StatusCode::NOT_FOUND,
            code: "unknown_trace",
            detail: "nothing is kept of this trace, hint: give `from` and `to` if it is older than a day"
                .into(),
        });
    }
    Ok(Json(trace))
}

fn trace_of(state: &State, trace: [u8; 16], window: Window) -> Result<Trace, HistoryError> {
    let store = state.history.transactions();
    let (transactions, spans) = store.of_trace(trace, window, OF_TRACE)?;
    Ok(Trace {
        transactions,
        spans,
    })
}

fn asked_for(asked: Result<Params<Asked>, QueryRejection>) -> Result<Asked, Problem> {
    let Params(asked) = asked.map_err(|error| {
        let hint = "hint: from=2026-11-20T00:00:00Z&to=…";
        bad_request(format!("{}, {hint}", error.body_text()))
    })?;
    if asked.to.at() <= asked.from.at() {
        return Err(bad_request("`to` is not later than `from`".into()));
    }
    Ok(asked)
}

pub(super) fn within(limit: Option<usize>, default: usize, most: usize) -> Result<usize, Problem> {
    let limit = limit.unwrap_or(default);
    if (1..=most).contains(&limit) {
        return Ok(limit);
    }
    Err(bad_request(format!("`limit` is 1 to {most}")))
}

pub(super) const fn bad_request(detail: String) -> Problem {
    Problem {
        status: StatusCode::BAD_REQUEST,
        code: "bad_request",
        detail,
    }
}

/// Reads where blocking is fine, together with the questions: as many at a time.
pub(super) async fn read<T: Send + 'static>(
    state: &Arc<State>,
    work: impl FnOnce(&State) -> Result<T, HistoryError> + Send + 'static,
) -> Result<T, Problem> {
    let permit = Arc::clone(&state.asking).try_acquire_owned();
    let permit = permit.map_err(|_| Problem {
        status: StatusCode::SERVICE_UNAVAILABLE,
        code: "busy",
        detail: "questions are being answered, hint: ask again in a second".into(),
    })?;
    let reading = Arc::clone(state);
    // The work goes on when whoever asked has gone, and the permit with it.
    let read = tokio::task::spawn_blocking(move || {
        let _permit = permit;
        work(&reading)
    });
    let error = match read.await {
        Ok(Ok(found)) => return Ok(found),
        Ok(Err(error)) => error.to_string(),
        Err(error) => error.to_string(),
    };
    tracing::error!("failed to read transactions: {error}");
    Err(Problem {
        status: StatusCode::INTERNAL_SERVER_ERROR,
        code: "internal",
        detail: "the transactions could not be read, hint: see the edge's log".into(),
    })
}
