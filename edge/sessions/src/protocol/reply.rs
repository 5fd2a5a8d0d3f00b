//! Replies and how each protocol version writes them.
//!
//! Written straight into the connection's output. Rejected: the codec's encoder, which wants a second tree of
//! frames per reply; on a `GET` that was a quarter of our time.

use std::{borrow::Cow, fmt::Write as _};

use bytes::{BufMut as _, Bytes, BytesMut};

/// The protocol version a connection has agreed on with `HELLO`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub(crate) enum Protocol {
    /// RESP2: what a connection speaks until it says otherwise.
    #[default]
    Resp2,
    /// RESP3.
    Resp3,
}

impl Protocol {
    /// Its number in `HELLO`.
    pub(crate) const fn number(self) -> i64 {
        match self {
            Self::Resp2 => 2,
            Self::Resp3 => 3,
        }
    }
}

/// What a command answers. The variants are RESP3's; RESP2 knows fewer and gets the nearest.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Reply {
    /// `+OK` and its like.
    Status(&'static str),
    /// The same with a text from a script.
    Line(String),
    /// An error with its code first, such as `ERR syntax error`.
    Error(Cow<'static, str>),
    /// A number.
    Integer(i64),
    /// A value.
    Bulk(Bytes),
    /// Text for people; a bulk string in RESP2.
    Text(String),
    /// Nothing there.
    Null,
    /// Nothing where a list would stand; RESP3 has one null for both.
    NullArray,
    /// A number with a fraction; a bulk string in RESP2.
    Double(f64),
    /// True or false; 1 or 0 in RESP2.
    Boolean(bool),
    /// A number of any length; a bulk string in RESP2.
    BigNumber(String),
    /// A list.
    Array(Vec<Self>),
    /// Pairs; a flat list in RESP2.
    Map(Vec<(Self, Self)>),
    /// A list of pairs; a flat list in RESP2.
    Pairs(Vec<(Self, Self)>),
    /// Members without order; a list in RESP2.
    Set(Vec<Self>),
    /// What nobody asked for just now, such as a published message; a list in RESP2.
    Push(Vec<Self>),
    /// A published message, encoded already but for its type byte: shared by all who get it.
    Message(Bytes),
    /// Several replies to one request, or none.
    Each(Vec<Self>),
}

impl Reply {
    /// `+OK`.
    pub(crate) const OK: Self = Self::Status("OK");

    /// A bulk string of a text known at compile time.
    pub(crate) const fn name(text: &'static str) -> Self {
        Self::Bulk(Bytes::from_static(text.as_bytes()))
    }

    /// No reply at all.
    pub(crate) const NOTHING: Self = Self::Each(Vec::new());

    /// A bulk string of bytes that stay where they are.
    pub(crate) fn copied(bytes: &[u8]) -> Self {
        Self::Bulk(Bytes::copy_from_slice(bytes))
    }

    /// 1 or 0.
    pub(crate) fn flag(yes: bool) -> Self {
        Self::Integer(i64::from(yes))
    }

    /// A count.
    pub(crate) fn count(count: usize) -> Self {
        Self::Integer(i64::try_from(count).unwrap_or(i64::MAX))
    }

    /// The value, or null.
    pub(crate) fn bulk_or_null(value: Option<Bytes>) -> Self {
        value.map_or(Self::Null, Self::Bulk)
    }

    /// Roughly how many bytes this holds until it is written.
    pub(crate) fn weight(&self) -> usize {
        const EACH: usize = 16;
        EACH + match self {
            Self::Status(_)
            | Self::Integer(_)
            | Self::Null
            | Self::NullArray
            | Self::Double(_)
            | Self::Boolean(_) => 0,
            Self::Line(text) | Self::BigNumber(text) => text.len(),
            Self::Error(text) => text.len(),
            Self::Bulk(value) | Self::Message(value) => value.len(),
            Self::Text(text) => text.len(),
            Self::Array(items) | Self::Set(items) | Self::Push(items) | Self::Each(items) => {
                items.iter().map(Self::weight).sum()
            }
            Self::Map(pairs) | Self::Pairs(pairs) => pairs
                .iter()
                .map(|(key, value)| key.weight() + value.weight())
                .sum(),
        }
    }

    /// Writes this reply at the end of `out`.
    pub(crate) fn encode(&self, protocol: Protocol, out: &mut BytesMut) {
        let resp3 = protocol == Protocol::Resp3;
        match self {
            Self::Status(text) => line(out, b'+', text),
            Self::Line(text) => line(out, b'+', &one_line(text)),
            Self::Error(text) => line(out, b'-', &one_line(text)),
            Self::Integer(number) => header(out, b':', *number),
            Self::Bulk(value) => bulk(out, value),
            Self::Text(text) if resp3 => {
                length(out, b'=', text.len() + 4);
                out.put_slice(b"txt:");
                ended(out, text.as_bytes());
            }
            Self::Text(text) => bulk(out, text.as_bytes()),
            Self::Null | Self::NullArray if resp3 => out.put_slice(b"_\r\n"),
            Self::Null => out.put_slice(b"$-1\r\n"),
            Self::NullArray => out.put_slice(b"*-1\r\n"),
            Self::Double(number) if resp3 => line(out, b',', &double(*number)),
            Self::Double(number) => bulk(out, double(*number).as_bytes()),
            Self::Boolean(yes) if resp3 => line(out, b'#', if *yes { "t" } else { "f" }),
            Self::Boolean(yes) => header(out, b':', i64::from(*yes)),
            Self::BigNumber(digits) if resp3 => line(out, b'(', &one_line(digits)),
            Self::BigNumber(digits) => bulk(out, digits.as_bytes()),
            Self::Array(items) => list(out, b'*', items, protocol),
            Self::Set(items) => list(out, if resp3 { b'~' } else { b'*' }, items, protocol),
            Self::Push(items) => list(out, if resp3 { b'>' } else { b'*' }, items, protocol),
            Self::Message(rest) => {
                out.put_u8(if resp3 { b'>' } else { b'*' });
                out.put_slice(rest);
            }
            Self::Each(replies) => {
                for reply in replies {
                    reply.encode(protocol, out);
                }
            }
            Self::Map(pairs) | Self::Pairs(pairs) => {
                let nested = resp3 && matches!(self, Self::Pairs(_));
                match (resp3, nested) {
                    (true, true) => length(out, b'*', pairs.len()),
                    (true, false) => length(out, b'%', pairs.len()),
                    (false, _) => length(out, b'*', pairs.len() * 2),
                }
                for (key, value) in pairs {
                    if nested {
                        length(out, b'*', 2);
                    }
                    key.encode(protocol, out);
                    value.encode(protocol, out);
                }
            }
        }
    }
}

/// A number as Redis 7.0 writes it: 17 significant digits without trailing zeros (C's `%.17g`), which read
/// back as the same number.
pub(crate) fn double(number: f64) -> String {
    const DIGITS: i32 = 17;
    if number.is_nan() {
        return "nan".to_owned();
    }
    if number.is_infinite() {
        return if number > 0.0 { "inf" } else { "-inf" }.to_owned();
    }
    let text = format!("{number:.16e}");
    let (digits, power) = text.split_once('e').unwrap_or((&text, "0"));
    let power: i32 = power.parse().unwrap_or(0);
    if (-4..DIGITS).contains(&power) {
        let decimals = usize::try_from(DIGITS - 1 - power).unwrap_or(0);
        return trimmed(&format!("{number:.decimals$}")).to_owned();
    }
    let sign = if power < 0 { '-' } else { '+' };
    format!("{}e{sign}{:02}", trimmed(digits), power.abs())
}

fn trimmed(decimal: &str) -> &str {
    match decimal.contains('.') {
        true => decimal.trim_end_matches('0').trim_end_matches('.'),
        false => decimal,
    }
}

fn header(out: &mut BytesMut, kind: u8, number: i64) {
    out.put_u8(kind);
    // Writing to memory cannot fail.
    let _ = write!(out, "{number}\r\n");
}

fn length(out: &mut BytesMut, kind: u8, length: usize) {
    header(out, kind, i64::try_from(length).unwrap_or(i64::MAX));
}

fn ended(out: &mut BytesMut, bytes: &[u8]) {
    out.put_slice(bytes);
    out.put_slice(b"\r\n");
}

fn line(out: &mut BytesMut, kind: u8, text: &str) {
    out.put_u8(kind);
    ended(out, text.as_bytes());
}

fn bulk(out: &mut BytesMut, bytes: &[u8]) {
    length(out, b'$', bytes.len());
    ended(out, bytes);
}

fn list(out: &mut BytesMut, kind: u8, items: &[Reply], protocol: Protocol) {
    length(out, kind, items.len());
    for item in items {
        item.encode(protocol, out);
    }
}

/// Errors may quote what the peer sent; a line break in it would end the reply early.
fn one_line(text: &str) -> Cow<'_, str> {
    match text.contains(['\r', '\n']) {
        true => text.replace(['\r', '\n'], " ").into(),
        false => text.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(reply: &Reply, resp2: &str, resp3: &str) {
        for (protocol, expected) in [(Protocol::Resp2, resp2), (Protocol::Resp3, resp3)] {
            let mut out = BytesMut::from(&b"before"[..]);
            reply.encode(protocol, &mut out);
            assert_eq!(
                String::from_utf8_lossy(&out),
                format!("before{expected}"),
                "{reply:?}"
            );
        }
    }

    #[test]
    fn each_version_writes_what_it_knows() {
        let bulk = |text: &'static str| Reply::name(text);
        check(&Reply::OK, "+OK\r\n", "+OK\r\n");
        check(&Reply::Integer(-7), ":-7\r\n", ":-7\r\n");
        check(&bulk(""), "$0\r\n\r\n", "$0\r\n\r\n");
        check(&Reply::Null, "$-1\r\n", "_\r\n");
        check(&Reply::NullArray, "*-1\r\n", "_\r\n");
        check(&Reply::Double(1.5), "$3\r\n1.5\r\n", ",1.5\r\n");
        check(&Reply::Line("a\nb".into()), "+a b\r\n", "+a b\r\n");
        check(&Reply::Boolean(true), ":1\r\n", "#t\r\n");
        check(&Reply::BigNumber("12".into()), "$2\r\n12\r\n", "(12\r\n");
        check(
            &Reply::Push(vec![bulk("a")]),
            "*1\r\n$1\r\na\r\n",
            ">1\r\n$1\r\na\r\n",
        );
        check(
            &Reply::Text("a\nb".into()),
            "$3\r\na\nb\r\n",
            "=7\r\ntxt:a\nb\r\n",
        );
        check(
            &Reply::Each(vec![Reply::OK, Reply::Push(vec![])]),
            "+OK\r\n*0\r\n",
            "+OK\r\n>0\r\n",
        );
        check(&Reply::NOTHING, "", "");
        check(
            &Reply::Pairs(vec![(bulk("a"), Reply::Integer(1))]),
            "*2\r\n$1\r\na\r\n:1\r\n",
            "*1\r\n*2\r\n$1\r\na\r\n:1\r\n",
        );
        check(&Reply::Array(vec![]), "*0\r\n", "*0\r\n");
        check(
            &Reply::Set(vec![bulk("a")]),
            "*1\r\n$1\r\na\r\n",
            "~1\r\n$1\r\na\r\n",
        );
        let map = Reply::Map(vec![
            (bulk("b"), Reply::Integer(1)),
            (bulk("a"), Reply::Null),
        ]);
        check(
            &map,
            "*4\r\n$1\r\nb\r\n:1\r\n$1\r\na\r\n$-1\r\n",
            "%2\r\n$1\r\nb\r\n:1\r\n$1\r\na\r\n_\r\n",
        );
        check(
            &Reply::Error("ERR no 'a\r\nb'".into()),
            "-ERR no 'a  b'\r\n",
            "-ERR no 'a  b'\r\n",
        );
    }

    #[test]
    fn doubles_are_written_as_redis_does() {
        for (number, text) in [
            (0.0, "0"),
            (3.0, "3"),
            (-0.5, "-0.5"),
            (-0.0, "-0"),
            (0.1, "0.10000000000000001"),
            (1700000000123.0, "1700000000123"),
            (1e16, "10000000000000000"),
            (1e17, "1e+17"),
            (0.0001, "0.0001"),
            (1.5e-7, "1.4999999999999999e-07"),
            (1e-300, "1e-300"),
            (f64::INFINITY, "inf"),
            (f64::NEG_INFINITY, "-inf"),
        ] {
            assert_eq!(double(number), text);
        }
    }
}
