//! The frames themselves. They hold data and say nothing about when to send it.
//!
//! Field order is the wire format: append a field only with a new version, append a variant only at the
//! end of its enum.

use std::fmt;

use serde::{Deserialize, Serialize};

use bongsu_sdk_model::{SiteId, Timestamp};

use crate::{Class, Pulse};

/// Edge to center.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Up {
    /// The first frame of a connection.
    Hello(Hello),
    /// One entry of the spool.
    Batch(Batch),
    /// What the site looks like right now.
    Pulse(Pulse),
    /// The first frame of a further stream: one more lane of the ledger. Since version 2.
    Lane(Lane),
}

/// Who is there, what it speaks and what it still holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hello {
    /// Versions the edge can speak.
    pub versions: Versions,
    /// The site it speaks for; must be the one in its certificate.
    pub site: SiteId,
    /// Which life of the spool: a new one each time its numbering starts again at 1.
    pub epoch: u64,
    /// Lowest sequence the spool holds; the next one to be given when it holds none. At least 1.
    pub oldest: u64,
    /// The edge's clock when it sent this.
    pub clock: Timestamp,
}

/// A lane of the ledger beside the one that Hello opened; site and epoch are those of Hello.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lane {
    /// What it carries; never [`Class::Minutes`], which is Hello's.
    pub class: Class,
    /// As in [`Hello::oldest`], of this lane.
    pub oldest: u64,
}

/// One entry of the spool.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Batch {
    /// Its number, contiguous within the epoch.
    pub sequence: u64,
    /// An encoded [`crate::Payload`].
    #[serde(with = "serde_bytes")]
    pub payload: Vec<u8>,
}

/// Center to edge.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Down {
    /// The answer to Hello.
    Welcome(Welcome),
    /// Everything up to and including `through` is durable at the center.
    Ack {
        /// Highest sequence applied.
        through: u64,
    },
    /// The last frame of a connection that the center ends.
    Refused(Refusal),
}

/// Where to go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Welcome {
    /// The version spoken from here on.
    pub version: u16,
    /// The center's position; the edge goes on with the sequence after it.
    pub acked_through: u64,
    /// The center's clock when it sent this.
    pub clock: Timestamp,
}

/// Why the center ends a connection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// What kind of reason.
    pub code: RefusalCode,
    /// One sentence for a log; holds nothing secret.
    pub text: String,
}

impl Refusal {
    /// A refusal with its sentence.
    #[must_use]
    pub fn new(code: RefusalCode, text: impl Into<String>) -> Self {
        Self {
            code,
            text: text.into(),
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.text, self.code)
    }
}

/// Kinds of refusal; the number on the wire is the position here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum RefusalCode {
    /// No version is spoken by both.
    Version,
    /// The certificate is not for the site named in Hello.
    Site,
    /// A frame could not be read or came out of turn.
    Malformed,
    /// A sequence is missing.
    Gap,
    /// Too many connections, or too soon after a bad frame.
    Busy,
    /// The center cannot store at present.
    Unavailable,
    /// A newer connection of the same site took over.
    Replaced,
    /// The center is stopping.
    Stopping,
    /// The certificate has been revoked. Since version 2.
    Revoked,
}

impl RefusalCode {
    /// Every kind, in the order of their numbers.
    pub const ALL: [Self; 9] = [
        Self::Version,
        Self::Site,
        Self::Malformed,
        Self::Gap,
        Self::Busy,
        Self::Unavailable,
        Self::Replaced,
        Self::Stopping,
        Self::Revoked,
    ];

    /// Its name in logs and metrics.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Version => "version",
            Self::Site => "site",
            Self::Malformed => "malformed",
            Self::Gap => "gap",
            Self::Busy => "busy",
            Self::Unavailable => "unavailable",
            Self::Replaced => "replaced",
            Self::Stopping => "stopping",
            Self::Revoked => "revoked",
        }
    }

    /// The error code with which a transport is closed for this reason: its number on the wire plus one,
    /// so that 0 stays an ordinary end.
    #[must_use]
    pub const fn close_code(self) -> u32 {
        self as u32 + 1
    }

    /// The reason behind a transport's close code, if it is one of these.
    #[must_use]
    pub fn from_close_code(code: u64) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|reason| u64::from(reason.close_code()) == code)
    }
}

impl fmt::Display for RefusalCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A range of protocol versions, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Versions {
    /// Lowest.
    pub oldest: u16,
    /// Highest.
    pub newest: u16,
}

impl Versions {
    /// What this crate speaks.
    pub const SPOKEN: Self = Self {
        oldest: 1,
        newest: 2,
    };
    /// From this version on there are lanes and a downlink.
    pub const DOWNLINK: u16 = 2;

    /// The highest version in both ranges.
    #[must_use]
    pub fn agree(self, other: Self) -> Option<u16> {
        let newest = self.newest.min(other.newest);
        (newest >= self.oldest.max(other.oldest)).then_some(newest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn close_codes_come_back_and_zero_is_none() {
        for reason in RefusalCode::ALL {
            assert_eq!(
                RefusalCode::from_close_code(u64::from(reason.close_code())),
                Some(reason)
            );
        }
        assert_eq!(RefusalCode::from_close_code(0), None);
    }

    #[test]
    fn the_highest_common_version_is_agreed() {
        let range = |oldest, newest| Versions { oldest, newest };
        for (a, b, agreed) in [
            (range(1, 3), range(2, 5), Some(3)),
            (range(2, 5), range(1, 3), Some(3)),
            (range(1, 1), range(2, 2), None),
            (range(3, 1), range(1, 3), None),
        ] {
            assert_eq!(a.agree(b), agreed, "{a:?} {b:?}");
        }
    }
}
