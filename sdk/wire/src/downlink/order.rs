//! Orders: what they are called, what they hold, what becomes of them. Never says when to send one.

use std::{fmt, str::FromStr};

use ring::digest::{Context, SHA256};
use serde::{Deserialize, Serialize};

use bongsu_sdk_model::{SiteId, Timestamp};

use crate::{FrameError, codec::decode_body};

/// Most bytes of an order's body: a large plugin component with room.
pub const MAX_ORDER_BYTES: usize = 64 << 20;
/// Most bytes of an order's key.
pub const MAX_KEY_BYTES: usize = 128;
/// Most bytes of what the edge says about an outcome.
pub const MAX_NOTE_BYTES: usize = 16 << 10;

/// Why an order cannot be given.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OrderError {
    /// Not the name of a kind.
    #[error("`{0}` is no kind, hint: at most 64 of a-z, 0-9, `.`, `-` and `_`")]
    Kind(String),
    /// Too long to be sent.
    #[error("{what} of {len} bytes is over the limit of {limit}")]
    TooLong {
        /// Body or key.
        what: &'static str,
        /// Its length.
        len: usize,
        /// Its limit.
        limit: usize,
    },
    /// Not an order's id.
    #[error("`{0}` is no order's id, hint: 64 hexadecimal digits")]
    Id(String),
}

/// What kind of order or question: `action`, `plugin`, `policy`, `config`, `sessions.live` …
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct OrderKind(String);

impl OrderKind {
    /// Longest name, in bytes.
    pub const MAX_BYTES: usize = 64;

    /// Checks and takes a name.
    ///
    /// # Errors
    /// [`OrderError::Kind`] if it is empty, too long or holds a forbidden character.
    pub fn new(name: &str) -> Result<Self, OrderError> {
        let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || ".-_".contains(c);
        match !name.is_empty() && name.len() <= Self::MAX_BYTES && name.chars().all(allowed) {
            true => Ok(Self(name.to_owned())),
            false => Err(OrderError::Kind(name.chars().take(80).collect())),
        }
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for OrderKind {
    type Error = OrderError;
    fn try_from(name: String) -> Result<Self, OrderError> {
        Self::new(&name)
    }
}

impl From<OrderKind> for String {
    fn from(kind: OrderKind) -> Self {
        kind.0
    }
}

impl fmt::Debug for OrderKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl fmt::Display for OrderKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// An order is named by its content: SHA-256 over kind, key and body. The same order is the same name at
/// every site and on every attempt, which is how an edge knows that it has carried it out.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct OrderId([u8; 32]);

impl OrderId {
    /// The id of an order.
    #[must_use]
    pub fn of(kind: &OrderKind, key: &str, body: &[u8]) -> Self {
        let mut digest = Context::new(&SHA256);
        digest.update(b"bongsu order 1\0");
        for part in [kind.as_str().as_bytes(), key.as_bytes(), body] {
            digest.update(&(part.len() as u64).to_be_bytes());
            digest.update(part);
        }
        let mut id = [0; 32];
        id.copy_from_slice(digest.finish().as_ref());
        Self(id)
    }

    /// Its 32 bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// An id from its 32 bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }
}

impl fmt::Display for OrderId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for OrderId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for OrderId {
    type Err = OrderError;
    fn from_str(text: &str) -> Result<Self, OrderError> {
        let wrong = || OrderError::Id(text.chars().take(80).collect());
        let mut id = [0; 32];
        if text.len() != 64 || !text.is_ascii() {
            return Err(wrong());
        }
        for (byte, digits) in id.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
            let digits = std::str::from_utf8(digits).map_err(|_| wrong())?;
            *byte = u8::from_str_radix(digits, 16).map_err(|_| wrong())?;
        }
        Ok(Self(id))
    }
}

/// An order as it is given at the center.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewOrder {
    /// Orders of one kind are carried out in the order in which they were given.
    pub kind: OrderKind,
    /// The giver's own name for it, such as the approval's id. The same kind, key and body are the same
    /// order: given twice, it is carried out once. A plugin that is rolled back to an earlier version needs a
    /// new key.
    pub key: String,
    /// What it says; a matter between those who give and those who carry out this kind.
    pub body: Vec<u8>,
    /// Not carried out from this instant on, by the center's clock.
    pub expires: Timestamp,
}

impl NewOrder {
    /// Its id.
    #[must_use]
    pub fn id(&self) -> OrderId {
        OrderId::of(&self.kind, &self.key, &self.body)
    }

    /// Whether it can be sent at all.
    ///
    /// # Errors
    /// [`OrderError::TooLong`].
    pub fn check(&self) -> Result<(), OrderError> {
        let limits = [
            ("a body", self.body.len(), MAX_ORDER_BYTES),
            ("a key", self.key.len(), MAX_KEY_BYTES),
        ];
        for (what, len, limit) in limits {
            if len > limit {
                return Err(OrderError::TooLong { what, len, limit });
            }
        }
        Ok(())
    }
}

/// The first frame of an order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderHead {
    /// Its id.
    pub id: OrderId,
    /// Its kind.
    pub kind: OrderKind,
    /// Its key.
    pub key: String,
    /// Bytes of its body.
    pub bytes: u64,
    /// Not to be carried out later than this from now on, ms: relative, so that no clock is compared.
    pub expires_in_ms: u64,
}

/// An order as the edge carries it out: whole, and checked against its id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    /// Its id.
    pub id: OrderId,
    /// Its kind.
    pub kind: OrderKind,
    /// Its key.
    pub key: String,
    /// What it says.
    pub body: Vec<u8>,
}

/// What became of an order at the edge.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Outcome {
    /// Carried out.
    Applied {
        /// What whoever carried it out has to say, such as how many sessions ended.
        note: String,
    },
    /// Not carried out, or not to the end.
    Failed {
        /// Why, for whoever gave it.
        reason: String,
    },
    /// It came too late.
    Expired,
}

impl Outcome {
    /// The same with its text no longer than [`MAX_NOTE_BYTES`].
    #[must_use]
    pub fn bounded(self) -> Self {
        let cut = |mut text: String| {
            let end = text.floor_char_boundary(MAX_NOTE_BYTES);
            text.truncate(end);
            text
        };
        match self {
            Self::Applied { note } => Self::Applied { note: cut(note) },
            Self::Failed { reason } => Self::Failed {
                reason: cut(reason),
            },
            Self::Expired => Self::Expired,
        }
    }
}

/// Where an order to one site stands, as the center knows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum OrderState {
    /// Waits for the site or for an earlier order of its kind.
    Queued,
    /// Under way: sent, not reported yet.
    Delivered,
    /// The edge's durable report.
    Settled(Outcome),
    /// Taken back before it was sent.
    Withdrawn,
}

impl OrderState {
    /// Its name in the API and in logs.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Delivered => "delivered",
            Self::Settled(Outcome::Applied { .. }) => "applied",
            Self::Settled(Outcome::Failed { .. }) => "failed",
            Self::Settled(Outcome::Expired) => "expired",
            Self::Withdrawn => "withdrawn",
        }
    }

    /// Whether nothing more will happen.
    #[must_use]
    pub const fn is_final(&self) -> bool {
        matches!(self, Self::Settled(_) | Self::Withdrawn)
    }
}

/// One site's order with everything but its body.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderStatus {
    /// Its place in the site's queue.
    pub number: u64,
    /// Its site.
    pub site: SiteId,
    /// Its id.
    pub id: OrderId,
    /// Its kind.
    pub kind: OrderKind,
    /// Its key.
    pub key: String,
    /// Bytes of its body.
    pub bytes: u64,
    /// When it was given.
    pub given: Timestamp,
    /// From when on it is not carried out.
    pub expires: Timestamp,
    /// Where it stands.
    pub state: OrderState,
    /// Since when.
    pub since: Timestamp,
}

impl OrderStatus {
    /// The bytes under which the center keeps it.
    ///
    /// # Errors
    /// [`FrameError::Encode`].
    pub fn encode(&self) -> Result<Vec<u8>, FrameError> {
        postcard::to_stdvec(self).map_err(FrameError::Encode)
    }

    /// Reads what [`OrderStatus::encode`] wrote.
    ///
    /// # Errors
    /// [`FrameError::Malformed`].
    pub fn decode(bytes: &[u8]) -> Result<Self, FrameError> {
        decode_body(bytes)
    }

    /// The first frame to send it with at `now`.
    #[must_use]
    pub fn head(&self, now: Timestamp) -> OrderHead {
        let left = self.expires.as_ms().saturating_sub(now.as_ms());
        OrderHead {
            id: self.id,
            kind: self.kind.clone(),
            key: self.key.clone(),
            bytes: self.bytes,
            expires_in_ms: u64::try_from(left).unwrap_or(0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_tells_every_part_apart_and_is_read_back() {
        let kind = |name| OrderKind::new(name).unwrap();
        let ids = [
            OrderId::of(&kind("a"), "b", b"c"),
            OrderId::of(&kind("ab"), "", b"c"),
            OrderId::of(&kind("a"), "bc", b""),
            OrderId::of(&kind("a"), "", b"bc"),
        ];
        let mut distinct = ids.to_vec();
        distinct.sort_unstable();
        distinct.dedup();
        assert_eq!(distinct.len(), ids.len());
        for id in ids {
            assert_eq!(id.to_string().parse(), Ok(id));
        }
        for wrong in ["", "00", &"g".repeat(64), &"é".repeat(32)] {
            assert!(wrong.parse::<OrderId>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn kinds_are_plain_words() {
        for name in ["", "Action", "a b", &"a".repeat(65)] {
            assert!(OrderKind::new(name).is_err(), "{name}");
        }
        assert_eq!(
            OrderKind::new("sessions.live").unwrap().as_str(),
            "sessions.live"
        );
    }

    #[test]
    fn notes_are_cut_at_a_character() {
        let long = Outcome::Failed {
            reason: "가".repeat(MAX_NOTE_BYTES),
        };
        let Outcome::Failed { reason } = long.bounded() else {
            panic!("it was a failure")
        };
        assert!(reason.len() <= MAX_NOTE_BYTES && reason.len() > MAX_NOTE_BYTES - 3);
    }
}
