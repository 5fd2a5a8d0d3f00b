//! `GET /api/rollup?from=…&to=…`: what this site's roll-ups hold over an interval, added up: the counters that
//! no question asks for yet, and distinct users by each way of telling them apart. Only sums, no identities.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Query as Params, State as Extract, rejection::QueryRejection},
    http::StatusCode,
};
use bongsu_sdk_analysis::{BlockError, Blocks as _};
use bongsu_sdk_model::{Counters, IdentityMode, Scope, Tier, Window};
use bongsu_sdk_plan::Moment;
use bongsu_sdk_sketch::RollUp;
use serde::{Deserialize, Serialize};

use super::{State, problem::Problem};

/// The interval `[from, to)`, RFC 3339 with an offset. Roll-ups that begin inside belong to it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Interval {
    from: Moment,
    to: Moment,
}

#[derive(Debug, Serialize)]
pub(super) struct Sums {
    counters: Counters,
    users: [Users; 3],
}

#[derive(Debug, Serialize)]
struct Users {
    mode: IdentityMode,
    distinct: f64,
    error_pct_95: f64,
}

pub(super) async fn rollup(
    Extract(state): Extract<Arc<State>>,
    interval: Result<Params<Interval>, QueryRejection>,
) -> Result<Json<Sums>, Problem> {
    let Params(interval) = interval.map_err(|error| Problem {
        status: StatusCode::BAD_REQUEST,
        code: "bad_request",
        detail: format!(
            "{}, hint: from=2026-11-20T00:00:00Z&to=…",
            error.body_text()
        ),
    })?;
    let permit = Arc::clone(&state.asking);
    let permit = permit.try_acquire_owned().map_err(|_| Problem {
        status: StatusCode::SERVICE_UNAVAILABLE,
        code: "busy",
        detail: "questions are being answered, hint: ask again in a second".into(),
    })?;
    let window = Window::new(interval.from.at(), interval.to.at());
    let reading = Arc::clone(&state);
    // The work goes on when whoever asked has gone, and the permit with it.
    let sums = tokio::task::spawn_blocking(move || {
        let _permit = permit;
        sums(&reading, window)
    });
    let sums = sums.await;
    sums.ok()
        .and_then(Result::ok)
        .map(Json)
        .ok_or_else(|| Problem {
            status: StatusCode::INTERNAL_SERVER_ERROR,
            code: "internal",
            detail: "the roll-ups could not be read, hint: see the edge's log".into(),
        })
}

fn sums(state: &State, window: Window) -> Result<Sums, BlockError> {
    let mut total = RollUp::default();
    let blocks = state.ask.blocks(state.clock.now());
    blocks.visit(&state.site, window, Tier::Hour, &mut |block| {
        if let Some(site) = block.scopes.get(&Scope::Site) {
            total.merge(site);
        }
    })?;
    let users = IdentityMode::ALL.map(|mode| {
        let estimate = total.users(mode).estimate();
        Users {
            mode,
            distinct: estimate.value,
            error_pct_95: estimate.error_pct_95,
        }
    });
    Ok(Sums {
        counters: total.counters,
        users,
    })
}
