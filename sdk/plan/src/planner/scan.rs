//! From the text to tokens, left to right: forms first, then the longest known phrase, then misspelt words.

mod join;

use super::{
    concept::{Concept, Noun},
    josa,
    lexicon::Lexicon,
    literal, quantity,
    text::Text,
    token::{Kind, Token},
};

/// Reads a text.
pub(super) fn scan(text: &Text, lexicon: &Lexicon) -> Vec<Token> {
    let mut scanner = Scanner {
        text,
        lexicon,
        tokens: Vec::new(),
        at: 0,
        unknown: None,
        searches: 24,
    };
    scanner.run();
    let mut tokens = scanner.tokens;
    join::share_units(&mut tokens);
    join::month_names(&mut tokens);
    tokens
}

struct Scanner<'a> {
    text: &'a Text,
    lexicon: &'a Lexicon,
    tokens: Vec<Token>,
    at: usize,
    /// Where the run of unknown characters before `at` began.
    unknown: Option<usize>,
    /// Searches for misspelt words that are left.
    searches: u8,
}

impl Scanner<'_> {
    fn run(&mut self) {
        while let Some(c) = self.text.from(self.at).chars().next() {
            if self.form(c) || self.word(c) {
                continue;
            }
            let mark = matches!(
                c,
                ' ' | ','
                    | '('
                    | ')'
                    | '?'
                    | '!'
                    | '.'
                    | ':'
                    | ';'
                    | '"'
                    | '\''
                    | '='
                    | '['
                    | ']'
                    | '|'
                    | '<'
                    | '>'
                    | '~'
                    | '-'
                    | '/'
            );
            if mark {
                self.flush();
                self.mark(c);
            } else if self.unknown.is_none() {
                self.unknown = Some(self.at);
            }
            self.at += c.len_utf8();
        }
        self.flush();
    }

    /// Whether a word may begin here: nothing unknown runs up to this place.
    fn starts(&self) -> bool {
        self.unknown.is_none_or(|from| {
            let run = self.text.low.get(from..self.at).unwrap_or_default();
            // A particle between two known words does not hide the second: "부산은서울보다".
            josa::is_particle(run) && self.tokens.last().is_some_and(|token| token.end == from)
        })
    }

    /// Whether a word of its own begins here, or something said about time ends: "최근한시간".
    fn apart(&self) -> bool {
        let before = self
            .text
            .low
            .get(..self.at)
            .and_then(|head| head.chars().next_back());
        before.is_none_or(|c| !c.is_alphanumeric())
            || self
                .tokens
                .last()
                .is_some_and(|token| token.end == self.at && token.time().is_some())
    }

    fn push(&mut self, len: usize, kind: Kind) {
        self.flush();
        self.tokens.push(Token {
            at: self.at,
            end: self.at + len,
            kind,
        });
        self.at += len;
    }

    fn mark(&mut self, c: char) {
        let next = self.text.from(self.at + c.len_utf8()).chars().next();
        let between = |c: Option<char>| c.is_some_and(|c| c.is_ascii_digit() || c == ' ');
        let kind = match c {
            '~' => Kind::Tilde,
            '-' if between(next)
                && self.tokens.last().is_some_and(|t| {
                    matches!(
                        t.kind,
                        Kind::Clock(_) | Kind::Quantity(_) | Kind::Date { .. }
                    )
                }) =>
            {
                Kind::Tilde
            }
            '?' | '!' | ';' => Kind::Stop,
            '.' if next.is_none_or(|next| next == ' ') => Kind::Stop,
            _ => return,
        };
        self.tokens.push(Token {
            at: self.at,
            end: self.at + c.len_utf8(),
            kind,
        });
    }

    /// A piece with a form of its own.
    fn form(&mut self, c: char) -> bool {
        if !self.starts() {
            return false;
        }
        let raw = self.text.raw.get(self.at..).unwrap_or_default();
        let behind = self
            .text
            .low
            .get(..self.at)
            .and_then(|head| head.chars().next_back());
        let apart = behind.is_none_or(|c| !c.is_alphanumeric());
        let literal = match c {
            '\'' | '"' if behind.is_none_or(|c| !c.is_ascii_alphanumeric()) => literal::quoted(raw),
            '/' if apart || behind.is_some_and(crate::lang::is_hangul) => {
                let next = raw.chars().nth(1);
                let like_path =
                    next.is_none_or(|c| c.is_ascii_alphanumeric() || "*{_-.~ ".contains(c));
                if like_path { literal::path(raw) } else { None }
            }
            _ => None,
        };
        if let Some((kind, len)) = literal {
            self.push(len, kind);
            return true;
        }
        // A digit right behind a known word begins a number: "TOP5".
        let joined =
            c.is_ascii_digit() && self.tokens.last().is_some_and(|token| token.end == self.at);
        if behind.is_some_and(|c| c.is_ascii_alphanumeric()) && !joined {
            return false;
        }
        c.is_alphanumeric() && self.name_or_number(raw)
    }

    fn name_or_number(&mut self, raw: &str) -> bool {
        if let Some((kind, len)) = literal::address(raw) {
            self.push(len, kind);
            return true;
        }
        let word = literal::word(raw);
        let letters = word.trim_end_matches(|c: char| c.is_ascii_digit());
        if letters.len() < word.len()
            && matches!(letters.to_ascii_lowercase().as_str(), "top" | "bottom")
        {
            return self.ranked(letters);
        }
        let known = self
            .lexicon
            .find(&self.text.low, self.at, true)
            .map_or(0, |found| found.len);
        let number = quantity::read(self.text.from(self.at), self.apart());
        let number_len = number.as_ref().map_or(0, |(_, len)| *len);
        if literal::names_something(word)
            && word.len() > known
            && (word.len() > number_len || literal::is_hex_id(word))
            && !is_phrase(word, self.lexicon)
        {
            self.push(word.len(), Kind::Ident(word.to_owned()));
            return true;
        }
        match number {
            Some((kind, len)) if len >= known => {
                self.push(len, kind);
                true
            }
            _ => false,
        }
    }

    /// "top" with its number joined on.
    fn ranked(&mut self, letters: &str) -> bool {
        let Some(found) = self.lexicon.find(&letters.to_ascii_lowercase(), 0, true) else {
            return false;
        };
        self.push(letters.len(), Kind::Word(found.concept));
        true
    }

    /// A known phrase, as written or misspelt.
    fn word(&mut self, c: char) -> bool {
        let starts = self.starts();
        if let Some(found) = self.lexicon.find(&self.text.low, self.at, starts) {
            self.push(found.len, Kind::Word(found.concept));
            return true;
        }
        starts && self.apart() && c.is_alphabetic() && self.misspelt()
    }

    /// A misspelt word, alone or with the next one ("concurent users", "동시접숙자 수").
    fn misspelt(&mut self) -> bool {
        // A text of nothing but unknown words is not worth the search.
        let Some(left) = self.searches.checked_sub(1) else {
            return false;
        };
        self.searches = left;
        let rest = self.text.from(self.at);
        let word_len = |rest: &str| {
            rest.find(|c: char| !c.is_alphanumeric())
                .unwrap_or(rest.len())
        };
        let first = word_len(rest);
        let second = rest
            .get(first..)
            .filter(|tail| tail.starts_with(' '))
            .map_or(first, |tail| {
                first + 1 + word_len(tail.get(1..).unwrap_or_default())
            });
        let second = if first < 3 { first } else { second };
        for len in [second, first] {
            let Some(word) = rest.get(..len) else {
                continue;
            };
            // Words inside which something known stands are compounds, not misspelt.
            let stem = josa::strip(word);
            let inner = word.char_indices().skip(1).any(|(i, _)| {
                i < first
                    && self
                        .lexicon
                        .find(word, i, false)
                        .is_some_and(|found| found.len >= 6)
            });
            if (len == first || second > first)
                && !(inner && len == first)
                && let Some(concept) = self.lexicon.nearest(stem)
            {
                self.push(stem.len(), Kind::Word(concept));
                return true;
            }
        }
        false
    }

    /// Ends the run of unknown characters; particles behind a token are dropped.
    fn flush(&mut self) {
        let Some(from) = self.unknown.take() else {
            return;
        };
        let word = self.text.raw.get(from..self.at).unwrap_or_default();
        let particle = self.tokens.last().is_some_and(|token| token.end == from) && is_ending(word);
        if !particle && !word.trim().is_empty() {
            self.tokens.push(Token {
                at: from,
                end: self.at,
                kind: Kind::Unknown(word.to_owned()),
            });
        }
    }
}

/// Particles and verb endings behind a known stem: at most four syllables of Hangul.
fn is_ending(word: &str) -> bool {
    josa::is_particle(word)
        || (word.chars().count() <= 4 && word.chars().all(crate::lang::is_hangul))
}

/// Whether all parts of a joined word are known: "in-flight", "side-by-side".
fn is_phrase(word: &str, lexicon: &Lexicon) -> bool {
    !word.bytes().any(|b| b.is_ascii_digit())
        && word.to_ascii_lowercase().split(['-', '_']).all(|part| {
            let known = lexicon.find(part, 0, true);
            known.is_some_and(|found| {
                found.len == part.len() && !matches!(found.concept, Concept::Noun(Noun::Service))
            })
        })
}
