//! A finding's sentence in Korean and in English.

/// What the operator reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Language {
    /// English.
    #[default]
    English,
    /// Korean.
    Korean,
    /// Korean, then English.
    Both,
}

impl Language {
    /// Reads the setting `language`: `en`, `ko` or `both`.
    ///
    /// # Errors
    /// A sentence that names the key.
    pub fn parse(text: &str) -> Result<Self, String> {
        match text {
            "en" => Ok(Self::English),
            "ko" => Ok(Self::Korean),
            "both" => Ok(Self::Both),
            other => Err(format!(
                "`language` is `{other}`; hint: use \"en\", \"ko\" or \"both\""
            )),
        }
    }
}

/// The same sentence twice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Words {
    /// In English.
    pub en: String,
    /// In Korean.
    pub ko: String,
}

impl Words {
    /// Longest sentence a finding may have, in bytes.
    const MOST: usize = 512;

    /// The sentence in `language`, cut at the longest a finding may have.
    #[must_use]
    pub fn say(self, language: Language) -> String {
        let mut said = match language {
            Language::English => self.en,
            Language::Korean => self.ko,
            Language::Both => format!("{} / {}", self.ko, self.en),
        };
        let mut end = said.len().min(Self::MOST);
        while !said.is_char_boundary(end) {
            end -= 1;
        }
        said.truncate(end);
        said
    }
}

/// A figure as people write it: three digits that matter, none after the point once it is large.
#[must_use]
pub fn many(figure: f64) -> String {
    match figure.abs() {
        size if size >= 100.0 => format!("{figure:.0}"),
        size if size >= 10.0 => format!("{figure:.1}"),
        _ => format!("{figure:.2}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentence_is_said_in_the_operators_language_and_never_too_long() {
        let words = || Words {
            en: "slow".into(),
            ko: "느림".into(),
        };
        assert_eq!(words().say(Language::parse("ko").unwrap()), "느림");
        assert_eq!(words().say(Language::Both), "느림 / slow");
        let long = Words {
            en: String::new(),
            ko: "가".repeat(300),
        };
        assert_eq!(long.say(Language::Korean).len(), 510);
        assert!(Language::parse("fr").unwrap_err().contains("`language`"));
    }

    #[test]
    fn figures_are_short() {
        assert_eq!(
            [many(1234.5), many(12.34), many(0.5)],
            ["1234", "12.3", "0.50"]
        );
    }
}
