//! Live figures: one short stream each, read one after the other. A pulse that the edge gave up half-way is
//! nothing; one that cannot be read ends the connection.

use quinn::{Connection, ReadToEndError, RecvStream};

use bongsu_sdk_model::SiteId;
use bongsu_sdk_wire::{Decoder, Pulse, RefusalCode, Up};

use super::{
    Shared,
    session::{Ended, gone, refused},
};

/// Hands every pulse to the inbox.
pub(super) async fn pump(connection: &Connection, shared: &Shared, site: &SiteId) -> Ended {
    loop {
        let stream = match connection.accept_uni().await {
            Ok(stream) => stream,
            Err(error) => return gone(error),
        };
        match tokio::time::timeout(shared.config.hello_timeout, read(stream)).await {
            Ok(Ok(Some(pulse))) => shared.pulse(site, pulse),
            Ok(Ok(None)) => {}
            Ok(Err(ended)) => return ended,
            Err(_) => tracing::debug!(%site, "a pulse took too long"),
        }
    }
}

impl Shared {
    /// Takes in a pulse, however it came.
    pub(super) fn pulse(&self, site: &SiteId, pulse: Pulse) {
        self.counts.pulses.add(1);
        self.inbox.pulse(site, pulse, self.clock.now());
    }
}

async fn read(mut stream: RecvStream) -> Result<Option<Pulse>, Ended> {
    let bytes = match stream.read_to_end(Pulse::MAX_BYTES).await {
        Ok(bytes) => bytes,
        Err(ReadToEndError::TooLong) => {
            return Err(refused(RefusalCode::Malformed, "a pulse is too long"));
        }
        Err(ReadToEndError::Read(quinn::ReadError::ConnectionLost(error))) => {
            return Err(gone(error));
        }
        Err(ReadToEndError::Read(_)) => return Ok(None),
    };
    let mut decoder = Decoder::<Up>::new(Pulse::MAX_BYTES);
    decoder.push(&bytes);
    match decoder.next() {
        Ok(Some(Up::Pulse(pulse))) if decoder.is_at_boundary() => Ok(Some(pulse)),
        Ok(_) => Err(refused(
            RefusalCode::Malformed,
            "a pulse's stream held something else",
        )),
        Err(error) => Err(refused(RefusalCode::Malformed, error.to_string())),
    }
}
