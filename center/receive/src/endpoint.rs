//! The QUIC endpoint and its limits. What a restarted center needs to tell old connections that they are
//! gone is derived from its private key, so that edges notice a restart at once and not at their time-out.

use std::{
    net::UdpSocket,
    pin::Pin,
    sync::Arc,
    time::{Duration, Instant},
};

use quinn::{
    AsyncTimer, AsyncUdpSocket, ConnectionId, ConnectionIdGenerator, Endpoint, EndpointConfig,
    Runtime, ServerConfig, TokioRuntime, TransportConfig,
};
use ring::{
    hmac,
    rand::{SecureRandom, SystemRandom},
};

use tokio_util::task::TaskTracker;

use crate::{Config, Error, tls};

/// What one stream may have in flight: a long link's round trip times its rate, with room.
const STREAM_WINDOW: u32 = 2 << 20;
/// What all streams of a connection may have in flight.
const CONNECTION_WINDOW: u32 = 4 << 20;
/// Pulses under way at once; a well-behaved edge has one.
const PULSE_STREAMS: u8 = 4;
/// Handshakes that wait to be accepted.
const WAITING: usize = 1_024;

/// Opens the socket. It is closed when the last of `drivers` has ended.
pub(crate) fn bind(config: &Config, drivers: &TaskTracker) -> Result<Endpoint, Error> {
    let (tls, key) = tls::server(config)?;
    let mut server = ServerConfig::with_crypto(Arc::new(tls));
    server
        .transport_config(Arc::new(transport(config)?))
        .max_incoming(WAITING);

    let reset = hmac::Key::new(hmac::HMAC_SHA256, key.secret_der());
    let reset = hmac::sign(&reset, b"bongsu stateless reset");
    let mut endpoint =
        EndpointConfig::new(Arc::new(hmac::Key::new(hmac::HMAC_SHA256, reset.as_ref())));
    endpoint.cid_generator(|| Box::new(RandomIds(SystemRandom::new())));

    let failed = |cause| Error::Bind {
        address: config.bind,
        cause,
    };
    let socket = UdpSocket::bind(config.bind).map_err(failed)?;
    let runtime = Arc::new(Tracked(drivers.clone()));
    Endpoint::new(endpoint, Some(server), socket, runtime).map_err(failed)
}

fn transport(config: &Config) -> Result<TransportConfig, Error> {
    let idle = config.idle_timeout.try_into().map_err(|_| Error::Setting {
        key: "idle_timeout",
    })?;
    let mut transport = TransportConfig::default();
    transport
        .max_idle_timeout(Some(idle))
        .max_concurrent_bidi_streams(1_u8.into())
        .max_concurrent_uni_streams(PULSE_STREAMS.into())
        .stream_receive_window(STREAM_WINDOW.into())
        .receive_window(CONNECTION_WINDOW.into())
        .datagram_receive_buffer_size(None);
    Ok(transport)
}

/// Connection ids of which every value is possible, so that one from before a restart is answered by a reset.
struct RandomIds(SystemRandom);

impl ConnectionIdGenerator for RandomIds {
    fn generate_cid(&mut self) -> ConnectionId {
        let mut id = [0; 8];
        // Without randomness no TLS handshake would succeed either.
        let _ = self.0.fill(&mut id);
        ConnectionId::new(&id)
    }

    fn cid_len(&self) -> usize {
        8
    }

    fn cid_lifetime(&self) -> Option<Duration> {
        None
    }
}

/// Tokio, with QUIC's own tasks on a list, so that a shutdown can wait until the socket is closed.
#[derive(Debug)]
struct Tracked(TaskTracker);

impl Runtime for Tracked {
    fn new_timer(&self, at: Instant) -> Pin<Box<dyn AsyncTimer>> {
        TokioRuntime.new_timer(at)
    }

    fn spawn(&self, task: Pin<Box<dyn Future<Output = ()> + Send>>) {
        self.0.spawn(task);
    }

    fn wrap_udp_socket(&self, socket: UdpSocket) -> std::io::Result<Arc<dyn AsyncUdpSocket>> {
        TokioRuntime.wrap_udp_socket(socket)
    }

    fn now(&self) -> Instant {
        TokioRuntime.now()
    }
}
