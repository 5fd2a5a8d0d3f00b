//! The listener: accepts connections up to the limit, owns their tasks, and ends them on shutdown.

mod connection;
mod workers;

use std::{
    io, net::SocketAddr, os::fd::AsRawFd as _, sync::Arc, sync::atomic::Ordering::Relaxed,
    time::Duration,
};

use tokio::{
    net::{TcpListener, TcpSocket, TcpStream},
    task::JoinSet,
    time::{sleep, timeout},
};
use tokio_rustls::TlsAcceptor;
use tokio_util::{sync::CancellationToken, task::AbortOnDropHandle};

pub(crate) use self::workers::Workers;
use crate::{
    Config, Error,
    client::{Client, Ends, Server},
    pubsub::End,
};

/// Connections the system may hold for us between two accepts.
const BACKLOG: u32 = 511;
/// Pause after a failed accept, which is most often for want of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
/// Time connections have to finish what they are doing on shutdown.
const GRACE: Duration = Duration::from_secs(5);

/// Takes the address. Accepted sockets inherit the keep-alive, so that vanished peers are noticed.
fn listen(address: SocketAddr) -> Result<(TcpListener, SocketAddr), Error> {
    let socket = if address.is_ipv4() {
        TcpSocket::new_v4()
    } else {
        TcpSocket::new_v6()
    };
    let listen = |socket: TcpSocket| {
        socket.set_reuseaddr(true)?;
        socket.set_keepalive(true)?;
        socket.bind(address)?;
        let listener = socket.listen(BACKLOG)?;
        let address = listener.local_addr()?;
        Ok((listener, address))
    };
    socket
        .and_then(listen)
        .map_err(|source| Error::Bind { address, source })
}

/// Where clients arrive.
#[derive(Debug)]
pub(crate) struct Listeners {
    /// For those who speak RESP at once.
    pub(crate) plain: TcpListener,
    /// For those who speak TLS first.
    pub(crate) tls: Option<(TcpListener, Arc<rustls::ServerConfig>)>,
}

impl Listeners {
    /// Takes the configured addresses; which those are.
    pub(crate) fn open(config: &Config) -> Result<(Self, SocketAddr, Option<SocketAddr>), Error> {
        let (plain, address) = listen(config.bind)?;
        let Some(tls) = &config.tls else {
            return Ok((Self { plain, tls: None }, address, None));
        };
        let (listener, tls_address) = listen(tls.bind)?;
        let tls = Some((listener, Arc::clone(&tls.server)));
        Ok((Self { plain, tls }, address, Some(tls_address)))
    }

    async fn accept(&self) -> io::Result<(TcpStream, SocketAddr, Option<TlsAcceptor>)> {
        let Some((listener, config)) = &self.tls else {
            let (stream, address) = self.plain.accept().await?;
            return Ok((stream, address, None));
        };
        tokio::select! {
            plain = self.plain.accept() => plain.map(|(stream, address)| (stream, address, None)),
            tls = listener.accept() => tls.map(|(stream, address)| {
                (stream, address, Some(TlsAcceptor::from(Arc::clone(config))))
            }),
        }
    }
}

/// Accepts and serves until `stop`, then lets connections finish within [`GRACE`].
pub(crate) async fn run(
    listeners: Listeners,
    server: Arc<Server>,
    workers: Arc<Workers>,
    stop: CancellationToken,
) {
    let _adapting = AbortOnDropHandle::new(tokio::spawn(Arc::clone(&workers).adapt()));
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            () = stop.cancelled() => break,
            Some(_) = connections.join_next() => {}
            accepted = listeners.accept() => match accepted {
                Ok((stream, address, tls)) => {
                    server.stats.connections.fetch_add(1, Relaxed);
                    if connections.len() < server.config.max_clients {
                        let client = Client::new(Arc::clone(&server), ends(&stream, address));
                        connections.spawn(serve(stream, tls, client, Arc::clone(&workers)));
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
    for peer in server.peers.all() {
        peer.outbox.end(End::Stopping);
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

/// The ends of a fresh connection; a local one that cannot be told is gone already.
fn ends(stream: &TcpStream, remote: SocketAddr) -> Ends {
    Ends {
        remote,
        local: stream.local_addr().unwrap_or(remote),
        file: stream.as_raw_fd(),
    }
}

/// Serves a connection on one event loop after another, as the workers want it. One for TLS stays where it is: its
/// socket cannot be taken out of its session.
async fn serve(stream: TcpStream, tls: Option<TlsAcceptor>, client: Client, workers: Arc<Workers>) {
    // Without it small replies wait for the peer's acknowledgement; a socket that refuses is closing anyway.
    let _ = stream.set_nodelay(true);
    let id = client.peer.id;
    let mut next = Some((stream, client));
    while let Some((stream, client)) = next {
        let seat = workers.seat(id);
        let stream = match stream.into_std() {
            Ok(stream) => stream,
            Err(error) => return tracing::warn!(%error, "cannot serve a session client"),
        };
        let (tls, workers_of) = (tls.clone(), Arc::clone(&workers));
        let served = workers.of(seat).spawn(async move {
            let stream = TcpStream::from_std(stream).inspect_err(
                |error| tracing::warn!(client = id, %error, "cannot serve a session client"),
            );
            match (stream.ok()?, tls) {
                (stream, None) => {
                    connection::serve(stream, client, || workers_of.seat(id) == seat).await
                }
                (stream, Some(tls)) => serve_tls(stream, &tls, client).await,
            }
        });
        // A task that panicked has dropped its connection, which is all that can be done for it.
        next = AbortOnDropHandle::new(served).await.unwrap_or_default();
    }
}

/// Serves a connection after the handshake; it never moves.
async fn serve_tls(
    stream: TcpStream,
    tls: &TlsAcceptor,
    client: Client,
) -> Option<(TcpStream, Client)> {
    let limit = client.server.config.request_timeout;
    let outbox = Arc::clone(&client.peer.outbox);
    let id = client.peer.id;
    let shaken = tokio::select! {
        shaken = timeout(limit, tls.accept(stream)) => shaken,
        // Nothing is published for it yet: it is to end.
        () = outbox.arrived() => return None,
    };
    match shaken {
        Ok(Ok(stream)) => {
            connection::serve(stream, client, || true).await;
        }
        Ok(Err(error)) => tracing::debug!(client = id, %error, "TLS handshake failed"),
        Err(_) => tracing::debug!(client = id, "TLS handshake took too long"),
    }
    None
}

fn turn_away(server: &Server, stream: &TcpStream) {
    server.stats.rejected_connections.fetch_add(1, Relaxed);
    // A fresh socket has room for one line; if not, the close alone must do.
    let _ = stream.try_write(b"-ERR max number of clients reached\r\n");
}

#[cfg(test)]
mod tests {
    use bongsu_sdk_config::{Faults, Section};
    use bongsu_sdk_model::{ManualClock, Timestamp};
    use tokio::{
        io::{AsyncReadExt as _, AsyncWriteExt as _},
        sync::mpsc,
    };

    use super::*;

    async fn ask(client: &mut TcpStream, request: &str, reply: &str) {
        client.write_all(request.as_bytes()).await.unwrap();
        let mut read = vec![0; reply.len()];
        client.read_exact(&mut read).await.unwrap();
        assert_eq!(String::from_utf8_lossy(&read), reply);
    }

    #[tokio::test]
    async fn a_connection_moves_to_another_loop_with_all_it_has() {
        let dir = tempfile::tempdir().unwrap();
        let text = format!("bind = \"127.0.0.1:0\"\ndata_dir = {:?}", dir.path());
        let config = Config::read(Section::parse(&text, &Faults::default()));
        let clock = Arc::new(ManualClock::at(Timestamp::from_ms(0)));
        let store = crate::bind(config, clock, mpsc::channel(8).0)
            .await
            .unwrap();
        let mut clients = Vec::new();
        for _ in 0..4 {
            clients.push(TcpStream::connect(store.addr()).await.unwrap());
        }
        for client in &mut clients {
            ask(client, "SELECT 3\r\nSET sess:a 1\r\n", "+OK\r\n+OK\r\n").await;
            ask(client, "MULTI\r\nGET sess:a\r\n", "+OK\r\n+QUEUED\r\n").await;
        }
        assert_eq!(store.event_loops(), 1);
        if store.workers.served().len() < 2 {
            // One core, one loop: there is nowhere to go.
            return;
        }
        for loops in [2, 1] {
            store.workers.use_loops(loops);
            for client in &mut clients {
                // Found out after this, and half a request stays where it is.
                ask(client, "PING\r\nPI", "+QUEUED\r\n").await;
                ask(client, "NG\r\n", "+QUEUED\r\n").await;
            }
            let moved = || {
                let first = if loops == 2 { 2 } else { 4 };
                let served = store.workers.served();
                served.first() == Some(&first) && served.iter().sum::<usize>() == 4
            };
            timeout(GRACE, async {
                while !moved() {
                    tokio::task::yield_now().await;
                }
            })
            .await
            .unwrap();
        }
        for client in &mut clients {
            let reply = format!("*5\r\n$1\r\n1\r\n{}", "+PONG\r\n".repeat(4));
            ask(client, "EXEC\r\n", &reply).await;
        }
        store.shutdown().await;
    }
}
