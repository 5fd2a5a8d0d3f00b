//! `/api/sessions`: the live view of the session store, and ending sessions.
//!
//! | request | does | needs the token |
//! |---|---|---|
//! | `GET /api/sessions?…` | a page of sessions, filtered and sorted | only with `reveal=true`, `user=` or `sort=user` |
//! | `POST /api/sessions/end` | ends the sessions a filter takes | yes |
//! | `POST /api/sessions/bind` | says whose a session is | yes |
//! | `GET`, `POST`, `DELETE /api/denies` | users who may not log in | yes |
//!
//! A session's id is never shown: its `tag` stands for it, until the edge is started again. A user is shown as
//! the token that the rest of Bongsu knows, and with `reveal=true` as the application knows him.

pub(super) mod denies;
pub(super) mod orders;

use std::{sync::Arc, time::Duration};

use axum::{
    Json,
    extract::{
        Query as Params, State as Extract,
        rejection::{JsonRejection, QueryRejection},
    },
    http::{HeaderMap, StatusCode},
};
use bongsu_edge_sessions::{Control, Cursor, Filter, OrderError, Query, Row, Sort};
use bongsu_sdk_model::Timestamp;
use bongsu_sdk_sketch::IdentityKey;
use serde::{Deserialize, Serialize};

use super::{State, problem::Problem};

/// Rows of a page that does not say how many.
const PAGE: usize = 50;

/// Which sessions; what is left out does not matter.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Wanted {
    application: Option<String>,
    /// The user's id, as the application knows it.
    user: Option<String>,
    /// `true`: sessions of some user; `false`: of nobody.
    bound: Option<bool>,
    /// The one with this tag, 16 hexadecimal digits.
    tag: Option<String>,
    /// Not used for at least this many seconds.
    #[serde(default)]
    idle_s: u64,
    /// At least this many seconds old.
    #[serde(default)]
    age_s: u64,
    /// At least this large.
    #[serde(default)]
    bytes: usize,
    /// Last served by this instance.
    instance: Option<String>,
    /// On a page whose path begins so.
    url: Option<String>,
}

impl Wanted {
    fn filter(self) -> Result<Filter, Problem> {
        let tag = self.tag.map(|tag| u64::from_str_radix(&tag, 16));
        Ok(Filter {
            application: self.application,
            user: self.user,
            bound: self.bound,
            tag: tag
                .transpose()
                .map_err(|_| bad("`tag` is no tag, hint: 16 hexadecimal digits"))?,
            idle: Duration::from_secs(self.idle_s),
            age: Duration::from_secs(self.age_s),
            bytes: self.bytes,
            instance: self.instance,
            url: self.url,
        })
    }
}

/// What of the live view is asked for.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Asked {
    application: Option<String>,
    user: Option<String>,
    bound: Option<bool>,
    tag: Option<String>,
    #[serde(default)]
    idle_s: u64,
    #[serde(default)]
    age_s: u64,
    #[serde(default)]
    bytes: usize,
    instance: Option<String>,
    url: Option<String>,
    /// `age` (default), `idle`, `bytes`, `user`, `application`.
    sort: Option<String>,
    /// How many rows, at most 1000; default 50.
    page: Option<usize>,
    /// `next` of the page before.
    after: Option<String>,
    /// Show users as the application knows them.
    #[serde(default)]
    reveal: bool,
}

/// A page of sessions.
#[derive(Debug, Serialize)]
pub(crate) struct Listed {
    sessions: Vec<Shown>,
    /// All sessions that fit, those of other pages too.
    matching: usize,
    /// Where the next page begins; null: this is the last.
    next: Option<String>,
}

/// One session.
#[derive(Debug, Serialize)]
struct Shown {
    tag: String,
    application: String,
    database: u8,
    user: Option<String>,
    created: Timestamp,
    accessed: Timestamp,
    expires: Option<Timestamp>,
    bytes: usize,
    url: Option<String>,
    dwell_s: Option<u64>,
    instance: Option<String>,
    client: Option<String>,
    user_agent: Option<String>,
}

pub(super) async fn list(
    Extract(state): Extract<Arc<State>>,
    headers: HeaderMap,
    asked: Result<Params<Asked>, QueryRejection>,
) -> Result<Json<Listed>, Problem> {
    let Params(asked) = asked.map_err(|error| bad(&error.body_text()))?;
    // A list in the order of users tells of them, and so does the cursor of such a list.
    if asked.reveal || asked.user.is_some() || asked.sort.as_deref() == Some("user") {
        state.admin.check(&headers)?;
    }
    let (reveal, query) = (asked.reveal, query(asked)?);
    let permit = Arc::clone(&state.asking);
    let permit = permit.try_acquire_owned().map_err(|_| Problem {
        status: StatusCode::SERVICE_UNAVAILABLE,
        code: "busy",
        detail: "questions are being answered, hint: ask again in a second".into(),
    })?;
    let reading = Arc::clone(&state);
    // The work goes on when whoever asked has gone, and the permit with it.
    let page = tokio::task::spawn_blocking(move || {
        let _permit = permit;
        let (control, now) = (reading.sessions.control(), reading.clock.now());
        page_of(&control, &reading.key, &query, reveal, now)
    });
    let page = page.await.map_err(|_| Problem {
        status: StatusCode::INTERNAL_SERVER_ERROR,
        code: "internal",
        detail: "the sessions could not be listed, hint: see the edge's log".into(),
    })?;
    Ok(Json(page))
}

impl Asked {
    /// How many sessions are wanted.
    pub(crate) const fn page(&self) -> Option<usize> {
        self.page
    }

    /// The same question as the center may ask it.
    ///
    /// # Errors
    /// A sentence if it would tell who a user is, or cannot be understood.
    pub(crate) fn of_center(self) -> Result<Query, String> {
        if self.reveal || self.user.is_some() || self.sort.as_deref() == Some("user") {
            return Err("the center is not told who users are".to_owned());
        }
        query(self).map_err(|problem| problem.detail)
    }
}

impl Listed {
    /// Where the next page begins.
    pub(crate) fn next(&self) -> Option<&str> {
        self.next.as_deref()
    }

    /// How many sessions are on this page.
    pub(crate) const fn len(&self) -> usize {
        self.sessions.len()
    }
}

/// A page as it is shown: here, and to the center. Blocks.
pub(crate) fn page_of(
    control: &Control,
    key: &IdentityKey,
    query: &Query,
    reveal: bool,
    now: Timestamp,
) -> Listed {
    let page = control.live(query);
    let rows = page.rows.iter();
    Listed {
        sessions: rows.map(|row| show(key, row, reveal, now)).collect(),
        matching: page.matching,
        next: page.next.map(|next| next.to_string()),
    }
}

fn query(asked: Asked) -> Result<Query, Problem> {
    let sort = match asked.sort.as_deref() {
        None | Some("age") => Sort::Age,
        Some("idle") => Sort::Idle,
        Some("bytes") => Sort::Bytes,
        Some("user") => Sort::User,
        Some("application") => Sort::Application,
        Some(_) => {
            return Err(bad(
                "`sort` is none of age, idle, bytes, user and application",
            ));
        }
    };
    let after = asked.after.map(|after| after.parse::<Cursor>());
    let wanted = Wanted {
        application: asked.application,
        user: asked.user,
        bound: asked.bound,
        tag: asked.tag,
        idle_s: asked.idle_s,
        age_s: asked.age_s,
        bytes: asked.bytes,
        instance: asked.instance,
        url: asked.url,
    };
    Ok(Query {
        filter: wanted.filter()?,
        sort,
        page: asked.page.unwrap_or(PAGE),
        after: after
            .transpose()
            .map_err(|error| bad(&format!("`after`: {error}")))?,
    })
}

fn show(key: &IdentityKey, row: &Row, reveal: bool, now: Timestamp) -> Shown {
    let hidden = |kind: &str, raw: &str| match reveal {
        true => raw.to_owned(),
        false => key.token(kind, raw.as_bytes()),
    };
    let visit = row.visit.as_ref();
    Shown {
        tag: format!("{:016x}", row.tag),
        application: row.application.to_string(),
        database: row.database,
        user: row.user.as_deref().map(|user| hidden("user", user)),
        created: row.created,
        accessed: row.accessed,
        expires: row.expires,
        bytes: row.bytes,
        url: visit.map(|visit| visit.url.to_string()),
        dwell_s: row.dwell(now).map(|dwell| dwell.as_secs()),
        instance: visit.and_then(|visit| visit.instance.as_deref().map(str::to_owned)),
        client: row
            .address()
            .map(|address| hidden("client", &address.to_canonical().to_string())),
        user_agent: visit.and_then(|visit| visit.user_agent.as_deref().map(str::to_owned)),
    }
}

/// A request that cannot be understood.
fn bad(detail: &str) -> Problem {
    Problem {
        status: StatusCode::UNPROCESSABLE_ENTITY,
        code: "bad_request",
        detail: detail.to_owned(),
    }
}

/// A body that could not be read: too long, of another type, or not what was asked for.
pub(super) fn unread(error: &JsonRejection) -> Problem {
    Problem {
        status: error.status(),
        ..bad(&error.body_text())
    }
}

/// An order that was not carried out.
fn refused(error: &OrderError) -> Problem {
    let (status, code) = match error {
        OrderError::Journal(_) => (StatusCode::SERVICE_UNAVAILABLE, "journal"),
        _ => (StatusCode::CONFLICT, "refused"),
    };
    let detail = error.to_string();
    let detail = detail.strip_prefix("ERR ").unwrap_or(&detail).to_owned();
    Problem {
        status,
        code,
        detail,
    }
}
