//! What is published, and how a message looks on the wire.
//!
//! Both protocol versions write the same bytes after the first, which says list or push. Messages are kept
//! without it, so that one buffer serves every listener whatever it speaks.

use bytes::{Bytes, BytesMut};

use crate::{
    engine::Notice,
    protocol::{Protocol, Reply},
};

/// Something to be told to whoever listens, once the change that caused it is as durable as its reply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Announcement {
    /// Something happened to a key.
    Notice(Notice),
    /// `PUBLISH`.
    Message {
        /// Where.
        channel: Bytes,
        /// What.
        payload: Bytes,
    },
    /// `SPUBLISH`.
    ShardMessage {
        /// Where.
        channel: Bytes,
        /// What.
        payload: Bytes,
    },
}

pub(super) fn to_channel(channel: &[u8], payload: &[u8]) -> Bytes {
    encode(&[b"message", channel, payload])
}

pub(super) fn to_pattern(pattern: &[u8], channel: &[u8], payload: &[u8]) -> Bytes {
    encode(&[b"pmessage", pattern, channel, payload])
}

pub(super) fn to_shard_channel(channel: &[u8], payload: &[u8]) -> Bytes {
    encode(&[b"smessage", channel, payload])
}

/// A list of bulk strings without its type byte.
fn encode(parts: &[&[u8]]) -> Bytes {
    let items = parts
        .iter()
        .map(|part| Reply::Bulk(Bytes::copy_from_slice(part)));
    let mut out = BytesMut::with_capacity(parts.iter().map(|part| part.len() + 16).sum());
    Reply::Push(items.collect()).encode(Protocol::Resp2, &mut out);
    out.freeze().slice(1..)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_versions_share_all_but_the_first_byte() {
        let message = Reply::Message(to_channel(b"c", b"p"));
        for (protocol, kind) in [(Protocol::Resp2, "*"), (Protocol::Resp3, ">")] {
            let mut out = BytesMut::new();
            message.encode(protocol, &mut out);
            let expected = format!("{kind}3\r\n$7\r\nmessage\r\n$1\r\nc\r\n$1\r\np\r\n");
            assert_eq!(String::from_utf8_lossy(&out), expected);
        }
    }
}
