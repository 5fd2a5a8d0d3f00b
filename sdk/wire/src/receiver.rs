//! The center's half of the ledger: which frame is new, which is a repetition, which must not come.
//!
//! It never stores anything: the caller looks up the position, applies batches and ledger in one durable
//! transaction, and tells the machine when that has happened.

use bongsu_sdk_model::Timestamp;

use crate::{Batch, Class, Down, Hello, Lane, Pulse, Refusal, RefusalCode, Up, Versions, Welcome};

/// What an incoming frame asks of the caller.
#[derive(Debug, Clone, PartialEq)]
pub enum Received {
    /// Check the certificate, look up the position of `(site, epoch)` and call [`Receiver::open`].
    Hello(Hello),
    /// Look up the position of `(site, class.epoch(epoch))` and call [`Receiver::open`].
    Lane(Lane),
    /// The next in order: apply it and call [`Receiver::applied`].
    Batch(Batch),
    /// Applied or accepted before. Send the acknowledgement, drop the batch.
    Duplicate(Down),
    /// Show it.
    Pulse(Pulse),
}

/// An interval of sequences that no longer exists anywhere but in what was applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lost {
    /// First sequence missing.
    pub from: u64,
    /// Last sequence missing.
    pub through: u64,
}

/// How a connection goes on after Hello.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opened {
    /// Record this durably before the Welcome is sent.
    pub lost: Option<Lost>,
    /// Send this.
    pub welcome: Down,
    /// The version spoken from here on.
    pub version: u16,
}

/// The state of one connection at the center.
#[derive(Debug, Default)]
pub struct Receiver {
    state: State,
}

#[derive(Debug, Default)]
enum State {
    /// Nothing came yet.
    #[default]
    New,
    /// A further stream of a connection that has been greeted; nothing came on it yet.
    NewLane { version: u16 },
    /// Hello came; waiting for the position.
    Greeted { version: u16, oldest: u64 },
    /// Batches flow. `applied <= accepted`.
    Open { applied: u64, accepted: u64 },
}

impl Receiver {
    /// A connection on which nothing came yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A further lane of a connection that speaks `version`, on which nothing came yet.
    #[must_use]
    pub const fn lane(version: u16) -> Self {
        Self {
            state: State::NewLane { version },
        }
    }

    /// Takes one frame.
    ///
    /// # Errors
    /// The [`Refusal`] to send before closing the connection.
    pub fn handle(&mut self, frame: Up) -> Result<Received, Refusal> {
        match (&mut self.state, frame) {
            (State::New, Up::Hello(hello)) => self.greet(hello),
            (State::NewLane { version }, Up::Lane(lane)) => {
                if lane.oldest == 0 || lane.class == Class::Minutes {
                    return Err(malformed("no lane of its own, or sequences from 0"));
                }
                self.state = State::Greeted {
                    version: *version,
                    oldest: lane.oldest,
                };
                Ok(Received::Lane(lane))
            }
            (State::Open { .. }, Up::Pulse(pulse)) => Ok(Received::Pulse(pulse)),
            (State::Open { applied, accepted }, Up::Batch(batch)) => {
                if batch.sequence <= *accepted {
                    return Ok(Received::Duplicate(Down::Ack { through: *applied }));
                }
                if batch.sequence - *accepted > 1 {
                    let text = format!("sequence {} came after {accepted}", batch.sequence);
                    return Err(Refusal::new(RefusalCode::Gap, text));
                }
                *accepted = batch.sequence;
                Ok(Received::Batch(batch))
            }
            (State::New | State::NewLane { .. } | State::Greeted { .. }, _) => {
                Err(malformed("a frame came before the handshake"))
            }
            (State::Open { .. }, Up::Hello(_) | Up::Lane(_)) => Err(malformed("a second hello")),
        }
    }

    /// Opens the ledger at the center's durable `position` for the Hello's site and epoch (0: nothing
    /// applied). `clock` is the center's.
    ///
    /// # Errors
    /// A [`Refusal`] if no Hello is waiting.
    pub fn open(&mut self, position: u64, clock: Timestamp) -> Result<Opened, Refusal> {
        let State::Greeted { version, oldest } = self.state else {
            return Err(malformed("the ledger was opened without a hello"));
        };
        let before_oldest = oldest - 1;
        let lost = (before_oldest > position).then(|| Lost {
            from: position + 1,
            through: before_oldest,
        });
        let applied = position.max(before_oldest);
        self.state = State::Open {
            applied,
            accepted: applied,
        };
        Ok(Opened {
            lost,
            welcome: Down::Welcome(Welcome {
                version,
                acked_through: applied,
                clock,
            }),
            version,
        })
    }

    /// Everything up to `through` is durable; gives the acknowledgement to send.
    pub fn applied(&mut self, through: u64) -> Down {
        if let State::Open { applied, accepted } = &mut self.state {
            *applied = through.max(*applied).min(*accepted);
            return Down::Ack { through: *applied };
        }
        Down::Ack { through: 0 }
    }

    fn greet(&mut self, hello: Hello) -> Result<Received, Refusal> {
        let Some(version) = Versions::SPOKEN.agree(hello.versions) else {
            let Versions { oldest, newest } = hello.versions;
            let text = format!(
                "the edge speaks versions {oldest} to {newest}, the center {} to {}",
                Versions::SPOKEN.oldest,
                Versions::SPOKEN.newest
            );
            return Err(Refusal::new(RefusalCode::Version, text));
        };
        if hello.oldest == 0 {
            return Err(malformed("sequences start at 1"));
        }
        self.state = State::Greeted {
            version,
            oldest: hello.oldest,
        };
        Ok(Received::Hello(hello))
    }
}

fn malformed(text: &str) -> Refusal {
    Refusal::new(RefusalCode::Malformed, text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use bongsu_sdk_model::SiteId;

    fn hello(oldest: u64, versions: Versions) -> Up {
        let site = SiteId::new("busan").unwrap();
        Up::Hello(Hello {
            versions,
            site,
            epoch: 7,
            oldest,
            clock: Timestamp::from_ms(0),
        })
    }

    fn batch(sequence: u64) -> Up {
        Up::Batch(Batch {
            sequence,
            payload: Vec::new(),
        })
    }

    fn open_at(position: u64, oldest: u64) -> (Receiver, Opened) {
        let mut receiver = Receiver::new();
        receiver.handle(hello(oldest, Versions::SPOKEN)).unwrap();
        let opened = receiver.open(position, Timestamp::from_ms(1)).unwrap();
        (receiver, opened)
    }

    #[test]
    fn duplicates_are_acknowledged_only_as_far_as_durable() {
        let (mut receiver, opened) = open_at(4, 3);
        assert_eq!(opened.lost, None);
        assert_eq!(
            receiver.handle(batch(4)),
            Ok(Received::Duplicate(Down::Ack { through: 4 }))
        );
        assert!(matches!(receiver.handle(batch(5)), Ok(Received::Batch(_))));
        assert_eq!(
            receiver.handle(batch(5)),
            Ok(Received::Duplicate(Down::Ack { through: 4 }))
        );
        assert_eq!(receiver.applied(5), Down::Ack { through: 5 });
        assert_eq!(
            receiver.applied(9),
            Down::Ack { through: 5 },
            "never beyond what came"
        );
    }

    #[test]
    fn a_gap_is_refused_on_the_way_and_reported_at_the_handshake() {
        let (mut receiver, _) = open_at(4, 1);
        assert_eq!(
            receiver.handle(batch(6)).unwrap_err().code,
            RefusalCode::Gap
        );
        let (_, opened) = open_at(4, 9);
        assert_eq!(
            opened.lost,
            Some(Lost {
                from: 5,
                through: 8
            })
        );
        let welcome = Welcome {
            version: Versions::SPOKEN.newest,
            acked_through: 8,
            clock: Timestamp::from_ms(1),
        };
        assert_eq!(opened.welcome, Down::Welcome(welcome));
    }

    #[test]
    fn frames_out_of_turn_are_refused() {
        let code = |frames: Vec<Up>| {
            let mut receiver = Receiver::new();
            frames
                .into_iter()
                .find_map(|frame| receiver.handle(frame).err())
                .map(|refusal| refusal.code)
        };
        let now = hello(1, Versions::SPOKEN);
        assert_eq!(code(vec![batch(1)]), Some(RefusalCode::Malformed));
        assert_eq!(
            code(vec![now.clone(), batch(1)]),
            Some(RefusalCode::Malformed)
        );
        assert_eq!(code(vec![now.clone(), now]), Some(RefusalCode::Malformed));
        assert_eq!(
            code(vec![hello(0, Versions::SPOKEN)]),
            Some(RefusalCode::Malformed)
        );
        assert_eq!(
            code(vec![hello(
                1,
                Versions {
                    oldest: 8,
                    newest: 9
                }
            )]),
            Some(RefusalCode::Version)
        );
    }
}
