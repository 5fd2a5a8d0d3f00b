//! Runs a client's calls: those on keys go to the backend together, the rest one by one.

use std::sync::atomic::Ordering::Relaxed;

use bongsu_sdk_model::{SessionEventKind, Timestamp};
use bytes::Bytes;

use super::{
    Backend,
    delivery::{Parcel, To, Told},
    look::Looked,
    names, reply,
    slot::slot,
    table,
    track::role,
};
use crate::{
    command::Access,
    engine::{Call, session},
    protocol::{Protocol, Reply},
    sessions::{Command, Prospect, SessionKey},
};

/// Calls that go to the backend together.
#[derive(Debug, Default)]
struct Batch {
    db: u8,
    /// Where their replies go.
    indexes: Vec<usize>,
    parcels: Vec<Parcel>,
}

/// What becomes of a call.
#[derive(Debug)]
enum Route<'c> {
    /// It goes to the backend as it came.
    Forward(Parcel),
    /// It may give a session to a user.
    Login(Vec<Prospect<'c>>),
    /// It needs to be seen to by itself.
    Alone,
    /// It is answered at once.
    Answer(Reply),
}

impl Backend {
    /// Runs calls in order and gives their replies; fewer than calls if they outgrew the output limit.
    pub(crate) async fn run(&self, calls: &[Call], protocol: Protocol) -> Vec<Reply> {
        let count = u64::try_from(calls.len()).unwrap_or(u64::MAX);
        self.stats.commands.fetch_add(count, Relaxed);
        let mut replies: Vec<Option<Reply>> = vec![None; calls.len()];
        let mut batch = Batch::default();
        for (index, call) in calls.iter().enumerate() {
            let route = self.route(call);
            if let Route::Forward(parcel) = route {
                if batch.db != call.db {
                    self.flush(&mut batch, calls, &mut replies, protocol).await;
                    batch.db = call.db;
                }
                batch.indexes.push(index);
                batch.parcels.push(parcel);
                continue;
            }
            self.flush(&mut batch, calls, &mut replies, protocol).await;
            let reply = match route {
                Route::Login(prospects) => self.log_in(call, &prospects, protocol).await,
                Route::Answer(reply) => reply,
                Route::Alone | Route::Forward(_) => self.alone(call, protocol).await,
            };
            if let Some(place) = replies.get_mut(index) {
                *place = Some(reply);
            }
        }
        self.flush(&mut batch, calls, &mut replies, protocol).await;
        self.within_limit(replies)
    }

    fn within_limit(&self, replies: Vec<Option<Reply>>) -> Vec<Reply> {
        let mut weight = 0;
        let fits = |reply: &Reply| {
            weight += reply.weight();
            weight <= self.max_output
        };
        replies.into_iter().flatten().take_while(fits).collect()
    }

    async fn flush(
        &self,
        batch: &mut Batch,
        calls: &[Call],
        replies: &mut [Option<Reply>],
        protocol: Protocol,
    ) {
        if batch.parcels.is_empty() {
            return;
        }
        let mut sent = Vec::with_capacity(batch.indexes.len());
        sent.extend(batch.indexes.iter().filter_map(|index| calls.get(*index)));
        let parcels = std::mem::take(&mut batch.parcels);
        let told = self.forward(batch.db, &sent, parcels, protocol).await;
        let indexes = std::mem::take(&mut batch.indexes);
        for ((index, call), told) in indexes.into_iter().zip(sent).zip(told) {
            if let Some(place) = replies.get_mut(index) {
                *place = Some(reply::reply(call, told));
            }
        }
    }

    /// Sends calls of one database, looks at the sessions they wrote, and gives what was told. Parcels beyond the
    /// calls are sent in front of them; what was told to those is left out.
    pub(super) async fn forward(
        &self,
        db: u8,
        calls: &[&Call],
        mut parcels: Vec<Parcel>,
        protocol: Protocol,
    ) -> Vec<Told> {
        let in_front = parcels.len().saturating_sub(calls.len());
        let mut written: Vec<SessionKey> = Vec::new();
        for call in calls {
            for key in self.tracked(call) {
                if call.spec.access == Access::Read {
                    continue;
                }
                let found = written.iter().any(|known| *known.key == **key);
                if !found {
                    written.push(session(db, key));
                }
            }
        }
        let looks_at = parcels.len();
        for session in &written {
            parcels.extend(Looked::parcels(session));
        }
        let mut told = self.delivery.deliver(protocol, db, &parcels).await;
        let looks = told.split_off(looks_at);
        self.note_reads(db, calls).await;
        self.take_in(&written, looks).await;
        told.drain(..in_front);
        told
    }

    /// The keys of a call that are kept track of.
    fn tracked<'c>(&self, call: &'c Call) -> Vec<&'c Bytes> {
        let applications = &self.registry.applications;
        let mut keys = keys(call).unwrap_or_default();
        keys.retain(|key| role(applications, call.db, key).is_some());
        keys
    }

    /// Sessions that were read were used, and live on where their application says so.
    async fn note_reads(&self, db: u8, calls: &[&Call]) {
        let now = self.now();
        let mut more = Vec::new();
        for call in calls.iter().filter(|call| call.spec.access == Access::Read) {
            for key in self.tracked(call) {
                more.extend(self.renewal(db, key, now));
            }
        }
        self.tidy(db, more).await;
    }

    fn route<'c>(&self, call: &'c Call) -> Route<'c> {
        if !self.ready.load(Relaxed) {
            return Route::Answer(Reply::Error(
                "LOADING Bongsu is reading the sessions of its backend".into(),
            ));
        }
        if call.db >= self.databases() {
            return Route::Answer(Reply::Error(
                "ERR SELECT is not allowed in cluster mode".into(),
            ));
        }
        let Some(keys) = keys(call) else {
            return Route::Answer(Reply::Error(
                "ERR Number of keys can't be greater than number of args".into(),
            ));
        };
        if keys.iter().any(|key| names::is_ours(key)) {
            return Route::Answer(Reply::Error(
                "NOPERM keys that begin with 'bongsu:' are the session store's own".into(),
            ));
        }
        let is_script = is_script(call.spec.name);
        if keys.is_empty() && !is_script {
            return Route::Alone;
        }
        if let Some(refusal) = self.filter(call, &keys) {
            return Route::Answer(refusal);
        }
        let prospects = self.prospects(call, &keys);
        let moves =
            matches!(call.spec.name, "rename" | "renamenx") && self.is_bound(call.db, keys.first());
        if moves || self.changes_bindings(call.db, &prospects) {
            return Route::Login(prospects);
        }
        Route::Forward(parcel(call))
    }

    fn is_bound(&self, db: u8, key: Option<&&Bytes>) -> bool {
        key.is_some_and(|key| self.registry.users().binding(db, key).is_some())
    }

    /// The sessions whose user a call may change, judged by its arguments alone.
    fn prospects<'c>(&self, call: &'c Call, keys: &[&'c Bytes]) -> Vec<Prospect<'c>> {
        let applications = &self.registry.applications;
        let adds = call.spec.access == Access::Add;
        if is_script(call.spec.name) {
            if call.spec.access == Access::Read {
                return Vec::new();
            }
            // A script may do anything to its keys.
            let somehow = |key: &&'c Bytes| {
                let command = Command {
                    name: "append",
                    adds: true,
                    db: call.db,
                };
                applications.prospects(command, std::slice::from_ref(*key))
            };
            return keys.iter().flat_map(somehow).collect();
        }
        let command = Command {
            name: call.spec.name,
            adds: adds && call.spec.keys.0 == 1,
            db: call.db,
        };
        applications.prospects(command, &call.args)
    }

    fn changes_bindings(&self, db: u8, prospects: &[Prospect<'_>]) -> bool {
        if prospects.is_empty() {
            return false;
        }
        let users = self.registry.users();
        let mut prospects = prospects.iter();
        prospects.any(|prospect| prospect.is_open(users.binding(db, &prospect.key)))
    }

    /// Why the sessions that a call would begin may not begin.
    fn filter(&self, call: &Call, keys: &[&Bytes]) -> Option<Reply> {
        let applications = &self.registry.applications;
        let moves = matches!(call.spec.name, "rename" | "renamenx");
        if !applications.have_filters() || call.spec.access != Access::Add || moves {
            return None;
        }
        let now = self.now();
        for key in keys {
            let Some((number, _)) = applications.session(call.db, key) else {
                continue;
            };
            let application = applications.get(number)?;
            let is_there = || self.track().known(call.db, key).is_some();
            if application.filter.is_free() || is_there() {
                continue;
            }
            let values = call.args.iter().map(|value| &**value);
            let mut begun = self.registry.begun();
            let begun = begun.entry(number).or_default();
            if let Err(unwanted) = application.filter.judge(values, call.client, begun, now) {
                self.rejected(call.db, key, now);
                return Some(Reply::Error(unwanted.text(&application.name).into()));
            }
        }
        None
    }

    /// A session was refused.
    pub(super) fn rejected(&self, db: u8, key: &[u8], now: Timestamp) {
        self.ledger()
            .record(SessionEventKind::Rejected, db, key, now);
    }
}

fn is_script(name: &str) -> bool {
    matches!(name, "eval" | "evalsha" | "eval_ro" | "evalsha_ro")
}

/// The keys of a call; none: it does not make sense.
fn keys(call: &Call) -> Option<Vec<&Bytes>> {
    match is_script(call.spec.name) {
        true => Some(table::numbered(&call.args)?.iter().collect()),
        false => Some(call.keys().collect()),
    }
}

/// A call as it goes to the backend.
pub(super) fn parcel(call: &Call) -> Parcel {
    let name = Bytes::from_static(call.spec.name.as_bytes());
    let slot = keys(call).and_then(|keys| keys.first().map(|key| slot(key)));
    Parcel {
        words: std::iter::once(name)
            .chain(call.args.iter().cloned())
            .collect(),
        to: To::Slot(slot),
        reads: call.spec.access == Access::Read,
    }
}
