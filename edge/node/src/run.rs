//! Starts the parts of an edge in order, and stops them in the order in which data flows.

use std::{net::SocketAddr, sync::Arc, thread, time::Duration};

use anyhow::Context as _;
use bongsu_edge_collect::{CollectStats, Promise};
use bongsu_edge_guard::Guard;
use bongsu_edge_history::{History, Vault};
use bongsu_edge_ship::Status;
use bongsu_sdk_model::Clock;
use bongsu_sdk_sketch::IdentityKey;
use tokio::{
    runtime,
    sync::{Notify, Semaphore, mpsc, watch},
    task::JoinHandle,
    time::interval,
};
use tokio_util::sync::CancellationToken;

use crate::{
    Config, Pipeline,
    ask::Ask,
    downlink,
    feed::{Erase, Feed, Kept},
    http::{self, Admin, State},
    local::LocalRows,
    orders::{self, Orders},
    outbox::Spool,
    plugins::keeper::{KeeperHandle, PluginOrders},
    recent::Recent,
    record::Tap,
    visits,
};

/// Batches waiting for the pipeline; beyond, sources wait or refuse.
const BATCHES_QUEUED: usize = 64;
const EVENTS_QUEUED: usize = 8_192;
const TICK: Duration = Duration::from_secs(1);
/// How long shutdown waits for the last batches to be acknowledged.
const SHIP_GRACE: Duration = Duration::from_secs(3);

/// A running edge.
pub struct Running {
    /// Where RESP is served.
    pub resp: SocketAddr,
    /// Where OTLP/gRPC is served.
    pub otlp_grpc: SocketAddr,
    /// Where OTLP/HTTP is served.
    pub otlp_http: SocketAddr,
    /// Where the local page and API are served.
    pub http: SocketAddr,
    state: Arc<State>,
    collect: bongsu_edge_collect::Handle,
    page: http::Handle,
    pipeline: thread::JoinHandle<()>,
    telling: JoinHandle<()>,
    stop_pipeline: CancellationToken,
    ship: Option<bongsu_edge_ship::Handle>,
    keeper: KeeperHandle,
}

/// Opens the stores, binds every listener and starts collecting and shipping.
///
/// # Errors
/// If a store, plugin, listener or certificate can't be used.
#[expect(
    clippy::too_many_lines,
    reason = "one part after another, in the order in which they need each other"
)]
pub async fn start(mut config: Config, clock: Arc<dyn Clock>) -> anyhow::Result<Running> {
    let directory = config.data_dir.join("history");
    let history =
        Arc::new(History::open(&directory, clock.now()).context("failed to open history")?);
    let mut pipeline = Pipeline::new(&config, Arc::clone(&history))?;
    let (recent, tap) = (pipeline.recent(), pipeline.tap());
    let key = pipeline.key().clone();
    let keeper = pipeline.take_keeper();
    let keeper = keeper.context("the plugins' keeper was taken")?;
    let (plugins, keeper) = keeper.start(Arc::clone(&clock))?;

    let positions = pipeline.recover(&directory.join("journal"), config.history.durability)?;

    let (events_in, events) = mpsc::channel(EVENTS_QUEUED);
    let sessions =
        bongsu_edge_sessions::bind(config.sessions.clone(), Arc::clone(&clock), events_in).await?;
    let (visits, telling) = visits::tell(sessions.control());
    pipeline.tell_visits(visits);
    let (batches_in, batches) = mpsc::channel(BATCHES_QUEUED);
    let promise = Promise::Kept(positions);
    let sources = config.collect.clone();
    let collect =
        bongsu_edge_collect::bind_with(sources, Arc::clone(&clock), batches_in, promise).await?;

    let guard =
        Guard::open(config.guard.clone(), clock.now()).context("failed to open the guard")?;
    let guard = Arc::new(guard);

    let wake = Arc::new(Notify::new());
    let (pulses_in, pulses) = watch::channel(None);
    let spool = || Spool::new(Arc::clone(&history)).map(Arc::new);
    let orders = Orders::new(Arc::clone(&guard), sessions.control(), Arc::clone(&clock));
    let orders = Arc::new(orders);
    let ledger = config.data_dir.join("orders");
    let downlink = || {
        let mut downlink = downlink::open(&ledger, sessions.control(), key.clone(), &clock)?;
        downlink.carries_out(orders::KIND, Arc::clone(&orders) as _)?;
        anyhow::Ok(downlink)
    };
    let ship = config.ship.take().map(|ship| {
        let (site, clock) = (config.site.clone(), Arc::clone(&clock));
        let (wake, downlink) = (Arc::clone(&wake), downlink()?);
        bongsu_edge_ship::start(ship, site, clock, spool()?, wake, pulses, downlink)
            .map_err(anyhow::Error::from)
    });
    let ship = ship.transpose()?;

    let (erasures_in, erasures) = mpsc::channel(1);
    let resp = sessions.addr();
    let http = config.http;
    let (kept, spool_max_bytes) = (Kept::of(&config), config.spool_max_bytes);
    let status = ship.as_ref().map(bongsu_edge_ship::Handle::status);
    let state = Arc::new(state(
        config,
        key,
        &history,
        &clock,
        recent,
        sessions,
        (guard, orders),
        status,
        (plugins, tap),
        erasures_in,
    ));
    let page = http::bind(http, Arc::clone(&state)).await?;

    let stop_pipeline = CancellationToken::new();
    let feed = Feed {
        batches,
        events,
        erasures,
        pulses: pulses_in,
        wake,
        clock,
        history,
        kept,
        spool_max_bytes,
        state: Arc::clone(&state),
        stop: stop_pipeline.clone(),
    };
    let pipeline = spawn(feed, pipeline)?;
    Ok(Running {
        resp,
        otlp_grpc: collect.grpc_addr(),
        otlp_http: collect.http_addr(),
        http: page.addr(),
        state,
        collect,
        page,
        pipeline,
        telling,
        stop_pipeline,
        ship,
        keeper,
    })
}

/// The pipeline blocks, so it has a thread of its own, which still may wait for channels and timers.
fn spawn(feed: Feed, pipeline: Pipeline) -> anyhow::Result<thread::JoinHandle<()>> {
    let on = runtime::Handle::current();
    thread::Builder::new()
        .name("pipeline".into())
        .spawn(move || on.block_on(feed.run(pipeline)))
        .context("failed to start the pipeline's thread")
}

#[expect(
    clippy::too_many_arguments,
    reason = "the parts of an edge, gathered once"
)]
fn state(
    config: Config,
    key: IdentityKey,
    history: &Arc<History>,
    clock: &Arc<dyn Clock>,
    recent: Arc<Recent>,
    sessions: bongsu_edge_sessions::Handle,
    (guard, orders): (Arc<Guard>, Arc<Orders>),
    ship: Option<watch::Receiver<Status>>,
    (plugins, tap): (PluginOrders, Tap),
    erasures: mpsc::Sender<Erase>,
) -> State {
    State {
        guard,
        orders,
        site: config.site.clone(),
        name: config.name.clone(),
        clock: Arc::clone(clock),
        key: key.clone(),
        admin: Admin::new(config.admin_token),
        ask: Ask {
            history: Arc::clone(history),
            site: config.site,
            name: config.name,
            apps: config.apps,
            zone: config.zone,
            rows: LocalRows {
                sessions: sessions.control(),
                recent: Arc::clone(&recent),
                key: key.clone(),
            },
        },
        history: Arc::clone(history),
        vault: config.history.vault.map(Vault::new),
        erasures,
        recent,
        sessions,
        collect: watch::Sender::new(CollectStats::default()),
        masking_failures: watch::Sender::new(0),
        plugins,
        tap,
        ship,
        asking: Arc::new(Semaphore::new(http::MAX_ASKING)),
    }
}

impl Running {
    /// Keeps the page's figures of collection current until `stop`.
    pub async fn watch(&self, stop: &CancellationToken) {
        let mut tick = interval(TICK);
        while stop.run_until_cancelled(tick.tick()).await.is_some() {
            self.state.collect.send_replace(self.collect.stats());
            self.sweep().await;
        }
    }

    /// Deletes guard rules whose time is over.
    async fn sweep(&self) {
        let (guard, now) = (Arc::clone(&self.state.guard), self.state.clock.now());
        match tokio::task::spawn_blocking(move || guard.sweep(now)).await {
            Ok(Ok(0)) => {}
            Ok(Ok(ended)) => tracing::info!(ended, "guard rules ended on time"),
            Ok(Err(error)) => tracing::error!("failed to end guard rules: {error}"),
            Err(error) => tracing::error!("ending guard rules ended badly: {error}"),
        }
    }

    /// Stops taking in, drains what is under way to disk, and gives the center a moment to hear the rest.
    pub async fn shutdown(self) {
        self.collect.shutdown().await;
        self.stop_pipeline.cancel();
        let pipeline = self.pipeline;
        let joined = tokio::task::spawn_blocking(move || pipeline.join()).await;
        if !matches!(joined, Ok(Ok(()))) {
            tracing::error!("the pipeline ended badly");
        }
        // What the last batches left in plugins' state is written now.
        drop(self.keeper);
        // It ends with the pipeline, when it has told what was left.
        if self.telling.await.is_err() {
            tracing::error!("the session store was not told of every visit");
        }
        if let Some(ship) = self.ship {
            let mut status = ship.status();
            let next = self.state.history.spool().map_or(0, |spool| spool.next);
            let all_acked = status.wait_for(|s| !s.connected || s.acked_through + 1 >= next);
            let _ = tokio::time::timeout(SHIP_GRACE, all_acked).await;
            ship.shutdown().await;
        }
        self.page.shutdown().await;
        match Arc::try_unwrap(self.state) {
            Ok(state) => state.sessions.shutdown().await,
            Err(_) => {
                tracing::warn!("the local page is still in use; sessions are dropped, not drained")
            }
        }
    }
}
