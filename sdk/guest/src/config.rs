//! The operator's settings as a plugin reads them. Reading a key marks it as known; [`Config::finish`] then
//! refuses what nobody read, so that a misspelt key is not silently ignored.

use std::{cell::RefCell, collections::BTreeSet, fmt::Display, ops::RangeInclusive, str::FromStr};

/// Keys and values, both text.
#[derive(Debug, Default)]
pub struct Config {
    entries: Vec<(String, String)>,
    known: RefCell<BTreeSet<String>>,
}

impl Config {
    /// Takes the settings as they come from the host.
    #[must_use]
    pub fn new(entries: Vec<(String, String)>) -> Self {
        Self {
            entries,
            known: RefCell::default(),
        }
    }

    /// The value of `key`, if it is set.
    pub fn text(&self, key: &str) -> Option<&str> {
        self.known.borrow_mut().insert(key.to_owned());
        self.entries
            .iter()
            .rev()
            .find(|(k, _)| k == key)
            .map(|(_, v)| v.as_str())
    }

    /// The value of `key` as a number within `range`, or `default` if it is not set.
    ///
    /// # Errors
    /// A sentence that names the key, if the value is not a number or out of range.
    pub fn number<N>(&self, key: &str, default: N, range: RangeInclusive<N>) -> Result<N, String>
    where
        N: FromStr + PartialOrd + Display,
    {
        let Some(text) = self.text(key) else {
            return Ok(default);
        };
        let refused = || {
            format!(
                "`{key}` is `{text}`; hint: use a number from {} to {}",
                range.start(),
                range.end()
            )
        };
        let number = text.trim().parse().map_err(|_| refused())?;
        if range.contains(&number) {
            Ok(number)
        } else {
            Err(refused())
        }
    }

    /// Call after every key has been read.
    ///
    /// # Errors
    /// A sentence that names the first key nobody read and lists those that exist.
    pub fn finish(&self) -> Result<(), String> {
        let known = self.known.borrow();
        match self.entries.iter().find(|(key, _)| !known.contains(key)) {
            None => Ok(()),
            Some((key, _)) if known.is_empty() => Err(format!(
                "`{key}` is unknown; hint: this plugin has no settings"
            )),
            Some((key, _)) => {
                let names: Vec<&str> = known.iter().map(String::as_str).collect();
                Err(format!(
                    "`{key}` is unknown; hint: this plugin knows {}",
                    names.join(", ")
                ))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(entries: &[(&str, &str)]) -> Config {
        Config::new(
            entries
                .iter()
                .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
                .collect(),
        )
    }

    #[test]
    fn numbers_have_defaults_and_limits() {
        let c = config(&[
            ("window_seconds", " 60 "),
            ("failures", "0"),
            ("users", "many"),
        ]);
        assert_eq!(c.number("window_seconds", 300, 1..=3600), Ok(60));
        assert_eq!(c.number("absent", 7, 1..=9), Ok(7));
        assert!(
            c.number("failures", 5, 1..=9)
                .unwrap_err()
                .contains("`failures` is `0`")
        );
        assert!(
            c.number("users", 5, 1..=9)
                .unwrap_err()
                .contains("from 1 to 9")
        );
        assert_eq!(c.finish(), Ok(()));
    }

    #[test]
    fn a_misspelt_key_is_refused() {
        let c = config(&[("windw", "60")]);
        assert_eq!(c.number("window", 300, 1..=3600), Ok(300));
        assert!(c.finish().unwrap_err().starts_with("`windw` is unknown"));
    }
}
