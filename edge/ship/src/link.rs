//! One connection: socket, handshake, and three pumps (batches up, acknowledgements down, pulses) that run
//! side by side until one of them ends. Everything it learns is in the outbox and the status; dropping it at
//! any point loses nothing.

use std::{
    convert::Infallible,
    net::{Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use quinn::{ClientConfig, Connection, Endpoint, RecvStream, SendStream, TransportConfig};
use tokio::{
    sync::{Notify, watch},
    time::Instant,
};

use bongsu_sdk_wire::{Decoder, Down, Heard, MAX_FRAME_BYTES, Pulse, Sender, encode};

use crate::{
    Config, Error,
    budget::{Budget, PIECE, Use},
    downlink::{self, Road},
    driver::Shipper,
    ended::Ended,
    pulse, tls,
};

/// Most bytes asked of the outbox at once.
const READ_BYTES: usize = 1 << 20;
/// How long a closing connection may take to say goodbye.
const GOODBYE: Duration = Duration::from_secs(1);

/// Makes one attempt and, if it succeeds, ships until the connection ends.
pub(crate) async fn run(shipper: &Shipper, pulses: &mut watch::Receiver<Option<Pulse>>) -> Ended {
    tokio::select! {
        () = shipper.stop.cancelled() => Ended::Stopped,
        opened = within(shipper.config.connect_timeout, open(shipper)) => match opened {
            Ok(link) => link.serve(shipper, pulses).await,
            Err(ended) => ended,
        }
    }
}

/// Settings of the connection that both sides of a flow see.
pub(crate) fn transport(config: &Config) -> Result<TransportConfig, Error> {
    let idle = config.idle_timeout.try_into().map_err(|_| Error::Setting {
        key: "idle_timeout",
    })?;
    let mut transport = TransportConfig::default();
    transport
        .keep_alive_interval(Some(config.keep_alive))
        .max_idle_timeout(Some(idle))
        .max_concurrent_bidi_streams(downlink::STREAMS.into())
        .max_concurrent_uni_streams(0_u8.into())
        .datagram_receive_buffer_size(None);
    Ok(transport)
}

struct Link {
    budget: Arc<Budget>,
    endpoint: Endpoint,
    connection: Connection,
    up: SendStream,
    down: RecvStream,
    decoder: Decoder<Down>,
    sender: Mutex<Sender>,
    freed: Notify,
}

async fn open(shipper: &Shipper) -> Result<Link, Ended> {
    let config = shipper.config.clone();
    let tls = blocking(move || tls::client(&config)).await??;
    let mut client = ClientConfig::new(Arc::new(tls));
    client.transport_config(Arc::new(transport(&shipper.config)?));
    let (endpoint, connection) = connect(&shipper.config, client).await?;
    let (up, down) = connection.open_bi().await?;
    let mut link = Link {
        budget: Arc::new(Budget::new(shipper.config.max_kbps, Instant::now())),
        endpoint,
        connection,
        up,
        down,
        decoder: Decoder::new(MAX_FRAME_BYTES),
        sender: Mutex::new(Sender::new(shipper.config.window)),
        freed: Notify::new(),
    };
    link.greet(shipper).await?;
    Ok(link)
}

/// Tries every address of the center in turn, each for an equal share of the time allowed.
async fn connect(config: &Config, client: ClientConfig) -> Result<(Endpoint, Connection), Ended> {
    let lookup = |cause| Ended::Lookup {
        center: config.center.clone(),
        cause,
    };
    let addresses: Vec<SocketAddr> = tokio::net::lookup_host(&config.center)
        .await
        .map_err(lookup)?
        .collect();
    let mut last = lookup(std::io::Error::other("the name has no address"));
    let share = config.connect_timeout / u32::try_from(addresses.len().max(1)).unwrap_or(1);
    for address in addresses {
        let any = match address {
            SocketAddr::V4(_) => (Ipv4Addr::UNSPECIFIED, 0).into(),
            SocketAddr::V6(_) => (Ipv6Addr::UNSPECIFIED, 0).into(),
        };
        let endpoint = Endpoint::client(any).map_err(Ended::Socket)?;
        let connecting = endpoint.connect_with(client.clone(), address, &config.server_name)?;
        match within(share, async { Ok(connecting.await?) }).await {
            Ok(connection) => return Ok((endpoint, connection)),
            Err(ended) => last = ended,
        }
    }
    Err(last)
}

impl Link {
    /// Hello and Welcome.
    async fn greet(&mut self, shipper: &Shipper) -> Result<(), Ended> {
        let outbox = Arc::clone(&shipper.outbox);
        let (epoch, oldest) =
            blocking(move || outbox.oldest().map(|oldest| (outbox.epoch(), oldest))).await??;
        let hello = self
            .sender()
            .hello(shipper.site.clone(), epoch, oldest, shipper.clock.now());
        self.up.write_all(&encode(&hello)?).await?;
        loop {
            while let Some(frame) = self.decoder.next()? {
                let heard = self.sender().handle(frame, shipper.clock.now())?;
                match heard {
                    Heard::Welcomed {
                        through,
                        clock_offset_ms,
                        ..
                    } => {
                        let outbox = Arc::clone(&shipper.outbox);
                        blocking(move || outbox.acknowledged(through)).await??;
                        shipper.connected(through, clock_offset_ms);
                        return Ok(());
                    }
                    Heard::Refused(refusal) => return Err(Ended::Refused(refusal)),
                    Heard::Acknowledged { .. } | Heard::Nothing => {}
                }
            }
            read_some(&mut self.down, &mut self.decoder).await?;
        }
    }

    /// Runs the pumps until one ends, then says goodbye.
    async fn serve(self, shipper: &Shipper, pulses: &mut watch::Receiver<Option<Pulse>>) -> Ended {
        let Self {
            budget,
            endpoint,
            connection,
            up,
            down,
            decoder,
            sender,
            freed,
        } = self;
        let ledger = Ledger {
            shipper,
            sender: &sender,
            freed: &freed,
            budget: &budget,
        };
        let road = Road {
            connection: connection.clone(),
            site: shipper.site.clone(),
            identity: shipper.config.cert.clone(),
            budget: Arc::clone(&budget),
        };
        let ended = tokio::select! {
            () = shipper.stop.cancelled() => Ended::Stopped,
            Err(ended) = ledger.up(up) => ended,
            Err(ended) = ledger.down(down, decoder) => ended,
            Err(ended) = pulse::pump(&connection, &budget, pulses) => ended,
            Err(ended) = downlink::pump(&road, &shipper.downlink) => ended,
        };
        // A stream that broke because the connection was closed says less than the reason for closing it.
        let ended = match connection.close_reason() {
            Some(reason) if !matches!(ended, Ended::Refused(_) | Ended::Stopped) => reason.into(),
            _ => ended,
        };
        connection.close(0_u8.into(), b"");
        let _ = tokio::time::timeout(GOODBYE, endpoint.wait_idle()).await;
        ended
    }

    fn sender(&self) -> MutexGuard<'_, Sender> {
        lock(&self.sender)
    }
}

/// The ledger stream of an open connection.
struct Ledger<'a> {
    shipper: &'a Shipper,
    sender: &'a Mutex<Sender>,
    /// Notified when an acknowledgement has made room in the window.
    freed: &'a Notify,
    budget: &'a Budget,
}

impl Ledger<'_> {
    /// Reads the outbox and writes batches, as far as the window allows.
    async fn up(&self, mut stream: SendStream) -> Result<Infallible, Ended> {
        loop {
            let Some(room) = lock(self.sender).room() else {
                self.freed.notified().await;
                continue;
            };
            let outbox = Arc::clone(&self.shipper.outbox);
            let batches =
                blocking(move || outbox.read_after(room.after, room.bytes.min(READ_BYTES)))
                    .await??;
            if batches.is_empty() {
                self.shipper.wake.notified().await;
                continue;
            }
            let mut bytes = Vec::new();
            for (sequence, payload) in batches.into_iter().take(room.batches) {
                let frame = lock(self.sender).batch(sequence, payload)?;
                bytes.extend_from_slice(&encode(&frame)?);
            }
            for piece in bytes.chunks(PIECE) {
                self.budget.take(Use::Ledger, piece.len()).await;
                stream.write_all(piece).await?;
            }
        }
    }

    /// Reads acknowledgements and frees the outbox.
    async fn down(
        &self,
        mut stream: RecvStream,
        mut decoder: Decoder<Down>,
    ) -> Result<Infallible, Ended> {
        loop {
            let mut durable = None;
            while let Some(frame) = decoder.next()? {
                match lock(self.sender).handle(frame, self.shipper.clock.now())? {
                    Heard::Acknowledged { through } => durable = Some(through),
                    Heard::Refused(refusal) => return Err(Ended::Refused(refusal)),
                    Heard::Welcomed { .. } | Heard::Nothing => {}
                }
            }
            if let Some(through) = durable {
                self.freed.notify_one();
                let outbox = Arc::clone(&self.shipper.outbox);
                blocking(move || outbox.acknowledged(through)).await??;
                self.shipper.acknowledged(through);
            }
            read_some(&mut stream, &mut decoder).await?;
        }
    }
}

async fn read_some(stream: &mut RecvStream, decoder: &mut Decoder<Down>) -> Result<(), Ended> {
    match stream.read_chunk(64 << 10, true).await? {
        Some(chunk) => {
            decoder.push(&chunk.bytes);
            Ok(())
        }
        None => Err(Ended::Finished),
    }
}

async fn within<T>(
    limit: Duration,
    work: impl Future<Output = Result<T, Ended>>,
) -> Result<T, Ended> {
    tokio::time::timeout(limit, work)
        .await
        .unwrap_or(Err(Ended::Timeout(limit)))
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Ended> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|_| Ended::Worker)
}

/// The machine's state is whole between its methods, whatever a thread that held it did.
fn lock(sender: &Mutex<Sender>) -> MutexGuard<'_, Sender> {
    sender.lock().unwrap_or_else(PoisonError::into_inner)
}
