//! What batches and pulses carry. Blocks of roll-ups are opaque bytes here: `sdk/sketch` reads them.

use serde::{Deserialize, Serialize};

use bongsu_sdk_model::{Finding, SessionCounts, Window};

use crate::{FrameError, MAX_FRAME_BYTES};

/// Largest encoded [`Payload`], in bytes: a frame less its own few bytes.
pub const MAX_PAYLOAD_BYTES: usize = MAX_FRAME_BYTES - 64;

/// What one batch says. It is encoded when it is spooled and decoded when it is applied.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Payload {
    /// One encoded `bongsu_sdk_sketch::Block`: the roll-ups of some scopes and intervals.
    RollUps(#[serde(with = "serde_bytes")] Vec<u8>),
    /// What detectors found. Empty lists are allowed and say nothing.
    Findings(Vec<Finding>),
}

impl Payload {
    /// The bytes for the spool.
    ///
    /// # Errors
    /// [`FrameError::TooLong`] if they would not fit into a frame: make smaller batches.
    pub fn encode(&self) -> Result<Vec<u8>, FrameError> {
        let bytes = postcard::to_stdvec(self).map_err(FrameError::Encode)?;
        if bytes.len() > MAX_PAYLOAD_BYTES {
            return Err(FrameError::TooLong {
                len: bytes.len(),
                limit: MAX_PAYLOAD_BYTES,
            });
        }
        Ok(bytes)
    }

    /// Reads what [`Payload::encode`] wrote.
    ///
    /// # Errors
    /// [`FrameError::Malformed`] if the bytes are not exactly one payload.
    pub fn decode(bytes: &[u8]) -> Result<Self, FrameError> {
        crate::codec::decode_body(bytes)
    }
}

/// The latest of a site: its newest 2-second blocks, its session store and its health. The center keeps the
/// newest per site and window in memory; a pulse that is lost or late is simply replaced by the next.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Pulse {
    /// What the blocks cover; a later pulse for the same window replaces this one.
    pub window: Window,
    /// Encoded `bongsu_sdk_sketch::Block`s of 2-second roll-ups.
    pub blocks: Vec<Vec<u8>>,
    /// Exact counts of the session store, if the site has one.
    pub sessions: Option<SessionCounts>,
    /// One line about the edge's own state; empty when all is well.
    pub health: String,
}

impl Pulse {
    /// Largest encoded pulse a center accepts, in bytes.
    pub const MAX_BYTES: usize = 1 << 20;
}
