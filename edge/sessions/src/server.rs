//! The listener: accepts connections up to the limit, owns their tasks, and ends them on shutdown.

mod connection;
mod workers;

use std::{net::SocketAddr, sync::Arc, sync::atomic::Ordering::Relaxed, time::Duration};

use tokio::{
    net::{TcpListener, TcpSocket, TcpStream},
    task::JoinSet,
    time::{sleep, timeout},
};
use tokio_util::sync::CancellationToken;

pub(crate) use self::workers::Workers;
use crate::{
    Error,
    client::{Client, Server},
};

/// Connections the system may hold for us between two accepts.
const BACKLOG: u32 = 511;
/// Pause after a failed accept, which is most often for want of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
/// Time connections have to finish what they are doing on shutdown.
const GRACE: Duration = Duration::from_secs(5);

/// Takes the address. Accepted sockets inherit the keep-alive, so that vanished peers are noticed.
pub(crate) fn listen(address: SocketAddr) -> Result<TcpListener, Error> {
    let socket = if address.is_ipv4() {
        TcpSocket::new_v4()
    } else {
        TcpSocket::new_v6()
    };
    let listen = |socket: TcpSocket| {
        socket.set_reuseaddr(true)?;
        socket.set_keepalive(true)?;
        socket.bind(address)?;
        socket.listen(BACKLOG)
    };
    socket
        .and_then(listen)
        .map_err(|source| Error::Bind { address, source })
}

/// Accepts and serves until `stop`, then lets connections finish within [`GRACE`].
pub(crate) async fn run(
    listener: TcpListener,
    server: Arc<Server>,
    workers: Workers,
    stop: CancellationToken,
) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            () = stop.cancelled() => break,
            Some(_) = connections.join_next() => {}
            accepted = listener.accept() => match accepted {
                Ok((stream, address)) => {
                    server.stats.connections.fetch_add(1, Relaxed);
                    if connections.len() < server.config.max_clients {
                        let client = Client::new(Arc::clone(&server), address);
                        connections.spawn_on(serve(stream, client, stop.clone()), &workers.next());
                    } else {
                        turn_away(&server, &stream);
                    }
                }
                Err(error) => {
                    tracing::warn!(%error, "cannot accept a session client");
                    sleep(ACCEPT_PAUSE).await;
                }
            },
        }
        server
            .stats
            .clients
            .store(connections.len().try_into().unwrap_or(u64::MAX), Relaxed);
    }
    let finished = timeout(GRACE, async {
        while connections.join_next().await.is_some() {}
    })
    .await;
    if finished.is_err() {
        tracing::warn!(
            connections = connections.len(),
            "session clients cut off at shutdown"
        );
        connections.shutdown().await;
    }
}

/// Serves a connection on the event loop this runs on, which is not the one that accepted it.
async fn serve(stream: TcpStream, client: Client, stop: CancellationToken) {
    match stream.into_std().and_then(TcpStream::from_std) {
        Ok(stream) => connection::serve(stream, client, stop).await,
        Err(error) => tracing::warn!(%error, "cannot serve a session client"),
    }
}

fn turn_away(server: &Server, stream: &TcpStream) {
    server.stats.rejected_connections.fetch_add(1, Relaxed);
    // A fresh socket has room for one line; if not, the close alone must do.
    let _ = stream.try_write(b"-ERR max number of clients reached\r\n");
}
