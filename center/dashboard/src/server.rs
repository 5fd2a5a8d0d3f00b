//! The socket: accepts connections within their limit and serves the router on them.
//!
//! Past the limit it stops accepting, so further clients wait in the system's queue. A connection that is
//! silent for the idle limit is closed. Shutting down lets requests in process end, for as long as the grace.

use std::{net::SocketAddr, pin::pin, sync::Arc, time::Duration};

use axum::{Extension, Router};
use bongsu_center_control::Control;
use bongsu_sdk_model::Clock;
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::conn::auto::Builder,
    service::TowerToHyperService,
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{Notify, OwnedSemaphorePermit, Semaphore},
    task::JoinHandle,
    time::{sleep, timeout},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{Backend, Config, access::Peer, router};

/// Longest request head, bytes.
const HEAD_BYTES: usize = 64 << 10;
/// Pause after the system refused to accept, which is when it is out of descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Why the dashboard could not be served.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The address can't be listened on.
    #[error(
        "failed to listen on http {address}: {cause}, hint: is another program using this port?"
    )]
    Bind {
        /// The address.
        address: SocketAddr,
        /// What the system said.
        cause: std::io::Error,
    },
}

/// A running dashboard. Dropping it stops it without waiting.
#[derive(Debug)]
pub struct Handle {
    addr: SocketAddr,
    stop: CancellationToken,
    accepting: JoinHandle<()>,
    connections: TaskTracker,
    grace: Duration,
}

impl Handle {
    /// The bound address.
    #[must_use]
    pub const fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Stops accepting, lets requests in process end within the grace, then closes what is left.
    pub async fn shutdown(mut self) {
        self.stop.cancel();
        let _ = (&mut self.accepting).await;
        self.connections.close();
        if timeout(self.grace, self.connections.wait()).await.is_err() {
            tracing::warn!(
                open = self.connections.len(),
                "dashboard connections were cut off"
            );
        }
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// Binds the configured address and serves.
///
/// # Errors
/// [`Error::Bind`] if the address can't be listened on.
pub async fn bind(
    config: Config,
    backend: Arc<dyn Backend>,
    control: Arc<Control>,
    decided: Arc<Notify>,
    clock: Arc<dyn Clock>,
) -> Result<Handle, Error> {
    let address = config.bind;
    let failed = |cause| Error::Bind { address, cause };
    let listener = TcpListener::bind(address).await.map_err(failed)?;
    let addr = listener.local_addr().map_err(failed)?;
    let (stop, connections, grace) = (CancellationToken::new(), TaskTracker::new(), config.grace);
    let server = Server {
        builder: builder(config.idle_timeout),
        room: Arc::new(Semaphore::new(config.connections)),
        router: router(config, backend, control, decided, clock),
        stop: stop.clone(),
        tasks: connections.clone(),
    };
    let accepting = tokio::spawn(server.accept(listener));
    Ok(Handle {
        addr,
        stop,
        accepting,
        connections,
        grace,
    })
}

fn builder(idle: Duration) -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new()).http1_only();
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(idle)
        .max_buf_size(HEAD_BYTES);
    builder
}

struct Server {
    builder: Builder<TokioExecutor>,
    room: Arc<Semaphore>,
    router: Router,
    stop: CancellationToken,
    tasks: TaskTracker,
}

impl Server {
    async fn accept(self, listener: TcpListener) {
        while let Some(Ok(room)) = self
            .stop
            .run_until_cancelled(self.room.clone().acquire_owned())
            .await
        {
            match self.stop.run_until_cancelled(listener.accept()).await {
                Some(Ok((stream, peer))) => {
                    drop(self.tasks.spawn(self.serve(stream, Peer(peer.ip()), room)));
                }
                Some(Err(error)) => {
                    tracing::warn!(%error, "failed to accept a connection for the dashboard");
                    sleep(ACCEPT_PAUSE).await;
                }
                None => return,
            }
        }
    }

    /// Serves one connection to its end; when stopped, to the end of what is in process.
    fn serve(
        &self,
        stream: TcpStream,
        peer: Peer,
        room: OwnedSemaphorePermit,
    ) -> impl Future<Output = ()> + use<> {
        let service = TowerToHyperService::new(self.router.clone().layer(Extension(peer)));
        let connection = self
            .builder
            .serve_connection(TokioIo::new(stream), service)
            .into_owned();
        let stop = self.stop.clone();
        async move {
            let mut connection = pin!(connection);
            let ended = match stop.run_until_cancelled(connection.as_mut()).await {
                Some(ended) => ended,
                None => {
                    connection.as_mut().graceful_shutdown();
                    connection.await
                }
            };
            if let Err(error) = ended {
                tracing::debug!(error, "a dashboard connection ended early");
            }
            drop(room);
        }
    }
}
