//! One request served by an application, as collected at the edge.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use crate::{AppId, InstanceId, Timestamp, UrlTemplate, Window};

/// How a request's user is told from another's. The three are counted in parallel and never mixed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum IdentityMode {
    /// Client address; under-counts behind NAT.
    Ip,
    /// Session id; counts a person again after expiry.
    Session,
    /// First-party cookie; misses clients without cookies.
    Cookie,
}

impl IdentityMode {
    /// Every mode, in the order of their numbers 0, 1, 2.
    pub const ALL: [Self; 3] = [Self::Ip, Self::Session, Self::Cookie];

    /// Position in arrays with one entry per mode.
    #[must_use]
    pub const fn index(self) -> usize {
        match self {
            Self::Ip => 0,
            Self::Session => 1,
            Self::Cookie => 2,
        }
    }

    /// The name used in the API: `ip`, `session`, `cookie`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ip => "ip",
            Self::Session => "session",
            Self::Cookie => "cookie",
        }
    }
}

/// What a request to a login URL came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum LoginOutcome {
    /// The user was let in.
    Succeeded,
    /// The credentials were refused.
    Failed,
}

/// One finished request. Holds raw identities, so it never leaves the edge process in this form: what is
/// stored or shipped has passed a masker and the keyed hash first.
#[derive(Debug, Clone, PartialEq)]
pub struct Transaction {
    /// When it began.
    pub started: Timestamp,
    /// When it ended; decides the roll-up it belongs to.
    pub ended: Timestamp,
    /// How long it took, in microseconds (finer than the two instants).
    pub duration_us: u64,
    /// Which application served it.
    pub app: AppId,
    /// Which copy of it.
    pub instance: InstanceId,
    /// URL without variable parts.
    pub url: UrlTemplate,
    /// Request target as sent, with its query; masked before it is kept.
    pub target: String,
    /// HTTP method, upper case.
    pub method: String,
    /// HTTP status; 0 when unknown.
    pub status: u16,
    /// Span status ERROR, whatever the HTTP status.
    pub failed: bool,
    /// Response body bytes.
    pub response_bytes: u64,
    /// Time in databases, microseconds.
    pub sql_us: u64,
    /// Time in calls to other services, microseconds.
    pub external_us: u64,
    /// Client address.
    pub client: Option<IpAddr>,
    /// Session id.
    pub session: Option<String>,
    /// Value of the identifying first-party cookie.
    pub cookie: Option<String>,
    /// User id.
    pub user: Option<String>,
    /// `User-Agent` header.
    pub user_agent: Option<String>,
    /// W3C trace id.
    pub trace_id: Option<[u8; 16]>,
    /// Set when this was an attempt to log in.
    pub login: Option<LoginOutcome>,
}

impl Transaction {
    /// Server error: HTTP status of 500 or more, or span status ERROR.
    #[must_use]
    pub const fn is_error(&self) -> bool {
        self.status >= 500 || self.failed
    }

    /// Client error: HTTP status 4xx.
    #[must_use]
    pub const fn is_client_error(&self) -> bool {
        self.status >= 400 && self.status < 500
    }

    /// From start to end.
    #[must_use]
    pub fn window(&self) -> Window {
        Window::new(self.started, self.ended)
    }
}
