//! Live figures beside the backlog. Nothing here is retried, acknowledged or queued: the next pulse says it
//! better.

use std::convert::Infallible;

use quinn::{Connection, SendStream};
use tokio::sync::watch;

use bongsu_sdk_wire::{PULSE_PRIORITY, Pulse, Up, encode};

use crate::ended::Ended;

/// Sends every new pulse on a stream of its own; one that is not through when the next comes is dropped.
pub(crate) async fn pump(
    connection: &Connection,
    pulses: &mut watch::Receiver<Option<Pulse>>,
) -> Result<Infallible, Ended> {
    pulses.mark_changed();
    loop {
        if pulses.changed().await.is_err() {
            // No one will send a pulse any more; the ledger goes on.
            std::future::pending::<()>().await;
        }
        let Some(pulse) = pulses.borrow_and_update().clone() else {
            continue;
        };
        let bytes = match encode(&Up::Pulse(pulse)) {
            Ok(bytes) if bytes.len() <= Pulse::MAX_BYTES => bytes,
            Ok(bytes) => {
                tracing::debug!(bytes = bytes.len(), "a pulse is too large and was dropped");
                continue;
            }
            Err(error) => {
                tracing::debug!(%error, "a pulse was dropped");
                continue;
            }
        };
        let mut next = pulses.clone();
        let mut stream = tokio::select! {
            stream = connection.open_uni() => stream?,
            _ = next.changed() => continue,
        };
        let sent = tokio::select! {
            sent = send(&mut stream, &bytes) => Some(sent),
            _ = next.changed() => None,
        };
        match sent {
            Some(sent) => sent?,
            None => drop(stream.reset(0_u8.into())),
        }
    }
}

/// Ends when every byte has been acknowledged by the center's QUIC, not merely buffered here.
async fn send(stream: &mut SendStream, bytes: &[u8]) -> Result<(), Ended> {
    let _ = stream.set_priority(PULSE_PRIORITY);
    stream.write_all(bytes).await?;
    let _ = stream.finish();
    let _ = stream.stopped().await;
    Ok(())
}
