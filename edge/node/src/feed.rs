//! The pipeline's thread: what reaches it, when it closes minutes, what it sets off.

use std::{sync::Arc, time::Duration};

use bongsu_edge_collect::Collected;
use bongsu_edge_history::History;
use bongsu_edge_ship::Pulse;
use bongsu_sdk_model::{Clock, SessionEvent, Timestamp, Window};
use bongsu_sdk_sketch::Block;
use tokio::{
    sync::{Notify, mpsc, watch},
    time::{MissedTickBehavior, interval},
};
use tokio_util::sync::CancellationToken;

use crate::{Pipeline, http::State};

const TICK: Duration = Duration::from_secs(1);
const PRUNE_EVERY: Duration = Duration::from_secs(600);

/// Everything that reaches the pipeline, and everything it sets off.
pub(crate) struct Feed {
    pub(crate) batches: mpsc::Receiver<Vec<Collected>>,
    pub(crate) events: mpsc::Receiver<SessionEvent>,
    pub(crate) pulses: watch::Sender<Option<Pulse>>,
    pub(crate) wake: Arc<Notify>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) history: Arc<History>,
    pub(crate) kept: Duration,
    pub(crate) state: Arc<State>,
    pub(crate) stop: CancellationToken,
}

impl Feed {
    /// Runs until told to stop, then drains what is queued to disk.
    pub(crate) async fn run(mut self, mut pipeline: Pipeline) {
        let mut tick = interval(TICK);
        tick.set_missed_tick_behavior(MissedTickBehavior::Skip);
        let mut prune = interval(PRUNE_EVERY);
        let stop = self.stop.clone();
        loop {
            tokio::select! {
                biased;
                // Stopping and closing minutes first: no flood of events or batches may keep them waiting.
                () = stop.cancelled() => break,
                _ = tick.tick() => self.tick(&mut pipeline),
                _ = prune.tick() => self.prune(),
                Some(event) = self.events.recv() => pipeline.session_event(&event, self.clock.now()),
                Some(batch) = self.batches.recv() => pipeline.ingest(batch, self.clock.now()),
            }
        }
        while let Ok(event) = self.events.try_recv() {
            pipeline.session_event(&event, self.clock.now());
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
        pipeline.attend_to_plugins(now);
        self.state
            .masking_failures
            .send_replace(pipeline.masking_failures());
        if let Err(error) = self.close(pipeline, now) {
            tracing::error!("failed to keep closed minutes, trying again: {error:#}");
        }
        let live = pipeline.take_live();
        if let Err(error) = self.history.put_live(&live) {
            tracing::warn!("failed to keep live figures: {error}");
        }
        self.pulses.send_replace(Some(Pulse {
            window: Window::ending_at(now, Duration::from_secs(60)),
            blocks: live
                .iter()
                .filter_map(|block: &Block| block.encode().ok())
                .collect(),
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
