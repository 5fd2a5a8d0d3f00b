//! The pipeline's thread: what reaches it, when it closes minutes, what it sets off.

use std::{sync::Arc, time::Duration};

use bongsu_edge_collect::Collected;
use bongsu_edge_history::{History, Shrunk, Token};
use bongsu_edge_ship::Pulse;
use bongsu_sdk_model::{Clock, SessionEvent, Timestamp, Window};
use bongsu_sdk_sketch::Block;
use tokio::{
    sync::{Notify, mpsc, oneshot, watch},
    time::{MissedTickBehavior, interval},
};
use tokio_util::sync::CancellationToken;

use crate::{Config, Pipeline, http::State};

const TICK: Duration = Duration::from_secs(1);
const PRUNE_EVERY: Duration = Duration::from_secs(600);
/// Hours made of their minutes in one tick.
const HOURS: usize = 1;
/// Transactions and samples of one record, about.
const TOGETHER: usize = 16_384;

/// Everything that reaches the pipeline, and everything it sets off.
pub(crate) struct Feed {
    pub(crate) batches: mpsc::Receiver<Vec<Collected>>,
    pub(crate) events: mpsc::Receiver<SessionEvent>,
    pub(crate) erasures: mpsc::Receiver<Erase>,
    pub(crate) pulses: watch::Sender<Option<Pulse>>,
    pub(crate) wake: Arc<Notify>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) history: Arc<History>,
    pub(crate) kept: Kept,
    pub(crate) spool_max_bytes: u64,
    pub(crate) state: Arc<State>,
    pub(crate) stop: CancellationToken,
}

/// An order to erase a user; answered with how many transactions were blanked.
#[derive(Debug)]
pub(crate) struct Erase {
    pub(crate) user: Token,
    pub(crate) done: oneshot::Sender<Option<u64>>,
}

/// How long what is kept.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Kept {
    pub(crate) minutes: Duration,
    pub(crate) hours: Duration,
    pub(crate) transactions: Duration,
    pub(crate) transactions_bytes: u64,
}

impl Kept {
    pub(crate) const fn of(config: &Config) -> Self {
        Self {
            minutes: config.kept,
            hours: config.hours_kept,
            transactions: config.history.transactions_kept,
            transactions_bytes: config.history.transactions_bytes,
        }
    }
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
                Some(order) = self.erasures.recv() => self.erase(&mut pipeline, order),
                Some(event) = self.events.recv() => pipeline.session_event(&event, self.clock.now()),
                Some(batch) = self.batches.recv(), if !pipeline.is_stuck() => self.ingest(&mut pipeline, batch),
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

    /// Takes in what has come together: one record, one write, one sync. Those who wait for it are apart from
    /// what nobody waits for: if it can't be kept, they are told and the rest is held.
    fn ingest(&mut self, pipeline: &mut Pipeline, first: Vec<Collected>) {
        let now = self.clock.now();
        let (mut waited_for, mut others) = (Vec::new(), Vec::new());
        let mut next = Some(first);
        while let Some(batch) = next {
            let waits = matches!(batch.last(), Some(Collected::Receipt(_)));
            let group = if waits { &mut waited_for } else { &mut others };
            group.extend(batch);
            next = match waited_for.len() + others.len() {
                0..TOGETHER => self.batches.try_recv().ok(),
                _ => None,
            };
        }
        for group in [waited_for, others] {
            if !group.is_empty() {
                pipeline.ingest(group, now);
            }
        }
    }

    fn erase(&self, pipeline: &mut Pipeline, order: Erase) {
        let erased = pipeline.erase(order.user, self.clock.now());
        if let Err(error) = &erased {
            tracing::error!("failed to erase a user: {error:#}");
        }
        // Whoever ordered it may have gone.
        let _ = order.done.send(erased.ok());
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
        if let Err(error) = self.history.make_hours(now, self.kept.minutes, HOURS) {
            tracing::warn!("failed to make hours of minutes: {error}");
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
            self.shrink_spool(now);
            self.history.flush()?;
            pipeline.cut();
            self.wake.notify_one();
        }
        Ok(())
    }

    /// A spool that can't be made to fit is no reason to stop counting.
    fn shrink_spool(&self, now: Timestamp) {
        match self.history.shrink_spool(self.spool_max_bytes, now) {
            Ok(Shrunk {
                merged,
                dropped,
                bytes,
            }) if merged + dropped > 0 => {
                tracing::warn!(
                    merged,
                    dropped,
                    bytes,
                    "the spool was full: intervals were merged, then dropped"
                );
            }
            Ok(_) => {}
            Err(error) => tracing::error!("failed to shrink the spool: {error}"),
        }
    }

    fn prune(&self) {
        let now = self.clock.now();
        if let Err(error) = self.history.prune(now, self.kept.minutes, self.kept.hours) {
            tracing::warn!("failed to prune history: {error}");
        }
        let (kept, bytes) = (self.kept.transactions, self.kept.transactions_bytes);
        if let Err(error) = self.history.transactions().prune(now, kept, bytes) {
            tracing::warn!("failed to prune transactions: {error}");
        }
    }
}
