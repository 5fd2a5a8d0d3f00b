//! Scripts: Lua 5.1 as Redis 7 offers it, because session clients send scripts.
//!
//! One machine, behind a mutex: a script runs while its thread holds every shard, so that there is never a
//! second one, and one machine compiles each script once. Rejected: a machine per thread, which compiles and
//! keeps everything as many times as there are threads and gains nothing. A machine that ran out of time or
//! memory is replaced.
//!
//! A script ends, whatever it does, within its time limit and the length of one call into C or to a command;
//! what could take long there is done by us with an eye on the watch (patterns) or refused (`unpack`,
//! `table.insert`, `string.rep`). What it wrote before it was ended stays, as in Redis, and the error says so.

mod api;
mod bits;
mod bridge;
mod cache;
mod convert;
mod header;
mod json;
mod machine;
mod msgpack;
mod native;
mod pattern;
mod random;
mod structs;
mod text;
mod watch;

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use bytes::Bytes;

pub(crate) use self::cache::Sha;
use self::{
    bridge::Bridge,
    cache::{Cache, read_sha, sha1},
    header::Header,
    machine::{End, Machine, Run},
};
use crate::{
    command::{Outcome, Refusal},
    engine::Db,
};

/// Which script is meant.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Script<'a> {
    /// By its text.
    Text(&'a [u8]),
    /// By its SHA-1, as the client wrote it.
    Sha(&'a [u8]),
}

/// Keeps scripts and runs them.
#[derive(Debug)]
pub(crate) struct Scripts {
    time_limit: Duration,
    memory: usize,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    cache: Cache,
    /// None while a script runs, and after one that broke it.
    machine: Option<Machine>,
}

impl State {
    /// The machine, to be put back if it is still good after use.
    fn take(&mut self, memory: usize) -> Result<Machine, Refusal> {
        match self.machine.take() {
            Some(machine) => Ok(machine),
            None => Machine::new(memory)
                .map_err(|error| refused(format!("ERR scripts cannot be run: {error}"))),
        }
    }

    /// Whether there is room in the cache; what gave way for it is forgotten in the machine too.
    fn make_room(&mut self, sha: &Sha, text: &[u8], machine: &Machine) -> bool {
        let mut gone = Vec::new();
        let fits = self.cache.fits(sha, text, &mut gone);
        gone.iter().all(|sha| machine.forget(sha).is_ok()) && fits
    }
}

impl Scripts {
    /// Scripts that may take `time_limit` and use `memory` bytes.
    pub(crate) fn new(time_limit: Duration, memory: usize) -> Self {
        Self {
            time_limit,
            memory,
            state: Mutex::new(State {
                cache: Cache::new(memory / 16),
                machine: None,
            }),
        }
    }

    /// Keeps a script for later and tells its SHA-1.
    pub(crate) fn load(&self, text: &[u8]) -> Result<Sha, Refusal> {
        let sha = sha1(text);
        let header = Header::read(text).map_err(refused)?;
        let mut state = self.lock();
        let machine = state.take(self.memory)?;
        if !state.make_room(&sha, text, &machine) {
            state.machine = Some(machine);
            return Err(refused("ERR too many scripts, hint: SCRIPT FLUSH"));
        }
        let body = text.get(header.length..).unwrap_or_default();
        let compiled = machine.compile(&sha, body);
        self.put_back(&mut state, machine);
        compiled.map_err(|end| explain(end, &sha))?;
        state.cache.keep(sha, text, true);
        Ok(sha)
    }

    /// Whether a script is kept.
    pub(crate) fn has(&self, sha: &[u8]) -> bool {
        read_sha(sha).is_some_and(|sha| self.lock().cache.get(&sha).is_some())
    }

    /// Waits until no script runs; each ends at its time limit.
    pub(crate) fn wait(&self) {
        drop(self.lock());
    }

    /// Forgets every script.
    pub(crate) fn flush(&self) {
        let mut state = self.lock();
        state.cache.clear();
        state.machine = None;
    }

    /// Runs a script.
    pub(crate) fn run(
        &self,
        db: &mut Db<'_>,
        script: Script<'_>,
        (keys, argv): (&[Bytes], &[Bytes]),
        read_only: bool,
    ) -> Outcome {
        let mut state = self.lock();
        let (sha, text) = match script {
            Script::Text(text) => (sha1(text), Bytes::copy_from_slice(text)),
            Script::Sha(sha) => {
                let kept = read_sha(sha).and_then(|sha| Some((sha, state.cache.get(&sha)?)));
                kept.ok_or_else(|| refused("NOSCRIPT No matching script. Please use EVAL."))?
            }
        };
        let header = Header::read(&text).map_err(refused)?;
        let machine = state.take(self.memory)?;
        let keep = state.make_room(&sha, &text, &machine);
        let run = Run {
            sha: &sha,
            text: text.get(header.length..).unwrap_or_default(),
            keep,
            keys,
            argv,
            limit: self.time_limit,
        };
        let number = db.number;
        let end = machine.run(&run, &mut Bridge::new(db, read_only || header.no_writes));
        db.number = number;
        if keep && !matches!(end, End::NotCompiled(_)) {
            state.cache.keep(sha, &text, false);
        }
        if !matches!(end, End::OutOfTime | End::OutOfMemory) {
            self.put_back(&mut state, machine);
        }
        match end {
            End::Returned(reply) => Ok(reply),
            end => Err(explain(end, &sha)),
        }
    }

    fn put_back(&self, state: &mut State, machine: Machine) {
        if !machine.is_crowded() {
            state.machine = Some(machine);
        }
    }

    /// Who panicked with it left the cache whole and no machine.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn refused(text: impl Into<String>) -> Refusal {
    Refusal::Text(text.into())
}

fn explain(end: End, sha: &Sha) -> Refusal {
    let sha = String::from_utf8_lossy(sha);
    refused(match end {
        End::Raised(text, Some((source, line))) => {
            format!("{text} script: {sha}, on {source}:{line}.")
        }
        End::Raised(text, None) => format!("{text} script: {sha}"),
        End::NotCompiled(text) => format!("ERR Error compiling script (new function): {text}"),
        End::OutOfTime => format!(
            "ERR Script ended: it ran longer than script_time_limit; what it wrote before stays. script: {sha}"
        ),
        End::OutOfMemory => format!(
            "ERR Script ended: it used more than script_memory; what it wrote before stays. script: {sha}"
        ),
        End::Returned(_) => String::new(),
    })
}
