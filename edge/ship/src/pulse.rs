//! Live figures beside the backlog. Nothing here is retried, acknowledged or queued: the next pulse says it
//! better.

use std::{convert::Infallible, time::Duration};

use quinn::{Connection, SendStream};
use tokio::sync::watch;

use bongsu_sdk_wire::{PULSE_PRIORITY, Pulse, Up, encode};

use crate::{
    budget::{Budget, Use},
    ended::Ended,
};

/// A pulse that is not through by then tells of the past.
const STALE: Duration = Duration::from_secs(10);

/// Sends pulses on a stream each, one after the other: always the newest, as soon as the last one is through and
/// the budget allows.
pub(crate) async fn pump(
    connection: &Connection,
    budget: &Budget,
    pulses: &mut watch::Receiver<Option<Pulse>>,
) -> Result<Infallible, Ended> {
    pulses.mark_changed();
    let mut bytes_of_last = 0;
    loop {
        if pulses.changed().await.is_err() {
            // No one will send a pulse any more; the ledger goes on.
            std::future::pending::<()>().await;
        }
        // What the next one will cost is known best by the last; it is only read when it may go.
        budget.take(Use::Pulse, bytes_of_last).await;
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
        bytes_of_last = bytes.len();
        let mut stream = connection.open_uni().await?;
        match tokio::time::timeout(STALE, send(&mut stream, &bytes)).await {
            Ok(sent) => sent?,
            Err(_) => drop(stream.reset(0_u8.into())),
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
