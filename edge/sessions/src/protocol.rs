//! RESP on the wire: requests in, replies out. Sans-I/O; knows neither commands nor sockets.

mod inline;
mod reply;
mod request;

pub(crate) use reply::{Protocol, Reply, double};
pub(crate) use request::{Framer, Limits};
