//! What happens to everything that is collected, in order, on one thread.

mod judging;
mod keeping;
mod others;
mod replay;

use std::{path::Path, sync::Arc};

use anyhow::Context as _;
use bongsu_edge_collect::Collected;
use bongsu_edge_history::{Commit, FULL, History, Masked, Record, Sample, Token, Vault, Who};
use bongsu_edge_rollup::{Aggregator, Caps};
use bongsu_sdk_host::{EventKind, Events};
use bongsu_sdk_model::{GaugeKind, SessionCounts, SessionEvent, Timestamp, Transaction};
use bongsu_sdk_sketch::{Block, IdentityHash, IdentityKey};
use bongsu_sdk_wire::Payload;

use self::{judging::Judging, keeping::Keeping, others::Others};
use crate::{
    Config, figures,
    masking::Masking,
    plugins::keeper::{self, Keeper},
    recent::{Recent, Row},
    record::Tap,
    visits::{self, Visits},
    who,
};

/// Most live blocks of one pulse: a minute's worth covers any lost pulse.
const PULSE_BLOCKS: usize = 30;

/// Masker, detectors, journal, aggregator and store of one site. Not a thread itself: whoever owns it calls it,
/// with the present instant.
pub struct Pipeline {
    key: IdentityKey,
    masking: Masking,
    judging: Judging,
    /// Until somebody starts it.
    keeper: Option<Keeper>,
    aggregator: Aggregator,
    history: Arc<History>,
    recent: Arc<Recent>,
    pending: Commit,
    visits: Option<Visits>,
    keeping: Keeping,
}

/// A group of batches that has been masked and judged, and is about to be kept and counted.
struct Prepared {
    record: Record,
    transactions: Vec<Transaction>,
}

impl Pipeline {
    /// Loads the plugins and the identity key.
    ///
    /// # Errors
    /// If a plugin can't be loaded or the key can't be read.
    pub fn new(config: &Config, history: Arc<History>) -> anyhow::Result<Self> {
        let key = read_key(&config.identity_key)?;
        let (slots, keeper) = keeper::load(&config.plugins)?;
        let vault = config.history.vault.clone().map(Vault::new);
        Ok(Self {
            aggregator: Aggregator::new(key.clone(), config.lateness, Caps::default()),
            masking: Masking::default(),
            judging: Judging::new(slots),
            keeper: Some(keeper),
            key,
            keeping: Keeping::new(vault),
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

    /// What loads plugins while the pipeline runs; once.
    pub(crate) const fn take_keeper(&mut self) -> Option<Keeper> {
        self.keeper.take()
    }

    /// Where what detectors are given can be recorded.
    pub(crate) fn tap(&self) -> Tap {
        self.judging.tap.clone()
    }

    /// From now on the session store is told of transactions that carry a session id.
    pub(crate) fn tell_visits(&mut self, visits: Visits) {
        self.visits = Some(visits);
    }

    /// Takes in batches that came together: masks them, has them judged, keeps and counts them. Whether they are
    /// kept, their receipts say; what nobody waits for is held until it can be.
    pub fn ingest(&mut self, batch: Vec<Collected>, now: Timestamp) {
        let is_receipt = |item: &Collected| matches!(item, Collected::Receipt(_));
        // What may be refused does not take along what may not.
        let mut record = match batch.iter().any(is_receipt) {
            true => Record::default(),
            false => self.keeping.take_staged(),
        };
        record.now = now;
        let mut transactions = Vec::with_capacity(batch.len());
        let mut others = Others::default();
        let mut receipts = Vec::new();
        for item in batch {
            match item {
                Collected::Transaction(transaction) => transactions.push(*transaction),
                Collected::Gauge {
                    app,
                    instance,
                    kind,
                    value,
                    at,
                } => record.samples.push(Sample {
                    of: Some((app, instance)),
                    kind,
                    value,
                    at,
                }),
                Collected::Receipt(receipt) => receipts.push(receipt),
                Collected::Position { log, read } => {
                    record.positions.insert(log, read);
                }
                Collected::Spans(spans) => others.spans.extend(spans),
                Collected::Statement(calls) => others.statements.push(*calls),
                Collected::Exception(report) => others.exceptions.push(*report),
                Collected::Deployment(deployment) => others.deployments.push(*deployment),
                _ => {}
            }
        }
        self.judging.slots.take_changes();
        let slots = &mut self.judging.slots;
        (record.facts, record.spans) = others.masked(&mut self.masking, slots, now);
        self.masking.mask(slots, &mut transactions, now);
        let found = self.judging.transactions(&self.key, &transactions, now);
        record.findings.extend(found);
        record.transactions = transactions
            .iter()
            .map(|t| Masked::of(t, who::of(&self.key, t)))
            .collect();
        record
            .secrets
            .extend(self.keeping.secrets(&transactions, &record, &self.history));
        let prepared = Prepared {
            record,
            transactions,
        };
        if self.keep(prepared, !receipts.is_empty()) {
            receipts.iter().for_each(bongsu_edge_collect::Receipt::kept);
        }
    }

    /// Counts what has been kept, and shows it where the site's own people look.
    fn count(&mut self, prepared: Prepared, number: u64) {
        let Prepared {
            mut record,
            transactions,
        } = prepared;
        let now = record.now;
        for (transaction, masked) in transactions.iter().zip(&record.transactions) {
            let users = hashes(&masked.who);
            self.aggregator.add_hashed(transaction, &users, now);
        }
        self.count_the_rest(&record, |_| true);
        self.keeping.note_opened(&self.aggregator, number);
        if let Some(visits) = &self.visits {
            for visited in transactions.iter().filter_map(visits::of) {
                // Full: the session's next request says the same.
                let _ = visits.try_send(visited);
            }
        }
        let rows = record.transactions.iter();
        self.recent
            .push(rows.map(|masked| Row::of(masked, masked.who.user.map(|user| user.to_string()))));
        self.pending.findings.append(&mut record.findings);
        self.pending.positions.append(&mut record.positions);
        self.pending.secrets.append(&mut record.secrets);
        self.pending.facts.merge(record.facts);
        let transactions = self.history.transactions();
        if transactions.keep(record.transactions, record.spans) >= FULL {
            self.seal(number);
        }
    }

    /// Samples and events of the minutes that are `wanted`.
    fn count_the_rest(&mut self, record: &Record, wanted: impl Fn(Timestamp) -> bool) {
        let now = record.now;
        for sample in record.samples.iter().filter(|sample| wanted(sample.at)) {
            let Sample {
                of,
                kind,
                value,
                at,
            } = sample;
            match of {
                Some((app, instance)) => self
                    .aggregator
                    .sample(app, instance, *kind, *value, *at, now),
                None => self.aggregator.sample_site(*kind, *value, *at, now),
            }
        }
        for (kind, at) in record.events.iter().filter(|(_, at)| wanted(*at)) {
            self.aggregator.add_session_event(*kind, *at, now);
        }
    }

    fn seal(&self, through: u64) {
        if let Err(error) = self.history.transactions().seal(through) {
            tracing::error!("failed to store transactions, trying again: {error}");
        }
    }

    /// Counts one event of the session store, with what is kept next.
    pub fn session_event(&mut self, event: &SessionEvent, now: Timestamp) {
        self.judging.note_session_event(&self.key, event);
        if self.keeping.stage_event(event) {
            self.ingest(Vec::new(), now);
        }
    }

    /// Notes how many sessions are alive, with what is kept next.
    #[expect(
        clippy::cast_precision_loss,
        reason = "session counts are far below 2^53"
    )]
    pub fn sessions(&mut self, counts: SessionCounts, now: Timestamp) {
        self.keeping.stage_sample(Sample {
            of: None,
            kind: GaugeKind::SessionsActive,
            value: counts.active as f64,
            at: now,
        });
    }

    /// Closes what has ended; gives how many blocks and findings wait to be committed.
    ///
    /// # Errors
    /// If a block cannot be encoded.
    pub fn close(&mut self, now: Timestamp) -> anyhow::Result<usize> {
        self.keep_what_waits(now);
        let minutes = self.aggregator.close(now);
        if self.judging.wants(EventKind::RollUps) && !minutes.is_empty() {
            let figures = minutes.iter().flat_map(figures::of).collect();
            let found = self.judging.judge(&Events::RollUps(figures), now);
            self.pending.findings.extend(found);
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
        self.pending.through = self.keeping.last();
        let written = self.history.commit(&self.pending);
        if written.is_err() && !self.pending.findings.is_empty() {
            self.pending.batches.pop();
        }
        written.context("failed to commit closed minutes")?;
        self.pending = Commit::default();
        Ok(())
    }

    /// Erases a user from all that is kept, also from what is on its way there; on disk when this returns. What
    /// the journal still holds is only counted again, and goes with its minute.
    ///
    /// # Errors
    /// If the store refuses; erasing again goes on.
    pub(crate) fn erase(&mut self, user: Token, now: Timestamp) -> anyhow::Result<u64> {
        self.keep_what_waits(now);
        self.keeping.forget_user(user);
        self.history.transactions().seal(self.keeping.last())?;
        self.commit()?;
        let erased = self.history.erase(user)?;
        self.cut();
        Ok(erased)
    }

    /// Drops from the journal what has been flushed. Call after that.
    pub(crate) fn cut(&mut self) {
        if let Err(error) = self.keeping.cut(&self.history) {
            tracing::warn!("failed to cut the journal: {error}");
        }
    }

    /// Closes and commits everything, ended or not, and waits for the disk. For shutdown.
    ///
    /// # Errors
    /// If the store refuses.
    pub fn drain(&mut self, now: Timestamp) -> anyhow::Result<()> {
        self.keep_what_waits(now);
        if let Some(prepared) = self.keeping.take_stuck() {
            // It goes to the database at once; the journal need not have it.
            self.count(prepared, self.keeping.last());
        }
        let minutes = self.aggregator.drain(now);
        self.queue(minutes)?;
        self.commit()?;
        self.history
            .transactions()
            .seal(self.keeping.last())
            .context("failed to store transactions")?;
        self.history.flush().context("failed to flush history")?;
        self.cut();
        Ok(())
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
        let closes = !minutes.is_empty();
        for block in minutes {
            let bytes = block.encode().context("failed to encode a minute")?;
            self.pending.batches.push(Payload::RollUps(bytes).encode()?);
            if self.keeping.last() > 0 {
                let counted = (block.start, self.keeping.last());
                self.pending.counted.extend([counted]);
            }
            self.keeping.note_closed(block.start);
            self.pending.minutes.push(block);
        }
        // So that the journal can be cut; without one, full blocks are soon enough.
        if closes && self.keeping.last() > 0 {
            self.seal(self.keeping.last());
        }
        Ok(())
    }

    /// Lets detectors see session events, takes in what changed among the plugins, and tells how they stand. Called
    /// about once a second.
    pub(crate) fn attend_to_plugins(&mut self, now: Timestamp) {
        let found = self.judging.attend(now);
        self.pending.findings.extend(found);
    }
}

/// What sketches count a transaction by.
fn hashes(who: &Who) -> [Option<IdentityHash>; 3] {
    [who.ip, who.session, who.cookie]
        .map(|token| token.map(|token| IdentityHash::from_uniform(token.0)))
}

fn read_key(path: &Path) -> anyhow::Result<IdentityKey> {
    let hint = "hint: `openssl rand -hex 16 > identity.key`, once for all sites";
    let text = std::fs::read_to_string(path)
        .with_context(|| format!("failed to read identity key `{}`, {hint}", path.display()))?;
    text.parse()
        .with_context(|| format!("`{}` holds no identity key", path.display()))
}
