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

use super::{Shared, enrol, ledger::Ledger, orders, pulses};
use crate::{
    Link, Loss, RegistryError,
    seats::Ticket,
    tls::{self, Certificate, Peer},
};

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
    let limit = shared.config.hello_timeout;
    let connection = match tokio::time::timeout(limit, incoming).await {
        Ok(Ok(connection)) => connection,
        Ok(Err(error)) => return failed_handshake(&shared, address, &error.to_string()),
        Err(_) => return failed_handshake(&shared, address, "no handshake in time"),
    };
    let certificate = match tls::peer(&connection) {
        Peer::Edge(certificate) => certificate,
        Peer::Newcomer => return enrol::serve(connection, address, shared).await,
        Peer::Nobody => {
            let (code, text) = enrol::NO_CERTIFICATE;
            connection.close(code.close_code().into(), text.as_bytes());
            return failed_handshake(&shared, address, text);
        }
    };
    let mut streams = match tokio::time::timeout(limit, arrive(&connection)).await {
        Ok(Ok(streams)) => streams,
        Ok(Err(error)) => return failed_handshake(&shared, address, &error.to_string()),
        Err(_) => return failed_handshake(&shared, address, "no stream in time"),
    };
    let peer = (&connection, &certificate);
    let mut site = None;
    let ended = tokio::select! {
        ended = converse(peer, &shared, &mut streams, &mut site) => ended,
        () = shared.stop.cancelled() => refused(RefusalCode::Stopping, "the center is stopping"),
    };
    log_end(&shared, address, site.as_ref(), &ended);
    if let Ended::Refused(refusal) = &ended {
        say(&mut streams.down, refusal).await;
        connection.close(refusal.code.close_code().into(), refusal.text.as_bytes());
    }
}

/// The edge's stream.
async fn arrive(connection: &Connection) -> Result<Streams, ConnectionError> {
    let (down, up) = connection.accept_bi().await?;
    Ok(Streams {
        up,
        down,
        decoder: Decoder::new(MAX_FRAME_BYTES),
        receiver: Receiver::new(),
    })
}

/// Everything that is said on a connection. Sets `site` once the certificate has proved it.
async fn converse(
    (connection, certificate): (&Connection, &Certificate),
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
    if !certificate.is_for(&hello.site) {
        return refused(
            RefusalCode::Site,
            format!("the certificate is not for site `{}`", hello.site),
        );
    }
    *site = Some(hello.site.clone());
    let fingerprint = certificate.fingerprint();
    if let Err(ended) = check_revoked(shared, &hello.site, &fingerprint).await {
        return ended;
    }
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
        () = shared.sites.registry().until_revoked(&hello.site, &fingerprint) => revoked(),
        () = enrol::renew(connection, shared, &hello.site, &fingerprint) => gone("renewing ended"),
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

fn revoked() -> Ended {
    refused(
        RefusalCode::Revoked,
        "the certificate was revoked, hint: enrol again with a new token",
    )
}

/// Looks at the files once more: who was shut out a moment ago must not get in.
async fn check_revoked(
    shared: &Arc<Shared>,
    site: &SiteId,
    fingerprint: &str,
) -> Result<(), Ended> {
    let (doing, site, fingerprint) = (Arc::clone(shared), site.clone(), fingerprint.to_owned());
    let looked = tokio::task::spawn_blocking(move || {
        let registry = doing.sites.registry();
        registry.reload()?;
        Ok::<_, RegistryError>(registry.is_revoked(&site, &fingerprint))
    });
    match looked.await {
        Ok(Ok(false)) => Ok(()),
        Ok(Ok(true)) => Err(revoked()),
        Ok(Err(error)) => {
            tracing::error!(%error, "failed to read who is shut out");
            let text = "the center cannot look you up at present";
            Err(refused(RefusalCode::Unavailable, text))
        }
        Err(error) => Err(gone(error)),
    }
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
