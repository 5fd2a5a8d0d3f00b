//! What one connection listens to. Leaves everything when dropped.

use std::{collections::VecDeque, sync::Arc};

use bytes::Bytes;
use indexmap::IndexSet;

use super::{Broker, Kind, Outbox};

/// Bytes a subscription costs beyond its name, here and in the broker.
const OVERHEAD: usize = 160;

/// One connection's subscriptions.
#[derive(Debug)]
pub(crate) struct Subscriptions {
    id: i64,
    broker: Arc<Broker>,
    outbox: Arc<Outbox>,
    channels: IndexSet<Bytes>,
    patterns: IndexSet<Bytes>,
    shard_channels: IndexSet<Bytes>,
    weight: usize,
}

impl Subscriptions {
    /// None yet, for the connection numbered `id`.
    pub(crate) fn new(id: i64, broker: Arc<Broker>, outbox: Arc<Outbox>) -> Self {
        Self {
            id,
            broker,
            outbox,
            channels: IndexSet::new(),
            patterns: IndexSet::new(),
            shard_channels: IndexSet::new(),
            weight: 0,
        }
    }

    /// Listens to a name, which is copied: `name` is a view of a whole request.
    pub(crate) fn add(&mut self, kind: Kind, name: &[u8]) {
        if self.names(kind).contains(name) {
            return;
        }
        let name = Bytes::copy_from_slice(name);
        self.weight += cost(&name);
        self.broker.join(kind, &name, self.id, &self.outbox);
        self.names_mut(kind).insert(name);
    }

    /// Listens no longer to a name.
    pub(crate) fn remove(&mut self, kind: Kind, name: &[u8]) {
        if let Some(name) = self.names_mut(kind).swap_take(name) {
            self.weight -= cost(&name);
            self.broker.leave(kind, &name, self.id);
        }
    }

    /// Listens no longer to some name of this kind; which it was.
    pub(crate) fn remove_any(&mut self, kind: Kind) -> Option<Bytes> {
        let name = self.names_mut(kind).pop()?;
        self.weight -= cost(&name);
        self.broker.leave(kind, &name, self.id);
        Some(name)
    }

    /// Listens to nothing any longer; messages that have arrived are dropped.
    pub(crate) fn clear(&mut self) {
        for kind in [Kind::Channel, Kind::Pattern, Kind::Shard] {
            while self.remove_any(kind).is_some() {}
        }
        self.outbox.take();
    }

    /// Takes the messages that have arrived: they go before the word that a subscription has ended.
    pub(crate) fn take_messages(&self) -> VecDeque<Bytes> {
        self.outbox.take()
    }

    /// Channels, patterns and shard channels.
    pub(crate) fn counts(&self) -> [usize; 3] {
        [&self.channels, &self.patterns, &self.shard_channels].map(IndexSet::len)
    }

    /// The number told when a subscription of this kind begins or ends.
    pub(crate) fn told(&self, kind: Kind) -> usize {
        match kind {
            Kind::Channel | Kind::Pattern => self.channels.len() + self.patterns.len(),
            Kind::Shard => self.shard_channels.len(),
        }
    }

    /// Whether there is any.
    pub(crate) fn any(&self) -> bool {
        self.counts().iter().any(|count| *count > 0)
    }

    /// Bytes of it all.
    pub(crate) const fn weight(&self) -> usize {
        self.weight
    }

    const fn names(&self, kind: Kind) -> &IndexSet<Bytes> {
        match kind {
            Kind::Channel => &self.channels,
            Kind::Pattern => &self.patterns,
            Kind::Shard => &self.shard_channels,
        }
    }

    const fn names_mut(&mut self, kind: Kind) -> &mut IndexSet<Bytes> {
        match kind {
            Kind::Channel => &mut self.channels,
            Kind::Pattern => &mut self.patterns,
            Kind::Shard => &mut self.shard_channels,
        }
    }
}

impl Drop for Subscriptions {
    fn drop(&mut self) {
        self.clear();
    }
}

const fn cost(name: &Bytes) -> usize {
    name.len() + OVERHEAD
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dropping_a_connection_leaves_nothing_behind() {
        let broker = Arc::new(Broker::default());
        let outbox = Arc::new(Outbox::new(1 << 20));
        let mut own = Subscriptions::new(1, Arc::clone(&broker), outbox);
        for number in 0..10_000 {
            own.add(Kind::Channel, format!("c{number}").as_bytes());
            own.add(Kind::Channel, format!("c{number}").as_bytes());
        }
        own.add(Kind::Pattern, b"p*");
        own.add(Kind::Shard, b"s");
        assert_eq!(own.counts(), [10_000, 1, 1]);
        assert_eq!(
            (own.told(Kind::Pattern), own.told(Kind::Shard)),
            (10_001, 1)
        );
        own.remove(Kind::Channel, b"c0");
        own.remove(Kind::Channel, b"c0");
        assert_eq!(own.told(Kind::Channel), 10_000);
        assert_eq!(broker.receivers(b"c1"), 1);
        assert!(own.remove_any(Kind::Channel).is_some());
        assert_eq!(own.counts(), [9_998, 1, 1]);
        drop(own);
        for kind in [Kind::Channel, Kind::Pattern, Kind::Shard] {
            assert_eq!(broker.names(kind), Vec::<Bytes>::new());
        }
    }
}
