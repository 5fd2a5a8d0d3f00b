//! One connection: requests are read, run in order and answered in order.
//!
//! Whatever whole requests have arrived are run in one go and wait for the journal once, so pipelining costs
//! one wait. A connection does not read meanwhile: a peer that
//! sends faster than it is served, or takes no replies, is held back by TCP.

use std::{io, sync::atomic::Ordering::Relaxed, time::Duration};

use bytes::{Bytes, BytesMut};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::{Instant, timeout, timeout_at},
};
use tokio_util::sync::CancellationToken;

use crate::{
    client::Client,
    command::{self, Access, Refusal, Run},
    engine::Call,
    protocol::{Framer, Limits, Protocol, Reply},
};

/// Bytes asked of the socket at once, at least.
const READ: usize = 16 << 10;
/// Encoded replies are written out whenever they reach this many bytes.
const WRITE: usize = 64 << 10;
/// Most requests run in one go.
const PIPELINE: usize = 256;
/// A peer that has not authenticated may send this many arguments of this many bytes, as in Redis.
const STRANGER: (usize, usize) = (10, 16 << 10);

/// Serves a connection until either side ends it.
pub(super) async fn serve(stream: TcpStream, client: Client, stop: CancellationToken) {
    // Without it small replies wait for the peer's acknowledgement; a socket that refuses is closing anyway.
    let _ = stream.set_nodelay(true);
    let id = client.id;
    let connection = Connection {
        stream,
        client,
        input: BytesMut::new(),
        counted: 0,
        framer: Framer::default(),
        pressed: None,
    };
    if let Err(error) = connection.run(stop).await {
        tracing::debug!(client = id, %error, "session client connection ended");
    }
}

#[derive(Debug)]
struct Connection {
    stream: TcpStream,
    client: Client,
    input: BytesMut,
    /// This connection's part of the server's `input_bytes`.
    counted: usize,
    framer: Framer,
    /// Since when the peer has been under pressure to finish a request or to authenticate.
    pressed: Option<Instant>,
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.client
            .server
            .input_bytes
            .fetch_sub(self.counted, Relaxed);
    }
}

/// The replies of some requests in order: a known reply, or none where the engine's next goes.
#[derive(Debug, Default)]
struct Pending {
    replies: Vec<(Protocol, Option<Reply>)>,
    calls: Vec<Call>,
}

impl Connection {
    async fn run(mut self, stop: CancellationToken) -> io::Result<()> {
        while !self.client.leaving {
            let pending = self.take_requests();
            if pending.replies.is_empty() {
                let more = tokio::select! {
                    () = stop.cancelled() => break,
                    more = self.fill() => more?,
                };
                if !more {
                    break;
                }
                self.count_input().await?;
            } else {
                self.answer(pending).await?;
            }
        }
        self.stream.shutdown().await
    }

    /// Reads some bytes, within the time the peer has; whether there were any.
    async fn fill(&mut self) -> io::Result<bool> {
        let config = &self.client.server.config;
        let deadline = if self.input.is_empty() && self.client.is_authenticated() {
            self.pressed = None;
            config.idle_timeout.map(|timeout| Instant::now() + timeout)
        } else {
            Some(*self.pressed.get_or_insert_with(Instant::now) + config.request_timeout)
        };
        self.input.reserve(READ);
        let read = self.stream.read_buf(&mut self.input);
        let read = match deadline {
            Some(deadline) => timeout_at(deadline, read).await?,
            None => read.await,
        };
        Ok(read? > 0)
    }

    /// Brings this connection's part of all unfinished requests up to date; one too many is turned away.
    async fn count_input(&mut self) -> io::Result<()> {
        let server = &self.client.server;
        let count = self.input.len().saturating_sub(READ);
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

    /// Takes the whole requests that have arrived. What concerns the connection only is run at once, since it
    /// decides how the next request is read.
    fn take_requests(&mut self) -> Pending {
        let mut pending = Pending::default();
        while pending.replies.len() < PIPELINE && !self.client.leaving {
            let limits = self.limits();
            let reply = match self.framer.next(&mut self.input, &limits) {
                Ok(None) => break,
                Ok(Some(request)) => self.start(request, &mut pending.calls),
                Err(violation) => {
                    self.client.leaving = true;
                    Some(Reply::Error(format!("ERR {violation}").into()))
                }
            };
            pending.replies.push((self.client.protocol, reply));
        }
        if !pending.replies.is_empty() {
            self.pressed = None;
        }
        pending
    }

    fn limits(&self) -> Limits {
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

    /// Runs a request or makes it a call for the engine, which gives no reply yet.
    fn start(&mut self, request: Vec<Bytes>, calls: &mut Vec<Call>) -> Option<Reply> {
        let mut args = request;
        let name = if args.is_empty() {
            Bytes::new()
        } else {
            args.remove(0)
        };
        let spec = match command::resolve(&name, &args) {
            Ok(spec) => spec,
            Err(refusal) => return Some(refusal.into()),
        };
        if !self.client.is_authenticated() && spec.access != Access::Open {
            return Some(Reply::Error("NOAUTH Authentication required.".into()));
        }
        match spec.run {
            Run::Keyspace(run) => {
                calls.push(Call {
                    spec,
                    run,
                    args,
                    db: self.client.db,
                    client: Some(self.client.ip()),
                });
                None
            }
            Run::Client(run) => {
                let outcome: Result<Reply, Refusal> = run(&mut self.client, &args);
                self.client.publish();
                Some(outcome.unwrap_or_else(Reply::from))
            }
        }
    }

    /// Has the engine run its calls, then writes every reply in order.
    async fn answer(&mut self, pending: Pending) -> io::Result<()> {
        let mut from_engine = self.submit(pending.calls).await.into_iter();
        let mut output = BytesMut::new();
        for (protocol, reply) in pending.replies {
            let Some(reply) = reply.or_else(|| from_engine.next()) else {
                // The replies outgrew the output limit.
                self.client.leaving = true;
                break;
            };
            reply.encode(protocol, &mut output);
            if output.len() >= WRITE {
                self.write(&mut output).await?;
            }
        }
        self.write(&mut output).await
    }

    async fn submit(&self, calls: Vec<Call>) -> Vec<Reply> {
        if calls.is_empty() {
            return Vec::new();
        }
        let replies = self.client.server.engine.run(&calls).await;
        if replies.len() < calls.len() {
            tracing::warn!(
                client = self.client.id,
                "session client closed: replies beyond max_output"
            );
        }
        replies
    }

    /// Writes and empties `output`, within the time the peer has to take it.
    async fn write(&mut self, output: &mut BytesMut) -> io::Result<()> {
        let limit: Duration = self.client.server.config.request_timeout;
        timeout(limit, self.stream.write_all(output)).await??;
        output.clear();
        Ok(())
    }
}
