//! Replies and how each protocol version writes them.

use std::{borrow::Cow, io};

use bytes::{Bytes, BytesMut};
use redis_protocol::{
    resp2::{encode as resp2_encode, types::BytesFrame as Frame2},
    resp3::{
        encode::complete as resp3_encode,
        types::{BytesFrame as Frame3, VerbatimStringFormat},
    },
};

/// The protocol version a connection has agreed on with `HELLO`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Protocol {
    /// RESP2: what a connection speaks until it says otherwise.
    #[default]
    Resp2,
    /// RESP3.
    Resp3,
}

/// What a command answers. The variants are RESP3's; RESP2 knows fewer and gets the nearest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Reply {
    /// `+OK` and its like.
    Status(&'static str),
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
    /// A list.
    Array(Vec<Self>),
    /// Pairs; a flat list in RESP2.
    Map(Vec<(Self, Self)>),
    /// Members without order; a list in RESP2.
    Set(Vec<Self>),
}

impl Reply {
    /// `+OK`.
    pub(crate) const OK: Self = Self::Status("OK");

    /// A bulk string of a text known at compile time.
    pub(crate) const fn name(text: &'static str) -> Self {
        Self::Bulk(Bytes::from_static(text.as_bytes()))
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
            Self::Status(_) | Self::Integer(_) | Self::Null => 0,
            Self::Error(text) => text.len(),
            Self::Bulk(value) => value.len(),
            Self::Text(text) => text.len(),
            Self::Array(items) | Self::Set(items) => items.iter().map(Self::weight).sum(),
            Self::Map(pairs) => pairs
                .iter()
                .map(|(key, value)| key.weight() + value.weight())
                .sum(),
        }
    }

    /// Writes this reply at the end of `out`.
    ///
    /// # Errors
    /// Only if the codec's own length computation is wrong.
    pub(crate) fn encode(self, protocol: Protocol, out: &mut BytesMut) -> io::Result<()> {
        match protocol {
            Protocol::Resp2 => resp2_encode::extend_encode(out, &self.into_resp2(), false),
            Protocol::Resp3 => resp3_encode::extend_encode(out, &self.into_resp3(), false),
        }
        .map(drop)
        .map_err(io::Error::other)
    }

    fn into_resp2(self) -> Frame2 {
        match self {
            Self::Status(text) => Frame2::SimpleString(Bytes::from_static(text.as_bytes())),
            Self::Error(text) => Frame2::Error(one_line(text).into()),
            Self::Integer(number) => Frame2::Integer(number),
            Self::Bulk(value) => Frame2::BulkString(value),
            Self::Text(text) => Frame2::BulkString(text.into()),
            Self::Null => Frame2::Null,
            Self::Array(items) | Self::Set(items) => {
                Frame2::Array(items.into_iter().map(Self::into_resp2).collect())
            }
            Self::Map(pairs) => Frame2::Array(
                pairs
                    .into_iter()
                    .flat_map(|(key, value)| [key.into_resp2(), value.into_resp2()])
                    .collect(),
            ),
        }
    }

    fn into_resp3(self) -> Frame3 {
        let attributes = None;
        match self {
            Self::Status(text) => Frame3::SimpleString {
                data: Bytes::from_static(text.as_bytes()),
                attributes,
            },
            Self::Error(text) => Frame3::SimpleError {
                data: one_line(text).into(),
                attributes,
            },
            Self::Integer(data) => Frame3::Number { data, attributes },
            Self::Bulk(data) => Frame3::BlobString { data, attributes },
            Self::Text(text) => {
                let format = VerbatimStringFormat::Text;
                Frame3::VerbatimString {
                    data: text.into(),
                    format,
                    attributes,
                }
            }
            Self::Null => Frame3::Null,
            Self::Array(items) => Frame3::Array {
                data: items.into_iter().map(Self::into_resp3).collect(),
                attributes,
            },
            Self::Set(items) => Frame3::Set {
                data: items.into_iter().map(Self::into_resp3).collect(),
                attributes,
            },
            Self::Map(pairs) => {
                let pairs = pairs
                    .into_iter()
                    .map(|(key, value)| (key.into_resp3(), value.into_resp3()));
                Frame3::Map {
                    data: pairs.collect(),
                    attributes,
                }
            }
        }
    }
}

/// Errors may quote what the peer sent; a line break in it would end the reply early.
fn one_line(text: Cow<'static, str>) -> String {
    match text.contains(['\r', '\n']) {
        true => text.replace(['\r', '\n'], " "),
        false => text.into_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(reply: &Reply, resp2: &str, resp3: &str) {
        for (protocol, expected) in [(Protocol::Resp2, resp2), (Protocol::Resp3, resp3)] {
            let mut out = BytesMut::from(&b"before"[..]);
            reply.clone().encode(protocol, &mut out).unwrap();
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
        check(
            &Reply::Text("a\nb".into()),
            "$3\r\na\nb\r\n",
            "=7\r\ntxt:a\nb\r\n",
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
}
