//! What the center asks of an edge and orders it to do. Holds data and state machines, never a socket.
//!
//! The center opens one stream for each question and each order, so that a large plugin delays no question,
//! and cancelling one is resetting its stream.
//!
//! ```text
//! center                                          edge
//!  │ Ask{kind, body, within_ms, max_bytes}         │
//!  ├──────────────────────────────────────────────►│  parts as they are found
//!  │                 Part, Part, … End{how, text}  │
//!  │◄──────────────────────────────────────────────┤
//!
//!  │ Order{id, kind, key, bytes, expires_in_ms}    │  looked up in the edge's ledger:
//!  ├──────────────────────────────────────────────►│  settled before? then only the report again
//!  │                                     Want{from}│
//!  │◄──────────────────────────────────────────────┤
//!  │ Body, Body, …                                 │  digest checked, "begun" made durable, carried out,
//!  ├──────────────────────────────────────────────►│  outcome made durable
//!  │                                Report{outcome}│
//!  │◄──────────────────────────────────────────────┤  the center makes it durable and forgets the body
//! ```

mod answer;
mod dispatch;
mod handing;
mod intake;
mod order;

use serde::{Deserialize, Serialize};

pub use answer::{Answer, Gathering};
pub use dispatch::Dispatch;
pub use handing::{Handed, Handing};
pub use intake::{Attempt, Intake, Next, Record};
pub use order::{
    MAX_KEY_BYTES, MAX_NOTE_BYTES, MAX_ORDER_BYTES, NewOrder, Order, OrderError, OrderHead,
    OrderId, OrderKind, OrderState, OrderStatus, Outcome,
};

use crate::Frame;

/// Most bytes of a body or of a part of an answer in one frame.
pub const MAX_PIECE_BYTES: usize = 256 << 10;
/// Most bytes of a question's body.
pub const MAX_QUESTION_BYTES: usize = 64 << 10;

/// Center to edge, on a stream that the center opened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Call {
    /// A question; the stream belongs to it.
    Ask(Ask),
    /// The head of an order; the stream belongs to it.
    Order(OrderHead),
    /// The next piece of the order's body.
    Body(#[serde(with = "serde_bytes")] Vec<u8>),
    /// Make a new key and ask for its certificate; the stream belongs to that.
    Renew,
    /// The certificate for the key that was just shown (PEM).
    Certificate(String),
}

/// Edge to center, on the same stream.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Reply {
    /// A part of an answer, complete in itself.
    Part(#[serde(with = "serde_bytes")] Vec<u8>),
    /// The answer's end.
    End(End),
    /// Send the order's body from this byte on.
    Want {
        /// Bytes that are here already.
        from: u64,
    },
    /// What became of the order.
    Report(Outcome),
    /// A new public key.
    Key(PublicKey),
    /// The new certificate is durable and will be shown from the next connection on.
    Kept,
}

impl Frame for Call {}
impl Frame for Reply {}

/// A question to one site. What `body` means is a matter between those who ask this kind and those who answer it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ask {
    /// Which kind, such as `sessions.live`.
    pub kind: OrderKind,
    /// The question itself.
    #[serde(with = "serde_bytes")]
    pub body: Vec<u8>,
    /// Time allowed from now, ms: relative, so that no clock is compared with another.
    pub within_ms: u32,
    /// Most bytes of all parts together.
    pub max_bytes: u32,
}

/// How an answer ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct End {
    /// In a word.
    pub how: Ending,
    /// One sentence if it is not complete; holds nothing secret.
    pub text: String,
}

impl End {
    /// Everything was said.
    #[must_use]
    pub const fn complete() -> Self {
        Self {
            how: Ending::Complete,
            text: String::new(),
        }
    }

    /// Something was left out, or everything.
    #[must_use]
    pub fn short(how: Ending, text: impl Into<String>) -> Self {
        Self {
            how,
            text: text.into(),
        }
    }
}

/// The kinds of end; the number on the wire is the position here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Ending {
    /// Nothing is missing.
    Complete,
    /// The parts so far are all that the size allowed.
    Size,
    /// The parts so far are all that the time allowed.
    Deadline,
    /// The edge answers no such kind.
    UnknownKind,
    /// The body is no question of its kind.
    BadQuestion,
    /// Too many questions at once; ask again.
    Busy,
    /// The edge tried and failed.
    Failed,
}

/// A new key of an edge, with proof that the edge holds its private half.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PublicKey {
    /// The point on P-256, uncompressed: 65 bytes.
    #[serde(with = "serde_bytes")]
    pub point: Vec<u8>,
    /// ECDSA with SHA-256 (ASN.1) over [`PublicKey::claim`].
    #[serde(with = "serde_bytes")]
    pub proof: Vec<u8>,
}

impl PublicKey {
    /// What is signed to prove possession of the key: `binding` is a value that only this connection has
    /// (keying material exported from TLS), so that a proof is worth nothing on another.
    #[must_use]
    pub fn claim(site: &str, point: &[u8], binding: &[u8]) -> Vec<u8> {
        let mut claim = b"bongsu edge key 1\0".to_vec();
        for part in [site.as_bytes(), point, binding] {
            claim.extend_from_slice(&u32::try_from(part.len()).unwrap_or(u32::MAX).to_be_bytes());
            claim.extend_from_slice(part);
        }
        claim
    }
}
