//! Starts the parts of an edge in order, and stops them in the order in which data flows.

use std::{net::SocketAddr, sync::Arc, thread, time::Duration};

use anyhow::Context as _;
use bongsu_edge_collect::Collected;
use bongsu_edge_history::History;
use bongsu_edge_ship::Pulse;
use bongsu_sdk_model::{Clock, SessionEvent, Timestamp, Window};
use bongsu_sdk_sketch::Block;
use tokio::{
    runtime,
    sync::{Notify, mpsc, watch},
    time::{MissedTickBehavior, interval},
};
use tokio_util::sync::CancellationToken;

use crate::{
    Config, Pipeline,
    ask::Ask,
    http::{self, State},
    outbox::Spool,
};

/// Batches waiting for the pipeline; beyond, sources wait or refuse.
const BATCHES_QUEUED: usize = 64;
const EVENTS_QUEUED: usize = 8_192;
const TICK: Duration = Duration::from_secs(1);
const PRUNE_EVERY: Duration = Duration::from_secs(600);
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
    stop_pipeline: CancellationToken,
    ship: Option<bongsu_edge_ship::Handle>,
}

/// Opens the stores, binds every listener and starts collecting and shipping.
///
/// # Errors
/// If a store, plugin, listener or certificate can't be used.
pub async fn start(config: Config, clock: Arc<dyn Clock>) -> anyhow::Result<Running> {
    let directory = config.data_dir.join("history");
    let history = Arc::new(History::open(&directory, clock.now()).context("failed to open history")?);
    let pipeline = Pipeline::new(&config, Arc::clone(&history))?;
    let recent = pipeline.recent();

    let (events_in, events) = mpsc::channel(EVENTS_QUEUED);
    let sessions = bongsu_edge_sessions::bind(config.sessions, Arc::clone(&clock), events_in).await?;
    let (batches_in, batches) = mpsc::channel(BATCHES_QUEUED);
    let collect = bongsu_edge_collect::bind(config.collect, Arc::clone(&clock), batches_in).await?;

    let wake = Arc::new(Notify::new());
    let (pulses_in, pulses) = watch::channel(None);
    let ship = match config.ship {
        None => None,
        Some(ship) => {
            let spool = Arc::new(Spool::new(Arc::clone(&history))?);
            let site = config.site.clone();
            Some(bongsu_edge_ship::start(ship, site, Arc::clone(&clock), spool, Arc::clone(&wake), pulses)?)
        }
    };

    let resp = sessions.addr();
    let state = Arc::new(State {
        site: config.site.clone(),
        name: config.name.clone(),
        clock: Arc::clone(&clock),
        ask: Ask {
            history: Arc::clone(&history),
            site: config.site,
            name: config.name,
            apps: config.apps,
            zone: config.zone,
        },
        history: Arc::clone(&history),
        recent,
        sessions,
        collect: watch::Sender::new(collect.stats()),
        masking_failures: watch::Sender::new(0),
        ship: ship.as_ref().map(bongsu_edge_ship::Handle::status),
        asking: tokio::sync::Semaphore::new(http::MAX_ASKING),
    });
    let page = http::bind(config.http, Arc::clone(&state)).await?;

    let stop_pipeline = CancellationToken::new();
    let feed = Feed {
        batches,
        events,
        pulses: pulses_in,
        wake,
        clock,
        history,
        kept: config.kept,
        state: Arc::clone(&state),
        stop: stop_pipeline.clone(),
    };
    let on = runtime::Handle::current();
    let pipeline = thread::Builder::new()
        .name("pipeline".into())
        .spawn(move || on.block_on(feed.run(pipeline)))
        .context("failed to start the pipeline's thread")?;
    Ok(Running {
        resp,
        otlp_grpc: collect.grpc_addr(),
        otlp_http: collect.http_addr(),
        http: page.addr(),
        state,
        collect,
        page,
        pipeline,
        stop_pipeline,
        ship,
    })
}

impl Running {
    /// Keeps the page's figures of collection current until `stop`.
    pub async fn watch(&self, stop: &CancellationToken) {
        let mut tick = interval(TICK);
        while stop.run_until_cancelled(tick.tick()).await.is_some() {
            self.state.collect.send_replace(self.collect.stats());
        }
    }

    /// Stops taking in, drains what is under way to disk, and gives the center a moment to hear the rest.
    pub async fn shutdown(self) {
        self.collect.shutdown().await;
        self.stop_pipeline.cancel();
        let pipeline = self.pipeline;
        if tokio::task::spawn_blocking(move || pipeline.join()).await.is_err() {
            tracing::error!("the pipeline ended badly");
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
            Err(_) => tracing::warn!("the local page is still in use; sessions are dropped, not drained"),
        }
    }
}

/// Everything that reaches the pipeline, and everything it sets off.
struct Feed {
    batches: mpsc::Receiver<Vec<Collected>>,
    events: mpsc::Receiver<SessionEvent>,
    pulses: watch::Sender<Option<Pulse>>,
    wake: Arc<Notify>,
    clock: Arc<dyn Clock>,
    history: Arc<History>,
    kept: Duration,
    state: Arc<State>,
    stop: CancellationToken,
}

impl Feed {
    async fn run(mut self, mut pipeline: Pipeline) {
        let mut tick = interval(TICK);
        tick.set_missed_tick_behavior(MissedTickBehavior::Skip);
        let mut prune = interval(PRUNE_EVERY);
        let stop = self.stop.clone();
        loop {
            tokio::select! {
                biased;
                Some(event) = self.events.recv() => pipeline.session_event(&event, self.clock.now()),
                _ = tick.tick() => self.tick(&mut pipeline),
                Some(batch) = self.batches.recv() => pipeline.ingest(batch, self.clock.now()),
                _ = prune.tick() => self.prune(),
                () = stop.cancelled() => break,
            }
        }
        while let Ok(batch) = self.batches.try_recv() {
            pipeline.ingest(batch, self.clock.now());
        }
        if let Err(error) = pipeline.drain(self.clock.now()) {
            tracing::error!("failed to drain the pipeline: {error:#}");
        }
        self.wake.notify_one();
    }

    fn tick(&mut self, pipeline: &mut Pipeline) {
        let now = self.clock.now();
        let counts = self.state.sessions.counts();
        pipeline.sessions(counts, now);
        self.state.masking_failures.send_replace(pipeline.masking_failures());
        if let Err(error) = self.close(pipeline, now) {
            tracing::error!("failed to keep closed minutes, trying again: {error:#}");
        }
        let live = pipeline.take_live();
        if let Err(error) = self.history.put_live(&live) {
            tracing::warn!("failed to keep live figures: {error}");
        }
        self.pulses.send_replace(Some(Pulse {
            window: Window::ending_at(now, Duration::from_secs(60)),
            blocks: live.iter().filter_map(|block: &Block| block.encode().ok()).collect(),
            sessions: Some(counts),
            health: String::new(),
        }));
    }

    fn close(&self, pipeline: &mut Pipeline, now: Timestamp) -> anyhow::Result<()> {
        if pipeline.close(now)? > 0 {
            pipeline.commit()?;
            self.history.flush()?;
            self.wake.notify_one();
        }
        Ok(())
    }

    fn prune(&self) {
        if let Err(error) = self.history.prune(self.clock.now(), self.kept) {
            tracing::warn!("failed to prune history: {error}");
        }
    }
}
