//! Reads a TOML file section by section and reports **every** fault in it, not just the first.
//!
//! A binary parses its file once into a [`Section`]; each crate takes the section it owns, asks for each
//! key by name, type, default and limits, and gets a usable value whatever stands there. What was wrong is
//! collected in [`Faults`]: wrong types, values out of range, keys nobody asked for. Only when the whole
//! file has been read does the binary look at the list, print it and exit with 64.
//!
//! ## Decisions
//!
//! - **Typed getters instead of `#[derive(Deserialize)]`.** Serde stops at the first fault, so an operator
//!   with five typing errors would restart five times. Rejected: a derive on a struct of
//!   `Option<toml::Value>` fields, which needs a second, hand-written struct for the checked values anyway.
//! - **Defaults stand where the key is read**, beside its limits, so the documentation of a key and its
//!   default cannot drift apart.

#![forbid(unsafe_code)]

use std::{
    cell::RefCell, collections::BTreeSet, fmt, fmt::Write as _, net::SocketAddr,
    ops::RangeInclusive, path::PathBuf, rc::Rc, str::FromStr, time::Duration,
};

use toml::{Table, Value};

/// What was wrong in a configuration file, in the order in which it was read.
#[derive(Debug, Clone, Default)]
pub struct Faults(Rc<RefCell<Vec<String>>>);

impl Faults {
    /// Records a fault; `key` is the full path such as `ship.center`.
    pub fn add(&self, key: &str, what: impl fmt::Display) {
        self.0.borrow_mut().push(format!("{key}: {what}"));
    }

    /// Every fault so far, one line each.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        self.0.borrow().clone()
    }

    /// Whether nothing was wrong.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.borrow().is_empty()
    }
}

/// One table of the file. Ask for every key, then call [`Section::finish`].
#[derive(Debug)]
pub struct Section {
    path: String,
    table: Table,
    asked: RefCell<BTreeSet<String>>,
    faults: Faults,
}

impl Section {
    /// Parses a whole file. A syntax error is one fault and reads as an empty file.
    #[must_use]
    pub fn parse(text: &str, faults: &Faults) -> Self {
        let table = text.parse::<Table>().unwrap_or_else(|error| {
            faults.add(
                "file",
                format!("not TOML: {}", error.to_string().trim_end()),
            );
            Table::new()
        });
        Self::of(String::new(), table, faults)
    }

    /// The table called `name`; empty if it is not there.
    #[must_use]
    pub fn section(&self, name: &str) -> Self {
        let table = match self.take(name) {
            None => Table::new(),
            Some(Value::Table(table)) => table,
            Some(other) => {
                self.wrong_type(name, "a table", &other);
                Table::new()
            }
        };
        Self::of(self.key(name), table, &self.faults)
    }

    /// The array of tables called `name` (`[[name]]`), empty if it is not there.
    #[must_use]
    pub fn sections(&self, name: &str) -> Vec<Self> {
        let items = match self.take(name) {
            None => Vec::new(),
            Some(Value::Array(items)) => items,
            Some(other) => {
                self.wrong_type(name, "an array of tables", &other);
                Vec::new()
            }
        };
        let path = self.key(name);
        let mut sections = Vec::new();
        for (position, item) in items.into_iter().enumerate() {
            let path = format!("{path}[{position}]");
            match item {
                Value::Table(table) => sections.push(Self::of(path, table, &self.faults)),
                other => self.faults.add(
                    &path,
                    format!("expected a table, found {}", other.type_str()),
                ),
            }
        }
        sections
    }

    /// Whether the key stands in the file. Does not count as asking for it.
    #[must_use]
    pub fn has(&self, key: &str) -> bool {
        self.table.contains_key(key)
    }

    /// Text, or `default`.
    #[must_use]
    pub fn text(&self, key: &str, default: &str) -> String {
        self.optional_text(key)
            .unwrap_or_else(|| default.to_owned())
    }

    /// Text that may be absent.
    #[must_use]
    pub fn optional_text(&self, key: &str) -> Option<String> {
        match self.take(key)? {
            Value::String(text) => Some(text),
            other => {
                self.wrong_type(key, "text", &other);
                None
            }
        }
    }

    /// Text that must be there and be parsed by `T`; a fault gives `None`.
    #[must_use]
    pub fn required<T: FromStr<Err: fmt::Display>>(&self, key: &str) -> Option<T> {
        if !self.has(key) {
            self.faults.add(&self.key(key), "is required");
        }
        self.optional(key)
    }

    /// Text parsed by `T` that may be absent; a fault gives `None`.
    #[must_use]
    pub fn optional<T: FromStr<Err: fmt::Display>>(&self, key: &str) -> Option<T> {
        let text = self.optional_text(key)?;
        text.parse()
            .map_err(|error| {
                self.faults
                    .add(&self.key(key), format!("`{text}`: {error}"))
            })
            .ok()
    }

    /// Text parsed by `T`, or `default`.
    #[must_use]
    pub fn parsed<T: FromStr<Err: fmt::Display>>(&self, key: &str, default: T) -> T {
        self.optional(key).unwrap_or(default)
    }

    /// `address:port`, or `default` (which must be one).
    #[must_use]
    pub fn address(&self, key: &str, default: SocketAddr) -> SocketAddr {
        self.parsed(key, default)
    }

    /// A path, or `default`.
    #[must_use]
    pub fn path(&self, key: &str, default: &str) -> PathBuf {
        self.text(key, default).into()
    }

    /// A path that may be absent.
    #[must_use]
    pub fn optional_path(&self, key: &str) -> Option<PathBuf> {
        self.optional_text(key).map(PathBuf::from)
    }

    /// A list of texts, or `default`.
    #[must_use]
    pub fn texts(&self, key: &str, default: &[&str]) -> Vec<String> {
        match self.take(key) {
            None => default.iter().map(|text| (*text).to_owned()).collect(),
            Some(Value::Array(items)) => items
                .into_iter()
                .filter_map(|item| match item {
                    Value::String(text) => Some(text),
                    other => {
                        self.wrong_type(key, "a list of texts", &other);
                        None
                    }
                })
                .collect(),
            Some(other) => {
                self.wrong_type(key, "a list of texts", &other);
                Vec::new()
            }
        }
    }

    /// The names of the keys in this table, for tables whose names belong to somebody else.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        self.table.keys().cloned().collect()
    }

    /// Every key of this table with its value as text: for settings whose names belong to somebody else.
    #[must_use]
    pub fn settings(self) -> Vec<(String, String)> {
        let mut settings = Vec::new();
        for (key, value) in &self.table {
            match value {
                Value::String(text) => settings.push((key.clone(), text.clone())),
                Value::Integer(_) | Value::Float(_) | Value::Boolean(_) => {
                    settings.push((key.clone(), value.to_string()));
                }
                other => self.wrong_type(key, "text, a number, true or false", other),
            }
        }
        settings
    }

    /// `true` or `false`, or `default`.
    #[must_use]
    pub fn flag(&self, key: &str, default: bool) -> bool {
        match self.take(key) {
            None => default,
            Some(Value::Boolean(value)) => value,
            Some(other) => {
                self.wrong_type(key, "true or false", &other);
                default
            }
        }
    }

    /// A whole number within `limits`, or `default`.
    #[must_use]
    pub fn integer(&self, key: &str, default: u64, limits: RangeInclusive<u64>) -> u64 {
        match self.take(key) {
            None => default,
            Some(Value::Integer(value)) => match u64::try_from(value) {
                Ok(value) if limits.contains(&value) => value,
                _ => {
                    let range = format!("{} to {}", limits.start(), limits.end());
                    self.faults
                        .add(&self.key(key), format!("{value} is not within {range}"));
                    default
                }
            },
            Some(other) => {
                self.wrong_type(key, "a whole number", &other);
                default
            }
        }
    }

    /// A list of whole numbers, each within `limits`, or `default`; a bad item is a fault and left out.
    #[must_use]
    pub fn integers(&self, key: &str, default: &[u64], limits: RangeInclusive<u64>) -> Vec<u64> {
        let items = match self.take(key) {
            None => return default.to_vec(),
            Some(Value::Array(items)) => items,
            Some(other) => {
                self.wrong_type(key, "a list of whole numbers", &other);
                return default.to_vec();
            }
        };
        let mut numbers = Vec::new();
        for item in items {
            match item.as_integer().map(u64::try_from) {
                Some(Ok(number)) if limits.contains(&number) => numbers.push(number),
                Some(_) => {
                    let range = format!("{} to {}", limits.start(), limits.end());
                    self.faults
                        .add(&self.key(key), format!("{item} is not within {range}"));
                }
                None => self.wrong_type(key, "a list of whole numbers", &item),
            }
        }
        numbers
    }

    /// A duration such as `"250ms"`, `"2s"`, `"5m"`, `"1h"`, `"30d"`, or `default`.
    #[must_use]
    pub fn duration(&self, key: &str, default: Duration) -> Duration {
        let units = [
            ("ms", 1),
            ("s", 1_000),
            ("m", 60_000),
            ("h", 3_600_000),
            ("d", 86_400_000),
        ];
        self.quantity(key, &units, "a duration such as \"2s\" (ms, s, m, h, d)")
            .map_or(default, Duration::from_millis)
    }

    /// A size such as `"512B"`, `"64KiB"`, `"4MiB"`, `"2GiB"`, or `default`, in bytes.
    #[must_use]
    pub fn size(&self, key: &str, default: u64) -> u64 {
        let units = [
            ("KiB", 1 << 10),
            ("MiB", 1 << 20),
            ("GiB", 1 << 30),
            ("B", 1),
        ];
        self.quantity(key, &units, "a size such as \"4MiB\" (B, KiB, MiB, GiB)")
            .unwrap_or(default)
    }

    /// Records a fault of one of this section's keys that only its owner can see.
    pub fn fault(&self, key: &str, what: impl fmt::Display) {
        self.faults.add(&self.key(key), what);
    }

    /// Reports every key that nobody asked for.
    pub fn finish(self) {
        let asked = self.asked.borrow();
        for key in self.table.keys().filter(|key| !asked.contains(*key)) {
            let mut message = "unknown key".to_owned();
            if let Some(near) = asked.iter().find(|known| is_near(known, key)) {
                let _ = write!(message, ", hint: did you mean `{near}`?");
            }
            self.faults.add(&self.key(key), message);
        }
    }

    fn of(path: String, table: Table, faults: &Faults) -> Self {
        Self {
            path,
            table,
            asked: RefCell::default(),
            faults: faults.clone(),
        }
    }

    fn key(&self, key: &str) -> String {
        if self.path.is_empty() {
            key.to_owned()
        } else {
            format!("{}.{key}", self.path)
        }
    }

    fn take(&self, key: &str) -> Option<Value> {
        self.asked.borrow_mut().insert(key.to_owned());
        self.table.get(key).cloned()
    }

    fn wrong_type(&self, key: &str, wanted: &str, found: &Value) {
        self.faults.add(
            &self.key(key),
            format!("expected {wanted}, found {}", found.type_str()),
        );
    }

    fn quantity(&self, key: &str, units: &[(&str, u64)], wanted: &str) -> Option<u64> {
        let value = self.take(key)?;
        let parsed = value.as_str().and_then(|text| {
            let digits = text.find(|c: char| !c.is_ascii_digit())?;
            let (number, unit) = text.split_at(digits);
            let (_, factor) = units.iter().find(|(name, _)| *name == unit.trim())?;
            number.parse::<u64>().ok()?.checked_mul(*factor)
        });
        if parsed.is_none() {
            self.faults
                .add(&self.key(key), format!("expected {wanted}, found {value}"));
        }
        parsed
    }
}

/// One insertion, deletion or replacement apart.
fn is_near(a: &str, b: &str) -> bool {
    let prefix = a.bytes().zip(b.bytes()).take_while(|(x, y)| x == y).count();
    let suffix = a
        .bytes()
        .rev()
        .zip(b.bytes().rev())
        .take_while(|(x, y)| x == y)
        .count();
    let longest = a.len().max(b.len());
    longest - a.len().min(b.len()) <= 1 && prefix + suffix + 1 >= longest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn five_faults_are_five_lines() {
        let faults = Faults::default();
        let root = Section::parse(
            "[ship]\ncenter = 7\nretry = \"soon\"\nbatch = \"9GiBs\"\nthreads = 0\nsitee = \"x\"\n",
            &faults,
        );
        let ship = root.section("ship");
        assert_eq!(ship.text("center", "127.0.0.1:7443"), "127.0.0.1:7443");
        assert_eq!(
            ship.duration("retry", Duration::from_secs(1)),
            Duration::from_secs(1)
        );
        assert_eq!(ship.size("batch", 5), 5);
        assert_eq!(ship.integer("threads", 2, 1..=8), 2);
        assert_eq!(ship.text("site", "seoul"), "seoul");
        ship.finish();
        root.finish();
        assert_eq!(
            faults.lines(),
            [
                "ship.center: expected text, found integer",
                "ship.retry: expected a duration such as \"2s\" (ms, s, m, h, d), found \"soon\"",
                "ship.batch: expected a size such as \"4MiB\" (B, KiB, MiB, GiB), found \"9GiBs\"",
                "ship.threads: 0 is not within 1 to 8",
                "ship.sitee: unknown key, hint: did you mean `site`?",
            ]
        );
    }

    #[test]
    fn good_values_come_through() {
        let faults = Faults::default();
        let root = Section::parse(
            "life = \"30d\"\nmax = \"4MiB\"\nbind = \"[::1]:6379\"\n",
            &faults,
        );
        assert_eq!(
            root.duration("life", Duration::ZERO),
            Duration::from_secs(30 * 86_400)
        );
        assert_eq!(root.size("max", 0), 4 << 20);
        assert_eq!(root.required::<SocketAddr>("bind").unwrap().port(), 6379);
        assert!(root.required::<SocketAddr>("missing").is_none());
        assert_eq!(root.integers("failed", &[401], 100..=599), [401]);
        root.finish();
        assert_eq!(faults.lines(), ["missing: is required"]);
    }
}
