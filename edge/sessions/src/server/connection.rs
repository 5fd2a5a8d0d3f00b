//! One connection: requests are read, run in order and answered in order; between answers it takes the messages
//! others published for it.
//!
//! Whatever whole requests have arrived are run in one go and wait for the journal once, so pipelining costs
//! one wait. A connection does not read while it answers: a peer that sends faster than it is served, or takes no
//! replies, is held back by TCP. Messages are different, since those who publish are never held back: they wait
//! in the connection's outbox, and a peer that does not take them is cut off.

mod elsewhere;
mod reading;
mod writing;

use std::{io, sync::Arc};

use bytes::BytesMut;
use tokio::{
    io::{AsyncRead, AsyncWrite, AsyncWriteExt},
    time::{Instant, timeout},
};

use self::{reading::Counted, writing::WRITE};
use crate::{
    client::{Client, Ran},
    engine,
    protocol::{Framer, Protocol, Reply},
    pubsub::End,
};

/// Most requests run in one go.
const PIPELINE: usize = 256;

/// Serves a connection until either side ends it, or until `stays` says that it should be served elsewhere; asked
/// when nothing is under way. Then it comes back with its client.
pub(super) async fn serve<S: AsyncRead + AsyncWrite + Unpin>(
    stream: S,
    client: Client,
    stays: impl Fn() -> bool,
) -> Option<(S, Client)> {
    let id = client.peer.id;
    let mut connection = Connection {
        stream,
        counted: Counted::new(&client.server),
        client,
        input: BytesMut::new(),
        framer: Framer::default(),
        pressed: None,
    };
    match connection.run(stays).await {
        Ok(Ended::Moves) => return Some((connection.stream, connection.client)),
        Ok(Ended::Over) => {}
        Err(error) => tracing::debug!(client = id, %error, "session client connection ended"),
    }
    None
}

/// Why a connection is no longer served here.
enum Ended {
    /// Either side ended it.
    Over,
    /// It is to be served by another event loop.
    Moves,
}

#[derive(Debug)]
struct Connection<S> {
    stream: S,
    client: Client,
    input: BytesMut,
    counted: Counted,
    framer: Framer,
    /// Since when the peer has been under pressure to finish a request or to authenticate.
    pressed: Option<Instant>,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Connection<S> {
    async fn run(&mut self, stays: impl Fn() -> bool) -> io::Result<Ended> {
        let outbox = Arc::clone(&self.client.peer.outbox);
        while !self.client.leaving && outbox.ending().is_none() {
            let (answers, weight) = self.run_requests();
            if !answers.is_empty() {
                self.answer(answers, weight).await?;
                self.tell().await?;
                self.count_input().await?;
                continue;
            }
            if self.input.is_empty() && self.client.is_authenticated() && !stays() {
                return Ok(Ended::Moves);
            }
            tokio::select! {
                () = outbox.arrived() => self.tell().await?,
                more = self.fill() => {
                    if !more? {
                        break;
                    }
                    self.count_input().await?;
                }
            }
        }
        self.note_end();
        let limit = self.client.server.config.request_timeout;
        timeout(limit, self.stream.shutdown()).await??;
        Ok(Ended::Over)
    }

    /// Runs the whole requests that have arrived and says how long their replies are; of one that listens, one at
    /// a time, so that what a request published is told before the next one runs.
    fn run_requests(&mut self) -> (Vec<(Protocol, Ran)>, usize) {
        let now = self.client.server.engine.now();
        let (mut answers, mut weight) = (Vec::new(), 0);
        while answers.len() < PIPELINE && !self.client.leaving {
            if !answers.is_empty() && self.client.subscriptions.any() {
                break;
            }
            let limits = self.limits();
            let ran = match self.framer.next(&mut self.input, &limits) {
                Ok(None) => break,
                Ok(Some(request)) => self.client.run(request, now),
                Err(violation) => {
                    self.client.leaving = true;
                    Reply::Error(format!("ERR {violation}").into()).into()
                }
            };
            weight += ran.reply.weight();
            if weight > self.client.server.config.max_output {
                tracing::warn!(
                    client = self.client.peer.id,
                    "session client closed: replies beyond max_output"
                );
                self.client.leaving = true;
                break;
            }
            answers.push((self.client.protocol, ran));
        }
        if !answers.is_empty() {
            self.pressed = None;
            self.client.server.engine.count(answers.len());
            self.client.publish_activity(now, self.input.len());
        }
        (answers, weight)
    }

    /// Writes the replies in order, once they may be told.
    async fn answer(&mut self, answers: Vec<(Protocol, Ran)>, weight: usize) -> io::Result<()> {
        let answers = self.run_elsewhere(answers).await;
        let position = std::mem::take(&mut self.client.position);
        let settled = self.client.server.engine.settled(position).await;
        let mut output = BytesMut::with_capacity(weight.min(2 * WRITE));
        for (protocol, ran) in answers {
            let reply = match &settled {
                Err(failure) if ran.changes => engine::refused(failure).into(),
                _ => ran.reply,
            };
            reply.encode(protocol, &mut output);
            self.write_if_long(&mut output).await?;
        }
        self.write(&mut output).await
    }

    /// Says why the connection is ended if that is not the peer's doing.
    fn note_end(&self) {
        let client = self.client.peer.id;
        match self.client.peer.outbox.ending() {
            Some(End::Overrun) => tracing::warn!(
                client,
                "session client closed: published messages beyond max_output"
            ),
            Some(End::Killed) => tracing::info!(client, "session client closed: killed"),
            Some(End::Stopping) | None => {}
        }
    }
}
