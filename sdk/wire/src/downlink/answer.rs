//! The center's half of a question: gathers parts within the limit until the end. What came before an end
//! that came too soon is kept: a part is complete in itself.

use crate::{End, Ending, FrameError, Reply};

/// What a site said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// Its parts, in order.
    pub parts: Vec<Vec<u8>>,
    /// How it ended; only [`Ending::Complete`] is everything.
    pub end: End,
}

impl Answer {
    /// Whether nothing is missing.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.end.how == Ending::Complete
    }
}

/// An answer under way.
#[derive(Debug)]
pub struct Gathering {
    parts: Vec<Vec<u8>>,
    room: usize,
}

impl Gathering {
    /// Nothing yet, at most `max_bytes`.
    #[must_use]
    pub const fn new(max_bytes: usize) -> Self {
        Self {
            parts: Vec::new(),
            room: max_bytes,
        }
    }

    /// Takes a frame; gives the end if it is one.
    ///
    /// # Errors
    /// [`FrameError`] if it is no part and no end, or more than was allowed.
    pub fn take(&mut self, frame: Reply) -> Result<Option<End>, FrameError> {
        match frame {
            Reply::Part(part) => {
                let left = self.room.checked_sub(part.len());
                self.room = left.ok_or(FrameError::TooLong {
                    len: part.len(),
                    limit: self.room,
                })?;
                self.parts.push(part);
                Ok(None)
            }
            Reply::End(end) => Ok(Some(end)),
            _ => Err(FrameError::Malformed("no frame of an answer".to_owned())),
        }
    }

    /// The answer with what has come so far.
    #[must_use]
    pub fn finish(self, end: End) -> Answer {
        Answer {
            parts: self.parts,
            end,
        }
    }
}
