//! One connection from its first packet to its last: TLS, Hello, certificate against site, seat, ledger, and
//! then two pumps until something ends it. It may be dropped at any point: what is being made durable goes on
//! and keeps the site's lane until it is done.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use quinn::{Connection, ConnectionError, Incoming, RecvStream, SendStream};
use tokio::sync::Notify;

use bongsu_sdk_model::SiteId;
use bongsu_sdk_wire::{
    Decoder, Down, Hello, MAX_FRAME_BYTES, Received, Receiver, Refusal, RefusalCode, Up, Versions,
    encode,
};

use super::{Shared, ledger::Ledger, orders, pulses};
use crate::{Link, Loss, seats::Ticket, tls};

/// How long the last frame may take to reach the edge.
const GOODBYE: Duration = Duration::from_millis(500);
/// Bytes taken from a stream at once before Hello.
const CHUNK: usize = 4 << 10;

/// Why a session ended.
#[derive(Debug)]
pub(super) enum Ended {
    /// By the center.
    Refused(Refusal),
    /// By the edge or the network; the text is for the log.
    Gone(String),
}

impl From<Refusal> for Ended {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

/// Anything the transport reports is the peer's going.
pub(super) fn gone(error: impl std::fmt::Display) -> Ended {
    Ended::Gone(error.to_string())
}

/// A refusal as an ending.
pub(super) fn refused(code: RefusalCode, text: impl Into<String>) -> Ended {
    Ended::Refused(Refusal::new(code, text))
}

/// The ledger's stream in both directions, and what reads it.
pub(super) struct Streams {
    pub(super) up: RecvStream,
    pub(super) down: SendStream,
    pub(super) decoder: Decoder<Up>,
    pub(super) receiver: Receiver,
}

/// Serves one connection.
pub(super) async fn run(incoming: Incoming, shared: Arc<Shared>) {
    let address = incoming.remote_address();
    let arriving = tokio::time::timeout(shared.config.hello_timeout, arrive(incoming));
    let (connection, mut streams) = match arriving.await {
        Ok(Ok(arrived)) => arrived,
        Ok(Err(error)) => return failed_handshake(&shared, address, &error.to_string()),
        Err(_) => return failed_handshake(&shared, address, "no handshake in time"),
    };
    let mut site = None;
    let ended = tokio::select! {
        ended = converse(&connection, &shared, &mut streams, &mut site) => ended,
        () = shared.stop.cancelled() => refused(RefusalCode::Stopping, "the center is stopping"),
    };
    log_end(&shared, address, site.as_ref(), &ended);
    if let Ended::Refused(refusal) = &ended {
        say(&mut streams.down, refusal).await;
        connection.close(refusal.code.close_code().into(), refusal.text.as_bytes());
    }
}

/// TLS and the edge's stream.
async fn arrive(incoming: Incoming) -> Result<(Connection, Streams), ConnectionError> {
    let connection = incoming.await?;
    let (down, up) = connection.accept_bi().await?;
    let streams = Streams {
        up,
        down,
        decoder: Decoder::new(MAX_FRAME_BYTES),
        receiver: Receiver::new(),
    };
    Ok((connection, streams))
}

/// Everything that is said on a connection. Sets `site` once the certificate has proved it.
async fn converse(
    connection: &Connection,
    shared: &Arc<Shared>,
    streams: &mut Streams,
    site: &mut Option<SiteId>,
) -> Ended {
    let hello = match tokio::time::timeout(shared.config.hello_timeout, hear_hello(streams)).await {
        Ok(Ok(hello)) => hello,
        Ok(Err(ended)) => return ended,
        Err(_) => return refused(RefusalCode::Malformed, "no hello in time"),
    };
    let heard = shared.clock.now();
    if !tls::is_edge_of(connection, &hello.site) {
        return refused(
            RefusalCode::Site,
            format!("the certificate is not for site `{}`", hello.site),
        );
    }
    *site = Some(hello.site.clone());
    let ticket = match shared.seats.take(&hello.site) {
        Ok(ticket) => ticket,
        Err(refusal) => return refusal.into(),
    };
    let sent = hello.clock.plus(connection.rtt() / 2);
    let link = Link {
        since: heard,
        address: connection.remote_address(),
        clock_offset_ms: sent.as_ms().saturating_sub(heard.as_ms()),
        epoch: hello.epoch,
    };
    let ended = tokio::select! {
        ended = serve(connection, shared, &hello.site, link, &ticket, streams) => ended,
        () = ticket.replaced.cancelled() => refused(RefusalCode::Replaced, "a newer connection of this site took over"),
    };
    if let Ended::Refused(Refusal {
        code: RefusalCode::Malformed | RefusalCode::Gap,
        ..
    }) = &ended
    {
        shared.seats.strike(&hello.site);
    }
    ended
}

async fn hear_hello(streams: &mut Streams) -> Result<Hello, Ended> {
    loop {
        let frame = streams
            .decoder
            .next()
            .map_err(|error| refused(RefusalCode::Malformed, error.to_string()))?;
        if let Some(frame) = frame {
            return match streams.receiver.handle(frame)? {
                Received::Hello(hello) => Ok(hello),
                _ => Err(refused(
                    RefusalCode::Malformed,
                    "the first frame was no hello",
                )),
            };
        }
        let chunk = streams.up.read_chunk(CHUNK, true).await.map_err(gone)?;
        streams
            .decoder
            .push(&chunk.ok_or_else(|| gone("closed before hello"))?.bytes);
    }
}

/// Opens the ledger and pumps until the end.
async fn serve(
    connection: &Connection,
    shared: &Arc<Shared>,
    site: &SiteId,
    link: Link,
    ticket: &Ticket,
    streams: &mut Streams,
) -> Ended {
    let lane = ticket.lane().await;
    let mut ledger = Ledger::new(shared, site.clone(), link.epoch, lane);
    let version = match open(shared, &ledger, streams).await {
        Ok(version) => version,
        Err(ended) => return ended,
    };
    let connected = Connected::new(shared, site, link, version, connection);
    tokio::select! {
        ended = ledger.pump(streams) => ended,
        ended = pulses::pump(connection, shared, site) => ended,
        ended = orders::pump(connection, &shared.sites, site, &connected.news), if version >= Versions::DOWNLINK => ended,
    }
}

/// Position, lost interval, Welcome; gives the version spoken.
async fn open(shared: &Shared, ledger: &Ledger, streams: &mut Streams) -> Result<u16, Ended> {
    let position = ledger.position().await?;
    let opened = streams.receiver.open(position, shared.clock.now())?;
    if let Some(lost) = opened.lost {
        tracing::warn!(
            site = %ledger.site(), from = lost.from, through = lost.through,
            "batches are lost: the edge no longer holds them"
        );
        ledger.skip(lost.through, Loss::NotHeld).await?;
        shared.counts.lost.add(lost.through - lost.from + 1);
    }
    let welcome = encode(&opened.welcome).map_err(gone)?;
    streams.down.write_all(&welcome).await.map_err(gone)?;
    Ok(opened.version)
}

/// Reports the connection to the inbox now, and its end when dropped. It is dropped before the lane, so the
/// inbox hears of the end of one before it hears of the next.
struct Connected<'a> {
    shared: &'a Shared,
    site: &'a SiteId,
    /// Notified when there may be something to send.
    news: Arc<Notify>,
}

impl<'a> Connected<'a> {
    fn new(
        shared: &'a Shared,
        site: &'a SiteId,
        link: Link,
        version: u16,
        connection: &Connection,
    ) -> Self {
        let Link {
            address,
            clock_offset_ms,
            ..
        } = link;
        shared.counts.welcomed.add(1);
        tracing::info!(%site, %address, clock_offset_ms, "an edge has connected");
        let link = Link {
            since: shared.clock.now(),
            ..link
        };
        shared.inbox.connected(site, link);
        let present = &shared.sites.inner().present;
        let news = present.came(site, link, version, connection);
        Self { shared, site, news }
    }
}

impl Drop for Connected<'_> {
    fn drop(&mut self) {
        let now = self.shared.clock.now();
        self.shared.sites.inner().present.went(self.site, now);
        self.shared.inbox.disconnected(self.site, now);
    }
}

/// Sends the last frame and waits a moment for it to arrive. Who was replaced is most likely gone.
async fn say(down: &mut SendStream, refusal: &Refusal) {
    if refusal.code == RefusalCode::Replaced {
        return;
    }
    let Ok(bytes) = encode(&Down::Refused(refusal.clone())) else {
        return;
    };
    let saying = async {
        if down.write_all(&bytes).await.is_ok() && down.finish().is_ok() {
            let _ = down.stopped().await;
        }
    };
    let _ = tokio::time::timeout(GOODBYE, saying).await;
}

/// Text from a peer is quoted: it may hold anything.
fn log_end(shared: &Shared, address: SocketAddr, site: Option<&SiteId>, ended: &Ended) {
    let site = site.map_or("unproved", SiteId::as_str);
    match ended {
        Ended::Gone(reason) => tracing::info!(site, %address, ?reason, "an edge has gone"),
        Ended::Refused(refusal) => {
            shared.counts.refuse(refusal.code);
            if refusal.code != RefusalCode::Stopping {
                tracing::warn!(site, %address, code = %refusal.code, reason = ?refusal.text, "a connection was refused");
            }
        }
    }
}

/// Strangers can cause this at will, so it is logged ever more rarely.
fn failed_handshake(shared: &Shared, address: SocketAddr, reason: &str) {
    let failed = shared.counts.failed_handshakes.add(1);
    if failed.is_power_of_two() {
        tracing::warn!(%address, ?reason, failed, "a handshake failed");
    }
}
