//! Runs the past through the same pipeline, as fast as it goes.

use std::sync::Arc;

use anyhow::Context as _;
use bongsu_edge_collect::Collected;
use bongsu_edge_history::History;
use bongsu_sdk_model::Timestamp;

use crate::{Config, Pipeline};

/// Blocks per transaction: large enough that the disk is not the limit, small enough to bound memory.
const COMMIT_EVERY: usize = 240;

/// An edge's data directory, opened while its process is not running. What is fed here is masked, judged,
/// rolled up, stored and spooled exactly as if it had been collected then; the edge ships it when it starts.
pub struct Backfill {
    pipeline: Pipeline,
    history: Arc<History>,
}

impl Backfill {
    /// Opens the data directory of `config`; `now` is the first instant of the past to come.
    ///
    /// # Errors
    /// If the directory is in use or a plugin can't be loaded.
    pub fn open(config: &Config, now: Timestamp) -> anyhow::Result<Self> {
        let directory = config.data_dir.join("history");
        let history = Arc::new(History::open(&directory, now).context("failed to open history")?);
        let pipeline = Pipeline::new(config, Arc::clone(&history))?;
        Ok(Self { pipeline, history })
    }

    /// Takes in what was collected by the instant `now`, which never goes back.
    ///
    /// # Errors
    /// If the store refuses.
    pub fn feed(&mut self, batch: Vec<Collected>, now: Timestamp) -> anyhow::Result<()> {
        self.pipeline.ingest(batch, now);
        if self.pipeline.close(now)? >= COMMIT_EVERY {
            self.pipeline.commit()?;
        }
        Ok(())
    }

    /// Closes everything and waits for the disk; gives the number of batches the edge has to ship.
    ///
    /// # Errors
    /// If the store refuses.
    pub fn finish(mut self, now: Timestamp) -> anyhow::Result<u64> {
        self.pipeline.drain(now)?;
        Ok(self.history.spool()?.waiting())
    }
}
