//! Lists of words that are asked often: written as text, looked up in a tree that is built at the first question.

use std::{collections::BTreeSet, sync::OnceLock};

/// A list of words.
pub(crate) struct Words {
    list: &'static str,
    set: OnceLock<BTreeSet<&'static str>>,
}

impl Words {
    /// The words of a text, separated by blanks.
    pub(crate) const fn new(list: &'static str) -> Self {
        Self {
            list,
            set: OnceLock::new(),
        }
    }

    /// Whether a word is one of them.
    pub(crate) fn has(&self, word: &str) -> bool {
        self.set
            .get_or_init(|| self.list.split_ascii_whitespace().collect())
            .contains(word)
    }
}
