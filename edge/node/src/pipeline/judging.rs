//! What detectors are given, and when: transactions as they come, session events about once a second, roll-ups when
//! their minute has closed. Findings are given back; keeping them is not done here.

use std::collections::BTreeMap;

use bongsu_sdk_host::{Batch, EventKind, Events, MaskedSessionEvent};
use bongsu_sdk_model::{Finding, SessionEvent, Timestamp, Transaction, Window};
use bongsu_sdk_sketch::IdentityKey;

use crate::{plugins::slots::Slots, record::Tap, who};

/// Session events that may wait for detectors; beyond, they are counted and not judged.
const SESSION_EVENTS: usize = 65_536;

/// The plugins, and what they have been given so far.
pub(super) struct Judging {
    pub(super) slots: Slots,
    /// When detectors were given a batch of each kind last.
    judged: BTreeMap<EventKind, Timestamp>,
    /// Session events that detectors have yet to see.
    session_events: Vec<MaskedSessionEvent>,
    /// Whoever records what detectors are given.
    pub(super) tap: Tap,
}

impl Judging {
    pub(super) fn new(slots: Slots) -> Self {
        Self {
            slots,
            judged: BTreeMap::new(),
            session_events: Vec::new(),
            tap: Tap::default(),
        }
    }

    /// Whether a detector, or whoever records, is to see such events.
    pub(super) fn wants(&self, kind: EventKind) -> bool {
        self.slots.wants(kind) || self.tap.is_open()
    }

    /// Has masked transactions judged.
    pub(super) fn transactions(
        &mut self,
        key: &IdentityKey,
        transactions: &[Transaction],
        now: Timestamp,
    ) -> Vec<Finding> {
        if transactions.is_empty() || !self.wants(EventKind::Transactions) {
            return Vec::new();
        }
        let targets = self.slots.wants_targets() || self.tap.is_open();
        let masked = transactions.iter();
        let masked = masked.map(|t| who::tokenised(key, t, targets));
        self.judge(&Events::Transactions(masked.collect()), now)
    }

    /// Keeps a session event until detectors are given the next ones.
    pub(super) fn note_session_event(&mut self, key: &IdentityKey, event: &SessionEvent) {
        if self.wants(EventKind::SessionEvents) && self.session_events.len() < SESSION_EVENTS {
            self.session_events.push(MaskedSessionEvent {
                at: event.at,
                change: event.kind,
                session: key.token("session", event.session.as_bytes()),
                user: None,
                app: None,
            });
        }
    }

    /// Takes in what changed among the plugins, has session events judged, and tells how the plugins stand.
    pub(super) fn attend(&mut self, now: Timestamp) -> Vec<Finding> {
        self.slots.take_changes();
        let events = std::mem::take(&mut self.session_events);
        let mut found = match events.is_empty() {
            true => Vec::new(),
            false => self.judge(&Events::SessionEvents(events), now),
        };
        found.extend(self.slots.take_notes());
        self.slots.publish();
        found
    }

    /// Has events judged: what was found, and what happened to plugins meanwhile.
    pub(super) fn judge(&mut self, events: &Events, now: Timestamp) -> Vec<Finding> {
        let kind = match events {
            Events::Transactions(_) => EventKind::Transactions,
            Events::SessionEvents(_) => EventKind::SessionEvents,
            Events::RollUps(_) => EventKind::RollUps,
        };
        let from = self.judged.insert(kind, now).unwrap_or(now).min(now);
        let window = Window::new(from, now);
        self.tap.offer(window, events);
        let batch = Batch::new(window, events);
        let mut found = self.slots.judge(&batch);
        found.extend(self.slots.take_notes());
        found
    }
}
