//! Lua's patterns, matched with a bound on time.
//!
//! Lua's own matcher is one C function: nothing can interrupt it, and a pattern of twenty characters keeps it
//! busy for years. This one asks the watch every few thousand steps and limits its depth. Classes are those of
//! the C locale.

use super::{native::Fault, watch::Watch};

const MAX_CAPTURES: usize = 32;
const MAX_DEPTH: u32 = 200;
/// Steps between two looks at the watch.
const STEPS: u32 = 4096;

/// What a pair of parentheses matched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Capture {
    /// Still open; from where.
    Open(usize),
    /// From, to (exclusive).
    Text(usize, usize),
    /// `()`: a position.
    Position(usize),
}

/// Matches one pattern against one text.
#[derive(Debug)]
pub(super) struct Matcher<'a> {
    text: &'a [u8],
    pattern: &'a [u8],
    watch: &'a Watch,
    captures: Vec<Capture>,
    depth: u32,
    steps: u32,
}

type Matched = Result<Option<usize>, Fault>;

/// From, to (exclusive), captures.
type Found<'m> = (usize, usize, &'m [Capture]);

impl<'a> Matcher<'a> {
    /// Prepares to match.
    pub(super) const fn new(text: &'a [u8], pattern: &'a [u8], watch: &'a Watch) -> Self {
        Self {
            text,
            pattern,
            watch,
            captures: Vec::new(),
            depth: 0,
            steps: 0,
        }
    }

    /// The first match that starts at `from` or later: from, to, captures.
    pub(super) fn seek(&mut self, from: usize, anchors: bool) -> Result<Option<Found<'_>>, Fault> {
        let anchored = anchors && self.pattern.first() == Some(&b'^');
        let start = usize::from(anchored);
        for at in from..=self.text.len() {
            self.captures.clear();
            if let Some(end) = self.run(at, start)? {
                if self.captures.iter().any(|c| matches!(c, Capture::Open(_))) {
                    return fault("unfinished capture");
                }
                return Ok(Some((at, end, &self.captures)));
            }
            if anchored {
                break;
            }
        }
        Ok(None)
    }

    fn step(&mut self) -> Result<(), Fault> {
        self.steps += 1;
        if self.steps.is_multiple_of(STEPS) && self.watch.is_over() {
            return fault("out of time");
        }
        Ok(())
    }

    fn at(&self, p: usize) -> u8 {
        self.pattern.get(p).copied().unwrap_or(0)
    }

    /// Matches the pattern from `p` on at `s`; where the match ends.
    fn run(&mut self, s: usize, p: usize) -> Matched {
        if self.depth >= MAX_DEPTH {
            return fault("pattern too complex");
        }
        self.depth += 1;
        let matched = self.items(s, p);
        self.depth -= 1;
        matched
    }

    fn items(&mut self, mut s: usize, mut p: usize) -> Matched {
        while p < self.pattern.len() {
            self.step()?;
            match (self.at(p), self.at(p + 1)) {
                (b'(', b')') => return self.open(s, p + 2, Capture::Position(s)),
                (b'(', _) => return self.open(s, p + 1, Capture::Open(s)),
                (b')', _) => return self.close(s, p + 1),
                (b'$', _) if p + 1 == self.pattern.len() => {
                    return Ok((s == self.text.len()).then_some(s));
                }
                (b'%', b'b') => match self.balanced(s, p + 2)? {
                    Some(end) => (s, p) = (end, p + 4),
                    None => return Ok(None),
                },
                (b'%', b'f') => match self.frontier(s, p + 2)? {
                    Some(end) => p = end,
                    None => return Ok(None),
                },
                (b'%', digit @ b'0'..=b'9') => match self.again(s, digit)? {
                    Some(end) => (s, p) = (end, p + 2),
                    None => return Ok(None),
                },
                _ => match self.item(s, p)? {
                    Next::At(next_s, next_p) => (s, p) = (next_s, next_p),
                    Next::Done(matched) => return Ok(matched),
                },
            }
        }
        Ok(Some(s))
    }

    /// A single character class with what may follow it.
    fn item(&mut self, s: usize, p: usize) -> Result<Next, Fault> {
        let end = self.class_end(p)?;
        let here = self.single(s, p, end);
        Ok(match self.at(end) {
            b'?' => {
                if here && let Some(matched) = self.run(s + 1, end + 1)? {
                    return Ok(Next::Done(Some(matched)));
                }
                Next::At(s, end + 1)
            }
            b'*' => Next::Done(self.most(s, p, end)?),
            b'+' if here => Next::Done(self.most(s + 1, p, end)?),
            b'-' => Next::Done(self.fewest(s, p, end)?),
            b'+' => Next::Done(None),
            _ if here => Next::At(s + 1, end),
            _ => Next::Done(None),
        })
    }

    fn most(&mut self, s: usize, p: usize, end: usize) -> Matched {
        let mut count = 0;
        while self.single(s + count, p, end) {
            self.step()?;
            count += 1;
        }
        loop {
            if let Some(matched) = self.run(s + count, end + 1)? {
                return Ok(Some(matched));
            }
            if count == 0 {
                return Ok(None);
            }
            self.step()?;
            count -= 1;
        }
    }

    fn fewest(&mut self, mut s: usize, p: usize, end: usize) -> Matched {
        loop {
            if let Some(matched) = self.run(s, end + 1)? {
                return Ok(Some(matched));
            }
            if !self.single(s, p, end) {
                return Ok(None);
            }
            self.step()?;
            s += 1;
        }
    }

    fn open(&mut self, s: usize, p: usize, capture: Capture) -> Matched {
        if self.captures.len() >= MAX_CAPTURES {
            return fault("too many captures");
        }
        self.captures.push(capture);
        let matched = self.run(s, p)?;
        if matched.is_none() {
            self.captures.pop();
        }
        Ok(matched)
    }

    fn close(&mut self, s: usize, p: usize) -> Matched {
        let is_open = |capture: &Capture| matches!(capture, Capture::Open(_));
        let Some(number) = self.captures.iter().rposition(is_open) else {
            return fault("invalid pattern capture");
        };
        let before = self.captures.get(number).copied();
        if let (Some(Capture::Open(from)), Some(capture)) = (before, self.captures.get_mut(number))
        {
            *capture = Capture::Text(from, s);
        }
        let matched = self.run(s, p)?;
        if matched.is_none()
            && let (Some(before), Some(capture)) = (before, self.captures.get_mut(number))
        {
            *capture = before;
        }
        Ok(matched)
    }

    fn balanced(&mut self, s: usize, p: usize) -> Matched {
        if p + 1 >= self.pattern.len() {
            return fault("unbalanced pattern");
        }
        let (open, close) = (self.at(p), self.at(p + 1));
        if self.text.get(s) != Some(&open) {
            return Ok(None);
        }
        let mut level = 1;
        for at in s + 1..self.text.len() {
            self.step()?;
            let byte = self.text.get(at).copied().unwrap_or(0);
            if byte == close {
                level -= 1;
                if level == 0 {
                    return Ok(Some(at + 1));
                }
            } else if byte == open {
                level += 1;
            }
        }
        Ok(None)
    }

    /// `%f[set]`; where the pattern goes on.
    fn frontier(&self, s: usize, p: usize) -> Matched {
        if self.at(p) != b'[' {
            return fault("missing '[' after '%f' in pattern");
        }
        let end = self.class_end(p)?;
        let byte = |at: Option<usize>| at.and_then(|at| self.text.get(at)).copied().unwrap_or(0);
        let crossed =
            !self.set(byte(s.checked_sub(1)), p, end - 1) && self.set(byte(Some(s)), p, end - 1);
        Ok(crossed.then_some(end))
    }

    /// `%1`: the same text again.
    fn again(&mut self, s: usize, digit: u8) -> Matched {
        let number = usize::from(digit - b'0');
        let capture = number.checked_sub(1).and_then(|n| self.captures.get(n));
        let Some(Capture::Text(from, to)) = capture.copied() else {
            return fault("invalid capture index");
        };
        self.steps += u32::try_from((to - from) / 64).unwrap_or(u32::MAX / 2) % STEPS;
        self.step()?;
        let end = s + (to - from);
        Ok((self.text.get(from..to) == self.text.get(s..end)).then_some(end))
    }

    fn class_end(&self, p: usize) -> Result<usize, Fault> {
        let length = self.pattern.len();
        match self.at(p) {
            b'%' if p + 1 >= length => fault("malformed pattern (ends with '%')"),
            b'%' => Ok(p + 2),
            b'[' => {
                let mut at = p + 1 + usize::from(self.at(p + 1) == b'^');
                loop {
                    if at >= length {
                        return fault("malformed pattern (missing ']')");
                    }
                    at += if self.at(at) == b'%' { 2 } else { 1 };
                    if at < length && self.at(at) == b']' {
                        return Ok(at + 1);
                    }
                }
            }
            _ => Ok(p + 1),
        }
    }

    fn single(&self, s: usize, p: usize, end: usize) -> bool {
        let Some(&byte) = self.text.get(s) else {
            return false;
        };
        match self.at(p) {
            b'.' => true,
            b'%' => is_class(byte, self.at(p + 1)),
            b'[' => self.set(byte, p, end - 1),
            literal => literal == byte,
        }
    }

    /// Whether the set that opens at `p` and closes at `end` has `byte`.
    fn set(&self, byte: u8, p: usize, end: usize) -> bool {
        let negated = self.at(p + 1) == b'^';
        let mut at = p + 1 + usize::from(negated);
        while at < end {
            let found = match self.at(at) {
                b'%' => {
                    at += 1;
                    is_class(byte, self.at(at))
                }
                low if self.at(at + 1) == b'-' && at + 2 < end => {
                    at += 2;
                    (low..=self.at(at)).contains(&byte)
                }
                literal => literal == byte,
            };
            if found {
                return !negated;
            }
            at += 1;
        }
        negated
    }
}

enum Next {
    At(usize, usize),
    Done(Option<usize>),
}

fn fault<T>(text: &str) -> Result<T, Fault> {
    Err(Fault::Said(text.to_owned()))
}

fn is_class(byte: u8, class: u8) -> bool {
    let member = match class.to_ascii_lowercase() {
        b'a' => byte.is_ascii_alphabetic(),
        b'c' => byte.is_ascii_control(),
        b'd' => byte.is_ascii_digit(),
        b'l' => byte.is_ascii_lowercase(),
        b'p' => byte.is_ascii_punctuation(),
        b's' => matches!(byte, b' ' | 9..=13),
        b'u' => byte.is_ascii_uppercase(),
        b'w' => byte.is_ascii_alphanumeric(),
        b'x' => byte.is_ascii_hexdigit(),
        b'z' => byte == 0,
        _ => return class == byte,
    };
    member != class.is_ascii_uppercase()
}
