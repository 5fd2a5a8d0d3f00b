//! Which traces have logged an exception lately, so that their transactions count as failed.
//!
//! Logs and spans come in different exports; by the SDKs' defaults (a second for logs, five for spans) the
//! log comes first. Only the latest [`LATEST`] traces are held: an older one, and one whose span came
//! first, stays as its own span said. Holds ids, never text.

use std::collections::{HashSet, VecDeque};

use bongsu_sdk_model::{AppId, InstanceId};

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

    pub(super) fn has(&self, (app, instance): &(AppId, InstanceId), trace: [u8; 16]) -> bool {
        !self.parts.is_empty() && self.parts.contains(&(app.clone(), instance.clone(), trace))
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
        assert!(!exceptions.has(&sender, trace(0)));
        assert!(exceptions.has(&sender, trace(1)) && exceptions.has(&sender, trace(LATEST)));
        assert_eq!(exceptions.in_order.len(), LATEST);
        let other = (sender.0, InstanceId::new("b").unwrap());
        assert!(!exceptions.has(&other, trace(1)));
    }
}
