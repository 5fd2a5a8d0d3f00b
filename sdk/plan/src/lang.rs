//! The languages answers are worded in.

use serde::{Deserialize, Serialize};

/// A language.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Lang {
    /// Korean.
    #[default]
    Ko,
    /// English.
    En,
}

impl Lang {
    /// The language a text is written in: Korean as soon as it holds Hangul, which English never does.
    #[must_use]
    pub fn of(text: &str) -> Self {
        if text.chars().any(is_hangul) {
            Self::Ko
        } else {
            Self::En
        }
    }

    /// `ko` or `en` of the two.
    #[must_use]
    pub fn pick<T>(self, ko: T, en: T) -> T {
        match self {
            Self::Ko => ko,
            Self::En => en,
        }
    }
}

/// A Hangul syllable or a jamo.
pub(crate) const fn is_hangul(c: char) -> bool {
    matches!(c, '가'..='힣' | 'ㄱ'..='ㆎ' | '\u{1100}'..='\u{11ff}')
}
