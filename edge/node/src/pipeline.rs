//! What happens to everything that is collected, in order, on one thread.

use std::{collections::BTreeMap, path::Path, sync::Arc};

use anyhow::Context as _;
use bongsu_edge_collect::Collected;
use bongsu_edge_history::{Commit, History};
use bongsu_edge_rollup::{Aggregator, Caps};
use bongsu_sdk_host::{Batch, EventKind, Events, MaskedSessionEvent, MaskedTransaction};
use bongsu_sdk_model::{SessionCounts, SessionEvent, Timestamp, Transaction, Window};
use bongsu_sdk_sketch::{Block, IdentityKey};
use bongsu_sdk_wire::Payload;

use crate::{
    Config, figures,
    masking::Masking,
    plugins::{
        keeper::{self, Keeper},
        slots::Slots,
    },
    recent::{Recent, Row},
    record::Tap,
    visits::{self, Visits},
};

/// Most live blocks of one pulse: a minute's worth covers any lost pulse.
const PULSE_BLOCKS: usize = 30;

/// Session events that may wait for detectors; beyond, they are counted and not judged.
const SESSION_EVENTS: usize = 65_536;

/// Masker, detectors, aggregator and store of one site. Not a thread itself: whoever owns it calls it, with
/// the present instant.
pub struct Pipeline {
    key: IdentityKey,
    masking: Masking,
    slots: Slots,
    /// Until somebody starts it.
    keeper: Option<Keeper>,
    /// When detectors were given a batch of each kind last.
    judged: BTreeMap<EventKind, Timestamp>,
    /// Session events that detectors have yet to see.
    session_events: Vec<MaskedSessionEvent>,
    aggregator: Aggregator,
    history: Arc<History>,
    recent: Arc<Recent>,
    pending: Commit,
    visits: Option<Visits>,
    /// Whoever records what detectors are given.
    tap: Tap,
}

impl Pipeline {
    /// Loads the plugins and the identity key.
    ///
    /// # Errors
    /// If a plugin can't be loaded or the key can't be read.
    pub fn new(config: &Config, history: Arc<History>) -> anyhow::Result<Self> {
        let key = read_key(&config.identity_key)?;
        let (slots, keeper) = keeper::load(&config.plugins)?;
        Ok(Self {
            aggregator: Aggregator::new(key.clone(), config.lateness, Caps::default()),
            masking: Masking::default(),
            slots,
            keeper: Some(keeper),
            judged: BTreeMap::new(),
            session_events: Vec::new(),
            key,
            history,
            recent: Arc::default(),
            pending: Commit::default(),
            visits: None,
            tap: Tap::default(),
        })
    }

    /// The organisation's key.
    pub(crate) const fn key(&self) -> &IdentityKey {
        &self.key
    }

    /// What loads plugins while the pipeline runs; once.
    pub(crate) const fn take_keeper(&mut self) -> Option<Keeper> {
        self.keeper.take()
    }

    /// Where what detectors are given can be recorded.
    pub(crate) fn tap(&self) -> Tap {
        self.tap.clone()
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
        self.slots.take_changes();
        self.masking.mask(&mut self.slots, &mut transactions, now);
        if let Some(visits) = &self.visits {
            for visited in transactions.iter().filter_map(visits::of) {
                // Full: the session's next request says the same.
                let _ = visits.try_send(visited);
            }
        }
        self.judge_transactions(&transactions, now);
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
        if self.wants(EventKind::SessionEvents) && self.session_events.len() < SESSION_EVENTS {
            self.session_events.push(MaskedSessionEvent {
                at: event.at,
                change: event.kind,
                session: self.key.token("session", event.session.as_bytes()),
                user: None,
                app: None,
            });
        }
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
        if self.wants(EventKind::RollUps) && !minutes.is_empty() {
            let figures = minutes.iter().flat_map(figures::of).collect();
            self.judge(&Events::RollUps(figures), now);
        }
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

    /// Lets detectors see session events, takes in what changed among the plugins, and tells how they stand. Called
    /// about once a second.
    pub(crate) fn attend_to_plugins(&mut self, now: Timestamp) {
        self.slots.take_changes();
        let events = std::mem::take(&mut self.session_events);
        if !events.is_empty() {
            self.judge(&Events::SessionEvents(events), now);
        }
        self.pending.findings.extend(self.slots.take_notes());
        self.slots.publish();
    }

    /// Whether a detector, or whoever records, is to see such events.
    fn wants(&self, kind: EventKind) -> bool {
        self.slots.wants(kind) || self.tap.is_open()
    }

    fn judge_transactions(&mut self, transactions: &[Transaction], now: Timestamp) {
        if self.wants(EventKind::Transactions) {
            let targets = self.slots.wants_targets() || self.tap.is_open();
            let masked = transactions.iter().map(|t| self.tokenised(t, targets));
            self.judge(&Events::Transactions(masked.collect()), now);
        }
    }

    fn judge(&mut self, events: &Events, now: Timestamp) {
        let kind = match events {
            Events::Transactions(_) => EventKind::Transactions,
            Events::SessionEvents(_) => EventKind::SessionEvents,
            Events::RollUps(_) => EventKind::RollUps,
        };
        let from = self.judged.insert(kind, now).unwrap_or(now).min(now);
        let window = Window::new(from, now);
        self.tap.offer(window, events);
        let batch = Batch::new(window, events);
        let found = self.slots.judge(&batch);
        self.pending.findings.extend(found);
        self.pending.findings.extend(self.slots.take_notes());
    }

    fn tokenised(&self, t: &Transaction, targets: bool) -> MaskedTransaction {
        let token = |kind: &str, raw: &String| self.key.token(kind, raw.as_bytes());
        MaskedTransaction {
            ended: t.ended,
            duration_us: t.duration_us,
            sql_us: t.sql_us,
            external_us: t.external_us,
            release: None,
            target: targets.then(|| t.target.clone()),
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
