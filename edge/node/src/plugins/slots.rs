//! The plugins that serve, on the pipeline's thread. Takes new versions in between two batches, asks each plugin under its
//! failure policy, and says how they stand.

use std::sync::{
    Arc,
    mpsc::{Receiver, SyncSender},
};

use bongsu_sdk_host::{
    Batch, Called, Controller, Detector, Field, MaskedText, Masker, Plugin, PluginError, Standing,
    WatchEvent, Watched, hidden,
};
use bongsu_sdk_model::{Finding, Severity, Timestamp};
use serde::Serialize;
use tokio::sync::{oneshot, watch};

use super::{FailurePolicy, audit};

/// A version that is ready to serve.
pub(crate) enum Ready {
    Masker(Box<Masker>),
    Detector(Box<Detector>),
    Controller(Box<Controller>),
}

/// A change of what serves; the reply comes once it has been made.
pub(crate) struct Change {
    pub(crate) name: String,
    pub(crate) what: What,
    pub(crate) done: Option<oneshot::Sender<()>>,
}

pub(crate) enum What {
    Serve {
        ready: Ready,
        hash: String,
        policy: Option<FailurePolicy>,
        provenance: String,
    },
    Release,
    Remove,
    /// Nothing changed; this is to be kept and shipped.
    Note(Finding),
}

/// A plugin was put back to the version before on its own.
pub(crate) struct WentBack {
    pub(crate) name: String,
    /// The version that serves now.
    pub(crate) to: String,
}

/// How a plugin stands, for people.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Status {
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) world: &'static str,
    pub(crate) summary: String,
    pub(crate) hash: String,
    pub(crate) provenance: String,
    pub(crate) failure: &'static str,
    pub(crate) standing: String,
    pub(crate) before: Option<String>,
    pub(crate) needs: Vec<&'static str>,
    pub(crate) calls: u64,
    pub(crate) failures: u64,
    pub(crate) deadlines: u64,
    pub(crate) out_of_memory: u64,
    pub(crate) traps: u64,
    pub(crate) nonsense: u64,
    pub(crate) stopped: u64,
    pub(crate) restarts: u64,
    pub(crate) log_lines_dropped: u64,
    pub(crate) state_refused: u64,
    pub(crate) metrics_dropped: u64,
    pub(crate) host_calls: u64,
    pub(crate) busy_ms: u64,
    pub(crate) memory_bytes: usize,
    pub(crate) state_bytes: usize,
    pub(crate) figures: Vec<(String, f64)>,
}

struct Slot<P> {
    name: String,
    hash: String,
    before_hash: Option<String>,
    policy: FailurePolicy,
    provenance: String,
    watched: Watched<P>,
}

/// Everything that serves.
pub(crate) struct Slots {
    maskers: Vec<Slot<Masker>>,
    detectors: Vec<Slot<Detector>>,
    controllers: Vec<Slot<Controller>>,
    changes: Receiver<Change>,
    went_back: SyncSender<WentBack>,
    status: watch::Sender<Arc<Vec<Status>>>,
    /// Findings about plugins that nobody has taken yet.
    notes: Vec<Finding>,
    /// Rises when what a masker hides may have changed.
    pub(crate) masking_revision: u64,
}

impl Slots {
    pub(crate) fn new(changes: Receiver<Change>, went_back: SyncSender<WentBack>) -> Self {
        Self {
            maskers: Vec::new(),
            detectors: Vec::new(),
            controllers: Vec::new(),
            changes,
            went_back,
            status: watch::Sender::new(Arc::default()),
            notes: Vec::new(),
            masking_revision: 0,
        }
    }

    pub(crate) fn subscribe(&self) -> watch::Receiver<Arc<Vec<Status>>> {
        self.status.subscribe()
    }

    /// Takes in what waits; call between two batches.
    pub(crate) fn take_changes(&mut self) {
        while let Ok(change) = self.changes.try_recv() {
            let name = change.name;
            match change.what {
                What::Serve {
                    ready,
                    hash,
                    policy,
                    provenance,
                } => self.serve(&name, ready, hash, policy, provenance),
                What::Release => {
                    on_slot(&mut self.maskers, &name, |slot| slot.watched.release());
                    on_slot(&mut self.detectors, &name, |slot| slot.watched.release());
                    on_slot(&mut self.controllers, &name, |slot| slot.watched.release());
                }
                What::Remove => {
                    self.masking_revision += 1;
                    self.maskers.retain(|slot| slot.name != name);
                    self.detectors.retain(|slot| slot.name != name);
                    self.controllers.retain(|slot| slot.name != name);
                }
                What::Note(finding) => self.notes.push(finding),
            }
            self.publish();
            if let Some(done) = change.done {
                // Whoever asked may have gone.
                let _ = done.send(());
            }
        }
    }

    fn serve(
        &mut self,
        name: &str,
        ready: Ready,
        hash: String,
        policy: Option<FailurePolicy>,
        provenance: String,
    ) {
        match ready {
            Ready::Masker(masker) => {
                self.masking_revision += 1;
                let policy = policy.unwrap_or(FailurePolicy::Closed);
                put(&mut self.maskers, name, *masker, hash, policy, provenance);
            }
            Ready::Detector(detector) => {
                let policy = policy.unwrap_or(FailurePolicy::Open);
                put(
                    &mut self.detectors,
                    name,
                    *detector,
                    hash,
                    policy,
                    provenance,
                );
            }
            Ready::Controller(controller) => {
                let policy = policy.unwrap_or(FailurePolicy::Open);
                put(
                    &mut self.controllers,
                    name,
                    *controller,
                    hash,
                    policy,
                    provenance,
                );
            }
        }
    }

    pub(crate) fn has_masker(&self) -> bool {
        !self.maskers.is_empty()
    }

    pub(crate) fn maskers(&self) -> usize {
        self.maskers.len()
    }

    /// Masks a batch with the masker at a position; false if it failed.
    pub(crate) fn mask<'a>(
        &mut self,
        masker: usize,
        fields: &[Field<'a>],
        now: Timestamp,
    ) -> (Vec<MaskedText<'a>>, bool) {
        let Some(slot) = self.maskers.get_mut(masker) else {
            return (hidden(fields.len()), false);
        };
        let failure = match slot.watched.call(now, |masker| masker.mask(fields, now)) {
            Called::Answered(texts) => return (texts, true),
            Called::Failed(error) => Some(error),
            Called::Skipped => None,
        };
        let before = |slot: &mut Slot<Masker>| slot.watched.call_before(|m| m.mask(fields, now));
        let texts = match slot.policy {
            FailurePolicy::Open => Some(unmasked(fields)),
            FailurePolicy::LastGood => before(slot),
            FailurePolicy::Closed => None,
        };
        let revision =
            u64::from(slot.after_failure(failure.as_ref(), now, &mut self.notes, &self.went_back));
        self.masking_revision += revision;
        (texts.unwrap_or_else(|| hidden(fields.len())), false)
    }

    /// Has a batch judged by every detector that wants its kind.
    pub(crate) fn judge(&mut self, batch: &Batch) -> Vec<Finding> {
        let now = batch.now();
        let mut findings = Vec::new();
        for slot in &mut self.detectors {
            if !slot.watched.current().wants(batch.kind()) {
                continue;
            }
            let failure = match slot.watched.call(now, |detector| detector.check(batch)) {
                Called::Answered(found) => {
                    findings.extend(found);
                    continue;
                }
                Called::Failed(error) => Some(error),
                Called::Skipped => None,
            };
            if slot.policy == FailurePolicy::LastGood {
                let found = slot.watched.call_before(|detector| detector.check(batch));
                findings.extend(found.unwrap_or_default());
            }
            if let (FailurePolicy::Closed, Some(error)) = (slot.policy, &failure) {
                let text = format!("a batch was not judged: {error}");
                self.notes.push(audit::note(
                    "plugin-failed",
                    Severity::Warning,
                    &slot.name,
                    &text,
                    now,
                ));
            }
            slot.after_failure(failure.as_ref(), now, &mut self.notes, &self.went_back);
        }
        findings
    }

    /// Whether any detector wants batches of a kind.
    pub(crate) fn wants(&self, kind: bongsu_sdk_host::EventKind) -> bool {
        self.detectors
            .iter()
            .any(|slot| slot.watched.current().wants(kind))
    }

    /// Whether any detector is to see masked request targets.
    pub(crate) fn wants_targets(&self) -> bool {
        let needs = |slot: &Slot<Detector>| {
            let manifest = slot.watched.current().loaded().manifest;
            manifest.needs.contains(&bongsu_sdk_host::Need::Targets)
        };
        self.detectors.iter().any(needs)
    }

    /// Findings about plugins since this was asked last.
    pub(crate) fn take_notes(&mut self) -> Vec<Finding> {
        std::mem::take(&mut self.notes)
    }

    /// Tells how everything stands.
    pub(crate) fn publish(&self) {
        let mut all: Vec<Status> = Vec::new();
        all.extend(self.maskers.iter().map(Slot::status));
        all.extend(self.detectors.iter().map(Slot::status));
        all.extend(self.controllers.iter().map(Slot::status));
        self.status.send_replace(Arc::new(all));
    }
}

fn on_slot<P>(slots: &mut [Slot<P>], name: &str, act: impl FnOnce(&mut Slot<P>)) {
    if let Some(slot) = slots.iter_mut().find(|slot| slot.name == name) {
        act(slot);
    }
}

fn put<P: Plugin>(
    slots: &mut Vec<Slot<P>>,
    name: &str,
    plugin: P,
    hash: String,
    policy: FailurePolicy,
    provenance: String,
) {
    match slots.iter_mut().find(|slot| slot.name == name) {
        Some(slot) => {
            slot.watched.replace(plugin);
            let old = std::mem::replace(&mut slot.hash, hash);
            if slot.watched.before().is_some() {
                slot.before_hash = Some(old);
            }
            (slot.policy, slot.provenance) = (policy, provenance);
        }
        None => {
            slots.push(Slot {
                name: name.to_owned(),
                hash,
                before_hash: None,
                policy,
                provenance,
                watched: Watched::new(plugin),
            });
            // Plugins of one world work in the order of their names, whenever they came.
            slots.sort_by(|a, b| a.name.cmp(&b.name));
        }
    }
}

fn unmasked<'a>(fields: &[Field<'a>]) -> Vec<MaskedText<'a>> {
    let kept = |field: &Field<'a>| MaskedText {
        text: field.text.into(),
        found: Vec::new(),
    };
    fields.iter().map(kept).collect()
}

impl<P: Plugin> Slot<P> {
    /// Logs a failure and tells of what was decided; true if another version serves now.
    fn after_failure(
        &mut self,
        failure: Option<&PluginError>,
        now: Timestamp,
        notes: &mut Vec<Finding>,
        went_back: &SyncSender<WentBack>,
    ) -> bool {
        if let Some(error) = failure {
            tracing::warn!(plugin = %self.name, "failed on a batch: {error}");
        }
        let mut changed = false;
        for event in self.watched.take_events() {
            let (kind, severity, text) = match event {
                WatchEvent::Rests { until, because } => (
                    "plugin-resting",
                    Severity::Warning,
                    format!(
                        "failed too often and is left alone for {} s: {because}",
                        until.as_ms().saturating_sub(now.as_ms()) / 1_000
                    ),
                ),
                WatchEvent::RolledBack { from, to, because } => {
                    changed = true;
                    if let Some(hash) = self.before_hash.take() {
                        self.hash.clone_from(&hash);
                        // The keeper is always listening; should it be gone, the next start looks at the files again.
                        let _ = went_back.try_send(WentBack {
                            name: self.name.clone(),
                            to: hash,
                        });
                    }
                    (
                        "plugin-rolled-back",
                        Severity::Critical,
                        format!("{from} failed too often, {to} serves again: {because}"),
                    )
                }
                WatchEvent::Quarantined { because } => (
                    "plugin-quarantined",
                    Severity::Critical,
                    format!("is set aside after failing again and again: {because}"),
                ),
            };
            notes.push(audit::note(kind, severity, &self.name, &text, now));
        }
        changed
    }

    fn status(&self) -> Status {
        let loaded = self.watched.current().loaded();
        let counters = loaded.counters;
        Status {
            name: self.name.clone(),
            version: loaded.manifest.version.clone(),
            world: loaded.manifest.world.name(),
            summary: loaded.manifest.summary.clone(),
            hash: self.hash.clone(),
            provenance: self.provenance.clone(),
            failure: match self.policy {
                FailurePolicy::Open => "open",
                FailurePolicy::Closed => "closed",
                FailurePolicy::LastGood => "last-good",
            },
            standing: match self.watched.standing() {
                Standing::Serving => "serving".to_owned(),
                Standing::Resting(until) => format!("resting until {}", until.as_ms()),
                Standing::Quarantined => "quarantined".to_owned(),
            },
            before: self.before_hash.clone(),
            needs: loaded
                .manifest
                .needs
                .iter()
                .map(|need| need.name())
                .collect(),
            calls: counters.calls,
            failures: counters.failures(),
            deadlines: counters.deadlines,
            out_of_memory: counters.out_of_memory,
            traps: counters.traps,
            nonsense: counters.nonsense,
            stopped: counters.stopped,
            restarts: counters.restarts,
            log_lines_dropped: counters.log_lines_dropped,
            state_refused: counters.state_refused,
            metrics_dropped: counters.metrics_dropped,
            host_calls: counters.host_calls,
            busy_ms: u64::try_from(counters.busy.as_millis()).unwrap_or(u64::MAX),
            memory_bytes: loaded.memory_bytes,
            state_bytes: loaded.state.bytes(),
            figures: loaded
                .reported_counters()
                .chain(loaded.reported_gauges())
                .map(|(name, value)| (name.to_owned(), value))
                .collect(),
        }
    }
}
