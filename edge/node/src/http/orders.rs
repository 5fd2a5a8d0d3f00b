//! `POST /api/orders`: carries an order out by the administrator's token, as one from the center would be; for an
//! edge that stands alone, and for programs of the site.

use std::sync::Arc;

use axum::{
    Json,
    extract::{State as Extract, rejection::JsonRejection},
    http::HeaderMap,
};
use bongsu_sdk_model::{Order, Outcome};

use super::{State, problem::Problem, sessions::unread};

pub(super) async fn carry_out(
    Extract(state): Extract<Arc<State>>,
    headers: HeaderMap,
    order: Result<Json<Order>, JsonRejection>,
) -> Result<Json<Outcome>, Problem> {
    state.admin.check(&headers)?;
    let Json(order) = order.map_err(|error| unread(&error))?;
    let id = order.id.clone();
    let outcome = state.orders.obey(order).await;
    tracing::info!(order = id, state = ?outcome.state, "an order was given here");
    Ok(Json(outcome))
}
