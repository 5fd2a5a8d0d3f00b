//! What is told to those who subscribed to changes of keys (`notify-keyspace-events`).
//!
//! Commands say what they did with Redis's names for it; nothing is collected while nobody may be interested.
//! Delivery is not here: notices leave the engine once the change is as durable as its reply.

#[cfg(test)]
mod table;

use std::sync::Arc;

use bytes::Bytes;

use super::Announced;
use crate::{pubsub::Announcement, settings::Settings};

/// The kinds of notices, as the letters of `notify-keyspace-events` name them. There are no lists here, and so
/// nothing of `l`, 4.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Class {
    /// `g`: commands that work on any type, such as `del`, `expire`, `rename_from`.
    Generic = 1,
    /// `$`: strings.
    String = 2,
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
#[derive(Debug)]
pub(crate) struct Notices {
    settings: Arc<Settings>,
    collected: Vec<Announced>,
}

impl Notices {
    /// Nothing has happened yet; the settings say what is wanted.
    pub(crate) const fn new(settings: Arc<Settings>) -> Self {
        Self {
            settings,
            collected: Vec::new(),
        }
    }

    /// Notes that something happened, if that is wanted.
    pub(crate) fn note(&mut self, class: Class, event: &'static str, db: u8, key: &[u8]) {
        if self.settings.notify().classes() & class as u16 != 0 {
            let key = Bytes::copy_from_slice(key);
            let notice = Notice {
                class,
                event,
                db,
                key,
            };
            self.collected
                .push(Announced::now(Announcement::Notice(notice)));
        }
    }

    /// Moves what was collected to `all`.
    pub(crate) fn take(&mut self, all: &mut Vec<Announced>) {
        all.append(&mut self.collected);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pubsub::Flags;

    #[test]
    fn only_what_is_wanted_is_collected() {
        let settings = Arc::<Settings>::default();
        let mut notices = Notices::new(Arc::clone(&settings));
        notices.note(Class::Generic, "del", 0, b"a");
        settings.set_notify(Flags::read(b"Ehx").unwrap());
        notices.note(Class::Generic, "del", 0, b"a");
        notices.note(Class::Hash, "hset", 3, b"b");
        let mut taken = Vec::new();
        notices.take(&mut taken);
        notices.take(&mut taken);
        let expected = Notice {
            class: Class::Hash,
            event: "hset",
            db: 3,
            key: Bytes::from_static(b"b"),
        };
        let taken: Vec<_> = taken.into_iter().map(|one| one.what).collect();
        assert_eq!(taken, [Announcement::Notice(expected)]);
    }
}
