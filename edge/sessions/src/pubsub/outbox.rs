//! What others want written to a connection: published messages, and the wish that it end.
//!
//! Putting something in never waits. The connection takes messages out when it has written its replies; what
//! it leaves there is limited, and beyond the limit everything is dropped and the connection must end.

use std::{
    collections::VecDeque,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
};

use bytes::{Bytes, BytesMut};
use tokio::sync::Notify;

use crate::protocol::{Protocol, Reply};

/// Bytes a waiting message costs beyond its own; limits their number, too.
const OVERHEAD: usize = 64;

/// Why a connection must end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// It does not take its messages fast enough.
    Overrun,
    /// Somebody asked for it.
    Killed,
    /// The server stops; what is under way is finished.
    Stopping,
}

#[derive(Debug, Default)]
struct Queue {
    messages: VecDeque<Bytes>,
    bytes: usize,
    end: Option<End>,
}

/// What others want written to one connection.
#[derive(Debug)]
pub(crate) struct Outbox {
    queue: Mutex<Queue>,
    /// Whether there may be anything in the queue: most connections never get anything, and look here only.
    used: AtomicBool,
    /// Most bytes that may wait.
    limit: usize,
    arrived: Notify,
    /// For whoever waits while it writes.
    ended: Notify,
}

impl Outbox {
    /// An empty one in which `limit` bytes may wait.
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            queue: Mutex::default(),
            used: AtomicBool::new(false),
            limit,
            arrived: Notify::new(),
            ended: Notify::new(),
        }
    }

    /// Adds a message without its type byte; one too many ends the connection.
    pub(crate) fn push(&self, message: &Bytes) {
        let mut queue = self.lock();
        if queue.end.is_some() {
            return;
        }
        self.used.store(true, SeqCst);
        queue.bytes += message.len() + OVERHEAD;
        if queue.bytes > self.limit {
            drop(queue);
            self.end(End::Overrun);
        } else {
            queue.messages.push_back(message.clone());
            drop(queue);
            self.arrived.notify_one();
        }
    }

    /// Asks the connection to end; the first reason counts.
    pub(crate) fn end(&self, why: End) {
        let mut queue = self.lock();
        let end = queue.end.unwrap_or(why);
        *queue = Queue {
            end: Some(end),
            ..Queue::default()
        };
        self.used.store(true, SeqCst);
        drop(queue);
        self.arrived.notify_one();
        if end != End::Stopping {
            self.ended.notify_one();
        }
    }

    /// Why the connection must end, if it must.
    pub(crate) fn ending(&self) -> Option<End> {
        self.is_used().then(|| self.lock().end).flatten()
    }

    /// Waits until the connection must end at once. For one task only.
    pub(crate) async fn ended(&self) {
        self.ended.notified().await;
    }

    /// Has [`Outbox::arrived`] return if messages are there.
    pub(crate) fn remind(&self) {
        if self.is_used() && !self.lock().messages.is_empty() {
            self.arrived.notify_one();
        }
    }

    /// Waits until messages may be there or the connection must end. For one task only.
    pub(crate) async fn arrived(&self) {
        self.arrived.notified().await;
    }

    /// Moves messages to `out` until that has `enough` bytes; whether there were any.
    pub(crate) fn write(&self, protocol: Protocol, out: &mut BytesMut, enough: usize) -> bool {
        if !self.is_used() {
            return false;
        }
        let mut queue = self.lock();
        let before = out.len();
        while out.len() < enough || out.len() == before {
            let Some(message) = queue.messages.pop_front() else {
                break;
            };
            queue.bytes -= message.len() + OVERHEAD;
            Reply::Message(message).encode(protocol, out);
        }
        out.len() > before
    }

    /// Takes every message.
    pub(crate) fn take(&self) -> VecDeque<Bytes> {
        let mut queue = self.lock();
        queue.bytes = 0;
        std::mem::take(&mut queue.messages)
    }

    /// How many messages wait, and their bytes.
    pub(crate) fn waiting(&self) -> (usize, usize) {
        let queue = self.lock();
        (queue.messages.len(), queue.bytes)
    }

    fn is_used(&self) -> bool {
        self.used.load(SeqCst)
    }

    /// A holder that panicked left the queue whole or empty.
    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn beyond_its_limit_it_ends_and_holds_nothing() {
        let outbox = Outbox::new(10 * (OVERHEAD + 1));
        let message = Bytes::from_static(b"m");
        for _ in 0..10 {
            outbox.push(&message);
        }
        outbox.arrived().await;
        assert_eq!((outbox.waiting().0, outbox.ending()), (10, None));
        outbox.push(&message);
        outbox.ended().await;
        outbox.end(End::Killed);
        outbox.push(&message);
        assert_eq!(outbox.waiting(), (0, 0));
        assert_eq!(outbox.ending(), Some(End::Overrun));
    }

    #[test]
    fn messages_come_out_in_order_and_in_pieces() {
        let outbox = Outbox::new(1 << 20);
        for text in ["a", "b", "c"] {
            outbox.push(&Bytes::from(text));
        }
        let mut out = BytesMut::new();
        assert!(outbox.write(Protocol::Resp2, &mut out, 3));
        assert_eq!((&out[..], outbox.waiting().0), (&b"*a*b"[..], 1));
        assert!(outbox.write(Protocol::Resp3, &mut out, 3));
        assert!(!outbox.write(Protocol::Resp3, &mut out, 3));
        assert_eq!((&out[..], outbox.waiting()), (&b"*a*b>c"[..], (0, 0)));
    }
}
