//! Taking bytes from a peer, within the time and room it has.

use std::{
    io,
    sync::{Arc, atomic::Ordering::Relaxed},
};

use bytes::BytesMut;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite},
    time::{Instant, timeout_at},
};

use super::Connection;
use crate::{client::Server, protocol::Limits};

/// Bytes asked of the socket at once, at least.
const READ: usize = 16 << 10;
/// A peer that has not authenticated may send this many arguments of this many bytes, as in Redis.
const STRANGER: (usize, usize) = (10, 16 << 10);

/// A connection's part of the server's `input_bytes`, until it is dropped.
#[derive(Debug)]
pub(super) struct Counted {
    server: Arc<Server>,
    bytes: usize,
}

impl Counted {
    pub(super) fn new(server: &Arc<Server>) -> Self {
        let server = Arc::clone(server);
        Self { server, bytes: 0 }
    }

    /// Counts so many bytes from now on; what all connections have.
    fn change(&mut self, bytes: usize) -> usize {
        let all = &self.server.input_bytes;
        let others = all.fetch_sub(self.bytes, Relaxed) - self.bytes;
        all.fetch_add(bytes, Relaxed);
        self.bytes = bytes;
        others.saturating_add(bytes)
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.server.input_bytes.fetch_sub(self.bytes, Relaxed);
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Connection<S> {
    /// Reads some bytes, within the time the peer has; whether there were any. May be given up at any time.
    pub(super) async fn fill(&mut self) -> io::Result<bool> {
        let server = &self.client.server;
        let deadline = if self.input.is_empty() && self.client.is_authenticated() {
            self.pressed = None;
            // Who listens need not ask anything, as in Redis.
            let idle = server.settings.idle_timeout();
            idle.filter(|_| !self.client.subscriptions.any())
                .map(|timeout| Instant::now() + timeout)
        } else {
            let pressed = self.pressed.get_or_insert_with(Instant::now);
            Some(*pressed + server.config.request_timeout)
        };
        self.input.reserve(READ);
        let read = self.stream.read_buf(&mut self.input);
        let read = match deadline {
            Some(deadline) => timeout_at(deadline, read).await?,
            None => read.await,
        };
        Ok(read? > 0)
    }

    /// Brings this connection's part of what all make us hold up to date: unfinished requests, queued commands,
    /// watched keys, subscriptions. One too many is turned away.
    pub(super) async fn count_input(&mut self) -> io::Result<()> {
        let server = &self.client.server;
        let count = self.input.len().saturating_sub(READ) + self.client.held_bytes();
        if count == self.counted.bytes {
            return Ok(());
        }
        let grown = count > self.counted.bytes;
        let all = self.counted.change(count);
        if grown && all > server.config.max_input {
            self.client.leaving = true;
            self.input.clear();
            let mut output = BytesMut::from(&b"-ERR too many unfinished requests\r\n"[..]);
            self.write(&mut output).await?;
        }
        Ok(())
    }

    pub(super) fn limits(&self) -> Limits {
        let config = &self.client.server.config;
        let stranger = !self.client.is_authenticated();
        let (args, bulk) = if stranger {
            STRANGER
        } else {
            (config.max_args, config.max_bulk)
        };
        Limits {
            args,
            bulk,
            request: config.max_request,
            stranger,
        }
    }
}
