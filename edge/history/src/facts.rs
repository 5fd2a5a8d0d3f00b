//! What applications reported besides requests: statements and errors, added up by the hour, and deployments.
//! Masked before it comes here.
//!
//! | tree | key | value |
//! |---|---|---|
//! | `statement`, `error` | hour, 8 bytes; hash of what it is, 8 bytes | sums, `postcard` |
//! | `deployment` | instant, 8 bytes; hash, 8 bytes | `postcard` |
//!
//! An hour holds at most 5 000 of a kind; the rest is added up as `{other}`.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Mutex, PoisonError},
};

use bongsu_sdk_model::{AppId, InstanceId, Tier, Timestamp, Window};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use sled::{Batch, Db, Tree};

use crate::{HistoryError, keys};

/// Statements, and errors, of one hour.
const MOST: usize = 5_000;
const OTHER: &str = "{other}";

/// Calls of one statement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Statement {
    /// Application that called.
    pub app: AppId,
    /// Database product.
    pub system: String,
    /// Database or schema.
    pub namespace: String,
    /// Without its literals.
    pub statement: String,
    /// Number of calls.
    pub calls: u64,
    /// Of them, those that failed.
    pub errors: u64,
    /// Time of all calls, microseconds.
    pub total_us: u64,
    /// Time of the longest, microseconds.
    pub max_us: u64,
    /// When the latest ended.
    pub last: Timestamp,
}

/// Exceptions of one kind and message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorGroup {
    /// Application it happened in.
    pub app: AppId,
    /// Type of the exception.
    pub kind: String,
    /// Masked message.
    pub message: String,
    /// Masked stack of the latest.
    pub stack: String,
    /// Trace of the latest.
    #[serde(with = "trace")]
    pub trace_id: Option<[u8; 16]>,
    /// How many.
    pub count: u64,
    /// When the first happened.
    pub first: Timestamp,
    /// When the latest happened.
    pub last: Timestamp,
}

/// A version that began to run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deployed {
    /// Application.
    pub app: AppId,
    /// Copy of it.
    pub instance: InstanceId,
    /// The version.
    pub version: String,
    /// The version before, if one was known.
    pub before: Option<String>,
    /// Cluster namespace, empty if unknown.
    pub namespace: String,
    /// Workload, empty if unknown.
    pub workload: String,
    /// Pod, empty if unknown.
    pub pod: String,
    /// Machine, empty if unknown.
    pub node: String,
    /// When.
    pub at: Timestamp,
}

/// Everything of the three that came together.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Facts {
    /// Statements.
    pub statements: Vec<Statement>,
    /// Errors.
    pub errors: Vec<ErrorGroup>,
    /// Deployments.
    pub deployments: Vec<Deployed>,
}

impl Facts {
    /// Whether there is nothing.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.statements.is_empty() && self.errors.is_empty() && self.deployments.is_empty()
    }

    /// Takes in what came later; what is the same becomes one.
    pub fn merge(&mut self, later: Self) {
        self.statements = summed(std::mem::take(&mut self.statements), later.statements);
        self.errors = summed(std::mem::take(&mut self.errors), later.errors);
        self.deployments.extend(later.deployments);
    }
}

fn summed<T: Sum>(held: Vec<T>, later: Vec<T>) -> Vec<T> {
    let mut sums: BTreeMap<(Timestamp, u64), T> = BTreeMap::new();
    for mut one in held.into_iter().chain(later) {
        let hour = Tier::Hour.floor(one.at());
        if sums.len() >= MOST && !sums.contains_key(&(hour, one.hash())) {
            one.blur();
        }
        match sums.get_mut(&(hour, one.hash())) {
            Some(sum) => sum.add(&one),
            None => {
                sums.insert((hour, one.hash()), one);
            }
        }
    }
    sums.into_values().collect()
}

/// What is added up by what it is.
trait Sum: Serialize + DeserializeOwned {
    fn at(&self) -> Timestamp;
    fn hash(&self) -> u64;
    fn add(&mut self, other: &Self);
    /// Makes it one of those that are not told apart.
    fn blur(&mut self);
}

impl Sum for Statement {
    fn at(&self) -> Timestamp {
        self.last
    }

    fn hash(&self) -> u64 {
        hash(&[
            self.app.as_str(),
            &self.system,
            &self.namespace,
            &self.statement,
        ])
    }

    fn add(&mut self, other: &Self) {
        self.calls = self.calls.saturating_add(other.calls);
        self.errors = self.errors.saturating_add(other.errors);
        self.total_us = self.total_us.saturating_add(other.total_us);
        self.max_us = self.max_us.max(other.max_us);
        self.last = self.last.max(other.last);
    }

    fn blur(&mut self) {
        OTHER.clone_into(&mut self.statement);
        self.namespace.clear();
    }
}

impl Sum for ErrorGroup {
    fn at(&self) -> Timestamp {
        self.last
    }

    fn hash(&self) -> u64 {
        hash(&[self.app.as_str(), &self.kind, &self.message])
    }

    fn add(&mut self, other: &Self) {
        self.count = self.count.saturating_add(other.count);
        self.first = self.first.min(other.first);
        if other.last >= self.last {
            self.last = other.last;
            self.stack.clone_from(&other.stack);
            self.trace_id = other.trace_id.or(self.trace_id);
        }
    }

    fn blur(&mut self) {
        OTHER.clone_into(&mut self.message);
        OTHER.clone_into(&mut self.kind);
    }
}

/// FNV-1a over the parts with a separator: stable over versions and machines.
fn hash(parts: &[&str]) -> u64 {
    let bytes = parts
        .iter()
        .flat_map(|part| part.bytes().chain(std::iter::once(0xff)));
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

/// The three trees.
#[derive(Debug)]
pub(crate) struct FactTrees {
    pub(crate) statement: Tree,
    pub(crate) error: Tree,
    pub(crate) deployment: Tree,
    /// Entries by tree and hour.
    held: Mutex<HashMap<(bool, Timestamp), usize>>,
}

/// What a commit writes into them.
pub(crate) struct Writes {
    pub(crate) statements: BTreeMap<[u8; 16], Vec<u8>>,
    pub(crate) errors: BTreeMap<[u8; 16], Vec<u8>>,
    pub(crate) deployments: BTreeMap<[u8; 16], Vec<u8>>,
}

impl FactTrees {
    pub(crate) fn open(db: &Db) -> Result<Self, HistoryError> {
        Ok(Self {
            statement: db.open_tree("statement")?,
            error: db.open_tree("error")?,
            deployment: db.open_tree("deployment")?,
            held: Mutex::default(),
        })
    }

    /// What is there with `facts` added.
    pub(crate) fn with(&self, facts: &Facts) -> Result<Writes, HistoryError> {
        let mut deployments = BTreeMap::new();
        for deployed in &facts.deployments {
            let what = hash(&[
                deployed.app.as_str(),
                deployed.instance.as_str(),
                &deployed.version,
            ]);
            deployments.insert(key(deployed.at, what), encode(deployed)?);
        }
        Ok(Writes {
            statements: self.added(&self.statement, true, &facts.statements)?,
            errors: self.added(&self.error, false, &facts.errors)?,
            deployments,
        })
    }

    fn added<T: Sum + Clone>(
        &self,
        tree: &Tree,
        kind: bool,
        all: &[T],
    ) -> Result<BTreeMap<[u8; 16], Vec<u8>>, HistoryError> {
        let mut sums: BTreeMap<[u8; 16], T> = BTreeMap::new();
        for one in all {
            let mut one = one.clone();
            let hour = Tier::Hour.floor(one.at());
            let mut at = key(hour, one.hash());
            let known = sums.contains_key(&at) || tree.contains_key(at)?;
            if !known && self.is_full(tree, kind, hour) {
                one.blur();
                at = key(hour, one.hash());
            }
            if let Some(sum) = sums.get_mut(&at) {
                sum.add(&one);
                continue;
            }
            if let Some(held) = tree.get(at)? {
                let mut sum: T = decode(&held)?;
                sum.add(&one);
                one = sum;
            }
            sums.insert(at, one);
        }
        sums.into_iter()
            .map(|(at, sum)| Ok((at, encode(&sum)?)))
            .collect()
    }

    /// Whether an hour can hold no more; counts one that comes.
    fn is_full(&self, tree: &Tree, kind: bool, hour: Timestamp) -> bool {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        if held.len() > 64 {
            held.clear();
        }
        let count = || tree.scan_prefix(keys::of_instant(hour)).count();
        let held = held.entry((kind, hour)).or_insert_with(count);
        *held += 1;
        *held > MOST
    }

    pub(crate) fn statements(&self, window: Window) -> Result<Vec<Statement>, HistoryError> {
        let mut all = across(&self.statement, window)?;
        all.sort_by_key(|one: &Statement| std::cmp::Reverse(one.total_us));
        Ok(all)
    }

    pub(crate) fn errors(&self, window: Window) -> Result<Vec<ErrorGroup>, HistoryError> {
        let mut all = across(&self.error, window)?;
        all.sort_by_key(|one: &ErrorGroup| std::cmp::Reverse(one.count));
        Ok(all)
    }

    pub(crate) fn deployments(&self, window: Window) -> Result<Vec<Deployed>, HistoryError> {
        let range = keys::of_instant(window.from)..keys::of_instant(window.to);
        let held = self.deployment.range(range).values().rev();
        held.map(|value| decode(&value?)).collect()
    }

    pub(crate) fn prune(&self, oldest: Timestamp) -> Result<(), HistoryError> {
        for tree in [&self.statement, &self.error, &self.deployment] {
            let mut gone = Batch::default();
            for key in tree.range(..keys::of_instant(oldest)).keys() {
                gone.remove(key?);
            }
            tree.apply_batch(gone)?;
        }
        Ok(())
    }
}

/// The sums of the hours that touch `window`.
fn across<T: Sum>(tree: &Tree, window: Window) -> Result<Vec<T>, HistoryError> {
    let mut sums: HashMap<u64, T> = HashMap::new();
    let from = Tier::Hour.floor(window.from);
    for value in tree
        .range(keys::of_instant(from)..keys::of_instant(window.to))
        .values()
    {
        let one: T = decode(&value?)?;
        match sums.get_mut(&one.hash()) {
            Some(sum) => sum.add(&one),
            None => {
                sums.insert(one.hash(), one);
            }
        }
    }
    Ok(sums.into_values().collect())
}

fn key(at: Timestamp, hash: u64) -> [u8; 16] {
    let at = u64::from_be_bytes(keys::of_instant(at));
    (u128::from(at) << 64 | u128::from(hash)).to_be_bytes()
}

fn encode<T: Serialize>(one: &T) -> Result<Vec<u8>, HistoryError> {
    postcard::to_stdvec(one).map_err(|error| HistoryError::Damaged(error.to_string()))
}

fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, HistoryError> {
    postcard::from_bytes(bytes).map_err(|error| HistoryError::Damaged(error.to_string()))
}

/// A trace id: hexadecimal for people, bytes on disk.
pub(crate) mod trace {
    use serde::{Deserialize as _, Deserializer, Serialize as _, Serializer};

    pub(crate) fn serialize<S: Serializer>(
        id: &Option<[u8; 16]>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            let text = id.map(|id| format!("{:032x}", u128::from_be_bytes(id)));
            return text.serialize(serializer);
        }
        id.serialize(serializer)
    }

    pub(crate) fn deserialize<'d, D: Deserializer<'d>>(
        deserializer: D,
    ) -> Result<Option<[u8; 16]>, D::Error> {
        Option::deserialize(deserializer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: i64 = 3_600_000;

    fn statement(text: &str, at: i64, calls: u64) -> Statement {
        Statement {
            app: AppId::new("shop").unwrap(),
            system: "postgresql".into(),
            namespace: "orders".into(),
            statement: text.into(),
            calls,
            errors: 1,
            total_us: calls * 10,
            max_us: calls,
            last: Timestamp::from_ms(at),
        }
    }

    fn write(trees: &FactTrees, facts: &Facts) {
        for (key, value) in trees.with(facts).unwrap().statements {
            trees.statement.insert(key, value).unwrap();
        }
    }

    #[test]
    fn statements_add_up_within_and_across_hours() {
        let db = sled::Config::new().temporary(true).open().unwrap();
        let trees = FactTrees::open(&db).unwrap();
        let mut facts = Facts::default();
        for (text, at, calls) in [("a", 5, 2), ("b", 6, 1), ("a", HOUR + 1, 3), ("a", 7, 4)] {
            facts.merge(Facts {
                statements: vec![statement(text, at, calls)],
                ..Facts::default()
            });
        }
        assert_eq!(facts.statements.len(), 3);
        write(&trees, &facts);
        write(&trees, &facts);
        let sums = |from, to| -> Vec<(String, u64, u64)> {
            let window = Window::new(Timestamp::from_ms(from), Timestamp::from_ms(to));
            let all = trees.statements(window).unwrap().into_iter();
            all.map(|one| (one.statement, one.calls, one.max_us))
                .collect()
        };
        assert_eq!(sums(0, 2 * HOUR), [("a".into(), 18, 4), ("b".into(), 2, 1)]);
        assert_eq!(sums(HOUR, 2 * HOUR), [("a".into(), 6, 3)]);
        trees.prune(Timestamp::from_ms(HOUR)).unwrap();
        assert_eq!(sums(0, 2 * HOUR), [("a".into(), 6, 3)]);
    }

    #[test]
    fn a_flood_of_statements_ends_in_other_and_no_call_is_lost() {
        let db = sled::Config::new().temporary(true).open().unwrap();
        let trees = FactTrees::open(&db).unwrap();
        let mut calls = 0;
        for round in 0..3 {
            let statements = (0..4_000).map(|n| statement(&format!("{round}-{n}"), 5, 1));
            let mut facts = Facts::default();
            facts.merge(Facts {
                statements: statements.collect(),
                ..Facts::default()
            });
            calls += 4_000;
            write(&trees, &facts);
        }
        let window = Window::new(Timestamp::from_ms(0), Timestamp::from_ms(HOUR));
        let all = trees.statements(window).unwrap();
        assert!(all.len() <= MOST + 1, "{}", all.len());
        assert_eq!(all[0].statement, OTHER);
        assert_eq!(all.iter().map(|one| one.calls).sum::<u64>(), calls);
    }
}
