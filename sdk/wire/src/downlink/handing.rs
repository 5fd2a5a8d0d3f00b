//! The center's half of an order: what to send when, and when it is settled. It never holds the body: the
//! caller reads pieces of it from where it is kept.

use crate::{FrameError, MAX_NOTE_BYTES, Outcome, Reply};

/// What a frame from the edge asks of the center.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Handed {
    /// Send the body from this byte on.
    SendFrom(usize),
    /// Make this durable; the stream is at its end.
    Settled(Outcome),
}

/// One order on its way out.
#[derive(Debug)]
pub struct Handing {
    bytes: u64,
    wanted: bool,
    settled: bool,
}

impl Handing {
    /// An order of `bytes` whose head was just sent.
    #[must_use]
    pub const fn of(bytes: u64) -> Self {
        Self {
            bytes,
            wanted: false,
            settled: false,
        }
    }

    /// Takes a frame from the edge.
    ///
    /// # Errors
    /// [`FrameError`] if it is out of turn or breaks a limit.
    pub fn take(&mut self, frame: Reply) -> Result<Handed, FrameError> {
        let wrong = |text: &str| Err(FrameError::Malformed(text.to_owned()));
        match frame {
            _ if self.settled => wrong("a frame after the report"),
            Reply::Want { .. } if self.wanted => wrong("the body was asked for twice"),
            Reply::Want { from } if from <= self.bytes => {
                self.wanted = true;
                Ok(Handed::SendFrom(
                    usize::try_from(from).unwrap_or(usize::MAX),
                ))
            }
            Reply::Want { .. } => wrong("bytes were asked for that the body does not have"),
            Reply::Report(outcome) => {
                if let Outcome::Applied { note: text } | Outcome::Failed { reason: text } = &outcome
                    && text.len() > MAX_NOTE_BYTES
                {
                    return Err(FrameError::TooLong {
                        len: text.len(),
                        limit: MAX_NOTE_BYTES,
                    });
                }
                self.settled = true;
                Ok(Handed::Settled(outcome))
            }
            _ => wrong("no frame of an order"),
        }
    }
}
