//! The edge's half of the ledger: what to read from the spool next, and what the center has.
//!
//! It never holds payloads: the spool does, until they are acknowledged. One machine serves one connection
//! after the other; [`Sender::hello`] begins each.

use std::collections::VecDeque;

use bongsu_sdk_model::{SiteId, Timestamp};

use crate::{Batch, Class, Down, Hello, Lane, Refusal, Up, Versions};

/// How much may be under way without an acknowledgement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SendWindow {
    /// Number of batches.
    pub batches: usize,
    /// Sum of their payloads, in bytes. A single batch may exceed it when nothing else is under way.
    pub bytes: usize,
}

/// What the spool may be asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Room {
    /// Read the batches after this sequence.
    pub after: u64,
    /// At most so many.
    pub batches: usize,
    /// At most so many bytes, but at least one batch.
    pub bytes: usize,
}

/// What a frame from the center means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Heard {
    /// The connection is open.
    Welcomed {
        /// Version spoken.
        version: u16,
        /// Everything up to here may leave the spool.
        through: u64,
        /// The center's clock minus the edge's, ms; exact to half the time between Hello and Welcome.
        clock_offset_ms: i64,
    },
    /// Everything up to here may leave the spool.
    Acknowledged {
        /// Highest sequence that is durable at the center.
        through: u64,
    },
    /// Nothing new.
    Nothing,
    /// The center ends the connection.
    Refused(Refusal),
}

/// The center or the spool broke the rules; close the connection.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SenderError {
    /// An acknowledgement of something never sent.
    #[error("the center acknowledged {through}, but only {sent} was sent")]
    AckBeyondSent {
        /// What was acknowledged.
        through: u64,
        /// What was sent.
        sent: u64,
    },
    /// A position below what the spool holds.
    #[error("the center wants {wanted}, but the spool begins at {oldest}")]
    Behind {
        /// The sequence the center would go on with.
        wanted: u64,
        /// Lowest sequence held.
        oldest: u64,
    },
    /// The spool gave another sequence than the next.
    #[error("the spool gave sequence {given} where {expected} was due")]
    NotNext {
        /// The sequence given.
        given: u64,
        /// The sequence due.
        expected: u64,
    },
    /// A version the edge did not offer.
    #[error("the center chose version {0}, which was not offered")]
    Version(u16),
    /// A frame at the wrong moment.
    #[error("the center sent {0} out of turn")]
    OutOfTurn(&'static str),
}

/// The state of the edge's connection.
#[derive(Debug)]
pub struct Sender {
    window: SendWindow,
    state: State,
    /// Sequence and payload bytes of every batch under way, oldest first.
    under_way: VecDeque<(u64, usize)>,
    bytes_under_way: usize,
}

#[derive(Debug, Clone, Copy)]
enum State {
    Closed,
    Greeting { oldest: u64, sent_at: Timestamp },
    Open { acked: u64, sent: u64 },
}

impl Sender {
    /// A machine without a connection.
    #[must_use]
    pub const fn new(window: SendWindow) -> Self {
        Self {
            window,
            state: State::Closed,
            under_way: VecDeque::new(),
            bytes_under_way: 0,
        }
    }

    /// Begins a connection: forgets what was under way on the last one and gives the frame to send first.
    pub fn hello(&mut self, site: SiteId, epoch: u64, oldest: u64, now: Timestamp) -> Up {
        self.state = State::Greeting {
            oldest,
            sent_at: now,
        };
        self.under_way.clear();
        self.bytes_under_way = 0;
        Up::Hello(Hello {
            versions: Versions::SPOKEN,
            site,
            epoch,
            oldest,
            clock: now,
        })
    }

    /// Begins a further lane of a connection that was welcomed.
    pub fn lane(&mut self, class: Class, oldest: u64, now: Timestamp) -> Up {
        self.state = State::Greeting {
            oldest,
            sent_at: now,
        };
        self.under_way.clear();
        self.bytes_under_way = 0;
        Up::Lane(Lane { class, oldest })
    }

    /// Takes one frame from the center, at the edge's `now`.
    ///
    /// # Errors
    /// [`SenderError`] if the frame breaks the protocol.
    pub fn handle(&mut self, frame: Down, now: Timestamp) -> Result<Heard, SenderError> {
        match (self.state, frame) {
            (_, Down::Refused(refusal)) => {
                self.state = State::Closed;
                Ok(Heard::Refused(refusal))
            }
            (State::Greeting { oldest, sent_at }, Down::Welcome(welcome)) => {
                let through = welcome.acked_through;
                if Versions::SPOKEN
                    .agree(Versions {
                        oldest: welcome.version,
                        newest: welcome.version,
                    })
                    .is_none()
                {
                    return Err(SenderError::Version(welcome.version));
                }
                if through < oldest.saturating_sub(1) {
                    return Err(SenderError::Behind {
                        wanted: through + 1,
                        oldest,
                    });
                }
                self.state = State::Open {
                    acked: through,
                    sent: through,
                };
                let clock_offset_ms = clock_offset_ms(sent_at, welcome.clock, now);
                Ok(Heard::Welcomed {
                    version: welcome.version,
                    through,
                    clock_offset_ms,
                })
            }
            (State::Open { acked, sent }, Down::Ack { through }) => {
                if through > sent {
                    return Err(SenderError::AckBeyondSent { through, sent });
                }
                if through <= acked {
                    return Ok(Heard::Nothing);
                }
                self.state = State::Open {
                    acked: through,
                    sent,
                };
                self.forget(through);
                Ok(Heard::Acknowledged { through })
            }
            (_, Down::Welcome(_)) => Err(SenderError::OutOfTurn("a welcome")),
            (_, Down::Ack { .. }) => Err(SenderError::OutOfTurn("an acknowledgement")),
        }
    }

    /// What to read from the spool; `None` while the window is full or the connection is not open.
    #[must_use]
    pub fn room(&self) -> Option<Room> {
        let State::Open { sent, .. } = self.state else {
            return None;
        };
        let batches = self.window.batches.saturating_sub(self.under_way.len());
        let bytes = self.window.bytes.saturating_sub(self.bytes_under_way);
        (batches > 0 && bytes > 0).then_some(Room {
            after: sent,
            batches,
            bytes,
        })
    }

    /// Puts the next batch under way and gives the frame to send. The window bounds what is read, not what
    /// is sent: a batch that was read must be sent.
    ///
    /// # Errors
    /// [`SenderError::NotNext`] if `sequence` is not the one after the last.
    pub fn batch(&mut self, sequence: u64, payload: Vec<u8>) -> Result<Up, SenderError> {
        let State::Open { acked, sent } = self.state else {
            return Err(SenderError::NotNext {
                given: sequence,
                expected: 0,
            });
        };
        if sequence != sent.saturating_add(1) {
            return Err(SenderError::NotNext {
                given: sequence,
                expected: sent.saturating_add(1),
            });
        }
        self.state = State::Open {
            acked,
            sent: sequence,
        };
        self.under_way.push_back((sequence, payload.len()));
        self.bytes_under_way += payload.len();
        Ok(Up::Batch(Batch { sequence, payload }))
    }

    fn forget(&mut self, through: u64) {
        while let Some((_, bytes)) = self
            .under_way
            .pop_front_if(|(sequence, _)| *sequence <= through)
        {
            self.bytes_under_way -= bytes;
        }
    }
}

/// The center's clock against the middle between sending Hello and hearing Welcome.
const fn clock_offset_ms(sent: Timestamp, center: Timestamp, heard: Timestamp) -> i64 {
    let middle = sent
        .as_ms()
        .saturating_add(heard.as_ms().saturating_sub(sent.as_ms()) / 2);
    center.as_ms().saturating_sub(middle)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Welcome;

    fn at(ms: i64) -> Timestamp {
        Timestamp::from_ms(ms)
    }

    fn open_at(window: SendWindow, acked_through: u64) -> Sender {
        let mut sender = Sender::new(window);
        sender.hello(SiteId::new("jeju").unwrap(), 1, acked_through + 1, at(0));
        let welcome = Down::Welcome(Welcome {
            version: 1,
            acked_through,
            clock: at(0),
        });
        sender.handle(welcome, at(0)).unwrap();
        sender
    }

    #[test]
    fn the_window_closes_and_an_acknowledgement_opens_it() {
        let mut sender = open_at(
            SendWindow {
                batches: 3,
                bytes: 10,
            },
            5,
        );
        assert_eq!(
            sender.room(),
            Some(Room {
                after: 5,
                batches: 3,
                bytes: 10
            })
        );
        sender.batch(6, vec![0; 4]).unwrap();
        sender.batch(7, vec![0; 20]).unwrap();
        assert_eq!(sender.room(), None, "over in bytes");
        assert_eq!(
            sender.handle(Down::Ack { through: 6 }, at(0)),
            Ok(Heard::Acknowledged { through: 6 })
        );
        assert_eq!(sender.room(), None);
        sender.handle(Down::Ack { through: 7 }, at(0)).unwrap();
        assert_eq!(
            sender.room(),
            Some(Room {
                after: 7,
                batches: 3,
                bytes: 10
            })
        );
        assert_eq!(
            sender.handle(Down::Ack { through: 6 }, at(0)),
            Ok(Heard::Nothing)
        );
    }

    #[test]
    fn what_breaks_the_rules_is_an_error() {
        let wide = SendWindow {
            batches: 9,
            bytes: 99,
        };
        let mut sender = open_at(wide, 5);
        assert_eq!(
            sender.batch(8, vec![]),
            Err(SenderError::NotNext {
                given: 8,
                expected: 6
            })
        );
        assert_eq!(
            sender.handle(Down::Ack { through: 6 }, at(0)),
            Err(SenderError::AckBeyondSent {
                through: 6,
                sent: 5
            })
        );
        sender.hello(SiteId::new("jeju").unwrap(), 1, 9, at(0));
        assert_eq!(
            sender.handle(Down::Ack { through: 1 }, at(0)),
            Err(SenderError::OutOfTurn("an acknowledgement"))
        );
        let behind = Down::Welcome(Welcome {
            version: 1,
            acked_through: 3,
            clock: at(0),
        });
        assert_eq!(
            sender.handle(behind, at(0)),
            Err(SenderError::Behind {
                wanted: 4,
                oldest: 9
            })
        );
        let future = Down::Welcome(Welcome {
            version: 9,
            acked_through: 8,
            clock: at(0),
        });
        assert_eq!(sender.handle(future, at(0)), Err(SenderError::Version(9)));
    }

    #[test]
    fn the_offset_is_measured_from_the_middle_of_the_round_trip() {
        assert_eq!(clock_offset_ms(at(1_000), at(5_050), at(1_100)), 4_000);
        assert_eq!(clock_offset_ms(at(1_000), at(900), at(1_000)), -100);
    }
}
