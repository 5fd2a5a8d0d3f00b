//! Giving bytes to a peer, within the time it has to take them.

use std::io;

use bytes::BytesMut;
use tokio::{
    io::{AsyncRead, AsyncWrite, AsyncWriteExt},
    time::timeout,
};

use super::Connection;

/// Encoded replies and messages are written out whenever they reach this many bytes.
pub(super) const WRITE: usize = 64 << 10;

impl<S: AsyncRead + AsyncWrite + Unpin> Connection<S> {
    /// Writes some of the messages that have arrived. Not all: while others publish, requests have their turn.
    pub(super) async fn tell(&mut self) -> io::Result<()> {
        let mut output = BytesMut::new();
        let outbox = &self.client.peer.outbox;
        if outbox.write(self.client.protocol, &mut output, WRITE) {
            self.write(&mut output).await?;
        }
        self.client.peer.outbox.remind();
        Ok(())
    }

    /// Writes `output` if it is long enough.
    pub(super) async fn write_if_long(&mut self, output: &mut BytesMut) -> io::Result<()> {
        if output.len() >= WRITE {
            self.write(output).await?;
        }
        Ok(())
    }

    /// Writes and empties `output`, within the time the peer has to take it, and unless the connection must end.
    pub(super) async fn write(&mut self, output: &mut BytesMut) -> io::Result<()> {
        let limit = self.client.server.config.request_timeout;
        let outbox = &self.client.peer.outbox;
        let stream = &mut self.stream;
        let written = timeout(limit, async {
            stream.write_all(output).await?;
            stream.flush().await
        });
        tokio::select! {
            biased;
            written = written => written??,
            () = outbox.ended() => return Err(io::ErrorKind::ConnectionAborted.into()),
        }
        output.clear();
        Ok(())
    }
}
