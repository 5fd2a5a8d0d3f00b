//! Logins: a write that gives a session to a user is tried on a copy, judged, and only then made.
//!
//! All of it happens while every shard is held, and what it ends, binds and writes is one record of the
//! journal: of two logins at the same instant one is first, here and after a crash. Writes that change no
//! binding, which are nearly all, take no more than a look-up.

use std::{collections::BTreeSet, sync::Arc};

use bongsu_sdk_model::{SessionEventKind, Timestamp};

use super::{
    Call, Db, Engine,
    admit::Denied,
    bindings::Effect,
    keyspace::{Entry, Keyspace},
    ledger::Ledger,
    notice::Notices,
    orders::session,
    shards::{Held, Scope, Shards},
    value::{Kind, Value},
};
use crate::{
    command::Access,
    protocol::Reply,
    sessions::{AppNumber, Binding, Command, Found, Prospect},
};

impl Engine {
    /// The sessions whose user a call may change, judged by its arguments alone.
    pub(crate) fn prospects<'c>(&self, call: &'c Call) -> Vec<Prospect<'c>> {
        let spec = call.spec;
        let command = Command {
            name: spec.name,
            adds: spec.access == Access::Add && spec.keys.0 == 1,
            db: call.db,
        };
        self.registry.applications.prospects(command, &call.args)
    }

    /// Whether one of `prospects` changes the binding as it is now, so that all shards are needed. A session
    /// that has run out is nobody's, though its key may not have gone yet.
    pub(crate) fn changes_bindings(
        &self,
        shards: &mut Held<'_>,
        now: Timestamp,
        prospects: &[Prospect<'_>],
    ) -> bool {
        prospects.iter().any(|prospect| {
            let db = prospect.db;
            // The session of an index is in another shard: if it has run out, nothing comes of its place there.
            let entry =
                (!prospect.by_index).then(|| shards.of(&prospect.key).entry(db, &prospect.key));
            let is_over = entry.flatten().is_some_and(|entry| entry.is_expired(now));
            let users = self.registry.users();
            let present = users.binding(db, &prospect.key);
            prospect.is_open(present.filter(|_| !is_over))
        })
    }

    /// Runs a call within the rules for sessions. `open` says that it changes bindings, and then all shards are
    /// held; asked once, since what a shadow key or an index tells may change while only one is.
    pub(crate) fn govern(
        &self,
        db: &mut Db<'_>,
        call: &Call,
        prospects: &[Prospect<'_>],
        open: bool,
    ) -> Reply {
        if let Some(refusal) = self.filter(db, call) {
            return refusal;
        }
        let reply = if matches!(call.spec.name, "rename" | "renamenx") {
            self.rename(db, call, prospects, open)
        } else if open {
            self.log_in(db, call, prospects)
        } else {
            run(db, call)
        };
        self.limit_lives(db, call);
        reply
    }

    /// Runs a call that may change bindings.
    fn log_in(&self, db: &mut Db<'_>, call: &Call, prospects: &[Prospect<'_>]) -> Reply {
        let Some(outcome) = self.rehearse(db, call, prospects) else {
            return run(db, call);
        };
        match self.judge(db, outcome) {
            Err(denied) => self.refuse_login(db, &denied),
            Ok(effects) => {
                let reply = run(db, call);
                for effect in effects {
                    self.carry_out(db, effect);
                }
                reply
            }
        }
    }

    fn refuse_login(&self, db: &mut Db<'_>, denied: &Denied) -> Reply {
        let session = &denied.session;
        let ledger = &mut db.shards.of(&session.key).ledger;
        ledger.record(SessionEventKind::Rejected, session.db, &session.key, db.now);
        if denied.by_index {
            self.end(db, session);
        }
        Reply::Error(denied.text.clone().into())
    }

    /// The binding that goes along with a session that is renamed; it stays within its application.
    fn moving(&self, call: &Call) -> Option<Binding> {
        let ("rename" | "renamenx", [from, to, ..]) = (call.spec.name, &call.args[..]) else {
            return None;
        };
        let (target, _) = self.registry.applications.session(call.db, to)?;
        let users = self.registry.users();
        let binding = users.binding(call.db, from).cloned();
        binding.filter(|binding| binding.application == target)
    }

    /// A session that gets another id, as frameworks do at a login, stays its user's and as old as it was.
    fn rename(
        &self,
        db: &mut Db<'_>,
        call: &Call,
        prospects: &[Prospect<'_>],
        open: bool,
    ) -> Reply {
        let [from, to, ..] = &call.args[..] else {
            return run(db, call);
        };
        let created = db.entry(from).map(|entry| entry.created);
        let binding = self.moving(call);
        let reply = match binding {
            None if open => self.log_in(db, call, prospects),
            _ => run(db, call),
        };
        if let Some(created) = created
            && !db.has(from)
            && db.has(to)
        {
            db.shards.of(to).set_created(db.number, to, created);
            if let Some(binding) = binding {
                // What it replaces may have been the same user's, and younger or older.
                self.registry.users().unbind(db.number, to);
                self.carry_out(db, Effect::Bind(session(db.number, to), binding));
            }
        }
        reply
    }

    /// What each prospect comes to, as running the call on a copy shows; none if the call will fail.
    fn rehearse<'p>(
        &self,
        db: &mut Db<'_>,
        call: &Call,
        prospects: &'p [Prospect<'p>],
    ) -> Option<Vec<(&'p Prospect<'p>, Found)>> {
        if prospects.iter().all(|prospect| prospect.by_index) {
            return index_outcome(db, call, prospects);
        }
        let ledger = Ledger::new(
            Arc::clone(&self.nothing),
            Arc::default(),
            tokio::sync::mpsc::channel(1).0,
        );
        let copies = Shards::new(|| Keyspace::new(ledger.clone(), Notices::new(Arc::default())));
        let mut copy = Db {
            shards: copies.lock(Scope::All),
            engine: self,
            scripts: db.scripts,
            stats: db.stats,
            number: db.number,
            now: db.now,
            max_bulk: db.max_bulk,
            announced: Vec::new(),
        };
        let named = call.keys().map(|key| (db.number, &**key));
        let targets = prospects.iter().map(|one| (one.db, &*one.key));
        for (number, key) in named.chain(targets).collect::<BTreeSet<_>>() {
            if let Some(entry) = db.shards.of(key).touch(number, key, db.now) {
                let (value, expires) = (entry.value.clone(), entry.expires);
                let shard = copy.shards.of(key);
                shard.put(number, key, value, expires, db.now);
            }
        }
        let reply = (call.run)(&mut copy, &call.args).ok()?;
        if matches!(reply, Reply::Error(_)) {
            return None;
        }
        let user_of = |prospect: &'p Prospect<'p>| {
            let shard = copy.shards.of(&prospect.key);
            let entry = shard.touch(prospect.db, &prospect.key, db.now);
            let found = self.user_of(prospect.application, entry);
            (prospect, found)
        };
        Some(prospects.iter().map(user_of).collect())
    }

    /// Whose a value is.
    fn user_of(&self, application: AppNumber, entry: Option<&Entry>) -> Found {
        let (Some(entry), Some(application)) = (entry, self.registry.applications.get(application))
        else {
            return Found::Nobody;
        };
        let found = match &entry.value {
            Value::String(value) => application.user.in_string(value),
            Value::Hash(fields) => {
                let value = application.user.field().and_then(|name| fields.get(name));
                value.map(|value| application.user.in_field(value))
            }
            _ => None,
        };
        found.unwrap_or(Found::Nobody)
    }
}

fn run(db: &mut Db<'_>, call: &Call) -> Reply {
    (call.run)(db, &call.args).unwrap_or_else(Reply::from)
}

/// What an index tells needs no try, and a copy of it may be large; none if it is no set and the call will fail.
fn index_outcome<'p>(
    db: &mut Db<'_>,
    call: &Call,
    prospects: &'p [Prospect<'p>],
) -> Option<Vec<(&'p Prospect<'p>, Found)>> {
    let index = db.entry(call.args.first()?);
    if index.is_some_and(|entry| entry.value.kind() != Kind::Set) {
        return None;
    }
    let told = |prospect: &'p Prospect<'p>| Some((prospect, prospect.found.clone()?));
    prospects.iter().map(told).collect()
}
