//! The edge's half of an order: looked up, taken in piece by piece, checked, carried out once. It holds one
//! order's body and stores nothing itself: the caller keeps the [`Record`].

use serde::{Deserialize, Serialize};

use crate::{
    Call, FrameError, MAX_KEY_BYTES, MAX_ORDER_BYTES, MAX_PIECE_BYTES, Order, OrderHead, OrderId,
    Outcome, Reply, codec::decode_body,
};

/// What the edge's ledger holds of an order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Record {
    /// Being carried out. After a crash nobody knows how far that went.
    Begun,
    /// Done with.
    Settled(Outcome),
}

impl Record {
    /// The bytes under which the edge keeps it.
    ///
    /// # Errors
    /// [`FrameError::Encode`].
    pub fn encode(&self) -> Result<Vec<u8>, FrameError> {
        postcard::to_stdvec(self).map_err(FrameError::Encode)
    }

    /// Reads what [`Record::encode`] wrote.
    ///
    /// # Errors
    /// [`FrameError::Malformed`].
    pub fn decode(bytes: &[u8]) -> Result<Self, FrameError> {
        decode_body(bytes)
    }
}

/// Whether somebody may have begun before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Attempt {
    /// Nobody has.
    First,
    /// The edge stopped while it was at it: find out what was done, and do only the rest.
    Interrupted,
}

/// What to do next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Next {
    /// Send this and go on reading.
    Send(Reply),
    /// Go on reading.
    Read,
    /// Make [`Record::Begun`] durable, carry it out, make the outcome durable, send [`Reply::Report`].
    CarryOut(Order, Attempt),
    /// Make this outcome durable, then report it.
    Settle(Outcome),
    /// Send this and be done.
    Report(Reply),
}

/// One order on its way in.
#[derive(Debug)]
pub struct Intake {
    head: OrderHead,
    attempt: Attempt,
    body: Vec<u8>,
}

impl Intake {
    /// Begins with the head, and what the ledger holds under its id.
    ///
    /// # Errors
    /// [`FrameError`] if the head breaks a limit.
    pub fn begin(head: OrderHead, record: Option<Record>) -> Result<(Self, Next), FrameError> {
        let bytes = usize::try_from(head.bytes).unwrap_or(usize::MAX);
        for (len, limit) in [(bytes, MAX_ORDER_BYTES), (head.key.len(), MAX_KEY_BYTES)] {
            if len > limit {
                return Err(FrameError::TooLong { len, limit });
            }
        }
        let attempt = match &record {
            Some(Record::Begun) => Attempt::Interrupted,
            _ => Attempt::First,
        };
        let next = match record {
            Some(Record::Settled(outcome)) => Next::Report(Reply::Report(outcome)),
            // What was begun must be found out about, however late it is.
            None if head.expires_in_ms == 0 => Next::Settle(Outcome::Expired),
            _ => Next::Send(Reply::Want { from: 0 }),
        };
        let intake = Self {
            head,
            attempt,
            body: Vec::new(),
        };
        Ok((intake, next))
    }

    /// The order's id.
    #[must_use]
    pub const fn id(&self) -> OrderId {
        self.head.id
    }

    /// The order's head.
    #[must_use]
    pub const fn head(&self) -> &OrderHead {
        &self.head
    }

    /// Whether the body is empty and the order therefore complete with its head.
    ///
    /// # Errors
    /// As [`Intake::take`].
    pub fn complete(&mut self) -> Result<Next, FrameError> {
        if (self.body.len() as u64) < self.head.bytes {
            return Ok(Next::Read);
        }
        let body = std::mem::take(&mut self.body);
        let OrderHead { id, kind, key, .. } = self.head.clone();
        if OrderId::of(&kind, &key, &body) != id {
            let reason = format!("the body of order {id} is not the one it is named after");
            return Err(FrameError::Malformed(reason));
        }
        let order = Order {
            id,
            kind,
            key,
            body,
        };
        Ok(Next::CarryOut(order, self.attempt))
    }

    /// Takes the next frame.
    ///
    /// # Errors
    /// [`FrameError`] if it is no piece of the body, or one too many, or the whole is not what the id says.
    pub fn take(&mut self, frame: Call) -> Result<Next, FrameError> {
        let Call::Body(piece) = frame else {
            return Err(FrameError::Malformed("no piece of a body".to_owned()));
        };
        let len = self.body.len().saturating_add(piece.len());
        let limit = usize::try_from(self.head.bytes).unwrap_or(usize::MAX);
        if piece.is_empty() || piece.len() > MAX_PIECE_BYTES || len > limit {
            return Err(FrameError::TooLong { len, limit });
        }
        self.body.extend_from_slice(&piece);
        self.complete()
    }
}
