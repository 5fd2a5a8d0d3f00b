//! What a connection has queued since `MULTI`, and the keys it watches.

use bytes::Bytes;
use indexmap::IndexSet;

use crate::{
    command::{Access, Spec},
    engine::Mark,
};

/// Bytes a queued command costs beyond its arguments, and an argument beyond its bytes.
const COMMAND_OVERHEAD: usize = 64;
const ARGUMENT_OVERHEAD: usize = 32;
/// Bytes a watched key costs beyond its name, here and in the engine.
const WATCH_OVERHEAD: usize = 128;

/// A command to be run by `EXEC`.
#[derive(Debug)]
pub(crate) struct Queued {
    /// What it is.
    pub(crate) spec: &'static Spec,
    /// Its arguments without its name.
    pub(crate) args: Vec<Bytes>,
}

/// What was queued since `MULTI`.
#[derive(Debug, Default)]
pub(crate) struct Transaction {
    /// The commands in order.
    commands: Vec<Queued>,
    weight: usize,
    /// The access that most can be said against: [`Access::Add`] before [`Access::Write`] before
    /// [`Access::Script`]; none if nothing here can change data.
    access: Option<Access>,
    /// Whether a command could not be queued; `EXEC` then runs none.
    aborted: bool,
}

impl Transaction {
    /// What a command with these arguments would add to [`Transaction::weight`].
    pub(crate) fn cost(args: &[Bytes]) -> usize {
        let args = args.iter().map(|arg| arg.len() + ARGUMENT_OVERHEAD);
        COMMAND_OVERHEAD + args.sum::<usize>()
    }

    /// Adds a command.
    pub(crate) fn queue(&mut self, spec: &'static Spec, args: Vec<Bytes>) {
        self.weight += Self::cost(&args);
        match (spec.access, self.access) {
            (Access::Add, _)
            | (Access::Write, None | Some(Access::Script))
            | (Access::Script, None) => self.access = Some(spec.access),
            _ => {}
        }
        self.commands.push(Queued { spec, args });
    }

    /// Something was wrong: nothing of this will be run, so nothing more needs to be held.
    pub(crate) fn abort(&mut self) {
        *self = Self {
            aborted: true,
            ..Self::default()
        };
    }

    /// Whether something was wrong.
    pub(crate) const fn is_aborted(&self) -> bool {
        self.aborted
    }

    /// What it does to data, if anything.
    pub(crate) const fn access(&self) -> Option<Access> {
        self.access
    }

    /// How many commands.
    pub(crate) const fn len(&self) -> usize {
        self.commands.len()
    }

    /// Bytes of it all.
    pub(crate) const fn weight(&self) -> usize {
        self.weight
    }

    /// The commands.
    pub(crate) fn into_commands(self) -> Vec<Queued> {
        self.commands
    }
}

/// The keys a connection watches.
#[derive(Debug, Default)]
pub(crate) struct Watching {
    keys: IndexSet<(u8, Bytes)>,
    weight: usize,
    /// Set by the engine when one of them changes.
    mark: Mark,
}

impl Watching {
    /// What watching `key` adds to [`Watching::weight`].
    pub(crate) fn cost(key: &[u8]) -> usize {
        key.len() + WATCH_OVERHEAD
    }

    /// Adds a key, which is copied; whether it is new.
    pub(crate) fn add(&mut self, db: u8, key: &[u8]) -> bool {
        let new = self.keys.insert((db, Bytes::copy_from_slice(key)));
        if new {
            self.weight += Self::cost(key);
        }
        new
    }

    /// The keys.
    pub(crate) fn keys(&self) -> impl Iterator<Item = (u8, &Bytes)> {
        self.keys.iter().map(|(db, key)| (*db, key))
    }

    /// What the engine sets when one of them changes.
    pub(crate) const fn mark(&self) -> &Mark {
        &self.mark
    }

    /// Whether there are none.
    pub(crate) fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// Bytes of it all.
    pub(crate) const fn weight(&self) -> usize {
        self.weight
    }
}
