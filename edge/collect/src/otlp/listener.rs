//! Accepts connections and serves a router on them, within limits on their number, on streams in one, and
//! on silence.
//!
//! A connection beyond the number is closed at once rather than kept waiting, so that its peer sees why.

use std::{
    io,
    pin::{Pin, pin},
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};

use axum::Router;
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::conn::auto::Builder,
    service::TowerToHyperService,
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{Instant, Sleep, sleep, timeout},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::Protocol;
use crate::{GRACE, config::Limits, stats::Counts};

/// Pause after the system refused to accept, which is when it is out of descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// Exports that one connection may have open.
const STREAMS: u32 = 32;
/// Longest list of request headers, in bytes.
const HEADERS: usize = 16 << 10;

/// Serves one listener.
#[derive(Debug)]
pub(crate) struct Server {
    builder: Builder<TokioExecutor>,
    router: Router,
    limits: Limits,
    connections: Arc<Semaphore>,
    counts: Arc<Counts>,
    stop: CancellationToken,
}

impl Server {
    pub(crate) fn new(
        protocol: Protocol,
        router: Router,
        limits: Limits,
        counts: Arc<Counts>,
        stop: CancellationToken,
    ) -> Self {
        let mut builder = Builder::new(TokioExecutor::new());
        builder
            .http1()
            .timer(TokioTimer::new())
            .header_read_timeout(limits.idle_timeout)
            .max_buf_size(HEADERS)
            .http2()
            .timer(TokioTimer::new())
            .keep_alive_interval(limits.idle_timeout / 3)
            .keep_alive_timeout(limits.idle_timeout / 3)
            .max_concurrent_streams(STREAMS)
            .max_header_list_size(HEADERS as u32);
        let builder = match protocol {
            Protocol::Grpc => builder.http2_only(),
            Protocol::Http => builder,
        };
        let connections = Arc::new(Semaphore::new(limits.connections));
        Self {
            builder,
            router,
            limits,
            connections,
            counts,
            stop,
        }
    }

    /// Accepts until stopped; each connection is a task of `tasks`.
    pub(crate) async fn run(self, listener: TcpListener, tasks: TaskTracker) {
        while let Some(accepted) = self.stop.run_until_cancelled(listener.accept()).await {
            match accepted {
                Ok((stream, _)) => match self.connections.clone().try_acquire_owned() {
                    Ok(permit) => drop(tasks.spawn(self.serve(stream, permit))),
                    Err(_) => self.counts.connections_refused.add(1),
                },
                Err(error) => {
                    tracing::warn!(%error, "failed to accept a connection for OTLP");
                    sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    }

    /// Serves one connection to its end; when stopped, to the end of what is in process, for a while.
    fn serve(
        &self,
        stream: TcpStream,
        permit: OwnedSemaphorePermit,
    ) -> impl Future<Output = ()> + use<> {
        let stream = TokioIo::new(Impatient::new(stream, self.limits.idle_timeout));
        let service = TowerToHyperService::new(self.router.clone());
        let connection = self.builder.serve_connection(stream, service).into_owned();
        let stop = self.stop.clone();
        async move {
            let mut connection = pin!(connection);
            let ended = match stop.run_until_cancelled(connection.as_mut()).await {
                Some(ended) => ended,
                None => {
                    connection.as_mut().graceful_shutdown();
                    timeout(GRACE, connection).await.unwrap_or(Ok(()))
                }
            };
            if let Err(error) = ended {
                tracing::debug!(error, "an OTLP connection ended early");
            }
            drop(permit);
        }
    }
}

/// A stream that fails when its peer has sent nothing for `patience`.
#[derive(Debug)]
struct Impatient {
    stream: TcpStream,
    patience: Duration,
    silence: Option<Pin<Box<Sleep>>>,
}

impl Impatient {
    const fn new(stream: TcpStream, patience: Duration) -> Self {
        Self {
            stream,
            patience,
            silence: None,
        }
    }
}

impl AsyncRead for Impatient {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        if let Poll::Ready(read) = Pin::new(&mut this.stream).poll_read(context, buffer) {
            this.silence = None;
            return Poll::Ready(read);
        }
        let until = Instant::now() + this.patience;
        let silence = this
            .silence
            .get_or_insert_with(|| Box::pin(tokio::time::sleep_until(until)));
        ready!(silence.as_mut().poll(context));
        Poll::Ready(Err(io::Error::new(
            io::ErrorKind::TimedOut,
            "the peer was silent for too long",
        )))
    }
}

impl AsyncWrite for Impatient {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
