//! The edge's local HTTP: page, API, health, metrics. Loopback unless configured otherwise; shows nothing
//! that has not been masked.

mod admin;
mod api;
mod facts;
mod guard;
mod health;
mod metrics;
mod orders;
mod page;
mod plugins;
mod problem;
mod rollup;
pub(crate) mod sessions;
mod transactions;
mod users;

use std::{net::SocketAddr, sync::Arc, time::Duration};

use anyhow::Context as _;
use axum::{
    Router,
    extract::DefaultBodyLimit,
    http::{HeaderName, HeaderValue, StatusCode, header},
    routing::{any, delete, get, post},
};
use bongsu_edge_collect::CollectStats;
use bongsu_edge_guard::Guard;
use bongsu_edge_history::{History, Vault};
use bongsu_edge_ship::Status;
use bongsu_sdk_model::{Clock, SiteId};
use bongsu_sdk_sketch::IdentityKey;
use tokio::{
    net::TcpListener,
    sync::{Semaphore, mpsc, watch},
    task::JoinHandle,
};
use tokio_util::sync::CancellationToken;
use tower_http::{set_header::SetResponseHeaderLayer, timeout::TimeoutLayer};

pub(crate) use self::admin::Admin;
use crate::{
    ask::Ask, feed::Erase, orders::Orders, plugins::keeper::PluginOrders, recent::Recent,
    record::Tap,
};

/// Questions answered at one time; further ones are asked to come again.
pub(crate) const MAX_ASKING: usize = 2;
const MAX_BODY: usize = 64 << 10;
const TIMEOUT: Duration = Duration::from_secs(30);
const GRACE: Duration = Duration::from_secs(2);

/// What the page and the API show.
pub(crate) struct State {
    pub(crate) site: SiteId,
    pub(crate) name: String,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) key: IdentityKey,
    pub(crate) admin: Admin,
    pub(crate) ask: Ask,
    pub(crate) history: Arc<History>,
    pub(crate) vault: Option<Vault>,
    pub(crate) erasures: mpsc::Sender<Erase>,
    pub(crate) recent: Arc<Recent>,
    pub(crate) sessions: bongsu_edge_sessions::Handle,
    pub(crate) guard: Arc<Guard>,
    pub(crate) orders: Arc<Orders>,
    pub(crate) collect: watch::Sender<CollectStats>,
    pub(crate) masking_failures: watch::Sender<u64>,
    pub(crate) plugins: PluginOrders,
    pub(crate) tap: Tap,
    pub(crate) ship: Option<watch::Receiver<Status>>,
    pub(crate) asking: Arc<Semaphore>,
}

/// A running server.
#[derive(Debug)]
pub(crate) struct Handle {
    addr: SocketAddr,
    stop: CancellationToken,
    task: JoinHandle<()>,
}

impl Handle {
    pub(crate) const fn addr(&self) -> SocketAddr {
        self.addr
    }

    pub(crate) async fn shutdown(self) {
        self.stop.cancel();
        let _ = tokio::time::timeout(GRACE, self.task).await;
    }
}

/// Binds `address` and serves.
pub(crate) async fn bind(address: SocketAddr, state: Arc<State>) -> anyhow::Result<Handle> {
    let listener = TcpListener::bind(address).await.with_context(|| {
        format!("failed to listen on http {address}, hint: is another edge running?")
    })?;
    let addr = listener
        .local_addr()
        .context("failed to read the local address")?;
    let stop = CancellationToken::new();
    let stopped = stop.clone().cancelled_owned();
    let app = router(state);
    let task = tokio::spawn(async move {
        if let Err(error) = axum::serve(listener, app)
            .with_graceful_shutdown(stopped)
            .await
        {
            tracing::error!("http server ended: {error}");
        }
    });
    Ok(Handle { addr, stop, task })
}

fn router(state: Arc<State>) -> Router {
    let header = |name: HeaderName, value: &'static str| {
        SetResponseHeaderLayer::overriding(name, HeaderValue::from_static(value))
    };
    let policy = "default-src 'none'; style-src 'self'; form-action 'self'; frame-ancestors 'none'";
    Router::new()
        .route("/", get(page::page))
        .route("/style.css", get(page::style))
        .route("/healthz", get(health::health))
        .route("/metrics", get(metrics::metrics))
        .route("/api/ask", post(api::ask))
        .route("/api/rollup", get(rollup::rollup))
        .route("/api/tmap", get(transactions::tmap))
        .route("/api/transactions", get(transactions::list))
        .route("/api/transactions/{id}", get(transactions::one))
        .route("/api/traces/{id}", get(transactions::trace))
        .route("/api/statements", get(facts::statements))
        .route("/api/errors", get(facts::errors))
        .route("/api/deployments", get(facts::deployments))
        .route("/api/users/reveal", post(users::reveal))
        .route("/api/users/erase", post(users::erase))
        .route("/api/sessions", get(sessions::list))
        .route("/api/sessions/end", post(sessions::orders::end))
        .route("/api/sessions/bind", post(sessions::orders::bind))
        .route(
            "/api/denies",
            get(sessions::denies::list)
                .post(sessions::denies::deny)
                .delete(sessions::denies::allow),
        )
        .merge(plugins::router())
        .route(
            "/api/guard/rules",
            get(guard::rules::list).post(guard::rules::add),
        )
        .route("/api/guard/rules/{id}", delete(guard::rules::remove))
        .route("/api/guard/preview", post(guard::rules::preview))
        .route("/api/orders", post(orders::carry_out))
        .fallback(problem::not_found)
        .method_not_allowed_fallback(problem::not_allowed)
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .layer(TimeoutLayer::with_status_code(
            StatusCode::SERVICE_UNAVAILABLE,
            TIMEOUT,
        ))
        .layer(header(header::CONTENT_SECURITY_POLICY, policy))
        .layer(header(header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .layer(header(header::REFERRER_POLICY, "no-referrer"))
        .layer(header(header::CACHE_CONTROL, "no-store"))
        // Asked for every request of every application: without what pages need.
        .route("/guard", any(guard::direct))
        .route("/guard/nginx", any(guard::nginx))
        .route("/guard/envoy/{app}", any(guard::envoy))
        .route("/guard/envoy/{app}/", any(guard::envoy))
        .route("/guard/envoy/{app}/{*path}", any(guard::envoy))
        .with_state(state)
}
