//! What happens to everything that is collected, in order, on one thread.

use std::{path::Path, sync::Arc};

use anyhow::Context as _;
use bongsu_edge_collect::Collected;
use bongsu_edge_history::{Commit, History};
use bongsu_edge_rollup::{Aggregator, Caps};
use bongsu_sdk_host::{Batch, Detector, Engine, EventKind, Events, MaskedTransaction};
use bongsu_sdk_model::{SessionCounts, SessionEvent, Timestamp, Transaction, Window};
use bongsu_sdk_sketch::{Block, IdentityKey};
use bongsu_sdk_wire::Payload;

use crate::{
    Config,
    masking::Masking,
    plugins::Plugins,
    recent::{Recent, Row},
    visits::{self, Visits},
};

/// Most live blocks of one pulse: a minute's worth covers any lost pulse.
const PULSE_BLOCKS: usize = 30;

/// Masker, detectors, aggregator and store of one site. Not a thread itself: whoever owns it calls it, with
/// the present instant.
pub struct Pipeline {
    key: IdentityKey,
    masking: Masking,
    detectors: Vec<Detector>,
    /// When detectors were given transactions last.
    judged: Option<Timestamp>,
    /// Keeps the plugins' deadlines ticking.
    _engine: Engine,
    aggregator: Aggregator,
    history: Arc<History>,
    recent: Arc<Recent>,
    pending: Commit,
    visits: Option<Visits>,
}

impl Pipeline {
    /// Loads the plugins and the identity key.
    ///
    /// # Errors
    /// If a plugin can't be loaded or the key can't be read.
    pub fn new(config: &Config, history: Arc<History>) -> anyhow::Result<Self> {
        let key = read_key(&config.identity_key)?;
        let Plugins {
            maskers,
            detectors,
            engine,
        } = Plugins::load(&config.plugins)?;
        Ok(Self {
            aggregator: Aggregator::new(key.clone(), config.lateness, Caps::default()),
            masking: Masking::new(maskers),
            detectors,
            judged: None,
            _engine: engine,
            key,
            history,
            recent: Arc::default(),
            pending: Commit::default(),
            visits: None,
        })
    }

    /// The organisation's key.
    pub(crate) const fn key(&self) -> &IdentityKey {
        &self.key
    }

    /// From now on the session store is told of transactions that carry a session id.
    pub(crate) fn tell_visits(&mut self, visits: Visits) {
        self.visits = Some(visits);
    }

    /// Takes in one batch: masks it, has it judged, counts it.
    pub fn ingest(&mut self, batch: Vec<Collected>, now: Timestamp) {
        let mut transactions = Vec::with_capacity(batch.len());
        for item in batch {
            match item {
                Collected::Transaction(transaction) => transactions.push(*transaction),
                Collected::Gauge {
                    app,
                    instance,
                    kind,
                    value,
                    at,
                } => {
                    self.aggregator
                        .sample(&app, &instance, kind, value, at, now);
                }
            }
        }
        if transactions.is_empty() {
            return;
        }
        self.masking.mask(&mut transactions, now);
        if let Some(visits) = &self.visits {
            for visited in transactions.iter().filter_map(visits::of) {
                // Full: the session's next request says the same.
                let _ = visits.try_send(visited);
            }
        }
        self.detect(&transactions, now);
        for transaction in &transactions {
            self.aggregator.add(transaction, now);
        }
        let user = |t: &Transaction| {
            t.user
                .as_ref()
                .map(|user| self.key.token("user", user.as_bytes()))
        };
        self.recent
            .push(transactions.iter().map(|t| Row::of(t, user(t))));
    }

    /// Counts one event of the session store.
    pub fn session_event(&mut self, event: &SessionEvent, now: Timestamp) {
        self.aggregator.add_session_event(event.kind, event.at, now);
    }

    /// Notes how many sessions are alive.
    pub fn sessions(&mut self, counts: SessionCounts, now: Timestamp) {
        self.aggregator.sample_sessions(counts.active, now);
    }

    /// Closes what has ended; gives how many blocks and findings wait to be committed.
    ///
    /// # Errors
    /// If a block cannot be encoded.
    pub fn close(&mut self, now: Timestamp) -> anyhow::Result<usize> {
        let minutes = self.aggregator.close(now);
        self.queue(minutes)?;
        Ok(self.pending.minutes.len() + self.pending.findings.len())
    }

    /// Writes what is waiting, with its batches for the center, in one transaction.
    ///
    /// # Errors
    /// If the store refuses; what is waiting stays and is tried again.
    pub fn commit(&mut self) -> anyhow::Result<()> {
        if !self.pending.findings.is_empty() {
            let findings = Payload::Findings(self.pending.findings.clone()).encode()?;
            self.pending.batches.push(findings);
        }
        let written = self.history.commit(&self.pending);
        if written.is_err() && !self.pending.findings.is_empty() {
            self.pending.batches.pop();
        }
        written.context("failed to commit closed minutes")?;
        self.pending = Commit::default();
        Ok(())
    }

    /// Closes and commits everything, ended or not, and waits for the disk. For shutdown.
    ///
    /// # Errors
    /// If the store refuses.
    pub fn drain(&mut self, now: Timestamp) -> anyhow::Result<()> {
        let minutes = self.aggregator.drain(now);
        self.queue(minutes)?;
        self.commit()?;
        self.history.flush().context("failed to flush history")
    }

    /// The 2-second blocks that changed lately.
    pub(crate) fn take_live(&mut self) -> Vec<Block> {
        self.aggregator.tell_changed_live(PULSE_BLOCKS)
    }

    /// Batches that a failing masker made us hide.
    pub(crate) const fn masking_failures(&self) -> u64 {
        self.masking.failures()
    }

    pub(crate) fn recent(&self) -> Arc<Recent> {
        Arc::clone(&self.recent)
    }

    fn queue(&mut self, minutes: Vec<Block>) -> anyhow::Result<()> {
        for block in minutes {
            let bytes = block.encode().context("failed to encode a minute")?;
            self.pending.batches.push(Payload::RollUps(bytes).encode()?);
            self.pending.minutes.push(block);
        }
        Ok(())
    }

    fn detect(&mut self, transactions: &[Transaction], now: Timestamp) {
        if self.detectors.is_empty() {
            return;
        }
        let masked: Vec<MaskedTransaction> =
            transactions.iter().map(|t| self.tokenised(t)).collect();
        let from = self.judged.unwrap_or(now).min(now);
        self.judged = Some(now);
        let batch = Batch::new(Window::new(from, now), &Events::Transactions(masked));
        let wanting = |detector: &&mut Detector| detector.wants(EventKind::Transactions);
        for detector in self.detectors.iter_mut().filter(wanting) {
            match detector.check(&batch) {
                Ok(findings) => self.pending.findings.extend(findings),
                Err(error) => tracing::warn!("detector failed on a batch: {error}"),
            }
        }
    }

    fn tokenised(&self, t: &Transaction) -> MaskedTransaction {
        let token = |kind: &str, raw: &String| self.key.token(kind, raw.as_bytes());
        MaskedTransaction {
            ended: t.ended,
            duration_us: t.duration_us,
            sql_us: t.sql_us,
            external_us: t.external_us,
            release: None,
            target: None,
            app: t.app.clone(),
            instance: t.instance.clone(),
            url: t.url.clone(),
            method: t.method.clone(),
            status: t.status,
            failed: t.failed,
            client: t
                .client
                .map(|client| token("client", &client.to_canonical().to_string())),
            session: t.session.as_ref().map(|session| token("session", session)),
            user: t.user.as_ref().map(|user| token("user", user)),
            login: t.login,
        }
    }
}

fn read_key(path: &Path) -> anyhow::Result<IdentityKey> {
    let hint = "hint: `openssl rand -hex 16 > identity.key`, once for all sites";
    let text = std::fs::read_to_string(path)
        .with_context(|| format!("failed to read identity key `{}`, {hint}", path.display()))?;
    text.parse()
        .with_context(|| format!("`{}` holds no identity key", path.display()))
}
