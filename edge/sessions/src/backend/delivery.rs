//! Brings commands to the primaries of their slots and their replies back, through moved slots and fail-overs.
//!
//! The library's own cluster client is not used: `WAIT` means something only on the connection the write went
//! over, and a write must never be sent twice. Here a write is sent again only if the backend said that it was
//! not done (`MOVED`, `ASK`, `TRYAGAIN`, `CLUSTERDOWN`, `LOADING`, `READONLY`) or nothing was sent at all. If
//! the connection breaks in between, the client is told that nobody knows.

mod outcome;

use std::{
    collections::{BTreeMap, HashMap},
    sync::{
        Mutex, PoisonError, RwLock,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use bytes::Bytes;
use futures_util::future::join_all;
use redis::{Cmd, ServerError, Value};
use tokio::time::{Instant, sleep_until, timeout_at};

pub(super) use self::outcome::text;
use super::{
    config::{Node, RedisConfig},
    pool::{Failure, Lane, Pool},
    topology::Topology,
};
use crate::protocol::Protocol;

/// Pause before what was refused for now is tried again.
const PAUSE: Duration = Duration::from_millis(50);

/// A command on its way.
#[derive(Debug, Clone)]
pub(super) struct Parcel {
    /// Its name and arguments.
    pub(super) words: Vec<Bytes>,
    /// Where it goes.
    pub(super) to: To,
    /// Whether it changes nothing and may be sent again.
    pub(super) reads: bool,
}

/// Where a command goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum To {
    /// The primary of a slot; none: any.
    Slot(Option<u16>),
    /// This node and no other.
    Node(Node),
}

/// Why there is no reply from the backend.
#[derive(Debug, Clone)]
pub(super) struct Fault {
    /// The error the client gets.
    pub(super) text: String,
    /// Whether the command may have been done all the same.
    pub(super) unknown: bool,
}

/// What the backend replied.
pub(super) type Told = Result<Value, Fault>;

/// What happened so far, for metrics.
#[derive(Debug, Default)]
pub(super) struct Tally {
    /// Commands that were sent again.
    pub(super) retried: AtomicU64,
    /// Commands that got no reply.
    pub(super) failed: AtomicU64,
    /// Writes too few replicas had in time.
    pub(super) unreplicated: AtomicU64,
}

/// Delivers commands.
#[derive(Debug)]
pub(super) struct Delivery {
    /// The connections.
    pub(super) pool: Pool,
    /// What is told to it.
    pub(super) config: RedisConfig,
    /// What happened so far.
    pub(super) tally: Tally,
    topology: RwLock<Topology>,
    /// One asks at a time who is primary of what; when it was last asked.
    asking: tokio::sync::Mutex<Option<Instant>>,
    trouble: Mutex<Option<String>>,
}

/// A delivery under way.
struct Round<'p> {
    parcels: &'p [Parcel],
    told: Vec<Option<Told>>,
    /// What must be sent, in order.
    open: Vec<usize>,
    /// Where a node said to ask.
    asked: HashMap<usize, Node>,
    /// What was said last of what is open.
    last: HashMap<usize, ServerError>,
    why: String,
    /// Whether a pause is due before the next try.
    wait: bool,
}

impl Delivery {
    /// Nothing is known of the backend yet.
    pub(super) fn new(config: RedisConfig) -> Self {
        Self {
            pool: Pool::new(config.clone()),
            config,
            tally: Tally::default(),
            topology: RwLock::default(),
            asking: tokio::sync::Mutex::default(),
            trouble: Mutex::default(),
        }
    }

    /// The primaries as they are known now.
    pub(super) fn primaries(&self) -> Vec<Node> {
        let topology = self.topology.read().unwrap_or_else(PoisonError::into_inner);
        topology.primaries().to_vec()
    }

    /// What is wrong with the backend, if something is.
    pub(super) fn trouble(&self) -> Option<String> {
        let trouble = self.trouble.lock().unwrap_or_else(PoisonError::into_inner);
        trouble.clone()
    }

    /// Says once that something is wrong, or that it no longer is.
    fn note(&self, now: Option<&str>) {
        let mut trouble = self.trouble.lock().unwrap_or_else(PoisonError::into_inner);
        match (&*trouble, now) {
            (None, Some(why)) => tracing::warn!(why, "session backend in trouble"),
            (Some(_), None) => tracing::info!("session backend is back"),
            _ => {}
        }
        *trouble = now.map(str::to_owned);
    }

    /// Delivers commands and gives their replies in order. Commands of one slot are done in order, all of them
    /// within the time a command has.
    pub(super) async fn deliver(
        &self,
        protocol: Protocol,
        db: u8,
        parcels: &[Parcel],
    ) -> Vec<Told> {
        let deadline = Instant::now() + self.config.timeout;
        let mut round = Round {
            parcels,
            told: vec![None; parcels.len()],
            open: (0..parcels.len()).collect(),
            asked: HashMap::new(),
            last: HashMap::new(),
            why: "no primary is known".to_owned(),
            wait: false,
        };
        let mut first = true;
        while !round.open.is_empty() && Instant::now() < deadline {
            if !first {
                let count = u64::try_from(round.open.len()).unwrap_or(u64::MAX);
                self.tally.retried.fetch_add(count, Relaxed);
            }
            first = false;
            self.try_once(protocol, db, &mut round, deadline).await;
            if std::mem::take(&mut round.wait) {
                sleep_until((Instant::now() + PAUSE).min(deadline)).await;
                if let Ok(Err(why)) = timeout_at(deadline, self.refresh(PAUSE)).await {
                    round.why = why;
                }
            }
        }
        self.conclude(round)
    }

    fn conclude(&self, mut round: Round<'_>) -> Vec<Told> {
        let given_up = !round.open.is_empty();
        for index in std::mem::take(&mut round.open) {
            self.tally.failed.fetch_add(1, Relaxed);
            let told = match round.last.remove(&index) {
                Some(said) => Ok(Value::ServerError(said)),
                None => Err(Fault {
                    text: format!(
                        "ERR the session backend does not answer: {}, hint: try again",
                        round.why
                    ),
                    unknown: false,
                }),
            };
            if let Some(place) = round.told.get_mut(index) {
                *place = Some(told);
            }
        }
        if given_up {
            self.note(Some(&round.why));
        } else if round.told.iter().flatten().any(Result::is_ok) {
            self.clear_trouble();
        }
        let lost = || {
            Err(Fault {
                text: "ERR the session backend gave no reply".to_owned(),
                unknown: true,
            })
        };
        round
            .told
            .into_iter()
            .map(|told| told.unwrap_or_else(lost))
            .collect()
    }

    fn clear_trouble(&self) {
        let is_clear = self.trouble().is_none();
        if !is_clear {
            self.note(None);
        }
    }

    async fn try_once(&self, protocol: Protocol, db: u8, round: &mut Round<'_>, deadline: Instant) {
        let open = std::mem::take(&mut round.open);
        let mut groups: BTreeMap<Node, Vec<usize>> = BTreeMap::new();
        for index in open {
            match self.node_of(index, round) {
                Some(node) => groups.entry(node).or_default().push(index),
                None => {
                    round.open.push(index);
                    round.wait = true;
                }
            }
        }
        let send = |(node, indexes): (Node, Vec<usize>)| {
            let round = &*round;
            async move {
                let sending = self.send(&node, protocol, db, round, &indexes);
                let sent = timeout_at(deadline, sending).await;
                let late = |_| Err(Failure::Lost(format!("{node} did not answer in time")));
                (indexes, sent.unwrap_or_else(late))
            }
        };
        let answers = join_all(groups.into_iter().map(send)).await;
        for (indexes, answer) in answers {
            match answer {
                Ok(values) => self.sort(round, indexes, values),
                Err(failure) => self.fail(round, indexes, failure),
            }
        }
        round.open.sort_unstable();
    }

    fn node_of(&self, index: usize, round: &Round<'_>) -> Option<Node> {
        if let Some(node) = round.asked.get(&index) {
            return Some(node.clone());
        }
        match &round.parcels.get(index)?.to {
            To::Node(node) => Some(node.clone()),
            To::Slot(slot) => {
                let topology = self.topology.read().unwrap_or_else(PoisonError::into_inner);
                topology.primary(*slot).cloned()
            }
        }
    }

    /// Sends some of the parcels to a node and, behind writes, has it wait for its replicas.
    async fn send(
        &self,
        node: &Node,
        protocol: Protocol,
        db: u8,
        round: &Round<'_>,
        indexes: &[usize],
    ) -> Result<Vec<Told>, Failure> {
        let mut pipeline = redis::Pipeline::with_capacity(indexes.len() + 1);
        let mut kept = Vec::with_capacity(indexes.len());
        let mut writes = Vec::with_capacity(indexes.len());
        for index in indexes {
            let Some(parcel) = round.parcels.get(*index) else {
                continue;
            };
            if round.asked.contains_key(index) {
                pipeline.cmd("ASKING");
            }
            kept.push(pipeline.len());
            writes.push(!parcel.reads);
            pipeline.add_command(parcel.command());
        }
        let any_write = writes.contains(&true);
        let waits = any_write && self.config.wait_replicas > 0;
        if waits {
            let ms = u64::try_from(self.config.wait_timeout.as_millis()).unwrap_or(u64::MAX);
            pipeline.cmd("WAIT").arg(self.config.wait_replicas).arg(ms);
        }
        let lane = Lane {
            protocol,
            db,
            writes: any_write,
        };
        let mut values = self.pool.exchange(node, lane, &pipeline).await?;
        let waited = if waits { values.pop() } else { None };
        let mut values: Vec<_> = values.into_iter().map(Some).collect();
        let told = kept.iter().zip(writes).map(|(at, write)| {
            let value = values
                .get_mut(*at)
                .and_then(Option::take)
                .unwrap_or_default();
            match &waited {
                Some(acknowledged) if write => self.acknowledged(value, acknowledged),
                _ => Ok(value),
            }
        });
        Ok(told.collect())
    }

    /// Asks who is primary of what, unless that was asked within `fresh`.
    pub(super) async fn refresh(&self, fresh: Duration) -> Result<(), String> {
        let mut asking = self.asking.lock().await;
        if asking.is_some_and(|last| last.elapsed() < fresh) {
            return Ok(());
        }
        let known = {
            let topology = self.topology.read().unwrap_or_else(PoisonError::into_inner);
            topology.clone()
        };
        let found = Topology::discover(&self.pool, &self.config, &known).await;
        *asking = Some(Instant::now());
        let found = found?;
        if found != known {
            tracing::info!(primaries = ?found.primaries(), "session backend: primaries");
            let nodes = &self.config.nodes;
            self.pool
                .keep(|node| found.primaries().contains(node) || nodes.contains(node));
            *self
                .topology
                .write()
                .unwrap_or_else(PoisonError::into_inner) = found;
        }
        Ok(())
    }
}

impl Parcel {
    fn command(&self) -> Cmd {
        let mut command =
            Cmd::with_capacity(self.words.len(), self.words.iter().map(Bytes::len).sum());
        for word in &self.words {
            command.arg(&word[..]);
        }
        command
    }
}
