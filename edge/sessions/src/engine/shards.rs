//! The keys, divided among shards by a hash of the key, and holding the locks of one or of all of them.
//!
//! A command that names one key holds one shard; every other holds them all, always taken in order, so that
//! no two can wait for each other. Several shards are there so that the cores do not wait for one another;
//! few enough that taking all costs about a microsecond.

use std::{
    hash::{BuildHasher as _, RandomState},
    sync::{Mutex, MutexGuard, PoisonError},
};

use super::keyspace::Keyspace;

/// How many shards there are.
pub(crate) const SHARDS: usize = 32;

/// Every shard.
#[derive(Debug)]
pub(crate) struct Shards {
    shards: Box<[Mutex<Keyspace>]>,
    hasher: RandomState,
}

/// Which shards a command needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scope {
    /// The one a key is in.
    One(usize),
    /// All.
    All,
    /// None: it touches no key.
    None,
}

impl Shards {
    /// Shards made by `make`.
    pub(crate) fn new(make: impl FnMut() -> Keyspace) -> Self {
        Self {
            shards: std::iter::repeat_with(make)
                .take(SHARDS)
                .map(Mutex::new)
                .collect(),
            hasher: RandomState::new(),
        }
    }

    /// The number of the shard a key is in, whatever its database.
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the low bits are what is wanted"
    )]
    pub(crate) fn number(&self, key: &[u8]) -> usize {
        self.hasher.hash_one(key) as usize % SHARDS
    }

    /// Locks what a command needs.
    pub(crate) fn lock(&self, scope: Scope) -> Held<'_> {
        match scope {
            Scope::One(number) => Held {
                shards: self,
                guards: Guards::One(number, self.one(number)),
            },
            Scope::None => Held {
                shards: self,
                guards: Guards::All(Vec::new()),
            },
            Scope::All => Held {
                shards: self,
                guards: Guards::All((0..SHARDS).map(|number| self.one(number)).collect()),
            },
        }
    }

    /// Locks one shard. A holder that panicked leaves a command half done, which is what is in memory then.
    #[expect(
        clippy::indexing_slicing,
        reason = "numbers are made by `number` or by counting"
    )]
    pub(crate) fn one(&self, number: usize) -> MutexGuard<'_, Keyspace> {
        self.shards[number]
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// Some shards, locked.
#[derive(Debug)]
pub(crate) struct Held<'a> {
    shards: &'a Shards,
    guards: Guards<'a>,
}

#[derive(Debug)]
enum Guards<'a> {
    One(usize, MutexGuard<'a, Keyspace>),
    All(Vec<MutexGuard<'a, Keyspace>>),
}

impl<'a> Held<'a> {
    /// The shard of a key, which must be among those held.
    #[expect(
        clippy::indexing_slicing,
        reason = "all are held, and a number is below their count"
    )]
    pub(crate) fn of(&mut self, key: &[u8]) -> &mut Keyspace {
        match &mut self.guards {
            Guards::One(held, guard) => {
                debug_assert_eq!(
                    self.shards.number(key),
                    *held,
                    "a command touched a key it does not name"
                );
                guard
            }
            Guards::All(guards) => &mut guards[self.shards.number(key)],
        }
    }

    /// Whether all are held.
    pub(crate) const fn is_all(&self) -> bool {
        matches!(self.guards, Guards::All(_))
    }

    /// The ones held, in order.
    pub(crate) fn iter(&self) -> impl DoubleEndedIterator<Item = &Keyspace> + ExactSizeIterator {
        let guards: &[_] = match &self.guards {
            Guards::One(_, guard) => std::slice::from_ref(guard),
            Guards::All(guards) => guards,
        };
        guards.iter().map(|guard| &**guard)
    }

    /// The same, to change.
    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Keyspace> {
        self.guards_mut().iter_mut().map(|guard| &mut **guard)
    }

    /// The locks themselves.
    pub(crate) fn guards_mut(&mut self) -> &mut [MutexGuard<'a, Keyspace>] {
        match &mut self.guards {
            Guards::One(_, guard) => std::slice::from_mut(guard),
            Guards::All(guards) => guards,
        }
    }
}
