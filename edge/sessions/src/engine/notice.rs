//! What is told to those who subscribed to changes of keys (`notify-keyspace-events`).
//!
//! Commands say what they did with Redis's names for it; nothing is collected while nobody may be interested.
//! Delivery is not here: notices leave the engine once the change is as durable as its reply.

#[cfg(test)]
mod table;

use bytes::Bytes;

/// The kinds of notices, as the letters of `notify-keyspace-events` name them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Class {
    /// `g`: commands that work on any type, such as `del`, `expire`, `rename_from`.
    Generic = 1,
    /// `$`: strings.
    String = 2,
    /// `l`: lists; nobody sends them, `A` includes them.
    List = 4,
    /// `s`: sets.
    Set = 8,
    /// `h`: hashes.
    Hash = 16,
    /// `z`: sorted sets.
    SortedSet = 32,
    /// `x`: a key's time ran out.
    Expired = 64,
    /// `e`: a key was evicted for want of memory.
    Evicted = 128,
}

/// One thing that happened to a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Notice {
    /// Its kind.
    pub(crate) class: Class,
    /// Redis's name for it, such as `hset`.
    pub(crate) event: &'static str,
    /// The database.
    pub(crate) db: u8,
    /// The key.
    pub(crate) key: Bytes,
}

/// Collects notices of the classes that are wanted.
#[derive(Debug, Default)]
pub(crate) struct Notices {
    wanted: u16,
    collected: Vec<Notice>,
}

impl Notices {
    /// Chooses the classes to collect from now on, a sum of [`Class`] values.
    pub(crate) const fn want(&mut self, classes: u16) {
        self.wanted = classes;
    }

    /// Notes that something happened, if that is wanted.
    pub(crate) fn note(&mut self, class: Class, event: &'static str, db: u8, key: &[u8]) {
        if self.wanted & class as u16 != 0 {
            self.collected.push(Notice {
                class,
                event,
                db,
                key: Bytes::copy_from_slice(key),
            });
        }
    }

    /// Takes what was collected.
    pub(crate) fn take(&mut self) -> Vec<Notice> {
        std::mem::take(&mut self.collected)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_wanted_is_collected() {
        let mut notices = Notices::default();
        notices.note(Class::Generic, "del", 0, b"a");
        notices.want(Class::Hash as u16 | Class::Expired as u16);
        notices.note(Class::Generic, "del", 0, b"a");
        notices.note(Class::Hash, "hset", 3, b"b");
        let taken = notices.take();
        let told: Vec<_> = taken
            .iter()
            .map(|notice| (notice.event, notice.db))
            .collect();
        assert_eq!(told, [("hset", 3)]);
        assert!(notices.take().is_empty());
    }
}
