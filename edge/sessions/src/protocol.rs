//! RESP on the wire: requests in, replies out. Sans-I/O; knows neither commands nor sockets.
//!
//! `redis-protocol` is the codec. Its decoder alone must not face a peer: it recurses into nested arrays,
//! accepts any length and starts again from the first byte each time more arrives. [`Framer`] therefore
//! walks the bytes first, remembers how far it came, and hands the codec only whole requests of the one
//! shape a client may send, an array of bulk strings within the limits.

mod inline;
mod reply;
mod request;

pub(crate) use reply::{Protocol, Reply};
pub(crate) use request::{Framer, Limits};
