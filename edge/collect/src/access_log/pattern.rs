//! Lines described by a pattern: literals and fields in turn, compiled once when the configuration is read.
//!
//! A field ends where the literal behind it begins; one between quotes may hold escaped quotes. What a
//! request needs (time stamp, request, status, bytes) must be whole and exact; what follows the last of them
//! may be cut off or broken anywhere, and the line still counts. Bytes, not text: a log holds whatever
//! clients sent.
//!
//! Rejected: regular expressions. An operator has the server's own pattern at hand, a wrong one is found
//! when it is read and not by lines that do not match, and this is faster.

mod tokens;

use jiff::tz::TimeZone;
use memchr::{memchr, memmem};

use super::{
    entry::{CookieNames, Entry},
    scan::{microseconds, number, quoted, quoted_or_rest, text},
    stamp::{self, Form},
};
use crate::field::{address, id};

pub(crate) use tokens::Dialect;
use tokens::Token;

/// What a field of a line is.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Field {
    Skip,
    Client,
    /// The last word, `address:port`; what stands before it is the system log's.
    ClientPort,
    Forwarded,
    User,
    /// How it is written, and whether it is of the request's start.
    Time(Form, bool),
    Request,
    Method,
    Target,
    Query,
    Status,
    Bytes,
    /// HAProxy's; after a `+` they are those so far.
    BytesSoFar,
    Agent,
    Duration(Unit),
    /// HAProxy's timers; the last one is the whole.
    Timers,
    Session,
    Cookie,
    /// A `Cookie` header.
    Cookies,
    /// Any number of quoted `Cookie` headers, up to the end of the line.
    CookieLists,
}

/// What a duration is counted in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unit {
    /// Seconds, perhaps with a fraction.
    Seconds,
    Millis,
    Micros,
    Nanos,
}

impl Unit {
    /// A duration in microseconds.
    pub(super) fn micros(self, digits: &[u8]) -> Option<u64> {
        match self {
            Self::Seconds => microseconds(digits),
            Self::Millis => microseconds(digits).map(|scaled| scaled / 1_000),
            Self::Micros => number(digits),
            Self::Nanos => number(digits).map(|nanos| nanos / 1_000),
        }
    }
}

impl Field {
    /// Whether a line without it is none.
    const fn is_needed(&self) -> bool {
        matches!(
            self,
            Self::Time(..)
                | Self::Request
                | Self::Method
                | Self::Target
                | Self::Status
                | Self::Bytes
                | Self::BytesSoFar
        )
    }

    /// Whether it cannot hold the first character of the literal behind it.
    const fn is_word(&self) -> bool {
        matches!(
            self,
            Self::Client
                | Self::Time(..)
                | Self::Method
                | Self::Status
                | Self::Bytes
                | Self::BytesSoFar
                | Self::Duration(_)
                | Self::Timers
        )
    }
}

/// A field and the literal behind it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Piece {
    field: Field,
    quoted: bool,
    after: Vec<u8>,
    /// Whether a time stamp of known shape follows: the field may hold the literal itself.
    before_stamp: bool,
}

/// A compiled pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pattern {
    lead: Vec<u8>,
    pieces: Vec<Piece>,
    /// Number of pieces up to the last needed one.
    needed: usize,
    cookies: CookieNames,
}

impl Pattern {
    /// Compiles a pattern as its server's documentation writes it.
    ///
    /// # Errors
    /// What is wrong with it, in words for an operator.
    pub(crate) fn compile(
        source: &str,
        dialect: Dialect,
        cookies: CookieNames,
    ) -> Result<Self, String> {
        let tokens = dialect.tokens(source, &cookies)?;
        Self::of(tokens, cookies)
    }

    /// What HAProxy writes with `option httplog`, behind a system log's head or not; `zone` is its own.
    ///
    /// # Errors
    /// None; as [`Pattern::compile`].
    pub(crate) fn haproxy(zone: TimeZone, cookies: CookieNames) -> Result<Self, String> {
        let start = Field::Time(Form::Haproxy(zone), true);
        let fields = [
            (Field::ClientPort, " ["),
            (start, "] "),
            (Field::Skip, " "), // frontend
            (Field::Skip, " "), // backend and server
            (Field::Timers, " "),
            (Field::Status, " "),
            (Field::BytesSoFar, " "),
            (Field::Cookies, " "), // captured of the request
            (Field::Cookies, " "), // captured of the response
            (Field::Skip, " "),    // how it ended
            (Field::Skip, " "),    // connections
            (Field::Skip, " \""),  // queues and captured headers
            (Field::Request, "\""),
        ];
        let tokens = fields.into_iter().flat_map(|(field, after)| {
            [
                Token::Field(field),
                Token::Literal(after.as_bytes().to_vec()),
            ]
        });
        Self::of(tokens.collect(), cookies)
    }

    fn of(tokens: Vec<Token>, cookies: CookieNames) -> Result<Self, String> {
        let mut made = Self {
            lead: Vec::new(),
            pieces: Vec::new(),
            needed: 0,
            cookies,
        };
        for token in tokens {
            match token {
                Token::Literal(bytes) => made.literal().extend(bytes),
                Token::Field(field) => made.field(field)?,
            }
        }
        made.finish()
    }

    fn literal(&mut self) -> &mut Vec<u8> {
        match self.pieces.last_mut() {
            Some(piece) => &mut piece.after,
            None => &mut self.lead,
        }
    }

    fn field(&mut self, field: Field) -> Result<(), String> {
        let is_first = self.pieces.is_empty();
        let before = self.literal().clone();
        if before.is_empty() && !is_first {
            // A path and its query are one text.
            let target = self.pieces.last().map(|piece| &piece.field);
            return match (target, &field) {
                (Some(Field::Target), Field::Query) => Ok(()),
                _ => Err("two fields stand together, nothing says where the first ends".to_owned()),
            };
        }
        self.pieces.push(Piece {
            quoted: before.ends_with(b"\""),
            field,
            after: Vec::new(),
            before_stamp: false,
        });
        Ok(())
    }

    fn finish(mut self) -> Result<Self, String> {
        let has = |field: fn(&Field) -> bool| self.pieces.iter().any(|piece| field(&piece.field));
        if !has(|field| matches!(field, Field::Time(..))) {
            return Err("holds no time stamp".to_owned());
        }
        let method_and_path =
            has(|field| *field == Field::Method) && has(|field| *field == Field::Target);
        if !has(|field| *field == Field::Request) && !method_and_path {
            return Err("holds neither the request nor its method and path".to_owned());
        }
        if !has(|field| *field == Field::Status) {
            return Err("holds no status".to_owned());
        }
        let stamps: Vec<bool> = self
            .pieces
            .iter()
            .map(|piece| matches!(&piece.field, Field::Time(form, _) if form.width().is_some()))
            .collect();
        for (piece, stamp) in self.pieces.iter_mut().zip(stamps.into_iter().skip(1)) {
            piece.before_stamp = stamp;
        }
        for piece in &mut self.pieces {
            piece.quoted &= piece.after.starts_with(b"\"");
        }
        let last = self
            .pieces
            .iter()
            .rposition(|piece| piece.field.is_needed());
        self.needed = last.map_or(0, |at| at + 1);
        Ok(self)
    }

    /// The request of a line; `None` if what a request needs is not there.
    pub(super) fn parse<'a>(&self, line: &'a [u8]) -> Option<Entry<'a>> {
        let mut entry = Entry::default();
        let mut rest = line.strip_prefix(self.lead.as_slice())?;
        for (piece, place) in self.pieces.iter().zip(1_usize..) {
            let needed = place <= self.needed;
            match piece.split(rest) {
                Some((value, behind)) => {
                    self.take(&mut entry, &piece.field, value, needed)?;
                    rest = behind;
                }
                // The line ends here: with the last of what it needs, or cut off behind it.
                None if place >= self.needed => {
                    let value = if piece.quoted { rest } else { first_word(rest) };
                    self.take(&mut entry, &piece.field, value, needed)?;
                    break;
                }
                None => return None,
            }
        }
        Some(entry)
    }

    /// Puts a value where it belongs; `None` if the line needs it and it is not one.
    fn take<'a>(
        &self,
        entry: &mut Entry<'a>,
        field: &Field,
        value: &'a [u8],
        needed: bool,
    ) -> Option<()> {
        match field {
            Field::Skip => {}
            Field::Client => entry.client = client(value),
            Field::ClientPort => entry.client = client_port(value),
            Field::Forwarded => {
                let first = value.split(|b| *b == b',').next().unwrap_or_default();
                entry.forwarded = client(first.trim_ascii());
            }
            Field::User => entry.user = text(value),
            Field::Time(form, begins) => {
                entry.stamp = form.read(value)?;
                entry.stamp_begins = *begins;
            }
            Field::Request => entry.request(text(value)),
            Field::Method => entry.method = text(value),
            Field::Target => entry.target = text(value),
            Field::Query => entry.query(&text(value)),
            Field::Status => entry.status = status(value)?,
            Field::Bytes => match bytes(value) {
                Some(bytes) => entry.bytes = bytes,
                None if needed => return None,
                None => {}
            },
            Field::BytesSoFar => {
                entry.bytes = bytes(value.strip_prefix(b"+").unwrap_or(value))?;
            }
            Field::Agent => entry.agent = text(value),
            Field::Duration(unit) => entry.duration_us = unit.micros(value).unwrap_or(0),
            Field::Timers => {
                let whole = value.rsplit(|b| *b == b'/').next().unwrap_or_default();
                let whole = whole.strip_prefix(b"+").unwrap_or(whole);
                entry.duration_us = Unit::Millis.micros(whole).unwrap_or(0);
            }
            Field::Session => entry.session = entry.session.take().or_else(|| id(&text(value))),
            Field::Cookie => entry.cookie = entry.cookie.take().or_else(|| id(&text(value))),
            Field::Cookies => entry.cookies(&text(value), &self.cookies),
            Field::CookieLists => {
                let mut rest = value;
                while !rest.is_empty() {
                    let (list, behind) = quoted_or_rest(rest);
                    entry.cookies(&text(list), &self.cookies);
                    rest = behind;
                }
            }
        }
        Some(())
    }
}

impl Piece {
    /// The field's value and what stands behind its literal; `None` if the literal is not there.
    fn split<'a>(&self, rest: &'a [u8]) -> Option<(&'a [u8], &'a [u8])> {
        if let Field::Time(form, _) = &self.field
            && let Some(width) = form.width()
        {
            let (value, behind) = rest.split_at_checked(width)?;
            return Some((value, behind.strip_prefix(self.after.as_slice())?));
        }
        if self.quoted {
            let (value, behind) = quoted(rest)?;
            return Some((value, behind.strip_prefix(self.after.get(1..)?)?));
        }
        if self.after.is_empty() {
            return Some((rest, b""));
        }
        if self.field.is_word() {
            let (value, behind) = rest.split_at_checked(memchr(*self.after.first()?, rest)?)?;
            return Some((value, behind.strip_prefix(self.after.as_slice())?));
        }
        let mut from = 0;
        loop {
            let at = from + self.find_after(rest.get(from..)?)?;
            let (value, behind) = (rest.get(..at)?, rest.get(at + self.after.len()..)?);
            if !self.before_stamp || stamp::begins_like_one(behind) {
                return Some((value, behind));
            }
            from = at + 1;
        }
    }

    fn find_after(&self, rest: &[u8]) -> Option<usize> {
        match self.after.as_slice() {
            [byte] => memchr(*byte, rest),
            after => memmem::find(rest, after),
        }
    }
}

fn first_word(rest: &[u8]) -> &[u8] {
    rest.split(|b| *b == b' ').next().unwrap_or_default()
}

fn client(value: &[u8]) -> Option<std::net::IpAddr> {
    std::str::from_utf8(value).ok().and_then(address)
}

fn client_port(value: &[u8]) -> Option<std::net::IpAddr> {
    let word = value.rsplit(|b| *b == b' ').next()?;
    let colon = word.iter().rposition(|b| *b == b':')?;
    client(word.get(..colon)?)
}

/// Three digits; what the request came to may be unknown, too.
fn status(value: &[u8]) -> Option<u16> {
    match value {
        b"-" | b"-1" => Some(0),
        [_, _, _] => u16::try_from(number(value)?).ok(),
        _ => None,
    }
}

fn bytes(value: &[u8]) -> Option<u64> {
    match value {
        b"-" => Some(0),
        value => number(value),
    }
}
