//! Runs a connection's requests, one after the other: checks them, queues them in a transaction, or has them run.
//! Never waits; replies may be told when the journal is settled up to `Client::position`.

use std::sync::Arc;

use bongsu_sdk_model::Timestamp;
use bytes::Bytes;

use super::{Client, Queued, Transaction};
use crate::{
    MemoryPolicy,
    command::{self, Access, Refusal, Run, Spec},
    engine::{Call, Db},
    protocol::Reply,
};

/// What became of a request.
#[derive(Debug)]
pub(crate) struct Ran {
    /// The reply.
    pub(crate) reply: Reply,
    /// Whether data may have been changed, so that the reply depends on the journal.
    pub(crate) changes: bool,
    /// What a backend must run first.
    pub(crate) elsewhere: Option<Elsewhere>,
}

/// A call for the backend.
#[derive(Debug)]
pub(crate) struct Elsewhere {
    /// The call.
    pub(crate) call: Call,
    /// Whether the client wants its reply.
    pub(crate) told: bool,
}

impl From<Reply> for Ran {
    fn from(reply: Reply) -> Self {
        Self {
            reply,
            changes: false,
            elsewhere: None,
        }
    }
}

impl Client {
    /// Runs a request, its name first.
    pub(crate) fn run(&mut self, request: Vec<Bytes>, now: Timestamp) -> Ran {
        let mut args = request;
        let name = if args.is_empty() {
            Bytes::new()
        } else {
            args.remove(0)
        };
        let ran = match self.check(&name, &args) {
            Err(refusal) => self.turn_down(&name, refusal).into(),
            Ok(spec) => {
                self.last_command = spec.name;
                if self.transaction.is_some() && !ends_queueing(spec) {
                    self.queue(spec, args).into()
                } else {
                    self.start(spec, args, now)
                }
            }
        };
        if self.replies.take_turn() {
            ran
        } else {
            let elsewhere = ran.elsewhere;
            Ran {
                reply: Reply::NOTHING,
                changes: ran.changes,
                elsewhere: elsewhere.map(|elsewhere| Elsewhere {
                    told: false,
                    ..elsewhere
                }),
            }
        }
    }

    /// Finds the command and whether this connection may run it now.
    fn check(&self, name: &Bytes, args: &[Bytes]) -> Result<&'static Spec, Refusal> {
        let spec = command::resolve(name, args)?;
        if !self.is_authenticated() && spec.access != Access::Open {
            return Err(Refusal::Text("NOAUTH Authentication required.".into()));
        }
        if self.read_only && !suits_readers(spec) {
            return Err(Refusal::Permission(spec.name.into()));
        }
        if self.is_subscriber() && !suits_subscribers(spec) {
            return Err(Refusal::Text(format!(
                "ERR Can't execute '{}': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed \
                 in this context",
                spec.name
            )));
        }
        if self.server.backend.is_some() && spec.group == "transactions" {
            return Err(Refusal::Text(format!(
                "ERR '{}' is not served with backend = \"redis\"",
                spec.name
            )));
        }
        match self.refusal_of_transaction(spec) {
            Some(refusal) => Err(refusal),
            None => Ok(spec),
        }
    }

    /// A transaction is all or nothing: what would be refused while it runs is refused before. Where room can be
    /// made for it, `EXEC` tries that first.
    fn refusal_of_transaction(&self, spec: &Spec) -> Option<Refusal> {
        let transaction = self.transaction.as_ref()?;
        let access = match spec.run {
            Run::Transaction => transaction.access()?,
            Run::Keyspace(_) | Run::Client(_) => spec.access,
        };
        let makes_room = self.server.config.max_memory_policy == MemoryPolicy::AnonymousFirst;
        let refusal = self.server.engine.refusal(access);
        refusal.filter(|refusal| !(makes_room && *refusal == Refusal::OutOfMemory))
    }

    /// What cannot even be queued spoils the transaction; `EXEC` itself ends it.
    fn turn_down(&mut self, name: &[u8], refusal: Refusal) -> Reply {
        if name.eq_ignore_ascii_case(b"exec") {
            self.transaction = None;
            self.unwatch();
            return discarded(&refusal);
        }
        if let Some(transaction) = &mut self.transaction {
            transaction.abort();
        }
        refusal.into()
    }

    fn queue(&mut self, spec: &'static Spec, args: Vec<Bytes>) -> Reply {
        let fits = self.may_hold(Transaction::cost(&args));
        let Some(transaction) = &mut self.transaction else {
            return Reply::Error("ERR EXEC without MULTI".into());
        };
        if transaction.is_aborted() {
            return Reply::Status("QUEUED");
        }
        if !fits {
            transaction.abort();
            return Reply::Error("ERR the transaction is too large".into());
        }
        transaction.queue(spec, args);
        Reply::Status("QUEUED")
    }

    fn start(&mut self, spec: &'static Spec, args: Vec<Bytes>, now: Timestamp) -> Ran {
        match spec.run {
            Run::Keyspace(run) => {
                let db = self.db;
                let call = Call {
                    spec,
                    run,
                    args,
                    db,
                    client: Some(self.peer.address()),
                };
                if self.server.backend.is_some() && !concerns_no_key(spec) {
                    return Elsewhere { call, told: true }.into();
                }
                let (reply, position) = self.server.engine.apply(&call, now);
                self.position = self.position.max(position);
                Ran {
                    reply,
                    changes: spec.access.changes() || spec.access == Access::Script,
                    elsewhere: None,
                }
            }
            Run::Client(run) => {
                let outcome = run(self, &args);
                self.publish();
                outcome.unwrap_or_else(Reply::from).into()
            }
            Run::Transaction => self.execute(now),
        }
    }

    /// Runs what was queued as one: nobody sees a part of it, and the journal has all of it or nothing.
    fn execute(&mut self, now: Timestamp) -> Ran {
        let Some(transaction) = self.transaction.take() else {
            return Reply::Error("ERR EXEC without MULTI".into()).into();
        };
        if transaction.is_aborted() {
            self.unwatch();
            let text = "EXECABORT Transaction discarded because of previous errors.";
            return Reply::Error(text.into()).into();
        }
        let access = transaction.access();
        let commands = transaction.into_commands();
        // Taken out, so that nothing in the transaction locks a shard once more to take it back.
        let watching = std::mem::take(&mut self.watching);
        let server = Arc::clone(&self.server);
        server.engine.count(commands.len());
        let (reply, position) = server.engine.on_all(now, |db| {
            let expired = |(number, key): (u8, &Bytes)| {
                let entry = db.shards.of(key).entry(number, key);
                entry.is_some_and(|entry| entry.is_expired(now))
            };
            if watching.mark().is_set() || watching.keys().any(expired) {
                return None;
            }
            if let Some(refusal) = access.and_then(|access| server.engine.refuse_all(access, db)) {
                return Some(discarded(&refusal));
            }
            let replies = commands.into_iter().map(|one| self.execute_one(one, db));
            Some(Reply::Array(replies.collect()))
        });
        server.engine.unwatch(watching.keys(), watching.mark());
        self.publish();
        self.position = self.position.max(position);
        Ran {
            reply: reply.unwrap_or(Reply::NullArray),
            changes: access.is_some(),
            elsewhere: None,
        }
    }

    fn execute_one(&mut self, Queued { spec, args }: Queued, db: &mut Db<'_>) -> Reply {
        match spec.run {
            Run::Keyspace(run) => {
                db.number = self.db;
                let call = Call {
                    spec,
                    run,
                    args,
                    db: self.db,
                    client: Some(self.peer.address()),
                };
                self.server.engine.call_admitted(db, &call)
            }
            Run::Client(run) => run(self, &args).unwrap_or_else(Reply::from),
            // Never queued.
            Run::Transaction => Refusal::Syntax.into(),
        }
    }

    /// Makes the next transaction depend on keys.
    pub(crate) fn watch(&mut self, keys: &[Bytes]) {
        let db = self.db;
        let new: Vec<_> = keys
            .iter()
            .filter(|key| self.watching.add(db, key))
            .map(|key| (db, key))
            .collect();
        let engine = &self.server.engine;
        let position = engine.watch(new.into_iter(), self.watching.mark());
        self.position = self.position.max(position);
    }

    /// Depends on no key any longer.
    pub(crate) fn unwatch(&mut self) {
        if !self.watching.is_empty() {
            let watching = std::mem::take(&mut self.watching);
            let engine = &self.server.engine;
            engine.unwatch(watching.keys(), watching.mark());
        }
    }
}

/// The reply of an `EXEC` that ran nothing.
fn discarded(refusal: &Refusal) -> Reply {
    let text = refusal.to_string();
    let why = text.strip_prefix("ERR ").unwrap_or(&text);
    Reply::Error(format!("EXECABORT Transaction discarded because of: {why}").into())
}

/// Commands that are run here even when the keys are in a backend.
fn concerns_no_key(spec: &Spec) -> bool {
    spec.access == Access::Publish || matches!(spec.name, "time" | "wait")
}

/// Commands that act on a transaction instead of being queued in it.
fn ends_queueing(spec: &Spec) -> bool {
    matches!(
        spec.name,
        "exec" | "discard" | "multi" | "watch" | "quit" | "reset"
    )
}

/// What a user that may only read can do; a command of any other kind might change data.
fn suits_readers(spec: &Spec) -> bool {
    matches!(
        spec.access,
        Access::Read | Access::Publish | Access::Connection | Access::Open
    )
}

/// What a subscriber may do in RESP2, where any other reply could be taken for a message.
fn suits_subscribers(spec: &Spec) -> bool {
    matches!(
        spec.name,
        "subscribe"
            | "psubscribe"
            | "ssubscribe"
            | "unsubscribe"
            | "punsubscribe"
            | "sunsubscribe"
            | "ping"
            | "quit"
            | "reset"
    )
}
