//! The ledger stream: reads batches ahead while the last transaction runs, then applies what has come in one.
//! Holds at most twice the transaction's size; beyond that the stream is not read and QUIC's flow control
//! holds the edge back.

use std::sync::Arc;

use tokio::task::JoinHandle;

use bongsu_sdk_model::SiteId;
use bongsu_sdk_wire::{Batch, Down, Payload, Received, RefusalCode, encode};

use super::{
    Shared,
    session::{Ended, Streams, gone, refused},
};
use crate::{Inbox, InboxError, Loss, seats::Lane, stats::Counts};

/// Bytes read from the stream at once.
const CHUNK: usize = 64 << 10;

/// One site's ledger for as long as a connection holds its lane.
pub(super) struct Ledger {
    shared: Arc<Shared>,
    site: SiteId,
    epoch: u64,
    lane: Lane,
    pending: Vec<Batch>,
    pending_bytes: usize,
}

type Applied = Result<u64, InboxError>;

impl Ledger {
    pub(super) fn new(shared: &Arc<Shared>, site: SiteId, epoch: u64, lane: Lane) -> Self {
        Self {
            shared: Arc::clone(shared),
            site,
            epoch,
            lane,
            pending: Vec::new(),
            pending_bytes: 0,
        }
    }

    pub(super) const fn site(&self) -> &SiteId {
        &self.site
    }

    /// Highest sequence durably applied.
    pub(super) async fn position(&self) -> Result<u64, Ended> {
        let (site, epoch) = (self.site.clone(), self.epoch);
        unavailable(
            self.blocking(move |inbox, _| inbox.position(&site, epoch))
                .await,
        )
    }

    /// Records a lost interval.
    pub(super) async fn skip(&self, through: u64, why: Loss) -> Result<(), Ended> {
        let (site, epoch) = (self.site.clone(), self.epoch);
        unavailable(
            self.blocking(move |inbox, _| inbox.skip(&site, epoch, through, why))
                .await,
        )
    }

    /// Reads, applies and acknowledges until something ends it.
    pub(super) async fn pump(&mut self, streams: &mut Streams) -> Ended {
        match self.run(streams).await {
            Ok(()) => Ended::Gone("the edge ended the stream".to_owned()),
            Err(ended) => ended,
        }
    }

    async fn run(&mut self, streams: &mut Streams) -> Result<(), Ended> {
        let mut applying: Option<JoinHandle<Applied>> = None;
        let mut open = true;
        let mut chunk = vec![0; CHUNK];
        // What came in one piece with Hello.
        self.take(streams, &[]).await?;
        while open || applying.is_some() || !self.pending.is_empty() {
            if applying.is_none() && !self.pending.is_empty() {
                applying = Some(self.apply());
            }
            let room = open && self.pending_bytes < self.shared.config.transaction_bytes;
            tokio::select! {
                applied = finished(&mut applying) => {
                    let through = unavailable(applied)?;
                    applying = None;
                    let ack = streams.receiver.applied(through);
                    send(streams, &ack).await?;
                }
                read = streams.up.read(&mut chunk), if room => match read.map_err(gone)? {
                    Some(len) => self.take(streams, chunk.get(..len).unwrap_or_default()).await?,
                    None => open = false,
                }
            }
        }
        Ok(())
    }

    /// Takes in bytes of the stream.
    async fn take(&mut self, streams: &mut Streams, bytes: &[u8]) -> Result<(), Ended> {
        streams.decoder.push(bytes);
        let mut again = None;
        loop {
            let frame = streams
                .decoder
                .next()
                .map_err(|error| refused(RefusalCode::Malformed, error.to_string()))?;
            let Some(frame) = frame else { break };
            match streams.receiver.handle(frame)? {
                Received::Batch(batch) => {
                    self.pending_bytes += batch.payload.len() + size_of::<Batch>();
                    self.pending.push(batch);
                }
                Received::Duplicate(ack) => {
                    self.shared.counts.duplicates.add(1);
                    again = Some(ack);
                }
                Received::Pulse(pulse) => self.shared.pulse(&self.site, pulse),
                // The receiver refuses a second one.
                Received::Hello(_) | Received::Lane(_) => {}
            }
        }
        match again {
            Some(ack) => send(streams, &ack).await,
            None => Ok(()),
        }
    }

    /// Starts a transaction with everything that is pending.
    fn apply(&mut self) -> JoinHandle<Applied> {
        let batches = std::mem::take(&mut self.pending);
        self.pending_bytes = 0;
        let (site, epoch) = (self.site.clone(), self.epoch);
        self.blocking(move |inbox, counts| apply(inbox, counts, &site, epoch, batches))
    }

    /// Runs `work` on a blocking thread. It holds the lane until it has ended, even if the connection is gone.
    fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&dyn Inbox, &Counts) -> T + Send + 'static,
    ) -> JoinHandle<T> {
        let (shared, lane) = (Arc::clone(&self.shared), self.lane.clone());
        self.shared.tasks.spawn_blocking(move || {
            let done = work(shared.inbox.as_ref(), &shared.counts);
            drop(lane);
            done
        })
    }
}

/// Applies batches in order; what cannot be read is skipped and recorded.
fn apply(
    inbox: &dyn Inbox,
    counts: &Counts,
    site: &SiteId,
    epoch: u64,
    batches: Vec<Batch>,
) -> Applied {
    let mut through = 0;
    let mut run = Vec::with_capacity(batches.len());
    for Batch { sequence, payload } in batches {
        counts.bytes.add(payload.len() as u64);
        match Payload::decode(&payload) {
            Ok(payload) => run.push((sequence, payload)),
            Err(error) => {
                tracing::warn!(%site, sequence, %error, "a batch is lost: its payload cannot be read");
                apply_run(inbox, counts, site, epoch, std::mem::take(&mut run))?;
                inbox.skip(site, epoch, sequence, Loss::Unreadable)?;
                counts.lost.add(1);
                through = sequence;
            }
        }
    }
    Ok(apply_run(inbox, counts, site, epoch, run)?.unwrap_or(through))
}

fn apply_run(
    inbox: &dyn Inbox,
    counts: &Counts,
    site: &SiteId,
    epoch: u64,
    run: Vec<(u64, Payload)>,
) -> Result<Option<u64>, InboxError> {
    let (len, Some(&(last, _))) = (run.len(), run.last()) else {
        return Ok(None);
    };
    let through = inbox.apply(site, epoch, run)?;
    if through < last {
        return Err(InboxError::new(format!(
            "applied through {through}, but {last} was given"
        )));
    }
    counts.batches.add(len as u64);
    counts.transactions.add(1);
    Ok(Some(through))
}

/// The running transaction's result; never, if none runs.
async fn finished(
    applying: &mut Option<JoinHandle<Applied>>,
) -> Result<Applied, tokio::task::JoinError> {
    match applying {
        Some(task) => task.await,
        None => std::future::pending().await,
    }
}

async fn send(streams: &mut Streams, frame: &Down) -> Result<(), Ended> {
    let bytes = encode(frame).map_err(gone)?;
    streams.down.write_all(&bytes).await.map_err(gone)
}

/// The edge is told that the store failed, not why.
fn unavailable<T>(
    result: Result<Result<T, InboxError>, tokio::task::JoinError>,
) -> Result<T, Ended> {
    let cause = match result {
        Ok(Ok(value)) => return Ok(value),
        Ok(Err(error)) => error.to_string(),
        Err(error) => error.to_string(),
    };
    tracing::error!(%cause, "the center's store failed");
    Err(refused(
        RefusalCode::Unavailable,
        "the center cannot store at present",
    ))
}
