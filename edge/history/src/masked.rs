//! A transaction as it may be kept: masked, with tokens in place of identities.

use bongsu_sdk_model::{AppId, InstanceId, LoginOutcome, Timestamp, Transaction, UrlTemplate};
use serde::Serialize;

/// A token: the keyed hash that stands for an identity. Written as 16 hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Token(pub u64);

impl Serialize for Token {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl std::fmt::Display for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl std::str::FromStr for Token {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let digits = text.len() == 16 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        digits
            .then(|| u64::from_str_radix(text, 16).ok().map(Self))
            .flatten()
            .ok_or("a token is 16 hexadecimal digits")
    }
}

/// Whose a transaction is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Who {
    /// Of the client address, as sketches count it.
    #[serde(skip)]
    pub ip: Option<Token>,
    /// Of the session.
    pub session: Option<Token>,
    /// Of the first-party cookie.
    pub cookie: Option<Token>,
    /// Of the client address, as findings name it.
    pub client: Option<Token>,
    /// Of the user.
    pub user: Option<Token>,
}

/// A masked transaction.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Masked {
    /// When it ended.
    pub ended: Timestamp,
    /// When it began.
    pub started: Timestamp,
    /// How long it took, microseconds.
    pub duration_us: u64,
    /// Application.
    pub app: AppId,
    /// Copy of it.
    pub instance: InstanceId,
    /// URL without variable parts.
    pub url: UrlTemplate,
    /// Masked request target.
    pub target: String,
    /// HTTP method.
    pub method: String,
    /// HTTP status; 0 when unknown.
    pub status: u16,
    /// Span status ERROR, whatever the HTTP status.
    pub failed: bool,
    /// Response body bytes.
    pub response_bytes: u64,
    /// Time in databases, microseconds.
    pub sql_us: u64,
    /// Time in other services, microseconds.
    pub external_us: u64,
    /// Whose it is.
    #[serde(flatten)]
    pub who: Who,
    /// W3C trace id.
    #[serde(serialize_with = "hex")]
    pub trace_id: Option<[u8; 16]>,
    /// Set when this was an attempt to log in.
    pub login: Option<LoginOutcome>,
}

impl Masked {
    /// What is kept of a transaction that has passed the maskers.
    #[must_use]
    pub fn of(t: &Transaction, who: Who) -> Self {
        Self {
            ended: t.ended,
            started: t.started,
            duration_us: t.duration_us,
            app: t.app.clone(),
            instance: t.instance.clone(),
            url: t.url.clone(),
            target: t.target.clone(),
            method: t.method.clone(),
            status: t.status,
            failed: t.failed,
            response_bytes: t.response_bytes,
            sql_us: t.sql_us,
            external_us: t.external_us,
            who,
            trace_id: t.trace_id,
            login: t.login,
        }
    }

    /// The transaction again, to be counted; without identities.
    #[must_use]
    pub fn transaction(&self) -> Transaction {
        Transaction {
            started: self.started,
            ended: self.ended,
            duration_us: self.duration_us,
            app: self.app.clone(),
            instance: self.instance.clone(),
            url: self.url.clone(),
            target: self.target.clone(),
            method: self.method.clone(),
            status: self.status,
            failed: self.failed,
            response_bytes: self.response_bytes,
            sql_us: self.sql_us,
            external_us: self.external_us,
            client: None,
            session: None,
            cookie: None,
            user: None,
            user_agent: None,
            trace_id: self.trace_id,
            login: self.login,
        }
    }

    /// Server error: HTTP status of 500 or more, or span status ERROR.
    #[must_use]
    pub const fn is_error(&self) -> bool {
        self.status >= 500 || self.failed
    }
}

fn hex<S: serde::Serializer>(id: &Option<[u8; 16]>, serializer: S) -> Result<S::Ok, S::Error> {
    match id {
        Some(id) => serializer.collect_str(&format_args!("{:032x}", u128::from_be_bytes(*id))),
        None => serializer.serialize_none(),
    }
}
