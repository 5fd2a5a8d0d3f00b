//! Publish and subscribe: who listens to which channel or pattern, and telling them.
//!
//! A message is encoded once and shared by all who get it. Delivery puts it into each listener's [`Outbox`]
//! and never waits: one that does not take its messages is cut off by its own outbox, nobody else notices.
//!
//! Trade-off: one lock over all channels. It makes every listener see all messages in one order and is held
//! only for map look-ups and pushes; while nobody listens it is not taken at all.

mod keyevents;
mod message;
mod outbox;
mod subscriptions;

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
};

use bytes::Bytes;
use indexmap::IndexMap;

pub(crate) use self::{
    keyevents::Flags,
    message::Announcement,
    outbox::{End, Outbox},
    subscriptions::Subscriptions,
};
use crate::command::glob;

/// What can be subscribed to. Each kind is a namespace of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A channel by its name.
    Channel,
    /// Every channel whose name matches a glob pattern.
    Pattern,
    /// A channel of `SPUBLISH`; patterns do not see it.
    Shard,
}

/// Those who listen, by their connection's number.
type Audience = BTreeMap<i64, Arc<Outbox>>;

/// Every subscription of one kind.
type Rooms = IndexMap<Bytes, Audience>;

#[derive(Debug, Default)]
struct Listeners {
    channels: Rooms,
    patterns: Rooms,
    shard_channels: Rooms,
}

impl Listeners {
    const fn rooms(&self, kind: Kind) -> &Rooms {
        match kind {
            Kind::Channel => &self.channels,
            Kind::Pattern => &self.patterns,
            Kind::Shard => &self.shard_channels,
        }
    }

    const fn rooms_mut(&mut self, kind: Kind) -> &mut Rooms {
        match kind {
            Kind::Channel => &mut self.channels,
            Kind::Pattern => &mut self.patterns,
            Kind::Shard => &mut self.shard_channels,
        }
    }

    fn listening(&self, kind: Kind, name: &[u8]) -> usize {
        self.rooms(kind).get(name).map_or(0, BTreeMap::len)
    }

    fn matching<'a>(
        &'a self,
        channel: &'a [u8],
    ) -> impl Iterator<Item = (&'a Bytes, &'a Audience)> {
        self.patterns
            .iter()
            .filter(|(pattern, _)| glob::matches(pattern, channel))
    }

    fn publish(&self, channel: &[u8], payload: &[u8]) {
        if let Some(audience) = self.channels.get(channel) {
            tell(audience, &message::to_channel(channel, payload));
        }
        for (pattern, audience) in self.matching(channel) {
            tell(audience, &message::to_pattern(pattern, channel, payload));
        }
    }
}

fn tell(audience: &Audience, message: &Bytes) {
    for outbox in audience.values() {
        outbox.push(message);
    }
}

/// Everyone who listens to anything.
#[derive(Debug, Default)]
pub(crate) struct Broker {
    listeners: Mutex<Listeners>,
    /// Subscriptions of all kinds, so that a publisher nobody listens to takes no lock.
    subscriptions: AtomicUsize,
}

impl Broker {
    /// From now on `outbox` gets what is published there; whether that is new.
    fn join(&self, kind: Kind, name: &Bytes, id: i64, outbox: &Arc<Outbox>) -> bool {
        let mut listeners = self.lock();
        let rooms = listeners.rooms_mut(kind);
        let audience = rooms.entry(name.clone()).or_default();
        let new = audience.insert(id, Arc::clone(outbox)).is_none();
        if new {
            self.subscriptions.fetch_add(1, SeqCst);
        }
        new
    }

    /// From now on the connection gets nothing more that is published there.
    fn leave(&self, kind: Kind, name: &[u8], id: i64) {
        let mut listeners = self.lock();
        let rooms = listeners.rooms_mut(kind);
        let Some(audience) = rooms.get_mut(name) else {
            return;
        };
        if audience.remove(&id).is_some() {
            self.subscriptions.fetch_sub(1, SeqCst);
        }
        if audience.is_empty() {
            rooms.swap_remove(name);
        }
    }

    /// How many would get a message published now.
    pub(crate) fn receivers(&self, channel: &[u8]) -> usize {
        if self.is_silent() {
            return 0;
        }
        let listeners = self.lock();
        let by_pattern: usize = listeners.matching(channel).map(|(_, all)| all.len()).sum();
        listeners.listening(Kind::Channel, channel) + by_pattern
    }

    /// How many listen to a name of this kind.
    pub(crate) fn listening(&self, kind: Kind, name: &[u8]) -> usize {
        self.lock().listening(kind, name)
    }

    /// The names of this kind that somebody listens to.
    pub(crate) fn names(&self, kind: Kind) -> Vec<Bytes> {
        self.lock().rooms(kind).keys().cloned().collect()
    }

    /// How many different names of this kind somebody listens to.
    pub(crate) fn count(&self, kind: Kind) -> usize {
        self.lock().rooms(kind).len()
    }

    /// Tells everyone concerned, in this order; `flags` say which notices of keys are wanted in which form.
    pub(crate) fn announce(&self, announcements: &[Announcement], flags: Flags) {
        if self.is_silent() || announcements.is_empty() {
            return;
        }
        let listeners = self.lock();
        for announcement in announcements {
            match announcement {
                Announcement::Message { channel, payload } => listeners.publish(channel, payload),
                Announcement::ShardMessage { channel, payload } => {
                    if let Some(audience) = listeners.shard_channels.get(channel) {
                        tell(audience, &message::to_shard_channel(channel, payload));
                    }
                }
                Announcement::Notice(notice) => {
                    for (channel, payload) in flags.messages(notice) {
                        listeners.publish(&channel, &payload);
                    }
                }
            }
        }
    }

    fn is_silent(&self) -> bool {
        self.subscriptions.load(SeqCst) == 0
    }

    /// A holder that panicked left the maps usable: each change is one insertion or removal.
    fn lock(&self) -> MutexGuard<'_, Listeners> {
        self.listeners
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use bytes::BytesMut;

    use super::*;
    use crate::protocol::Protocol;

    fn message(channel: &str, payload: &str) -> Announcement {
        Announcement::Message {
            channel: Bytes::from(channel.to_owned()),
            payload: Bytes::from(payload.to_owned()),
        }
    }

    fn read(outbox: &Outbox) -> String {
        let mut out = BytesMut::new();
        while outbox.write(Protocol::Resp3, &mut out, 1) {}
        String::from_utf8(out.to_vec()).unwrap()
    }

    #[test]
    fn a_message_reaches_channel_and_patterns_once_each() {
        let broker = Broker::default();
        let outbox = Arc::new(Outbox::new(1 << 20));
        for (kind, name) in [
            (Kind::Channel, "x"),
            (Kind::Pattern, "x*"),
            (Kind::Pattern, "y*"),
            (Kind::Shard, "x"),
        ] {
            let name = Bytes::from(name);
            assert!(broker.join(kind, &name, 1, &outbox));
            assert!(!broker.join(kind, &name, 1, &outbox));
        }
        assert_eq!(broker.receivers(b"x"), 2);
        broker.announce(&[message("x", "hi")], Flags::default());
        assert_eq!(
            read(&outbox),
            ">3\r\n$7\r\nmessage\r\n$1\r\nx\r\n$2\r\nhi\r\n\
             >4\r\n$8\r\npmessage\r\n$2\r\nx*\r\n$1\r\nx\r\n$2\r\nhi\r\n"
        );
        let (channel, payload) = (Bytes::from("x"), Bytes::from("s"));
        broker.announce(
            &[Announcement::ShardMessage { channel, payload }],
            Flags::default(),
        );
        assert_eq!(
            read(&outbox),
            ">3\r\n$8\r\nsmessage\r\n$1\r\nx\r\n$1\r\ns\r\n"
        );
    }

    #[test]
    fn nothing_is_left_of_those_who_left() {
        let broker = Broker::default();
        let outbox = Arc::new(Outbox::new(1 << 20));
        for name in ["a", "b", "c"] {
            let name = Bytes::from(name);
            broker.join(Kind::Channel, &name, 1, &outbox);
            broker.join(Kind::Channel, &name, 2, &outbox);
            broker.leave(Kind::Channel, &name, 1);
            broker.leave(Kind::Channel, &name, 1);
            assert_eq!(broker.listening(Kind::Channel, &name), 1);
            broker.leave(Kind::Channel, &name, 2);
        }
        assert!(broker.is_silent() && broker.names(Kind::Channel).is_empty());
        assert_eq!(Arc::strong_count(&outbox), 1);
    }

    #[test]
    fn thousands_share_the_bytes_of_one_message() {
        let broker = Broker::default();
        let outboxes: Vec<_> = (0..1000).map(|_| Arc::new(Outbox::new(1 << 20))).collect();
        for (id, outbox) in (0..).zip(&outboxes) {
            broker.join(Kind::Channel, &Bytes::from("x"), id, outbox);
        }
        broker.announce(&[message("x", &"m".repeat(1000))], Flags::default());
        let all: Vec<_> = outboxes.iter().flat_map(|outbox| outbox.take()).collect();
        assert_eq!(all.len(), 1000);
        assert!(all.iter().all(|one| one.as_ptr() == all[0].as_ptr()));
    }
}
