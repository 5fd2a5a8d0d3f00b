//! Exceptions as spans and log records tell of them, and which traces have logged one lately, so that their
//! transactions count as failed.
//!
//! Logs and spans come in different exports; by the SDKs' defaults (a second for logs, five for spans) the
//! log comes first. Only the latest [`LATEST`] traces are held: an older one, and one whose span came
//! first, stays as its own span said. Between exports only ids are held, never text.

use std::collections::{HashSet, VecDeque};

use bongsu_sdk_model::{AppId, InstanceId, Timestamp, Transaction};
use opentelemetry_proto::tonic::trace::v1::span::Event;

use super::attributes::Attributes;
use crate::{ExceptionReport, field::clip};

/// Exceptions of one export that are reported; the others are counted.
pub(super) const MOST_OF_ONE_EXPORT: usize = 256;
/// Longest type, message and stack that are kept, in bytes.
const LONGEST: (usize, usize, usize) = (256, 1_024, 8 << 10);
/// How many traces are held; at most 3 MiB.
const LATEST: usize = 8_192;

/// A sender's part of a trace.
pub(super) type Part = (AppId, InstanceId, [u8; 16]);

/// The parts that logged an exception, the latest of them.
#[derive(Debug, Default)]
pub(super) struct Exceptions {
    parts: HashSet<Part>,
    in_order: VecDeque<Part>,
}

impl Exceptions {
    pub(super) fn add(&mut self, part: Part) {
        if !self.parts.insert(part.clone()) {
            return;
        }
        self.in_order.push_back(part);
        if self.in_order.len() > LATEST
            && let Some(oldest) = self.in_order.pop_front()
        {
            self.parts.remove(&oldest);
        }
    }

    /// Whether the transaction's part of its trace logged one.
    pub(super) fn has(&self, transaction: &Transaction) -> bool {
        !self.parts.is_empty()
            && transaction.trace_id.is_some_and(|trace| {
                let (app, instance) = (transaction.app.clone(), transaction.instance.clone());
                self.parts.contains(&(app, instance, trace))
            })
    }
}

/// Whether a span's event is an exception (semantic conventions, "Exceptions on spans").
pub(super) fn is_one(event: &Event) -> bool {
    event.name == "exception"
}

/// What the attributes of an event or a log record tell.
pub(super) fn report(
    attributes: Attributes<'_>,
    app: &AppId,
    instance: &InstanceId,
    trace_id: Option<[u8; 16]>,
    at: Timestamp,
) -> ExceptionReport {
    let text = |name, limit| clip(attributes.text(&[name]).unwrap_or_default(), limit).to_owned();
    let (kind, message, stack) = LONGEST;
    ExceptionReport {
        app: app.clone(),
        instance: instance.clone(),
        kind: text("exception.type", kind),
        message: text("exception.message", message),
        stack: text("exception.stacktrace", stack),
        trace_id,
        at,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_trace_makes_room() {
        let sender = (AppId::new("shop").unwrap(), InstanceId::new("a").unwrap());
        let trace = |n: usize| (n as u128).to_be_bytes();
        let mut exceptions = Exceptions::default();
        for n in [0, 0].into_iter().chain(1..=LATEST) {
            exceptions.add((sender.0.clone(), sender.1.clone(), trace(n)));
        }
        let has = |instance: &InstanceId, n| {
            let part = (sender.0.clone(), instance.clone(), trace(n));
            exceptions.parts.contains(&part)
        };
        assert!(!has(&sender.1, 0));
        assert!(has(&sender.1, 1) && has(&sender.1, LATEST));
        assert_eq!(exceptions.in_order.len(), LATEST);
        assert!(!has(&InstanceId::new("b").unwrap(), 1));
    }
}
