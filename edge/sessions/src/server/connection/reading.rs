//! Taking bytes from a peer, within the time and room it has.

use std::{io, sync::atomic::Ordering::Relaxed};

use bytes::BytesMut;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite},
    time::{Instant, timeout_at},
};

use super::Connection;
use crate::protocol::Limits;

/// Bytes asked of the socket at once, at least.
const READ: usize = 16 << 10;
/// A peer that has not authenticated may send this many arguments of this many bytes, as in Redis.
const STRANGER: (usize, usize) = (10, 16 << 10);

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
        if count == self.counted {
            return Ok(());
        }
        let others = server.input_bytes.fetch_sub(self.counted, Relaxed) - self.counted;
        server.input_bytes.fetch_add(count, Relaxed);
        let grown = count > self.counted;
        self.counted = count;
        if grown && others.saturating_add(count) > server.config.max_input {
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
