//! The commands: one table, one family per file. A command is data (its [`Spec`] and arguments) until the
//! engine or its connection runs it.
//!
//! Semantics, the order in which arguments are checked, and error texts are Redis 7's. Nothing here touches
//! a socket or the disk.

mod acl;
pub(crate) mod args;
mod bongsu;
mod chance;
mod clients;
mod connection;
mod decimal;
mod expiry;
mod flags;
pub(crate) mod glob;
mod hashes;
mod introspection;
mod keys;
mod lifetime;
mod object;
mod publishing;
mod refusal;
mod scan;
mod scripting;
mod server;
mod sets;
mod settings;
mod sketches;
mod sorted_sets;
mod strings;
mod subscribing;
mod told;
mod transactions;

use std::{borrow::Cow, collections::HashMap, fmt::Write as _, sync::LazyLock};

use bytes::Bytes;

pub(crate) use self::refusal::Refusal;
use crate::{client::Client, engine::Db, protocol::Reply};

/// The Redis whose replies are followed; clients ask for it to know what they may use.
pub(crate) const REDIS_VERSION: &str = "7.0.15";
/// How many databases `SELECT` knows.
pub(crate) const DATABASES: u8 = 16;

/// How a command ends.
pub(crate) type Outcome = Result<Reply, Refusal>;
/// Runs a command on the keyspace; the arguments are without its name.
pub(crate) type KeyspaceFn = fn(&mut Db<'_>, &[Bytes]) -> Outcome;
/// Runs a command that concerns its connection only.
pub(crate) type ClientFn = fn(&mut Client, &[Bytes]) -> Outcome;

/// What a command may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    /// Reads keys.
    Read,
    /// Changes keys but does not add bytes.
    Write,
    /// May add bytes; refused when memory is full.
    Add,
    /// Runs commands, each of which is then asked for itself.
    Script,
    /// Touches no key; tells those who listen, or who they are.
    Publish,
    /// Touches no key.
    Connection,
    /// The same, and is allowed before authentication.
    Open,
}

impl Access {
    /// Whether it changes data.
    pub(crate) const fn changes(self) -> bool {
        matches!(self, Self::Write | Self::Add)
    }
}

/// Who runs a command.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Run {
    /// The engine.
    Keyspace(KeyspaceFn),
    /// The connection it came on.
    Client(ClientFn),
    /// The connection it came on, with all it has queued: `EXEC`.
    Transaction,
}

/// Which arguments are keys: first, last (negative: from the end), step; 1 is the first after the name.
type Keys = (i64, i64, i64);

const NO_KEY: Keys = (0, 0, 0);
/// As many as one of the arguments says; `flags` knows which.
const MOVABLE: Keys = NO_KEY;
/// The command touches the key at its first argument and no other.
pub(crate) const ONE_KEY: Keys = (1, 1, 1);
const TWO_KEYS: Keys = (1, 2, 1);
const ALL_KEYS: Keys = (1, -1, 1);
const KEY_VALUE_PAIRS: Keys = (1, -1, 2);

/// A command's entry in the table.
#[derive(Debug)]
pub(crate) struct Spec {
    /// Its name, lower case.
    pub(crate) name: &'static str,
    /// Number of arguments with the name; negative: at least that many.
    pub(crate) arity: i64,
    /// What it may do.
    pub(crate) access: Access,
    /// Which of its arguments are keys.
    pub(crate) keys: Keys,
    /// Its family's name in `COMMAND DOCS`.
    pub(crate) group: &'static str,
    /// What it does, in a sentence.
    pub(crate) summary: &'static str,
    /// What runs it.
    pub(crate) run: Run,
}

impl Spec {
    /// Itself if it may be called with `args`.
    pub(crate) fn check(&'static self, args: &[Bytes]) -> Result<&'static Self, Refusal> {
        match self.takes(args.len() + 1) {
            true => Ok(self),
            false => Err(Refusal::Arity(Cow::Borrowed(self.name))),
        }
    }

    /// Whether it may be called with `count` arguments, its name among them.
    fn takes(&self, count: usize) -> bool {
        let count = i64::try_from(count).unwrap_or(i64::MAX);
        if self.arity < 0 {
            count >= -self.arity
        } else {
            count == self.arity
        }
    }
}

/// Builds the entries of one family on the keyspace.
const fn on_keys(
    group: &'static str,
    access: Access,
    (name, arity, keys): (&'static str, i64, Keys),
    run: KeyspaceFn,
    summary: &'static str,
) -> Spec {
    Spec {
        name,
        arity,
        access,
        keys,
        group,
        summary,
        run: Run::Keyspace(run),
    }
}

/// Every command.
pub(crate) fn table() -> impl Iterator<Item = &'static Spec> {
    [
        connection::COMMANDS,
        clients::COMMANDS,
        acl::COMMANDS,
        settings::COMMANDS,
        subscribing::COMMANDS,
        publishing::COMMANDS,
        transactions::COMMANDS,
        introspection::COMMANDS,
        server::COMMANDS,
        keys::COMMANDS,
        expiry::COMMANDS,
        strings::COMMANDS,
        hashes::COMMANDS,
        object::COMMANDS,
        sets::COMMANDS,
        scripting::COMMANDS,
        bongsu::COMMANDS,
        sketches::COMMANDS,
        sorted_sets::COMMANDS,
    ]
    .into_iter()
    .flatten()
}

/// The command called `name`, in whatever case.
pub(crate) fn named(name: &[u8]) -> Option<&'static Spec> {
    static BY_NAME: LazyLock<HashMap<&[u8], &Spec>> =
        LazyLock::new(|| table().map(|spec| (spec.name.as_bytes(), spec)).collect());
    let mut lower = [0_u8; 24];
    let lower = lower.get_mut(..name.len())?;
    lower.copy_from_slice(name);
    lower.make_ascii_lowercase();
    BY_NAME.get(&*lower).copied()
}

/// The command that `name` and `args` are a call of.
pub(crate) fn resolve(name: &[u8], args: &[Bytes]) -> Result<&'static Spec, Refusal> {
    named(name).ok_or_else(|| unknown(name, args))?.check(args)
}

/// Redis's text: the name and as many of the arguments as fit into 128 bytes.
fn unknown(name: &[u8], args: &[Bytes]) -> Refusal {
    const SHOWN: usize = 128;
    let shown = |bytes: &[u8], limit: usize| {
        String::from_utf8_lossy(bytes.get(..bytes.len().min(limit)).unwrap_or_default())
            .into_owned()
    };
    let mut listed = String::new();
    for arg in args {
        if listed.len() >= SHOWN {
            break;
        }
        let _ = write!(listed, "'{}' ", shown(arg, SHOWN - listed.len()));
    }
    Refusal::Text(format!(
        "ERR unknown command '{}', with args beginning with: {listed}",
        shown(name, SHOWN)
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_in_any_case_and_once() {
        assert_eq!(named(b"hGeTaLl").map(|spec| spec.name), Some("hgetall"));
        assert!(named(b"hgetallx").is_none() && named(&[b'a'; 100]).is_none());
        let mut names: Vec<_> = table().map(|spec| spec.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), table().count());
        assert!(names.iter().all(|name| named(name.as_bytes()).is_some()));
    }

    #[test]
    fn a_call_is_checked_against_the_table() {
        let args = |words: &[&str]| {
            words
                .iter()
                .map(|word| Bytes::from(word.to_string()))
                .collect::<Vec<_>>()
        };
        let text = |name: &str, words: &[&str]| {
            resolve(name.as_bytes(), &args(words))
                .err()
                .map(|e| e.to_string())
        };
        assert_eq!(text("get", &["k"]), None);
        assert_eq!(
            text("GET", &[]).unwrap(),
            "ERR wrong number of arguments for 'get' command"
        );
        assert_eq!(
            text("nope", &["a", "b"]).unwrap(),
            "ERR unknown command 'nope', with args beginning with: 'a' 'b' "
        );
    }
}
