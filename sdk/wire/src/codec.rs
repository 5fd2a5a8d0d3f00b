//! Frames to bytes and back. Never reads or writes anything but memory, and never holds more of it than one
//! frame and the bytes last pushed.

use std::marker::PhantomData;

use serde::{Serialize, de::DeserializeOwned};

use crate::{Down, Up};

/// Largest body of a frame, in bytes. A block of roll-ups of a large site's minute is a tenth of it.
pub const MAX_FRAME_BYTES: usize = 4 << 20;

/// Bytes of the length before a body.
const PREFIX: usize = 4;

/// What can stand in a stream: [`Up`] or [`Down`], [`crate::Call`] or [`crate::Reply`], or an enrolment's frames.
pub trait Frame: Serialize + DeserializeOwned {}
impl Frame for Up {}
impl Frame for Down {}

/// Why bytes are not a frame, or a frame does not become bytes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FrameError {
    /// Longer than the limit.
    #[error("frame of {len} bytes is over the limit of {limit}")]
    TooLong {
        /// Length in bytes.
        len: usize,
        /// Limit in bytes.
        limit: usize,
    },
    /// Not a frame of this protocol.
    #[error("malformed frame: {0}")]
    Malformed(String),
    /// The value cannot be encoded.
    #[error("failed to encode frame: {0}")]
    Encode(postcard::Error),
}

/// The bytes of `frame`, with its length before it.
///
/// # Errors
/// [`FrameError::TooLong`] over [`MAX_FRAME_BYTES`].
pub fn encode<F: Frame>(frame: &F) -> Result<Vec<u8>, FrameError> {
    let mut bytes = postcard::to_extend(frame, vec![0; PREFIX]).map_err(FrameError::Encode)?;
    let len = bytes.len() - PREFIX;
    if len > MAX_FRAME_BYTES {
        return Err(FrameError::TooLong {
            len,
            limit: MAX_FRAME_BYTES,
        });
    }
    if let (Some(prefix), Ok(len)) = (bytes.first_chunk_mut::<PREFIX>(), u32::try_from(len)) {
        *prefix = len.to_be_bytes();
    }
    Ok(bytes)
}

/// Exactly one value in `bytes`.
pub(crate) fn decode_body<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, FrameError> {
    match postcard::take_from_bytes(bytes) {
        Ok((value, [])) => Ok(value),
        Ok((_, rest)) => Err(FrameError::Malformed(format!(
            "{} bytes too many",
            rest.len()
        ))),
        Err(error) => Err(FrameError::Malformed(error.to_string())),
    }
}

/// Cuts a stream of bytes into frames. Memory grows with the bytes that came, not with the length they
/// claim. After an error the stream is unusable: close it.
#[derive(Debug)]
pub struct Decoder<F> {
    buffer: Vec<u8>,
    start: usize,
    limit: usize,
    frame: PhantomData<fn() -> F>,
}

impl<F: Frame> Decoder<F> {
    /// An empty decoder that refuses bodies over `limit` bytes.
    #[must_use]
    pub fn new(limit: usize) -> Self {
        Self {
            buffer: Vec::new(),
            start: 0,
            limit: limit.min(MAX_FRAME_BYTES),
            frame: PhantomData,
        }
    }

    /// Takes in bytes as they came. Call [`Decoder::next`] until it has no more frame before the next push.
    pub fn push(&mut self, bytes: &[u8]) {
        self.buffer.drain(..self.start);
        self.start = 0;
        self.buffer.extend_from_slice(bytes);
    }

    /// The next whole frame, if it has come.
    ///
    /// # Errors
    /// [`FrameError`] if what came cannot be a frame.
    #[expect(
        clippy::should_implement_trait,
        reason = "an iterator would end at `None`; this goes on after more bytes"
    )]
    pub fn next(&mut self) -> Result<Option<F>, FrameError> {
        let held = self.buffer.get(self.start..).unwrap_or_default();
        let Some((prefix, rest)) = held.split_first_chunk::<PREFIX>() else {
            return Ok(None);
        };
        let len = usize::try_from(u32::from_be_bytes(*prefix)).unwrap_or(usize::MAX);
        if len > self.limit {
            return Err(FrameError::TooLong {
                len,
                limit: self.limit,
            });
        }
        let Some(body) = rest.get(..len) else {
            return Ok(None);
        };
        let frame = decode_body(body)?;
        self.start += PREFIX + len;
        Ok(Some(frame))
    }

    /// Whether the bytes so far end with a whole frame.
    #[must_use]
    pub fn is_at_boundary(&self) -> bool {
        self.start == self.buffer.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_claimed_length_costs_nothing_until_the_bytes_come() {
        let mut decoder = Decoder::<Down>::new(MAX_FRAME_BYTES);
        decoder.push(&[0x00, 0x3f, 0xff, 0xff]);
        assert_eq!(decoder.next(), Ok(None));
        assert!(decoder.buffer.capacity() < 64);
        assert!(!decoder.is_at_boundary());
    }

    #[test]
    fn frames_come_out_whole_however_the_bytes_were_cut() {
        let frames = [
            Down::Ack { through: 1 },
            Down::Ack { through: 300 },
            Down::Ack { through: u64::MAX },
        ];
        let bytes: Vec<u8> = frames
            .iter()
            .flat_map(|frame| encode(frame).unwrap())
            .collect();
        for size in 1..=bytes.len() {
            let mut decoder = Decoder::<Down>::new(64);
            let mut out = Vec::new();
            for chunk in bytes.chunks(size) {
                decoder.push(chunk);
                while let Some(frame) = decoder.next().unwrap() {
                    out.push(frame);
                }
            }
            assert_eq!(out, frames, "in chunks of {size}");
            assert!(decoder.is_at_boundary());
        }
    }
}
